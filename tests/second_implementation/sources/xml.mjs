/** A strict reader of XML with namespaces, as format 14.8 wants it: it tells elements and texts to a handler. */
import { Scanner, isSpace } from './xml_scanner.mjs';

const XML = 'http://www.w3.org/XML/1998/namespace';
const XMLNS = 'http://www.w3.org/2000/xmlns/';
const MAX_PROLOG = 262_144;
const MAX_DEPTH = 256;
const MAX_NAMES = 1000;
const MAX_TAG = 2 * 1_048_576;

/**
 * @typedef {object} Tag
 * @property {string} space its namespace, '' for none
 * @property {string} local
 * @property {Map<string, string>} attributes by local name, or {namespace}local
 * @property {Map<string, string>} namespaces in force: prefix to namespace
 * @property {number} start where `<` stands
 * @property {number} end behind `>`
 * @property {number} line of `>`
 */

/** @typedef {{open: (tag: Tag) => void, text: (text: string) => void, close: (end: number) => void}} Handler */

/** Reads one document. */
export class XmlReader {
  /**
   * @param {Buffer} bytes
   * @param {Handler} handler
   */
  constructor(bytes, handler) {
    this.scanner = new Scanner(bytes);
    this.handler = handler;
    this.names = new Set();
    /** Open elements: their names as written, and the namespaces in force. */
    this.open = [];
  }

  /** @throws {import('./xml_scanner.mjs').MarkupFault} */
  read() {
    const { scanner } = this;
    this.prolog();
    this.element();
    while (this.open.length > 0) this.content();
    this.misc();
    if (scanner.at === scanner.bytes.length - 1 && scanner.byte() === 0x3c) scanner.fail(scanner.endCode);
    if (!scanner.ended()) scanner.fail();
    if (!scanner.whole) scanner.fail(scanner.endCode);
  }

  prolog() {
    const { scanner } = this;
    try {
      if (scanner.bytes[0] === 0xef) scanner.at = 3;
      if (scanner.stands('<?xml') && isSpace(scanner.bytes[scanner.at + 5])) this.declaration();
      this.misc();
      if (scanner.byte() !== 0x3c) scanner.fail();
      if (scanner.bytes[scanner.at + 1] === 0x21) {
        scanner.literal('<!DOCTYPE');
        scanner.fail('xml-doctype');
      }
    } catch (error) {
      if (error.code !== undefined && scanner.at > MAX_PROLOG) scanner.fail('xml-prolog');
      throw error;
    }
    if (scanner.at > MAX_PROLOG) scanner.fail('xml-prolog');
  }

  declaration() {
    const { scanner } = this;
    scanner.literal('<?xml');
    const part = (name, pattern) => {
      const before = scanner.at;
      const spaced = scanner.space();
      if (scanner.byte() !== name.charCodeAt(0)) {
        scanner.at = before;
        return undefined;
      }
      if (!spaced) scanner.fail();
      scanner.literal(name);
      scanner.space();
      scanner.literal('=');
      scanner.space();
      const value = scanner.value();
      if (!pattern.test(value)) scanner.fail();
      return value;
    };
    if (part('version', /^1\.[0-9]+$/) === undefined) scanner.fail();
    const encoding = part('encoding', /^[A-Za-z][A-Za-z0-9._-]*$/);
    if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) scanner.fail('xml-encoding');
    part('standalone', /^(yes|no)$/);
    scanner.space();
    scanner.literal('?>');
  }

  /** Comments, instructions and white space outside of the root. */
  misc() {
    const { scanner } = this;
    for (;;) {
      scanner.space();
      if (scanner.ended() || scanner.bytes[scanner.at] !== 0x3c) return;
      const next = scanner.bytes[scanner.at + 1];
      if (next === 0x3f) this.instruction();
      else if (next === 0x21 && [0x2d, undefined].includes(scanner.bytes[scanner.at + 2])) this.comment();
      else return;
    }
  }

  comment() {
    const { scanner } = this;
    const start = scanner.at;
    scanner.literal('<!--');
    scanner.until('--');
    if (scanner.byte() !== 0x3e) scanner.fail();
    scanner.at += 1;
    this.checkLength(start);
  }

  instruction() {
    const { scanner } = this;
    const start = scanner.at;
    scanner.literal('<?');
    const target = scanner.name();
    if (target.includes(':') || /^xml$/i.test(target)) scanner.fail();
    if (scanner.byte() !== 0x3f && !isSpace(scanner.byte())) scanner.fail();
    if (scanner.byte() === 0x3f) scanner.literal('?>');
    else scanner.until('?>');
    this.checkLength(start);
  }

  /** A single tag, comment or instruction that is too long ends the source. */
  checkLength(start) {
    if (this.scanner.at - start > MAX_TAG && this.open.length > 0) this.scanner.fail('record-too-long');
  }

  /** What stands next inside an element: text, or one piece of markup. */
  content() {
    const { scanner } = this;
    this.characters();
    const next = scanner.bytes[scanner.at + 1];
    if (next === undefined) {
      scanner.at += 1;
      scanner.byte();
    } else if (next === 0x2f) {
      this.closing();
    } else if (next === 0x3f) {
      this.instruction();
    } else if (next === 0x21) {
      const third = scanner.bytes[scanner.at + 2];
      if (third === 0x5b) this.cdata();
      else this.comment();
    } else {
      this.element();
    }
  }

  /** Text and references up to the next `<`. */
  characters() {
    const { scanner } = this;
    let start = scanner.at;
    let text = '';
    for (let byte = scanner.byte(); byte !== 0x3c; byte = scanner.byte()) {
      if (byte === 0x26) {
        text += scanner.slice(start, scanner.at);
        text += scanner.reference();
        start = scanner.at;
        continue;
      }
      if (byte === 0x5d && scanner.stands(']]>')) scanner.fail();
      scanner.character();
    }
    text += scanner.slice(start, scanner.at);
    if (text !== '') this.handler.text(text);
  }

  cdata() {
    const { scanner } = this;
    scanner.literal('<![CDATA[');
    const start = scanner.at;
    const text = scanner.slice(start, scanner.until(']]>'));
    if (text !== '') this.handler.text(text);
  }

  closing() {
    const { scanner } = this;
    scanner.literal('</');
    const name = scanner.name();
    scanner.space();
    if (name !== this.open[this.open.length - 1].name) {
      scanner.byte();
      scanner.fail();
    }
    scanner.literal('>');
    this.open.pop();
    this.handler.close(scanner.at);
  }

  element() {
    const { scanner } = this;
    const start = scanner.at;
    scanner.literal('<');
    const name = scanner.name();
    const attributes = new Map();
    let empty = false;
    for (;;) {
      const spaced = scanner.space();
      const byte = scanner.byte();
      if (byte === 0x3e || byte === 0x2f) {
        empty = byte === 0x2f;
        scanner.literal(empty ? '/>' : '>');
        break;
      }
      if (!spaced) scanner.fail();
      const attribute = scanner.name();
      if (attributes.has(attribute)) scanner.fail();
      scanner.space();
      scanner.literal('=');
      scanner.space();
      attributes.set(attribute, scanner.value());
    }
    const tag = this.resolve(name, attributes);
    if (this.open.length >= MAX_DEPTH) scanner.fail('xml-depth');
    this.checkLength(start);
    this.open.push({ name, namespaces: tag.namespaces });
    this.handler.open({ ...tag, start, end: scanner.at, line: scanner.lineAt(scanner.at) });
    if (empty) {
      this.open.pop();
      this.handler.close(scanner.at);
    }
  }

  /** Names of a start tag with their namespaces. */
  resolve(name, pairs) {
    const above = this.open.length > 0 ? this.open[this.open.length - 1].namespaces : new Map([['xml', XML]]);
    const namespaces = this.declare(above, pairs);
    const [prefix, local] = this.split(name);
    const space = this.lookUp(namespaces, prefix);
    this.count(`{${space}}${local}`);
    const attributes = new Map();
    for (const [attribute, value] of pairs) {
      const [attributePrefix, attributeLocal] = this.split(attribute);
      if (attributePrefix === 'xmlns' || attribute === 'xmlns') continue;
      const key =
        attributePrefix === '' ? attributeLocal : `{${this.lookUp(namespaces, attributePrefix)}}${attributeLocal}`;
      if (attributes.has(key)) this.scanner.fail();
      attributes.set(key, value);
      this.count(key);
    }
    return { space, local, attributes, namespaces };
  }

  /** The namespaces in force, with those that a tag declares. */
  declare(above, pairs) {
    let namespaces = above;
    for (const [name, value] of pairs) {
      if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue;
      const prefix = name.slice(6);
      const wrong = prefix === 'xml' ? value !== XML : prefix === 'xmlns' || value === XML || value === XMLNS;
      if (wrong || (prefix !== '' && value === '')) this.scanner.fail();
      if (namespaces === above) namespaces = new Map(above);
      if (value === '') namespaces.delete('');
      else namespaces.set(prefix, value);
      this.count(value);
    }
    return namespaces;
  }

  split(name) {
    const parts = name.split(':');
    if (parts.length === 1) return ['', name];
    if (parts.length > 2 || parts.some((part) => part === '' || /^[-.0-9\xb7\u0300-\u036f\u203f\u2040]/.test(part))) {
      this.scanner.fail();
    }
    return parts;
  }

  lookUp(namespaces, prefix) {
    const space = namespaces.get(prefix);
    if (space === undefined && prefix !== '') this.scanner.fail('xml-syntax', { losesLine: true });
    return space ?? '';
  }

  count(name) {
    this.names.add(name);
    if (this.names.size > MAX_NAMES) this.scanner.fail('xml-names');
  }
}
