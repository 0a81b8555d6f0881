/** What a signature says of itself, and whether it is good: format 2.4. */
import { verify } from '../ed25519.mjs';
import { decodeBase64 } from '../encoding.mjs';
import { Refusal } from '../refusal.mjs';
import { microsecond, shape, text } from './shapes.mjs';

const SIGNATURE_BYTES = 64;

/** The signature of an event or a statement, in reading order (7.1). */
export const SIGNATURE_MEMBERS = {
  key_id: text,
  public_key_fingerprint: text,
  signature_b64: text,
  signed_message: text,
  signed_at: microsecond,
  algorithm: text,
  signature_status: text,
};

/** Read such a signature. */
export const readSignature = shape(SIGNATURE_MEMBERS);

/**
 * Check one signature; only its first fault is found.
 *
 * @param {object} members the object that holds the seven members
 * @param {string} path the path of that object
 * @param {string} message the name that `signed_message` must have
 * @param {Buffer} digest the 32 bytes that are signed, recomputed
 * @param {Map<string, import('./key_document.mjs').Key>} keys the keys that are known here, by id
 * @returns {{fault: Refusal, key: null} | {fault: null, key: import('./key_document.mjs').Key}} the fault, or the key
 *   under which the signature is good
 */
export function checkSignature(members, path, message, digest, keys) {
  const faulty = (code, member) => ({ fault: new Refusal(code, `${path}.${member}`), key: null });
  if (members.algorithm !== 'ed25519') return faulty('signature-algorithm', 'algorithm');
  if (members.signature_status !== 'signed_v1') return faulty('signature-status', 'signature_status');
  if (members.signed_message !== message) return faulty('signature-message', 'signed_message');
  const signature = strictBase64(members.signature_b64, SIGNATURE_BYTES);
  if (signature === null) return faulty('signature-encoding', 'signature_b64');
  const key = keys.get(members.key_id);
  if (key === undefined) return faulty('signature-key', 'key_id');
  if (members.public_key_fingerprint !== key.fingerprint) {
    return faulty('signature-fingerprint', 'public_key_fingerprint');
  }
  if (!verify(key.raw, digest, signature)) return faulty('signature', 'signature_b64');
  return { fault: null, key };
}

/**
 * The bytes of strict base64 of one length, or null where a text is not that.
 *
 * @param {string} spelt
 * @param {number} length
 * @returns {?Buffer}
 */
export function strictBase64(spelt, length) {
  try {
    return decodeBase64(spelt, length);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
