/** States: format chapter 9. */
import { digestOf, equal } from '../canonical.mjs';
import { numberOf, readRecord, recordFaults } from '../record.mjs';
import { Refusal } from '../refusal.mjs';
import { readSigner } from './event.mjs';
import { Report } from './findings.mjs';
import { aliasLength, checkAliases, readAlias } from './numbers.mjs';
import { readPayload } from './payloads.mjs';
import { checkShownReceipt } from './receipt.mjs';
import { anyObject, count, digest, object, objects, orNull, second, shape, text, texts } from './shapes.mjs';

const PAYLOAD = '$.current.record_created.payload';
const LISTS = [
  'graph_snapshots', 'author_attestations', 'timestamp_anchors', 'storage_attestations',
  'citation_signatures', 'replication_records', 'corrections', 'mirror_hints',
];

const readShownEvent = shape({
  event_id: text,
  target: text,
  created_at: second,
  signer: object(readSigner),
  payload: anyObject,
});

/** Read a state (9.1). */
export const readState = shape({
  pith_number: text,
  event_count: count,
  valid_event_count: count,
  invalid_event_count: count,
  equivocation_count: count,
  current: object(
    shape({
      canonical_record: orNull(object(readRecord)),
      source_aliases: objects(readAlias),
      record_created: orNull(object(readShownEvent)),
      ...Object.fromEntries(LISTS.map((list) => [list, objects(readShownEvent)])),
    }),
  ),
  applied_event_ids: texts,
  equivocations: objects(shape({ signer_id: text, target: text, prev_event: orNull(text), event_ids: texts })),
  invalid_events: objects(shape({ event_id: text, reason: text })),
  merge_version: text,
  state_type: text,
  state_version: text,
  state_sha256: digest,
});

/** The events that the member `current` of a state shows. */
function shownEvents(current) {
  const events = LISTS.flatMap((list) => current[list]);
  return current.record_created === null ? events : [current.record_created, ...events];
}

/**
 * The checks made of every state, also inside a bundle (9.2.1).
 *
 * @param {object} state
 * @param {string} path
 * @param {Report} report
 */
export function checkState(state, path, report) {
  const equivocating = new Set(state.equivocations.flatMap((group) => group.event_ids));
  const applied = new Set(state.applied_event_ids);
  const appliedCount = state.valid_event_count - equivocating.size;
  const check = (holds, code, member) => report.check(holds, code, `${path}.${member}`);
  check(state.state_type === 'pith_open_graph_state', 'state-type', 'state_type');
  check(state.state_version === '1.0', 'state-version', 'state_version');
  check(state.merge_version === 'pith-open-graph-merge-v1', 'merge-version', 'merge_version');
  check(state.invalid_event_count === state.invalid_events.length, 'state-counts', 'invalid_event_count');
  check(state.equivocation_count === state.equivocations.length, 'state-counts', 'equivocation_count');
  const total = state.valid_event_count + state.invalid_event_count;
  check(state.event_count === total, 'state-counts', 'event_count');
  check(state.applied_event_ids.length === appliedCount, 'state-counts', 'applied_event_ids');
  check(shownEvents(state.current).every((event) => applied.has(event.event_id)), 'state-counts', 'current');
  check(state.state_sha256 === digestOf(state.value, 'state_sha256'), 'state-digest', 'state_sha256');
}

/**
 * Verify a state on its own (9.2).
 *
 * @param {object} state
 * @param {import('./pinning.mjs').Trust} trust
 * @returns {Report}
 */
export function verifyState(state, trust) {
  const report = new Report('self-consistent');
  checkState(state, '$', report);
  const { record_created: shown, canonical_record: copy } = state.current;
  if (shown === null || copy === null) {
    report.fail('record-created', '$.current.record_created');
    return report;
  }
  let content;
  try {
    content = readPayload('record_created', shown.payload, PAYLOAD);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    report.fail(error.code, error.path);
    return report;
  }
  checkShownRecord(state, content, trust, report);
  return report;
}

/** The checks of 9.2.2, from 3 on. */
function checkShownRecord(state, content, trust, report) {
  const { canonical_record: copy, source_aliases: aliases } = state.current;
  const { canonical_record: record, canonical_sha256: stated, receipt } = content;
  const number = numberOf(record);
  report.failAll(recordFaults(record, stated, PAYLOAD));
  report.check(state.pith_number === number.pithNumber, 'pith-number', '$.pith_number');
  report.check(equal(copy.value, record.value), 'record-copies', '$.current.canonical_record');
  checkAliases(aliases, '$.current.source_aliases', number.suffix, copy, aliasLength(aliases), report);
  checkShownReceipt(receipt, `${PAYLOAD}.receipt`, number.digest, trust.keys, trust, report);
}
