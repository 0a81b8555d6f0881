/** Answers of servers (format 14.9). */
import { Refusal } from '../refusal.mjs';
import { sha256Hex } from '../canonical.mjs';
import { isSecond } from '../times.mjs';
import { strip } from '../text.mjs';
import { Collector } from './elements.mjs';
import { dialectOf } from './markup_source.mjs';
import { XmlReader } from './xml.mjs';
import * as oai from './oai.mjs';
import * as atom from './atom.mjs';

const BEGINNING = 131_072;
const MAX_WATCHED = 20_000;
const DAY = 86_400_000;

/** Whether an element is looked at. */
function isWatched(tag, dialect) {
  return dialect.isRecord(tag) || dialect.isWatchedBesides(tag);
}

/** The watched elements of an answer, each with the place where it ends. */
function watchedElements(data, dialect) {
  const found = [];
  let root;
  const watched = (tag, depth) => {
    if (depth > 1) return isWatched(tag, dialect);
    root = dialectOf(tag);
    if (root === undefined) throw new Refusal('source-unknown');
    return false;
  };
  const collector = new Collector(watched, (element, end) => {
    if (found.length >= MAX_WATCHED) throw new Refusal('record-too-long');
    found.push({ element, end });
  });
  const beginning = data.subarray(0, BEGINNING).toString('latin1');
  if (!/^(?:\xef\xbb\xbf)?[\t-\r ]*</.test(beginning)) throw new Refusal('source-unknown');
  new XmlReader(data, collector).read();
  if (root !== dialect) throw new Refusal('http-endpoint');
  return found;
}

/** Whether the answer says that the resumption token is none any more; other errors are refused. */
function isExpired(errors, tokenSent) {
  for (const { element } of errors) {
    const code = element.tag.attributes.get('code');
    if (code === 'badResumptionToken') return true;
    const passed = code === 'idDoesNotExist' || (code === 'noRecordsMatch' && !tokenSent);
    if (!passed) throw new Refusal('oai-error', 'error');
  }
  return false;
}

/** What a function gives, or something else where it refuses. */
function unless(otherwise, read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) return otherwise;
    throw error;
  }
}

/** What is told of the records of a page. */
function page(data, records, describe) {
  return records.map(({ element, end }) => {
    const raw = data.subarray(element.tag.start, end);
    const { id, datestamp } = unless({ id: '', datestamp: '' }, () => describe(element));
    return { source_id: id, datestamp: datestamp ?? '', sha256: sha256Hex(raw) };
  });
}

/** A count, undefined where none is told. */
const count = (text) => (/^[0-9]{1,9}$/.test(text ?? '') ? Number(text) : undefined);

/** The server's time, if it can be believed. */
function responseTime(element, now) {
  const text = strip(element?.text ?? '');
  return isSecond(text) && Date.parse(text) <= Date.parse(now) + DAY ? text : '';
}

function checkStatus(status) {
  if (status !== 200) throw new Refusal('http-status');
}

function readOai(data, found, { protocol, status, now }) {
  const of = (local) => found.filter(({ element }) => element.local === local);
  if (isExpired(of('error'), protocol === 'oai-resumed')) {
    return { records: [], token: '', token_expired: true, responded_at: '' };
  }
  checkStatus(status);
  if (!found.some(({ element }) => element.local !== 'responseDate')) throw new Refusal('oai-page');
  const token = of('resumptionToken')[0]?.element;
  return {
    records: page(data, of('record'), oai.readHeader),
    token: strip(token?.text ?? ''),
    token_expired: false,
    responded_at: responseTime(of('responseDate')[0]?.element, now),
    total: count(token?.tag.attributes.get('completeListSize')),
  };
}

function readAtom(data, found, { status }) {
  const entries = found.filter(({ element }) => atom.isRecord(element));
  entries.forEach(({ element }) => atom.checkNoError(element));
  checkStatus(status);
  const said = found.find(({ element }) => atom.isWatchedBesides(element));
  const total = count(said && strip(said.element.text));
  if (total !== undefined && entries.length < total) throw new Refusal('atom-page');
  const records = page(data, entries, atom.readId);
  return { records, token: '', token_expired: false, responded_at: '', total };
}

/**
 * Takes an answer apart.
 * @param {{protocol: 'oai' | 'oai-resumed' | 'atom', data: Buffer, status: number, now: string}} input
 * @returns {object}
 * @throws {Refusal}
 */
export function readAnswer(input) {
  const isAtom = input.protocol === 'atom';
  const found = watchedElements(input.data, isAtom ? atom : oai);
  return isAtom ? readAtom(input.data, found, input) : readOai(input.data, found, input);
}
