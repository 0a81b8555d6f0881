/** The trusted keys from what is given: format 13.7. */
import { parseObject } from '../json.mjs';
import { Reader } from '../reader.mjs';
import { Refusal } from '../refusal.mjs';
import { checkKeyDocument, readKeyDocument } from './key_document.mjs';
import { checkKeyring, readKeyring } from './keyring.mjs';
import { Trust } from './pinning.mjs';

/**
 * The keys that are trusted.
 *
 * @param {Uint8Array[]} [documents] key documents and keyrings that are pinned
 * @param {Uint8Array[]} [keyrings] keyrings that are followed and pin nothing
 * @returns {Trust}
 * @throws {Refusal} nothing is to be verified then
 */
export function makeTrust(documents = [], keyrings = []) {
  const trust = new Trust();
  const given = documents.map((bytes, index) => ({ place: `trust[${index}]`, ...readGiven(parseObject(bytes)) }));
  const followed = keyrings.map((bytes, index) => {
    return { place: `keyrings[${index}]`, keyring: readKeyring(Reader.of(parseObject(bytes), '$')) };
  });
  const pinned = given.filter(({ keyring }) => keyring !== undefined);
  for (const { place, keyring } of pinned) if (keyring.keys.length === 0) throw new Refusal('no-keys', place);
  for (const { document, key } of given) if (document !== undefined) trust.pin(document, key);
  const owners = pinned.map(({ keyring }) => {
    const [{ key: document }] = keyring.keys;
    const key = checkKeyDocument(document, '$');
    trust.pin(document, key);
    return { signer: keyring.issuer, key };
  });
  for (const { signer, key } of owners) trust.setSigner(signer, key);
  for (const { place, keyring } of [...pinned, ...followed]) at(place, () => trust.follow(checkKeyring(keyring)));
  return trust;
}

/** A document of trust: a keyring, or a key document, which is checked at once. */
function readGiven(value) {
  const reader = Reader.of(value, '$');
  if (value.has('keyring_type')) return { keyring: readKeyring(reader) };
  const document = readKeyDocument(reader);
  return { document, key: checkKeyDocument(document, '$') };
}

/** Put the place of a keyring in front of the path of what is refused in it. */
function at(place, action) {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.code, `${place}: ${error.path}`);
  }
}
