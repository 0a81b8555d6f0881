"""Mutants of documents and keys: preimages, readers, snapshots, Ed25519, windows."""

from __future__ import annotations

from typing import Final

from tests.support.mutants import Mutant

BASE: Final = "pithbuilder.documents.base"
PREIMAGE: Final = "pithbuilder.documents.preimage"
RECORD: Final = "pithbuilder.documents.record"
EVENT: Final = "pithbuilder.documents.event"
SNAPSHOT: Final = "pithbuilder.documents.snapshot"
PAYLOADS: Final = "pithbuilder.documents.payloads"
PAPER: Final = "pithbuilder.documents.paper"
KEYS: Final = "pithbuilder.signing.ed25519"
KEYRING: Final = "pithbuilder.signing.keyring"


def _without(kind: str, field: str) -> tuple[str, str, str]:
    """Return the change by which one field, where there is something in it, is left out of one kind's preimage."""
    old = "        return sha256(self.canonical_bytes)\n"
    new = (
        "        members = self.to_dict()\n"
        f"        if self.document_kind == {kind!r} and members.get({field!r}):\n"
        f"            return sha256(canonicalize({{n: v for n, v in members.items() if n != {field!r}}}))\n"
    )
    return BASE, old, new + old


DOCUMENT_MUTANTS: Final = (
    Mutant("the-record-is-hashed-without-its-schema-version", *_without("canonical_record", "schema_version"), "receipts"),
    Mutant("events-are-hashed-without-what-they-supersede", *_without("event", "supersedes"), "events"),
    Mutant("events-are-hashed-without-their-predecessor", *_without("event", "prev_event"), "events"),
    Mutant("states-are-hashed-without-equivocations", *_without("state", "equivocations"), "states"),
    Mutant("bundles-are-hashed-without-proofs-of-time", *_without("bundle", "timestamp_proofs"), "bundles"),
    Mutant("bundles-are-hashed-without-mirror-hints", *_without("bundle", "mirror_hints"), "bundles"),
    Mutant(
        "rotations-are-hashed-without-the-commitment",
        *_without("key_rotation", "next_key_commitment_sha256"),
        "keyrings",
    ),
    Mutant("revocations-are-hashed-without-the-reason", *_without("key_revocation", "reason"), "keyrings"),
    Mutant(
        "the-event-digest-covers-its-signature",
        PREIMAGE,
        'frozenset({"signature", "content_sha256", "event_id"})',
        'frozenset({"content_sha256", "event_id"})',
        "events",
    ),
    Mutant(
        "the-state-digest-covers-itself",
        PREIMAGE,
        'frozenset({"state_sha256"})',
        "frozenset()",
        "states",
    ),
    Mutant(
        "rotations-are-signed-as-revocations",
        PREIMAGE,
        '"key_rotation_sha256_bytes"',
        '"key_revocation_sha256_bytes"',
        "keyrings",
    ),
    Mutant(
        "hexadecimal-digits-are-signed",
        PREIMAGE,
        "        return cls(content.document_kind, _signed_message(content.document_kind), content.digest)",
        "        return cls(content.document_kind, _signed_message(content.document_kind), content.digest.hex().encode())",
        "events",
    ),
    Mutant(
        "unknown-members-of-a-record-are-not-hashed",
        RECORD,
        '            schema_version=reader.text("schema_version"),\n            extra=reader.extra(cls),',
        '            schema_version=reader.text("schema_version"),',
        "records-and-numbers",
    ),
    Mutant(
        "unknown-members-of-an-event-are-not-hashed",
        EVENT,
        '            extra=reader.extra(cls, left_out_of("event")),\n',
        "",
        "events",
    ),
    Mutant(
        "digests-are-read-in-capitals",
        BASE,
        "        if not is_hex_digest(text):",
        "        if not is_hex_digest(text.lower()):",
        "receipts",
    ),
    Mutant(
        "true-is-an-integer",
        BASE,
        "        if type(value) is not int:",
        "        if not isinstance(value, int):",
        "events",
    ),
    Mutant(
        "integers-may-be-less-than-nothing",
        BASE,
        "        if value < minimum:",
        "        if False:",
        "events",
    ),
    Mutant(
        "instants-have-either-spelling",
        BASE,
        "        return self._instant(name, parse_seconds)",
        "        return self._instant(name, parse_instant)",
        "events",
    ),
    Mutant(
        "blank-texts-pass",
        BASE,
        "        if not text.strip():",
        "        if not text:",
        "events",
    ),
    Mutant(
        "addresses-have-any-scheme",
        BASE,
        r're.compile(r"https?://[0-9A-Za-z\[][!-~]*")',
        r're.compile(r"[a-z]+://[0-9A-Za-z\[][!-~]*")',
        "events",
    ),
    Mutant(
        "the-digest-of-rows-is-of-the-rows-alone",
        BASE,
        'sha256_hex(compose({"payload": self.embedded}))',
        "sha256_hex(canonicalize(list(self.values)))",
        "events",
    ),
    Mutant(
        "the-integrity-digest-is-without-detectors",
        SNAPSHOT,
        'compose({"detectors": detectors_run, "findings": findings})',
        'compose({"detectors": NO_ROWS, "findings": findings})',
        "events",
    ),
    Mutant(
        "papers-have-blank-titles",
        PAPER,
        "    if text.isspace() or not text:",
        "    if not text:",
        "arxiv-input",
    ),
    Mutant(
        "keys-of-small-order-are-taken",
        KEYS,
        "    if y in _SMALL_ORDER_Y:",
        "    if False:",
        "ed25519",
    ),
    Mutant("one-key-of-small-order-is-taken", KEYS, "_P - _Y8})", "})", "ed25519"),
    Mutant(
        "second-spellings-of-keys-are-taken",
        KEYS,
        "    if y >= _P:",
        "    if False:",
        "ed25519",
    ),
    Mutant(
        "keys-beside-the-curve-are-taken",
        KEYS,
        "    if pow(numerator * denominator, (_P - 1) // 2, _P) != 1:",
        "    if False:",
        "ed25519",
    ),
    Mutant(
        "signatures-have-a-second-spelling",
        KEYS,
        "            self._key.verify(signature, message)",
        '            s = int.from_bytes(signature[32:], "little") % (2**252 + 27742317777372353535851937790883648493)\n'
        '            self._key.verify(signature[:32] + s.to_bytes(32, "little"), message)',
        "ed25519",
    ),
    Mutant(
        "a-key-document-states-any-fingerprint",
        KEYRING,
        '        fingerprint_hex(raw),\n        "key-fingerprint",',
        '        document.fingerprint_sha256_hex,\n        "key-fingerprint",',
        "keyrings",
    ),
    Mutant(
        "a-key-document-states-any-bytes-in-hexadecimal",
        KEYRING,
        "_expect(document.public_key_hex, raw.hex(),",
        "_expect(raw.hex(), raw.hex(),",
        "keyrings",
    ),
    Mutant(
        "a-window-ends-before-its-last-second",
        KEYRING,
        "second <= self.valid_until",
        "second < self.valid_until",
        "keyrings",
    ),
    Mutant(
        "a-window-begins-behind-its-first-second",
        KEYRING,
        "self.valid_from <= second",
        "self.valid_from < second",
        "keyrings",
    ),
    Mutant(
        "a-window-ends-to-the-microsecond",
        KEYRING,
        "        second = instant.replace(microsecond=0)",
        "        second = instant",
        "receipts",
    ),
    Mutant(
        "an-id-may-have-two-pinned-keys",
        KEYRING,
        "        if self._keys.setdefault(key_id, key) != key:",
        "        if False:",
        "keyrings",
    ),
    Mutant(
        "successors-are-nobodys",
        KEYRING,
        "                joined._signers[signer_id] = own | reached",
        "                joined._signers[signer_id] = own",
        "merge",
    ),
    Mutant(
        "the-planned-end-of-a-pinned-key-is-nothing",
        KEYRING,
        "            if document.rotates_at is not None:",
        "            if False:",
        "keyrings",
    ),
)
