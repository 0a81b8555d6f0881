/** Zstandard (RFC 8878), without dictionaries. */
import { Refusal } from '../refusal.mjs';
import { BackwardBits, FseTable, broken } from './zstd_bits.mjs';
import { readLiterals } from './zstd_literals.mjs';
import { xxHash64 } from './xxhash.mjs';

const MAX_WINDOW = 67_108_864;
const MAX_BLOCK = 131_072;
const ones = (count) => new Array(count).fill(1);
const twos = (count) => new Array(count).fill(2);
const rare = (count) => new Array(count).fill(-1);

/** The extra bits of codes behind those that stand for themselves; the base values follow from them. */
function codes(plain, first, extra) {
  const bits = [...new Array(plain).fill(0), ...extra];
  const base = [];
  bits.forEach((count, i) => base.push(i === 0 ? first : base[i - 1] + 2 ** bits[i - 1]));
  return { bits, base };
}

const LENGTHS = codes(16, 0, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const MATCHES = codes(32, 3, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

/** The three tables of sequences, in the order of their modes. */
const KINDS = [
  {
    name: 'lengths',
    maxLog: 9,
    symbols: 36,
    usual: new FseTable([4, 3, ...twos(11), 1, 1, 1, ...twos(9), 3, 2, ...ones(5), ...rare(4)], 6),
  },
  {
    name: 'offsets',
    maxLog: 8,
    symbols: 32,
    usual: new FseTable([...ones(6), ...twos(3), ...ones(15), ...rare(5)], 5),
  },
  {
    name: 'matches',
    maxLog: 9,
    symbols: 53,
    usual: new FseTable([1, 4, 3, ...twos(6), ...ones(37), ...rare(7)], 6),
  },
];

/** @param {Buffer} bytes @returns {boolean} */
export function isZstandard(bytes, at = 0) {
  return isFrame(bytes, at) || isSkippable(bytes, at);
}

const isFrame = (bytes, at) => bytes.length >= at + 4 && bytes.readUInt32LE(at) === 0xfd2fb528;
const isSkippable = (bytes, at) => bytes.length >= at + 4 && bytes.readUInt32LE(at) >>> 4 === 0x184d2a5;

/** What has come out so far. */
class Output {
  constructor(limit) {
    this.limit = limit;
    this.buffer = Buffer.alloc(65_536);
    this.length = 0;
  }

  /** Makes room for more bytes. */
  reserve(count) {
    const needed = this.length + count;
    if (needed > this.limit) throw new Refusal('compressed-bomb');
    if (needed <= this.buffer.length) return;
    const larger = Buffer.alloc(Math.max(needed, 2 * this.buffer.length));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  append(bytes) {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Copies what stands some way back; it may run into what it writes. */
  repeat(offset, count) {
    this.reserve(count);
    const { buffer } = this;
    for (let i = 0; i < count; i += 1, this.length += 1) buffer[this.length] = buffer[this.length - offset];
  }
}

/** One frame. */
class Frame {
  constructor(bytes, at, output) {
    this.bytes = bytes;
    this.at = at;
    this.output = output;
    this.start = output.length;
    this.tree = null;
    this.tables = {};
    this.recent = [1, 4, 8];
  }

  need(count) {
    if (this.at + count > this.bytes.length) throw new Refusal('compressed-truncated');
  }

  integer(count) {
    if (count === 0) return 0;
    this.need(count);
    const value =
      count === 8
        ? this.bytes.readUInt32LE(this.at) + 2 ** 32 * this.bytes.readUInt32LE(this.at + 4)
        : this.bytes.readUIntLE(this.at, count);
    this.at += count;
    return value;
  }

  /** Reads the frame and gives the place behind it. */
  read() {
    this.at += 4;
    const descriptor = this.integer(1);
    const single = (descriptor & 32) !== 0;
    if (descriptor & 8) broken();
    let window = 0;
    if (!single) {
      const byte = this.integer(1);
      const base = 2 ** (10 + (byte >> 3));
      window = base + (base / 8) * (byte & 7);
    }
    if (this.integer([0, 1, 2, 4][descriptor & 3]) !== 0) broken();
    const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
    const size = this.integer(sizeBytes) + (sizeBytes === 2 ? 256 : 0);
    if (single) window = size;
    if (window > MAX_WINDOW) broken();
    this.maxBlock = Math.min(window, MAX_BLOCK);
    while (!this.block());
    const content = this.output.buffer.subarray(this.start, this.output.length);
    if (sizeBytes > 0 && content.length !== size) broken();
    if (descriptor & 4 && this.integer(4) !== Number(xxHash64(content) & 0xffffffffn)) broken();
    return this.at;
  }

  /** Reads a block, and tells whether it is the last one. */
  block() {
    const header = this.integer(3);
    const size = header >> 3;
    const type = (header >> 1) & 3;
    if (type === 3 || size > this.maxBlock) broken();
    const length = type === 1 ? 1 : size;
    this.need(length);
    const content = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    if (type === 0) this.output.append(content);
    else if (type === 1) this.output.append(Buffer.alloc(size, content[0]));
    else this.compressed(content);
    return (header & 1) === 1;
  }

  compressed(content) {
    const before = this.output.length;
    const { literals, tree, length } = readLiterals(content, this.tree, this.maxBlock);
    this.tree = tree;
    this.sequences(content.subarray(length), literals);
    if (this.output.length - before > this.maxBlock) broken();
  }

  sequences(bytes, literals) {
    let at = 1;
    let count = bytes[0];
    if (count === undefined) broken();
    if (count === 255) {
      if (bytes.length < 3) broken();
      count = bytes.readUInt16LE(1) + 0x7f00;
      at = 3;
    } else if (count >= 128) {
      if (bytes.length < 2) broken();
      count = ((count - 128) << 8) + bytes[1];
      at = 2;
    }
    if (count === 0) {
      if (bytes.length !== at) broken();
      this.output.append(literals);
      return;
    }
    const modes = bytes[at];
    if (modes === undefined || modes & 3) broken();
    at += 1;
    KINDS.forEach((kind, i) => {
      at += this.table(kind, (modes >> (6 - 2 * i)) & 3, bytes.subarray(at));
    });
    this.execute(new BackwardBits(bytes.subarray(at)), count, literals);
  }

  /** Sets one of the three tables, and gives how many bytes its description took. */
  table(kind, mode, bytes) {
    if (mode === 0) {
      this.tables[kind.name] = kind.usual;
      return 0;
    }
    if (mode === 1) {
      if (!(bytes[0] < kind.symbols)) broken();
      this.tables[kind.name] = FseTable.single(bytes[0]);
      return 1;
    }
    if (mode === 2) {
      const { table, length } = FseTable.read(bytes, kind.maxLog, kind.symbols);
      this.tables[kind.name] = table;
      return length;
    }
    if (this.tables[kind.name] === undefined) broken();
    return 0;
  }

  execute(stream, count, literals) {
    const { lengths, offsets, matches } = this.tables;
    let length = stream.read(lengths.log);
    let offset = stream.read(offsets.log);
    let match = stream.read(matches.log);
    let used = 0;
    for (let i = 0; i < count; i += 1) {
      const offsetCode = offsets.symbols[offset];
      const offsetValue = 2 ** offsetCode + stream.read(offsetCode);
      const matchCode = matches.symbols[match];
      const matchLength = MATCHES.base[matchCode] + stream.read(MATCHES.bits[matchCode]);
      const lengthCode = lengths.symbols[length];
      const literalLength = LENGTHS.base[lengthCode] + stream.read(LENGTHS.bits[lengthCode]);
      if (stream.left < 0 || used + literalLength > literals.length) broken();
      this.output.append(literals.subarray(used, used + literalLength));
      used += literalLength;
      const back = this.distance(offsetValue, literalLength);
      if (back <= 0 || back > this.output.length - this.start) broken();
      this.output.repeat(back, matchLength);
      if (i + 1 < count) {
        length = lengths.base[length] + stream.read(lengths.bits[length]);
        match = matches.base[match] + stream.read(matches.bits[match]);
        offset = offsets.base[offset] + stream.read(offsets.bits[offset]);
      }
    }
    if (stream.left !== 0) broken();
    this.output.append(literals.subarray(used));
  }

  /** How far back a match stands; small values name one of the last three. */
  distance(value, literalLength) {
    const { recent } = this;
    if (value > 3) {
      this.recent = [value - 3, recent[0], recent[1]];
      return value - 3;
    }
    const which = value - 1 + (literalLength === 0 ? 1 : 0);
    const back = which < 3 ? recent[which] : recent[0] - 1;
    if (which === 1) this.recent = [back, recent[0], recent[2]];
    else if (which > 1) this.recent = [back, recent[0], recent[1]];
    return back;
  }
}

/**
 * Decompresses all frames.
 * @param {Buffer} bytes
 * @param {number} limit more than this is a bomb
 * @returns {Buffer}
 * @throws {Refusal} compressed-truncated, compressed-broken, compressed-bomb
 */
export function decompressZstandard(bytes, limit) {
  const output = new Output(limit);
  let whole = 0;
  try {
    for (let at = 0; at < bytes.length; whole = output.length) {
      if (isSkippable(bytes, at)) {
        if (at + 8 > bytes.length) throw new Refusal('compressed-truncated');
        at += 8 + bytes.readUInt32LE(at + 4);
        if (at > bytes.length) throw new Refusal('compressed-truncated');
      } else if (isFrame(bytes, at)) {
        at = new Frame(bytes, at, output).read();
      } else {
        throw new Refusal(isMagicCut(bytes.subarray(at)) ? 'compressed-truncated' : 'compressed-broken');
      }
    }
  } catch (error) {
    const end = error.code === 'compressed-bomb' ? output.length : whole;
    if (error instanceof Refusal) error.content = output.buffer.subarray(0, end);
    throw error;
  }
  return output.buffer.subarray(0, output.length);
}

/** Whether bytes at the end are the beginning of a frame's magic number. */
function isMagicCut(rest) {
  if (rest.length >= 4) return false;
  const begins = (magic) => rest.every((byte, i) => byte === magic[i]);
  return begins([0x28, 0xb5, 0x2f]) || (rest[0] >>> 4 === 5 && begins([rest[0], 0x2a, 0x4d]));
}
