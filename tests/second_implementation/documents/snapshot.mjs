/** Rows, counts, digests and integrity of a graph snapshot: format 7.13. */
import { digestOf } from '../canonical.mjs';
import { Refusal } from '../refusal.mjs';
import { mapOf } from './shapes.mjs';

const BLOCKS = [
  { name: 'claims', count: 'count', rows: 'items' },
  { name: 'references', count: 'count', rows: 'sample' },
  { name: 'formal_canon', count: 'evidence_count', rows: null },
  { name: 'author_claims', count: 'count', rows: null },
];
const SEVERITIES = ['advisory', 'critical', 'informational'];

/**
 * The faults of a snapshot.
 *
 * @param {object} snapshot read as in 7.4
 * @param {string} path
 * @returns {Refusal[]}
 */
export function snapshotFaults(snapshot, path) {
  const faults = BLOCKS.flatMap((block) => blockFaults(snapshot[block.name], block, `${path}.${block.name}`));
  const { references, author_claims: claims, integrity } = snapshot;
  if (references.resolved_work > references.count) {
    faults.push(new Refusal('snapshot-counts', `${path}.references.resolved_work`));
  }
  if (claims.strong_count > claims.count) {
    faults.push(new Refusal('snapshot-counts', `${path}.author_claims.strong_count`));
  }
  if (integrity !== null) faults.push(...integrityFaults(integrity, `${path}.integrity`));
  return faults;
}

function blockFaults(block, { count, rows }, path) {
  const inside = rows === null ? [] : block[rows];
  if (inside.length > block[count]) return [new Refusal('snapshot-rows', path)];
  if (inside.length === block[count] && block.snapshot_sha256 !== digestOf(mapOf({ payload: inside }))) {
    return [new Refusal('snapshot-digest', `${path}.snapshot_sha256`)];
  }
  return [];
}

function integrityFaults(integrity, path) {
  const { detectors_run: detectors, findings, summary } = integrity;
  const faults = [];
  const digest = digestOf(mapOf({ payload: mapOf({ detectors, findings }) }));
  if (integrity.snapshot_sha256 !== digest) faults.push(new Refusal('snapshot-digest', `${path}.snapshot_sha256`));
  const clean = findings.length === 0;
  if (integrity.available && integrity.clean !== clean) faults.push(new Refusal('snapshot-findings', `${path}.clean`));
  const said = SEVERITIES.some((name) => summary[name] !== 0) || summary.by_detector.size > 0;
  if (!clean || said) faults.push(...summaryFaults(summary, findings, `${path}.summary`));
  return faults;
}

function summaryFaults(summary, findings, path) {
  const severities = countBy(findings, 'severity');
  const countOf = (name) => severities.get(name) ?? 0;
  const judged = SEVERITIES.reduce((sum, name) => sum + countOf(name), 0) === findings.length;
  const wrong = judged ? SEVERITIES.filter((name) => summary[name] !== countOf(name)) : [];
  if (!detectorsFit(summary.by_detector, findings)) wrong.push('by_detector');
  return wrong.map((name) => new Refusal('snapshot-findings', `${path}.${name}`));
}

/** Whether the stated counts by detector are those of the findings, or cannot be judged. */
function detectorsFit(byDetector, findings) {
  const counted = countBy(findings, 'detector');
  const total = [...counted.values()].reduce((sum, count) => sum + count, 0);
  const stated = [...byDetector].filter(([, value]) => value !== 0 && value !== false);
  if (total !== findings.length || stated.some(([, value]) => typeof value !== 'number')) return true;
  return stated.length === counted.size && stated.every(([name, value]) => counted.get(name) === value);
}

/** How many rows are objects with each string as this member. */
function countBy(rows, member) {
  const counts = new Map();
  for (const row of rows) {
    const word = row instanceof Map ? row.get(member) : undefined;
    if (typeof word === 'string') counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}
