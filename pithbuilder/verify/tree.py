"""A whole mirror: every document, and that its copies agree.

A mirror's ``state.json`` is not signed, but it must be the state inside the signed bundle beside it, and then has
that bundle's verdict; a record document must be the one that follows from the bundle. The manifest is not signed
either: it can make a mirror invalid, and otherwise has no part in its verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.mirror import (
    KEYRING_PATH,
    MANIFEST_PATH,
    SIGNING_KEY_PATH,
    bundle_path,
    record_path,
    state_path,
    well_known_bundle_path,
)
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import PithError
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.mirror import verify_key_document, verify_keyring, verify_manifest
from pithbuilder.verify.record_document import verify_record_document
from pithbuilder.verify.report import Check, Outcome, Verdict, VerificationReport, worst
from pithbuilder.verify.signatures import KnownKeys
from pithbuilder.verify.state import verify_state

_SUFFIX_IN_PATH: Final = re.compile(r"(?:\.well-known/)?pith/([^/]+?)(?:\.json|/(?:bundle|state)\.json)")


class MirrorFiles(Protocol):
    """The files of a mirror, wherever they are."""

    def paths(self) -> Iterable[str]:
        """Return every file's path below the mirror's root, with slashes, in a fixed order."""
        ...

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            PithError: It cannot be read, or is too large.
        """
        ...


NO_MIRROR: Final = Check(
    "no-mirror",
    "$",
    Outcome.FAILED,
    "directory holds no mirror",
    expected="files such as pith/<suffix>/bundle.json",
)
"""What fails where a mirror is invalid and no file of it is: there is nothing in it, or a manifest alone."""


@attrs.frozen
class TreeEntry:
    """What was found out about one file of a mirror."""

    path: str
    report: VerificationReport


def verify_tree(files: MirrorFiles, keyring: Keyring) -> Iterator[TreeEntry]:
    """Verify a mirror, file by file; all files of one number come together, its bundle first.

    The mirror's keyring comes before everything else: the keys that it reaches from a pinned one are trusted.

    Args:
        files: The mirror's files.
        keyring: The pinned keys.

    Yields:
        An entry for every file that belongs to a mirror; other files are passed over.
    """
    by_suffix: dict[str, set[str]] = {}
    root_paths: set[str] = set()
    for path in files.paths():
        match = _SUFFIX_IN_PATH.fullmatch(path)
        if match is not None:
            by_suffix.setdefault(match[1], set()).add(path)
        else:
            root_paths.add(path)
    chain: KeyChain | None = None
    if KEYRING_PATH in root_paths:
        report, keyring, chain = _verify_keyring_file(files, keyring)
        yield TreeEntry(KEYRING_PATH, report)
    for path in (MANIFEST_PATH, SIGNING_KEY_PATH):
        if path in root_paths:
            yield TreeEntry(path, _verify_root_file(files, path, keyring, chain))
    for suffix in sorted(by_suffix):
        yield from _verify_number(files, suffix, by_suffix[suffix], keyring)


def tree_verdict(entries: Iterable[TreeEntry]) -> Verdict:
    """Return the verdict of a mirror: the worst of its documents, the manifest only where it is invalid."""
    verdicts = [
        entry.report.verdict
        for entry in entries
        if entry.report.document_kind != "mirror_manifest" or entry.report.verdict is Verdict.INVALID
    ]
    return worst(verdicts) if verdicts else Verdict.INVALID


def _verify_keyring_file(files: MirrorFiles, keyring: Keyring) -> tuple[VerificationReport, Keyring, KeyChain | None]:
    try:
        value = parse_object(files.read(KEYRING_PATH))
    except PithError as error:
        return _unreadable(error, "keyring"), keyring, None
    return verify_keyring(value, keyring)


def _verify_root_file(files: MirrorFiles, path: str, keyring: Keyring, chain: KeyChain | None) -> VerificationReport:
    kind = "key_document" if path == SIGNING_KEY_PATH else "mirror_manifest"
    try:
        value = parse_object(files.read(path))
    except PithError as error:
        return _unreadable(error, kind)
    return verify_key_document(value, keyring, chain) if kind == "key_document" else verify_manifest(value)


def _verify_number(files: MirrorFiles, suffix: str, paths: set[str], keyring: Keyring) -> Iterator[TreeEntry]:
    bundle: Bundle | None = None
    bundle_bytes: bytes | None = None
    first: VerificationReport | None = None
    if bundle_path(suffix) in paths:
        path = bundle_path(suffix)
        first, bundle_bytes = _read_and_verify_bundle(files, path, suffix, keyring)
        first = _note_missing(first, paths, suffix)
        yield TreeEntry(path, first)
        if first.verdict is not Verdict.INVALID and bundle_bytes is not None:
            bundle = Bundle.from_dict(parse_object(bundle_bytes))
    for path in sorted(paths - {bundle_path(suffix)}):
        try:
            data = files.read(path)
            if path == well_known_bundle_path(suffix):
                report = _verify_second_copy(data, bundle_bytes, first, suffix, keyring)
            elif path == state_path(suffix):
                report = _verify_state_copy(parse_object(data), bundle, first, suffix, keyring)
            else:
                report = _verify_record_copy(parse_object(data), bundle, suffix, keyring)
        except PithError as error:
            report = _unreadable(error, "unknown")
        yield TreeEntry(path, report)


def _note_missing(report: VerificationReport, paths: set[str], suffix: str) -> VerificationReport:
    checks = Checks()
    for path in (state_path(suffix), record_path(suffix), well_known_bundle_path(suffix)):
        if path not in paths:
            checks.note("copies", "$", f"the mirror has no {path}")
    return attrs.evolve(report, checks=(*report.checks, *checks.made))


def _read_and_verify_bundle(
    files: MirrorFiles, path: str, suffix: str, keyring: Keyring
) -> tuple[VerificationReport, bytes | None]:
    try:
        data = files.read(path)
    except PithError as error:
        return _unreadable(error, "bundle"), None
    return _at_its_place(verify_bundle(data, keyring), suffix), data


def _verify_second_copy(
    data: bytes, bundle_bytes: bytes | None, first: VerificationReport | None, suffix: str, keyring: Keyring
) -> VerificationReport:
    if bundle_bytes is None or first is None:
        return _at_its_place(verify_bundle(data, keyring), suffix)
    if data == bundle_bytes:
        return attrs.evolve(first, checks=(Check("copies", "$", Outcome.PASSED),))
    report = _at_its_place(verify_bundle(data, keyring), suffix)
    return _with_failure(report, "copies", "$", f"not the same bytes as {bundle_path(suffix)}")


def _verify_state_copy(
    value: JsonObject, bundle: Bundle | None, first: VerificationReport | None, suffix: str, keyring: Keyring
) -> VerificationReport:
    report = _at_its_place(verify_state(value, keyring), suffix)
    if bundle is None or first is None or report.verdict is Verdict.INVALID:
        return report
    if State.from_dict(value).canonical_bytes != bundle.content.state.canonical_bytes:
        return _with_failure(report, "copies", "$", f"not the state inside {bundle_path(suffix)}")
    return attrs.evolve(report, verdict=first.verdict, checks=(*report.checks, Check("copies", "$", Outcome.PASSED)))


def _verify_record_copy(value: JsonObject, bundle: Bundle | None, suffix: str, keyring: Keyring) -> VerificationReport:
    keys = KnownKeys(keyring)
    if bundle is not None:
        keys.bring(bundle.content.public_keys, Checks(), "$.public_keys")
    report = _at_its_place(verify_record_document(value, keys), suffix)
    if bundle is None or report.verdict is Verdict.INVALID:
        return report
    document = RecordDocument.from_dict(value)
    expected = RecordDocument.of(bundle, document.schema_url)
    if document.canonical_bytes != expected.canonical_bytes:
        return _with_failure(report, "copies", "$", f"not what follows from {bundle_path(suffix)}")
    return report


def _at_its_place(report: VerificationReport, suffix: str) -> VerificationReport:
    if report.pith_number.endswith(f":{suffix}"):
        return report
    return _with_failure(report, "mirror-path", "$.pith_number", f"document of another number than {suffix}")


def _with_failure(report: VerificationReport, code: str, path: str, message: str) -> VerificationReport:
    checks = Checks()
    checks.fail(code, path, message)
    return attrs.evolve(report, verdict=Verdict.INVALID, checks=(*report.checks, *checks.made))


def _unreadable(error: PithError, kind: str) -> VerificationReport:
    checks = Checks()
    checks.refused(error)
    return checks.report(kind, "")
