/** Requests and answers: JSON Lines with byte strings as {"base64": …}. */
import { parseRequest } from './json.mjs';
import { Refusal, Unsupported } from './refusal.mjs';

/** Bytes of base64 that are decoded, or written, at once; a multiple of 4 and of 3. */
const PIECE = 3 * 4 * 262_144;

/** Decodes base64 that stands in a buffer without making one long text of it. */
function decodeInPieces(bytes) {
  if (bytes.length <= PIECE) return Buffer.from(bytes.latin1Slice(), 'base64');
  const pieces = [];
  for (let at = 0; at < bytes.length; at += PIECE) {
    pieces.push(Buffer.from(bytes.latin1Slice(at, Math.min(at + PIECE, bytes.length)), 'base64'));
  }
  return Buffer.concat(pieces);
}

/** Plain objects out of Maps, Buffers out of byte strings. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  if (value.size === 1 && value.has('base64')) {
    const inside = value.get('base64');
    return typeof inside === 'string' ? Buffer.from(inside, 'base64') : inside;
  }
  const object = Object.create(null);
  for (const [name, member] of value) object[name] = plain(member);
  return object;
}

/**
 * Reads one request.
 * @param {Buffer} line
 * @returns {{id: any, operation: any, input: any}}
 */
export function readRequest(line) {
  const value = parseRequest(line, (key, bytes) => (key === 'base64' ? decodeInPieces(bytes) : undefined));
  if (!(value instanceof Map)) throw new Refusal('json-not-an-object', '$');
  return { id: value.get('id'), operation: value.get('operation'), input: plain(value.get('input')) ?? {} };
}

/**
 * Runs a request.
 * @param {Record<string, (input: any) => any>} operations
 * @param {{id: any, operation: any, input: any}} request
 * @returns {object} the answer
 */
export function answer(operations, { id, operation, input }) {
  try {
    if (typeof operation !== 'string' || !Object.hasOwn(operations, operation)) return { id, result: 'unsupported' };
    return { id, result: 'valid', output: operations[operation](input) };
  } catch (error) {
    if (error instanceof Unsupported) return { id, result: 'unsupported' };
    if (error instanceof Refusal) {
      const refused = { id, result: 'invalid', code: error.code, path: error.path };
      return error.output === undefined ? refused : { ...refused, output: error.output };
    }
    // A request that is not as the protocol has it, or a mistake here: neither says anything about a document.
    process.stderr.write(`${operation}: ${error?.stack ?? error}\n`);
    return { id, result: 'unsupported' };
  }
}

/**
 * An answer as the pieces of a line, line feed included.
 * @param {any} value
 * @returns {Generator<string>}
 */
export function* writeAnswer(value) {
  yield* write(value);
  yield '\n';
}

function* write(value) {
  if (value instanceof Uint8Array) {
    yield '{"base64":"';
    for (let at = 0; at < value.length; at += PIECE) {
      yield Buffer.from(value.buffer, value.byteOffset + at, Math.min(PIECE, value.length - at)).toString('base64');
    }
    yield '"}';
  } else if (Array.isArray(value)) {
    yield '[';
    for (let i = 0; i < value.length; i += 1) {
      if (i > 0) yield ',';
      yield* write(value[i]);
    }
    yield ']';
  } else if (value !== null && typeof value === 'object') {
    let separator = '{';
    for (const [name, member] of value instanceof Map ? value : Object.entries(value)) {
      if (member === undefined) continue;
      yield `${separator}${JSON.stringify(name)}:`;
      separator = ',';
      yield* write(member);
    }
    yield separator === '{' ? '{}' : '}';
  } else {
    yield JSON.stringify(value ?? null);
  }
}
