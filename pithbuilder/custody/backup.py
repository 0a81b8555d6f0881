"""An encrypted archive of a workspace's keys, restoring it, and the rehearsal that proves that it restores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.timestamps import Clock, format_seconds
from pithbuilder.custody.signers import KeyAccess, open_reference
from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import KeyMaterialError, PithError, StoreError, naming
from pithbuilder.signing.ed25519 import PublicKey
from pithbuilder.signing.key_reference import parse_key_reference
from pithbuilder.signing.keyring import public_key_of
from pithbuilder.stores.archive import README_NAME, open_archive, seal_archive
from pithbuilder.stores.archive_files import (
    KEYRING_NAME,
    KEYS,
    check_contents,
    check_free,
    collect,
    private_directory,
    read_archive,
    unpack,
    write_archive,
)
from pithbuilder.stores.atomic import is_taken, undone_on_failure
from pithbuilder.stores.workspace import Workspace
from pithbuilder.verify.key_chain import KeyChain

INSIDE: Final = "inside"
ELSEWHERE: Final = "elsewhere"
MISSING: Final = "missing"

PROVED: Final = "proved"
NOT_PROVED: Final = "not-proved"
FAILED: Final = "failed"

_README: Final = """\
This is a backup of the keys of the Pith Number issuer {issuer},
made on {made_at} by pithbuilder (the command 'pithbuilder keys backup').

What is in it:
{names}

  pith.toml            the issuer profile
  keys/pith-keys.json  the keyring: which key signed when, and the signed statements that say so
  keys/NAME.json       the public half of a key
  keys/NAME.pem        the private half of a key, PKCS#8 PEM, with the passphrase that it had before
  keys/NAME.reference  where else a private half is kept, such as a hardware token; it is NOT in here

Private halves in here:
{inside}
Private halves that are NOT in here, and need a backup of their own:
{elsewhere}

To restore it with pithbuilder:

  pithbuilder keys restore ARCHIVE DIRECTORY

To restore it without pithbuilder (age: https://age-encryption.org), in a new and empty directory:

  umask 077
  age -d ARCHIVE | tar x

The directory is then a workspace. What was minted is not in here: copy the published mirror to mirror/ in the
workspace; 'pithbuilder mint' makes its ledger again from that.
"""


@attrs.frozen(kw_only=True)
class ArchivedKey:
    """A key, as an archive has it.

    Attributes:
        key_id: Its name.
        status: ``active``, ``retired`` or ``revoked``; ``prepared``: not in the keyring.
        private_half: ``inside``; ``elsewhere``: an agent, a token, a program or a file outside of the workspace has
            it; ``missing``: nothing is known of it.
        encrypted: Whether a private half inside has a passphrase of its own.
        reference: Where elsewhere, as a key reference.
    """

    key_id: str
    status: str
    private_half: str
    encrypted: bool
    reference: str

    def to_dict(self) -> JsonObject:
        """Return the key as a flat object for one line of JSON."""
        return dict(attrs.asdict(self))


@attrs.frozen(kw_only=True)
class BackupReport:
    """An archive that was written, read back and opened.

    Attributes:
        archive: Its path.
        size: In bytes.
        sha256: Of the archive, 64 hexadecimal digits.
        files: The names inside.
        keys: The keys of the keyring in the order in which they signed, then the prepared ones.
        left_out: What lies in ``keys/`` and is not in the archive.
    """

    archive: Path
    size: int
    sha256: str
    files: tuple[str, ...]
    keys: tuple[ArchivedKey, ...]
    left_out: tuple[str, ...]


@attrs.frozen(kw_only=True)
class RestoreReport:
    """A workspace that was restored.

    Attributes:
        workspace: Its directory.
        files: The names that were written.
        keys: As for :class:`BackupReport`.
        pending: Whether a change of keys was under way when the archive was made.
    """

    workspace: Path
    files: tuple[str, ...]
    keys: tuple[ArchivedKey, ...]
    pending: bool


@attrs.frozen(kw_only=True)
class KeyProof:
    """What a rehearsal found of one key.

    Attributes:
        key: The key.
        result: ``proved``: it opened, signed, and the signature holds under the public document and the keyring;
            ``not-proved``: it is kept elsewhere, and that was not within reach; ``failed``.
        code: Why not; empty where it is proved.
        message: Why not, in words.
    """

    key: ArchivedKey
    result: str
    code: str = ""
    message: str = ""

    def to_dict(self) -> JsonObject:
        """Return the proof as a flat object for one line of JSON."""
        return {**self.key.to_dict(), "result": self.result, "code": self.code, "message": self.message}


@attrs.frozen(kw_only=True)
class RehearsalReport:
    """What a rehearsal found.

    Attributes:
        issuer: The issuer's ``signer_id``, from the keyring.
        files: The names that were restored.
        statements: How many statements link the keys.
        proofs: One for every key.
    """

    issuer: str
    files: tuple[str, ...]
    statements: int
    proofs: tuple[KeyProof, ...]

    @property
    def holds(self) -> bool:
        """Whether everything that can be proved here was proved."""
        return all(proof.result != FAILED for proof in self.proofs)


def back_up(workspace: Workspace, target: Path, passphrase: bytes, clock: Clock) -> BackupReport:
    """Write an archive of a workspace's keys to a new file, and open it from there again before saying so.

    Args:
        workspace: The workspace; its lock is taken.
        target: The archive; nothing may be there.
        passphrase: What opens the archive.
        clock: Dates the archive.

    Raises:
        KeyMaterialError: ``key-file-mode``, ``key-file-link``, ``passphrase-empty``, ``passphrase-encoding``.
        StoreError: ``archive-exists``, ``workspace-busy``, ``read-failed``, ``write-failed``; ``read-back``: what
            came back from disk is not what was written, and was removed.
        PithError: The keyring does not hold.
    """
    check_free(target)
    with workspace.lock():
        files, left_out = collect(workspace)
    chain = check_contents(files)
    keys = _archived_keys(files, chain)
    now = clock.now()
    files[README_NAME] = _readme(chain.issuer, format_seconds(now), files, keys).encode()
    data = seal_archive(files, passphrase, int(now.timestamp()))
    with undone_on_failure() as made:
        write_archive(target, data)
        made.append(target)
        again = read_archive(target)
        if again != data or open_archive(again, passphrase) != files:
            raise StoreError(
                "read-back",
                "what was read back is not what was written; it was removed again",
                where=str(target),
                hint="do not trust this disk: use another one",
            )
    return BackupReport(
        archive=target,
        size=len(data),
        sha256=sha256_hex(data),
        files=tuple(sorted(files)),
        keys=keys,
        left_out=tuple(left_out),
    )


def restore(archive: Path, target: Path, passphrase: bytes) -> RestoreReport:
    """Restore a workspace's profile and keys: all of it or nothing.

    Args:
        archive: The archive.
        target: A directory without a workspace; made if need be.
        passphrase: What opens the archive.

    Raises:
        KeyMaterialError: ``archive-passphrase``.
        StoreError: ``archive-format``, ``archive-member``, ``archive-incomplete``, ``restore-exists``,
            ``read-failed``, ``write-failed``.
        PithError: The profile or the keyring in the archive does not hold; nothing was written.
    """
    return _restore(archive, target, passphrase)[0]


def rehearse(archive: Path, passphrase: bytes, access: KeyAccess) -> RehearsalReport:
    """Restore an archive into a private temporary directory, and try every key there.

    Args:
        archive: The archive.
        passphrase: What opens the archive.
        access: What opening the keys may need.

    Raises:
        PithError: The archive does not restore, as for :func:`restore`; or the keyring of the restored workspace,
            with the change of keys that was under way, does not hold.
    """
    with private_directory() as directory:
        report, workspace = _restore(archive, directory / "workspace", passphrase)
        chain = workspace.keys.load_chain()
        pending = workspace.keys.load_pending()
        if pending is not None and pending.content.digest not in chain.digests:
            chain.extended(pending)
        return RehearsalReport(
            issuer=chain.issuer,
            files=report.files,
            statements=len(chain.statements),
            proofs=tuple(_prove(workspace, chain, key, access) for key in report.keys),
        )


def _restore(archive: Path, target: Path, passphrase: bytes) -> tuple[RestoreReport, Workspace]:
    with naming(archive):
        files = open_archive(read_archive(archive), passphrase)
        chain = check_contents(files)
    workspace = unpack(files, target)
    report = RestoreReport(
        workspace=target,
        files=tuple(sorted(files.keys() - {README_NAME})),
        keys=_archived_keys(files, chain),
        pending=f"{KEYS}/statement.pending" in files,
    )
    return report, workspace


def _archived_keys(files: Mapping[str, bytes], chain: KeyChain) -> tuple[ArchivedKey, ...]:
    in_chain = {key.key_id: key.entry.status for key in chain.keys}
    suffixes = (".json", ".pem", ".reference")
    named = {Path(name).stem for name in files if name != KEYRING_NAME and Path(name).suffix in suffixes}
    return tuple(
        _archived_key(files, key_id, in_chain.get(key_id, "prepared"))
        for key_id in (*in_chain, *sorted(named - in_chain.keys()))
    )


def _archived_key(files: Mapping[str, bytes], key_id: str, status: str) -> ArchivedKey:
    pem, reference = files.get(f"{KEYS}/{key_id}.pem"), files.get(f"{KEYS}/{key_id}.reference")
    if pem is not None:
        return ArchivedKey(
            key_id=key_id, status=status, private_half=INSIDE, encrypted=b"ENCRYPTED" in pem, reference=""
        )
    where = "" if reference is None else reference.decode("utf-8", "backslashreplace").strip()
    half = ELSEWHERE if where else MISSING
    return ArchivedKey(key_id=key_id, status=status, private_half=half, encrypted=False, reference=where)


def _readme(issuer: str, made_at: str, files: Mapping[str, bytes], keys: tuple[ArchivedKey, ...]) -> str:
    def listed(lines: list[str]) -> str:
        return "".join(f"  {line}\n" for line in lines) or "  none\n"

    inside = [
        f"{key.key_id} ({key.status}{', with a passphrase of its own' if key.encrypted else ', in the clear'})"
        for key in keys
        if key.private_half == INSIDE
    ]
    elsewhere = [
        f"{key.key_id} ({key.status}): {key.reference or 'it was not in the workspace'}"
        for key in keys
        if key.private_half != INSIDE
    ]
    names = "".join(f"  {name}\n" for name in sorted([*files, README_NAME])).rstrip("\n")
    return _README.format(
        issuer=issuer, made_at=made_at, names=names, inside=listed(inside), elsewhere=listed(elsewhere)
    )


def _prove(workspace: Workspace, chain: KeyChain, key: ArchivedKey, access: KeyAccess) -> KeyProof:
    """Open a key and sign a probe that is no document; the signature must hold under the public half."""
    if key.private_half == MISSING:
        message = "the private half was not in the workspace"
        return KeyProof(key=key, result=NOT_PROVED, code="private-half-missing", message=message)
    try:
        expected = _public_half(workspace, chain, key.key_id)
        reference = parse_key_reference(workspace.keys.reference(key.key_id))
        with open_reference(reference, key.key_id, workspace.root, _without_needless(access)) as signer:
            if expected is None:  # a key whose making was interrupted: its private half is all there is
                expected = signer.public_key
            probe = Preimage.probe()
            holds = signer.public_key == expected and expected.verify(signer.sign(probe), probe.digest)
    except PithError as error:
        harmless = key.private_half == ELSEWHERE and error.code not in ("key-conflict", "signature-wrong")
        return KeyProof(key=key, result=NOT_PROVED if harmless else FAILED, code=error.code, message=error.message)
    if not holds:
        message = "the private half is not that of the public document or the keyring"
        return KeyProof(key=key, result=FAILED, code="key-conflict", message=message)
    return KeyProof(key=key, result=PROVED)


def _public_half(workspace: Workspace, chain: KeyChain, key_id: str) -> PublicKey | None:
    """Return the public half, on which keyring and public document must agree; None where neither has it."""
    chained = chain.find(key_id)
    key = None if chained is None else chained.key
    if not is_taken(workspace.keys.public_path(key_id)):
        return key
    document = workspace.keys.load_document(key_id)
    found = public_key_of(document)
    if document.key_id != key_id or (key is not None and found != key):
        raise KeyMaterialError("key-conflict", "the public document is another key's", where=key_id)
    return found


def _without_needless(access: KeyAccess) -> KeyAccess:
    """Return an access that gives no passphrase to a key in the clear: an archive may hold both kinds."""
    return attrs.evolve(
        access, passphrase=lambda key_id, encrypted: access.passphrase(key_id, encrypted) if encrypted else None
    )
