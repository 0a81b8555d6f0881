"""A workspace: an issuer's profile, keys and ledger in one directory.

``pith.toml`` (the issuer profile), ``keys/<key id>.pem`` (private, mode 0600), ``keys/<key id>.json`` (public),
``ledger.sqlite3`` (what was minted), ``mirror/`` (where bundles go by default).
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.mirror import SIGNING_KEY_PATH
from pithbuilder.errors import KeyMaterialError, PithError, ProfileError, StoreError, printable
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.stores.atomic import (
    is_taken,
    make_directory,
    read_file,
    undone_on_failure,
    write_failed,
    write_file,
)
from pithbuilder.stores.key_files import (
    create_private_file,
    is_encrypted,
    load_key_document,
    load_private_key_file,
)

PROFILE_NAME: Final = "pith.toml"
_KEY_REFERENCE: Final = re.compile(r"file:keys/([a-z0-9][a-z0-9._-]{0,63})\.pem", re.ASCII)
_KEY_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_MAX_PROFILE_BYTES: Final = 2**20
_MAX_GITIGNORE_BYTES: Final = 2**20

_PROFILE_FIELDS: Final = frozenset(
    attribute.name for attribute in attrs.fields(IssuerProfile) if attribute.name != "integrity"
)

_GITIGNORE: Final = """\
# private: never commit these
keys/*.pem
*.passphrase
# working files
.pith.lock
ledger.sqlite3-wal
ledger.sqlite3-shm
"""


@attrs.frozen
class _KeyFiles:
    """The two files of a new key, with what is to stand in them."""

    private: Path
    pem: bytes = attrs.field(repr=False)
    public: Path
    document: KeyDocument

    def write(self, made: list[Path]) -> None:
        """Write the private file, then the public one, and add to ``made`` what is to be undone on failure."""
        create_private_file(self.private, self.pem)  # not undone before it is this call's own
        made += [self.private, self.public]
        shown = json.dumps(self.document.to_dict(), indent=2, ensure_ascii=False) + "\n"
        write_file(self.public, shown.encode())


@attrs.frozen
class Workspace:
    """An opened workspace.

    Attributes:
        root: Its directory.
        profile: The issuer profile.
        key_id: The key that signs.
        out: Where bundles go by default.
    """

    root: Path
    profile: IssuerProfile
    key_id: str
    out: Path

    @classmethod
    def create(
        cls,
        root: Path,
        profile: IssuerProfile,
        key_id: str,
        key: PrivateKey | None = None,
        passphrase: bytes | None = None,
    ) -> Workspace:
        """Make a workspace; if that fails, what was made is removed again, and it can be tried once more.

        Args:
            root: Made if need be; must not hold a workspace.
            profile: The issuer profile to write.
            key_id: The key that will sign.
            key: The key; None for a workspace without keys, see :meth:`add_key`.
            passphrase: What to encrypt the private file with; None writes it in the clear.

        Raises:
            ProfileError: ``workspace-exists``.
            KeyMaterialError: ``key-id-format``, or as for :meth:`add_key`.
            StoreError: ``write-failed``.
        """
        check_key_id(key_id)
        cls.check_free(root)
        workspace = cls(root, profile, key_id, root / "mirror")
        files = None if key is None else workspace._key_files(key_id, key, passphrase)
        with undone_on_failure() as made:
            directories = (*reversed((root / "keys").parents), root / "keys")
            made += [path for path in (*directories, root / ".gitignore", root / PROFILE_NAME) if not is_taken(path)]
            try:
                make_directory(root / "keys")
            except OSError as error:
                raise write_failed(root, error) from error
            if files is not None:
                files.write(made)
            _hide_private_files(root / ".gitignore")
            # Last: from here on there is a workspace.
            write_file(root / PROFILE_NAME, _format_profile(profile, key_id).encode())
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
        try:
            tables = tomllib.loads(read_file(path, _MAX_PROFILE_BYTES).decode("utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ProfileError("profile-syntax", f"not TOML: {error}", where=str(path)) from error
        return _workspace_from(root, path, tables)

    @property
    def keys(self) -> Path:
        """The directory of the keys."""
        return self.root / "keys"

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.root / "ledger.sqlite3"

    def private_key_path(self, key_id: str) -> Path:
        """Return the path of a private key file."""
        return self.keys / f"{check_key_id(key_id)}.pem"

    def public_key_path(self, key_id: str) -> Path:
        """Return the path of a public key document."""
        return self.keys / f"{check_key_id(key_id)}.json"

    def add_key(self, key_id: str, key: PrivateKey, passphrase: bytes | None) -> KeyDocument:
        """Write a new key, both files of it or none; return the public document.

        Args:
            key_id: Its name.
            key: The key.
            passphrase: What to encrypt the private file with; None writes it in the clear.

        Raises:
            KeyMaterialError: ``key-id-format``, ``key-file-exists``, ``passphrase-empty``, ``passphrase-too-long``.
            StoreError: ``write-failed``.
        """
        files = self._key_files(key_id, key, passphrase)
        with undone_on_failure() as made:
            files.write(made)
        return files.document

    def _key_files(self, key_id: str, key: PrivateKey, passphrase: bytes | None) -> _KeyFiles:
        """Return a new key's files, to be written; nothing of their names may be there."""
        private, public = self.private_key_path(key_id), self.public_key_path(key_id)
        for path in (private, public):
            if is_taken(path):
                raise KeyMaterialError(
                    "key-file-exists",
                    "there is a key of that id already; keys are never overwritten",
                    where=str(path),
                    hint="choose another key id",
                )
        document = KeyDocument.of(
            key.public_key.raw,
            key_id=key_id,
            url=f"{self.profile.base_url}/{SIGNING_KEY_PATH}",
            notes=self.profile.key_notes,
        )
        return _KeyFiles(private, key.to_pem(passphrase), public, document)

    def key_documents(self) -> list[KeyDocument]:
        """Return the public documents of all keys, sorted by file name.

        Raises:
            PithError: One of them cannot be read or is wrong.
        """
        return [load_key_document(path) for path in sorted(self.keys.glob("*.json"))]

    def needs_passphrase(self) -> bool:
        """Say whether the private key that signs is encrypted.

        Raises:
            PithError: There is none, or it is not kept as it must be.
        """
        return is_encrypted(self.private_key_path(self.key_id))

    def open_signer(self, passphrase: bytes | None) -> LocalSigner:
        """Return a signer with the workspace's key.

        Args:
            passphrase: None for a key in the clear.

        Raises:
            PithError: The key cannot be used, or its public document is another key's (``key-conflict``).
        """
        key = load_private_key_file(self.private_key_path(self.key_id), passphrase)
        path = self.public_key_path(self.key_id)
        document = load_key_document(path)
        if document.key_id != self.key_id or document.public_key_hex != key.public_key.raw.hex():
            raise KeyMaterialError(
                "key-conflict",
                "public key document does not belong to the private key",
                where=str(path),
                expected=f"{self.key_id}, {key.public_key.raw.hex()}",
                found=printable(f"{document.key_id}, {document.public_key_hex}"),
            )
        return LocalSigner(self.key_id, key)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the workspace for one writer.

        Raises:
            StoreError: ``workspace-busy``; another process writes there.
        """
        path = self.root / ".pith.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise write_failed(path, error) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreError(
                    "workspace-busy",
                    "another process is minting in this workspace",
                    where=str(self.root),
                    hint="wait until it has finished, then run it again",
                ) from error
            yield
        finally:
            os.close(descriptor)


def check_key_id(key_id: str) -> str:
    """Return ``key_id`` if it can be a key's name and a file's.

    Raises:
        KeyMaterialError: ``key-id-format``.
    """
    if _KEY_ID.fullmatch(key_id) is None:
        raise KeyMaterialError(
            "key-id-format",
            "not a usable key id",
            expected="1 to 64 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit",
            found=printable(key_id),
        )
    return key_id


def _hide_private_files(path: Path) -> None:
    """Write a .gitignore, or append to the one that is there the lines that it lacks."""
    there = read_file(path, _MAX_GITIGNORE_BYTES) if path.exists() else b""
    known = {line.strip() for line in there.splitlines()}
    missing = [line for line in _GITIGNORE.encode().splitlines() if line not in known]
    if missing:
        separator = b"\n" if there and not there.endswith(b"\n") else b""
        write_file(path, there + separator + b"".join(line + b"\n" for line in missing))


def _workspace_from(root: Path, path: Path, tables: dict[str, object]) -> Workspace:
    try:
        issuer, snapshot = _table(tables, "issuer"), _table(tables, "snapshot")
        key, mirror = _table(tables, "key"), _table(tables, "mirror")
        unknown = [f"issuer.{name}" for name in issuer if name not in _PROFILE_FIELDS]
        if unknown:
            raise ProfileError(
                "profile-value", "no such setting", where=unknown[0], expected=", ".join(sorted(_PROFILE_FIELDS))
            )
        values = {name: issuer[name] for name in _PROFILE_FIELDS if name in issuer}
        values["integrity"] = snapshot.get("integrity", True)
        for name in ("signer_id", "mirror_name", "base_url"):
            if name not in values:
                raise ProfileError("profile-value", "a setting is missing", where=f"issuer.{name}")
        profile = IssuerProfile(**values)  # type: ignore[arg-type]  # the profile checks every value's type
        match = _KEY_REFERENCE.fullmatch(str(key.get("reference", "")))
        if match is None:
            raise ProfileError(
                "profile-value",
                "no usable key reference",
                where="key.reference",
                expected="file:keys/<key id>.pem",
                found=printable(key.get("reference", "")),
            )
        out = mirror.get("out", "mirror")
        if not isinstance(out, str) or not out:
            raise ProfileError("profile-value", "no usable output directory", where="mirror.out")
    except PithError as error:
        error.where = f"{path}: {error.where}" if error.where else str(path)
        raise
    return Workspace(root, profile, match[1], root / out)


def _table(tables: dict[str, object], name: str) -> dict[str, object]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise ProfileError("profile-value", "not a table", where=name, expected=f"[{name}]")
    return table


def _format_profile(profile: IssuerProfile, key_id: str) -> str:
    """Write the profile as commented TOML; a JSON string without control characters is a TOML string."""

    def text(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)

    return f"""\
# Issuer profile. Everything here goes into signed documents: change it before the first mint, not after.
[issuer]
signer_id = {text(profile.signer_id)}  # the issuer's name in events; stays when keys change
signer_type = {text(profile.signer_type)}
mirror_name = {text(profile.mirror_name)}  # for people
base_url = {text(profile.base_url)}  # where the mirror is published, without a slash at the end
builder_version = {text(profile.builder_version)}

[snapshot]
integrity = {"true" if profile.integrity else "false"}  # false: the shape of snapshots before June 2026

[key]
reference = "file:keys/{key_id}.pem"

[mirror]
out = "mirror"  # where 'pithbuilder mint' writes, below this directory
"""
