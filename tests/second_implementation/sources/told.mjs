/** What sources tell of papers: the list of versions (format 14.2, step 6), and the paper as a whole. */
import { Refusal } from '../refusal.mjs';
import { checkPaper } from '../arxiv.mjs';
import { strip, words } from '../text.mjs';
import { fromRfc2822 } from '../times.mjs';

/**
 * @param {{version: string, created: string}[]} list
 * @param {(i: number, what: 'version' | 'created') => string} pathOf
 * @param {string} path of the list
 * @returns {{version: number, submittedAt: string, revisedAt: string}}
 * @throws {Refusal} version-order, date-format, field-empty
 */
export function readVersions(list, pathOf, path) {
  let last = 0;
  const dates = list.map(({ version, created }, i) => {
    const parts = /^v([1-9]\d{0,5})$/.exec(version);
    const number = parts === null ? 0 : Number(parts[1]);
    if (number <= last || (i === 0 && number !== 1)) throw new Refusal('version-order', pathOf(i, 'version'));
    last = number;
    try {
      return fromRfc2822(created);
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(error.code, pathOf(i, 'created')) : error;
    }
  });
  if (dates.length === 0) throw new Refusal('field-empty', path);
  return { version: last, submittedAt: dates[0], revisedAt: dates[dates.length - 1] };
}

/**
 * A paper as sources tell it: categories in one text, a license with white space around it.
 * @param {object} facts
 * @param {(name: string) => string} pathOf the source's path for a member's name
 * @returns {import('../arxiv.mjs').Paper}
 * @throws {Refusal}
 */
export function paperOf(facts, pathOf) {
  try {
    return checkPaper({ ...facts, categories: words(facts.categories), license: strip(facts.license) });
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(error.code, pathOf(error.path.slice(2))) : error;
  }
}
