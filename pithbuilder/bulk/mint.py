"""Minting: each record of a source becomes a bundle in a mirror, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.pith_number import DEFAULT_SHORT_LENGTH, SHORT_LENGTHS, SUFFIX_LENGTH, PithNumber
from pithbuilder.core.timestamps import Clock, format_microseconds, parse_microseconds
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import RecordCreated
from pithbuilder.documents.mirror import MANIFEST_PATH, SIGNING_KEY_PATH, MirrorManifest, bundle_path, record_path
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import MintError, PithError, StoreError
from pithbuilder.issuing.issuer import IssuedBundle, Issuer
from pithbuilder.signing.keyring import Keyring
from pithbuilder.sources.snapshot import SourcePaper
from pithbuilder.stores.ledger import Ledger, LedgerRow
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.report import Verdict


class MintStatus(Enum):
    """What became of one record."""

    MINTED = "minted"
    UNCHANGED = "unchanged"
    """Minted before; not a byte was written."""

    RESTORED = "restored"
    """Minted before; files that were missing or damaged were written again."""

    WOULD_MINT = "would-mint"
    """A dry run: new."""

    FAILED = "failed"


@attrs.frozen(kw_only=True)
class MintResult:
    """What became of one record of the source.

    Attributes:
        place: ``FILE:LINE``.
        status: What became of it.
        paper: The paper; None where the record could not be read.
        pith_number: Its number; None where there is none.
        short_length: How many characters the short number has; more than 8 where a shorter one is taken.
        error: Why it failed.
    """

    place: str
    status: MintStatus
    paper: PaperMetadata | None = None
    pith_number: PithNumber | None = None
    short_length: int = DEFAULT_SHORT_LENGTH
    error: PithError | None = None

    def to_dict(self) -> JsonObject:
        """Return the result as a flat object for one line of JSON."""
        members: JsonObject = {"status": self.status.value, "place": self.place}
        if self.paper is not None:
            members["source_id"] = self.paper.arxiv_id
            members["source_version"] = self.paper.version
        if self.pith_number is not None:
            members["pith_number"] = str(self.pith_number)
            members["short_pith_number"] = self.pith_number.short_form(self.short_length)
        if self.error is not None:
            members["error"] = dict(self.error.to_dict())
        return members


class Minter:
    """Mints papers one after the other.

    Args:
        issuer: Makes the bundles.
        clock: Says when a number is first computed.
        ledger: Remembers; open for writing.
        tree: Takes the files.
        own_keys: The issuer's own keys; a bundle that is there already must be signed by one of them.
    """

    def __init__(self, issuer: Issuer, clock: Clock, ledger: Ledger, tree: MirrorTree, own_keys: Keyring) -> None:
        self._issuer = issuer
        self._clock = clock
        self._ledger = ledger
        self._tree = tree
        self._own_keys = own_keys

    def mint_all(self, records: Iterable[SourcePaper]) -> Iterator[MintResult]:
        """Mint the records of a source; what fails is reported and does not stop the others.

        Raises:
            StoreError: ``write-failed`` or ``ledger-unreadable``: going on would fail for every other one too.
        """
        for record in records:
            if record.paper is None:
                yield MintResult(place=record.place, status=MintStatus.FAILED, error=record.error)
                continue
            try:
                yield self._mint(record.place, record.paper)
            except StoreError:
                raise
            except PithError as error:
                yield MintResult(place=record.place, status=MintStatus.FAILED, paper=record.paper, error=error)

    def write_mirror_files(self) -> None:
        """Write the mirror's key document and manifest; a manifest that says the same keeps its time.

        Raises:
            StoreError: ``write-failed``.
        """
        self._tree.write(SIGNING_KEY_PATH, self._issuer.key_document.canonical_bytes)
        manifest = self._issuer.build_manifest(self._clock.now())
        there = self._tree.read_if_there(MANIFEST_PATH)
        if there is not None:
            try:
                generated_at = MirrorManifest.from_dict(parse_object(there)).generated_at
            except PithError:
                generated_at = manifest.generated_at  # damaged: written anew
            if attrs.evolve(manifest, generated_at=generated_at).canonical_bytes == there:
                return
        self._tree.write(MANIFEST_PATH, manifest.canonical_bytes)

    def _mint(self, place: str, paper: PaperMetadata) -> MintResult:
        record = CanonicalRecord.derive(paper)
        row = self._ledger.find(paper.arxiv_id, paper.version)
        status = MintStatus.UNCHANGED
        if row is None:
            status = MintStatus.MINTED
            row = _new_row(
                self._ledger,
                record,
                first_computed_at=format_microseconds(self._clock.now()),
                key_id=self._issuer.key_document.key_id,
            )
            self._ledger.add(row)
        _refuse_drift(row, place, record)
        changed = self._write_bundle(paper, row)
        if changed and status is MintStatus.UNCHANGED:
            status = MintStatus.RESTORED
        return MintResult(
            place=place,
            status=status,
            paper=paper,
            pith_number=row.pith_number,
            short_length=row.short_length,
        )

    def _write_bundle(self, paper: PaperMetadata, row: LedgerRow) -> bool:
        suffix = row.pith_number.suffix
        there = self._tree.read_if_there(bundle_path(suffix))
        if there is None:
            issued = self._issue_again(paper, row)
            return self._tree.write_number(
                suffix,
                bundle=issued.bundle_bytes,
                state=issued.state_bytes,
                record_document=issued.record_document_bytes,
            )
        bundle = _load_own_bundle(self._tree, suffix, there, self._own_keys)
        return self._tree.write_number(
            suffix,
            bundle=bundle.canonical_bytes,
            state=bundle.content.state.canonical_bytes,
            record_document=RecordDocument.of(bundle, self._schema_url(suffix)).canonical_bytes,
        )

    def _schema_url(self, suffix: str) -> str:
        """Return what the record document that is there names as its schema, or what the profile says."""
        there = self._tree.read_if_there(record_path(suffix))
        try:
            return self._issuer.profile.schema_url if there is None else _read_record_document(there).schema_url
        except PithError:  # damaged: written anew
            return self._issuer.profile.schema_url

    def _issue_again(self, paper: PaperMetadata, row: LedgerRow) -> IssuedBundle:
        """Issue a bundle at the time in the ledger: the first time, or once more the same bytes."""
        if row.key_id != self._issuer.key_document.key_id:
            raise MintError(
                "receipt-lost",
                "the bundle is gone from the mirror, and its receipt was signed with another key",
                where=str(row.pith_number),
                expected=f"key {row.key_id}",
                found=f"key {self._issuer.key_document.key_id}",
                hint="restore the mirror from a backup, or mint with the key that signed first",
            )
        return self._issuer.issue(
            paper,
            short_length=row.short_length,
            first_computed_at=parse_microseconds(row.first_computed_at),
        )


def recover_ledger(ledger: Ledger, tree: MirrorTree, own_keys: Keyring) -> int:
    """Take the numbers of a mirror that the ledger has not met into it, and return how many were new to it.

    So a ledger that was lost comes back, and a mirror from elsewhere is not minted into a second time.

    Args:
        ledger: Open for writing.
        tree: The mirror.
        own_keys: The issuer's own keys; every bundle must be signed by one of them.

    Raises:
        MintError: ``stored-bundle``: a bundle is not this issuer's; ``drift``: it is of a paper that has another
            number in the ledger.
        StoreError: The mirror cannot be read, or the ledger not written.
    """
    path = tree.root.absolute().as_uri()  # a path need not be text, its address is
    if ledger.knows_mirror(path):
        return 0
    rows = []
    for suffix in tree.bundle_suffixes():
        if ledger.knows_number(suffix):
            continue  # a mirror that was only moved; its bundles are looked at when their papers come up
        bundle = _load_own_bundle(tree, suffix, tree.read(bundle_path(suffix)), own_keys)
        row = ledger.find(bundle.content.source.id, bundle.content.source.version)
        if row is None:
            rows.append(_row_of(bundle))
        else:
            _refuse_drift(row, str(tree.root / bundle_path(suffix)), bundle.content.canonical_record)
    ledger.add_mirror(path, sorted(rows, key=lambda row: (row.first_computed_at, row.pith_number.suffix)))
    return len(rows)


def _load_own_bundle(tree: MirrorTree, suffix: str, data: bytes, own_keys: Keyring) -> Bundle:
    report = verify_bundle(data, own_keys)
    if report.verdict is not Verdict.TRUSTED or not report.pith_number.endswith(f":{suffix}"):
        finding = report.failures[0] if report.failures else None
        raise MintError(
            "stored-bundle",
            "the bundle in the mirror is not one that this issuer signed; nothing was changed",
            where=str(tree.root / bundle_path(suffix)),
            expected="a bundle of this number under one of the workspace's keys",
            found=f"{finding.code} at {finding.path}" if finding else report.verdict.value,
            hint="move it away to have it made again",
        )
    return Bundle.from_dict(parse_object(data))


def plan_mint(records: Iterable[SourcePaper], ledger: Ledger) -> Iterator[MintResult]:
    """Say what minting would do, without a key and without writing anything.

    Args:
        records: The records of a source.
        ledger: Open for reading is enough.
    """
    planned: dict[tuple[str, int], LedgerRow] = {}  # what this very run would have minted by now
    for record in records:
        if record.paper is None:
            yield MintResult(place=record.place, status=MintStatus.FAILED, error=record.error)
            continue
        paper, derived = record.paper, CanonicalRecord.derive(record.paper)
        version = paper.arxiv_id, paper.version
        row = planned.get(version) or ledger.find(*version)
        status = MintStatus.UNCHANGED
        if row is None:
            status = MintStatus.WOULD_MINT
            row = planned[version] = _new_row(ledger, derived, first_computed_at="", key_id="")
        try:
            _refuse_drift(row, record.place, derived)
        except MintError as error:
            yield MintResult(place=record.place, status=MintStatus.FAILED, paper=paper, error=error)
            continue
        yield MintResult(
            place=record.place,
            status=status,
            paper=paper,
            pith_number=row.pith_number,
            short_length=row.short_length,
        )


def _new_row(ledger: Ledger, record: CanonicalRecord, *, first_computed_at: str, key_id: str) -> LedgerRow:
    return LedgerRow(
        source_id=record.source.id,
        source_version=record.source.version,
        canonical_sha256=record.digest.hex(),
        pith_number=record.pith_number,
        short_length=ledger.free_short_length(record.pith_number),
        first_computed_at=first_computed_at,
        key_id=key_id,
    )


def _refuse_drift(row: LedgerRow, place: str, record: CanonicalRecord) -> None:
    """Refuse a record that is not the one in the ledger.

    Raises:
        MintError: ``drift``; the text, categories, license or date changed under the same id and version.
    """
    if row.canonical_sha256 == record.digest.hex():
        return
    raise MintError(
        "drift",
        "metadata changed under the same identifier and version; not minted",
        where=f"{place}: paper {record.source.id}v{record.source.version}",
        expected=str(row.pith_number),
        found=str(record.pith_number),
        hint="find out which text is right; the number that was published stays",
    )


def _read_record_document(data: bytes) -> RecordDocument:
    return RecordDocument.from_dict(parse_object(data))


def _row_of(bundle: Bundle) -> LedgerRow:
    content = bundle.content
    created = content.state.content.current.record_created
    assert created is not None  # a trusted bundle has one
    receipt = RecordCreated.of(created.payload).receipt
    number = PithNumber.parse(content.pith_number)
    return LedgerRow(
        source_id=content.source.id,
        source_version=content.source.version,
        canonical_sha256=content.canonical_sha256,
        pith_number=number,
        short_length=next(
            length
            for length in (*SHORT_LENGTHS, SUFFIX_LENGTH)
            if content.short_pith_number == number.short_form(length)
        ),
        first_computed_at=receipt.first_computed_at,
        key_id=receipt.key_id,
    )
