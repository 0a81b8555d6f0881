/** JSON Lines: arXiv's snapshot (format 14.2), and what `harvest` has written (14.7). */
import { Reader } from '../reader.mjs';
import { Refusal } from '../refusal.mjs';
import { parseFeedLine } from '../json.mjs';
import { paperOf, readVersions } from './told.mjs';
import { readHarvested } from './harvested.mjs';

const MAX_LINE = 2_162_688;
const isBlankByte = (byte) => byte === 0x20 || (byte >= 9 && byte <= 13);

/** Reads one paper of a snapshot. */
function readPaper(reader) {
  const versions = [...reader.objects('versions')];
  const [id, title, abstract, authors, categories] = ['id', 'title', 'abstract', 'authors', 'categories'].map((name) =>
    reader.text(name),
  );
  const license = reader.nullable('license', 'text') ?? '';
  const list = versions.map((version) => ({ version: version.text('version'), created: version.text('created') }));
  const path = reader.at('versions');
  const { version, submittedAt, revisedAt } = readVersions(list, (i, what) => versions[i].at(what), path);
  const paper = paperOf(
    { arxiv_id: id, version, title, abstract, authors, categories, license, submitted_at: submittedAt },
    (name) => reader.at(name === 'arxiv_id' ? 'id' : name),
  );
  return { paper: { paper, revisedAt } };
}

function readLine(bytes) {
  if (bytes.length > MAX_LINE) throw new Refusal('line-too-long');
  const text = bytes[bytes.length - 1] === 13 ? bytes.subarray(0, -1) : bytes;
  const reader = new Reader(parseFeedLine(text), '$');
  return reader.has('raw_sha256') ? readHarvested(reader) : readPaper(reader);
}

/**
 * Reads JSON Lines.
 * @param {Buffer} bytes
 * @returns {import('./markup_source.mjs').Found[]}
 */
export function readLines(bytes) {
  const records = [];
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(10, start);
    const end = feed < 0 ? bytes.length : feed;
    const content = bytes.subarray(start, end);
    start = end + 1;
    line += 1;
    if (content.every(isBlankByte)) continue;
    try {
      records.push({ ...readLine(content), line });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      records.push({ line, code: error.code, path: error.path });
    }
  }
  return records;
}
