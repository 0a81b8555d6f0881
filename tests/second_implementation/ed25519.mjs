/** Ed25519 as format 2.3 asks: which keys may be used, and which signatures are good. */
import { createPublicKey, verify as cryptoVerify } from 'node:crypto';
import { Refusal } from './refusal.mjs';
import { sha256 } from './canonical.mjs';

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const Y8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL_ORDER = [0n, 1n, P - 1n, Y8, P - Y8];
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function modulo(number) {
  const rest = number % P;
  return rest < 0n ? rest + P : rest;
}

function power(base, exponent) {
  let result = 1n;
  let square = modulo(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

const inverse = (number) => power(number, P - 2n);
const D = modulo(-121665n * inverse(121666n));

function littleEndian(bytes) {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}

/**
 * The reason for which 32 bytes must not be used as a public key.
 * @param {Uint8Array} key
 * @returns {string | null} a code, or null for a good key
 */
export function publicKeyFault(key) {
  if (key.length !== 32) return 'key-length';
  const y = littleEndian(key) & (2n ** 255n - 1n);
  if (y >= P) return 'key-not-canonical';
  if (SMALL_ORDER.includes(y)) return 'key-small-order';
  const square = (y * y) % P;
  const quotient = modulo((square - 1n) * inverse(D * square + 1n));
  return power(quotient, (P - 1n) / 2n) === 1n ? null : 'key-not-on-curve';
}

/**
 * @param {Uint8Array} key
 * @param {string} [path]
 * @throws {Refusal} key-length, key-not-canonical, key-small-order, key-not-on-curve
 */
export function checkPublicKey(key, path = '') {
  const code = publicKeyFault(key);
  if (code !== null) throw new Refusal(code, path);
}

/** The fingerprint of a key. @param {Uint8Array} key @returns {string} */
export function fingerprint(key) {
  return sha256(key).toString('hex', 0, 16);
}

/**
 * Whether a signature is good. OpenSSL, which node:crypto asks, makes exactly the check of 2.3, without the cofactor
 * and with R compared as bytes; S is looked at here too, lest that should ever change.
 * @param {Uint8Array} key 32 bytes that have passed `publicKeyFault`
 * @param {Uint8Array} message
 * @param {Uint8Array} signature
 * @returns {boolean}
 */
export function verify(key, message, signature) {
  if (key.length !== 32 || signature.length !== 64) return false;
  if (littleEndian(signature.subarray(32)) >= L) return false;
  const der = Buffer.concat([SPKI_PREFIX, key]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return cryptoVerify(null, message, publicKey, signature);
}
