/** Public keys in the formats of others (format 16.1 to 16.5). */
import { decodeBase58, decodeBase64, decodeBase64Url, encodeBase58 } from './encoding.mjs';
import { checkPublicKey } from './ed25519.mjs';
import { elementPath, isArray, isObject, memberPath, parseObject, sha256 } from './json.mjs';
import { Refusal } from './refusal.mjs';
import { ONE_SPACE } from './text.mjs';

const SSH_TYPE = 'ssh-ed25519';
const SSH_HEAD = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from(SSH_TYPE), Buffer.from([0, 0, 0, 32])]);
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*(?![0-9]+$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const PORT = /^[1-9][0-9]{0,4}$/;

/** Runs a decoder whose refusal stands for something else here. */
function decoded(decode, code, path = '') {
  try {
    return decode();
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(code, path) : error;
  }
}

function checked(key) {
  checkPublicKey(key);
  return key;
}

/** @param {string} text @returns {boolean} whether every character can be printed; a blank can */
function isPrintable(text) {
  return !/[\p{C}\p{Z}]/u.test(text.replaceAll(' ', ''));
}

/**
 * @param {string} text
 * @returns {Buffer} the 32 bytes
 * @throws {Refusal} multikey-encoding, multikey-algorithm, key-…
 */
export function readMultikey(text) {
  if (!text.startsWith('z') || text.length > 128) throw new Refusal('multikey-encoding');
  const bytes = decoded(() => decodeBase58(text.slice(1)), 'multikey-encoding');
  if (bytes[0] !== 0xed || bytes[1] !== 0x01) throw new Refusal('multikey-algorithm');
  return checked(bytes.subarray(2));
}

/** @param {Uint8Array} key @returns {string} */
export function writeMultikey(key) {
  return `z${encodeBase58(Buffer.concat([Buffer.from([0xed, 0x01]), key]))}`;
}

/** @param {string} text `did:key:…` @returns {Buffer} @throws {Refusal} did-key-format and as readMultikey */
export function readDidKey(text) {
  if (!text.startsWith('did:key:') || text.includes('#')) throw new Refusal('did-key-format');
  return readMultikey(text.slice(8));
}

/** @param {string} text `did:key:…#…` @returns {Buffer} @throws {Refusal} did-key-format and as readMultikey */
export function readDidKeyMethod(text) {
  const at = text.indexOf('#');
  if (at < 0 || text.slice(0, at) !== `did:key:${text.slice(at + 1)}`) throw new Refusal('did-key-format');
  return readDidKey(text.slice(0, at));
}

/** Host and port, and the segments of a path, checked. */
function webParts(host, port, segments, segment) {
  const portGood = port === undefined || (PORT.test(port) && Number(port) <= 65_535);
  return HOST.test(host) && portGood && segments.every((part) => segment.test(part) && !/^\.\.?$/.test(part));
}

/**
 * The did:web identifier of an address.
 * @param {string} url
 * @returns {string}
 * @throws {Refusal} did-web-url
 */
export function didWebOfUrl(url) {
  const [authority, ...segments] = url.slice(8).split('/');
  const [host, port, ...more] = authority.split(':');
  const good = url.startsWith('https://') && more.length === 0;
  if (!good || !webParts(host, port, segments, /^[A-Za-z0-9._~-]+$/)) throw new Refusal('did-web-url');
  const place = port === undefined ? host : `${host}%3A${port}`;
  return ['did:web', place, ...segments.map((segment) => segment.replaceAll('~', '%7E'))].join(':');
}

/**
 * The address of a did:web identifier.
 * @param {string} did
 * @returns {string}
 * @throws {Refusal} did-web-format
 */
export function urlOfDidWeb(did) {
  const [authority, ...segments] = did.slice(8).split(':');
  const [host, port, ...more] = authority.split('%3A');
  const good = did.startsWith('did:web:') && more.length === 0;
  if (!good || !webParts(host, port, segments, /^(?:[A-Za-z0-9._-]|%7E)+$/)) throw new Refusal('did-web-format');
  const place = port === undefined ? host : `${host}:${port}`;
  return [`https://${place}`, ...segments.map((segment) => segment.replaceAll('%7E', '~'))].join('/');
}

/**
 * Reads the id of a key, `did:web:…#KEY-ID`.
 * @param {string} text
 * @returns {{did: string, url: string, keyId: string}}
 * @throws {Refusal} did-web-format, did-web-key-id
 */
export function readDidWebMethod(text) {
  const at = text.indexOf('#');
  if (at < 0) throw new Refusal('did-web-format');
  const did = text.slice(0, at);
  const url = urlOfDidWeb(did);
  const keyId = text.slice(at + 1);
  if (!/^[A-Za-z0-9._~-]+$/.test(keyId)) throw new Refusal('did-web-key-id');
  return { did, url, keyId };
}

function jwkText(jwk, name, path) {
  const value = jwk.get(name);
  if (typeof value !== 'string') throw new Refusal('jwk-field', memberPath(path, name));
  return value;
}

/** Checks kty and crv. @param {Map<string, any>} jwk @param {string} path */
export function checkJwkKind(jwk, path) {
  if (jwkText(jwk, 'kty', path) !== 'OKP') throw new Refusal('jwk-kty', `${path}.kty`);
  if (jwkText(jwk, 'crv', path) !== 'Ed25519') throw new Refusal('jwk-crv', `${path}.crv`);
}

/**
 * Reads 32 bytes of a JWK.
 * @param {Map<string, any>} jwk
 * @param {string} name
 * @param {string} path
 * @returns {Buffer}
 */
export function readJwkBytes(jwk, name, path) {
  const bytes = decodeBase64Url(jwkText(jwk, name, path));
  if (bytes === null || bytes.length !== 32) throw new Refusal('jwk-encoding', memberPath(path, name));
  return bytes;
}

/**
 * Reads a public JWK.
 * @param {Map<string, any>} jwk
 * @param {string} [path]
 * @returns {Buffer}
 * @throws {Refusal} jwk-…, key-…
 */
export function readJwk(jwk, path = '$') {
  checkJwkKind(jwk, path);
  if (jwk.has('d')) throw new Refusal('jwk-private', `${path}.d`);
  return checked(readJwkBytes(jwk, 'x', path));
}

/** Reads a JWK Set. @param {Map<string, any>} set @returns {Buffer[]} @throws {Refusal} jwk-…, key-… */
export function readJwkSet(set) {
  const keys = set.get('keys');
  if (!isArray(keys)) throw new Refusal('jwk-field', '$.keys');
  return keys.map((jwk, i) => {
    const path = elementPath('$.keys', i);
    if (!isObject(jwk)) throw new Refusal('jwk-field', path);
    return readJwk(jwk, path);
  });
}

/**
 * Checks what stands behind the key of an OpenSSH line.
 * @param {string} comment
 * @returns {string} the same
 * @throws {Refusal} openssh-comment
 */
export function checkComment(comment) {
  if (comment === '' || comment.startsWith(' ') || comment.endsWith(' ') || !isPrintable(comment)) {
    throw new Refusal('openssh-comment');
  }
  return comment;
}

/** The 51 bytes of a key in an OpenSSH line. @param {Uint8Array} key @returns {Buffer} */
export function openSshBlob(key) {
  return Buffer.concat([SSH_HEAD, key]);
}

/**
 * Reads an OpenSSH public key line.
 * @param {string} line
 * @returns {{key: Buffer, comment: string}}
 * @throws {Refusal} openssh-…, key-…
 */
export function readOpenSsh(line) {
  const first = line.indexOf(' ');
  if ((first < 0 ? line : line.slice(0, first)) !== SSH_TYPE) throw new Refusal('openssh-algorithm');
  const rest = first < 0 ? '' : line.slice(first + 1);
  const second = rest.indexOf(' ');
  const comment = second < 0 ? '' : checkComment(rest.slice(second + 1));
  const text = second < 0 ? rest : rest.slice(0, second);
  const bytes = decoded(() => decodeBase64(text), 'openssh-encoding');
  if (bytes.length !== 51 || !bytes.subarray(0, 19).equals(SSH_HEAD)) throw new Refusal('openssh-encoding');
  return { key: checked(bytes.subarray(19)), comment };
}

/**
 * Checks the name of a verifier key.
 * @param {string} name
 * @returns {string} the same
 * @throws {Refusal} vkey-name
 */
export function checkVerifierName(name) {
  if (name === '' || name.includes('+') || ONE_SPACE.test(name) || !isPrintable(name)) throw new Refusal('vkey-name');
  return name;
}

/** Writes a verifier key. @param {string} name @param {Uint8Array} key @returns {string} */
export function writeVerifierKey(name, key) {
  const bytes = Buffer.concat([Buffer.from([1]), key]);
  return `${name}+${verifierHash(name, bytes)}+${bytes.toString('base64')}`;
}

function verifierHash(name, bytes) {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), bytes])).toString('hex', 0, 4);
}

/**
 * Reads a verifier key.
 * @param {string} text
 * @returns {{key: Buffer, name: string}}
 * @throws {Refusal} vkey-…, key-…
 */
export function readVerifierKey(text) {
  const parts = /^([^+]*)\+([^+]*)\+([^]*)$/.exec(text);
  if (parts === null) throw new Refusal('vkey-format');
  const [, name, digits, encoded] = parts;
  const bytes = decoded(() => decodeBase64(encoded), 'vkey-format');
  if (bytes[0] !== 1 || bytes.length !== 33) throw new Refusal('vkey-algorithm');
  const key = checked(bytes.subarray(1));
  checkVerifierName(name);
  if (digits !== verifierHash(name, bytes)) throw new Refusal('vkey-hash');
  return { key, name };
}
