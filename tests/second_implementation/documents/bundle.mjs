/** Bundles: format chapter 10. */
import { digestOf, equal } from '../canonical.mjs';
import { compareCodePoints, elementPath, memberPath } from '../paths.mjs';
import { numberOf, readRecord, recordFaults, statedShortLength } from '../record.mjs';
import { compareInstants } from '../times.mjs';
import { addressFaults } from './addresses.mjs';
import { firstDifference } from './difference.mjs';
import { judgeEvent, readEvent, standingFaults } from './event.mjs';
import { Report } from './findings.mjs';
import { listedKeys, readKeyDocument } from './key_document.mjs';
import { mergeEvents } from './merge.mjs';
import { checkAliases, numberFaults, readAlias } from './numbers.mjs';
import { paperFaults } from './paper.mjs';
import { readMirrorHint, readSource } from './payloads.mjs';
import { array, digest, object, objects, second, shape, text } from './shapes.mjs';
import { SIGNATURE_MEMBERS, checkSignature } from './signatures.mjs';
import { checkState, readState } from './state.mjs';

const BUNDLE_SIGNATURE_MEMBERS = { bundle_sha256: digest, ...SIGNATURE_MEMBERS };
const SHORTEST = 8;

/** Read a bundle (10.1). */
export const readBundle = shape({
  pith_number: text,
  short_pith_number: text,
  canonical_record: object(readRecord),
  canonical_sha256: digest,
  source: object(readSource),
  source_aliases: objects(readAlias),
  events: objects(readEvent),
  mirror_hints: objects(readMirrorHint),
  public_keys: objects(readKeyDocument),
  built_at: second,
  links: object(shape({ resolver: text, bundle: text, state: text, well_known_bundle: text })),
  state: object(readState),
  timestamp_proofs: array,
  merge_version: text,
  bundle_type: text,
  bundle_version: text,
  bundle_signature: object(shape(BUNDLE_SIGNATURE_MEMBERS)),
});

/**
 * Verify a bundle (10.2).
 *
 * @param {object} bundle
 * @param {import('./pinning.mjs').Trust} trust
 * @returns {{report: Report, keys: Map<string, import('./key_document.mjs').Key>}} and the keys that it lists
 */
export function verifyBundle(bundle, trust) {
  const report = new Report();
  const { canonical_record: record } = bundle;
  const number = numberOf(record);
  report.check(bundle.bundle_type === 'pith_open_graph_bundle', 'bundle-type', '$.bundle_type');
  report.check(bundle.bundle_version === '1.0', 'bundle-version', '$.bundle_version');
  report.check(bundle.merge_version === 'pith-open-graph-merge-v1', 'merge-version', '$.merge_version');
  const { faults, keys } = listedKeys(bundle.public_keys, '$.public_keys', trust);
  report.failAll(faults);

  report.failAll(recordFaults(record, bundle.canonical_sha256, '$'));
  report.failAll(numberFaults(bundle, number));
  const source = record.value.get('source');
  report.check(equal(bundle.source.value, source), 'record-copies', '$.source');
  const length = statedShortLength(bundle.short_pith_number, number.suffix) ?? SHORTEST;
  checkAliases(bundle.source_aliases, '$.source_aliases', number.suffix, record, length, report);
  report.failAll(addressFaults(bundle.links, bundle.mirror_hints, number.suffix));

  const judged = judgeEvents(bundle, number.pithNumber, keys);
  const merged = mergeEvents(bundle.pith_number, judged, bundle.source_aliases.map((alias) => alias.value));
  checkMergedState(bundle, judged, merged, report);
  checkSigners(judged, merged, keys, trust, report);
  checkShown(bundle, judged, merged, report);
  checkBundleSignature(bundle, keys, trust, report);
  return { report, keys };
}

/**
 * Judge the events of a bundle.
 *
 * @param {object} bundle
 * @param {string} pithNumber
 * @param {Map<string, import('./key_document.mjs').Key>} keys
 * @returns {import('./event.mjs').Judged[]}
 */
export function judgeEvents(bundle, pithNumber, keys) {
  return bundle.events.map((event, index) => judgeEvent(event, elementPath('$.events', index), pithNumber, keys));
}

/** Steps 9 to 12 of 10.2.5. */
function checkMergedState(bundle, judged, merged, report) {
  checkState(bundle.state, '$.state', report);
  const stated = new Map(bundle.state.value);
  const follows = new Map(merged.state);
  stated.delete('state_sha256');
  follows.delete('state_sha256');
  const difference = firstDifference(stated, follows, '$.state');
  if (difference !== null) report.fail('state-merge', difference);
  for (const { code, path } of judged.flatMap(({ faults }) => faults)) {
    if (difference === null) report.note(code, path);
    else report.fail(code, path);
  }
  report.check(merged.record !== null, 'record-created', '$.events');
}

/** Whose the events are, and which of their keys count (10.2.6). */
function checkSigners(judged, merged, keys, trust, report) {
  const recorder = merged.record?.signer.signer_id ?? null;
  for (const one of judged.filter(({ faults }) => faults.length === 0)) {
    const { signer } = one.event;
    const byRecorder = signer.signer_id === recorder;
    const inForce = merged.shown.has(one.id);
    const faults = standingFaults(one, trust);
    for (const { code, path } of faults) {
      if (byRecorder && inForce) report.fail(code, path);
      else report.note(code, path);
    }
    const standing = trust.standing(signer, keys);
    if (standing === 'unknown' && !byRecorder) {
      report.note('signer-unknown', `${one.path}.signer`);
      continue;
    }
    const pinned = pinnedUses(one, trust);
    if (standing === 'unproven' || (standing === 'unknown' && pinned.includes(true))) {
      report.note('signer-key', `${one.path}.signer`);
    }
    const spoilt = standing !== 'known' || (faults.length > 0 && inForce);
    for (const isPinned of pinned) report.count(isPinned && !spoilt);
  }
}

/** Of each key under which something in an event is good, whether it is pinned under its id. */
function pinnedUses({ event, content, key, receiptKey }, trust) {
  const uses = [];
  if (key !== null) uses.push(trust.isPinned(event.signature.key_id, key));
  if (receiptKey !== null) uses.push(trust.isPinned(content.receipt.key_id, receiptKey));
  return uses;
}

/** Step 14 of 10.2.5: what snapshots show, and events that are dated ahead. */
function checkShown(bundle, judged, merged, report) {
  const { canonical_record: record, built_at: builtAt } = bundle;
  for (const { event, content, id, path } of judged) {
    if (event.event_type === 'graph_snapshot' && merged.applied.has(id)) {
      checkSnapshotPaper(content.graph_snapshot, record, `${path}.payload.graph_snapshot`, report);
    }
    if (compareInstants(event.created_at, builtAt) > 0) report.note('event-future', `${path}.created_at`);
  }
}

function checkSnapshotPaper(snapshot, record, path, report) {
  const { source, paper } = snapshot;
  if (equal(source.value, record.value.get('source'))) {
    report.failAll(paperFaults(paper, record, `${path}.paper`));
  } else if (source.kind === record.kind && source.id === record.id) {
    report.note('paper', `${path}.source`);
  } else {
    report.fail('paper', `${path}.source`);
  }
}

/** The bundle's own signature (10.5). */
function checkBundleSignature(bundle, keys, trust, report) {
  const signature = bundle.bundle_signature;
  const path = '$.bundle_signature';
  const unknown = [...signature.value.keys()].filter((name) => !Object.hasOwn(BUNDLE_SIGNATURE_MEMBERS, name));
  for (const name of unknown.sort(compareCodePoints)) report.note('bundle-signature', memberPath(path, name));
  const sha256 = digestOf(bundle.value, 'bundle_signature');
  report.check(signature.bundle_sha256 === sha256, 'bundle-digest', `${path}.bundle_sha256`);
  const signed = Buffer.from(sha256, 'hex');
  const { fault, key } = checkSignature(signature, path, 'bundle_sha256_bytes', signed, keys);
  if (fault !== null) {
    report.fail(fault.code, fault.path);
    return;
  }
  report.count(trust.isPinned(signature.key_id, key));
  const code = trust.fault(key, bundle.built_at);
  if (code !== null) report.fail(code, `${path}.key_id`);
}
