/** Keyrings: format 13.3 and 13.5. */
import { Refusal } from '../refusal.mjs';
import { firstDifference } from './difference.mjs';
import { Chain } from './key_chain.mjs';
import { checkKeyDocument, readKeyDocument } from './key_document.mjs';
import { digest, instant, mapOf, object, objects, orNull, positive, second, shape, text } from './shapes.mjs';
import { readSignature } from './signatures.mjs';

const OWN_MEMBERS = {
  pith_key_rotation: {
    issuer: text,
    previous_key_id: text,
    new_key: object(readKeyDocument),
    reason: text,
    effective_at: second,
    next_key_commitment_sha256: orNull(digest),
    sequence: positive,
    statement_version: text,
  },
  pith_key_revocation: {
    issuer: text,
    key_id: text,
    reason: text,
    effective_at: second,
    sequence: positive,
    statement_version: text,
  },
};
const READERS = Object.fromEntries(
  Object.entries(OWN_MEMBERS).map(([type, own]) => [
    type,
    shape({ statement_type: text, ...own, signatures: objects(readSignature), statement_sha256: digest }),
  ]),
);

/** Read a statement (13.3). */
function readStatement(reader) {
  const type = reader.oneOf('statement_type', Object.keys(READERS));
  // Of a rotation, that the promise is there at all is looked at first.
  if (type === 'pith_key_rotation') reader.any('next_key_commitment_sha256');
  return READERS[type](reader);
}

/** Read a keyring (13.5). */
export const readKeyring = shape({
  issuer: text,
  keys: objects(
    shape({ key: object(readKeyDocument), valid_from: orNull(instant), valid_until: orNull(instant), status: text }),
  ),
  chain: objects(readStatement),
  keyring_type: text,
  keyring_version: text,
});

/**
 * Check a keyring that was read.
 *
 * @param {object} keyring
 * @returns {Chain}
 * @throws {Refusal} its first fault
 */
export function checkKeyring(keyring) {
  if (keyring.keyring_type !== 'pith_keyring') throw new Refusal('keyring-type', '$.keyring_type');
  if (keyring.keyring_version !== '1.0') throw new Refusal('keyring-type', '$.keyring_version');
  if (keyring.keys.length === 0) throw new Refusal('keyring-entries', '$.keys');
  const first = keyring.keys[0].key;
  const key = checkKeyDocument(first, '$.keys[0].key');
  // The first statement ends the first key: what end was planned before is not to be seen any more.
  const chain = new Chain(keyring.issuer, first, key, keyring.chain.length > 0 ? null : first.rotates_at);
  keyring.chain.forEach((statement, index) => chain.apply(statement, `$.chain[${index}]`));
  checkEntries(keyring.keys, chain);
  return chain;
}

/** The entries must be those that follow from the chain. */
function checkEntries(entries, chain) {
  for (let i = 0; i < Math.min(entries.length, chain.keys.length); i += 1) {
    const { document, validFrom, validUntil, status } = chain.keys[i];
    const follows = mapOf({ key: document, valid_from: validFrom, valid_until: validUntil, status });
    const found = firstDifference(entries[i].value, follows, `$.keys[${i}]`);
    if (found !== null) throw new Refusal('keyring-entries', found);
  }
  if (entries.length !== chain.keys.length) throw new Refusal('keyring-entries', '$.keys');
}
