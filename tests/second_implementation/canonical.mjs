/** Canonical JSON (format 1.1, RFC 8785) and the digests that are made of it (2.1). */
import { createHash } from 'node:crypto';

/** Pieces are joined when they are this many: arrays of many millions of texts take too much room. */
const PIECES = 100_000;

class Writer {
  constructor() {
    this.text = '';
    this.pieces = [];
  }

  push(piece) {
    this.pieces.push(piece);
    if (this.pieces.length > PIECES) this.flush();
  }

  flush() {
    this.text += this.pieces.join('');
    this.pieces = [];
  }

  write(value) {
    if (value instanceof Map) {
      this.object(value);
    } else if (Array.isArray(value)) {
      this.push('[');
      for (let i = 0; i < value.length; i += 1) {
        if (i > 0) this.push(',');
        this.write(value[i]);
      }
      this.push(']');
    } else if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new TypeError(`no canonical form: ${value}`);
    } else if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
      // For these, what JSON.stringify writes is what RFC 8785 asks for; it was modelled on it.
      this.push(JSON.stringify(value));
    } else {
      throw new TypeError(`no canonical form: ${typeof value}`);
    }
  }

  object(value) {
    this.push('{');
    let first = true;
    for (const name of [...value.keys()].sort()) {
      this.push(`${first ? '' : ','}${JSON.stringify(name)}:`);
      first = false;
      this.write(value.get(name));
    }
    this.push('}');
  }
}

/**
 * The canonical form of a value, as text.
 * @param {any} value
 * @returns {string}
 */
export function canonicalString(value) {
  const writer = new Writer();
  writer.write(value);
  writer.flush();
  return writer.text;
}

/**
 * The canonical form of a value, as bytes.
 * @param {any} value
 * @returns {Buffer}
 */
export function canonicalBytes(value) {
  return Buffer.from(canonicalString(value), 'utf8');
}

/** @param {Uint8Array | string} bytes a text is taken in UTF-8 @returns {Buffer} */
export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest();
}

/** @param {Uint8Array | string} bytes a text is taken in UTF-8 @returns {string} */
export function sha256Hex(bytes) {
  return sha256(bytes).toString('hex');
}

/**
 * A copy of an object without some of its members.
 * @param {Map<string, any>} value
 * @param {...string} names
 * @returns {Map<string, any>}
 */
export function without(value, ...names) {
  return new Map([...value].filter(([name]) => !names.includes(name)));
}

/**
 * The digest of a value: SHA-256 of its canonical form, in hexadecimal, some members left out at the top.
 * @param {any} value
 * @param {...string} leftOut
 * @returns {string}
 */
export function digestOf(value, ...leftOut) {
  return sha256Hex(canonicalBytes(leftOut.length ? without(value, ...leftOut) : value));
}

/** Whether two values are canonically the same. @param {any} a @param {any} b @returns {boolean} */
export function equal(a, b) {
  return canonicalString(a) === canonicalString(b);
}
