"""What a bundle's events amount to, whatever its own state says."""

from __future__ import annotations

from pathlib import Path

from pithbuilder.cli.output import tell
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.state import StateContent
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.merging import merge_bundle


def merged_again(path: Path, bundle: Bundle, keyring: Keyring) -> StateContent:
    """Return what a bundle's events amount to, and tell on standard error where its own state says otherwise.

    Args:
        path: The bundle's file.
        bundle: The bundle.
        keyring: The trusted keys.
    """
    merged = merge_bundle(bundle, keyring).content
    if merged.canonical_bytes != bundle.content.state.content.canonical_bytes:
        tell(f"note: {path}: the bundle's own state is not what its events amount to; see 'pithbuilder verify'")
    return merged
