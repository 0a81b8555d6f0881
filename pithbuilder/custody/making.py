"""Making keys in a workspace: fresh ones, ones that were begun and not finished, and ones that are kept elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import attrs

from pithbuilder.custody.signers import KeyAccess, open_reference, open_signer, signer_of
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.key_reference import ExecReference, FileReference, parse_key_reference
from pithbuilder.signing.signer import Signer
from pithbuilder.stores.atomic import is_taken, remove_file
from pithbuilder.stores.key_files import is_encrypted, load_private_key_file
from pithbuilder.stores.key_store import KeyStore, NewKey
from pithbuilder.stores.workspace import Workspace, document_of_key
from pithbuilder.verify.key_chain import KeyChain

NewPassphrase = Callable[[str], bytes | None]
"""Asked with a new key's name; returns the passphrase to encrypt it with, or None for a key in the clear."""

_OTHER_THAN_KEY_NAME: Final = re.compile(r"[^a-z0-9._-]+")
_LONGEST_NAME: Final = 52  # leaves room for the month and a number in the 64 characters of a key id


def default_key_id(signer_id: str, month: datetime) -> str:
    """Return the usual name of an issuer's key: its ``signer_id`` and the month.

    >>> from datetime import UTC, datetime
    >>> default_key_id("Registry.example", datetime(2026, 11, 21, tzinfo=UTC))
    'registry.example-2026-11'
    """
    name = _OTHER_THAN_KEY_NAME.sub("-", signer_id.lower()).lstrip("._-")[:_LONGEST_NAME]
    return f"{name.rstrip('._-') or 'key'}-{month:%Y-%m}"


def fresh_key(
    profile: IssuerProfile,
    key_id: str,
    passphrase: bytes | None,
    *,
    key: PrivateKey | None = None,
    expires: str | None = None,
) -> NewKey:
    """Return a key file that is about to be written.

    Args:
        profile: The issuer's profile.
        key_id: The new key's name.
        passphrase: What to encrypt it with; None leaves it in the clear.
        key: The key; by default a new one.
        expires: The planned end of its window, in UTC; None where none is set.

    Raises:
        KeyMaterialError: ``key-id-format``, ``passphrase-empty``, ``passphrase-too-long``.
    """
    made = key or PrivateKey.generate()
    return NewKey(document_of_key(profile, key_id, made.public_key, expires), made.to_pem(passphrase))


def referenced_key(
    profile: IssuerProfile,
    key_id: str,
    reference: str,
    access: KeyAccess,
    base: Path,
    *,
    expires: str | None = None,
) -> NewKey:
    """Return a key that is kept elsewhere, with its public half as that place gives it.

    Args:
        profile: The issuer's profile.
        key_id: The new key's name.
        reference: Where it is kept: ``ssh-agent:…``, ``pkcs11:…``, ``exec:…`` or ``file:…``.
        access: What opening it may need.
        base: The workspace's directory.
        expires: The planned end of its window, in UTC; None where none is set.

    Raises:
        PithError: The reference is none, or does not open.
    """
    parsed = parse_key_reference(reference)
    # Whoever opens it again may stand in another directory.
    if isinstance(parsed, FileReference):
        parsed = FileReference(str((base / parsed.path).absolute()))
    elif isinstance(parsed, ExecReference) and "/" in parsed.argv[0]:
        parsed = ExecReference((str(Path(parsed.argv[0]).absolute()), *parsed.argv[1:]))
    with open_reference(parsed, key_id, base, access) as signer:
        document = document_of_key(profile, key_id, signer.public_key, expires)
    return NewKey(document, None, str(parsed))


def is_half_written(keys: KeyStore, key_id: str) -> bool:
    """Say whether a private key file is there without its public document: making it was interrupted."""
    return is_taken(keys.private_path(key_id)) and not is_taken(keys.public_path(key_id))


@attrs.frozen
class PreparedKey:
    """A key that is ready to follow the one that signs.

    Attributes:
        document: Its public document.
        key: The key itself, where it has just been in memory.
    """

    document: KeyDocument
    key: PrivateKey | None = None

    @contextmanager
    def signer(self, keys: KeyStore, access: KeyAccess) -> Iterator[Signer]:
        """Open the key for signing; see :func:`~pithbuilder.custody.signers.open_signer`."""
        if self.key is not None:
            with closing(signer_of(self.document.key_id, self.key)) as opened:
                yield opened
        else:
            with open_signer(keys, self.document.key_id, access) as opened:
                yield opened


def complete_key(workspace: Workspace, key_id: str, access: KeyAccess, *, expires: str | None = None) -> PreparedKey:
    """Write the public document of a half-written key.

    Raises:
        PithError: The private key file cannot be opened.
    """
    path = workspace.keys.private_path(key_id)
    key = load_private_key_file(path, access.passphrase(key_id, is_encrypted(path)))
    document = document_of_key(workspace.profile, key_id, key.public_key, expires)
    workspace.keys.write_document(document)
    return PreparedKey(document, key)


@attrs.frozen
class KeyMaker:
    """Makes keys ready to follow the one that signs.

    Attributes:
        workspace: The workspace.
        chain: Its chain; a prepared key is not in it.
        now: Names a fresh key's month.
        access: What opening a half-written key may need.
        new_passphrase: Asked for a fresh key.
        made: The ids of the keys that this maker has made.
    """

    workspace: Workspace
    chain: KeyChain
    now: datetime
    access: KeyAccess
    new_passphrase: NewPassphrase
    made: list[str] = attrs.field(factory=list)

    def prepare(self, key_id: str | None, *, other_than: str = "", expires: str | None = None) -> PreparedKey:
        """Return a key that is ready; one that an interrupted run has left behind is taken up again.

        Args:
            key_id: An existing key's name; None for the first usual name that is not in the chain.
            other_than: A key id that must not be taken.
            expires: The planned end of a fresh key's window, in UTC.

        Raises:
            PithError: The key is not there, or cannot be written.
        """
        keys = self.workspace.keys
        name = key_id or self._free_name(other_than)
        if is_half_written(keys, name):
            return complete_key(self.workspace, name, self.access, expires=expires)
        if key_id is not None or is_taken(keys.public_path(name)):
            return PreparedKey(keys.load_document(name))
        key = PrivateKey.generate()
        new = fresh_key(self.workspace.profile, name, self.new_passphrase(name), key=key, expires=expires)
        keys.add(new)
        self.made.append(name)
        return PreparedKey(new.document, key)

    def undo(self) -> None:
        """Remove the keys that were made."""
        for key_id in self.made:
            remove_file(self.workspace.keys.public_path(key_id))
            remove_file(self.workspace.keys.private_path(key_id))

    def _free_name(self, other_than: str) -> str:
        usual = default_key_id(self.workspace.profile.signer_id, self.now)
        name, number = usual, 1
        while self.chain.find(name) is not None or name == other_than:
            number += 1
            name = f"{usual}-{number}"
        return name
