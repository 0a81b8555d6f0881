/** The proof of a credential: format chapter 17. */
import { canonicalBytes, equal, sha256, without } from '../canonical.mjs';
import { verify } from '../ed25519.mjs';
import { decodeBase58 } from '../encoding.mjs';
import { readDidKeyMethod, readDidWebMethod } from '../keyformats.mjs';
import { Refusal } from '../refusal.mjs';
import { isSecond } from '../times.mjs';
import { Report } from './findings.mjs';
import { keyOf } from './key_document.mjs';

const CREATED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const SIGNATURE_BYTES = 64;
const VALUE_CHARACTERS = 128;
const KEY_FILE = '/pith-signing-key.json';
const VALUE = '$.proof.proofValue';
const METHOD = '$.proof.verificationMethod';

/**
 * Verify the proof of a credential.
 *
 * @param {Map<string, any>} document
 * @param {import('./pinning.mjs').Trust} trust
 * @returns {Report}
 */
export function verifyProof(document, trust) {
  const report = new Report();
  const proof = document.get('proof');
  if (Array.isArray(proof)) {
    report.fail('proof-several', '$.proof');
  } else if (!(proof instanceof Map)) {
    report.fail('proof-missing', '$.proof');
  } else {
    checkProof(document, proof, trust, report);
    checkIssuer(document, proof, report);
  }
  return report;
}

function checkProof(document, proof, trust, report) {
  report.check(proof.get('type') === 'DataIntegrityProof', 'proof-type', '$.proof.type');
  report.check(proof.get('cryptosuite') === 'eddsa-jcs-2022', 'proof-cryptosuite', '$.proof.cryptosuite');
  report.check(proof.get('proofPurpose') === 'assertionMethod', 'proof-purpose', '$.proof.proofPurpose');
  const created = proof.has('created') ? readCreated(proof.get('created')) : null;
  if (!proof.has('created')) report.note('proof-created', '$.proof.created');
  else report.check(created !== null, 'proof-created', '$.proof.created');
  report.check(!proof.has('previousProof'), 'proof-chain', '$.proof.previousProof');
  if (proof.has('expires')) report.note('proof-expires', '$.proof.expires');
  const contextFits = checkContext(document, proof, report);
  const signature = readSignature(proof.get('proofValue'));
  report.check(signature !== null, 'proof-value', VALUE);
  const method = findKey(proof.get('verificationMethod'), trust, report);
  if (!contextFits || signature === null || method === null) return;
  if (!verify(method.key.raw, signedBytes(document, proof), signature)) {
    report.fail('proof-signature', VALUE);
    return;
  }
  report.count(method.pinned);
  const code = standingFault(method.key, created, trust);
  if (code !== null) report.fail(code, METHOD);
}

/**
 * A proof's `created` as an instant of UTC, cut to the second.
 *
 * @param {any} value
 * @returns {?string} null where it is none
 */
function readCreated(value) {
  const parts = typeof value === 'string' ? CREATED.exec(value) : null;
  if (parts === null || !isSecond(`${parts[1]}Z`)) return null;
  const [, local, sign, hours, minutes] = parts;
  const offset = sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
  const instant = new Date(Date.parse(`${local}Z`) - offset * 60_000);
  const year = instant.getUTCFullYear();
  return year >= 1 && year <= 9999 ? `${instant.toISOString().slice(0, 19)}Z` : null;
}

/** Check 7; false where the proof's contexts are not those of the document. */
function checkContext(document, proof, report) {
  const list = (value) => (value === undefined ? [] : [value].flat(1));
  const own = list(document.get('@context'));
  if (!proof.has('@context')) {
    if (document.has('@context')) report.note('proof-context', '$.proof["@context"]');
    return true;
  }
  const signed = list(proof.get('@context'));
  if (signed.length > own.length || !equal(signed, own.slice(0, signed.length))) {
    report.fail('proof-context', '$.proof["@context"]');
    return false;
  }
  if (own.length > signed.length) report.note('unsigned', '$["@context"]');
  return true;
}

/** Check 8: the bytes of a signature, or null where a value is not `z` and base58btc of 64 bytes. */
function readSignature(value) {
  if (typeof value !== 'string' || !value.startsWith('z') || value.length > VALUE_CHARACTERS) return null;
  const bytes = orNull(() => decodeBase58(value.slice(1)));
  return bytes !== null && bytes.length === SIGNATURE_BYTES ? bytes : null;
}

/** What a function gives, or null where it refuses. */
function orNull(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** Check 9: the key that the proof names, and whether it counts as pinned; null where there is none. */
function findKey(method, trust, report) {
  const name = typeof method === 'string' ? method : '';
  if (name.startsWith('did:key:')) {
    const raw = orNull(() => readDidKeyMethod(name));
    if (raw !== null) return { key: keyOf(raw), pinned: trust.isKnown(keyOf(raw)) };
  }
  const named = name.startsWith('did:web:') ? orNull(() => readDidWebMethod(name)) : null;
  if (named === null) {
    report.fail('proof-method', METHOD);
    return null;
  }
  const key = trust.keys.get(named.keyId);
  if (key === undefined) {
    report.fail('proof-key', METHOD);
    return null;
  }
  report.check(trust.address(named.keyId) === named.url + KEY_FILE, 'proof-controller', METHOD);
  return { key, pinned: true };
}

/** The 64 bytes that are signed (17.1). */
function signedBytes(document, proof) {
  const options = without(proof, 'proofValue');
  const signed = without(document, 'proof');
  if (proof.has('@context')) signed.set('@context', proof.get('@context'));
  return Buffer.concat([sha256(canonicalBytes(options)), sha256(canonicalBytes(signed))]);
}

/** Check 11. */
function standingFault(key, created, trust) {
  const window = trust.window(key);
  if (window === undefined || Object.values(window).every((value) => value === null)) return null;
  return created === null ? 'key-window' : trust.fault(key, created);
}

/** Who issued the document must be who the proof's method belongs to; else the verdict is self-consistent at best. */
function checkIssuer(document, proof, report) {
  if (!document.has('issuer')) return;
  const stated = document.get('issuer');
  const issuer = stated instanceof Map ? stated.get('id') : stated;
  const method = proof.get('verificationMethod');
  if (typeof method === 'string' && issuer === method.split('#')[0]) return;
  report.note('credential-issuer', '$.issuer');
  report.best = 'self-consistent';
}
