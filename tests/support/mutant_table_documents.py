"""Mutants of documents and keys: preimages, readers, snapshots, Ed25519, windows."""

from __future__ import annotations

from typing import Final

from tests.support.mutants import Mutant

BASE: Final = "pithbuilder.documents.base"
PREIMAGE: Final = "pithbuilder.documents.preimage"
SNAPSHOT: Final = "pithbuilder.documents.snapshot"
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
    Mutant(
        "the-record-is-hashed-without-its-schema-version", *_without("canonical_record", "schema_version"), "receipts"
    ),
    Mutant("events-are-hashed-without-what-they-supersede", *_without("event", "supersedes"), "events"),
    Mutant("states-are-hashed-without-equivocations", *_without("state", "equivocations"), "states"),
    Mutant("bundles-are-hashed-without-proofs-of-time", *_without("bundle", "timestamp_proofs"), "bundles"),
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
        "the-integrity-digest-is-without-detectors",
        SNAPSHOT,
        'compose({"detectors": detectors_run, "findings": findings})',
        'compose({"detectors": NO_ROWS, "findings": findings})',
        "events",
    ),
    Mutant(
        "keys-of-small-order-are-taken",
        KEYS,
        "    if y in _SMALL_ORDER_Y:",
        "    if False:",
        "ed25519",
    ),
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
        "a-window-ends-before-its-last-second",
        KEYRING,
        "second <= self.valid_until",
        "second < self.valid_until",
        "keyrings",
    ),
)
