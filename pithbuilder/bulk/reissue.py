"""Re-issuing: after a change of keys every bundle is signed again, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

import attrs

from pithbuilder.bulk.stored import keys_in_force, load_own_bundle, refuse_clock_set_back, refuse_unvouched
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.timestamps import Clock, cut_to_seconds, format_microseconds, parse_microseconds
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.mirror import bundle_path
from pithbuilder.documents.payloads import RecordCreated
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.errors import MintError, PithError, StoreError
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.stores.ledger import LaterIssue, Ledger, LedgerRow
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.verify.key_chain import KeyChain


class ReissueStatus(Enum):
    """What became of one bundle."""

    REISSUED = "reissued"
    UNCHANGED = "unchanged"
    """Rests on the key that signs already; not a byte was written."""

    RESTORED = "restored"
    """Rests on the key that signs already; files that were missing or damaged were written again."""

    WOULD_REISSUE = "would-reissue"
    """A dry run: it rests on an older key."""

    FAILED = "failed"


@attrs.frozen(kw_only=True)
class ReissueResult:
    """What became of one bundle.

    Attributes:
        row: The ledger's row of its paper.
        status: What became of it.
        error: Why it failed.
    """

    row: LedgerRow
    status: ReissueStatus
    error: PithError | None = None

    def to_dict(self) -> JsonObject:
        """Return the result as a flat object for one line of JSON."""
        members: JsonObject = {
            "status": self.status.value,
            "pith_number": str(self.row.pith_number),
            "source_id": self.row.source_id,
            "source_version": self.row.source_version,
        }
        if self.error is not None:
            members["error"] = dict(self.error.to_dict())
        return members


class Reissuer:
    """Signs bundles again, one after the other.

    When a number is to be issued again is written into the ledger first: after a crash it is completed at the same
    time, with the same bytes, and one that is complete is never issued twice.

    Args:
        issuer: Signs with the key that signs now; None for a dry run.
        clock: Says when.
        ledger: Remembers; open for writing, but for a dry run.
        tree: The mirror.
        chain: The issuer's keys; every bundle must be signed with one of them, whatever has become of it.
    """

    def __init__(
        self,
        issuer: Issuer | None,
        clock: Clock,
        ledger: Ledger,
        tree: MirrorTree,
        chain: KeyChain,
    ) -> None:
        self._issuer = issuer
        self._clock = clock
        self._ledger = ledger
        self._tree = tree
        self._own_keys = chain.own_keys()
        self._sequence = len(chain.statements)
        self._active_key_id = chain.active.key_id if chain.active is not None else ""
        self._compromised = chain.compromised_ids

    def reissue_all(self, rows: Iterable[LedgerRow]) -> Iterator[ReissueResult]:
        """Issue the bundles of some rows again; what fails is reported and does not stop the others.

        Raises:
            StoreError: ``write-failed`` or ``ledger-unreadable``: going on would fail for every other one too.
        """
        for row in rows:
            try:
                yield ReissueResult(row=row, status=self._reissue(row))
            except StoreError:
                raise
            except PithError as error:
                yield ReissueResult(row=row, status=ReissueStatus.FAILED, error=error)

    def _reissue(self, row: LedgerRow) -> ReissueStatus:
        suffix = row.pith_number.suffix
        bundle = self._load(row)
        if not self._is_due(bundle):
            return ReissueStatus.RESTORED if self._restore(bundle, suffix) else ReissueStatus.UNCHANGED
        if self._issuer is None:
            return ReissueStatus.WOULD_REISSUE
        if not self._ledger.vouches_for(suffix, bundle.content.bundle_sha256):
            refuse_unvouched(bundle, self._compromised, str(self._tree.root / bundle_path(suffix)))
        written = self._ledger.reissue_time(suffix, self._sequence)
        overtaken = written is not None and cut_to_seconds(written) < bundle.content.built_at
        if overtaken:  # it was cut off, and events have been added since
            written = None
        reissued_at = written or format_microseconds(self._clock.now())
        if written is None:
            refuse_clock_set_back(bundle, reissued_at)
        issued = self._issuer.reissue(bundle, at=parse_microseconds(reissued_at), distrusted=self._compromised)
        if not self._ledger.vouches_for(suffix, issued.bundle_sha256):
            again = overtaken or written is not None  # there is a row of this re-issue, of other bytes
            self._ledger.add_later_issue(
                LaterIssue(
                    suffix=suffix,
                    issued_at=reissued_at,
                    key_ids=keys_in_force(issued.bundle),
                    bundle_sha256=issued.bundle_sha256,
                    sequence=None if again else self._sequence,
                )
            )
        self._tree.write_number(
            suffix,
            bundle=issued.bundle_bytes,
            state=issued.state_bytes,
            record_document=issued.record_document_bytes,
        )
        return ReissueStatus.REISSUED

    def _load(self, row: LedgerRow) -> Bundle:
        suffix = row.pith_number.suffix
        data = self._tree.read_if_there(bundle_path(suffix))
        if data is None:
            raise MintError(
                "bundle-missing",
                "the bundle is not in the mirror",
                where=str(self._tree.root / bundle_path(suffix)),
                hint="restore the mirror from a backup; or mint the paper again with the key that signed first",
            )
        bundle = load_own_bundle(self._tree, suffix, data, self._own_keys)
        if bundle.content.canonical_sha256 != row.canonical_sha256:
            raise MintError(
                "drift",
                "the bundle's record is not the one in the ledger",
                where=str(self._tree.root / bundle_path(suffix)),
                expected=row.canonical_sha256,
                found=bundle.content.canonical_sha256,
            )
        created = bundle.content.state.content.current.record_created
        first = "" if created is None else created.payload.read_as(RecordCreated).receipt.first_computed_at
        if first != row.first_computed_at:
            raise MintError(
                "drift",
                "the bundle's first time is not the one in the ledger",
                where=str(self._tree.root / bundle_path(suffix)),
                expected=row.first_computed_at,
                found=first,
            )
        return bundle

    def _is_due(self, bundle: Bundle) -> bool:
        """Say whether anything that counts in a bundle rests on another key than it should."""
        in_force = list(bundle.content.state.content.current.events())
        created = bundle.content.state.content.current.record_created
        if bundle.bundle_signature.key_id != self._active_key_id:
            return True
        if created is None or created.signer.key_id != self._active_key_id:
            return True
        return any(event.signer.key_id in self._compromised for event in in_force)

    def _restore(self, bundle: Bundle, suffix: str) -> bool:
        """Complete the other files of a bundle that is as it should be; in a dry run only look."""
        if self._issuer is None:
            return False
        return self._tree.write_number(
            suffix,
            bundle=bundle.canonical_bytes,
            state=bundle.content.state.canonical_bytes,
            record_document=RecordDocument.of(bundle, self._issuer.profile.schema_url).canonical_bytes,
        )
