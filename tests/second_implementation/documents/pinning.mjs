/** The trusted keys: pinning, following chains, windows, whose a key is. Format 13.6, 13.7, 15.4. */
import { Refusal } from '../refusal.mjs';
import { compareInstants, cutToSecond } from '../times.mjs';

/**
 * What is known of a trusted key.
 *
 * @typedef {{from: ?string, until: ?string, compromised: ?string}} Window
 */

/** The trusted keys. */
export class Trust {
  /** Key id to key. @type {Map<string, import('./key_document.mjs').Key>} */
  #ids = new Map();

  /** Key bytes, in hexadecimal, to window. @type {Map<string, Window>} */
  #windows = new Map();

  /** Key id to the address at which the key is published. @type {Map<string, string>} */
  #addresses = new Map();

  /** Key bytes to the digests of the statements known of its chain. @type {Map<string, string[]>} */
  #statements = new Map();

  /** Signer to the bytes of the keys known as its own. @type {Map<string, Set<string>>} */
  #signers = new Map();

  /** A copy that can be changed without changing this one. */
  copy() {
    const other = new Trust();
    other.#ids = new Map(this.#ids);
    other.#windows = new Map(this.#windows);
    other.#addresses = new Map(this.#addresses);
    other.#statements = new Map(this.#statements);
    other.#signers = new Map([...this.#signers].map(([signer, keys]) => [signer, new Set(keys)]));
    return other;
  }

  /** The trusted keys by id. */
  get keys() {
    return this.#ids;
  }

  /** The address of the key of this id, or undefined. */
  address(keyId) {
    return this.#addresses.get(keyId);
  }

  /** Whether these bytes are trusted under this id. */
  isPinned(keyId, key) {
    return this.#ids.get(keyId)?.hex === key.hex;
  }

  /** Whether this id is trusted for other bytes. */
  isOther(keyId, key) {
    return this.#ids.has(keyId) && !this.isPinned(keyId, key);
  }

  /** Whether these bytes are trusted under any id. */
  isKnown(key) {
    return this.#windows.has(key.hex);
  }

  /** The window of these bytes, or undefined where they are not trusted. */
  window(key) {
    return this.#windows.get(key.hex);
  }

  /**
   * Pin one key under the id of its document.
   *
   * @throws {Refusal} key-conflict if the id is trusted for other bytes
   */
  pin(document, key) {
    const id = document.key_id;
    if (this.isOther(id, key)) throw new Refusal('key-conflict', '$.key_id');
    this.#ids.set(id, key);
    const window = this.#windows.get(key.hex) ?? { from: null, until: null, compromised: null };
    this.#windows.set(key.hex, { ...window, until: earlierEnd(window.until, document.rotates_at) });
    if (!this.#addresses.has(id) && document.url !== '') this.#addresses.set(id, document.url);
  }

  /** A key becomes known as one of this signer's. */
  setSigner(signerId, key) {
    if (!this.#signers.has(signerId)) this.#signers.set(signerId, new Set());
    this.#signers.get(signerId).add(key.hex);
  }

  /**
   * Follow a chain from the keys that are trusted.
   *
   * @param {import('./key_chain.mjs').Chain} chain
   * @throws {Refusal} why it cannot be followed; then nothing was changed
   */
  follow(chain) {
    this.#checkHistory(chain);
    this.#checkIds(chain);
    const pinned = chain.keys.map(({ id, key }) => this.#isPinnedInChain(chain, id, key));
    const first = pinned.indexOf(true);
    if (first < 0) throw new Refusal('rotation-unpinned', '$.keys');
    const reached = chain.keys.slice(first);
    const windows = reached.map((chainKey, index) => this.#windowInChain(chainKey, `$.keys[${first + index}]`));
    this.#setAddresses(chain, pinned, first);
    reached.forEach(({ id, key }, index) => {
      this.#ids.set(id, key);
      this.#windows.set(key.hex, windows[index]);
    });
    for (const { key } of [chain.keys[0], ...reached]) this.#statements.set(key.hex, [...chain.digests]);
    for (const own of this.#signers.values()) {
      if (reached.some(({ key }) => own.has(key.hex))) reached.forEach(({ key }) => own.add(key.hex));
    }
  }

  /** Statements that are known of a key of the chain must be in it, in their places. */
  #checkHistory(chain) {
    let known = [];
    for (const { key } of chain.keys) {
      const list = this.#statements.get(key.hex) ?? [];
      if (list.length > known.length) known = list;
    }
    const fork = known.findIndex((digest, i) => i < chain.digests.length && chain.digests[i] !== digest);
    if (fork >= 0) throw new Refusal('rotation-fork', `$.chain[${fork}]`);
    if (chain.digests.length < known.length) throw new Refusal('rotation-rolled-back', '$.chain');
  }

  /** No id of the chain may be trusted for other bytes. */
  #checkIds(chain) {
    const index = chain.keys.findIndex(({ id, key }) => this.isOther(id, key));
    if (index >= 0) throw new Refusal('key-conflict', `$.keys[${index}].key.public_key_b64`);
  }

  #isPinnedInChain(chain, keyId, key) {
    return chain.digests.length === 0 ? this.isPinned(keyId, key) : this.isKnown(key);
  }

  /** The window of a key that is reached; a known end that is earlier must not contradict the chain. */
  #windowInChain({ key, validFrom, validUntil, compromised, status }, path) {
    const known = this.#windows.get(key.hex)?.until ?? null;
    const until = earlierEnd(validUntil, known);
    if (until !== validUntil && status !== 'active') throw new Refusal('rotation-expired', `${path}.valid_until`);
    return { from: validFrom, until, compromised };
  }

  #setAddresses(chain, pinned, first) {
    let home = '';
    for (let i = first; i < chain.keys.length; i += 1) {
      const { id, url, key } = chain.keys[i];
      if (pinned[i]) home = this.#addressOf(id, key) ?? home;
      if (home !== '' && url === home && !this.#addresses.has(id)) this.#addresses.set(id, home);
    }
  }

  /** The address of a key: that of this id before those of its other ids. */
  #addressOf(keyId, key) {
    const others = [...this.#ids].filter(([, other]) => other.hex === key.hex).map(([id]) => id);
    return [keyId, ...others].map((id) => this.#addresses.get(id)).find((address) => address !== undefined);
  }

  /**
   * The fault of standing of a good signature (13.6).
   *
   * @param {import('./key_document.mjs').Key} key
   * @param {string} time an instant
   * @returns {?string} `compromised-key`, `key-window` or null
   */
  fault(key, time) {
    const window = this.window(key);
    if (window === undefined) return null;
    if (window.compromised !== null) return 'compromised-key';
    const second = cutToSecond(time);
    if (window.from !== null && compareInstants(second, window.from) < 0) return 'key-window';
    if (window.until !== null && compareInstants(second, window.until) > 0) return 'key-window';
    return null;
  }

  /**
   * The standing of an event's signer (15.4).
   *
   * @param {object} signer the event's `signer`
   * @param {Map<string, import('./key_document.mjs').Key>} keys the keys of the document
   * @returns {"known"|"unproven"|"unknown"}
   */
  standing(signer, keys) {
    const key = keys.get(signer.key_id);
    if (key === undefined) return 'unknown';
    const own = this.#signers.get(signer.signer_id);
    if (own !== undefined && own.size > 0) return own.has(key.hex) ? 'known' : 'unproven';
    const ofAnother = [...this.#signers.values()].some((others) => others.has(key.hex));
    return this.isPinned(signer.key_id, key) && !ofAnother ? 'known' : 'unknown';
  }
}

/** The earlier of two ends, either of which may be unset; the first of equal ones. */
function earlierEnd(a, b) {
  if (a === null || b === null) return a ?? b;
  return compareInstants(b, a) < 0 ? b : a;
}
