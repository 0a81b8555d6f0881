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
  const given = documents.map((bytes, index) => ({ place: `trust[${index}]`, value: parseObject(bytes) }));
  const isKeyring = ({ value }) => value.has('keyring_type');
  for (const { value } of given.filter((one) => !isKeyring(one))) pinKeyDocument(value, trust);
  const pinned = given.filter(isKeyring).map(readPinned);
  for (const { keyring, key } of pinned) trust.pin(keyring.keys[0].key, key);
  for (const { keyring, key } of pinned) trust.setSigner(keyring.issuer, key);
  const followed = keyrings.map((bytes, index) => {
    return { place: `keyrings[${index}]`, keyring: readKeyring(Reader.of(parseObject(bytes), '$')) };
  });
  for (const { place, keyring } of [...pinned, ...followed]) at(place, () => trust.follow(checkKeyring(keyring)));
  return trust;
}

function pinKeyDocument(value, trust) {
  const document = readKeyDocument(Reader.of(value, '$'));
  trust.pin(document, checkKeyDocument(document, '$'));
}

/** A keyring whose first key is pinned; to that key the paths of its faults belong. */
function readPinned({ place, value }) {
  const keyring = readKeyring(Reader.of(value, '$'));
  if (keyring.keys.length === 0) throw new Refusal('no-keys', place);
  return { place, keyring, key: checkKeyDocument(keyring.keys[0].key, '$') };
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
