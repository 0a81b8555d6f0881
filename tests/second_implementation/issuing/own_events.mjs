/** Events that are made here: a registry's own, and somebody's about a bundle (format 18.3, 18.4, 7.15). */
import { sign } from 'node:crypto';
import { canonicalBytes, digestOf } from '../canonical.mjs';
import { encodeBase64 } from '../encoding.mjs';
import { fingerprint } from '../ed25519.mjs';
import { parseObject } from '../json.mjs';
import { privateKeyOfSeed, publicKeyOfSeed } from '../private_keys.mjs';
import { Reader } from '../reader.mjs';
import { numberOf } from '../record.mjs';
import { Refusal, Unsupported } from '../refusal.mjs';
import { cutToSecond } from '../times.mjs';
import { verifyBundle } from '../documents/bundle.mjs';
import { judgeEvent, readEvent } from '../documents/event.mjs';
import { FAMILIES } from '../documents/families.mjs';
import { keyOf } from '../documents/key_document.mjs';
import { readPayload } from '../documents/payloads.mjs';
import { mapOf } from '../documents/shapes.mjs';
import { makeTrust } from '../documents/trust.mjs';
import { Extension } from './accept.mjs';
import { bundleOf, judgeAndMerge } from './history.mjs';
import { BUILDER_VERSION, SIGNER, SIGNER_TYPE, registrySigner } from './registry.mjs';
import { snapshotPayload } from './snapshot_data.mjs';

const inMicroseconds = (now) => (now.length === 20 ? `${now.slice(0, 19)}.000000Z` : now);

/** Who signs: name, kind, and key. */
function makeSigner(signerId, signerType, keyId, seed) {
  const key = keyOf(publicKeyOfSeed(seed));
  return { signerId, signerType, keyId, seed, key };
}

/** What a signature says of itself, and the signature. */
function signatureOf(signer, digest, name, now) {
  const bytes = sign(null, Buffer.from(digest, 'hex'), privateKeyOfSeed(signer.seed));
  return {
    algorithm: 'ed25519',
    key_id: signer.keyId,
    public_key_fingerprint: fingerprint(signer.key.raw),
    signature_b64: encodeBase64(bytes),
    signature_status: 'signed_v1',
    signed_at: inMicroseconds(now),
    signed_message: name,
  };
}

/** The payload of a `record_created` with a new receipt. */
function recordPayload(bundle, signer, now, firstComputedAt) {
  const record = bundle.canonical_record;
  const { digest } = numberOf(record);
  const receipt = mapOf({
    kind: 'pith_receipt',
    receipt_version: '0.3',
    canonical_sha256: digest,
    builder_version: BUILDER_VERSION,
    first_computed_at: firstComputedAt,
    last_reissued_at: inMicroseconds(now),
    ...signatureOf(signer, digest, 'canonical_sha256_bytes', now),
  });
  return mapOf({
    canonical_record: record.value,
    canonical_sha256: digest,
    receipt,
    source_kind: record.kind,
    source_id: record.id,
    source_version: record.version,
    attestation_state: 'computed',
  });
}

/** What stands in a payload where nothing is said (18.3). */
function usualMembers(eventType, data, bundle) {
  if (eventType === 'timestamp_anchor') {
    return { block_height: null, authority: null, digest_sha256: bundle.canonical_sha256 };
  }
  if (eventType === 'storage_attestation') return { archive: '' };
  if (eventType === 'replication_record') return { outcome: '', system: null };
  if (eventType === 'correction') return { corrected_pith_number: null };
  const base = data.get('base_url');
  if (eventType !== 'mirror_hint' || typeof base !== 'string') return {};
  const place = `pith/${bundle.pith_number.slice(-26)}`;
  return {
    mirror_type: 'https',
    bundle_url: `${base}/${place}/bundle.json`,
    state_url: `${base}/${place}/state.json`,
    well_known_bundle_url: `${base}/.well-known/${place}/bundle.json`,
    status: 'mirror',
  };
}

/** The payload that an event is to have. */
function payloadOf(input, bundle, judged, signer) {
  const { event_type: eventType, now, supersedes } = input;
  if (eventType === 'record_created') {
    const times = judged
      .filter(({ id, event }) => (supersedes ?? []).includes(id) && event.event_type === 'record_created')
      .map(({ event }) => event.payload.get('receipt').get('first_computed_at'));
    return recordPayload(bundle, signer, now, [...times, inMicroseconds(now)].sort()[0]);
  }
  const data = parseObject(input.data);
  if (eventType === 'graph_snapshot') return snapshotPayload(data, bundle, BUILDER_VERSION);
  const payload = new Map([...Object.entries(usualMembers(eventType, data, bundle)), ...data]);
  readPayload(eventType, payload, '$');
  return payload;
}

/** Makes and signs an event. */
function makeEvent(input, bundle, judged, signer) {
  const family = FAMILIES[input.event_type];
  if (family === undefined) throw new Unsupported(input.event_type);
  const event = mapOf({
    event_type: input.event_type,
    subject_pith_number: bundle.pith_number,
    target: family.target,
    payload: payloadOf(input, bundle, judged, signer),
    signer: mapOf({
      signer_id: signer.signerId,
      signer_type: signer.signerType,
      key_id: signer.keyId,
      public_key_fingerprint: fingerprint(signer.key.raw),
    }),
    created_at: cutToSecond(input.now),
    supersedes: input.supersedes ?? [],
    prev_event: input.prev_event ?? null,
    schema_version: '1.0',
  });
  const digest = digestOf(event);
  event.set('signature', mapOf(signatureOf(signer, digest, 'open_graph_event_sha256_bytes', input.now)));
  return event.set('event_id', `sha256:${digest}`).set('content_sha256', digest);
}

/** An event that was made, judged with the keys of the bundle and its own. */
function judgeMade(value, signer, pithNumber, keys) {
  const known = new Map(keys).set(signer.keyId, signer.key);
  return judgeEvent(readEvent(new Reader(value, '$')), '$', pithNumber, known);
}

const answer = (value) => ({ event_id: value.get('event_id'), event: canonicalBytes(value) });

/** The operation `add-event`. */
export function addEvent(input) {
  const extension = new Extension(input);
  extension.checkBundle();
  const { seed, keyId } = registrySigner(extension.chain);
  const signer = makeSigner(SIGNER, SIGNER_TYPE, keyId, seed);
  const value = makeEvent(input, extension.bundle, extension.judged, signer);
  extension.checkClock();
  const { documents } = extension.allKeys([]);
  const judged = judgeMade(value, signer, extension.pithNumber, extension.keys);
  const merged = extension.merge([judged]);
  const contradicting = merged.state.get('equivocations').flatMap((group) => group.get('event_ids'));
  if (contradicting.includes(judged.id)) throw new Refusal('event-equivocates');
  if (merged.record === null || merged.state.get('current').get('graph_snapshots').length === 0) {
    throw new Refusal('bundle-incomplete');
  }
  extension.checkExtended(merged, [judged], documents);
  return answer(value);
}

/** The operation `sign-event`. */
export function signEvent(input) {
  const bundle = bundleOf(input.bundle);
  const trust = makeTrust(input.trust);
  if (verifyBundle(bundle, trust).report.verdict === 'invalid') throw new Refusal('bundle-invalid');
  const signer = makeSigner(input.signer_id, input.signer_type, input.key_id, Buffer.from(input.seed, 'hex'));
  const { judged } = judgeAndMerge(bundle, trust);
  return answer(makeEvent(input, bundle, judged, signer));
}

/** The operation `reissue`: which events are said once more (18.4). */
export function reissue(input) {
  const extension = new Extension(input);
  const { merged, judged, trust, chain, bundle, keys } = extension;
  if (merged.record === null) throw new Refusal('reissue-record');
  extension.checkClock();
  if (merged.record.signer.signer_id !== SIGNER) throw new Refusal('reissue-record');
  const newest = chain.keys.at(-1);
  const listed = keys.get(newest.id);
  const other = bundle.public_keys.some(({ key_id: id }) => id === newest.id) && listed?.hex !== newest.key.hex;
  if (other) throw new Refusal('key-conflict');
  const record = judged.find(({ event }) => event === merged.record);
  const compromised = judged.filter(({ id, event, key }) => {
    const own = id !== record.id && event.signer.signer_id === SIGNER && key !== null && extension.isOwn(key);
    return own && merged.shown.has(id) && Boolean(trust.window(key)?.compromised);
  });
  return { supersedes: [record, ...compromised].map(({ id }) => id) };
}
