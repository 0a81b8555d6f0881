/** Canonical text, authors and excerpts (format, chapter 3). */
import { Refusal } from './refusal.mjs';
import { compareCodePoints } from './paths.mjs';
import { sha256Hex } from './canonical.mjs';
import { isCased, isCaseIgnorable, lowerCase } from './unicode14.mjs';

const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACES = new RegExp(`[${SPACE}]+`, 'g');
/** One white space character (3.1). */
export const ONE_SPACE = new RegExp(`[${SPACE}]`);
const NOT_SPACE = new RegExp(`[^${SPACE}]`);
const SIGMA = 'Σ';

/** Whether a text has nothing but white space in it (3.1). @param {string} text @returns {boolean} */
export function isBlank(text) {
  return !NOT_SPACE.test(text);
}

/** Takes white space (3.1) off both ends. @param {string} text @returns {string} */
export function strip(text) {
  let start = 0;
  let end = text.length;
  while (start < end && ONE_SPACE.test(text[start])) start += 1;
  while (end > start && ONE_SPACE.test(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

/** The words between white space (3.1). @param {string} text @returns {string[]} */
export function words(text) {
  return text.split(SPACES).filter((word) => word !== '');
}

/**
 * The canonical text of a title or an abstract.
 * @param {string} text
 * @returns {string}
 * @throws {Refusal} text-surrogate
 */
export function canonicalText(text) {
  if (!text.isWellFormed()) throw new Refusal('text-surrogate');
  const plain = words(text).join(' ');
  if (/^[\x00-\x7f]*$/.test(plain)) return plain.toLowerCase();
  const characters = Array.from(plain);
  return characters
    .map((character, i) => {
      if (character !== SIGMA) return lowerCase(character);
      return endsWord(characters, i) ? 'ς' : 'σ';
    })
    .join('');
}

/** Whether the sigma at a place ends a word (3.1.2). */
function endsWord(characters, place) {
  let i = place - 1;
  while (i >= 0 && isCaseIgnorable(characters[i])) i -= 1;
  if (i < 0 || !isCased(characters[i])) return false;
  i = place + 1;
  while (i < characters.length && isCaseIgnorable(characters[i])) i += 1;
  return i === characters.length || !isCased(characters[i]);
}

/** The digest of a text's canonical form. @param {string} text @returns {string} */
export function textDigest(text) {
  return sha256Hex(canonicalText(text));
}

/** A name in lower case, and nothing left of it but 0-9 and a-z. */
function reduced(name) {
  return name
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/\u212a/g, 'k')
    .replace(/\u0130/g, 'i')
    .replace(/[^0-9a-z]/g, '');
}

/**
 * The line of authors that a graph snapshot shows (3.2).
 * @param {string} line the source's line
 * @returns {string}
 */
export function authorsText(line) {
  const names = new Set();
  let name = [];
  for (const word of [...words(line.replaceAll(',', ' and ')), 'and']) {
    if (word !== 'and') {
      name.push(word);
    } else if (name.length > 0) {
      names.add(name.join(' '));
      name = [];
    }
  }
  return [...names]
    .map((full) => ({ full, key: reduced(full) }))
    .sort((a, b) => compareCodePoints(a.key, b.key) || compareCodePoints(a.full, b.full))
    .map(({ full }) => full)
    .join(', ');
}

/**
 * The beginning of an abstract that a graph snapshot shows (3.3).
 * @param {string} text
 * @returns {string}
 */
export function abstractExcerpt(text) {
  const whole = strip(text).replace(/\n(?! {2})/g, ' ');
  return Array.from(whole).slice(0, 600).join('');
}
