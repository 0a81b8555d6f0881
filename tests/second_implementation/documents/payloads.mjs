/** The payloads of the families: format 7.3 to 7.11. */
import { Reader } from '../reader.mjs';
import { readRecord } from '../record.mjs';
import { readReceipt } from './receipt.mjs';
import { anyObject, array, boolean, count, digest, instant, object, orNull, positive, second, shape, text, texts }
  from './shapes.mjs';

const IDENTITY_PROVIDERS = ['orcid', 'apple', 'x', 'email'];
const STRENGTHS = ['strong', 'weak'];
const ANCHOR_METHODS = ['opentimestamps', 'rfc3161'];
const ANCHOR_STATUSES = ['pending', 'confirmed'];
const RELATIONSHIPS = [
  'supports', 'refutes', 'extends', 'uses_method', 'depends_on', 'replaces', 'compares', 'cites',
];
const REPLICATION_KINDS = ['replication', 'falsification', 'formal_bridge'];

const notBlank = (reader, name) => reader.notBlank(name);
const address = (reader, name) => reader.address(name);
const base64 = (reader, name) => reader.base64(name);
const pithNumber = (reader, name) => reader.pithNumber(name);
const oneOf = (words) => (reader, name) => reader.oneOf(name, words);

/** `kind`, `id` and `version` of a source. */
export const readSource = shape({ kind: text, id: text, version: positive });

/** What is shown of a paper (7.4). */
export const readPaper = shape({
  title: text,
  authors_text: text,
  abstract_excerpt: text,
  primary_cat: text,
  cross_cats: texts,
  license: text,
  submitted_at: second,
  headline: text,
});

/** A mirror hint (10.1). */
export const readMirrorHint = shape({
  mirror_type: text,
  name: text,
  base_url: text,
  bundle_url: text,
  state_url: text,
  well_known_bundle_url: text,
  status: text,
});

const readIntegrity = shape({
  endpoint: text,
  available: boolean,
  clean: boolean,
  detectors_run: array,
  findings: array,
  summary: object(shape({ advisory: count, critical: count, informational: count, by_detector: anyObject })),
  snapshot_sha256: digest,
});

const readVerdict = shape({
  id: orNull(text),
  created_at: orNull(instant),
  pipeline_version: orNull(text),
  model_set: anyObject,
  strongest_claim: text,
  weakest_assumption: text,
  one_line_summary: text,
  pith_extraction_headline: text,
});

const readSnapshot = shape({
  paper: object(readPaper),
  source: object(readSource),
  builder_version: text,
  claims: object(shape({ count, items: array, snapshot_sha256: digest })),
  references: object(
    shape({ count, sample: array, resolved_work: count, internal_anchors: count, snapshot_sha256: digest }),
  ),
  verdict: object(readVerdict),
  formal_canon: object(shape({ evidence_count: count, snapshot_sha256: digest })),
  author_claims: object(shape({ count, strong_count: count, snapshot_sha256: digest })),
  integrity: (reader, name) => (reader.has(name) ? object(readIntegrity)(reader, name) : null),
});

/** The payload of a `record_created` (7.3). */
const readRecordCreated = shape({
  canonical_record: object(readRecord),
  canonical_sha256: digest,
  receipt: object(readReceipt),
  source_kind: text,
  source_id: text,
  source_version: positive,
  attestation_state: text,
});

const PAYLOADS = {
  record_created: readRecordCreated,
  graph_snapshot: shape({ graph_snapshot: object(readSnapshot), verdict_id: orNull(text) }),
  author_attestation: shape({
    claimant_name: notBlank,
    identity_provider: oneOf(IDENTITY_PROVIDERS),
    identifier: notBlank,
    strength: oneOf(STRENGTHS),
  }),
  timestamp_anchor: shape({
    method: oneOf(ANCHOR_METHODS),
    digest_sha256: digest,
    proof_b64: base64,
    status: oneOf(ANCHOR_STATUSES),
    block_height: orNull(count),
    authority: orNull(text),
  }),
  storage_attestation: shape({ url: address, archive: text, captured_at: second, content_sha256: digest }),
  citation_signature: shape({ cited_pith_number: pithNumber, relationship: oneOf(RELATIONSHIPS) }),
  replication_record: shape({
    kind: oneOf(REPLICATION_KINDS),
    outcome: text,
    url: address,
    artifact_sha256: digest,
    system: orNull(text),
  }),
  correction: shape({
    what: notBlank,
    reason: notBlank,
    url: address,
    corrected_pith_number: orNull(pithNumber),
  }),
  mirror_hint: readMirrorHint,
};

/**
 * Read the payload of a known family.
 *
 * @param {string} eventType
 * @param {Map<string, any>} payload
 * @param {string} path
 * @returns {object}
 * @throws {Refusal} field-…
 */
export function readPayload(eventType, payload, path) {
  return PAYLOADS[eventType](Reader.of(payload, path));
}
