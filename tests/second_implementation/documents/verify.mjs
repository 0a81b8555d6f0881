/** Verifying one document of any kind: format 15.1. */
import { parseObject } from '../json.mjs';
import { Reader } from '../reader.mjs';
import { Refusal } from '../refusal.mjs';
import { without } from '../canonical.mjs';
import { readBundle, verifyBundle } from './bundle.mjs';
import { verifyProof } from './credential.mjs';
import { Report, worse } from './findings.mjs';
import { checkKeyDocument, readKeyDocument } from './key_document.mjs';
import { checkKeyring, readKeyring } from './keyring.mjs';
import { readManifest, verifyManifest } from './manifest.mjs';
import { readRecordDocument, verifyRecordDocument } from './record_document.mjs';
import { readState, verifyState } from './state.mjs';

const KINDS = {
  bundle_type: (document, trust) => verifyBundle(readBundle(Reader.of(document, '$')), trust).report,
  state_type: (document, trust) => verifyState(readState(Reader.of(document, '$')), trust),
  record_type: (document, trust) => verifyRecordDocument(readRecordDocument(Reader.of(document, '$')), trust),
  manifest_type: (document) => verifyManifest(readManifest(Reader.of(document, '$'))),
  keyring_type: (document, trust) => verifyKeyring(document, trust).report,
  public_key_b64: verifyKeyDocument,
};

/**
 * Verify a document.
 *
 * @param {Uint8Array} bytes
 * @param {import('./pinning.mjs').Trust} trust
 * @returns {{verdict: string, findings: object[]}}
 */
export function verifyBytes(bytes, trust) {
  return orRefused(() => verifyDocument(parseObject(bytes), trust));
}

/**
 * Verify a document that was read as an object.
 *
 * @param {Map<string, any>} document
 * @param {import('./pinning.mjs').Trust} trust
 * @returns {{verdict: string, findings: object[]}}
 */
function verifyDocument(document, trust) {
  if (document.has('proof')) return verifyCredential(document, trust);
  const kind = kindOf(document);
  if (kind === undefined) throw new Refusal('document-kind', '$');
  return KINDS[kind](document, trust);
}

/** The member that tells what a document is, or undefined. */
function kindOf(document) {
  return Object.keys(KINDS).find((member) => document.has(member));
}

/** A credential's proof, and then the document as what it is besides (17.2). */
function verifyCredential(document, trust) {
  const proof = verifyProof(document, trust);
  const rest = without(document, 'proof');
  if (kindOf(rest) === undefined) return proof;
  const inner = orRefused(() => verifyDocument(rest, trust));
  const covered = proof.verdict !== 'invalid';
  const findings = inner.findings.filter(({ code }) => !covered || code !== 'unsigned');
  return { verdict: worse(proof.verdict, inner.verdict), findings: [...proof.findings, ...findings] };
}

/**
 * What a function reports, or the one failure of what could not be read.
 *
 * @template T
 * @param {() => T} report
 * @returns {T | Report}
 */
export function orRefused(report) {
  try {
    return report();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const refused = new Report();
    refused.fail(error.code, error.path);
    return refused;
  }
}

/**
 * Verify a keyring and follow it (13.5).
 *
 * @param {Map<string, any>} document
 * @param {import('./pinning.mjs').Trust} trust stays as it is
 * @returns {{report: Report, chain: ?import('./key_chain.mjs').Chain, followed: import('./pinning.mjs').Trust}} the
 *   chain, null where the keyring is invalid, and what is trusted after following
 */
export function verifyKeyring(document, trust) {
  const report = new Report();
  const followed = trust.copy();
  let chain = null;
  try {
    chain = checkKeyring(readKeyring(Reader.of(document, '$')));
    followed.follow(chain);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code !== 'rotation-unpinned') {
      report.fail(error.code, error.path);
      return { report, chain: null, followed: trust };
    }
  }
  for (const { id, key } of chain.keys) report.count(followed.isPinned(id, key));
  return { report, chain, followed };
}

/**
 * Verify a key document (13.1).
 *
 * @param {Map<string, any>} value
 * @param {import('./pinning.mjs').Trust} trust
 * @returns {Report}
 */
export function verifyKeyDocument(value, trust) {
  const report = new Report();
  const document = readKeyDocument(Reader.of(value, '$'));
  const key = checkKeyDocument(document, '$');
  report.check(!trust.isOther(document.key_id, key), 'key-conflict', '$.public_key_b64');
  const compromised = (trust.window(key)?.compromised ?? null) !== null;
  report.check(!compromised, 'compromised-key', '$.key_id');
  report.count(trust.isPinned(document.key_id, key));
  return report;
}
