/** Compressed sources (format 14.5): gzip through node:zlib, Zstandard by hand. */
import zlib from 'node:zlib';
import { Refusal } from '../refusal.mjs';
import { decompressZstandard, isZstandard } from './zstd.mjs';

const MAX_FREE = 67_108_864;
const MAX_RATIO = 250;

/** No byte of DEFLATE gives more than this many. */
const MAX_EXPANSION = 1032;

/** @param {Buffer} bytes @returns {boolean} */
export function isCompressed(bytes) {
  return (bytes[0] === 0x1f && bytes[1] === 0x8b) || isZstandard(bytes);
}

/** CRC-32, which node's zlib does not offer in version 20. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let rest = i;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i += 1) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The place behind a member's header (RFC 1952). */
function passHeader(bytes, start) {
  const need = (end) => {
    if (end > bytes.length) throw new Refusal('compressed-truncated');
    return end;
  };
  const expected = [0x1f, 0x8b, 8];
  expected.forEach((byte, i) => {
    need(start + i + 1);
    if (bytes[start + i] !== byte) throw new Refusal('compressed-broken');
  });
  need(start + 4);
  const flags = bytes[start + 3];
  if (flags & 0xe0) throw new Refusal('compressed-broken');
  let at = need(start + 10);
  if (flags & 4) at = need(need(at + 2) + bytes.readUInt16LE(at));
  for (const flag of [8, 16]) {
    if (!(flags & flag)) continue;
    const zero = bytes.indexOf(0, at);
    at = zero < 0 ? need(Infinity) : zero + 1;
  }
  if (flags & 2) {
    need(at + 2);
    if (bytes.readUInt16LE(at) !== (crc32(bytes.subarray(start, at)) & 0xffff)) throw new Refusal('compressed-broken');
    at += 2;
  }
  return at;
}

/** The refusal of a bomb, with a part of what is inside as its content. */
function bomb(packed, room) {
  const refusal = new Refusal('compressed-bomb');
  const part = packed.subarray(0, Math.floor(room / MAX_EXPANSION));
  refusal.content = zlib.inflateRawSync(part, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  return refusal;
}

/** One member: what is inside, and the place behind it. */
function inflateMember(bytes, start, room) {
  const at = passHeader(bytes, start);
  let result;
  try {
    result = zlib.inflateRawSync(bytes.subarray(at), { info: true, maxOutputLength: room + 1 });
  } catch (error) {
    if (error.code === 'ERR_BUFFER_TOO_LARGE') throw bomb(bytes.subarray(at), room);
    throw new Refusal(error.code === 'Z_BUF_ERROR' ? 'compressed-truncated' : 'compressed-broken');
  }
  const end = at + result.engine.bytesWritten;
  if (end + 8 > bytes.length) throw new Refusal('compressed-truncated');
  const content = result.buffer;
  if (bytes.readUInt32LE(end) !== crc32(content) || bytes.readUInt32LE(end + 4) !== content.length % 2 ** 32) {
    throw new Refusal('compressed-broken');
  }
  return { content, end: end + 8 };
}

/** All members, one after the other; what came of them before a fault goes with the refusal. */
function decompressGzip(bytes, limit) {
  const contents = [];
  let room = limit;
  try {
    for (let at = 0; at < bytes.length; ) {
      if (at > 0 && bytes[at] === 0) {
        if (bytes.subarray(at).some((byte) => byte !== 0)) throw new Refusal('compressed-broken');
        break;
      }
      const member = inflateMember(bytes, at, room);
      room -= member.content.length;
      if (room < 0) throw new Refusal('compressed-bomb');
      contents.push(member.content);
      at = member.end;
    }
  } catch (error) {
    if (error instanceof Refusal) error.content = Buffer.concat([...contents, error.content ?? Buffer.alloc(0)]);
    throw error;
  }
  return Buffer.concat(contents);
}

/**
 * @param {Buffer} bytes
 * @returns {Buffer} what is inside
 * @throws {Refusal} compressed-truncated, compressed-broken, compressed-bomb; its `content` is what came before
 */
export function decompress(bytes) {
  const limit = Math.max(MAX_FREE, MAX_RATIO * bytes.length);
  return isZstandard(bytes) ? decompressZstandard(bytes, limit) : decompressGzip(bytes, limit);
}
