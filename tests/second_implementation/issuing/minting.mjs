/** Minting the papers of a source (format 18.1). */
import { parseObject } from '../json.mjs';
import { Reader } from '../reader.mjs';
import { numberOf, recordOf, shortLength } from '../record.mjs';
import { shortNumber } from '../number.mjs';
import { Refusal } from '../refusal.mjs';
import { readCompleted } from '../sources/read.mjs';
import { checkKeyring, readKeyring } from '../documents/keyring.mjs';
import { Extension } from './accept.mjs';
import { registryKeys } from './registry.mjs';

/** The mirror's keyring must not be ahead of the registry's; one that does not hold says nothing. */
function checkMirrorKeys(bytes, chain) {
  if (bytes === undefined) return;
  let shown;
  try {
    shown = checkKeyring(readKeyring(new Reader(parseObject(bytes), '$')));
  } catch (error) {
    if (error instanceof Refusal) return;
    throw error;
  }
  if (shown.keys[0].key.hex !== chain.keys[0].key.hex) return;
  if (shown.digests.some((digest, i) => digest !== chain.digests[i])) throw new Refusal('keyring-behind');
}

/** A bundle of the mirror, which must be the registry's own. */
function readStored(bytes, suffix, { now, registry }) {
  let extension;
  try {
    extension = new Extension({ bundle: bytes, now, registry });
    extension.checkBundle();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw error.code === 'unvouched-bundle' ? error : new Refusal('stored-bundle');
  }
  if (!extension.pithNumber.endsWith(`:${suffix}`)) throw new Refusal('stored-bundle');
  return extension.bundle;
}

const nameOf = (id, version) => `${id}v${version}`;

/** What was minted before, by identifier and version. */
function readMirror(files, input) {
  const known = new Map();
  for (const [path, bytes] of Object.entries(files)) {
    const suffix = /^pith\/([^/]+)\/bundle\.json$/.exec(path)?.[1];
    if (suffix === undefined) continue;
    const bundle = readStored(bytes, suffix, input);
    const { id, version } = bundle.canonical_record;
    if (known.has(nameOf(id, version))) throw new Refusal('drift');
    const { digest, pithNumber } = numberOf(bundle.canonical_record);
    const paths = [`pith/${suffix}/state.json`, `pith/${suffix}.json`, `.well-known/pith/${suffix}/bundle.json`];
    const whole = paths.every((other) => Object.hasOwn(files, other));
    known.set(nameOf(id, version), { digest, pithNumber, short: bundle.short_pith_number, suffix, whole });
  }
  return known;
}

/** Mints a paper, or finds that it was. */
function mintPaper(paper, known) {
  const value = recordOf(paper);
  const { digest, pithNumber, suffix } = numberOf({ value, submittedAt: paper.submitted_at });
  const name = nameOf(paper.arxiv_id, paper.version);
  let status = 'minted';
  const before = known.get(name);
  if (before === undefined) {
    const length = shortLength(suffix, Array.from(known.values(), (other) => other.suffix));
    known.set(name, { digest, pithNumber, short: shortNumber(suffix, length), suffix, whole: true });
  } else {
    if (before.digest !== digest) return { status: 'failed', code: 'drift' };
    status = before.whole ? 'unchanged' : 'restored';
    before.whole = true;
  }
  const { short } = known.get(name);
  return { status, pith_number: pithNumber, short_pith_number: short };
}

/** The operation `mint`. */
export function mint(input) {
  const files = input.files ?? {};
  const { chain } = registryKeys(input.registry);
  checkMirrorKeys(files['pith-keys.json'], chain);
  const known = readMirror(files, input);
  const records = readCompleted(input.papers).map((found) => {
    if (found.code !== undefined) return { status: 'failed', code: found.code };
    return found.paper === undefined ? { status: 'deleted' } : mintPaper(found.paper.paper, known);
  });
  const failed = records.find(({ status }) => status === 'failed');
  if (failed === undefined) return { records };
  const refusal = new Refusal(failed.code);
  refusal.output = { records };
  throw refusal;
}
