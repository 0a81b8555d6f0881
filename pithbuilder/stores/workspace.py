"""A workspace: an issuer's profile, keys and ledger in one directory.

``pith.toml`` (the issuer profile), ``keys/`` (see :mod:`pithbuilder.stores.key_store`), ``ledger.sqlite3`` (what was
minted), ``mirror/`` (where bundles go by default).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

from pithbuilder.core.timestamps import Clock
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.mirror import SIGNING_KEY_PATH
from pithbuilder.errors import KeyMaterialError, ProfileError, StoreError
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.ed25519 import PublicKey
from pithbuilder.stores.atomic import is_taken, make_directory, read_file, undone_on_failure, write_failed, write_file
from pithbuilder.stores.key_store import KeyStore, NewKey, check_key_id
from pithbuilder.stores.one_writer import one_writer
from pithbuilder.stores.profile_file import format_profile, load_profile
from pithbuilder.verify.key_chain import ChainKey, KeyChain
from pithbuilder.verify.signing_key import key_that_signs

PROFILE_NAME: Final = "pith.toml"
_MAX_GITIGNORE_BYTES: Final = 2**20

_GITIGNORE: Final = """\
# private: never commit these
keys/*.pem
keys/.*
*.passphrase
# working files
.pith.lock
ledger.sqlite3-wal
ledger.sqlite3-shm
"""


@attrs.frozen
class Workspace:
    """An opened workspace.

    Attributes:
        root: Its directory.
        profile: The issuer profile.
        out: Where bundles go by default.
    """

    root: Path
    profile: IssuerProfile
    out: Path

    @classmethod
    def create(cls, root: Path, profile: IssuerProfile, first: NewKey) -> Workspace:
        """Make a workspace; if that fails, what was made is removed again, and it can be tried once more.

        Args:
            root: Made if need be; must not hold a workspace.
            profile: The issuer profile to write.
            first: The key that will sign.

        Raises:
            ProfileError: ``workspace-exists``.
            KeyMaterialError: ``key-id-format``, ``key-file-exists``.
            StoreError: ``write-failed``.
        """
        cls.check_free(root)
        keys = KeyStore(root / "keys")
        keys.check_free(first.document.key_id)
        chain = KeyChain.begin(profile.signer_id, first.document)
        with undone_on_failure() as made:
            directories = (*reversed(keys.root.parents), keys.root)
            files = (keys.keyring_path, root / ".gitignore", root / PROFILE_NAME)
            made += [path for path in (*directories, *files) if not is_taken(path)]
            try:
                make_directory(keys.root)
            except OSError as error:
                raise write_failed(root, error) from error
            keys.write(first, made)
            keys.save_chain(chain)
            hide_private_files(root / ".gitignore")
            # Last: from here on there is a workspace.
            write_file(root / PROFILE_NAME, format_profile(profile).encode(), locked=True)
            return cls.open(root)

    @staticmethod
    def check_free(root: Path) -> None:
        """Refuse a directory that holds a workspace already.

        Raises:
            ProfileError: ``workspace-exists``.
        """
        path = root / PROFILE_NAME
        if path.exists():
            raise ProfileError(
                "workspace-exists",
                "there is a workspace already; nothing was changed",
                where=str(path),
                hint="choose another directory",
            )

    @classmethod
    def open(cls, root: Path) -> Workspace:
        """Open the workspace in a directory.

        Raises:
            ProfileError: ``workspace-missing``, ``profile-syntax`` or ``profile-value``; ``where`` names the file.
        """
        path = root / PROFILE_NAME
        if not path.exists():
            raise ProfileError(
                "workspace-missing",
                "no workspace here",
                where=str(path),
                hint=f"make one with 'pithbuilder init {root}', or name one with --workspace DIR",
            )
        profile, out = load_profile(path)
        return cls(root, profile, root / out)

    @property
    def keys(self) -> KeyStore:
        """The keys."""
        return KeyStore(self.root / "keys")

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.root / "ledger.sqlite3"

    def load_chain_with_addresses(self) -> KeyChain:
        """Return the chain, the first key's document brought in line with the profile; hold the workspace's lock.

        The profile may be edited until the first mint. Later keys are named in signed statements: theirs stay.

        Raises:
            PithError: The keyring is broken or cannot be written.
        """
        chain = self.keys.load_chain()
        first = chain.keys[0]
        document = attrs.evolve(
            first.entry.key, url=f"{self.profile.base_url}/{SIGNING_KEY_PATH}", notes=self.profile.key_notes
        )
        if chain.statements or (document == first.entry.key and chain.issuer == self.profile.signer_id):
            return chain
        chain = KeyChain.begin(self.profile.signer_id, document)
        self.keys.save_chain(chain)
        self.keys.write_document(document)
        return chain

    def signing_key(self, chain: KeyChain, clock: Clock) -> ChainKey:
        """Return the key that signs now.

        Args:
            chain: The workspace's chain.
            clock: Says when that is.

        Raises:
            KeyMaterialError: ``rotation-pending``, ``no-active-key``, ``clock-set-back`` or ``key-expired``.
        """
        if self.keys.load_pending() is not None:
            raise KeyMaterialError(
                "rotation-pending",
                "a change of keys was interrupted and is not in every place yet",
                where=str(self.root),
                hint="run 'pithbuilder keys publish' to complete it",
            )
        return key_that_signs(chain, clock.now(), str(self.keys.keyring_path))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the workspace for one writer.

        Raises:
            StoreError: ``workspace-busy``; another process writes there.
        """
        busy = StoreError(
            "workspace-busy",
            "another process is writing in this workspace",
            where=str(self.root),
            hint="wait until it has finished, then run it again",
        )
        with one_writer(self.root / ".pith.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, busy):
            yield


def document_of_key(profile: IssuerProfile, key_id: str, key: PublicKey, rotates_at: str | None = None) -> KeyDocument:
    """Return the public document of a key of the issuer with this profile.

    Args:
        profile: The issuer's profile.
        key_id: The key's name.
        key: The public half.
        rotates_at: The planned end of its window, in UTC; None where none is set.

    Raises:
        KeyMaterialError: ``key-id-format``.
    """
    return KeyDocument.of(
        key.raw,
        key_id=check_key_id(key_id),
        url=f"{profile.base_url}/{SIGNING_KEY_PATH}",
        notes=profile.key_notes,
        rotates_at=rotates_at,
    )


def hide_private_files(path: Path) -> None:
    """Write a .gitignore, or append to the one that is there the lines that it lacks."""
    there = read_file(path, _MAX_GITIGNORE_BYTES) if path.exists() else b""
    known = {line.strip() for line in there.splitlines()}
    missing = [line for line in _GITIGNORE.encode().splitlines() if line not in known]
    if missing:
        separator = b"\n" if there and not there.endswith(b"\n") else b""
        write_file(path, there + separator + b"".join(line + b"\n" for line in missing), locked=True)
