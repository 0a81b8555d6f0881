/** Number, short number and aliases inside a document: format 5.1 to 5.3. */
import { isArxivId } from '../arxiv.mjs';
import { elementPath } from '../paths.mjs';
import { aliasesOf, statedShortLength } from '../record.mjs';
import { Refusal } from '../refusal.mjs';
import { second, shape, text } from './shapes.mjs';

const KNOWN_KINDS = ['arxiv', 'arxiv_version', 'doi', 'pith_short_12', 'pith_short_16', 'pith_short_8'];
const SHORT_KINDS = new Map([['pith_short_8', 8], ['pith_short_12', 12], ['pith_short_16', 16]]);
const FULL_LENGTH = 26;

/** Read an alias (9.1). */
export const readAlias = shape({ alias_kind: text, alias_value: text, created_at: second });

/** Whether aliases of a kind follow from a record. */
export function isKnownKind(kind) {
  return KNOWN_KINDS.includes(kind);
}

/**
 * The faults of the number and the short number that a document states (5.1).
 *
 * @param {{pith_number: string, short_pith_number: string}} document
 * @param {{pithNumber: string, suffix: string}} number recomputed
 * @returns {Refusal[]}
 */
export function numberFaults(document, { pithNumber, suffix }) {
  const faults = [];
  if (document.pith_number !== pithNumber) faults.push(new Refusal('pith-number', '$.pith_number'));
  if (statedShortLength(document.short_pith_number, suffix) === undefined) {
    faults.push(new Refusal('pith-number-short', '$.short_pith_number'));
  }
  return faults;
}

/** The short length that the aliases of a state show (5.3). */
export function aliasLength(aliases) {
  const lengths = aliases.map((alias) => SHORT_KINDS.get(alias.alias_kind) ?? FULL_LENGTH);
  return lengths.reduce((a, b) => Math.min(a, b), FULL_LENGTH);
}

/**
 * Check an array of aliases (5.3).
 *
 * @param {object[]} aliases
 * @param {string} path of the array
 * @param {string} suffix of the recomputed number
 * @param {{kind: string, id: string, version: number}} source of the record
 * @param {number} length of the short number
 * @param {import('./findings.mjs').Report} report
 */
export function checkAliases(aliases, path, suffix, source, length, report) {
  if (source.kind !== 'arxiv' || !isArxivId(source.id)) return;
  aliases.forEach((alias, index) => {
    if (!isKnownKind(alias.alias_kind)) report.note('alias-kind', `${elementPath(path, index)}.alias_kind`);
  });
  const known = aliases.filter((alias) => isKnownKind(alias.alias_kind));
  const expected = aliasesOf(source.id, source.version, suffix, length);
  const same = (alias, other) => alias.alias_kind === other.alias_kind && alias.alias_value === other.alias_value;
  const holds = known.length === expected.length && known.every((alias, i) => same(alias, expected[i]));
  report.check(holds, 'aliases', path);
}
