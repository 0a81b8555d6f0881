/** The canonical record, its number and its aliases (format 4.4 and chapter 5). */
import { Refusal } from './refusal.mjs';
import { canonicalBytes, sha256 } from './canonical.mjs';
import { compareCodePoints } from './paths.mjs';
import { encodeBase32 } from './encoding.mjs';
import { shortNumber } from './number.mjs';
import { doiOf, isArxivId } from './arxiv.mjs';
import { textDigest } from './text.mjs';

/** The lengths that a short number can have. */
export const SHORT_LENGTHS = [8, 12, 16, 26];

/**
 * Reads a record (4.4.1).
 * @param {import('./reader.mjs').Reader} reader of the record
 * @returns {{value: Map<string, any>, kind: string, id: string, version: number, schemaVersion: string,
 *   submittedAt: string, primaryCat: string, crossCats: string[], license: string, titleDigest: string,
 *   abstractDigest: string}}
 */
export function readRecord(reader) {
  const metadata = reader.object('metadata');
  const titleDigest = metadata.digest('title_canon_sha256');
  const abstractDigest = metadata.digest('abstract_canon_sha256');
  const primaryCat = metadata.text('primary_cat');
  const crossCats = metadata.texts('cross_cats_sorted');
  const license = metadata.text('license');
  const submittedAt = metadata.second('submitted_at');
  const source = reader.object('source');
  const kind = source.text('kind');
  const id = source.text('id');
  const version = source.integer('version', 1);
  const schemaVersion = reader.text('schema_version');
  const value = reader.value;
  const titles = { titleDigest, abstractDigest, primaryCat, crossCats, license };
  return { value, kind, id, version, schemaVersion, submittedAt, ...titles };
}

/**
 * The number of a record that was read.
 * @param {{value: Map<string, any>, submittedAt: string}} record
 * @returns {{digest: string, pithNumber: string, suffix: string}}
 */
export function numberOf(record) {
  const digest = sha256(canonicalBytes(record.value));
  const suffix = encodeBase32(digest).slice(0, 26);
  const pithNumber = `pith:${record.submittedAt.slice(0, 4)}:${suffix}`;
  return { digest: digest.toString('hex'), pithNumber, suffix };
}

/**
 * The checks of a record inside a document (4.4.2), in order.
 * @param {{value: Map<string, any>, kind: string, id: string, schemaVersion: string, crossCats: string[]}} record
 * @param {string} statedDigest
 * @param {string} path of the object that holds the two
 * @returns {Refusal[]} those that fail
 */
export function recordFaults(record, statedDigest, path) {
  const inside = `${path}.canonical_record`;
  const faults = [];
  if (record.schemaVersion !== '1.0') faults.push(new Refusal('record-schema-version', `${inside}.schema_version`));
  if (record.kind !== 'arxiv') faults.push(new Refusal('record-source', `${inside}.source.kind`));
  else if (!isArxivId(record.id)) faults.push(new Refusal('record-source', `${inside}.source.id`));
  const sorted = record.crossCats.every((cat, i) => i === 0 || compareCodePoints(record.crossCats[i - 1], cat) <= 0);
  if (!sorted) faults.push(new Refusal('record-categories', `${inside}.metadata.cross_cats_sorted`));
  if (sha256(canonicalBytes(record.value)).toString('hex') !== statedDigest) {
    faults.push(new Refusal('record-digest', `${path}.canonical_sha256`));
  }
  return faults;
}

/**
 * Checks a record that is given by itself before its number is derived (5.1).
 * @param {{kind: string, id: string, schemaVersion: string}} record
 * @throws {Refusal} record-source, arxiv-id-format
 */
export function checkRecordSource(record) {
  if (record.kind !== 'arxiv' || record.schemaVersion !== '1.0') throw new Refusal('record-source', '$.source');
  if (!isArxivId(record.id)) throw new Refusal('arxiv-id-format', '$.source.id');
}

/**
 * The aliases that follow from identifier, version, suffix and the length of the short number (5.3), in order.
 * @param {string} id
 * @param {number} version
 * @param {string} suffix
 * @param {number} length 8, 12, 16 or 26
 * @returns {{alias_kind: string, alias_value: string}[]}
 */
export function aliasesOf(id, version, suffix, length) {
  const aliases = [
    ['arxiv', id],
    ['arxiv_version', `${id}v${version}`],
    ['doi', doiOf(id)],
  ];
  if (length <= 12) aliases.push(['pith_short_12', suffix.slice(0, 12)]);
  if (length <= 16) aliases.push(['pith_short_16', suffix.slice(0, 16)]);
  if (length === 8) aliases.push(['pith_short_8', suffix.slice(0, 8)]);
  return aliases.map(([alias_kind, alias_value]) => ({ alias_kind, alias_value }));
}

/**
 * The length of a new short number (5.4).
 * @param {string} suffix
 * @param {string[]} taken the suffixes of the numbers that were minted before
 * @returns {number}
 */
export function shortLength(suffix, taken) {
  const others = taken.filter((other) => other !== suffix);
  const free = (length) => !others.some((other) => other.startsWith(suffix.slice(0, length)));
  return [8, 12, 16].find(free) ?? 26;
}

/**
 * The length of a stated short number (5.2), undefined where it is none of the four of that suffix.
 * @param {string} short
 * @param {string} suffix
 * @returns {number | undefined}
 */
export function statedShortLength(short, suffix) {
  return SHORT_LENGTHS.find((length) => short === shortNumber(suffix, length));
}

/**
 * The canonical record of a paper (4.4).
 * @param {import('./arxiv.mjs').Paper} paper as `checkPaper` gives it
 * @returns {Map<string, any>}
 */
export function recordOf(paper) {
  const [primary, ...cross] = paper.categories;
  return new Map([
    ['schema_version', '1.0'],
    ['source', new Map(Object.entries({ kind: 'arxiv', id: paper.arxiv_id, version: paper.version }))],
    [
      'metadata',
      new Map(
        Object.entries({
          title_canon_sha256: textDigest(paper.title),
          abstract_canon_sha256: textDigest(paper.abstract),
          primary_cat: primary,
          cross_cats_sorted: cross.sort(compareCodePoints),
          license: paper.license,
          submitted_at: paper.submitted_at,
        }),
      ),
    ],
  ]);
}

/**
 * What the protocol's `number` answers about a record.
 * @param {Map<string, any>} value
 * @param {{id: string, version: number, submittedAt: string}} facts
 * @returns {object}
 */
export function describeNumber(value, facts) {
  const { digest, pithNumber, suffix } = numberOf({ value, submittedAt: facts.submittedAt });
  return {
    canonical_sha256: digest,
    pith_number: pithNumber,
    short_pith_number: shortNumber(suffix, 8),
    aliases: aliasesOf(facts.id, facts.version, suffix, 8),
  };
}
