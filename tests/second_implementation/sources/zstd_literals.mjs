/** Literals of a Zstandard block: Huffman trees and the streams coded with them (RFC 8878, 3.1.1.3.1 and 4.2). */
import { BackwardBits, FseTable, broken } from './zstd_bits.mjs';

const MAX_BITS = 11;

/** A Huffman table from the weights of the symbols but for the last one. */
function tableOf(weights) {
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 2 ** (weight - 1) : 0), 0);
  if (sum === 0) broken();
  const maxBits = 32 - Math.clz32(sum);
  const left = 2 ** maxBits - sum;
  if (maxBits > MAX_BITS || (left & (left - 1)) !== 0) broken();
  const all = [...weights, 32 - Math.clz32(left)];
  const symbols = new Uint8Array(1 << maxBits);
  const bits = new Uint8Array(1 << maxBits);
  let at = 0;
  for (let weight = 1; weight <= maxBits; weight += 1) {
    all.forEach((own, symbol) => {
      if (own !== weight) return;
      const end = at + (1 << (weight - 1));
      symbols.fill(symbol, at, end);
      bits.fill(maxBits + 1 - weight, at, end);
      at = end;
    });
  }
  return { maxBits, symbols, bits };
}

/** Weights that are coded with FSE, by two states in turn. */
function fseWeights(bytes) {
  const { table, length } = FseTable.read(bytes, 6, 256);
  const stream = new BackwardBits(bytes.subarray(length));
  const states = [stream.read(table.log), stream.read(table.log)];
  const weights = [];
  if (stream.left < 0) broken();
  for (let turn = 0; ; turn ^= 1) {
    const state = states[turn];
    weights.push(table.symbols[state]);
    states[turn] = table.base[state] + stream.read(table.bits[state]);
    if (stream.left < 0) {
      weights.push(table.symbols[states[turn ^ 1]]);
      break;
    }
    if (weights.length > 255) broken();
  }
  return weights;
}

/** Reads the description of a tree: the table, and how many bytes it took. */
function readTree(bytes) {
  const header = bytes[0];
  if (header === undefined) broken();
  if (header < 128) {
    if (1 + header > bytes.length) broken();
    return { tree: tableOf(fseWeights(bytes.subarray(1, 1 + header))), length: 1 + header };
  }
  const count = header - 127;
  const length = 1 + ((count + 1) >> 1);
  if (length > bytes.length) broken();
  const weights = Array.from({ length: count }, (_, i) => {
    const pair = bytes[1 + (i >> 1)];
    return i % 2 === 0 ? pair >> 4 : pair & 15;
  });
  return { tree: tableOf(weights), length };
}

/** Decodes one stream into a part of the literals. */
function decodeStream(tree, bytes, out, start, end) {
  const stream = new BackwardBits(bytes);
  for (let i = start; i < end; i += 1) {
    const index = stream.peek(tree.maxBits);
    out[i] = tree.symbols[index];
    stream.left -= tree.bits[index];
    if (stream.left < 0) broken();
  }
  if (stream.left !== 0) broken();
}

function decodeFour(tree, bytes, out) {
  if (bytes.length < 10) broken();
  const part = (out.length + 3) >> 2;
  if (3 * part > out.length) broken();
  let at = 6;
  for (let i = 0; i < 4; i += 1) {
    const end = i < 3 ? at + bytes.readUInt16LE(2 * i) : bytes.length;
    if (end > bytes.length) broken();
    decodeStream(tree, bytes.subarray(at, end), out, i * part, i < 3 ? (i + 1) * part : out.length);
    at = end;
  }
}

/** The sizes in a header of the section. */
function readHeader(bytes) {
  const type = bytes[0] & 3;
  const format = (bytes[0] >> 2) & 3;
  const word = (count) => {
    if (count > bytes.length) broken();
    return bytes.readUIntLE(0, count);
  };
  if (type < 2) {
    if (format % 2 === 0) return { type, header: 1, size: bytes[0] >> 3 };
    const header = format === 1 ? 2 : 3;
    return { type, header, size: word(header) >> 4 };
  }
  const header = [3, 3, 4, 5][format];
  const bits = [10, 10, 14, 18][format];
  const whole = Math.floor(word(header) / 16);
  const size = whole % 2 ** bits;
  return { type, header, size, packed: Math.floor(whole / 2 ** bits), streams: format === 0 ? 1 : 4 };
}

/**
 * Reads the literals of a block.
 * @param {Buffer} bytes the block
 * @param {object | null} tree the one of the block before
 * @param {number} limit
 * @returns {{literals: Uint8Array, tree: object | null, length: number}}
 */
export function readLiterals(bytes, tree, limit) {
  if (bytes.length === 0) broken();
  const { type, header, size, packed, streams } = readHeader(bytes);
  if (size > limit) broken();
  if (type === 0) {
    if (header + size > bytes.length) broken();
    return { literals: bytes.subarray(header, header + size), tree, length: header + size };
  }
  const literals = new Uint8Array(size);
  if (type === 1) {
    if (header >= bytes.length) broken();
    return { literals: literals.fill(bytes[header]), tree, length: header + 1 };
  }
  if (header + packed > bytes.length) broken();
  let content = bytes.subarray(header, header + packed);
  let used = tree;
  if (type === 2) {
    const read = readTree(content);
    used = read.tree;
    content = content.subarray(read.length);
  }
  if (used === null) broken();
  if (streams === 1) decodeStream(used, content, literals, 0, size);
  else decodeFour(used, content, literals);
  return { literals, tree: used, length: header + packed };
}
