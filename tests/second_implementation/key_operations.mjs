/** The operations on keys in the formats of others (format 16 and 18.6), and making a proof (18.7). */
import { canonicalBytes, parseObject } from './json.mjs';
import { encodeBase64 } from './encoding.mjs';
import { Reader } from './reader.mjs';
import { Refusal, Unsupported } from './refusal.mjs';
import { sha256 } from './canonical.mjs';
import * as formats from './keyformats.mjs';
import { checkPassphraseLength, importPrivate, privateKeyOfSeed } from './private_keys.mjs';
import { signCredential } from './proofs.mjs';
import { checkKeyDocument, readKeyDocument } from './documents/key_document.mjs';

const DID_CONTEXTS = ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/multikey/v1'];
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

const text = (data) => data.toString('utf8');
const only = (key) => ({ public_key: key.toString('hex') });
const named = ({ key, ...rest }) => ({ ...only(key), ...rest });

const READERS = {
  multikey: (data) => only(formats.readMultikey(text(data))),
  'did-key': (data) => only(formats.readDidKey(text(data))),
  'did-key-method': (data) => only(formats.readDidKeyMethod(text(data))),
  openssh: (data) => named(formats.readOpenSsh(text(data))),
  vkey: (data) => named(formats.readVerifierKey(text(data))),
  jwk: (data) => only(formats.readJwk(parseObject(data))),
  jwks: (data) => ({ public_keys: formats.readJwkSet(parseObject(data)).map((key) => key.toString('hex')) }),
  private: (data, passphrase) => only(importPrivate(data, passphrase)),
};

function importKey({ data, format, passphrase }) {
  if (!Object.hasOwn(READERS, format)) throw new Unsupported(format);
  return READERS[format](data, passphrase);
}

const object = (members) => new Map(Object.entries(members));

/** A public JWK, named by its thumbprint. */
function jwkOf(key) {
  const needed = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key).toString('base64url') };
  const kid = sha256(canonicalBytes(object(needed))).toString('base64url');
  return object({ ...needed, kid, use: 'sig' });
}

/** The DID document of an address (16.2). */
function didDocument(keys, url) {
  const did = formats.didWebOfUrl(url);
  const known = new Map();
  const methods = keys.map(({ key, document }) => {
    if (!/^[A-Za-z0-9._~-]+$/.test(document.key_id)) throw new Refusal('did-web-key-id');
    const other = known.get(document.key_id) ?? key;
    if (!other.raw.equals(key.raw)) throw new Refusal('key-conflict');
    known.set(document.key_id, key);
    return object({
      id: `${did}#${document.key_id}`,
      type: 'Multikey',
      controller: did,
      publicKeyMultibase: formats.writeMultikey(key.raw),
    });
  });
  return object({
    '@context': DID_CONTEXTS,
    id: did,
    verificationMethod: methods,
    assertionMethod: methods.map((method) => method.get('id')),
  });
}

const lines = (write) => (keys, input) => ({ text: keys.map((key) => `${write(key, input)}\n`).join('') });
const json = (write) => (keys, input) => ({ json: canonicalBytes(write(keys, input)) });

const WRITERS = {
  'key-document': json(([{ value }]) => value),
  'did-key': lines(({ key }) => `did:key:${formats.writeMultikey(key.raw)}`),
  multikey: lines(({ key }) => formats.writeMultikey(key.raw)),
  'did-web': json((keys, input) => didDocument(keys, input.base_url)),
  jwk: json(([{ key }]) => jwkOf(key.raw)),
  jwks: json((keys) => object({ keys: keys.map(({ key }) => jwkOf(key.raw)) })),
  openssh: lines(({ key, document }) => {
    const blob = encodeBase64(formats.openSshBlob(key.raw));
    return `ssh-ed25519 ${blob} ${formats.checkComment(document.key_id)}`;
  }),
  pem: lines(({ key }) => {
    const body = encodeBase64(Buffer.concat([SPKI_PREFIX, key.raw]));
    return `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----`;
  }),
  vkey: lines(({ key }, input) => formats.writeVerifierKey(formats.checkVerifierName(input.name), key.raw)),
};

function exportKey(input) {
  if (!Object.hasOwn(WRITERS, input.format)) throw new Refusal('export-format');
  if (input.keys.length === 0) throw new Refusal('export-no-key');
  const keys = input.keys.map((bytes) => {
    const value = parseObject(bytes);
    const document = readKeyDocument(new Reader(value, '$'));
    return { value, document, key: checkKeyDocument(document, '$') };
  });
  if (keys.length > 1 && ['key-document', 'jwk'].includes(input.format)) throw new Refusal('export-one-key');
  return WRITERS[input.format](keys, input);
}

/** Encrypts a private key as PKCS#8, and reads it back. */
function encryptKey({ seed, passphrase }) {
  if (passphrase === '') throw new Refusal('passphrase-empty');
  checkPassphraseLength(passphrase);
  const key = privateKeyOfSeed(Buffer.from(seed, 'hex'));
  const pem = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
  return only(importPrivate(Buffer.from(pem), passphrase));
}

function didWeb({ address, key_id: keyId, did, method }) {
  if (did !== undefined) return { address: formats.urlOfDidWeb(did) };
  if (method !== undefined) return { key_id: formats.readDidWebMethod(method).keyId };
  const identifier = formats.didWebOfUrl(address);
  if (keyId !== undefined) {
    const name = `${identifier}#${keyId}`;
    formats.readDidWebMethod(name);
    return { method: name };
  }
  const hasPath = address.slice('https://'.length).includes('/');
  return { did: identifier, document_url: `${address}${hasPath ? '' : '/.well-known'}/did.json` };
}

function keyId({ text: id }) {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id) || id === 'pith-keys') throw new Refusal('key-id-format');
  return { key_id: id };
}

/** Operation to function. */
export const operations = {
  'import-key': importKey,
  'export-key': exportKey,
  'encrypt-key': encryptKey,
  'did-web': didWeb,
  'key-id': keyId,
  'sign-credential': signCredential,
};
