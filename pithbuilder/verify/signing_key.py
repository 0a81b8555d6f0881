"""Which key of an issuer signs at an instant."""

from __future__ import annotations

from datetime import datetime

from pithbuilder.core.timestamps import format_seconds
from pithbuilder.errors import KeyMaterialError
from pithbuilder.verify.key_chain import ChainKey, KeyChain


def key_that_signs(chain: KeyChain, now: datetime, where: str) -> ChainKey:
    """Return the key of a chain that signs at an instant.

    Args:
        chain: An issuer's keys.
        now: The instant, in UTC.
        where: What to call the chain in errors.

    Raises:
        KeyMaterialError: ``no-active-key``, ``clock-set-back`` or ``key-expired``.
    """
    active = chain.active
    if active is None:
        raise KeyMaterialError(
            "no-active-key",
            "the last key has been retired or revoked; this workspace signs nothing any more",
            where=where,
        )
    window = active.window
    if window.valid_from is not None and now < window.valid_from:
        raise KeyMaterialError(
            "clock-set-back",
            "the clock stands before the beginning of the key that signs",
            where=active.key_id,
            expected=f"{active.entry.valid_from} or later",
            found=format_seconds(now),
            hint="set the clock right",
        )
    if not window.holds(now):
        raise KeyMaterialError(
            "key-expired",
            "the key that signs has come to its end",
            where=active.key_id,
            expected=f"{active.entry.valid_until} or earlier",
            found=format_seconds(now),
            hint=f"replace it: 'pithbuilder keys rotate --effective-at {active.entry.valid_until}'",
        )
    return active
