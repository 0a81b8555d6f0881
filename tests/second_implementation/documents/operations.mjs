/**
 * The operations on documents, for `main.mjs`: verify, verify-receipt, verify-event, merge, verify-tree.
 *
 * `operations` maps the name of an operation to a function from the request's `input`, in which byte strings are
 * Buffers, to the answer's `output`. What is invalid is thrown as a Refusal.
 */
import { canonicalBytes } from '../canonical.mjs';
import { parseObject } from '../json.mjs';
import { compareCodePoints } from '../paths.mjs';
import { Reader } from '../reader.mjs';
import { numberOf, readRecord } from '../record.mjs';
import { Refusal } from '../refusal.mjs';
import { readBundle } from './bundle.mjs';
import { judgeEvent, readEvent } from './event.mjs';
import { Report } from './findings.mjs';
import { listedKeys, readKeyDocument } from './key_document.mjs';
import { mergeBundles } from './merge_bundles.mjs';
import { checkReceipt, countReceiptKey, readReceipt } from './receipt.mjs';
import { verifyTree } from './tree.mjs';
import { makeTrust } from './trust.mjs';
import { verifyBytes } from './verify.mjs';

/** A verdict and its notes; of an invalid document the first failure is thrown. */
function outcome({ verdict, findings }) {
  const failure = findings.find((finding) => finding.outcome === 'failed');
  if (failure !== undefined) throw new Refusal(failure.code, failure.path);
  const notes = findings.map(({ code, path }) => ({ code, path }));
  notes.sort((a, b) => compareCodePoints(a.path, b.path) || compareCodePoints(a.code, b.code));
  return { verdict, notes };
}

/** Key documents that are given by themselves. */
function readKeys(documents) {
  return documents.map((bytes) => readKeyDocument(new Reader(parseObject(bytes), '$')));
}

/** The keys that are given with a receipt or an event; the first fault of them is thrown (10.4). */
function givenKeys(documents, trust) {
  const { faults, keys } = listedKeys(documents, '$.keys', trust);
  if (faults.length > 0) throw faults[0];
  return keys;
}

function verify({ document, trust, keyrings }) {
  return outcome(verifyBytes(document, makeTrust(trust, keyrings)));
}

function verifyReceipt({ receipt, record, keys, trust }) {
  const { digest } = numberOf(readRecord(new Reader(parseObject(record), '$')));
  const read = readReceipt(new Reader(parseObject(receipt), '$'));
  const trusted = makeTrust(trust);
  const known = givenKeys(readKeys(keys), trusted);
  const report = new Report();
  const { faults, key } = checkReceipt(read, '$', digest, known);
  report.failAll(faults);
  if (key !== null) countReceiptKey(read, '$', key, trusted, report);
  return outcome(report);
}

function verifyEvent({ event, pith_number: pithNumber, keys, trust }) {
  const read = readEvent(new Reader(parseObject(event), '$'));
  const trusted = makeTrust(trust);
  const known = givenKeys(readKeys(keys), trusted);
  const { id, faults } = judgeEvent(read, '$', pithNumber, known);
  if (faults.length > 0) throw faults[0];
  return { event_id: id };
}

function merge({ bundles, trust, keyrings }) {
  const read = bundles.map((bytes) => readBundle(new Reader(parseObject(bytes), '$')));
  const { state, invalid } = mergeBundles(read, makeTrust(trust, keyrings));
  return { state: canonicalBytes(state), reasons: invalid };
}

function verifyFiles({ files, trust, keyrings }) {
  return outcome(verifyTree(new Map(Object.entries(files)), makeTrust(trust, keyrings)));
}

/** Operation to function. */
export const operations = {
  verify,
  'verify-receipt': verifyReceipt,
  'verify-event': verifyEvent,
  merge,
  'verify-tree': verifyFiles,
};
