/** What became of the events of a bundle, and how two documents differ (format 18.8). */
import { equal, parseObject, without } from '../json.mjs';
import { compareCodePoints } from '../paths.mjs';
import { Reader } from '../reader.mjs';
import { numberOf } from '../record.mjs';
import { Refusal } from '../refusal.mjs';
import { canonicalBytes } from '../canonical.mjs';
import { judgeEvents, readBundle } from '../documents/bundle.mjs';
import { listedKeys } from '../documents/key_document.mjs';
import { mergeEvents } from '../documents/merge.mjs';
import { recordDocumentOf } from '../documents/record_document.mjs';
import { readState } from '../documents/state.mjs';
import { makeTrust } from '../documents/trust.mjs';

const RESIGNED_MEMBERS = ['built_at', 'links', 'public_keys', 'bundle_signature'];

/** @param {Buffer} bytes @returns {object} a bundle that was read */
export function bundleOf(bytes) {
  return readBundle(new Reader(parseObject(bytes), '$'));
}

/**
 * Judges and merges the events of a bundle.
 * @param {object} bundle
 * @param {import('../documents/pinning.mjs').Trust} trust
 */
export function judgeAndMerge(bundle, trust) {
  const { pithNumber } = numberOf(bundle.canonical_record);
  const { keys } = listedKeys(bundle.public_keys, '$.public_keys', trust);
  const judged = judgeEvents(bundle, pithNumber, keys);
  const aliases = bundle.source_aliases.map((alias) => alias.value);
  return { keys, judged, merged: mergeEvents(bundle.pith_number, judged, aliases) };
}

/**
 * @typedef {{event_id: string, standing: string, reason: string, superseded_by: string[], created_at: string}} Told
 */

const byTime = (a, b) => compareCodePoints(a.created_at, b.created_at) || compareCodePoints(a.event_id, b.event_id);

/** Every event of a bundle, with what became of it. @returns {Told[]} */
function tellBundle(bundle, trust) {
  const { judged, merged } = judgeAndMerge(bundle, trust);
  const events = new Map(judged.map(({ id, event }) => [id, event]));
  const tell = (id, standing, reason = '', supersededBy = []) => {
    const { created_at } = events.get(id);
    return { event_id: id, standing, reason, superseded_by: supersededBy, created_at };
  };
  const applied = [...merged.applied];
  const superseding = (id) => applied.filter((other) => events.get(other).supersedes.includes(id));
  const told = applied.map((id) => {
    const by = superseding(id).sort(compareCodePoints);
    if (merged.shown.has(id)) return tell(id, 'in-force', '', by);
    return tell(id, by.length > 0 ? 'superseded' : 'applied', '', by);
  });
  const contradicting = new Set(merged.state.get('equivocations').flatMap((group) => group.get('event_ids')));
  const invalid = merged.invalid.map(({ event_id: id, reason }) => tell(id, 'invalid', reason));
  return [
    ...told,
    ...[...contradicting].map((id) => tell(id, 'equivocating')).sort(byTime),
    ...invalid.sort(byTime),
  ];
}

/** Every event of a state; it says neither what superseded an event nor, but of those shown, when. @returns {Told[]} */
function tellState(value) {
  const shown = [...value.get('current').values()]
    .flatMap((member) => member)
    .filter((member) => member instanceof Map && member.has('event_id'));
  const times = new Map(shown.map((event) => [event.get('event_id'), event.get('created_at')]));
  const tell = (event_id, standing, reason = '') => {
    return { event_id, standing, reason, superseded_by: [], created_at: times.get(event_id) ?? '' };
  };
  const contradicting = value.get('equivocations').flatMap((group) => group.get('event_ids'));
  return [
    ...value.get('applied_event_ids').map((id) => tell(id, times.has(id) ? 'in-force' : 'applied')),
    ...[...new Set(contradicting)].map((id) => tell(id, 'equivocating')),
    ...value.get('invalid_events').map((event) => tell(event.get('event_id'), 'invalid', event.get('reason'))),
  ];
}

/** The operation `history`. */
export function history({ bundle, trust }) {
  const told = tellBundle(bundleOf(bundle), makeTrust(trust));
  return { events: told.map(({ created_at, ...rest }) => rest) };
}

/** The operation `event-name`. */
export function eventName({ bundle, text }) {
  const digits = text.replace(/^sha256:/, '');
  if (!/^[0-9a-f]{8,64}$/.test(digits)) throw new Refusal('event-unknown');
  if (digits.length === 64) return { event_id: `sha256:${digits}` };
  const { judged } = judgeAndMerge(bundleOf(bundle), makeTrust());
  const found = new Set(judged.map(({ id }) => id).filter((id) => id.startsWith(`sha256:${digits}`)));
  if (found.size !== 1) throw new Refusal('event-unknown');
  return { event_id: [...found][0] };
}

/** The operation `build-record`. */
export function buildRecord({ bundle, schema_url: schemaUrl }) {
  const document = recordDocumentOf(bundleOf(bundle), schemaUrl);
  if (document === null) throw new Refusal('bundle-incomplete', '$.state.current');
  return { record_document: canonicalBytes(document) };
}

/** A document that can be compared. */
function readSide(bytes, trust) {
  const value = parseObject(bytes);
  const reader = new Reader(value, '$');
  if (value.has('bundle_type')) {
    const bundle = readBundle(reader);
    const { merged } = judgeAndMerge(bundle, trust);
    const fits = equal(merged.state, value.get('state'));
    return { kind: 'bundle', value, bytes, fits, told: tellBundle(bundle, trust) };
  }
  if (!value.has('state_type')) throw new Refusal('document-kind', '$');
  readState(reader);
  return { kind: 'state', value, bytes, told: tellState(value) };
}

const stateOf = ({ kind, value }) => (kind === 'state' ? value : value.get('state'));

/** The operation `compare`. */
export function compare({ first, second, trust }) {
  const trusted = makeTrust(trust);
  const [a, b] = [readSide(first, trusted), readSide(second, trusted)];
  const pithNumber = a.value.get('pith_number');
  if (pithNumber !== b.value.get('pith_number')) throw new Refusal('merge-numbers');
  // Against a state, a bundle is the state inside it.
  if (a.kind === 'state' || b.kind === 'state') for (const side of [a, b]) side.told = tellState(stateOf(side));
  const meaning = ({ standing, reason }) => `${standing} ${reason}`;
  const only = (these, those) => these.told.filter(({ event_id: id }) => !those.told.some((it) => it.event_id === id));
  const names = (told) => [...told].sort(byTime).map(({ event_id: id }) => id);
  const changed = b.told.flatMap((told) => {
    const before = a.told.find(({ event_id: id }) => id === told.event_id);
    if (before === undefined || meaning(before) === meaning(told)) return [];
    const later = compareCodePoints(before.created_at, told.created_at) > 0 ? before : told;
    return [{ ...told, created_at: later.created_at }];
  });
  const events = {
    events_added: names(only(b, a)),
    events_removed: names(only(a, b)),
    events_changed: names(changed),
  };
  const same = Object.values(events).every((list) => list.length === 0);
  return { pith_number: pithNumber, relation: relationOf(a, b, same), kinds: [a.kind, b.kind], ...events };
}

function relationOf(a, b, sameEvents) {
  if (a.bytes.equals(b.bytes)) return 'identical';
  if (a.kind === b.kind && equal(a.value, b.value)) return 'same-content';
  if (a.kind !== b.kind) {
    const [bundle, state] = a.kind === 'bundle' ? [a, b] : [b, a];
    return equal(bundle.value.get('state'), state.value) ? 'same-state' : 'different';
  }
  if (a.kind === 'state' || !sameEvents) return 'different';
  const passed = a.fits && b.fits ? [...RESIGNED_MEMBERS, 'state'] : RESIGNED_MEMBERS;
  return equal(without(a.value, ...passed), without(b.value, ...passed)) ? 're-signed' : 'different';
}
