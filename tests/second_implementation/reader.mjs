/** Typed members of documents (format 1.2.2). */
import { Refusal } from './refusal.mjs';
import { elementPath, memberPath } from './paths.mjs';
import { decodeBase64 } from './encoding.mjs';
import { isInstant, isMicrosecond, isSecond } from './times.mjs';
import { isBlank } from './text.mjs';
import { isPithNumber } from './number.mjs';

const DIGEST = /^[0-9a-f]{64}$/;
const ADDRESS = /^https?:\/\/[0-9A-Za-z[][!-~]*$/;

function isStrictBase64(text) {
  try {
    return decodeBase64(text).length > 0;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/**
 * Reads the members of one object. Every method gives the member's value, or throws a Refusal with the member's path.
 *
 *     const reader = Reader.of(value, '$');        // field-type at $ if it is no object
 *     reader.text('kind');
 *     reader.integer('version', 1);
 *     reader.nullable('rotates_at', 'instant');     // null, or reader.instant('rotates_at')
 *     const record = reader.object('canonical_record');   // a Reader
 *     for (const event of reader.objects('events')) …     // Readers
 */
export class Reader {
  /**
   * @param {Map<string, any>} value
   * @param {string} path
   */
  constructor(value, path) {
    this.value = value;
    this.path = path;
  }

  /** @param {any} value @param {string} path @returns {Reader} */
  static of(value, path) {
    if (!(value instanceof Map)) throw new Refusal('field-type', path);
    return new Reader(value, path);
  }

  /** The path of a member. @param {string} name @returns {string} */
  at(name) {
    return memberPath(this.path, name);
  }

  /** @param {string} name @returns {boolean} */
  has(name) {
    return this.value.has(name);
  }

  /** A member of any type, which must be there. @param {string} name @returns {any} */
  any(name) {
    if (!this.value.has(name)) throw new Refusal('field-missing', this.at(name));
    return this.value.get(name);
  }

  /**
   * A member that is null, or what another method of this class reads.
   * @param {string} name
   * @param {string} method name of the method, 'text' for instance
   * @param {...any} rest its further arguments
   */
  nullable(name, method, ...rest) {
    return this.any(name) === null ? null : this[method](name, ...rest);
  }

  /** @param {string} name @returns {string} */
  text(name) {
    const value = this.any(name);
    if (typeof value !== 'string') throw new Refusal('field-type', this.at(name));
    return value;
  }

  /** @param {string} name @returns {boolean} */
  boolean(name) {
    const value = this.any(name);
    if (typeof value !== 'boolean') throw new Refusal('field-type', this.at(name));
    return value;
  }

  /** @param {string} name @param {number} least @returns {number} */
  integer(name, least) {
    const value = this.any(name);
    if (typeof value !== 'number') throw new Refusal('field-type', this.at(name));
    if (value < least) throw new Refusal('field-format', this.at(name));
    return value;
  }

  /** A text that a test accepts. @param {string} name @param {(text: string) => boolean} test @returns {string} */
  spelt(name, test) {
    const value = this.text(name);
    if (!test(value)) throw new Refusal('field-format', this.at(name));
    return value;
  }

  /** @param {string} name @returns {string} */
  digest(name) {
    return this.spelt(name, (text) => DIGEST.test(text));
  }

  /** @param {string} name @returns {string} */
  second(name) {
    return this.spelt(name, isSecond);
  }

  /** @param {string} name @returns {string} */
  microsecond(name) {
    return this.spelt(name, isMicrosecond);
  }

  /** A second or a microsecond. @param {string} name @returns {string} */
  instant(name) {
    return this.spelt(name, isInstant);
  }

  /** @param {string} name @returns {string} */
  pithNumber(name) {
    return this.spelt(name, isPithNumber);
  }

  /** @param {string} name @param {string[]} words @returns {string} */
  oneOf(name, words) {
    return this.spelt(name, (text) => words.includes(text));
  }

  /** @param {string} name @returns {string} */
  notBlank(name) {
    const value = this.text(name);
    if (isBlank(value)) throw new Refusal('field-empty', this.at(name));
    return value;
  }

  /** Strict base64 of at least one byte, as text. @param {string} name @returns {string} */
  base64(name) {
    return this.spelt(name, isStrictBase64);
  }

  /** @param {string} name @returns {string} */
  address(name) {
    return this.spelt(name, (text) => ADDRESS.test(text));
  }

  /** An array of anything. @param {string} name @returns {any[]} */
  array(name) {
    const value = this.any(name);
    if (!Array.isArray(value)) throw new Refusal('field-type', this.at(name));
    return value;
  }

  /** @param {string} name @returns {string[]} */
  texts(name) {
    const value = this.array(name);
    value.forEach((element, i) => {
      if (typeof element !== 'string') throw new Refusal('field-type', elementPath(this.at(name), i));
    });
    return value;
  }

  /** @param {string} name @returns {Reader} */
  object(name) {
    return Reader.of(this.any(name), this.at(name));
  }

  /**
   * An array of objects: readers of its elements, one after the other, so that each is read before the next is looked
   * at. Use it in a `for … of`; the array itself is checked at once.
   * @param {string} name
   * @returns {Iterable<Reader>}
   */
  objects(name) {
    const value = this.array(name);
    const path = this.at(name);
    return (function* readers() {
      for (let i = 0; i < value.length; i += 1) yield Reader.of(value[i], elementPath(path, i));
    })();
  }
}
