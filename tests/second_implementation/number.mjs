/** The spelling of a Pith Number (format 5.1). */
import { Refusal } from './refusal.mjs';

const NUMBER = /^pith:(\d{4}):([A-Z2-7]{26})$/;

/** @param {string} text @returns {boolean} */
export function isPithNumber(text) {
  const parts = NUMBER.exec(text);
  return parts !== null && parts[1] !== '0000';
}

/**
 * @param {string} text
 * @returns {{year: number, suffix: string, short: string}}
 * @throws {Refusal} pith-number-format
 */
export function parsePithNumber(text) {
  if (!isPithNumber(text)) throw new Refusal('pith-number-format');
  const suffix = text.slice(10);
  return { year: Number(text.slice(5, 9)), suffix, short: shortNumber(suffix, 8) };
}

/** @param {string} suffix @param {number} length 8, 12, 16 or 26 @returns {string} */
export function shortNumber(suffix, length) {
  return `pith:${suffix.slice(0, length)}`;
}
