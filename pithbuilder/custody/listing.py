"""Which keys a workspace has, and where their private halves are."""

from __future__ import annotations

from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.signing.keyring import public_key_of
from pithbuilder.signing.rotation import key_commitment
from pithbuilder.stores.workspace import Workspace
from pithbuilder.verify.key_chain import KeyChain

PREPARED: Final = "prepared"


@attrs.frozen(kw_only=True)
class ListedKey:
    """One key of a workspace.

    Attributes:
        key_id: Its name.
        fingerprint: First 16 bytes of SHA-256 of the raw key, 32 hexadecimal digits.
        status: ``active`` (it signs), ``retired``, ``revoked``; ``prepared``: not in the keyring.
        valid_from: Beginning of its window, in UTC; None where it has none.
        valid_until: End of its window, in UTC; None where none is set.
        reference: Where the private half is, as a key reference; empty where it is not known.
        promised: Whether it is the key whose hash was published in advance.
    """

    key_id: str
    fingerprint: str
    status: str
    valid_from: str | None
    valid_until: str | None
    reference: str
    promised: bool

    def to_dict(self) -> JsonObject:
        """Return the key as a flat object for one line of JSON."""
        return dict(attrs.asdict(self))


def is_promised(chain: KeyChain, document: KeyDocument) -> bool:
    """Say whether a key is the one whose hash was published in advance."""
    return chain.commitment is not None and key_commitment(public_key_of(document)) == chain.commitment


def list_keys(workspace: Workspace) -> list[ListedKey]:
    """Return the keys of a workspace: those of the keyring in the order in which they signed, then prepared ones.

    Raises:
        PithError: The keyring or a public document cannot be read, or is wrong.
    """
    keys, chain = workspace.keys, workspace.keys.load_chain()
    listed = [
        ListedKey(
            key_id=key.key_id,
            fingerprint=key.entry.key.fingerprint_sha256_hex,
            status=key.entry.status,
            valid_from=key.entry.valid_from,
            valid_until=key.entry.valid_until,
            reference=keys.reference(key.key_id),
            promised=False,
        )
        for key in chain.keys
    ]
    listed.extend(
        ListedKey(
            key_id=document.key_id,
            fingerprint=document.fingerprint_sha256_hex,
            status=PREPARED,
            valid_from=None,
            valid_until=document.rotates_at,
            reference=keys.reference(document.key_id),
            promised=is_promised(chain, document),
        )
        for document in keys.documents()
        if chain.find(document.key_id) is None
    )
    return listed
