"""Minting: each record of a source becomes a bundle in a mirror, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

import attrs

from pithbuilder.bulk.stored import later_issues_of, load_own_bundle, refuse_drift, refuse_unvouched, row_of
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.pith_number import DEFAULT_SHORT_LENGTH, PithNumber
from pithbuilder.core.timestamps import Clock, format_microseconds, parse_microseconds
from pithbuilder.documents.mirror import MANIFEST_PATH, MirrorManifest, bundle_path, record_path
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import MintError, PithError, StoreError
from pithbuilder.issuing.issuer import IssuedBundle, Issuer
from pithbuilder.sources.source_paper import SourcePaper
from pithbuilder.stores.ledger import Ledger, LedgerRow
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.verify.key_chain import KeyChain


class MintStatus(Enum):
    """What became of one record."""

    MINTED = "minted"
    UNCHANGED = "unchanged"
    """Minted before; not a byte was written."""

    RESTORED = "restored"
    """Minted before; files that were missing or damaged were written again."""

    WOULD_MINT = "would-mint"
    """A dry run: new."""

    DELETED = "deleted"
    """The source says that its record is gone; nothing is done."""

    FAILED = "failed"


@attrs.frozen(kw_only=True)
class MintResult:
    """What became of one record of the source.

    Attributes:
        place: ``FILE:LINE``, or the file alone.
        status: What became of it.
        paper: The paper; None where the record could not be read, or is gone.
        deleted_id: The paper whose record is gone.
        pith_number: Its number; None where there is none.
        short_length: How many characters the short number has; more than 8 where a shorter one is taken.
        error: Why it failed.
    """

    place: str
    status: MintStatus
    paper: PaperMetadata | None = None
    deleted_id: str = ""
    pith_number: PithNumber | None = None
    short_length: int = DEFAULT_SHORT_LENGTH
    error: PithError | None = None

    def to_dict(self) -> JsonObject:
        """Return the result as a flat object for one line of JSON."""
        members: JsonObject = {"status": self.status.value, "place": self.place}
        if self.paper is not None:
            members["source_id"] = self.paper.arxiv_id
            members["source_version"] = self.paper.version
        elif self.deleted_id:
            members["source_id"] = self.deleted_id
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
        chain: The issuer's keys; a bundle that is there already must be signed with one of them.
    """

    def __init__(self, issuer: Issuer, clock: Clock, ledger: Ledger, tree: MirrorTree, chain: KeyChain) -> None:
        self._issuer = issuer
        self._clock = clock
        self._ledger = ledger
        self._tree = tree
        self._own_keys = chain.own_keys()
        self._compromised = chain.compromised_ids

    def mint_all(self, records: Iterable[SourcePaper]) -> Iterator[MintResult]:
        """Mint the records of a source; what fails is reported and does not stop the others.

        Raises:
            StoreError: ``write-failed`` or ``ledger-unreadable``: going on would fail for every other one too.
        """
        for record in records:
            if record.paper is None:
                yield _without_paper(record)
                continue
            try:
                yield self._mint(record.place, record.paper)
            except StoreError:
                raise
            except PithError as error:
                yield MintResult(place=record.place, status=MintStatus.FAILED, paper=record.paper, error=error)

    def write_manifest(self) -> None:
        """Write the mirror's manifest; one that says the same keeps its time.

        Raises:
            StoreError: ``write-failed``.
        """
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
        if row is None:
            status = MintStatus.MINTED
            row = self._mint_first(paper, record)
        else:
            refuse_drift(row, place, record)
            status = MintStatus.RESTORED if self._restore(paper, row) else MintStatus.UNCHANGED
        return MintResult(
            place=place,
            status=status,
            paper=paper,
            pith_number=row.pith_number,
            short_length=row.short_length,
        )

    def _mint_first(self, paper: PaperMetadata, record: CanonicalRecord) -> LedgerRow:
        """Issue a bundle, write its row into the ledger, and only then its files; return the row."""
        now = self._clock.now()
        row = _new_row(
            self._ledger,
            record,
            first_computed_at=format_microseconds(now),
            key_id=self._issuer.key_document.key_id,
        )
        suffix = row.pith_number.suffix
        there = self._tree.read_if_there(bundle_path(suffix))
        if there is None:
            issued = self._issuer.issue(paper, short_length=row.short_length, at=now)
            row = attrs.evolve(row, bundle_sha256=issued.bundle_sha256)
            self._ledger.add(row)
            self._write(issued)
            return row
        # The mirror got it without this ledger: it is taken in as it is.
        bundle = load_own_bundle(self._tree, suffix, there, self._own_keys)
        refuse_unvouched(bundle, self._compromised, str(self._tree.root / bundle_path(suffix)))
        row = row_of(bundle)
        for issue in later_issues_of(bundle):
            self._ledger.add_later_issue(issue)
        self._ledger.add(row)
        self._restore(paper, row)
        return row

    def _restore(self, paper: PaperMetadata, row: LedgerRow) -> bool:
        """Complete the files of a number that was minted before, and say whether any had to be written."""
        suffix = row.pith_number.suffix
        there = self._tree.read_if_there(bundle_path(suffix))
        if there is None:
            issued = self._issue_again(paper, row)
            if issued.bundle_sha256 != row.bundle_sha256:  # the profile was edited
                self._ledger.set_bundle(suffix, issued.bundle_sha256)
            return self._write(issued)
        bundle = load_own_bundle(self._tree, suffix, there, self._own_keys)
        return self._tree.write_number(
            suffix,
            bundle=bundle.canonical_bytes,
            state=bundle.content.state.canonical_bytes,
            record_document=RecordDocument.of(bundle, self._schema_url(suffix)).canonical_bytes,
        )

    def _write(self, issued: IssuedBundle) -> bool:
        return self._tree.write_number(
            issued.pith_number.suffix,
            bundle=issued.bundle_bytes,
            state=issued.state_bytes,
            record_document=issued.record_document_bytes,
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
        if self._ledger.has_later_issue(row.pith_number.suffix):
            raise MintError(
                "events-lost",
                "the bundle is gone from the mirror, and it had been extended or issued again",
                where=str(row.pith_number),
                hint="restore the mirror from a backup",
            )
        return self._issuer.issue(
            paper,
            short_length=row.short_length,
            at=parse_microseconds(row.first_computed_at),
        )


def plan_mint(records: Iterable[SourcePaper], ledger: Ledger) -> Iterator[MintResult]:
    """Say what minting would do, without a key and without writing anything.

    Args:
        records: The records of a source.
        ledger: Open for reading is enough.
    """
    planned: dict[tuple[str, int], LedgerRow] = {}  # what this very run would have minted by now
    for record in records:
        if record.paper is None:
            yield _without_paper(record)
            continue
        paper, derived = record.paper, CanonicalRecord.derive(record.paper)
        version = paper.arxiv_id, paper.version
        row = planned.get(version) or ledger.find(*version)
        status = MintStatus.UNCHANGED
        if row is None:
            status = MintStatus.WOULD_MINT
            row = planned[version] = _new_row(ledger, derived, first_computed_at="", key_id="")
        try:
            refuse_drift(row, record.place, derived)
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


def _without_paper(record: SourcePaper) -> MintResult:
    status = MintStatus.DELETED if record.error is None else MintStatus.FAILED
    return MintResult(place=record.place, status=status, deleted_id=record.deleted_id, error=record.error)


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


def _read_record_document(data: bytes) -> RecordDocument:
    return RecordDocument.from_dict(parse_object(data))
