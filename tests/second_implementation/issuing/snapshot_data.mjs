/** The payload of a snapshot, made from plain rows (format 18.2). */
import { canonicalBytes, digestOf } from '../canonical.mjs';
import { parseObject } from '../json.mjs';
import { Reader } from '../reader.mjs';
import { Refusal } from '../refusal.mjs';
import { mapOf } from '../documents/shapes.mjs';
import { makeTrust } from '../documents/trust.mjs';
import { bundleOf, judgeAndMerge } from './history.mjs';

const ROWS = ['claims', 'references', 'formal_canon', 'author_claims'];
const MEMBERS = [
  ...ROWS,
  'reference_sample_size',
  'verdict',
  'verdict_id',
  'integrity',
  'headline',
  ...ROWS.map((name) => `${name}_sha256`),
];
const INTEGRITY_MEMBERS = ['endpoint', 'detectors_run', 'findings', 'snapshot_sha256'];
const SEVERITIES = ['advisory', 'critical', 'informational'];

/** The members of a verdict: how each is read, and what stands where it is missing. */
const VERDICT = {
  id: [(reader, name) => reader.nullable(name, 'text'), () => null],
  created_at: [(reader, name) => reader.nullable(name, 'instant'), () => null],
  pipeline_version: [(reader, name) => reader.nullable(name, 'text'), () => null],
  model_set: [(reader, name) => reader.object(name).value, () => new Map()],
  strongest_claim: [(reader, name) => reader.text(name), () => ''],
  weakest_assumption: [(reader, name) => reader.text(name), () => ''],
  one_line_summary: [(reader, name) => reader.text(name), () => ''],
  pith_extraction_headline: [(reader, name) => reader.text(name), () => ''],
};

function refuseUnknown(reader, known) {
  for (const name of reader.value.keys()) {
    if (!known.includes(name)) throw new Refusal('field-unknown', reader.at(name));
  }
}

/** An array of objects that may be missing. */
function readRows(reader, name, check = () => {}) {
  if (!reader.has(name)) return [];
  return Array.from(reader.objects(name), (row) => {
    check(row);
    return row.value;
  });
}

function checkReference(row) {
  for (const name of ['resolved', 'internal_anchor']) if (row.has(name)) row.boolean(name);
}

function readVerdict(reader) {
  refuseUnknown(reader, Object.keys(VERDICT));
  const member = ([name, [read, empty]]) => [name, reader.has(name) ? read(reader, name) : empty()];
  return new Map(Object.entries(VERDICT).map(member));
}

function readIntegrity(reader) {
  if (reader === undefined) return null;
  refuseUnknown(reader, INTEGRITY_MEMBERS);
  const detectors = readRows(reader, 'detectors_run');
  const findings = readRows(reader, 'findings', (finding) => {
    finding.notBlank('detector');
    finding.oneOf('severity', SEVERITIES);
  });
  const endpoint = reader.notBlank('endpoint');
  const stated = reader.has('snapshot_sha256') ? reader.digest('snapshot_sha256') : null;
  return { detectors, findings, endpoint, stated };
}

/** Everything that the data say, read in order. */
function readData(reader) {
  refuseUnknown(reader, MEMBERS);
  const inside = (name) => (reader.has(name) ? reader.object(name) : undefined);
  const rows = {
    claims: readRows(reader, 'claims'),
    formal_canon: readRows(reader, 'formal_canon'),
    references: readRows(reader, 'references', checkReference),
    author_claims: readRows(reader, 'author_claims', (row) => row.oneOf('strength', ['weak', 'strong'])),
  };
  const sample = reader.has('reference_sample_size') ? reader.integer('reference_sample_size', 0) : Infinity;
  const verdict = readVerdict(inside('verdict') ?? new Reader(new Map(), '$.verdict'));
  const integrity = readIntegrity(inside('integrity'));
  const stated = new Map();
  for (const name of ROWS) if (reader.has(`${name}_sha256`)) stated.set(name, reader.digest(`${name}_sha256`));
  const verdictId = reader.has('verdict_id') ? reader.nullable('verdict_id', 'text') : verdict.get('id');
  const headline = reader.has('headline') ? reader.text('headline') : null;
  return { rows, sample, verdict, integrity, stated, verdictId, headline };
}

const digestOfRows = (rows) => digestOf(mapOf({ payload: rows }));

function integrityBlock({ endpoint, detectors, findings }, digest) {
  const count = (name, word) => findings.filter((finding) => finding.get(name) === word).length;
  const byDetector = new Map();
  for (const finding of findings) {
    const detector = finding.get('detector');
    byDetector.set(detector, count('detector', detector));
  }
  const summary = SEVERITIES.map((severity) => [severity, count('severity', severity)]);
  return mapOf({
    endpoint,
    available: true,
    clean: findings.length === 0,
    detectors_run: detectors,
    findings,
    summary: new Map([...summary, ['by_detector', byDetector]]),
    snapshot_sha256: digest,
  });
}

/** Digests that are said must be those of the rows. */
function checkDigests({ stated, integrity }, digests, integrityDigest) {
  for (const name of ROWS) {
    const said = stated.get(name);
    if (said !== undefined && said !== digests[name]) throw new Refusal('snapshot-digest', `$.${name}_sha256`);
  }
  const said = integrity?.stated ?? null;
  if (said !== null && said !== integrityDigest) throw new Refusal('snapshot-digest', '$.integrity.snapshot_sha256');
}

/**
 * The payload that follows from data and the newest snapshot.
 * @param {Map<string, any>} value the data
 * @param {object} bundle
 * @param {string} builderVersion
 * @returns {Map<string, any>}
 * @throws {Refusal} event-no-snapshot, field-…, snapshot-…
 */
export function snapshotPayload(value, bundle, builderVersion) {
  const { merged } = judgeAndMerge(bundle, makeTrust());
  const newest = merged.state.get('current').get('graph_snapshots').at(-1)?.get('payload').get('graph_snapshot');
  if (newest === undefined) throw new Refusal('event-no-snapshot');
  const data = readData(new Reader(value, '$'));
  const { rows, integrity, verdict } = data;
  const digests = Object.fromEntries(ROWS.map((name) => [name, digestOfRows(rows[name])]));
  const { detectors, findings } = integrity ?? {};
  const integrityDigest = integrity && digestOfRows(mapOf({ detectors, findings }));
  checkDigests(data, digests, integrityDigest);
  const named = verdict.get('id');
  if (named !== null && data.verdictId !== named) throw new Refusal('snapshot-verdict', '$.verdict_id');
  const references = (name) => rows.references.filter((row) => row.get(name) === true).length;
  const paper = new Map(newest.get('paper'));
  if (data.headline !== null) paper.set('headline', data.headline);
  const snapshot = mapOf({
    paper,
    source: newest.get('source'),
    builder_version: builderVersion,
    claims: mapOf({ count: rows.claims.length, items: rows.claims, snapshot_sha256: digests.claims }),
    references: mapOf({
      count: rows.references.length,
      sample: rows.references.slice(0, data.sample),
      resolved_work: references('resolved'),
      internal_anchors: references('internal_anchor'),
      snapshot_sha256: digests.references,
    }),
    verdict,
    formal_canon: mapOf({ evidence_count: rows.formal_canon.length, snapshot_sha256: digests.formal_canon }),
    author_claims: mapOf({
      count: rows.author_claims.length,
      strong_count: rows.author_claims.filter((row) => row.get('strength') === 'strong').length,
      snapshot_sha256: digests.author_claims,
    }),
  });
  if (integrity !== null) snapshot.set('integrity', integrityBlock(integrity, integrityDigest));
  return mapOf({ graph_snapshot: snapshot, verdict_id: data.verdictId });
}

/** The operation `build-snapshot`. */
export function buildSnapshot({ data, bundle, builder_version: builderVersion }) {
  return { payload: canonicalBytes(snapshotPayload(parseObject(data), bundleOf(bundle), builderVersion)) };
}
