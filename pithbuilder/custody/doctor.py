"""Which key is where, and what is wrong with any of them; each finding names the command that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.timestamps import Clock, format_seconds, parse_instant, parse_microseconds
from pithbuilder.custody.signers import KeyAccess, open_signer
from pithbuilder.documents.mirror import KEYRING_PATH, SIGNING_KEY_PATH
from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import KeyMaterialError, PithError
from pithbuilder.signing.keyring import public_key_of
from pithbuilder.signing.rotation import key_commitment
from pithbuilder.stores.key_files import permissions_fault, read_private_key_file
from pithbuilder.stores.ledger import Ledger
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.stores.workspace import Workspace
from pithbuilder.verify.key_chain import KeyChain

EXPIRES_SOON: Final = timedelta(days=90)
PREPARED: Final = "prepared"
CLOCK_TOLERANCE: Final = timedelta(minutes=5)


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


@attrs.frozen(kw_only=True)
class Finding:
    """Something that is wrong.

    Attributes:
        code: Stable name, lower-case words joined by hyphens.
        where: A file or a key id.
        message: What is wrong.
        command: What mends it.
    """

    code: str
    where: str
    message: str
    command: str

    def to_dict(self) -> JsonObject:
        """Return the finding as a flat object for one line of JSON."""
        return dict(attrs.asdict(self))


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
    for document in keys.documents():
        if chain.find(document.key_id) is None:
            promised = key_commitment(public_key_of(document)) == chain.commitment
            listed.append(
                ListedKey(
                    key_id=document.key_id,
                    fingerprint=document.fingerprint_sha256_hex,
                    status=PREPARED,
                    valid_from=None,
                    valid_until=document.rotates_at,
                    reference=keys.reference(document.key_id),
                    promised=promised,
                )
            )
    return listed


def examine(workspace: Workspace, clock: Clock, out: Path, access: KeyAccess | None = None) -> list[Finding]:
    """Examine a workspace's keys; nothing is changed.

    Args:
        workspace: The workspace.
        clock: The time.
        out: The mirror's directory.
        access: What opening private halves may need; None opens none.

    Returns:
        What is wrong, in the order in which it is best mended.
    """
    examination = _Examination(workspace, clock, out, access)
    findings = list(examination.files())
    try:
        chain = workspace.keys.load_chain()
    except PithError as error:
        return [*findings, examination.refused(error)]
    for part in (examination.pending, examination.keys, examination.mirror, examination.times, examination.bundles):
        try:
            findings.extend(part(chain))
        except PithError as error:
            findings.append(examination.refused(error))
    return findings


@attrs.frozen
class _Examination:
    workspace: Workspace
    clock: Clock
    out: Path
    access: KeyAccess | None

    def command(self, text: str) -> str:
        """Return a command of this program for this workspace."""
        return f"pithbuilder {text} --workspace {self.workspace.root}"

    def restoring(self, name: str = "") -> str:
        """Return the commands that bring a file back from a backup; without a name all of keys/."""
        root = self.workspace.root
        what = f"{root}-restored/keys/{name}" if name else f"{root}-restored/keys/*"
        return f"pithbuilder keys restore ARCHIVE {root}-restored && cp -p {what} {self.workspace.keys.root}/"

    def refused(self, error: PithError, key_id: str = "") -> Finding:
        """Return the finding that an error amounts to."""
        if error.code == "key-file-mode":
            command = f"chmod 600 {error.where}"
        elif error.code.startswith("agent-"):
            command = f"ssh-add {key_id}.key"
        elif error.code.startswith("hsm-"):
            command = "pkcs11-tool --module MODULE --list-objects --login"
        elif error.code.startswith("signer-"):
            command = f"cat {self.workspace.keys.reference_path(key_id)}"
        else:
            command = self.restoring(f"{key_id}.pem" if key_id else "")
        return Finding(code=error.code, where=error.where or key_id, message=error.message, command=command)

    def files(self) -> Iterator[Finding]:
        """Modes, links, halves of keys."""
        store = self.workspace.keys
        for path in store.private_files():
            try:
                read_private_key_file(path)
            except PithError as error:
                yield self.refused(error, path.stem)
            if not store.public_path(path.stem).exists():
                yield Finding(
                    code="key-half-written",
                    where=str(path),
                    message="private key file without a public document: making the key was interrupted",
                    command=self.command(f"keys new {path.stem}"),
                )
        for path in (self.workspace.root, store.root):
            fault = permissions_fault(path)
            if fault:
                yield Finding(
                    code="directory-mode",
                    where=str(path),
                    message=f"others can put files of their own here: {fault}",
                    command=f"chmod go-w {path}",
                )

    def pending(self, _: KeyChain) -> Iterator[Finding]:
        """A change of keys that was interrupted."""
        if self.workspace.keys.load_pending() is not None:
            yield Finding(
                code="rotation-pending",
                where=str(self.workspace.keys.root),
                message="a change of keys was interrupted and is not in every place yet",
                command=self.command("keys publish"),
            )

    def keys(self, chain: KeyChain) -> Iterator[Finding]:
        """Private halves that are missing, promised keys, documents that do not fit, ends that come near."""
        store, listed = self.workspace.keys, list_keys(self.workspace)
        for key in listed:
            if not key.reference and key.status in ("active", PREPARED):
                yield Finding(
                    code="private-half-missing",
                    where=key.key_id,
                    message=f"the private half of this {key.status} key is not here",
                    command=self.restoring(f"{key.key_id}.pem"),
                )
            elif key.reference and key.status in ("active", PREPARED) and self.access is not None:
                yield from self._opened(key.key_id)
        if chain.commitment is not None and chain.active is not None and not any(key.promised for key in listed):
            yield Finding(
                code="promised-key-missing",
                where=str(store.root),
                message="the key whose hash was published in advance is not here",
                command=self.restoring(),
            )
        for chained in chain.keys:
            document = store.load_document(chained.key_id) if store.public_path(chained.key_id).exists() else None
            if document != chained.entry.key:
                yield Finding(
                    code="key-document-stale",
                    where=str(store.public_path(chained.key_id)),
                    message="public document is not what the keyring says",
                    command=self.command("keys publish"),
                )
        yield from self._ends(chain)

    def _ends(self, chain: KeyChain) -> Iterator[Finding]:
        active = chain.active
        end = None if active is None else active.window.valid_until
        if active is None:
            yield Finding(
                code="no-active-key",
                where=str(self.workspace.keys.keyring_path),
                message="the last key has been retired or revoked; this workspace signs nothing any more",
                command=f"pithbuilder init {self.workspace.root}-2",
            )
        elif end is not None and end <= self.clock.now() + EXPIRES_SOON:
            passed = end < self.clock.now()
            yield Finding(
                code="key-expired" if passed else "key-expiring",
                where=active.key_id,
                message=f"the key that signs {'came' if passed else 'comes'} to its end at {format_seconds(end)}",
                command=self.command(f"keys rotate --effective-at {format_seconds(end)}" if passed else "keys rotate"),
            )

    def _opened(self, key_id: str) -> Iterator[Finding]:
        """Open a private half and sign a probe that is no document."""
        assert self.access is not None
        try:
            with open_signer(self.workspace.keys, key_id, self.access) as signer:
                signer.sign(Preimage.probe())
        except PithError as error:
            yield self.refused(error, key_id)

    def mirror(self, chain: KeyChain) -> Iterator[Finding]:
        """Whether the mirror shows the keyring and the key that signs."""
        tree = MirrorTree(self.out)
        if not self.out.exists():
            return
        try:
            tree.check_keys(chain)
        except KeyMaterialError as error:
            yield self.refused(error)
            return
        if tree.read_if_there(KEYRING_PATH) != chain.to_document().canonical_bytes:
            yield Finding(
                code="keyring-stale",
                where=str(self.out / KEYRING_PATH),
                message="the mirror does not show the workspace's keyring",
                command=self.command("keys publish"),
            )
        signing = (chain.active or chain.keys[-1]).entry.key
        if tree.read_if_there(SIGNING_KEY_PATH) != signing.canonical_bytes:
            yield Finding(
                code="signing-key-stale",
                where=str(self.out / SIGNING_KEY_PATH),
                message="the mirror does not show the key that signs",
                command=self.command("keys publish"),
            )

    def times(self, chain: KeyChain) -> Iterator[Finding]:
        """Whether the clock stands before something that has happened."""
        now = self.clock.now() + CLOCK_TOLERANCE
        happened = [parse_instant(statement.content.effective_at) for statement in chain.statements]
        if self.workspace.ledger.exists():
            with Ledger(self.workspace.ledger, read_only=True) as ledger:
                latest = ledger.latest_time()
            happened += [parse_microseconds(latest)] if latest else []
        last = max(happened, default=None)
        if last is not None and now < last:
            yield Finding(
                code="clock-implausible",
                where=format_seconds(self.clock.now()),
                message=f"the clock stands before the last thing that was signed, at {format_seconds(last)}",
                command="timedatectl set-ntp true",
            )

    def bundles(self, chain: KeyChain) -> Iterator[Finding]:
        """Whether bundles still rest on a compromised key."""
        compromised = [key for key in chain.keys if key.window.compromised]
        if not compromised or not self.workspace.ledger.exists():
            return
        with Ledger(self.workspace.ledger, read_only=True) as ledger:
            count = sum(ledger.count_resting_on(key.key_id) for key in compromised)
        if count:
            yield Finding(
                code="reissue-due",
                where=str(self.out),
                message=f"{count} bundles rest on a compromised key",
                command=self.command("reissue --all"),
            )
