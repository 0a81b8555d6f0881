"""Issuing and signing toolkit for Pith Numbers.

The public face; every name is loaded when it is first used.

>>> from pithbuilder import canonical_text
>>> canonical_text("  On  Something ")
'on something'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pithbuilder.core.authors import authors_text
    from pithbuilder.core.canonical_json import canonicalize
    from pithbuilder.core.pith_number import PithNumber
    from pithbuilder.core.text import canonical_text
    from pithbuilder.core.timestamps import FixedClock, SystemClock
    from pithbuilder.documents.bundle import Bundle
    from pithbuilder.documents.event import Event
    from pithbuilder.documents.event_family import EVENT_FAMILIES
    from pithbuilder.documents.paper import PaperMetadata
    from pithbuilder.documents.record import CanonicalRecord
    from pithbuilder.errors import PithError
    from pithbuilder.issuing.issuer import Issuer
    from pithbuilder.issuing.profile import IssuerProfile
    from pithbuilder.signing.keyring import Keyring
    from pithbuilder.stores.key_files import pinned_keyring
    from pithbuilder.verify.bundle import verify_bundle
    from pithbuilder.verify.merging import merge_bundles

_HOMES = {
    "Bundle": "documents.bundle",
    "CanonicalRecord": "documents.record",
    "EVENT_FAMILIES": "documents.event_family",
    "Event": "documents.event",
    "FixedClock": "core.timestamps",
    "Issuer": "issuing.issuer",
    "IssuerProfile": "issuing.profile",
    "Keyring": "signing.keyring",
    "PaperMetadata": "documents.paper",
    "PithError": "errors",
    "PithNumber": "core.pith_number",
    "SystemClock": "core.timestamps",
    "authors_text": "core.authors",
    "canonical_text": "core.text",
    "canonicalize": "core.canonical_json",
    "merge_bundles": "verify.merging",
    "pinned_keyring": "stores.key_files",
    "verify_bundle": "verify.bundle",
}

__all__ = [
    "EVENT_FAMILIES",
    "Bundle",
    "CanonicalRecord",
    "Event",
    "FixedClock",
    "Issuer",
    "IssuerProfile",
    "Keyring",
    "PaperMetadata",
    "PithError",
    "PithNumber",
    "SystemClock",
    "authors_text",
    "canonical_text",
    "canonicalize",
    "merge_bundles",
    "pinned_keyring",
    "verify_bundle",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value = globals()[name] = getattr(import_module(f"pithbuilder.{_HOMES[name]}"), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
