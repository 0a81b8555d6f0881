/** What is shown of a paper, against its record: format 10.2.7. */
import { equal } from '../canonical.mjs';
import { Refusal } from '../refusal.mjs';
import { textDigest } from '../text.mjs';

const EXCERPT_CHARACTERS = 600;

/**
 * The faults of a paper's summary.
 *
 * @param {object} paper read as in 7.4
 * @param {object} record as `readRecord` gives it
 * @param {string} path of the summary
 * @returns {Refusal[]}
 */
export function paperFaults(paper, record, path) {
  const checks = {
    license: paper.license === record.license,
    primary_cat: paper.primary_cat === record.primaryCat,
    cross_cats: equal(paper.cross_cats, record.crossCats),
    submitted_at: paper.submitted_at === record.submittedAt,
    title: textDigest(paper.title) === record.titleDigest,
    abstract_excerpt: excerptFits(paper.abstract_excerpt, record.abstractDigest),
  };
  return Object.entries(checks)
    .filter(([, holds]) => !holds)
    .map(([member]) => new Refusal('paper', `${path}.${member}`));
}

/** A whole abstract must be that of the record; the beginning of a longer one cannot be checked. */
function excerptFits(excerpt, abstractDigest) {
  const length = Array.from(excerpt).length;
  return length === EXCERPT_CHARACTERS || (length < EXCERPT_CHARACTERS && textDigest(excerpt) === abstractDigest);
}
