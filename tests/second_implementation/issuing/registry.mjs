/** The registry that the vectors about issuing speak of (format 18). */
import { canonicalBytes, sha256 } from '../canonical.mjs';
import { encodeBase32, encodeBase64 } from '../encoding.mjs';
import { fingerprint } from '../ed25519.mjs';
import { parseObject } from '../json.mjs';
import { Reader } from '../reader.mjs';
import { publicKeyOfSeed } from '../private_keys.mjs';
import { Refusal, Unsupported } from '../refusal.mjs';
import { compareInstants, cutToSecond } from '../times.mjs';
import { checkKeyring, readKeyring } from '../documents/keyring.mjs';

/** In whose name the registry speaks. */
export const SIGNER = 'registry.example';
/** What kind of signer it is. */
export const SIGNER_TYPE = 'pith_registry';
/** What stands in its receipts as the software that made them. */
export const BUILDER_VERSION = 'pith-corpus-1';
/** The seed of RFC 8032, section 7.1, TEST 1. TEST ONLY: it is printed there, and nobody may trust its key. */
const TEST_SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
const TEST_KEY = publicKeyOfSeed(TEST_SEED);

const object = (members) => new Map(Object.entries(members));

/** The keyring of a registry that has but one key. */
function keyringOfOneKey() {
  const key = object({
    algorithm: 'ed25519',
    fingerprint_sha256_b32_first128bits: encodeBase32(sha256(TEST_KEY)).slice(0, 26),
    fingerprint_sha256_hex: fingerprint(TEST_KEY),
    format: 'raw',
    key_id: 'test-only-registry',
    notes: 'TEST ONLY: the private half is printed in RFC 8032.',
    public_key_b64: encodeBase64(TEST_KEY),
    public_key_hex: TEST_KEY.toString('hex'),
    rotates_at: null,
    url: 'https://registry.example/pith-signing-key.json',
  });
  const entry = object({ key, valid_from: null, valid_until: null, status: 'active' });
  const members = { keyring_type: 'pith_keyring', keyring_version: '1.0', issuer: SIGNER, keys: [entry], chain: [] };
  return canonicalBytes(object(members));
}

/**
 * The registry's own keys.
 * @param {Buffer} [keyring]
 * @returns {{bytes: Buffer, chain: import('../documents/key_chain.mjs').Chain}}
 */
export function registryKeys(keyring) {
  const bytes = keyring ?? keyringOfOneKey();
  return { bytes, chain: chainOf(bytes) };
}

function chainOf(bytes) {
  return checkKeyring(readKeyring(new Reader(parseObject(bytes), '$')));
}

/**
 * The private half of the key that signs, as far as it is known here.
 * @param {import('../documents/key_chain.mjs').Chain} chain
 * @returns {{seed: Buffer, keyId: string}}
 */
export function registrySigner(chain) {
  const { active } = chain;
  if (active === undefined) throw new Refusal('no-active-key');
  if (!active.key.raw.equals(TEST_KEY)) throw new Unsupported('another key than that of TEST 1');
  return { seed: TEST_SEED, keyId: active.id };
}

/**
 * Which key of a keyring signs (18.5).
 * @param {{keyring: Buffer, now: string}} input
 * @returns {{key_id: string}}
 * @throws {Refusal} no-active-key, clock-set-back, key-expired
 */
export function signingKey({ keyring, now }) {
  const { active } = chainOf(keyring);
  if (active === undefined) throw new Refusal('no-active-key');
  const { validFrom, validUntil } = active;
  if (validFrom !== null && compareInstants(now, validFrom) < 0) throw new Refusal('clock-set-back');
  if (validUntil !== null && compareInstants(cutToSecond(now), validUntil) > 0) throw new Refusal('key-expired');
  return { key_id: active.id };
}
