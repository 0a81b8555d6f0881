"""What is wrong with a workspace's keys; each finding says which command mends it, or what to do where none can."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.timestamps import Clock, format_seconds, parse_instant, parse_microseconds
from pithbuilder.custody.listing import is_promised
from pithbuilder.custody.making import is_half_written
from pithbuilder.custody.signers import KeyAccess, open_signer
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.mirror import KEYRING_PATH, SIGNING_KEY_PATH, bundle_path
from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import KeyMaterialError, PithError, naming
from pithbuilder.signing.key_reference import FileReference, parse_key_reference
from pithbuilder.stores.atomic import is_taken, read_failed
from pithbuilder.stores.key_files import (
    load_key_document,
    load_private_key_file,
    permissions_fault,
    read_private_key_file,
)
from pithbuilder.stores.key_store import KeyStore, check_key_id
from pithbuilder.stores.ledger import Ledger, LedgerRow
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.stores.workspace import Workspace
from pithbuilder.verify.key_chain import KeyChain

EXPIRES_SOON: Final = timedelta(days=90)
CLOCK_TOLERANCE: Final = timedelta(minutes=5)

_PUBLISH: Final = "pithbuilder keys publish {workspace}{out}"
# What mends the public document of a key of the keyring, whatever is wrong with it.
_WRITE_AGAIN: Final = f"mv -n {{path}} {{broken}} && {_PUBLISH}"
# What mends a finding, by its code; every value that is put in is quoted for a shell.
_COMMANDS: Final = {
    "key-file-mode": "chmod 600 {path}",
    "directory-mode": "chmod go-w {path}",
    "key-half-written": "pithbuilder keys new {key_id} {workspace}",
    "rotation-pending": _PUBLISH,
    "keyring-stale": _PUBLISH,
    "signing-key-stale": _PUBLISH,
    "key-document-stale": _PUBLISH,
    "key-expiring": "pithbuilder keys rotate {workspace}",
    "key-expired": "pithbuilder keys rotate --effective-at {end} {workspace}",
    "reissue-due": "pithbuilder reissue --all {workspace}{out}",
    "private-half-missing": "pithbuilder keys restore ARCHIVE {restored} && cp -n -p {from_restored} {private}",
}
_RESTORE: Final = "restore it from your backup: 'pithbuilder keys restore' into a new directory, and copy it from there"
# What the doctor has to say beside a command, or where an error has no hint of its own.
_HINTS: Final = {
    "key-file-mode": "if others may have read it, rotate the key",
    "private-half-missing": "ARCHIVE is your newest backup; remove the directory it is restored into afterwards; the "
    "private half of a key that is kept elsewhere is not in it",
    "key-file-format": f"move the file away and {_RESTORE}",
    "key-algorithm": f"move the file away and {_RESTORE}",
    "key-conflict": "the file is another key's, or its public document is: move away the one that is wrong, and "
    "restore it from your backup",
    "key-id-format": "no key can have this name: move the file away, or give it the name of its key",
    "key-reference": "write the key's reference into this file, one line, as for 'pithbuilder keys new --key'",
    "promised-key-missing": "restore your backup into a new directory, and copy the key's public document from there",
    "no-active-key": "this cannot be undone; begin another issuer with 'pithbuilder init', in another directory",
    "clock-implausible": "set the clock right",
    "mint-unfinished": "run the same 'pithbuilder mint FILE' again before keys change",
}
_KEYRING_HINT: Final = "restore it from your backup, or from the mirror, where it is published under the same name"
_AFTER_KEYRING: Final = "mend the keyring first: it may have the public document"
_PROMISED_ELSEWHERE: Final = "bring the private half of the promised key back first, from where you keep it"
_ANY_HINT: Final = "mend what is named here, then run 'pithbuilder keys doctor' again"
_ENCRYPTED_PEM: Final = re.compile(
    rb"-----BEGIN ENCRYPTED PRIVATE KEY-----\s(.*)-----END ENCRYPTED PRIVATE KEY-----", re.DOTALL
)


@attrs.frozen(kw_only=True)
class Finding:
    """Something that is wrong.

    Attributes:
        code: Stable name, lower-case words joined by hyphens.
        where: A file or a key id.
        message: What is wrong.
        command: What mends it, for a shell; empty where no command can.
        hint: What to do, or to know, beside the command; may be empty where there is one.
    """

    code: str
    where: str
    message: str
    command: str = ""
    hint: str = ""

    def to_dict(self) -> JsonObject:
        """Return the finding as a flat object for one line of JSON."""
        return {
            name: value.encode("utf-8", "backslashreplace").decode("utf-8")  # a file's name may be no text
            for name, value in attrs.asdict(self).items()
        }


def examine(workspace: Workspace, clock: Clock, out: Path, access: KeyAccess | None = None) -> list[Finding]:
    """Examine a workspace's keys; nothing is changed, and nothing that is broken hides the rest.

    Args:
        workspace: The workspace.
        clock: The time.
        out: The mirror's directory.
        access: What opening private halves may need; None opens none.

    Returns:
        What is wrong, in the order in which it is best mended.
    """
    examination = _Examination(workspace, clock, out, access)
    examination.run()
    return examination.findings


@attrs.define
class _Examination:
    workspace: Workspace
    clock: Clock
    out: Path
    access: KeyAccess | None
    findings: list[Finding] = attrs.field(factory=list)
    documents: dict[str, KeyDocument] = attrs.field(factory=dict)
    chain: KeyChain | None = None
    latest_entry: datetime | None = None

    @property
    def store(self) -> KeyStore:
        return self.workspace.keys

    def run(self) -> None:
        for path in (self.workspace.root, self.store.root):
            with self.guarded(path):
                self.directory(path)
        with self.guarded(self.store.keyring_path, hint=_KEYRING_HINT):
            self.chain = self.store.load_chain()
        for path in sorted(self.store.root.glob("*.json")):
            if path != self.store.keyring_path:
                with self.guarded(path, document=True):
                    self.document(path)
        for path in self.store.private_files():
            with self.guarded(path):
                self.private_file(path)
        for path in sorted(self.store.root.glob("*.reference")):
            with self.guarded(path):
                self.reference(path)
        with self.guarded(self.workspace.ledger):
            self.ledger()
        if self.chain is not None:
            for place, part in (
                (self.store.root, self.halves),
                (self.store.root, self.stale_documents),
                (self.workspace.root, self.signing),
                (self.out, self.mirror),
            ):
                with self.guarded(place):
                    part(self.chain)

    def found(
        self, code: str, where: str | Path, message: str, *, hint: str = "", mend: str | None = None, **names: str
    ) -> None:
        """Add a finding, with the command (unless ``mend`` is another one, or none) and the hint that its code has."""
        template = _COMMANDS.get(code, "") if mend is None else mend
        command = template.format_map(self._quoted(where, names)) if template else ""
        hint = hint if mend else hint or _HINTS.get(code, "") if command else _HINTS.get(code) or hint or _ANY_HINT
        self.findings.append(Finding(code=code, where=str(where), message=message, command=command, hint=hint))

    def _quoted(self, where: str | Path, names: dict[str, str]) -> dict[str, str]:
        """Return what commands are made of: absolute paths, so that they run in any directory."""
        root, path, key_id = self.workspace.root.resolve(), Path(where).absolute(), names.get("key_id", "")
        restored, number = Path(f"{root}-restored"), 1
        while is_taken(restored):
            number += 1
            restored = Path(f"{root}-restored-{number}")
        plain = {
            **names,
            "path": str(path),
            "broken": f"{path}.broken",
            "restored": str(restored),
            "from_restored": str(restored / "keys" / f"{key_id}.pem"),
            "private": str(root / "keys" / f"{key_id}.pem"),
        }
        own_out = self.out.resolve() == self.workspace.out.resolve()
        return {
            **{name: shlex.quote(value) for name, value in plain.items()},
            "workspace": f"--workspace {shlex.quote(str(root))}",
            "out": "" if own_out else f" --out {shlex.quote(str(self.out.absolute()))}",
        }

    @contextmanager
    def guarded(self, place: Path, *, hint: str = "", document: bool = False) -> Iterator[None]:
        """Turn the error that ends a part of the examination into a finding."""
        try:
            yield
        except OSError as error:
            self.refused(read_failed(place, error), place, hint)
        except PithError as error:
            if document and self.chain is not None and self.chain.find(place.stem) is not None:
                self.found(error.code, place, error.message, mend=_WRITE_AGAIN)
            else:
                self.refused(error, place, hint)

    def refused(self, error: PithError, place: Path, hint: str = "") -> None:
        """Add the finding that an error amounts to; its own hint repeats the command, where there is one."""
        command = error.code in _COMMANDS
        active = None if self.chain is None else self.chain.active
        end = "" if active is None else active.entry.valid_until or ""
        own_hint = self._rotating_hint() if error.code == "key-expired" else "" if command else error.hint or hint
        self.found(error.code, error.where or place, error.message, hint=own_hint, key_id=place.stem, end=end)

    def directory(self, path: Path) -> None:
        fault = permissions_fault(path)
        if fault:
            self.found("directory-mode", path, f"others can put files of their own here: {fault}")

    def document(self, path: Path) -> None:
        """A public document."""
        check_key_id(path.stem)
        document = load_key_document(path)
        if document.key_id != path.stem:
            raise KeyMaterialError("key-conflict", f"public document is that of the key {document.key_id}")
        self.documents[path.stem] = document

    def private_file(self, path: Path) -> None:
        """A private key file: its mode, its name, whether it is whole and that of its public document."""
        read_private_key_file(path)
        key_id = check_key_id(path.stem)
        self._check_file(path, key_id)
        if not is_half_written(self.store, key_id):
            self._open(key_id)
        elif self.chain is None:
            message = "private key file without a public document"
            self.found("key-half-written", path, message, hint=_AFTER_KEYRING, mend="")
        elif self.chain.find(key_id) is None:  # else the keyring gives the public document
            message = "private key file without a public document: making the key was interrupted"
            self.found("key-half-written", path, message, key_id=key_id)

    def reference(self, path: Path) -> None:
        """What says where a private half is kept."""
        key_id = check_key_id(path.stem)
        if is_taken(self.store.private_path(key_id)):
            return
        with naming(path):
            reference = parse_key_reference(self.store.reference(key_id))
        if isinstance(reference, FileReference):
            file = self.workspace.root / reference.path
            if not is_taken(file) and not self._is_needed(key_id):
                return
            self._check_file(file, key_id)
        self._open(key_id)

    def _check_file(self, path: Path, key_id: str) -> None:
        try:
            key = load_private_key_file(path, None)
        except KeyMaterialError as error:
            if error.code != "passphrase-needed":
                raise
            if not _is_whole(read_private_key_file(path)):
                raise KeyMaterialError(
                    "key-file-format", "encrypted private key is cut off or damaged", where=str(path)
                ) from error
            return
        chained = None if self.chain is None else self.chain.find(key_id)
        document = self.documents.get(key_id) if chained is None else chained.entry.key
        if document is not None and document.public_key_hex != key.public_key.raw.hex():
            message = "public key document does not belong to the private key"
            raise KeyMaterialError("key-conflict", message, where=str(path))

    def _is_needed(self, key_id: str) -> bool:
        """Say whether a private half should be here: of the key that signs, and of prepared ones but the promised."""
        chained = None if self.chain is None else self.chain.find(key_id)
        if self.chain is None or chained is not None:
            return chained is None or chained.is_active
        return key_id not in self.documents or not is_promised(self.chain, self.documents[key_id])

    def _open(self, key_id: str) -> None:
        """Open a private half and sign a probe that is no document."""
        chained = None if self.chain is None else self.chain.find(key_id)
        if self.access is None or key_id not in self.documents or (chained is not None and not chained.is_active):
            return
        with open_signer(self.store, key_id, self.access) as signer:
            signer.sign(Preimage.probe())

    def halves(self, chain: KeyChain) -> None:
        """Private halves that are missing, and the promised key."""
        active = chain.active
        prepared = [document for key_id, document in self.documents.items() if chain.find(key_id) is None]
        wanted = [] if active is None else [("active", active.key_id)]
        for status, key_id in wanted + [("prepared", document.key_id) for document in prepared]:
            if not self._is_here(key_id) and self._is_needed(key_id):
                message = f"the private half of this {status} key is not here"
                self.found("private-half-missing", key_id, message, key_id=key_id)
        promise = chain.commitment is not None and active is not None
        if promise and not any(is_promised(chain, document) for document in prepared):
            message = "the key whose hash was published in advance is not here"
            self.found("promised-key-missing", self.store.root, message)

    def _is_here(self, key_id: str) -> bool:
        return is_taken(self.store.private_path(key_id)) or is_taken(self.store.reference_path(key_id))

    def stale_documents(self, chain: KeyChain) -> None:
        """Public documents of the keyring's keys; those that cannot be read have been told already."""
        for key in chain.keys:
            path = self.store.public_path(key.key_id)
            document = self.documents.get(key.key_id)
            if document != key.entry.key and (document is not None or not is_taken(path)):
                self.found("key-document-stale", path, "public document is not what the keyring says")

    def signing(self, chain: KeyChain) -> None:
        """Whether the key that signs may sign now, and for how long."""
        now = self.clock.now()
        happened = [parse_instant(statement.content.effective_at) for statement in chain.statements]
        happened += [] if self.latest_entry is None else [self.latest_entry]
        last = max(happened, default=now)
        implausible = now + CLOCK_TOLERANCE < last
        if implausible:
            message = f"the clock stands before the last thing that was signed, at {format_seconds(last)}"
            self.found("clock-implausible", format_seconds(now), message)
        try:
            self.workspace.signing_key(chain, self.clock)
        except PithError as error:
            if error.code != "clock-set-back" or not implausible:
                self.refused(error, self.workspace.root)
        end = None if chain.active is None else chain.active.window.valid_until
        if chain.active is not None and end is not None and now < end <= now + EXPIRES_SOON:
            message = f"the key that signs comes to its end at {format_seconds(end)}"
            self.found("key-expiring", chain.active.key_id, message, hint=self._rotating_hint())

    def _rotating_hint(self) -> str:
        chain = self.chain
        away = chain is not None and any(
            is_promised(chain, document) and chain.find(key_id) is None and not self._is_here(key_id)
            for key_id, document in self.documents.items()
        )
        return _PROMISED_ELSEWHERE if away else ""

    def mirror(self, chain: KeyChain) -> None:
        """Whether the mirror shows the keyring and the key that signs."""
        if not self.out.exists():
            return
        tree = MirrorTree(self.out)
        tree.check_keys(chain)
        for code, path, expected, what in (
            ("keyring-stale", KEYRING_PATH, chain.to_document().canonical_bytes, "the workspace's keyring"),
            ("signing-key-stale", SIGNING_KEY_PATH, chain.latest.entry.key.canonical_bytes, "the key that signs"),
        ):
            with self.guarded(self.out / path):
                if tree.read_if_there(path) != expected:
                    self.found(code, self.out / path, f"the mirror does not show {what}")

    def ledger(self) -> None:
        """Papers without a bundle, and bundles that still rest on a compromised key."""
        if not self.workspace.ledger.exists():
            return
        keys = () if self.chain is None else self.chain.keys
        with Ledger(self.workspace.ledger, read_only=True) as ledger:
            latest = ledger.latest_time()
            self.latest_entry = parse_microseconds(latest) if latest else None
            last = ledger.last_row()
            count = sum(ledger.count_resting_on(key.key_id) for key in keys if key.window.compromised)
        with self.guarded(self.out):
            self._last_bundle(last)
        if count:
            self.found("reissue-due", self.out, f"{count} bundles rest on a compromised key")

    def _last_bundle(self, last: LedgerRow | None) -> None:
        if last is not None and MirrorTree(self.out).read_if_there(bundle_path(last.pith_number.suffix)) is None:
            paper = f"{last.source_id}v{last.source_version}"
            message = f"the last paper of the ledger, {paper}, has no bundle in the mirror: minting was interrupted"
            self.found("mint-unfinished", self.out / bundle_path(last.pith_number.suffix), message)


def _is_whole(pem: bytes) -> bool:
    """Say whether an encrypted private key is as long as its outermost element says; only opening it says more."""
    match = _ENCRYPTED_PEM.search(pem)
    try:
        der = base64.b64decode(b"".join(match[1].split()), validate=True) if match else b""
    except binascii.Error:
        return False
    if len(der) < 2 or der[0] != 0x30:
        return False
    octets = der[1] & 0x7F if der[1] & 0x80 else 0
    length = int.from_bytes(der[2 : 2 + octets], "big") if octets else der[1]
    return len(der) == 2 + octets + length
