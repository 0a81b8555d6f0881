/** The checks of one event: format 7.2, 7.3. */
import { digestOf } from '../canonical.mjs';
import { numberOf, recordFaults } from '../record.mjs';
import { Refusal } from '../refusal.mjs';
import { FAMILIES } from './families.mjs';
import { readPayload } from './payloads.mjs';
import { checkReceipt } from './receipt.mjs';
import { anyObject, digest, object, orNull, second, shape, text, texts } from './shapes.mjs';
import { checkSignature, readSignature } from './signatures.mjs';
import { snapshotFaults } from './snapshot.mjs';

/** The signer of an event. */
export const readSigner = shape({ signer_id: text, signer_type: text, key_id: text, public_key_fingerprint: text });

/** Read an event (7.1); its payload stays as it is. */
export const readEvent = shape({
  event_type: text,
  subject_pith_number: text,
  target: text,
  payload: anyObject,
  signer: object(readSigner),
  created_at: second,
  supersedes: texts,
  prev_event: orNull(text),
  schema_version: text,
  signature: object(readSignature),
  event_id: text,
  content_sha256: digest,
});

/**
 * An event that was judged.
 *
 * @typedef {object} Judged
 * @property {object} event
 * @property {string} path
 * @property {string} id the recomputed identifier
 * @property {?object} content the payload, where it is of a known family and could be read
 * @property {Refusal[]} faults why it is invalid, in order
 * @property {?string} reason the code of the first of them
 * @property {?import('./key_document.mjs').Key} key the key under which its signature is good
 * @property {?import('./key_document.mjs').Key} receiptKey the key under which the receipt inside it is good
 */

/**
 * Judge an event that was read.
 *
 * @param {object} event
 * @param {string} path
 * @param {string} pithNumber the number that it must be about
 * @param {Map<string, import('./key_document.mjs').Key>} keys
 * @returns {Judged}
 */
export function judgeEvent(event, path, pithNumber, keys) {
  const sha256 = digestOf(event.value, 'signature', 'content_sha256', 'event_id');
  const id = `sha256:${sha256}`;
  const judged = { event, path, id, content: null, faults: [], reason: null, key: null, receiptKey: null };
  const check = (holds, code, member) => {
    if (!holds) judged.faults.push(new Refusal(code, `${path}.${member}`));
  };
  check(event.content_sha256 === sha256, 'event-digest', 'content_sha256');
  check(event.event_id === id, 'event-id', 'event_id');
  check(event.subject_pith_number === pithNumber, 'event-subject', 'subject_pith_number');
  check(event.schema_version === '1.0', 'event-schema-version', 'schema_version');
  for (const member of ['key_id', 'public_key_fingerprint']) {
    check(event.signer[member] === event.signature[member], 'event-signer', `signer.${member}`);
  }
  const message = 'open_graph_event_sha256_bytes';
  const signed = Buffer.from(sha256, 'hex');
  const { fault, key } = checkSignature(event.signature, `${path}.signature`, message, signed, keys);
  if (fault !== null) judged.faults.push(fault);
  judged.key = key;
  const family = FAMILIES[event.event_type];
  if (family !== undefined) {
    check(event.target === family.target, 'event-target', 'target');
    judgePayload(judged, pithNumber, keys);
  }
  judged.reason = judged.faults[0]?.code ?? null;
  return judged;
}

/** Checks 9 and 10: the payload of a known family. */
function judgePayload(judged, pithNumber, keys) {
  const { event, faults } = judged;
  const path = `${judged.path}.payload`;
  try {
    judged.content = readPayload(event.event_type, event.payload, path);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    faults.push(new Refusal('event-payload', error.path));
    return;
  }
  if (event.event_type === 'record_created') {
    judgeRecordCreated(judged, path, pithNumber, keys);
  } else if (event.event_type === 'graph_snapshot') {
    faults.push(...snapshotFaults(judged.content.graph_snapshot, `${path}.graph_snapshot`));
  }
}

/** The checks of 7.3. */
function judgeRecordCreated(judged, path, pithNumber, keys) {
  const { content, faults } = judged;
  const { canonical_record: record, receipt } = content;
  const number = numberOf(record);
  faults.push(...recordFaults(record, content.canonical_sha256, path));
  if (number.pithNumber !== pithNumber) faults.push(new Refusal('pith-number', `${path}.canonical_record`));
  for (const member of ['kind', 'id', 'version']) {
    if (content[`source_${member}`] !== record[member]) {
      faults.push(new Refusal('record-source', `${path}.source_${member}`));
    }
  }
  const checked = checkReceipt(receipt, `${path}.receipt`, number.digest, keys);
  faults.push(...checked.faults);
  judged.receiptKey = checked.key;
}

/**
 * The faults of standing of an event's signature and of the receipt inside it (7.2, 13.6).
 *
 * @param {Judged} judged
 * @param {import('./pinning.mjs').Trust} trust
 * @returns {{code: string, path: string}[]}
 */
export function standingFaults({ event, content, path, key, receiptKey }, trust) {
  const uses = [];
  if (key !== null) uses.push({ key, time: event.created_at, path: `${path}.signature.key_id` });
  if (receiptKey !== null) {
    const time = content.receipt.signed_at;
    uses.push({ key: receiptKey, time, path: `${path}.payload.receipt.key_id` });
  }
  return uses
    .map((use) => ({ code: trust.fault(use.key, use.time), path: use.path }))
    .filter(({ code }) => code !== null);
}
