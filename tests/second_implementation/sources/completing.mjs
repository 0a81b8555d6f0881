/** Completing a record from another source (format 14.6). */
import { canonicalText, words } from '../text.mjs';

const squeeze = (text) => words(text).join(' ');

/** Everything of a paper that may not differ, without white space. */
function essence({ paper, revisedAt }) {
  const texts = [paper.title, paper.abstract, paper.authors, paper.license].map(squeeze);
  return JSON.stringify([texts, paper.categories, paper.submitted_at, revisedAt]);
}

/** The papers of a source, by identifier and version. */
export class Shelf {
  /** @param {import('./markup_source.mjs').Found[]} records */
  constructor(records) {
    /** @type {Map<string, Map<number, {told: object, disputed: boolean}>>} */
    this.papers = new Map();
    for (const { paper: told } of records) {
      if (told !== undefined) this.put(told);
    }
  }

  put(told) {
    const { arxiv_id: id, version } = told.paper;
    if (!this.papers.has(id)) this.papers.set(id, new Map());
    const versions = this.papers.get(id);
    const before = versions.get(version);
    if (before === undefined) versions.set(version, { told, disputed: false });
    else if (essence(before.told) !== essence(told)) before.disputed = true;
  }

  /** The paper of a version, or the newest one. */
  find(id, version) {
    const versions = this.papers.get(id);
    return versions?.get(version) ?? versions?.get(Math.max(...versions.keys()));
  }
}

/**
 * Completes a record.
 * @param {object} incomplete
 * @param {Shelf} shelf
 * @returns {object} a paper, or a refusal
 */
export function complete(incomplete, shelf) {
  const entry = shelf.find(incomplete.id, incomplete.version);
  if (entry === undefined) return { code: 'complete-missing', path: '' };
  if (entry.disputed) return { code: 'complete-disagrees', path: '' };
  const { paper, revisedAt } = entry.told;
  if (incomplete.version !== null && incomplete.version !== paper.version) {
    return { code: 'complete-version', path: '' };
  }
  const path = disagreement(incomplete, paper, revisedAt);
  return path === null ? { paper: entry.told } : { code: 'complete-disagrees', path };
}

/** Where the two tell different things; null where they agree. */
function disagreement(incomplete, paper, revisedAt) {
  if (!daysAgree(incomplete, paper, revisedAt)) return '$.revised_at';
  const { instants } = incomplete;
  if (instants !== undefined && instants.published !== paper.submitted_at) return '$.submitted_at';
  if (!textsAgree(incomplete.title, paper.title)) return '$.title';
  if (!textsAgree(incomplete.abstract, paper.abstract)) return '$.abstract';
  if (!categoriesAgree(incomplete.categories, paper.categories)) return '$.categories';
  if (incomplete.license !== undefined && incomplete.license !== paper.license) return '$.license';
  return null;
}

function daysAgree({ instants, days }, paper, revisedAt) {
  const [first, last] = [paper.submitted_at.slice(0, 10), revisedAt.slice(0, 10)];
  if (instants !== undefined) {
    return instants.published.slice(0, 10) === first && instants.updated.slice(0, 10) === last;
  }
  const { created, updated, datestamp } = days;
  if (created === first && (updated ?? created) === last) return true;
  return (updated === undefined || datestamp.startsWith(updated)) && created === last;
}

function categoriesAgree(a, b) {
  const [left, right] = [new Set(a), new Set(b)];
  return a[0] === b[0] && left.size === right.size && a.every((category) => right.has(category));
}

/** Whether a text that was made for display may be that of a paper. */
function textsAgree(shown, stated) {
  const [a, b] = [canonicalText(shown), canonicalText(stated)];
  if (a === b) return true;
  const surplus = new Map();
  let odd = 0;
  const count = (text, step) => {
    for (const word of words(text)) {
      if (/^[\x00-\x7f]*$/.test(word) && !/[\\$]/.test(word)) surplus.set(word, (surplus.get(word) ?? 0) + step);
      else odd += 1;
    }
  };
  count(a, 1);
  count(b, -1);
  const different = [...surplus.values()].reduce((sum, number) => sum + Math.abs(number), 0);
  return odd > 0 && different <= 2 * odd;
}
