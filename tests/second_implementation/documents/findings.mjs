/** Findings and the verdict that they add up to: format 15.1, 15.2. */

/** The verdicts from worst to best. */
const RANKS = ['invalid', 'self-consistent', 'trusted'];

/**
 * The worse of two verdicts.
 *
 * @param {string} a
 * @param {string} b
 */
export function worse(a, b) {
  return RANKS[Math.min(RANKS.indexOf(a), RANKS.indexOf(b))];
}

/** What verifying one document found, in the order in which it was found. */
export class Report {
  /** @type {{outcome: "failed"|"noted", code: string, path: string}[]} */
  findings = [];

  /** Of each key that counts, whether it counts as pinned. @type {boolean[]} */
  keys = [];

  /** The best verdict that is left to the document. */
  best;

  /** @param {string} [best] the best verdict of this kind of document */
  constructor(best = 'trusted') {
    this.best = best;
  }

  /** Add a failure. */
  fail(code, path) {
    this.findings.push({ outcome: 'failed', code, path });
  }

  /** Add a note. */
  note(code, path) {
    this.findings.push({ outcome: 'noted', code, path });
  }

  /** Add a failure unless `holds`. */
  check(holds, code, path) {
    if (!holds) this.fail(code, path);
  }

  /** Add several failures `{code, path}`. */
  failAll(faults) {
    for (const { code, path } of faults) this.fail(code, path);
  }

  /** A key under which something is good counts towards the verdict. */
  count(pinned) {
    this.keys.push(pinned);
  }

  /** The failures, in order. */
  get failures() {
    return this.findings.filter((finding) => finding.outcome === 'failed');
  }

  /** The notes, in order. */
  get notes() {
    return this.findings.filter((finding) => finding.outcome === 'noted');
  }

  /** The verdict of 15.1. */
  get verdict() {
    if (this.failures.length > 0) return 'invalid';
    const trusted = this.keys.length > 0 && this.keys.every((pinned) => pinned);
    return worse(this.best, trusted ? 'trusted' : 'self-consistent');
  }
}
