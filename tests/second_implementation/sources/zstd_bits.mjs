/** Bits of Zstandard: forward and backward bit streams, and the FSE tables made of them (RFC 8878, section 4.1). */
import { Refusal } from '../refusal.mjs';

/** @returns {never} */
export function broken() {
  throw new Refusal('compressed-broken');
}

const highestBit = (number) => 31 - Math.clz32(number);

/** Bits of a stream that is read from its end. */
export class BackwardBits {
  /** @param {Buffer} bytes */
  constructor(bytes) {
    const last = bytes[bytes.length - 1];
    if (!last) broken();
    this.bytes = bytes;
    /** Bits that are left; below 0 where more was read than there is. */
    this.left = (bytes.length - 1) * 8 + highestBit(last);
  }

  /** The next bits, without passing them over; behind the end they are 0. */
  peek(count) {
    const from = this.left - count;
    if (from < 0) return this.left <= 0 ? 0 : this.bits(0, this.left) << -from;
    return this.bits(from, count);
  }

  /** At most 24 bits from a place. */
  bits(from, count) {
    const { bytes } = this;
    const at = from >>> 3;
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    return (word >>> (from & 7)) & ((1 << count) - 1);
  }

  read(count) {
    if (count > 16) {
      const high = this.read(count - 16);
      return high * 65_536 + this.read(16);
    }
    const value = this.peek(count);
    this.left -= count;
    return value;
  }
}

/** A table of finite state entropy. */
export class FseTable {
  /**
   * @param {number[]} counts normalized counts of the symbols, -1 for "less than one"
   * @param {number} log
   */
  constructor(counts, log) {
    const size = 1 << log;
    this.log = log;
    this.symbols = new Uint8Array(size);
    this.bits = new Uint8Array(size);
    this.base = new Uint16Array(size);
    const next = counts.map((count) => Math.abs(count));
    const position = this.spread(counts, size);
    if (position !== 0) broken();
    for (let state = 0; state < size; state += 1) {
      const symbol = this.symbols[state];
      const turn = next[symbol];
      next[symbol] += 1;
      this.bits[state] = log - highestBit(turn);
      this.base[state] = (turn << this.bits[state]) - size;
    }
  }

  spread(counts, size) {
    let high = size;
    counts.forEach((count, symbol) => {
      if (count !== -1) return;
      high -= 1;
      this.symbols[high] = symbol;
    });
    const step = (size >> 1) + (size >> 3) + 3;
    let position = 0;
    counts.forEach((count, symbol) => {
      for (let i = 0; i < count; i += 1) {
        this.symbols[position] = symbol;
        do position = (position + step) & (size - 1);
        while (position >= high);
      }
    });
    return position;
  }

  /** A table of one symbol. @param {number} symbol @returns {FseTable} */
  static single(symbol) {
    const table = Object.create(FseTable.prototype);
    return Object.assign(table, { log: 0, symbols: [symbol], bits: [0], base: [0] });
  }

  /**
   * Reads the description of a table.
   * @param {Buffer} bytes
   * @param {number} maxLog
   * @param {number} maxSymbols
   * @returns {{table: FseTable, length: number}} how many bytes it took, too
   */
  static read(bytes, maxLog, maxSymbols) {
    let at = 0;
    const read = (count) => {
      let value = 0;
      for (let i = 0; i < count; i += 1, at += 1) {
        if (at >= bytes.length * 8) broken();
        value |= ((bytes[at >> 3] >> (at & 7)) & 1) << i;
      }
      return value;
    };
    const log = read(4) + 5;
    if (log > maxLog) broken();
    const counts = [];
    let remaining = 1 << log;
    while (remaining > 0 && counts.length < maxSymbols) {
      const count = readCount(read, remaining, () => (at -= 1));
      counts.push(count);
      remaining -= Math.abs(count);
      for (let repeat = count === 0 ? 3 : 0; repeat === 3; ) {
        repeat = read(2);
        for (let i = 0; i < repeat; i += 1) counts.push(0);
      }
    }
    if (remaining !== 0 || counts.length > maxSymbols) broken();
    return { table: new FseTable(counts, log), length: (at + 7) >> 3 };
  }
}

/** One normalized count: a small value takes a bit less than a large one. */
function readCount(read, remaining, giveBack) {
  const bits = highestBit(remaining + 1) + 1;
  const value = read(bits);
  const low = (1 << (bits - 1)) - 1;
  const threshold = (1 << bits) - 1 - (remaining + 1);
  if ((value & low) < threshold) {
    giveBack();
    return (value & low) - 1;
  }
  return (value > low ? value - threshold : value) - 1;
}
