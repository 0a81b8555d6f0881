/** Strict base64, base32, base58btc and hexadecimal (format 1.4): one spelling for each sequence of bytes. */
import { Refusal } from './refusal.mjs';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/**
 * @param {string} text
 * @param {number} [length] how many bytes it must be
 * @returns {Buffer}
 * @throws {Refusal} base64-format, base64-length
 */
export function decodeBase64(text, length) {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Refusal('base64-format');
  if (length !== undefined && bytes.length !== length) throw new Refusal('base64-length');
  return bytes;
}

/**
 * base64url without padding (RFC 7515).
 * @param {string} text
 * @returns {Buffer | null} null where it is not that
 */
export function decodeBase64Url(text) {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}

/** @param {Uint8Array} bytes @returns {string} base32 without padding */
export function encodeBase32(bytes) {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(held >> bits) & 31];
    }
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text;
}

/**
 * @param {string} text
 * @returns {Buffer}
 * @throws {Refusal} base32-format
 */
export function decodeBase32(text) {
  const bytes = [];
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    const value = BASE32.indexOf(letter);
    if (value < 0) throw new Refusal('base32-format');
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 255);
    }
  }
  const decoded = Buffer.from(bytes);
  if (encodeBase32(decoded) !== text) throw new Refusal('base32-format');
  return decoded;
}

/** @param {Uint8Array} bytes @returns {string} */
export function encodeBase58(bytes) {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros += 1;
  let number = BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
  let text = '';
  while (number > 0n) {
    text = BASE58[Number(number % 58n)] + text;
    number /= 58n;
  }
  return '1'.repeat(zeros) + text;
}

/**
 * @param {string} text
 * @returns {Buffer}
 * @throws {Refusal} base58-format
 */
export function decodeBase58(text) {
  let number = 0n;
  for (const letter of text) {
    const value = BASE58.indexOf(letter);
    if (value < 0) throw new Refusal('base58-format');
    number = number * 58n + BigInt(value);
  }
  let zeros = 0;
  while (text[zeros] === '1') zeros += 1;
  const hex = number === 0n ? '' : number.toString(16);
  return Buffer.concat([Buffer.alloc(zeros), Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')]);
}

/** @param {Uint8Array} bytes @returns {string} */
export function encodeBase64(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Hexadecimal of the protocol. @param {string} text @returns {Buffer | null} null where it is not that */
export function decodeHex(text) {
  return /^([0-9a-fA-F]{2})*$/.test(text) ? Buffer.from(text, 'hex') : null;
}
