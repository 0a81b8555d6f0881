/** Harvested records (format 14.7). */
import { memberPath } from '../paths.mjs';
import { Refusal } from '../refusal.mjs';
import { sha256Hex } from '../canonical.mjs';
import { Collector } from './elements.mjs';
import { XmlReader } from './xml.mjs';
import { MarkupFault } from './xml_scanner.mjs';
import { withoutClass } from '../arxiv.mjs';
import * as oai from './oai.mjs';
import * as atom from './atom.mjs';

const PREFIX_NAME = /^[\p{L}\p{Nl}\p{No}_][\p{L}\p{N}_.-]*$/u;
const MAX_RECORD = 1_048_576;

function escape(text) {
  return text.replace(/[&<>"\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The start tag of the element that declares the namespaces. */
function wrapper(namespaces) {
  let tag = '<raw';
  for (const [prefix, space] of namespaces) {
    if (prefix === '') tag += ` xmlns="${escape(space)}"`;
    else if (PREFIX_NAME.test(prefix)) tag += ` xmlns:${prefix}="${escape(space)}"`;
  }
  return `${tag}>`;
}

/** The one element that `raw` is. */
function elementOf(raw, namespaces) {
  if (Buffer.byteLength(raw) > MAX_RECORD) throw new Refusal('record-too-long', 'raw:1');
  const found = [];
  let beside = false;
  const collector = new Collector(
    (tag, depth) => depth > 1,
    (element) => found.push(element),
  );
  const text = collector.text.bind(collector);
  collector.text = (piece) => {
    if (collector.depth === 1) beside = true;
    text(piece);
  };
  try {
    new XmlReader(Buffer.from(`${wrapper(namespaces)}${raw}</raw>`), collector).read();
  } catch (error) {
    if (!(error instanceof MarkupFault)) throw error;
    const place = error.code === 'xml-names' ? 'raw' : `raw:${error.line}`;
    throw new Refusal(error.code, place);
  }
  if (beside || found.length !== 1) throw new Refusal('harvest-raw', 'raw');
  return found[0];
}

/** Reads the element as what it is. */
function readElement(element) {
  if (element.is(oai.OAI, 'record')) return oai.readRecord(element);
  if (element.is(atom.ATOM, 'entry')) return atom.readRecord(element);
  throw new Refusal('harvest-raw', '$.raw');
}

/**
 * Reads a harvested record.
 * @param {import('../reader.mjs').Reader} reader of the line
 * @returns {object}
 * @throws {Refusal}
 */
export function readHarvested(reader) {
  const raw = reader.text('raw');
  reader.text('source');
  reader.second('fetched_at');
  const digest = reader.digest('raw_sha256');
  if (sha256Hex(raw) !== digest) throw new Refusal('harvest-digest', '$.raw');
  const namespaces = reader.object('namespaces');
  const sourceId = reader.text('source_id');
  reader.text('datestamp');
  for (const [prefix, space] of namespaces.value) {
    if (typeof space !== 'string') throw new Refusal('field-type', memberPath(namespaces.path, prefix));
  }
  const record = readElement(elementOf(raw, namespaces.value));
  const id = record.deleted ?? record.incomplete?.id ?? record.paper.paper.arxiv_id;
  if (sourceId !== '' && withoutClass(sourceId) !== id) throw new Refusal('harvest-raw', '$.source_id');
  return record;
}
