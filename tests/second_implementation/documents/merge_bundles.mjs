/** Merging several bundles of one number: format 8.8. */
import { isArxivId } from '../arxiv.mjs';
import { canonicalBytes } from '../canonical.mjs';
import { compareCodePoints } from '../paths.mjs';
import { aliasesOf, numberOf } from '../record.mjs';
import { Refusal } from '../refusal.mjs';
import { judgeEvents } from './bundle.mjs';
import { listedKeys } from './key_document.mjs';
import { mergeEvents } from './merge.mjs';
import { isKnownKind } from './numbers.mjs';

const SHORTEST = 8;

/**
 * The merged state of bundles that were read.
 *
 * @param {object[]} bundles
 * @param {import('./pinning.mjs').Trust} trust
 * @returns {import('./merge.mjs').Merged}
 */
export function mergeBundles(bundles, trust) {
  const pithNumber = bundles[0].pith_number;
  if (bundles.some((bundle) => bundle.pith_number !== pithNumber)) throw new Refusal('merge-numbers');
  for (const bundle of bundles) {
    const recomputed = numberOf(bundle.canonical_record).pithNumber;
    if (recomputed !== pithNumber) throw new Refusal('pith-number', '$.pith_number');
  }
  const judged = bundles.flatMap((bundle) => judgeBySigner(bundle, pithNumber, trust));
  return mergeEvents(pithNumber, judged, uniteAliases(bundles));
}

/** The judged events of one bundle, those of its signers' unproven keys with the reason `signer-key`. */
function judgeBySigner(bundle, pithNumber, trust) {
  const { keys } = listedKeys(bundle.public_keys, '$.public_keys', trust);
  return judgeEvents(bundle, pithNumber, keys).map(({ event, id, reason }) => {
    const unproven = reason === null && trust.standing(event.signer, keys) === 'unproven';
    return { event, id, reason: unproven ? 'signer-key' : reason };
  });
}

/** The aliases of all bundles: of each kind and value the earliest. */
function uniteAliases(bundles) {
  const chosen = new Map();
  for (const alias of bundles.flatMap(fittingAliases)) {
    const name = JSON.stringify([alias.alias_kind, alias.alias_value]);
    if (!chosen.has(name) || compareCopies(alias, chosen.get(name)) < 0) chosen.set(name, alias);
  }
  const byName = (a, b) => compareCodePoints(a.alias_kind, b.alias_kind)
    || compareCodePoints(a.alias_value, b.alias_value);
  return [...chosen.values()].sort(byName).map((alias) => alias.value);
}

/** The aliases of a bundle without those of a known kind and another value than follows from its record. */
function fittingAliases(bundle) {
  const record = bundle.canonical_record;
  if (record.kind !== 'arxiv' || !isArxivId(record.id)) return bundle.source_aliases;
  const expected = aliasesOf(record.id, record.version, numberOf(record).suffix, SHORTEST);
  const values = new Map(expected.map((alias) => [alias.alias_kind, alias.alias_value]));
  return bundle.source_aliases.filter((alias) => {
    return !isKnownKind(alias.alias_kind) || values.get(alias.alias_kind) === alias.alias_value;
  });
}

function compareCopies(a, b) {
  const byTime = compareCodePoints(a.created_at, b.created_at);
  return byTime || Buffer.compare(canonicalBytes(a.value), canonicalBytes(b.value));
}
