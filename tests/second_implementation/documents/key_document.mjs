/** Key documents: format 13.1 and 13.2, and the keys inside other documents (10.4). */
import { sha256 } from '../canonical.mjs';
import { publicKeyFault, fingerprint } from '../ed25519.mjs';
import { encodeBase32 } from '../encoding.mjs';
import { elementPath } from '../paths.mjs';
import { Refusal } from '../refusal.mjs';
import { instant, orNull, shape, text } from './shapes.mjs';
import { strictBase64 } from './signatures.mjs';

const KEY_BYTES = 32;
const FINGERPRINT_CHARACTERS = 26;

/**
 * A public key that may be used.
 *
 * @typedef {{raw: Buffer, hex: string, fingerprint: string}} Key
 */

/** Read a key document (13.1). */
export const readKeyDocument = shape({
  key_id: text,
  public_key_b64: text,
  public_key_hex: text,
  fingerprint_sha256_b32_first128bits: text,
  fingerprint_sha256_hex: text,
  rotates_at: orNull(instant),
  url: text,
  notes: text,
  algorithm: text,
  format: text,
});

/**
 * Check a key document that was read (13.2).
 *
 * @param {object} document
 * @param {string} path
 * @returns {Key}
 * @throws {Refusal} its first fault
 */
export function checkKeyDocument(document, path) {
  const check = (holds, code, member) => {
    if (!holds) throw new Refusal(code, `${path}.${member}`);
  };
  check(document.algorithm === 'ed25519', 'key-algorithm', 'algorithm');
  check(document.format === 'raw', 'key-format', 'format');
  const raw = strictBase64(document.public_key_b64, KEY_BYTES);
  check(raw !== null, 'key-encoding', 'public_key_b64');
  const key = keyOf(raw);
  const base32 = encodeBase32(sha256(raw)).slice(0, FINGERPRINT_CHARACTERS);
  check(document.public_key_hex === key.hex, 'key-encoding', 'public_key_hex');
  check(document.fingerprint_sha256_hex === key.fingerprint, 'key-fingerprint', 'fingerprint_sha256_hex');
  const member = 'fingerprint_sha256_b32_first128bits';
  check(document[member] === base32, 'key-fingerprint', member);
  const unusable = publicKeyFault(raw);
  check(unusable === null, unusable, 'public_key_b64');
  return key;
}

/**
 * The key of 32 bytes.
 *
 * @param {Buffer} raw
 * @returns {Key}
 */
export function keyOf(raw) {
  return { raw, hex: raw.toString('hex'), fingerprint: fingerprint(raw) };
}

/**
 * The keys that a document lists, without those that fail (10.4).
 *
 * @param {object[]} documents key documents that were read
 * @param {string} path the path of the array
 * @param {import('./pinning.mjs').Trust} trust
 * @returns {{faults: Refusal[], keys: Map<string, Key>}}
 */
export function listedKeys(documents, path, trust) {
  const faults = [];
  const keys = new Map();
  documents.forEach((document, index) => {
    const place = elementPath(path, index);
    const id = document.key_id;
    try {
      const key = checkKeyDocument(document, place);
      if (trust.isOther(id, key)) throw new Refusal('key-conflict', `${place}.public_key_b64`);
      if (keys.has(id)) throw new Refusal('key-conflict', `${place}.key_id`);
      keys.set(id, key);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      faults.push(error);
    }
  });
  return { faults, keys };
}
