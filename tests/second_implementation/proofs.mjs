/** Making a proof of a credential (format 18.7). */
import { sign } from 'node:crypto';
import { canonicalBytes, sha256, UnfitNumber, isArray, isObject, parseRequest, without } from './json.mjs';
import { encodeBase58 } from './encoding.mjs';
import { elementPath, memberPath } from './paths.mjs';
import { Refusal } from './refusal.mjs';
import { isSecond } from './times.mjs';
import { writeMultikey } from './keyformats.mjs';
import { privateKeyOfSeed, publicKeyOfSeed } from './private_keys.mjs';

/** Refuses what has no canonical form. */
function checkValue(value, path) {
  if (value instanceof UnfitNumber) throw new Refusal('credential-number', path);
  if (typeof value === 'string' && !value.isWellFormed()) throw new Refusal('credential-value', path);
  if (isArray(value)) value.forEach((element, i) => checkValue(element, elementPath(path, i)));
  if (!isObject(value)) return;
  for (const [name, member] of value) {
    if (!name.isWellFormed()) throw new Refusal('credential-value', path);
    checkValue(member, memberPath(path, name));
  }
}

/** Whether a verification method names the key that signs. */
function isMethodOf(method, key, keyId) {
  const multikey = writeMultikey(key);
  if (method === `did:key:${multikey}#${multikey}`) return true;
  return method.startsWith('did:web:') && method.slice(method.indexOf('#') + 1) === keyId && method.includes('#');
}

/**
 * Adds a proof to a document.
 * @param {{document: Buffer, seed: string, key_id: string, method: string, created: string}} input
 * @returns {{document: Buffer}}
 * @throws {Refusal} credential-…
 */
export function signCredential({ document: bytes, seed: hex, key_id: keyId, method, created }) {
  const document = parseRequest(bytes);
  if (!isObject(document)) throw new Refusal('json-not-an-object', '$');
  const seed = Buffer.from(hex, 'hex');
  if (document.has('proof')) throw new Refusal('credential-has-proof', '$.proof');
  if (!isSecond(created)) throw new Refusal('credential-created', 'created');
  if (!isMethodOf(method, publicKeyOfSeed(seed), keyId)) {
    throw new Refusal('credential-method', 'verificationMethod');
  }
  checkValue(document, '$');
  const proof = new Map([
    ['type', 'DataIntegrityProof'],
    ['cryptosuite', 'eddsa-jcs-2022'],
    ['created', created],
    ['verificationMethod', method],
    ['proofPurpose', 'assertionMethod'],
  ]);
  if (document.has('@context')) proof.set('@context', document.get('@context'));
  const message = Buffer.concat([proof, without(document, 'proof')].map((part) => sha256(canonicalBytes(part))));
  const signature = sign(null, message, privateKeyOfSeed(seed));
  proof.set('proofValue', `z${encodeBase58(signature)}`);
  return { document: canonicalBytes(new Map([...document, ['proof', proof]])) };
}
