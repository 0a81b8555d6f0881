/** bcrypt_pbkdf, the key derivation of encrypted OpenSSH keys (OpenBSD's bcrypt_pbkdf(3)). */
import { createHash } from 'node:crypto';

const P_WORDS = 18;
const S_WORDS = 1024;
const TEXT = Buffer.from('OxychromaticBlowfishSwatDynamite');
const sha512 = (bytes) => createHash('sha512').update(bytes).digest();

/** Blowfish's first state: the fraction of pi, by Machin's formula. */
function piWords(count) {
  const guard = 64n;
  const one = 1n << (BigInt(32 * count) + guard);
  const arctanOfInverse = (x) => {
    let sum = 0n;
    let term = one / x;
    for (let n = 1n, sign = 1n; term !== 0n; n += 2n, sign = -sign) {
      sum += (sign * term) / n;
      term /= x * x;
    }
    return sum;
  };
  const pi = 16n * arctanOfInverse(5n) - 4n * arctanOfInverse(239n);
  const hex = ((pi - 3n * one) >> guard).toString(16).padStart(8 * count, '0');
  return Uint32Array.from({ length: count }, (_, i) => parseInt(hex.slice(8 * i, 8 * i + 8), 16));
}

let initial;

class Blowfish {
  constructor() {
    initial ??= piWords(P_WORDS + S_WORDS);
    /** The 18 subkeys, then the four boxes. */
    this.words = Uint32Array.from(initial);
    this.left = 0;
    this.right = 0;
  }

  /** Enciphers what stands in `left` and `right`. */
  encipher() {
    const { words } = this;
    let { left, right } = this;
    for (let i = 0; i < 16; i += 1) {
      left ^= words[i];
      const first = words[P_WORDS + (left >>> 24)] + words[P_WORDS + 256 + ((left >>> 16) & 255)];
      const both = (first ^ words[P_WORDS + 512 + ((left >>> 8) & 255)]) + words[P_WORDS + 768 + (left & 255)];
      const mixed = right ^ both;
      right = left;
      left = mixed;
    }
    this.left = right ^ words[17];
    this.right = left ^ words[16];
  }

  /** Mixes a key in, and a salt where there is one. */
  expand(key, salt) {
    const { words } = this;
    for (let i = 0; i < P_WORDS; i += 1) words[i] ^= key.readUInt32BE((4 * i) % key.length);
    this.left = 0;
    this.right = 0;
    let at = 0;
    for (let i = 0; i < words.length; i += 2) {
      if (salt !== undefined) {
        this.left ^= salt.readUInt32BE(at);
        this.right ^= salt.readUInt32BE(at + 4);
        at = (at + 8) % salt.length;
      }
      this.encipher();
      words[i] = this.left;
      words[i + 1] = this.right;
    }
  }
}

function bcryptHash(pass, salt) {
  const state = new Blowfish();
  state.expand(pass, salt);
  for (let i = 0; i < 64; i += 1) {
    state.expand(salt);
    state.expand(pass);
  }
  const out = Buffer.alloc(TEXT.length);
  for (let at = 0; at < TEXT.length; at += 8) {
    state.left = TEXT.readUInt32BE(at);
    state.right = TEXT.readUInt32BE(at + 4);
    for (let i = 0; i < 64; i += 1) state.encipher();
    out.writeUInt32LE(state.left >>> 0, at);
    out.writeUInt32LE(state.right >>> 0, at + 4);
  }
  return out;
}

/**
 * @param {Uint8Array} passphrase
 * @param {Uint8Array} salt
 * @param {number} rounds
 * @param {number} length how many bytes are wanted
 * @returns {Buffer}
 */
export function bcryptPbkdf(passphrase, salt, rounds, length) {
  const pass = sha512(passphrase);
  const key = Buffer.alloc(length);
  const stride = Math.ceil(length / TEXT.length);
  const amount = Math.ceil(length / stride);
  for (let count = 1; count <= stride; count += 1) {
    let part = bcryptHash(pass, sha512(Buffer.concat([salt, Buffer.from([0, 0, 0, count])])));
    const sum = Buffer.from(part);
    for (let i = 1; i < rounds; i += 1) {
      part = bcryptHash(pass, sha512(part));
      part.forEach((byte, at) => (sum[at] ^= byte));
    }
    for (let i = 0; i < amount && i * stride + count - 1 < length; i += 1) key[i * stride + count - 1] = sum[i];
  }
  return key;
}
