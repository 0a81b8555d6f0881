"""What is trusted: keys that are pinned, and keyrings that are followed from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.errors import KeyMaterialError, naming
from pithbuilder.signing.keyring import Keyring, public_key_of
from pithbuilder.verify.key_chain import KeyChain, follow


def pin(
    keys: Iterable[KeyDocument],
    keyrings: Sequence[tuple[str, KeyringDocument]] = (),
    *,
    followed: Iterable[tuple[str, KeyringDocument]] = (),
    signers: Iterable[tuple[str, KeyDocument]] = (),
) -> Keyring:
    """Return the keyring of whoever trusts some keys.

    Args:
        keys: Pinned; they speak for nobody in particular.
        keyrings: Name (for errors) and keyring; its first key is pinned as its issuer's, and its chain followed from
            there.
        followed: Name and keyring; they pin nothing: their chains are followed from the keys that are pinned.
        signers: Signer id and pinned key, where it is known whose a key is.

    Raises:
        KeyMaterialError: ``no-keys``: a keyring without a key; two keys of one id (``key-conflict``); a key that must
            not be used.
        RotationError: The chain of a keyring is broken, or starts from no pinned key.
    """
    documents, owners = list(keys), list(signers)
    for name, keyring_document in keyrings:
        if not keyring_document.keys:
            raise KeyMaterialError("no-keys", "keyring holds no key", where=name)
        first = keyring_document.keys[0].key
        documents.append(first)
        owners.append((keyring_document.issuer, first))
    keyring = Keyring(documents)
    for signer_id, document in owners:
        keyring = keyring.with_signer(signer_id, [public_key_of(document)])
    for name, keyring_document in (*keyrings, *followed):
        with naming(name):
            keyring = follow(keyring, KeyChain.read(keyring_document))
    return keyring
