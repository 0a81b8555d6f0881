/** Any source: what it is (format 14.1), and its records. */
import { Refusal } from '../refusal.mjs';
import { decompress, isCompressed } from './compressed.mjs';
import { readMarkup } from './markup_source.mjs';
import { readLines } from './snapshot.mjs';
import { Shelf, complete } from './completing.mjs';

const BEGINNING = 131_072;

function readPlain(bytes) {
  const beginning = bytes.subarray(0, BEGINNING).toString('latin1').replace(/^\xef\xbb\xbf/, '');
  const text = beginning.replace(/^[\t-\r ]+/, '');
  if (text.startsWith('<')) return readMarkup(bytes);
  if (text !== '' && !/(^|\n)[\t-\r ]*\{/.test(text)) throw new Refusal('source-unknown');
  return readLines(bytes);
}

/**
 * The records of a source.
 * @param {Buffer} bytes
 * @returns {import('./markup_source.mjs').Found[]}
 */
export function readSource(bytes) {
  try {
    const plain = isCompressed(bytes) ? decompress(bytes) : bytes;
    if (plain !== bytes && isCompressed(plain)) throw new Refusal('source-unknown');
    const records = readPlain(plain);
    return records.length > 0 ? records : [{ code: 'source-empty', path: '' }];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [...recordsBefore(error), { code: error.code, path: error.path }];
  }
}

/** Records of what came out of a compressed source before its fault: of whole lines, and complete. */
function recordsBefore({ content }) {
  const lines = content?.subarray(0, content.lastIndexOf(10) + 1);
  if (!lines?.length || isCompressed(lines)) return [];
  try {
    return readPlain(lines).filter(({ code }) => code !== 'xml-truncated');
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

/**
 * The records of a source, the incomplete ones completed from another one.
 * @param {Buffer} bytes
 * @param {Buffer} [completing]
 * @returns {import('./markup_source.mjs').Found[]}
 */
export function readCompleted(bytes, completing) {
  let before = [];
  let shelf;
  if (completing !== undefined) {
    const records = readSource(completing);
    shelf = new Shelf(records);
    before = records
      .filter((record) => record.code !== undefined)
      .map(({ path, ...rest }) => ({ ...rest, path: path === '' ? 'complete_from' : `complete_from: ${path}` }));
  }
  const records = readSource(bytes).map(({ incomplete, ...record }) => {
    if (incomplete === undefined) return record;
    if (shelf === undefined) return { ...record, code: 'source-incomplete', path: '' };
    return { ...record, ...complete(incomplete, shelf) };
  });
  return [...before, ...records];
}
