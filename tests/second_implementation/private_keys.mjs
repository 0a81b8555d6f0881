/** Private keys in other people's files (format 16.6). */
import { createDecipheriv, createPrivateKey, createPublicKey } from 'node:crypto';
import { bcryptPbkdf } from './bcrypt.mjs';
import { checkJwkKind, openSshBlob, readJwkBytes } from './keyformats.mjs';
import { checkPublicKey } from './ed25519.mjs';
import { isArray, isObject, parseObject } from './json.mjs';
import { Refusal, Unsupported } from './refusal.mjs';

const MAX_SIZE = 65_536;
const MAX_PASSPHRASE = 1023;
const SEED_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SSH_CIPHERS = {
  'aes128-ctr': 16,
  'aes192-ctr': 24,
  'aes256-ctr': 32,
  'aes128-cbc': 16,
  'aes192-cbc': 24,
  'aes256-cbc': 32,
};
const MAX_ROUNDS = 4096;
const SSH_MAGIC = 'openssh-key-v1\0';

/**
 * The private key of a seed.
 * @param {Uint8Array} seed
 * @returns {import('node:crypto').KeyObject}
 * @throws {Refusal} key-length
 */
export function privateKeyOfSeed(seed) {
  if (seed.length !== 32) throw new Refusal('key-length');
  return createPrivateKey({ key: Buffer.concat([SEED_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

/** The public key of a seed. @param {Uint8Array} seed @returns {Buffer} @throws {Refusal} key-length */
export function publicKeyOfSeed(seed) {
  return rawPublic(privateKeyOfSeed(seed));
}

function rawPublic(privateKey) {
  return Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x, 'base64url');
}

function importJwk(data, passphrase) {
  let jwk;
  try {
    jwk = parseObject(data);
  } catch (error) {
    throw error instanceof Refusal ? new Refusal('jwk-syntax') : error;
  }
  let path = '$';
  if (jwk.has('keys') && !jwk.has('kty')) {
    const keys = jwk.get('keys');
    if (!isArray(keys)) throw new Refusal('jwk-field', '$.keys');
    if (keys.length !== 1) throw new Refusal('jwks-one-key', '$.keys');
    [jwk] = keys;
    path = '$.keys[0]';
    if (!isObject(jwk)) throw new Refusal('jwk-field', path);
  }
  checkJwkKind(jwk, path);
  const stated = readJwkBytes(jwk, 'x', path);
  if (!jwk.has('d')) throw new Refusal('jwk-public-only', `${path}.d`);
  const key = publicKeyOfSeed(readJwkBytes(jwk, 'd', path));
  if (!key.equals(stated)) throw new Refusal('jwk-mismatch', `${path}.x`);
  if (passphrase !== undefined) throw new Refusal('passphrase-not-needed');
  return key;
}

/** Refuses a passphrase that no format takes. @param {string} passphrase @throws {Refusal} passphrase-too-long */
export function checkPassphraseLength(passphrase) {
  if (Buffer.byteLength(passphrase) > MAX_PASSPHRASE) throw new Refusal('passphrase-too-long');
}

function checkPassphrase(encrypted, passphrase) {
  if (encrypted && passphrase === undefined) throw new Refusal('passphrase-needed');
  if (!encrypted && passphrase !== undefined) throw new Refusal('passphrase-not-needed');
  if (passphrase !== undefined) checkPassphraseLength(passphrase);
}

/** The bytes of a PEM part; white space in it is passed over. */
function bodyOf(text) {
  const body = text.replace(/[\t\n\v\f\r ]/g, '');
  const bytes = Buffer.from(body, 'base64');
  return bytes.toString('base64') === body ? bytes : null;
}

function importPkcs8(der, encrypted, passphrase) {
  const damaged = encrypted ? 'passphrase-wrong' : 'key-file-format';
  if (der === null) throw new Refusal(damaged);
  let key;
  try {
    key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8', ...(encrypted && { passphrase }) });
  } catch {
    throw new Refusal(damaged);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new Refusal('key-algorithm');
  return rawPublic(key);
}

/** Reads the fields of OpenSSH's own format. */
class SshReader {
  constructor(bytes, fault) {
    this.bytes = bytes;
    this.fault = fault;
    this.at = 0;
  }

  need(count) {
    if (this.at + count > this.bytes.length) throw new Refusal(this.fault);
    this.at += count;
    return this.at - count;
  }

  integer() {
    return this.bytes.readUInt32BE(this.need(4));
  }

  string() {
    const length = this.integer();
    const start = this.need(length);
    return this.bytes.subarray(start, start + length);
  }
}

function importOpenSsh(bytes, passphrase) {
  if (bytes === null || !bytes.toString('latin1').startsWith(SSH_MAGIC)) {
    throw new Refusal(passphrase === undefined ? 'key-file-format' : 'passphrase-wrong');
  }
  const reader = new SshReader(bytes.subarray(SSH_MAGIC.length), 'key-file-format');
  const cipher = reader.string().toString('latin1');
  const encrypted = cipher !== 'none';
  const derivation = reader.string().toString('latin1');
  const options = reader.string();
  checkPassphrase(encrypted, passphrase);
  if (!encrypted) return openSshKeys(reader, (content) => content);
  if (!Object.hasOwn(SSH_CIPHERS, cipher) || derivation !== 'bcrypt') throw new Unsupported(cipher);
  try {
    return openSshKeys(reader, (content) => decryptOpenSsh(content, cipher, options, passphrase));
  } catch (error) {
    const damaged = error instanceof Refusal && ['private-key-damaged', 'key-file-format'].includes(error.code);
    throw damaged ? new Refusal('passphrase-wrong') : error;
  }
}

function decryptOpenSsh(content, cipher, options, passphrase) {
  const reader = new SshReader(options, 'private-key-damaged');
  const salt = reader.string();
  const rounds = reader.integer();
  if (rounds < 1 || rounds > MAX_ROUNDS || content.length % 16 !== 0) throw new Refusal('private-key-damaged');
  const length = SSH_CIPHERS[cipher];
  const secret = bcryptPbkdf(Buffer.from(passphrase), salt, rounds, length + 16);
  const name = cipher.replace(/^aes(\d+)/, 'aes-$1');
  const decipher = createDecipheriv(name, secret.subarray(0, length), secret.subarray(length));
  decipher.setAutoPadding(false);
  return Buffer.concat([decipher.update(content), decipher.final()]);
}

/** The one key of a file. */
function openSshKeys(reader, decrypt) {
  if (reader.integer() !== 1) throw new Refusal('key-file-format');
  const stated = reader.string();
  return openSshKey(new SshReader(decrypt(reader.string()), 'private-key-damaged'), stated);
}

/** The key inside, and whether the public part in the clear is that of this key. */
function openSshKey(inside, stated) {
  if (inside.integer() !== inside.integer()) throw new Refusal('private-key-damaged');
  const type = inside.string();
  if (type.toString('latin1') !== 'ssh-ed25519') throw new Refusal('key-algorithm');
  const halves = [inside.string(), inside.string()];
  inside.string();
  const padding = inside.bytes.subarray(inside.at);
  if (padding.some((byte, i) => byte !== i + 1)) throw new Refusal('private-key-damaged');
  if (halves[0].length !== 32 || halves[1].length !== 64) throw new Refusal('private-key-damaged');
  const key = publicKeyOfSeed(halves[1].subarray(0, 32));
  if (!stated.equals(openSshBlob(key))) throw new Refusal('private-key-mismatch');
  if (!key.equals(halves[0]) || !key.equals(halves[1].subarray(32))) throw new Refusal('private-key-damaged');
  return key;
}

function importPem(data, passphrase) {
  const text = data.toString('latin1');
  const begins = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)];
  if (begins.length === 0) {
    const isPublicLine = /^[\t-\r ]*(?:ssh-|ecdsa-|sk-)\S* AAAA/.test(text);
    throw new Refusal(isPublicLine ? 'private-key-kind' : 'private-key-unknown');
  }
  if (begins.length > 1) throw new Refusal('private-key-several');
  const [[marker, label]] = begins;
  if (/^(RSA|DSA|EC|ANY) PRIVATE KEY$/.test(label)) throw new Refusal('key-algorithm');
  if (!['PRIVATE KEY', 'ENCRYPTED PRIVATE KEY', 'OPENSSH PRIVATE KEY'].includes(label)) {
    throw new Refusal('private-key-kind');
  }
  const start = begins[0].index + marker.length;
  const end = text.indexOf(`-----END ${label}-----`, start);
  if (end < 0) throw new Refusal('private-key-truncated');
  const body = bodyOf(text.slice(start, end));
  if (label === 'OPENSSH PRIVATE KEY') return importOpenSsh(body, passphrase);
  const encrypted = label === 'ENCRYPTED PRIVATE KEY';
  checkPassphrase(encrypted, passphrase);
  return importPkcs8(body, encrypted, passphrase);
}

/**
 * Reads somebody else's private key.
 * @param {Buffer} data
 * @param {string | Buffer} [passphrase]
 * @returns {Buffer} the public key of the seed
 * @throws {Refusal}
 */
export function importPrivate(data, passphrase) {
  if (data.length > MAX_SIZE) throw new Refusal('private-key-size');
  const isJwk = /^[\t-\r ]*\{/.test(data.toString('latin1'));
  const key = isJwk ? importJwk(data, passphrase) : importPem(data, passphrase);
  checkPublicKey(key);
  return key;
}
