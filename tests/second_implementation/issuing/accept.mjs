/** Taking events in that others signed (format 7.14). */
import { canonicalBytes } from '../canonical.mjs';
import { parseObject } from '../json.mjs';
import { Reader } from '../reader.mjs';
import { numberOf } from '../record.mjs';
import { Refusal } from '../refusal.mjs';
import { compareInstants, cutToSecond } from '../times.mjs';
import { readBundle, verifyBundle } from '../documents/bundle.mjs';
import { judgeEvent, readEvent, standingFaults } from '../documents/event.mjs';
import { checkKeyDocument, readKeyDocument } from '../documents/key_document.mjs';
import { mergeEvents } from '../documents/merge.mjs';
import { object, shape } from '../documents/shapes.mjs';
import { makeTrust } from '../documents/trust.mjs';
import { bundleOf, judgeAndMerge } from './history.mjs';
import { SIGNER, registryKeys } from './registry.mjs';

/** Reads a detached event (7.15). */
const readDetached = shape({
  event: object(readEvent),
  public_key: object(readKeyDocument),
  document_type: (reader, name) => reader.oneOf(name, ['pith_detached_event']),
  document_version: (reader, name) => reader.oneOf(name, ['1.0']),
});

/** The events of one file, each with the document of its key. */
function eventsOf(bytes) {
  const value = parseObject(bytes);
  const reader = new Reader(value, '$');
  const isBundle = value.get('bundle_type') === 'pith_open_graph_bundle';
  const { events, documents } = isBundle ? partsOfBundle(reader) : partsOfDetached(reader);
  return events.map((event) => {
    const document = documents.findLast(({ key_id: id }) => id === event.signer.key_id);
    if (document === undefined) throw new Refusal('event-key-missing');
    return { event, document };
  });
}

function partsOfBundle(reader) {
  const { events, public_keys: documents } = readBundle(reader);
  return { events, documents };
}

function partsOfDetached(reader) {
  const { event, public_key: document } = readDetached(reader);
  return { events: [event], documents: [document] };
}

/** A name with letters made small, and everything between letters and digits a hyphen. */
function reducedName(name) {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** Adding to a bundle: the bundle, the registry, and what is known of them. */
export class Extension {
  constructor({ bundle, now, trust, registry }) {
    const { bytes, chain } = registryKeys(registry);
    this.bundle = bundleOf(bundle);
    this.now = now;
    this.chain = chain;
    this.trust = makeTrust([...(trust ?? []), bytes]);
    Object.assign(this, judgeAndMerge(this.bundle, this.trust));
    this.pithNumber = numberOf(this.bundle.canonical_record).pithNumber;
    this.ids = new Set(this.judged.map(({ id }) => id));
  }

  isOwn(key) {
    return this.chain.keys.some((own) => own.key.hex === key.hex);
  }

  /** The bundle must have been one that can be extended (step 10, 18.1). */
  checkBundle() {
    const inForce = this.judged.filter(({ id, reason }) => reason === null && this.merged.shown.has(id));
    const signing = this.keys.get(this.bundle.bundle_signature.key_id);
    const used = [signing, ...inForce.flatMap(({ key, receiptKey }) => [key, receiptKey])].filter(Boolean);
    if (used.some((key) => this.isOwn(key) && this.trust.window(key)?.compromised)) {
      throw new Refusal('unvouched-bundle');
    }
    if (verifyBundle(this.bundle, this.trust).report.verdict !== 'trusted') throw new Refusal('bundle-untrusted');
  }

  /** Step 3. */
  checkClock() {
    const receipt = this.merged.record.payload.get('receipt');
    const early = compareInstants(this.now, receipt.get('signed_at')) < 0;
    if (early || cutToSecond(this.now) < this.bundle.built_at) throw new Refusal('clock-set-back');
  }

  /** Step 4: the events that are new, by identifier. */
  newEvents(arrived) {
    const invalid = new Set(this.bundle.state.value.get('invalid_events').map((event) => event.get('event_id')));
    const bytes = new Set(this.bundle.events.map(({ value }) => canonicalBytes(value).toString('latin1')));
    const left = new Map();
    for (const one of arrived) {
      const { id } = judgeEvent(one.event, '$', this.pithNumber, new Map());
      const there = this.ids.has(id) && !invalid.has(id);
      if (!there && !bytes.has(canonicalBytes(one.event.value).toString('latin1'))) left.set(id, { ...one, id });
    }
    return [...left.values()];
  }

  /** Step 6: the keys of the bundle with the new events in it, and their documents. */
  allKeys(events) {
    const keys = new Map();
    const documents = [];
    const add = (document, key) => {
      const id = document.get('key_id');
      if (keys.has(id) && keys.get(id).hex !== key.hex) throw new Refusal('key-conflict');
      if (!keys.has(id)) documents.push(document);
      keys.set(id, key);
    };
    const check = (document) => {
      try {
        return checkKeyDocument(document, '');
      } catch (error) {
        throw error instanceof Refusal ? new Refusal(error.code) : error;
      }
    };
    for (const document of this.bundle.public_keys) add(document.value, check(document));
    for (const { document } of events) {
      const key = check(document);
      add(document.value, key);
      this.checkName(document, key);
    }
    const newest = this.chain.keys.at(-1);
    add(newest.document, newest.key);
    return { keys, documents };
  }

  /** A key that arrives may not be called like the registry's, nor like another one that is pinned. */
  checkName(document, key) {
    const name = reducedName(document.key_id);
    const usual = new RegExp(`^${reducedName(SIGNER)}-[0-9]{4}-[0-9]{2}(-.*)?$`);
    if (!this.isOwn(key) && usual.test(name)) throw new Refusal('key-conflict');
    if (this.trust.isOther(document.key_id, key)) throw new Refusal('key-conflict');
  }

  /** Step 7. */
  checkSigner(judged, events, keys) {
    const [fault] = standingFaults(judged, this.trust);
    if (fault !== undefined) throw new Refusal(fault.code);
    const { signer } = judged.event;
    const standing = this.trust.standing(signer, keys);
    const fingerprints = (list) => {
      const own = list.filter(({ event }) => event.signer.signer_id === signer.signer_id);
      return new Set(own.map(({ event }) => event.signer.public_key_fingerprint));
    };
    const before = fingerprints(this.judged.filter(({ reason }) => reason === null));
    const stranger = before.size > 0 ? !before.has(signer.public_key_fingerprint) : fingerprints(events).size > 1;
    const foreign = signer.signer_id === SIGNER && !this.chain.keys.some(({ id }) => id === signer.key_id);
    if (standing === 'unproven' || (standing === 'unknown' && stranger) || foreign) throw new Refusal('signer-key');
  }

  /** Step 8: the bundle's events and new ones, merged. */
  merge(added) {
    const aliases = this.bundle.source_aliases.map((alias) => alias.value);
    const merged = mergeEvents(this.bundle.pith_number, [...this.judged, ...added], aliases);
    for (const { id } of added) {
      const invalid = merged.invalid.find(({ event_id: other }) => other === id);
      if (invalid !== undefined) throw new Refusal(invalid.reason);
    }
    return merged;
  }

  /** Steps 9 and 10. */
  checkExtended(merged, added, documents) {
    const told = ({ signer, payload }) => `${signer.signer_id} ${payload.get('receipt').get('first_computed_at')}`;
    if (merged.record === null || told(merged.record) !== told(this.merged.record)) {
      throw new Refusal('record-displaced');
    }
    const value = new Map(this.bundle.value)
      .set('events', [...this.judged, ...added].map(({ event }) => event.value))
      .set('public_keys', documents)
      .set('state', merged.state)
      .set('built_at', cutToSecond(this.now));
    const { report } = verifyBundle(readBundle(new Reader(value, '$')), this.trust);
    // The registry's signature is not made here: whatever else is wrong decides, and which keys count.
    const failed = report.failures.some(({ path }) => !path.startsWith('$.bundle_signature'));
    if (failed || report.keys.includes(false)) throw new Refusal('bundle-untrusted');
  }
}

/**
 * The operation `accept-events`.
 * @param {{bundle: Buffer, events: Buffer[], now: string, trust?: Buffer[], registry?: Buffer}} input
 * @returns {{event_ids: string[]}}
 * @throws {Refusal}
 */
export function acceptEvents(input) {
  const extension = new Extension(input);
  const arrived = input.events.flatMap(eventsOf);
  if (arrived.length === 0) throw new Refusal('event-none');
  extension.checkBundle();
  extension.checkClock();
  const events = extension.newEvents(arrived);
  if (events.length === 0) return { event_ids: [] };
  const second = cutToSecond(input.now);
  if (events.some(({ event }) => event.created_at > second)) throw new Refusal('event-future');
  const { keys, documents } = extension.allKeys(events);
  const added = events.map(({ event }) => judgeEvent(event, '$', extension.pithNumber, keys));
  for (const judged of added) extension.checkSigner(judged, added, keys);
  extension.checkExtended(extension.merge(added), added, documents);
  return { event_ids: added.map(({ id }) => id) };
}
