/** arXiv identifiers, categories and the metadata of papers (format 4.1 to 4.3). */
import { Refusal } from './refusal.mjs';
import { isSecond } from './times.mjs';
import { isBlank } from './text.mjs';

const NEW = /^\d\d(?:0[1-9]|1[0-2])\.\d{4,5}$/;
const OLD = /^[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2})?\/\d\d(?:0[1-9]|1[0-2])\d{3}$/;
const CATEGORY = /^[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]+(?:-[A-Za-z]+)*)?$/;

/** @param {string} text @returns {boolean} */
export function isArxivId(text) {
  return NEW.test(text) || OLD.test(text);
}

/** @param {string} text @param {string} [path] @returns {string} the same @throws {Refusal} arxiv-id-format */
export function checkArxivId(text, path = '') {
  if (!isArxivId(text)) throw new Refusal('arxiv-id-format', path);
  return text;
}

/** An identifier without its subject class. @param {string} arxivId @returns {string} */
export function withoutClass(arxivId) {
  return arxivId.replace(/\.[A-Z]{2}(?=\/)/, '');
}

/**
 * Takes a version off.
 * @param {string} text
 * @returns {{id: string, version: number | null}}
 */
export function splitVersion(text) {
  const parts = /^([^]*)v([1-9]\d{0,5})$/.exec(text);
  return parts ? { id: parts[1], version: Number(parts[2]) } : { id: text, version: null };
}

/** @param {string} arxivId as it stands @returns {string} */
export function doiOf(arxivId) {
  return `10.48550/arxiv.${arxivId.toLowerCase()}`;
}

/** @param {string} text @returns {boolean} */
export function isCategory(text) {
  return text.length <= 40 && CATEGORY.test(text);
}

/** @param {string} text @returns {string} the same @throws {Refusal} category-format */
export function checkCategory(text) {
  if (!isCategory(text)) throw new Refusal('category-format');
  return text;
}

function checkText(value, path) {
  if (typeof value !== 'string') throw new Refusal('paper-field', path);
  if (isBlank(value)) throw new Refusal('field-empty', path);
  if (!value.isWellFormed()) throw new Refusal('paper-field', path);
}

/**
 * @typedef {object} Paper
 * @property {string} arxiv_id
 * @property {number} version
 * @property {string} title
 * @property {string} abstract
 * @property {string} authors
 * @property {string[]} categories
 * @property {string} license
 * @property {string} submitted_at a second
 */

/**
 * Checks the metadata of a paper, in the order of 4.3.
 * @param {Paper} paper
 * @returns {Paper} the same, with the identifier's class taken off
 * @throws {Refusal}
 */
export function checkPaper(paper) {
  if (typeof paper.arxiv_id !== 'string' || !isArxivId(paper.arxiv_id)) {
    throw new Refusal('arxiv-id-format', '$.arxiv_id');
  }
  if (!Number.isSafeInteger(paper.version) || paper.version < 1) throw new Refusal('paper-field', '$.version');
  checkText(paper.title, '$.title');
  checkText(paper.abstract, '$.abstract');
  checkText(paper.authors, '$.authors');
  if (paper.categories.length === 0) throw new Refusal('field-empty', '$.categories');
  for (const category of paper.categories) {
    if (typeof category !== 'string' || !isCategory(category)) throw new Refusal('category-format', '$.categories');
  }
  if (!isSecond(paper.submitted_at)) throw new Refusal('paper-field', '$.submitted_at');
  if (typeof paper.license !== 'string' || !paper.license.isWellFormed()) {
    throw new Refusal('paper-field', '$.license');
  }
  return { ...paper, arxiv_id: withoutClass(paper.arxiv_id) };
}
