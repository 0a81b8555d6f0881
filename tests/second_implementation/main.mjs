/** A second implementation: requests on stdin, an answer line for each on stdout. See README.md. */
import { operations as base } from './operations.mjs';
import { operations as sources } from './sources/operations.mjs';
import { operations as keyFormats } from './key_operations.mjs';
import { operations as documents } from './documents/operations.mjs';
import { operations as issuing } from './issuing/operations.mjs';
import { answer, readRequest, writeAnswer } from './protocol.mjs';

const operations = { ...base, ...sources, ...keyFormats, ...documents, ...issuing };

/** The lines of a stream, of any length, without their line feeds. */
async function* lines(stream) {
  let pieces = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      yield pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
      pieces = [];
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
  if (pieces.length > 0) yield Buffer.concat(pieces);
}

function write(piece) {
  return process.stdout.write(piece) || new Promise((resolve) => process.stdout.once('drain', resolve));
}

function handle(line) {
  let request;
  try {
    request = readRequest(line);
  } catch (error) {
    process.stderr.write(`unreadable request: ${error?.message ?? error}\n`);
    return { id: null, result: 'unsupported' };
  }
  return answer(operations, request);
}

for await (const line of lines(process.stdin)) {
  if (line.length === 0) continue;
  let held = '';
  for (const piece of writeAnswer(handle(line))) {
    held += piece;
    if (held.length > 1_000_000) {
      await write(held);
      held = '';
    }
  }
  await write(held);
}
