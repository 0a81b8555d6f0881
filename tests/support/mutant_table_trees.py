"""Mutants of key chains, record documents and mirrors."""

from __future__ import annotations

from typing import Final

from tests.support.mutants import Mutant

CHAIN: Final = "pithbuilder.verify.key_chain"
PINNING: Final = "pithbuilder.verify.pinning"
MIRROR: Final = "pithbuilder.verify.mirror"
TREE: Final = "pithbuilder.verify.tree"
RECORD_DOCUMENT: Final = "pithbuilder.verify.record_document"

TREE_MUTANTS: Final = (
    Mutant(
        "the-old-key-need-not-sign",
        CHAIN,
        "        if content.reason != LOST:\n            signers",
        "        if any(item.key_id == old.key_id for item in statement.signatures):\n            signers",
        "keyrings",
    ),
    Mutant(
        "commitments-are-not-kept",
        CHAIN,
        "        if self.commitment is not None and found != self.commitment:",
        "        if False:",
        "keyrings",
    ),
    Mutant(
        "entries-say-anything",
        CHAIN,
        "            if difference is not None:\n                where, stated, derived",
        "            if False:\n                where, stated, derived",
        "keyrings",
    ),
    Mutant(
        "keys-before-the-pinned-one-are-trusted",
        CHAIN,
        "for index, key in enumerate(chain.keys[pinned:], pinned)",
        "for index, key in enumerate(chain.keys)",
        "keyrings",
    ),
    Mutant(
        "a-chain-is-rolled-back",
        CHAIN,
        "    if len(digests) < len(known):",
        "    if False:",
        "keyrings",
    ),
    Mutant(
        "the-first-key-of-a-keyring-is-not-its-issuers",
        PINNING,
        "        owners.append((keyring_document.issuer, first))\n",
        "",
        "bundles",
    ),
    Mutant(
        "any-key-is-the-one-that-signs",
        MIRROR,
        "    if chain is not None:\n        _check_signing_key",
        "    if False:\n        _check_signing_key",
        "mirrors",
    ),
    Mutant(
        "the-state-beside-a-bundle-is-another",
        TREE,
        "    if State.from_dict(value).canonical_bytes != bundle.content.state.canonical_bytes:",
        "    if False:",
        "mirrors",
    ),
    Mutant(
        "weak-claims-are-none",
        RECORD_DOCUMENT,
        "status.weak_author_claims + status.strong_author_claims > 0",
        "status.strong_author_claims > 0",
        "record-documents",
    ),
)
