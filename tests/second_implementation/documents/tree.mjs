/** A whole mirror: format 12.1, 12.3, 12.4. */
import { equal } from '../canonical.mjs';
import { parseObject } from '../json.mjs';
import { compareCodePoints } from '../paths.mjs';
import { Reader } from '../reader.mjs';
import { readBundle, verifyBundle } from './bundle.mjs';
import { firstDifference } from './difference.mjs';
import { Report, worse } from './findings.mjs';
import { readManifest, verifyManifest } from './manifest.mjs';
import { readRecordDocument, recordDocumentOf, verifyRecordDocument } from './record_document.mjs';
import { readState, verifyState } from './state.mjs';
import { orRefused, verifyKeyDocument, verifyKeyring } from './verify.mjs';

const KEYRING = 'pith-keys.json';
const MANIFEST = 'pith-mirrors.json';
const SIGNING_KEY = 'pith-signing-key.json';
const OF_A_NUMBER = /^(?:\.well-known\/)?pith\/([^/]+?)(?:\.json|\/bundle\.json|\/state\.json)$/;

/**
 * Verify a tree of files.
 *
 * @param {Map<string, Uint8Array>} files
 * @param {import('./pinning.mjs').Trust} given what is trusted
 * @returns {{verdict: string, findings: object[]}} the findings with their files in front of their paths
 */
export function verifyTree(files, given) {
  const results = [];
  let trust = given;
  let chain = null;
  if (files.has(KEYRING)) {
    const result = orRefused(() => verifyKeyring(parseObject(files.get(KEYRING)), given));
    results.push({ path: KEYRING, report: result.report ?? result });
    trust = result.followed ?? given;
    chain = result.chain ?? null;
  }
  if (files.has(MANIFEST)) {
    const read = () => verifyManifest(readManifest(Reader.of(parseObject(files.get(MANIFEST)), '$')));
    results.push({ path: MANIFEST, report: orRefused(read) });
  }
  if (files.has(SIGNING_KEY)) {
    const report = orRefused(() => verifySigningKey(parseObject(files.get(SIGNING_KEY)), trust, chain));
    results.push({ path: SIGNING_KEY, report });
  }
  for (const [suffix, paths] of pathsByNumber(files)) results.push(...verifyNumber(suffix, paths, files, trust));
  return summary(results);
}

function summary(results) {
  const findings = results.flatMap(({ path, report }) => {
    return report.findings.map((finding) => ({ ...finding, path: `${path}: ${finding.path}` }));
  });
  const counting = results.filter(({ path, report }) => path !== MANIFEST || report.verdict === 'invalid');
  if (counting.length === 0) {
    return { verdict: 'invalid', findings: [...findings, { outcome: 'failed', code: 'no-mirror', path: '$' }] };
  }
  return { verdict: counting.map(({ report }) => report.verdict).reduce(worse), findings };
}

/** The key document of a mirror, held against the newest key of its keyring (12.4). */
function verifySigningKey(value, trust, chain) {
  const report = verifyKeyDocument(value, trust);
  if (chain === null) return report;
  const { document } = chain.keys.at(-1);
  const same = ['key_id', 'public_key_hex'].every((member) => value.get(member) === document.get(member));
  const difference = same ? firstDifference(value, document, '$') : '$.key_id';
  if (difference !== null) report.fail('signing-key', difference);
  return report;
}

/** The files of each number, by suffix and path in code-point order. */
function pathsByNumber(files) {
  const numbers = new Map();
  for (const path of [...files.keys()].sort(compareCodePoints)) {
    const suffix = OF_A_NUMBER.exec(path)?.[1];
    if (suffix === undefined) continue;
    if (!numbers.has(suffix)) numbers.set(suffix, []);
    numbers.get(suffix).push(path);
  }
  return [...numbers].sort(([a], [b]) => compareCodePoints(a, b));
}

/** The files of one number. */
function verifyNumber(suffix, paths, files, trust) {
  const place = `pith/${suffix}/bundle.json`;
  const copyPlace = `.well-known/${place}`;
  const statePlace = `pith/${suffix}/state.json`;
  const results = [];
  let first = null;
  if (files.has(place)) {
    first = readAndVerifyBundle(files.get(place), trust, suffix);
    for (const other of [statePlace, `pith/${suffix}.json`, copyPlace]) {
      if (!files.has(other)) first.report.note('copies', '$');
    }
    results.push({ path: place, report: first.report });
  }
  const standing = first !== null && first.report.verdict !== 'invalid' ? first : null;
  for (const path of paths.filter((other) => other !== place)) {
    const bytes = files.get(path);
    let report;
    if (path === copyPlace) report = verifySecondCopy(bytes, files.get(place), first, trust, suffix);
    else if (path === statePlace) report = verifyStateInPlace(bytes, standing, trust, suffix);
    else report = verifyRecordInPlace(bytes, standing, trust, suffix);
    results.push({ path, report });
  }
  return results;
}

/**
 * Read a document of a number, verify it, and hold its number against its place.
 *
 * @param {Uint8Array} bytes
 * @param {string} suffix
 * @param {(value: Map<string, any>) => Report} verify
 * @param {boolean} placed whether what is no JSON object at all is held against its place, too
 * @returns {Report}
 */
function verifyInPlace(bytes, suffix, verify, placed) {
  let value = null;
  const report = orRefused(() => {
    value = parseObject(bytes);
    return verify(value);
  });
  const number = value?.get('pith_number');
  const stated = typeof number === 'string' && /^[ -~]*$/.test(number) ? number : '';
  if (value !== null || placed) report.check(stated.endsWith(`:${suffix}`), 'mirror-path', '$.pith_number');
  return report;
}

/** A bundle, and what of it the other files need. */
function readAndVerifyBundle(bytes, trust, suffix) {
  let bundle = null;
  let keys = null;
  const report = verifyInPlace(bytes, suffix, (value) => {
    bundle = readBundle(Reader.of(value, '$'));
    const verified = verifyBundle(bundle, trust);
    keys = verified.keys;
    return verified.report;
  }, true);
  return { bundle, keys, report };
}

/** The bundle's second copy: the same bytes have the same verdict, and no findings of their own. */
function verifySecondCopy(bytes, firstBytes, first, trust, suffix) {
  if (first !== null && Buffer.compare(bytes, firstBytes) === 0) {
    return { verdict: first.report.verdict, findings: [] };
  }
  const { report } = readAndVerifyBundle(bytes, trust, suffix);
  if (first !== null) report.fail('copies', '$');
  return report;
}

/** A state, which takes over the verdict of its bundle. */
function verifyStateInPlace(bytes, standing, trust, suffix) {
  let state = null;
  const report = verifyInPlace(bytes, suffix, (value) => {
    state = readState(Reader.of(value, '$'));
    return verifyState(state, trust);
  }, false);
  if (standing === null || report.verdict === 'invalid') return report;
  if (equal(state.value, standing.bundle.state.value)) {
    report.best = standing.report.verdict;
    report.keys = [...standing.report.keys];
  } else {
    report.fail('copies', '$');
  }
  return report;
}

/** A record document, which must be the one that follows from its bundle. */
function verifyRecordInPlace(bytes, standing, trust, suffix) {
  let document = null;
  const report = verifyInPlace(bytes, suffix, (value) => {
    document = readRecordDocument(Reader.of(value, '$'));
    return verifyRecordDocument(document, trust, standing?.keys);
  }, false);
  if (standing === null || report.verdict === 'invalid') return report;
  const follows = recordDocumentOf(standing.bundle, document.schema_url);
  if (follows === null) {
    const incomplete = new Report();
    incomplete.fail('bundle-incomplete', '$.state.current');
    return incomplete;
  }
  report.check(equal(document.value, follows), 'copies', '$');
  return report;
}
