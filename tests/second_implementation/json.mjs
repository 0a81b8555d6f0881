/**
 * JSON, read strictly (format 1.2).
 *
 * Values: an object is a Map in the order of the text, an array an Array, an integer a Number within ±(2^53 - 1), and
 * texts, true, false and null are themselves.
 */
import { isUtf8 } from 'node:buffer';
import { Refusal } from './refusal.mjs';
import { elementPath, memberPath } from './paths.mjs';

export { elementPath, memberPath } from './paths.mjs';
export { canonicalBytes, canonicalString, digestOf, equal, sha256, sha256Hex, without } from './canonical.mjs';

const MAX_BYTES = 268_435_456;
const MAX_PARTS = 16_777_216;
const MAX_LEVELS = 100;
const MAX_FEED_LEVELS = 201;
const MAX_FEED_DIGITS = 4300;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const ESCAPES = new Map([...'"\\/bfnrt'].map((letter, i) => [letter.charCodeAt(0), '"\\/\b\f\n\r\t'[i]]));

/** A number that JSON has and these documents do not: its code says why. */
export class UnfitNumber {
  /** @param {string} code */
  constructor(code) {
    this.code = code;
  }
}

/** @param {unknown} value @returns {value is Map<string, any>} */
export function isObject(value) {
  return value instanceof Map;
}

/** @param {unknown} value @returns {value is any[]} */
export function isArray(value) {
  return Array.isArray(value);
}

/**
 * Where the first sequence that is not UTF-8 begins.
 * @param {Uint8Array} bytes
 * @returns {number} -1 if all is UTF-8
 */
export function firstIllFormed(bytes) {
  if (isUtf8(bytes)) return -1;
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return -1;
}

/** The length of the UTF-8 sequence at a place, 0 where there is none. */
function sequenceLength(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const follows = (offset, low, high) => bytes[at + offset] >= low && bytes[at + offset] <= high;
  if (first >= 0xc2 && first <= 0xdf) return follows(1, 0x80, 0xbf) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const second = follows(1, first === 0xe0 ? 0xa0 : 0x80, first === 0xed ? 0x9f : 0xbf);
    return second && follows(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const second = follows(1, first === 0xf0 ? 0x90 : 0x80, first === 0xf4 ? 0x8f : 0xbf);
    return second && follows(2, 0x80, 0xbf) && follows(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

/** The grammar (step 4), without recursion: it takes any depth. */
class Grammar {
  /**
   * @param {Buffer} bytes
   * @param {{keep: number, feed?: boolean, decode?: (key: string, bytes: Buffer) => any}} options how many levels are
   *   kept as values; whether numbers are those of a feed; a function that may take a plain string member as bytes
   */
  constructor(bytes, options) {
    this.bytes = bytes;
    this.at = 0;
    this.options = options;
    /** A number or member of step 5, points 1 to 3, was met. */
    this.unfit = false;
    /** Half of a surrogate pair was met, or may have been. */
    this.halves = false;
    this.deepest = 0;
    /** Objects with a name twice. */
    this.repeating = new Set();
  }

  fail() {
    const before = this.bytes.subarray(0, Math.min(this.at, this.bytes.length));
    let line = 1;
    let start = 0;
    for (let i = before.indexOf(10); i >= 0; i = before.indexOf(10, i + 1)) {
      line += 1;
      start = i + 1;
    }
    throw new Refusal('json-syntax', `line ${line} column ${before.length - start + 1}`);
  }

  /** Passes white space over and gives the byte behind it (undefined at the end). */
  next() {
    const { bytes } = this;
    let byte = bytes[this.at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      this.at += 1;
      byte = bytes[this.at];
    }
    return byte;
  }

  /** Reads the whole text. */
  read() {
    const holders = [];
    const keys = [];
    let value;
    for (;;) {
      const byte = this.next();
      let closed = true;
      if (byte === 0x7b || byte === 0x5b) {
        this.at += 1;
        const isMap = byte === 0x7b;
        value = this.open(isMap, holders.length + 1);
        const close = isMap ? 0x7d : 0x5d;
        if (this.next() === close) {
          this.at += 1;
        } else {
          holders.push(value);
          keys.push(isMap ? this.key(value) : undefined);
          closed = false;
        }
      } else {
        value = this.scalar(byte, keys[keys.length - 1]);
      }
      if (!closed) continue;
      const done = this.put(holders, keys, value);
      if (done !== undefined) return done.value;
    }
  }

  /** Puts a value where it belongs, and closes what closes behind it; gives the whole when that was the last. */
  put(holders, keys, value) {
    for (;;) {
      const top = holders.length - 1;
      if (top < 0) {
        if (this.next() !== undefined) this.fail();
        return { value };
      }
      const holder = holders[top];
      const isMap = keys[top] !== undefined;
      if (holder instanceof Map) holder.set(keys[top], value);
      else if (holder !== null && !isMap) holder.push(value);
      const byte = this.next();
      if (byte === COMMA) {
        this.at += 1;
        if (isMap) keys[top] = this.key(holder);
        return undefined;
      }
      if (byte !== (isMap ? 0x7d : 0x5d)) this.fail();
      this.at += 1;
      holders.pop();
      keys.pop();
      value = holder;
    }
  }

  /** A new object or array; beyond the levels that are kept, only the names of an object are. */
  open(isMap, level) {
    if (level > this.deepest) this.deepest = level;
    if (level <= this.options.keep) return isMap ? new Map() : [];
    return isMap ? new Set() : null;
  }

  /** Reads a name and the colon behind it. */
  key(holder) {
    if (this.next() !== QUOTE) this.fail();
    const name = this.string();
    if (holder.has(name)) {
      this.unfit = true;
      this.repeating.add(holder);
    } else if (holder instanceof Set) {
      holder.add(name);
    }
    if (this.next() !== 0x3a) this.fail();
    this.at += 1;
    return name;
  }

  scalar(byte, key) {
    if (byte === QUOTE) return this.string(key);
    switch (byte) {
      case 0x74:
        return this.word('true', true);
      case 0x66:
        return this.word('false', false);
      case 0x6e:
        return this.word('null', null);
      case 0x4e:
        return this.word('NaN', this.notFinite());
      case 0x49:
        return this.word('Infinity', this.notFinite());
      default:
        return this.number(byte);
    }
  }

  notFinite() {
    this.unfit = true;
    return new UnfitNumber('json-float');
  }

  word(word, value) {
    for (let i = 0; i < word.length; i += 1) {
      if (this.bytes[this.at] !== word.charCodeAt(i)) this.fail();
      this.at += 1;
    }
    return value;
  }

  /** Passes digits over; there must be one. */
  digits() {
    const start = this.at;
    while (this.bytes[this.at] >= 0x30 && this.bytes[this.at] <= 0x39) this.at += 1;
    if (this.at === start) this.fail();
    return this.at - start;
  }

  number(byte) {
    const { bytes } = this;
    const start = this.at;
    if (byte === 0x2d) {
      this.at += 1;
      if (bytes[this.at] === 0x49) return this.word('Infinity', this.notFinite());
    }
    let whole = 1;
    if (bytes[this.at] === 0x30) this.at += 1;
    else whole = this.digits();
    let plain = true;
    if (bytes[this.at] === 0x2e) {
      this.at += 1;
      this.digits();
      plain = false;
    }
    if (bytes[this.at] === 0x65 || bytes[this.at] === 0x45) {
      this.at += 1;
      if (bytes[this.at] === 0x2b || bytes[this.at] === 0x2d) this.at += 1;
      this.digits();
      plain = false;
    }
    if (this.options.feed) {
      if (whole > MAX_FEED_DIGITS) this.unfit = true;
      return 0;
    }
    const value = plain && whole <= 16 ? Number(bytes.latin1Slice(start, this.at)) : NaN;
    if (Number.isSafeInteger(value)) return value + 0 === 0 ? 0 : value;
    this.unfit = true;
    return new UnfitNumber(plain ? 'json-integer-range' : 'json-float');
  }

  string(key) {
    const { bytes } = this;
    this.at += 1;
    let start = this.at;
    let text = '';
    let or = 0;
    for (;;) {
      const byte = bytes[this.at];
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        text += this.slice(start, this.at, or);
        text += this.escape();
        start = this.at;
        or = 0;
        continue;
      }
      if (byte === undefined || byte < 0x20) this.fail();
      or |= byte;
      this.at += 1;
    }
    const end = this.at;
    this.at += 1;
    if (text === '' && key !== undefined && this.options.decode) {
      const decoded = this.options.decode(key, bytes.subarray(start, end));
      if (decoded !== undefined) return decoded;
    }
    const last = this.slice(start, end, or);
    return text === '' ? last : text + last;
  }

  slice(start, end, or) {
    if (start === end) return '';
    return or < 0x80 ? this.bytes.latin1Slice(start, end) : this.bytes.utf8Slice(start, end);
  }

  escape() {
    const { bytes } = this;
    this.at += 1;
    const letter = bytes[this.at];
    if (letter !== 0x75) {
      const character = ESCAPES.get(letter);
      if (character === undefined) this.fail();
      this.at += 1;
      return character;
    }
    let unit = 0;
    for (let i = 1; i <= 4; i += 1) {
      const digit = hexDigit(bytes[this.at + i]);
      if (digit < 0) {
        this.at += i;
        this.fail();
      }
      unit = unit * 16 + digit;
    }
    this.at += 5;
    if (unit >= 0xd800 && unit <= 0xdfff) this.halves = true;
    return String.fromCharCode(unit);
  }
}

function hexDigit(byte) {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57;
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x37;
  return -1;
}

/** Steps 1 to 3 of 1.2. */
function checkBytes(bytes) {
  if (bytes.length > MAX_BYTES) throw new Refusal('json-size');
  if (bytes.length > MAX_PARTS) {
    let parts = 0;
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes[i];
      if (byte === COMMA || byte === 0x7b || byte === 0x5b) parts += 1;
    }
    if (parts > MAX_PARTS) throw new Refusal('json-size');
  }
  const illFormed = firstIllFormed(bytes);
  if (illFormed >= 0) throw new Refusal('json-encoding', `byte ${illFormed}`);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) throw new Refusal('json-encoding', 'byte 0');
}

/** Whether an escaped half of a pair, or what looks like one, is anywhere in the text. */
function hasHalfEscape(bytes) {
  for (let i = bytes.indexOf('\\u'); i >= 0; i = bytes.indexOf('\\u', i + 1)) {
    if ((bytes[i + 2] | 0x20) === 0x64 && hexDigit(bytes[i + 3]) >= 8) return true;
  }
  return false;
}

/** Step 5: the walk through a value that has something in it that is not allowed. */
class Walk {
  constructor(grammar, maxLevels) {
    this.grammar = grammar;
    this.maxLevels = maxLevels;
  }

  visit(value, path, level) {
    if (value instanceof UnfitNumber) throw new Refusal(value.code, path);
    if (typeof value === 'string') {
      if (!value.isWellFormed()) throw new Refusal('json-surrogate', path);
      return;
    }
    if (value === null || typeof value !== 'object') return;
    if (this.grammar.repeating.has(value)) throw new Refusal('json-duplicate-key', path);
    if (level > this.maxLevels) throw new Refusal('json-depth', this.depthPath(path));
    if (value instanceof Map) {
      for (const [name, member] of value) {
        if (!name.isWellFormed()) throw new Refusal('json-surrogate', path);
        this.visit(member, memberPath(path, name), level + 1);
      }
      return;
    }
    for (let i = 0; i < value.length; i += 1) this.visit(value[i], elementPath(path, i), level + 1);
  }

  depthPath(path) {
    return this.grammar.unfit || hasHalfEscape(this.grammar.bytes) ? path : '$';
  }
}

/** @param {Uint8Array} bytes @returns {Buffer} */
function asBuffer(bytes) {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Reads any JSON value, strictly.
 * @param {Uint8Array} input
 * @returns {any}
 * @throws {Refusal} json-…
 */
export function parse(input) {
  const bytes = asBuffer(input);
  checkBytes(bytes);
  const grammar = new Grammar(bytes, { keep: MAX_LEVELS + 1 });
  const value = grammar.read();
  if (grammar.unfit || grammar.halves || grammar.deepest > MAX_LEVELS) {
    new Walk(grammar, MAX_LEVELS).visit(value, '$', 1);
  }
  return value;
}

/**
 * Reads a JSON object, strictly.
 * @param {Uint8Array} input
 * @returns {Map<string, any>}
 * @throws {Refusal} json-…
 */
export function parseObject(input) {
  const value = parse(input);
  if (!isObject(value)) throw new Refusal('json-not-an-object', '$');
  return value;
}

/**
 * Reads a line of a feed: numbers of any kind are passed over (as 0), and so is nesting up to 201 levels (14.2).
 * @param {Uint8Array} input
 * @returns {Map<string, any>}
 * @throws {Refusal} json-…
 */
export function parseFeedLine(input) {
  const bytes = asBuffer(input);
  checkBytes(bytes);
  const grammar = new Grammar(bytes, { keep: MAX_FEED_LEVELS + 1, feed: true });
  const value = grammar.read();
  let well = isObject(value) && !grammar.unfit && grammar.deepest <= MAX_FEED_LEVELS;
  if (well && grammar.halves) {
    try {
      new Walk(grammar, MAX_FEED_LEVELS).visit(value, '$', 1);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      well = false;
    }
  }
  return well ? value : parseObject(bytes);
}

/**
 * Reads JSON that is no document, a request of the protocol: no limits, halves of pairs stay, numbers that no document
 * may have are UnfitNumber objects.
 * @param {Buffer} bytes
 * @param {(key: string, bytes: Buffer) => any} decode may take a member's plain string as bytes, or give undefined
 * @returns {any}
 */
export function parseRequest(bytes, decode) {
  return new Grammar(bytes, { keep: Infinity, decode }).read();
}
