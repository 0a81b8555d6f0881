"""Re-issuing: after a change of keys every bundle is signed again, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

import attrs

from pithbuilder.bulk.stored import load_own_bundle
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.timestamps import Clock, format_microseconds, parse_microseconds
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import RecordCreated
from pithbuilder.documents.mirror import bundle_path
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.errors import MintError, PithError, StoreError
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.signing.keyring import Keyring
from pithbuilder.stores.ledger import Ledger, LedgerRow, Reissue
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
        chain: The issuer's keys.
        own_keys: The same keys, whatever has become of them: under one of them every bundle must be signed.
    """

    def __init__(
        self,
        issuer: Issuer | None,
        clock: Clock,
        ledger: Ledger,
        tree: MirrorTree,
        chain: KeyChain,
        own_keys: Keyring,
    ) -> None:
        self._issuer = issuer
        self._clock = clock
        self._ledger = ledger
        self._tree = tree
        self._own_keys = own_keys
        self._sequence = len(chain.statements)
        self._active_key_id = chain.active.key_id if chain.active is not None else ""
        self._distrusted = frozenset(key.key_id for key in chain.keys if key.window.compromised)

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
        reissued_at = self._ledger.reissue_time(suffix, self._sequence)
        if reissued_at is None:
            reissued_at = format_microseconds(self._clock.now())
            _refuse_earlier(bundle, row, reissued_at)
            self._ledger.add_reissue(
                Reissue(
                    suffix=suffix,
                    sequence=self._sequence,
                    reissued_at=reissued_at,
                    key_ids=(_keys_of_others(bundle) - self._distrusted) | {self._active_key_id},
                )
            )
        issued = self._issuer.reissue(bundle, at=parse_microseconds(reissued_at), distrusted=self._distrusted)
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
                hint="mint the paper again, or restore the mirror from a backup",
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
        return bundle

    def _is_due(self, bundle: Bundle) -> bool:
        """Say whether anything that counts in a bundle rests on another key than it should."""
        in_force = list(bundle.content.state.content.current.events())
        created = bundle.content.state.content.current.record_created
        if bundle.bundle_signature.key_id != self._active_key_id:
            return True
        if created is None or created.signer.key_id != self._active_key_id:
            return True
        return any(event.signer.key_id in self._distrusted for event in in_force)

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


def _keys_of_others(bundle: Bundle) -> frozenset[str]:
    """Return the ids of the keys of the events in force that a re-issue leaves as they are, unless distrusted."""
    current = bundle.content.state.content.current
    return frozenset(event.signer.key_id for event in current.events() if event is not current.record_created)


def _refuse_earlier(bundle: Bundle, row: LedgerRow, reissued_at: str) -> None:
    created = bundle.content.state.content.current.record_created
    last = "" if created is None else RecordCreated.of(created.payload).receipt.signed_at
    if reissued_at <= last:
        raise MintError(
            "clock-set-back",
            "the clock stands before the last issue of this bundle",
            where=str(row.pith_number),
            expected=f"later than {last}",
            found=reissued_at,
            hint="set the clock right",
        )
