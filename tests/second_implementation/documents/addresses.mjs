/** Addresses that belong to a number: format 10.3. */
import { Refusal } from '../refusal.mjs';

const HINT_MEMBERS = { bundle: 'bundle_url', state: 'state_url', well_known_bundle: 'well_known_bundle_url' };

/**
 * The faults of a bundle's links and hints.
 *
 * @param {object} links
 * @param {object[]} hints
 * @param {string} suffix of the recomputed number
 * @returns {Refusal[]}
 */
export function addressFaults(links, hints, suffix) {
  return [...linkFaults(links, suffix), ...hints.flatMap((hint, index) => hintFaults(hint, index, suffix))];
}

function linkFaults(links, suffix) {
  const end = `/pith/${suffix}`;
  const base = links.resolver.endsWith(end) ? links.resolver.slice(0, -end.length) : '';
  if (!/^https?:\/\/[^/]/.test(base)) {
    return [new Refusal('links', '$.links.resolver')];
  }
  return Object.entries(placesBelow(base, suffix))
    .filter(([member, place]) => links[member] !== place)
    .map(([member]) => new Refusal('links', `$.links.${member}`));
}

function hintFaults(hint, index, suffix) {
  return Object.entries(placesBelow(hint.base_url, suffix))
    .filter(([member, place]) => hint[HINT_MEMBERS[member]] !== place)
    .map(([member]) => new Refusal('mirror-hints', `$.mirror_hints[${index}].${HINT_MEMBERS[member]}`));
}

function placesBelow(base, suffix) {
  return {
    bundle: `${base}/pith/${suffix}/bundle.json`,
    state: `${base}/pith/${suffix}/state.json`,
    well_known_bundle: `${base}/.well-known/pith/${suffix}/bundle.json`,
  };
}
