/** OAI-PMH records (format 14.3). */
import { Refusal } from '../refusal.mjs';
import { checkArxivId, withoutClass } from '../arxiv.mjs';
import { strip, words } from '../text.mjs';
import { readTime } from '../times.mjs';
import { paperOf, readVersions } from './told.mjs';

/** The namespace of everything but the metadata. */
export const OAI = 'http://www.openarchives.org/OAI/2.0/';
const RAW = 'http://arxiv.org/OAI/arXivRaw/';
const DISPLAY = 'http://arxiv.org/OAI/arXiv/';
const PREFIX = 'oai:arXiv.org:';

/** @param {import('./xml.mjs').Tag} tag @returns {boolean} */
export function isRoot(tag) {
  return tag.space === OAI && tag.local === 'OAI-PMH';
}

/** @param {import('./xml.mjs').Tag} tag @returns {boolean} */
export function isRecord(tag) {
  return tag.space === OAI && (tag.local === 'record' || tag.local === 'error');
}

/** Other elements between which a stretch is measured. @param {import('./xml.mjs').Tag} tag @returns {boolean} */
export function isWatchedBesides(tag) {
  return tag.space === OAI && (tag.local === 'resumptionToken' || tag.local === 'responseDate');
}

/**
 * The paper that a header is about.
 * @param {import('./elements.mjs').Element} record
 * @returns {{id: string, header: import('./elements.mjs').Element, datestamp: string}}
 * @throws {Refusal}
 */
export function readHeader(record) {
  const header = record.child(OAI, 'header', 'record');
  const path = 'record/header/identifier';
  const identifier = strip(header.field(OAI, 'identifier', 'record/header'));
  if (!identifier.startsWith(PREFIX)) throw new Refusal('oai-identifier', path);
  const id = withoutClass(checkArxivId(identifier.slice(PREFIX.length), path));
  const datestamp = strip(header.all(OAI, 'datestamp')[0]?.text ?? '');
  return { id, header, datestamp };
}

/**
 * Reads a `record` or `error`.
 * @param {import('./elements.mjs').Element} element
 * @returns {object}
 * @throws {Refusal}
 */
export function readRecord(element) {
  if (element.local === 'error') throw new Refusal('oai-error', 'error');
  const { id, header, datestamp } = readHeader(element);
  if (header.tag.attributes.get('status') === 'deleted') return { deleted: id };
  const metadata = element.child(OAI, 'metadata', 'record');
  const [inside] = metadata.children;
  if (metadata.children.length === 1 && inside.is(RAW, 'arXivRaw')) return readRaw(inside, id);
  if (metadata.children.length === 1 && inside.is(DISPLAY, 'arXiv')) return readDisplay(inside, id, datestamp);
  throw new Refusal('oai-format', 'record/metadata');
}

/** Checks the identifier that the metadata states. */
function checkId(element, space, id) {
  const path = `${element.local}/id`;
  const stated = withoutClass(checkArxivId(strip(element.field(space, 'id', element.local)), path));
  if (stated !== id) throw new Refusal('oai-identifier', path);
}

function readRaw(raw, id) {
  checkId(raw, RAW, id);
  const list = raw.all(RAW, 'version').map((version) => ({
    version: version.attribute('version', 'arXivRaw/version'),
    created: strip(version.field(RAW, 'date', 'arXivRaw/version')),
  }));
  const names = { version: '@version', created: 'date' };
  const pathOf = (i, what) => `arXivRaw/version[${i + 1}]/${names[what]}`;
  const { version, submittedAt, revisedAt } = readVersions(list, pathOf, 'arXivRaw/version');
  const [title, abstract, authors, categories] = ['title', 'abstract', 'authors', 'categories'].map((name) =>
    raw.field(RAW, name, 'arXivRaw'),
  );
  const license = raw.optional(RAW, 'license', 'arXivRaw') ?? '';
  const facts = { arxiv_id: id, version, title, abstract, authors, categories, license, submitted_at: submittedAt };
  const paper = paperOf(facts, (name) => `arXivRaw/${name === 'arxiv_id' ? 'id' : name}`);
  return { paper: { paper, revisedAt } };
}

function readDay(element, name) {
  const text = element.optional(DISPLAY, name, 'arXiv');
  if (text === undefined) return undefined;
  try {
    return readTime(strip(text), 'day');
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(error.code, `arXiv/${name}`) : error;
  }
}

function readDisplay(element, id, datestamp) {
  checkId(element, DISPLAY, id);
  element.child(DISPLAY, 'created', 'arXiv');
  const created = readDay(element, 'created');
  const updated = readDay(element, 'updated');
  const [title, abstract, categories] = ['title', 'abstract', 'categories'].map((name) =>
    element.field(DISPLAY, name, 'arXiv'),
  );
  const license = strip(element.optional(DISPLAY, 'license', 'arXiv') ?? '');
  const days = { created, updated, datestamp };
  return { incomplete: { id, version: null, title, abstract, categories: words(categories), license, days } };
}
