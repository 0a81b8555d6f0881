/** Sources in XML: their records, one after the other, within the limits of format 14.8. */
import { Refusal } from '../refusal.mjs';
import { Collector } from './elements.mjs';
import { XmlReader } from './xml.mjs';
import { MarkupFault } from './xml_scanner.mjs';
import * as oai from './oai.mjs';
import * as atom from './atom.mjs';

const MAX_RECORD = 1_048_576;
const DIALECTS = [oai, atom];

/** What reads the records of a root element; undefined for an unknown one. */
export function dialectOf(tag) {
  return DIALECTS.find((dialect) => dialect.isRoot(tag));
}

/**
 * @typedef {object} Found a record of a source
 * @property {number} [line]
 * @property {object} [paper] a paper: `{paper, revisedAt}`
 * @property {string} [deleted]
 * @property {object} [incomplete] what is told of a paper that has to be completed
 * @property {string} [code]
 * @property {string} [path]
 */

/**
 * Reads one element that is a record, whatever is wrong with it.
 * @param {{readRecord: (element: import('./elements.mjs').Element) => object}} dialect
 * @param {import('./elements.mjs').Element} element
 * @returns {Found}
 */
export function readElement(dialect, element) {
  try {
    return { line: element.line, ...dialect.readRecord(element) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { line: element.line, code: error.code, path: error.path };
  }
}

/**
 * Reads a source in XML.
 * @param {Buffer} bytes
 * @returns {Found[]}
 */
export function readMarkup(bytes) {
  const records = [];
  let dialect;
  const last = { end: 0, line: 1 };
  const watched = (tag, depth) => {
    if (depth === 1) {
      dialect = dialectOf(tag);
      if (dialect === undefined) throw new Refusal('source-unknown');
      return false;
    }
    return dialect.isRecord(tag) || dialect.isWatchedBesides(tag);
  };
  /** What stands behind the last watched element, up to here. */
  const stretch = (start) => {
    if (start - last.end > MAX_RECORD) records.push({ line: last.line, code: 'record-too-long', path: '' });
  };
  const found = (element, end) => {
    const { start } = element.tag;
    stretch(start);
    if (end - start > MAX_RECORD) records.push({ line: element.line, code: 'record-too-long', path: '' });
    else if (dialect.isRecord(element)) {
      records.push({ ...readElement(dialect, element), endLine: reader.scanner.lineAt(end) });
    }
    Object.assign(last, { end, line: reader.scanner.lineAt(end) });
  };
  const reader = new XmlReader(bytes, new Collector(watched, found));
  try {
    reader.read();
    stretch(bytes.length);
  } catch (error) {
    if (error instanceof MarkupFault) return [...beforeFault(records, error), refusalOf(error)];
    if (error instanceof Refusal) return [{ code: error.code, path: error.path }];
    throw error;
  }
  return records.map(({ endLine, ...record }) => record);
}

function beforeFault(records, fault) {
  return records
    .filter((record) => !(fault.losesLine && record.endLine === fault.line))
    .map(({ endLine, ...record }) => record);
}

function refusalOf(fault) {
  const isOfTheWhole = fault.code === 'xml-prolog' || fault.code === 'xml-names';
  return { ...(!isOfTheWhole && { line: fault.line }), code: fault.code, path: '' };
}
