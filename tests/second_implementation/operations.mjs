/** The operations on JSON, text, identifiers, records, numbers and bare keys. */
import { Refusal } from './refusal.mjs';
import { canonicalBytes, parse, parseObject, sha256Hex } from './json.mjs';
import { decodeBase32, decodeBase58, decodeBase64, decodeHex } from './encoding.mjs';
import { isSecond, readTime } from './times.mjs';
import { abstractExcerpt, authorsText, canonicalText } from './text.mjs';
import { checkArxivId, checkCategory, checkPaper, doiOf } from './arxiv.mjs';
import { parsePithNumber, shortNumber } from './number.mjs';
import { aliasesOf, checkRecordSource, describeNumber, readRecord, recordOf, shortLength } from './record.mjs';
import { Reader } from './reader.mjs';
import { checkPublicKey, fingerprint, verify } from './ed25519.mjs';

/** A text that may be given as UTF-16 code units, so that halves of pairs can be told. */
function textOf(input) {
  if (input.utf16 === undefined) return input.text;
  return Buffer.from(input.utf16, 'hex').swap16().toString('utf16le');
}

function decode({ encoding, text, length }) {
  const decoders = { base64: decodeBase64, base32: decodeBase32, base58: decodeBase58 };
  return { bytes: decoders[encoding](text, length) };
}

function number({ record }) {
  const facts = readRecord(new Reader(parseObject(record), '$'));
  checkRecordSource(facts);
  return describeNumber(facts.value, facts);
}

function derive({ paper }) {
  if (!isSecond(paper.submitted_at)) throw new Refusal('instant-format');
  const checked = checkPaper({ ...paper, license: paper.license ?? '' });
  const record = recordOf(checked);
  const facts = { id: checked.arxiv_id, version: checked.version, submittedAt: checked.submitted_at };
  return { canonical_record: record, ...describeNumber(record, facts) };
}

function aliases({ pith_number: pithNumber, arxiv_id: arxivId, version, taken }) {
  const { suffix } = parsePithNumber(pithNumber);
  checkArxivId(arxivId);
  const length = shortLength(suffix, taken.map((other) => parsePithNumber(other).suffix));
  return { short_pith_number: shortNumber(suffix, length), aliases: aliasesOf(arxivId, version, suffix, length) };
}

function verifySignature({ public_key: publicKey, message, signature }) {
  const key = decodeHex(publicKey);
  checkPublicKey(key);
  if (!verify(key, decodeHex(message), decodeHex(signature))) throw new Refusal('signature');
  return {};
}

/** Operation to function. */
export const operations = {
  canonicalize({ json }) {
    const canonical = canonicalBytes(parse(json));
    return { canonical, sha256: sha256Hex(canonical) };
  },
  'parse-object': ({ json }) => ({ canonical: canonicalBytes(parseObject(json)) }),
  'canonical-text'(input) {
    const text = canonicalText(textOf(input));
    return { text, sha256: sha256Hex(text) };
  },
  'authors-text': ({ text }) => ({ text: authorsText(text) }),
  'abstract-excerpt': ({ text }) => ({ text: abstractExcerpt(text) }),
  'arxiv-id': ({ text }) => ({ arxiv_id: checkArxivId(text), doi: doiOf(text) }),
  category: ({ text }) => ({ category: checkCategory(text) }),
  decode,
  instant: ({ text, spelling }) => ({ instant: readTime(text, spelling) }),
  'pith-number': ({ text }) => parsePithNumber(text),
  number,
  derive,
  aliases,
  'public-key'({ raw }) {
    const key = decodeHex(raw);
    checkPublicKey(key);
    return { fingerprint: fingerprint(key) };
  },
  'verify-signature': verifySignature,
};
