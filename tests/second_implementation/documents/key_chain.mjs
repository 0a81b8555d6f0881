/** The chain of keys that statements make: format 13.4. */
import { digestOf, sha256Hex } from '../canonical.mjs';
import { Refusal } from '../refusal.mjs';
import { compareInstants } from '../times.mjs';
import { checkKeyDocument } from './key_document.mjs';
import { checkSignature } from './signatures.mjs';

const MESSAGES = {
  pith_key_rotation: 'key_rotation_sha256_bytes',
  pith_key_revocation: 'key_revocation_sha256_bytes',
};
const REASONS = ['scheduled', 'compromised', 'lost'];

function need(holds, code, path) {
  if (!holds) throw new Refusal(code, path);
}

/** A key of a chain. */
class ChainKey {
  status = 'active';

  /** Since when others may have had the key. @type {?string} */
  compromised = null;

  /**
   * @param {object} document its key document, as it came
   * @param {import('./key_document.mjs').Key} key
   * @param {?string} validFrom
   * @param {?string} validUntil
   */
  constructor(document, key, validFrom, validUntil) {
    this.id = document.key_id;
    this.url = document.url;
    this.key = key;
    this.validFrom = validFrom;
    this.validUntil = validUntil;
    this.source = document.value;
  }

  /** The key document, with the end that the chain gives the key. */
  get document() {
    return new Map(this.source).set('rotates_at', this.validUntil);
  }

  /** What a statement does to the key that it ends. */
  end(statement) {
    const compromised = statement.reason === 'compromised';
    this.status = compromised ? 'revoked' : 'retired';
    if (compromised) this.compromised = statement.effective_at;
    const endedBefore = this.validUntil !== null && compareInstants(this.validUntil, statement.effective_at) < 0;
    if (!endedBefore) this.validUntil = statement.effective_at;
  }
}

/** Keys in the order in which they came into use. */
export class Chain {
  /** @type {ChainKey[]} */
  keys;

  /** The digests of the statements applied. @type {string[]} */
  digests = [];

  #issuer;
  #promise = null;

  /**
   * @param {string} issuer
   * @param {object} document the first key's document
   * @param {import('./key_document.mjs').Key} key
   * @param {?string} validUntil its end, as long as no statement ends it
   */
  constructor(issuer, document, key, validUntil) {
    this.#issuer = issuer;
    this.keys = [new ChainKey(document, key, null, validUntil)];
  }

  /** The key that signs, or undefined where the chain has ended. */
  get active() {
    const last = this.keys.at(-1);
    return last.status === 'active' ? last : undefined;
  }

  /**
   * Check one more statement and apply it.
   *
   * @param {object} statement
   * @param {string} path
   * @throws {Refusal} its first fault; then it was not applied
   */
  apply(statement, path) {
    this.#checkStatement(statement, path);
    if (statement.statement_type === 'pith_key_rotation') this.#rotate(statement, path);
    else this.#revoke(statement, path);
    this.digests.push(statement.statement_sha256);
  }

  #find(keyId) {
    return this.keys.findLast(({ id }) => id === keyId);
  }

  #checkStatement(statement, path) {
    const stated = statement.statement_sha256;
    need(REASONS.includes(statement.reason), 'rotation-reason', `${path}.reason`);
    need(statement.statement_version === '1.0', 'rotation-version', `${path}.statement_version`);
    need(stated === statementDigest(statement), 'rotation-digest', `${path}.statement_sha256`);
    need(statement.issuer === this.#issuer, 'rotation-issuer', `${path}.issuer`);
    const earlier = this.digests[statement.sequence - 1];
    need(earlier === undefined || earlier === stated, 'rotation-fork', `${path}.sequence`);
    need(statement.sequence === this.digests.length + 1, 'rotation-sequence', `${path}.sequence`);
  }

  #rotate(statement, path) {
    const place = `${path}.previous_key_id`;
    const old = this.#find(statement.previous_key_id);
    need(old !== undefined, 'rotation-unknown-key', place);
    need(this.active !== undefined, 'rotation-closed', place);
    need(old.status !== 'revoked', 'rotation-revoked-key', place);
    need(old.status !== 'retired', 'rotation-fork', place);
    checkTime(old, statement, path);
    const key = this.#checkNewKey(statement, path);
    const lost = statement.reason === 'lost';
    need(!lost || this.#promise !== null, 'rotation-lost-uncommitted', `${path}.reason`);
    if (!lost) checkStatementSignature(statement, path, old.id, old.key, 'rotation-not-by-old');
    checkStatementSignature(statement, path, statement.new_key.key_id, key, 'rotation-not-by-new');
    need(statement.signatures.length === (lost ? 1 : 2), 'rotation-extra-signature', `${path}.signatures`);

    const { new_key: document, effective_at: begin } = statement;
    old.end(statement);
    this.keys.push(new ChainKey(document, key, begin, document.rotates_at));
    this.#promise = statement.next_key_commitment_sha256;
  }

  #revoke(statement, path) {
    const place = `${path}.key_id`;
    const ended = this.#find(statement.key_id);
    const { active } = this;
    need(ended !== undefined, 'rotation-unknown-key', place);
    need(active !== undefined, 'rotation-closed', place);
    need(ended.status !== 'revoked', 'rotation-revoked-key', place);
    need(ended === active || statement.reason === 'compromised', 'rotation-reason', `${path}.reason`);
    checkTime(ended, statement, path);
    checkStatementSignature(statement, path, active.id, active.key, 'rotation-not-by-old');
    need(statement.signatures.length === 1, 'rotation-extra-signature', `${path}.signatures`);
    ended.end(statement);
  }

  #checkNewKey(statement, path) {
    const document = statement.new_key;
    const place = `${path}.new_key`;
    const key = checkKeyDocument(document, place);
    const end = document.rotates_at;
    const lasts = end === null || compareInstants(end, statement.effective_at) >= 0;
    need(lasts, 'rotation-time', `${place}.rotates_at`);
    for (const other of this.keys) {
      need(other.key.hex !== key.hex, 'rotation-same-key', `${place}.public_key_b64`);
      need(other.id !== document.key_id, 'rotation-key-id-reused', `${place}.key_id`);
    }
    const kept = this.#promise === null || sha256Hex(key.raw) === this.#promise;
    need(kept, 'rotation-commitment', place);
    return key;
  }
}

/** A statement must not be dated before its key began nor, if that key is active, after its planned end. */
function checkTime({ validFrom, validUntil, status }, statement, path) {
  const time = statement.effective_at;
  const begun = validFrom === null || compareInstants(time, validFrom) >= 0;
  need(begun, 'rotation-time', `${path}.effective_at`);
  const open = status !== 'active' || validUntil === null || compareInstants(time, validUntil) <= 0;
  need(open, 'rotation-expired', `${path}.effective_at`);
}

function statementDigest(statement) {
  return digestOf(statement.value, 'statement_sha256', 'signatures');
}

/** The signature of one key over a statement must be there and good; else `code`. */
function checkStatementSignature(statement, path, keyId, key, code) {
  const index = statement.signatures.findLastIndex((signature) => signature.key_id === keyId);
  need(index >= 0, code, `${path}.signatures`);
  const { fault } = checkSignature(
    statement.signatures[index],
    `${path}.signatures[${index}]`,
    MESSAGES[statement.statement_type],
    Buffer.from(statementDigest(statement), 'hex'),
    new Map([[keyId, key]]),
  );
  if (fault !== null) throw new Refusal(code, fault.path);
}
