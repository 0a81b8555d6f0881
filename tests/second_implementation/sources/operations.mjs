/** The operations on sources: read-papers and read-answer. */
import { authorsText } from '../text.mjs';
import { describeNumber, recordOf } from '../record.mjs';
import { Refusal } from '../refusal.mjs';
import { readCompleted } from './read.mjs';
import { readAnswer } from './answers.mjs';

/** A record as the protocol shows it. */
function show({ line, paper: told, deleted, code, path }) {
  if (code !== undefined) return { line, code, path: path === '' ? undefined : path };
  if (deleted !== undefined) return { line, deleted };
  const { paper } = told;
  const record = recordOf(paper);
  const facts = { id: paper.arxiv_id, version: paper.version, submittedAt: paper.submitted_at };
  const { pith_number } = describeNumber(record, facts);
  return { line, canonical_record: record, pith_number, authors_text: authorsText(paper.authors) };
}

function readPapers({ data, complete_from: completing }) {
  const records = readCompleted(data, completing).map(show);
  const first = records.find((record) => record.code !== undefined);
  if (first === undefined) return { records };
  const refusal = new Refusal(first.code, first.path);
  refusal.output = { records };
  throw refusal;
}

/** Operation to function. */
export const operations = { 'read-papers': readPapers, 'read-answer': readAnswer };
