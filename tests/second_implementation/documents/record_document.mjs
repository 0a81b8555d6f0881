/** Record documents: format chapter 11. */
import { equal } from '../canonical.mjs';
import { numberOf, readRecord, recordFaults } from '../record.mjs';
import { Report } from './findings.mjs';
import { numberFaults } from './numbers.mjs';
import { paperFaults } from './paper.mjs';
import { readPaper, readSource } from './payloads.mjs';
import { checkShownReceipt, readReceipt } from './receipt.mjs';
import { boolean, count, digest, mapOf, object, shape, text } from './shapes.mjs';

/** Read a record document (11.1). */
export const readRecordDocument = shape({
  schema_url: text,
  pith_number: text,
  short_pith_number: text,
  canonical_sha256: digest,
  source: object(readSource),
  paper: object(readPaper),
  verification_status: object(
    shape({
      content_addressed: boolean,
      pith_receipt: boolean,
      graph_snapshot: boolean,
      author_attested: boolean,
      weak_author_claims: count,
      strong_author_claims: count,
      externally_anchored: boolean,
      storage_verified: boolean,
      citation_signatures: count,
      replication_records: count,
      references_resolved: boolean,
      formal_links_present: boolean,
    }),
  ),
  canonical_record: object(readRecord),
  receipt: object(readReceipt),
  attestation_state: text,
  schema_version: text,
  record_type: text,
});

/**
 * Verify a record document (11.2).
 *
 * @param {object} document
 * @param {import('./pinning.mjs').Trust} trust
 * @param {Map<string, import('./key_document.mjs').Key>} [keys] where the receipt's key is looked up
 * @returns {Report}
 */
export function verifyRecordDocument(document, trust, keys = trust.keys) {
  const report = new Report();
  const { canonical_record: record, verification_status: status, paper } = document;
  const number = numberOf(record);
  report.check(document.record_type === 'pith_number_record', 'record-document-type', '$.record_type');
  report.failAll(recordFaults(record, document.canonical_sha256, '$'));
  report.failAll(numberFaults(document, number));
  report.check(document.schema_version === record.schemaVersion, 'record-copies', '$.schema_version');
  report.check(equal(document.source.value, record.value.get('source')), 'record-copies', '$.source');
  report.failAll(paperFaults(paper, record, '$.paper'));
  const checkStatus = (holds, member) => {
    report.check(holds, 'verification-status', `$.verification_status.${member}`);
  };
  checkStatus(status.content_addressed, 'content_addressed');
  checkStatus(status.pith_receipt, 'pith_receipt');
  const claims = status.weak_author_claims + status.strong_author_claims;
  checkStatus(status.author_attested === claims > 0, 'author_attested');
  checkShownReceipt(document.receipt, '$.receipt', number.digest, keys, trust, report);
  for (const member of ['authors_text', 'abstract_excerpt', 'headline']) {
    if (paper[member] !== '') report.note('unsigned', `$.paper.${member}`);
  }
  report.note('unsigned', '$.verification_status');
  return report;
}

/**
 * The record document that follows from a bundle that is not invalid (11.1).
 *
 * @param {object} bundle
 * @param {string} schemaUrl
 * @returns {?Map<string, any>} null where none follows
 */
export function recordDocumentOf(bundle, schemaUrl) {
  const { current } = bundle.state;
  const snapshot = current.graph_snapshots.at(-1);
  if (current.record_created === null || snapshot === undefined) return null;
  const { value } = bundle;
  const { payload } = current.record_created;
  return mapOf({
    schema_url: schemaUrl,
    pith_number: bundle.pith_number,
    short_pith_number: bundle.short_pith_number,
    canonical_sha256: bundle.canonical_sha256,
    source: value.get('source'),
    canonical_record: value.get('canonical_record'),
    receipt: payload.get('receipt'),
    attestation_state: payload.get('attestation_state'),
    paper: snapshot.payload.get('graph_snapshot').get('paper'),
    verification_status: statusOf(current),
    schema_version: '1.0',
    record_type: 'pith_number_record',
  });
}

/** The verification status of a state (docs/events.md). */
function statusOf(current) {
  const payloads = (list) => current[list].map((event) => event.payload);
  const having = (list, member, word) => payloads(list).filter((payload) => payload.get(member) === word).length;
  const snapshot = current.graph_snapshots.at(-1).payload.get('graph_snapshot');
  const references = snapshot.get('references');
  const resolved = references.get('resolved_work');
  return mapOf({
    content_addressed: true,
    pith_receipt: current.record_created !== null,
    graph_snapshot: current.graph_snapshots.length > 0,
    author_attested: current.author_attestations.length > 0,
    weak_author_claims: having('author_attestations', 'strength', 'weak'),
    strong_author_claims: having('author_attestations', 'strength', 'strong'),
    externally_anchored: having('timestamp_anchors', 'status', 'confirmed') > 0,
    storage_verified: current.storage_attestations.length > 0,
    citation_signatures: current.citation_signatures.length,
    replication_records: current.replication_records.length,
    references_resolved: resolved > 0 && references.get('count') === resolved,
    formal_links_present:
      snapshot.get('formal_canon').get('evidence_count') > 0
      || having('replication_records', 'kind', 'formal_bridge') > 0,
  });
}
