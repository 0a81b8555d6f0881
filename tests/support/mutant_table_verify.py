"""Mutants of verifying one document: records, receipts, signatures, events, states, bundles."""

from __future__ import annotations

from typing import Final

from tests.support.mutants import Mutant

CHECKS: Final = "pithbuilder.verify.checks"
RECORD: Final = "pithbuilder.verify.record"
SIGNATURES: Final = "pithbuilder.verify.signatures"
EVENT: Final = "pithbuilder.verify.event"
STATE: Final = "pithbuilder.verify.state"
BUNDLE: Final = "pithbuilder.verify.bundle"

VERIFY_MUTANTS: Final = (
    Mutant(
        "one-pinned-key-is-enough-for-trust",
        CHECKS,
        "not all(key.pinned for key in self.keys)",
        "not any(key.pinned for key in self.keys)",
        "bundles",
    ),
    Mutant(
        "aliases-are-in-any-order",
        RECORD,
        'checks.equal("aliases", path, found, list(expected.items()),',
        'checks.equal("aliases", path, sorted(found), sorted(expected.items()),',
        "bundles",
    ),
    Mutant(
        "receipts-are-signed-before-they-are-issued",
        RECORD,
        "receipt.first_computed_at <= receipt.last_reissued_at <= receipt.signed_at",
        "receipt.first_computed_at <= receipt.last_reissued_at",
        "receipts",
    ),
    Mutant(
        "another-title-is-shown",
        RECORD,
        "        canonical_text_sha256(paper.title),\n",
        "        metadata.title_canon_sha256,\n",
        "bundles",
    ),
    Mutant(
        "the-signature-is-not-verified", SIGNATURES, "    if not key.verify(raw, digest):", "    if False:", "receipts"
    ),
    Mutant(
        "keys-that-came-along-are-pinned",
        SIGNATURES,
        "        return self._keyring.get(key_id) == key",
        "        return True",
        "receipts",
    ),
    Mutant(
        "a-document-may-give-a-pinned-id-to-its-own-key",
        SIGNATURES,
        "        if pinned is not None and pinned != key:",
        "        if False:",
        "bundles",
    ),
    Mutant(
        "a-pinned-key-of-one-signer-signs-for-others",
        SIGNATURES,
        "        nobodys = self.is_pinned(key_id, key) and not self._keyring.signers_of(key)",
        "        nobodys = self.is_pinned(key_id, key)",
        "bundles",
    ),
    Mutant(
        "compromised-keys-sign",
        SIGNATURES,
        "        if compromised_at is not None and not",
        "        if False and not",
        "keyrings",
    ),
    Mutant(
        "the-event-digest-is-not-compared",
        EVENT,
        "event.stated_content_sha256, content.content_sha256,",
        "content.content_sha256, content.content_sha256,",
        "events",
    ),
    Mutant(
        "events-are-about-any-number",
        EVENT,
        "content.subject_pith_number, pith_number,",
        "pith_number, pith_number,",
        "events",
    ),
    Mutant(
        "the-signature-is-judged-before-the-envelope",
        EVENT,
        "        faults.append(result)",
        "        faults.insert(0, result)",
        "merge",
    ),
    Mutant(
        "there-are-more-rows-than-are-counted",
        EVENT,
        "        if len(rows.values) > count:",
        "        if False:",
        "events",
    ),
    Mutant("parts-are-more-than-the-whole", EVENT, "        if part > whole:", "        if False:", "events"),
    Mutant(
        "the-state-digest-is-not-compared",
        STATE,
        "        state.stated_state_sha256,\n",
        "        content.state_sha256,\n",
        "states",
    ),
    Mutant(
        "states-are-not-merged-again",
        STATE,
        "    if state.content.canonical_bytes == merged.canonical_bytes:",
        "    if True:",
        "bundles",
    ),
    Mutant(
        "an-unproven-key-counts-as-pinned",
        BUNDLE,
        "        if standing is not SignerStanding.KNOWN or (judged.standing_faults and counts):",
        "        if judged.standing_faults and counts:",
        "bundles",
    ),
    Mutant(
        "the-bundle-digest-is-not-compared",
        BUNDLE,
        "        bundle.bundle_signature.bundle_sha256,\n",
        "        preimage.digest.hex(),\n",
        "bundles",
    ),
)
