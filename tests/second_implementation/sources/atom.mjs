/** Atom entries (format 14.4). */
import { Refusal } from '../refusal.mjs';
import { checkArxivId, isCategory, splitVersion, withoutClass } from '../arxiv.mjs';
import { strip } from '../text.mjs';
import { readTime } from '../times.mjs';

/** The namespace of the feed. */
export const ATOM = 'http://www.w3.org/2005/Atom';
const ARXIV = 'http://arxiv.org/schemas/atom';
const SEARCH = 'http://a9.com/-/spec/opensearch/1.1/';
const ERROR = /^https?:\/\/([a-z]+\.)?arxiv\.org\/api\/errors/;
const ABSTRACT = /^https?:\/\/([a-z]+\.)?arxiv\.org\/abs\/(.+)$/;

/** @param {import('./xml.mjs').Tag} tag @returns {boolean} */
export function isRoot(tag) {
  return tag.space === ATOM && tag.local === 'feed';
}

/** @param {import('./xml.mjs').Tag} tag @returns {boolean} */
export function isRecord(tag) {
  return tag.space === ATOM && tag.local === 'entry';
}

/** Other elements between which a stretch is measured. @param {import('./xml.mjs').Tag} tag @returns {boolean} */
export function isWatchedBesides(tag) {
  return tag.space === SEARCH && tag.local === 'totalResults';
}

/**
 * Refuses an entry that is a server's error.
 * @param {import('./elements.mjs').Element} entry
 * @throws {Refusal} atom-error, field-…
 */
export function checkNoError(entry) {
  const id = entry.optional(ATOM, 'id', 'entry');
  if (id === undefined || !ERROR.test(strip(id))) return;
  entry.optional(ATOM, 'summary', 'entry');
  throw new Refusal('atom-error', 'entry');
}

/**
 * The paper that an entry is about.
 * @param {import('./elements.mjs').Element} entry
 * @returns {{id: string, version: number}}
 * @throws {Refusal}
 */
export function readId(entry) {
  const parts = ABSTRACT.exec(strip(entry.field(ATOM, 'id', 'entry')));
  if (parts === null) throw new Refusal('atom-id', 'entry/id');
  const { id, version } = splitVersion(parts[2]);
  checkArxivId(id, 'entry/id');
  if (version === null) throw new Refusal('atom-id', 'entry/id');
  return { id: withoutClass(id), version };
}

function readSecond(entry, name) {
  try {
    return readTime(strip(entry.field(ATOM, name, 'entry')), 'seconds');
  } catch (error) {
    const spelling = error instanceof Refusal && error.code === 'instant-format';
    throw spelling ? new Refusal(error.code, `entry/${name}`) : error;
  }
}

/**
 * Reads an `entry`.
 * @param {import('./elements.mjs').Element} entry
 * @returns {object}
 * @throws {Refusal}
 */
export function readRecord(entry) {
  checkNoError(entry);
  const { id, version } = readId(entry);
  const primary = entry.child(ARXIV, 'primary_category', 'entry').attribute('term', 'entry/primary_category');
  const others = entry
    .all(ATOM, 'category')
    .map((category) => category.attribute('term', 'entry/category'))
    .filter(isCategory);
  if (others.includes(primary)) others.splice(others.indexOf(primary), 1);
  const [published, updated] = [readSecond(entry, 'published'), readSecond(entry, 'updated')];
  const title = entry.field(ATOM, 'title', 'entry');
  const abstract = entry.field(ATOM, 'summary', 'entry');
  const instants = { published, updated };
  return { incomplete: { id, version, title, abstract, categories: [primary, ...others], instants } };
}
