/** Bytes of an XML document, and the tokens below the level of elements: names, references, quoted values. */
import { firstIllFormed } from '../json.mjs';
import { Refusal } from '../refusal.mjs';

const MAX_NAME = 50_000;
const NAME_START =
  ':A-Z_a-z\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f' +
  '\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const NAME = new RegExp(`^[${NAME_START}][${NAME_START}.0-9\\xb7\\u0300-\\u036f\\u203f\\u2040-]*$`, 'u');
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** A fault of the markup, which ends the document; `end` is where it was noticed. */
export class MarkupFault extends Refusal {
  constructor(code, line, { losesLine = false } = {}) {
    super(code);
    this.line = line;
    /** Records that end on the same line are lost, too. */
    this.losesLine = losesLine;
  }
}

/** Whether a code point is a character of XML. */
function isCharacter(point) {
  if (point < 0x20) return point === 9 || point === 10 || point === 13;
  return point <= 0xd7ff || (point >= 0xe000 && point <= 0xfffd) || (point >= 0x10000 && point <= 0x10ffff);
}

export const isSpace = (byte) => byte === 0x20 || byte === 9 || byte === 10 || byte === 13;

/** Whether a byte may be part of a name; those beyond ASCII are looked at later, as characters. */
function isNameByte(byte) {
  return (
    byte >= 0x80 ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x2d && byte <= 0x3a && byte !== 0x2f) ||
    byte === 0x5f
  );
}

/** Reads bytes; whatever is wrong is thrown as a MarkupFault. */
export class Scanner {
  /** @param {Buffer} bytes */
  constructor(bytes) {
    const illFormed = firstIllFormed(bytes);
    this.bytes = illFormed < 0 ? bytes : bytes.subarray(0, illFormed);
    this.endCode = illFormed < 0 || isUnfinished(bytes.subarray(illFormed)) ? 'xml-truncated' : 'xml-syntax';
    /** Whether all bytes are there: a document cannot end well before ones that are not UTF-8. */
    this.whole = illFormed < 0;
    this.at = 0;
    this.counted = 0;
    this.line = 1;
  }

  /** The line of a place, which must not be in front of one that was asked for before. */
  lineAt(place) {
    for (let i = this.bytes.indexOf(10, this.counted); i >= 0 && i < place; i = this.bytes.indexOf(10, i + 1)) {
      this.line += 1;
      this.counted = i + 1;
    }
    return this.line;
  }

  fail(code = 'xml-syntax', options = {}) {
    throw new MarkupFault(code, this.lineAt(this.at), options);
  }

  ended() {
    return this.at >= this.bytes.length;
  }

  /** The byte at hand; there must be one. */
  byte() {
    if (this.ended()) this.fail(this.endCode);
    return this.bytes[this.at];
  }

  take() {
    const byte = this.byte();
    this.at += 1;
    return byte;
  }

  /** Whether a text of ASCII stands at a place. */
  stands(text, at = this.at) {
    return at + text.length <= this.bytes.length && this.bytes.latin1Slice(at, at + text.length) === text;
  }

  /** Passes a literal over, byte by byte. */
  literal(text) {
    for (let i = 0; i < text.length; i += 1) {
      if (this.byte() !== text.charCodeAt(i)) this.fail();
      this.at += 1;
    }
  }

  /** Passes white space over, and tells whether there was any. */
  space() {
    const start = this.at;
    while (isSpace(this.bytes[this.at])) this.at += 1;
    return this.at > start;
  }

  /** Checks that the byte at hand does not begin a character that XML does not have, and passes it over. */
  character() {
    const byte = this.byte();
    if (byte < 0x20 && !isSpace(byte)) this.fail();
    if (byte === 0xef && this.bytes[this.at + 1] === 0xbf && this.bytes[this.at + 2] >= 0xbe) this.fail();
    this.at += 1;
  }

  /** Text of some bytes, with line ends as XML has them. */
  slice(start, end) {
    return this.bytes.utf8Slice(start, end).replace(/\r\n?/g, '\n');
  }

  /** A name, colons included. */
  name() {
    const start = this.at;
    const first = this.byte();
    if (!isNameByte(first) || (first >= 0x2d && first <= 0x39)) this.fail();
    while (isNameByte(this.byte())) {
      this.at += 1;
      if (this.at - start > 4 * MAX_NAME) this.fail('xml-depth');
    }
    const name = this.bytes.utf8Slice(start, this.at);
    if (!NAME.test(name)) this.fail();
    if (name.length > MAX_NAME && Array.from(name).length > MAX_NAME) this.fail('xml-depth');
    return name;
  }

  /** What a reference stands for; the `&` is at hand. */
  reference() {
    this.literal('&');
    if (this.byte() !== 0x23) {
      const name = this.name();
      this.literal(';');
      if (!Object.hasOwn(ENTITIES, name)) this.fail();
      return ENTITIES[name];
    }
    this.at += 1;
    let base = 10;
    if (this.byte() === 0x78) {
      base = 16;
      this.at += 1;
    }
    let point = 0;
    let digits = 0;
    for (let byte = this.take(); byte !== 0x3b; byte = this.take()) {
      const digit = parseInt(String.fromCharCode(byte), base);
      if (Number.isNaN(digit)) this.fail();
      point = Math.min(point * base + digit, 0x110000);
      digits += 1;
    }
    if (digits === 0 || !isCharacter(point)) this.fail();
    return String.fromCodePoint(point);
  }

  /** The quoted value of an attribute, normalized. */
  value() {
    const quote = this.take();
    if (quote !== 0x22 && quote !== 0x27) this.fail();
    let text = '';
    let start = this.at;
    const flush = () => this.slice(start, this.at).replace(/[\t\n]/g, ' ');
    for (let byte = this.byte(); byte !== quote; byte = this.byte()) {
      if (byte === 0x3c) this.fail();
      if (byte === 0x26) {
        text += flush();
        text += this.reference();
        start = this.at;
      } else {
        this.character();
      }
    }
    text += flush();
    this.at += 1;
    return text;
  }

  /** Passes characters over up to a terminator, which is passed over, too; gives the place where it began. */
  until(terminator) {
    const first = terminator.charCodeAt(0);
    for (;;) {
      if (this.byte() === first && this.stands(terminator)) {
        const end = this.at;
        this.at += terminator.length;
        return end;
      }
      this.character();
    }
  }
}

/** Whether bytes that are no UTF-8 are the beginning of a character that ends too early. */
function isUnfinished(bytes) {
  if (bytes.length > 3) return false;
  return [
    [0x80],
    [0xbf],
    [0x80, 0x80],
    [0xbf, 0xbf],
    [0x80, 0x80, 0x80],
    [0xbf, 0xbf, 0xbf],
    [0x9f, 0x80],
    [0x8f, 0x80, 0x80],
  ].some((rest) => firstIllFormed(Buffer.concat([bytes, Buffer.from(rest)])) < 0);
}
