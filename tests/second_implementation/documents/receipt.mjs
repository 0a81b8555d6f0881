/** Receipts: format chapter 6. */
import { Refusal } from '../refusal.mjs';
import { digest, microsecond, shape, text } from './shapes.mjs';
import { checkSignature } from './signatures.mjs';

/** Read a receipt (6.1). */
export const readReceipt = shape({
  canonical_sha256: digest,
  key_id: text,
  public_key_fingerprint: text,
  signature_b64: text,
  signed_message: text,
  signed_at: microsecond,
  first_computed_at: microsecond,
  last_reissued_at: microsecond,
  builder_version: text,
  kind: text,
  receipt_version: text,
  algorithm: text,
  signature_status: text,
});

/**
 * Check a receipt, except for the standing of its key (6.2).
 *
 * @param {object} receipt
 * @param {string} path
 * @param {string} recordDigest the recomputed digest of the record that it is for, in hexadecimal
 * @param {Map<string, import('./key_document.mjs').Key>} keys
 * @returns {{faults: Refusal[], key: ?import('./key_document.mjs').Key}} all faults, and the key under which its
 *   signature is good
 */
export function checkReceipt(receipt, path, recordDigest, keys) {
  const { first_computed_at: first, last_reissued_at: last, signed_at: signed } = receipt;
  const faults = [];
  const check = (holds, code, place) => {
    if (!holds) faults.push(new Refusal(code, place));
  };
  check(receipt.kind === 'pith_receipt', 'receipt-kind', `${path}.kind`);
  check(receipt.receipt_version === '0.3', 'receipt-version', `${path}.receipt_version`);
  check(receipt.canonical_sha256 === recordDigest, 'receipt-digest', `${path}.canonical_sha256`);
  check(first <= last && last <= signed, 'receipt-times', path);
  const message = 'canonical_sha256_bytes';
  const { fault, key } = checkSignature(receipt, path, message, Buffer.from(recordDigest, 'hex'), keys);
  if (fault !== null) faults.push(fault);
  return { faults, key };
}

/**
 * Check the receipt of a document that lists no keys (9.2.2, 11.2): a key that is not known is only noted.
 *
 * @param {object} receipt
 * @param {string} path
 * @param {string} recordDigest
 * @param {Map<string, import('./key_document.mjs').Key>} keys where its key is looked up
 * @param {import('./pinning.mjs').Trust} trust
 * @param {import('./findings.mjs').Report} report
 */
export function checkShownReceipt(receipt, path, recordDigest, keys, trust, report) {
  const { faults, key } = checkReceipt(receipt, path, recordDigest, keys);
  for (const fault of faults) {
    if (fault.code === 'signature-key') report.note(fault.code, fault.path);
    else report.fail(fault.code, fault.path);
  }
  if (key !== null) countReceiptKey(receipt, path, key, trust, report);
}

/**
 * The key under which a receipt is good counts; a fault of its standing is a failure.
 *
 * @param {object} receipt
 * @param {string} path
 * @param {import('./key_document.mjs').Key} key
 * @param {import('./pinning.mjs').Trust} trust
 * @param {import('./findings.mjs').Report} report
 */
export function countReceiptKey(receipt, path, key, trust, report) {
  report.count(trust.isPinned(receipt.key_id, key));
  const code = trust.fault(key, receipt.signed_at);
  if (code !== null) report.fail(code, `${path}.key_id`);
}
