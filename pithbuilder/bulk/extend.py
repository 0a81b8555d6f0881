"""Extending: more events for a bundle that is there, its own issuer's or another's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import attrs

from pithbuilder.bulk.arriving import join_keys, refuse_future, refuse_unfit
from pithbuilder.bulk.stored import keys_in_force, refuse_clock_set_back, refuse_unvouched
from pithbuilder.bulk.trusted import load_trusted_bundle, refuse_other_record
from pithbuilder.core.pith_number import PithNumber
from pithbuilder.core.timestamps import Clock, format_microseconds
from pithbuilder.documents.base import Document
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.detached_event import DetachedEvent
from pithbuilder.documents.event import Event
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.state import State
from pithbuilder.errors import EventError
from pithbuilder.issuing.issuer import IssuedBundle, Issuer
from pithbuilder.merge.fold import fold_events
from pithbuilder.merge.history import HistoryEntry, Standing, read_history
from pithbuilder.signing.keyring import ALWAYS, Keyring
from pithbuilder.stores.bundle_place import BundlePlace
from pithbuilder.stores.ledger import LaterIssue, Ledger
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.merging import event_check
from pithbuilder.verify.signatures import KnownKeys, SignerStanding


@attrs.frozen(kw_only=True)
class Extended:
    """A bundle with more events.

    Attributes:
        bundle: The bundle as it is now.
        added: What became of each event that was new to it, in the order in which they were given.
        unknown_signers: Signer ids of new events of which nothing is known here, sorted.
    """

    bundle: Bundle
    added: tuple[HistoryEntry, ...]
    unknown_signers: tuple[str, ...] = ()

    @property
    def unchanged(self) -> bool:
        """Whether no event was new; then nothing was written."""
        return not self.added


class _Addition(NamedTuple):
    """New events for a bundle, with their keys, what all events then amount to, and what becomes of the new ones."""

    events: list[Event]
    keys: list[KeyDocument]
    state: State
    entries: tuple[HistoryEntry, ...]
    unknown_signers: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Proposal:
    """A bundle with more events: signed and found good, and nothing written yet.

    Attributes:
        issued: The bundle.
        at: When it was built.
        added: What became of each event that was new to it, in the order in which they were given.
        unknown_signers: Signer ids of new events of which nothing is known here, sorted.
    """

    issued: IssuedBundle
    at: datetime
    added: tuple[HistoryEntry, ...]
    unknown_signers: tuple[str, ...]


class Extender:
    """Adds events to bundles and signs them again.

    What is about to be written goes into the ledger first, so that a bundle that was issued here is always known again.

    Args:
        issuer: Signs the bundle, and its own events.
        clock: Says when.
        ledger: Remembers; open for writing.
        chain: The issuer's keys.
        keyring: The trusted keys of others, and whose they are.
    """

    def __init__(self, issuer: Issuer, clock: Clock, ledger: Ledger, chain: KeyChain, keyring: Keyring) -> None:
        self._issuer = issuer
        self._clock = clock
        self._ledger = ledger
        self._chain = chain
        first, known = chain.keys[0].key, keyring.with_signer(chain.issuer, (key.key for key in chain.keys))
        # What is there was signed when it was right to: the issuer's own keys are trusted whatever became of them.
        # With them alone first, for others' keyrings may be old, and a new key of theirs then speaks against a bundle.
        own = {key.key_id: (key.key, ALWAYS) for key in chain.keys}
        self._to_load = (chain.own_keys(), known.with_chain(first, own, ()))
        # What arrives must not be signed with a key that had ended, or was compromised, by then; and nothing is built
        # on a bundle that still rests on such a key.
        windows = {key.key_id: (key.key, key.window) for key in chain.keys}
        self._to_judge = known.with_chain(first, windows, ())
        self._to_write = (chain.own_keys().with_chain(first, windows, ()), self._to_judge)

    @property
    def builder_version(self) -> str:
        """What stands as ``builder_version`` in a snapshot."""
        return self._issuer.profile.builder_version

    def load(self, place: BundlePlace) -> Bundle:
        """Return a bundle that may be extended: one of this issuer, or one that is trusted.

        Raises:
            EventError: ``bundle-untrusted``; ``bundle-mirror``: it is not the bundle of this place.
            MintError: ``unvouched-bundle``: it rests on a key that others may have had; the ledger does not know it.
            PithError: It cannot be read.
        """
        bundle = load_trusted_bundle(place.read(), self._to_load, str(place.path))
        suffix = PithNumber.parse(bundle.content.pith_number).suffix
        if place.tree is not None and place.suffix != suffix:
            raise EventError(
                "bundle-mirror",
                "the bundle stands in the mirror at the place of another number",
                where=str(place.path),
                expected=place.suffix,
                found=bundle.content.pith_number,
                hint="see 'pithbuilder verify' of the mirror; restore the bundle from a backup",
            )
        self._refuse_unvouched(bundle, str(place.path))
        return bundle

    def examine(self, data: bytes, where: str) -> Bundle:
        """Return a bundle that may be extended, wherever it stands.

        Args:
            data: The bundle's bytes.
            where: What to call it in errors.

        Raises:
            PithError: As for :meth:`load`, but for ``bundle-mirror``.
        """
        bundle = load_trusted_bundle(data, self._to_load, where)
        self._refuse_unvouched(bundle, where)
        return bundle

    def _refuse_unvouched(self, bundle: Bundle, where: str) -> None:
        suffix = PithNumber.parse(bundle.content.pith_number).suffix
        if not self._ledger.vouches_for(suffix, bundle.content.bundle_sha256):
            refuse_unvouched(bundle, self._chain.compromised_ids, where)

    def add_own(
        self,
        place: BundlePlace,
        bundle: Bundle,
        event_type: str,
        payload: Document | None,
        *,
        supersedes: tuple[str, ...] = (),
        prev_event: str | None = None,
    ) -> Extended:
        """Add an event of this issuer, as :meth:`propose_own` makes it.

        Args:
            place: Where the bundle is, and will be.
            bundle: As :meth:`load` returned it.
            event_type: The event's family.
            payload: As for :meth:`propose_own`.
            supersedes: Identifiers of this issuer's events that it replaces.
            prev_event: Identifier of the event that it follows.

        Raises:
            PithError: As for :meth:`propose_own`, or what writing raises.
        """
        proposal = self.propose_own(bundle, event_type, payload, supersedes=supersedes, prev_event=prev_event)
        return self._write(place, proposal)

    def propose_own(
        self,
        bundle: Bundle,
        event_type: str,
        payload: Document | None,
        *,
        supersedes: tuple[str, ...] = (),
        prev_event: str | None = None,
    ) -> Proposal:
        """Return a bundle with one more event of this issuer; nothing is written.

        Args:
            bundle: As :meth:`load` or :meth:`examine` returned it.
            event_type: The event's family.
            payload: As for :meth:`~pithbuilder.issuing.issuer.Issuer.sign_event`.
            supersedes: Identifiers of this issuer's events that it replaces.
            prev_event: Identifier of the event that it follows.

        Raises:
            EventError: ``event-equivocates``, or as for :meth:`propose`.
            DocumentError: The payload is not one of its family.
            PithError: What signing raises.
        """
        at = self._now(bundle)
        event = self._issuer.sign_event(
            bundle, event_type, payload, at=at, supersedes=supersedes, prev_event=prev_event
        )
        addition = self._addition(bundle, [event], [])
        for entry in addition.entries:
            if entry.standing is Standing.EQUIVOCATING:
                raise EventError(
                    "event-equivocates",
                    "the event would contradict another one of this signer, and neither would count",
                    where=bundle.content.pith_number,
                    hint="follow the other one (--prev), or if they are records supersede it (--supersedes)",
                )
        return self._sign(bundle, addition, at)

    def accept(self, place: BundlePlace, bundle: Bundle, arriving: Sequence[DetachedEvent]) -> Extended:
        """Add events that others have signed, as :meth:`propose` takes them in.

        Args:
            place: Where the bundle is, and will be.
            bundle: As :meth:`load` returned it.
            arriving: The events, each with its key.

        Raises:
            PithError: As for :meth:`propose`; nothing is written then. Or what writing raises.
        """
        proposal = self.propose(bundle, arriving)
        return Extended(bundle=bundle, added=()) if proposal is None else self._write(place, proposal)

    def propose(self, bundle: Bundle, arriving: Sequence[DetachedEvent]) -> Proposal | None:
        """Return a bundle with events that others have signed, all of them; nothing is written.

        Args:
            bundle: As :meth:`load` or :meth:`examine` returned it.
            arriving: The events, each with its key; those that are there already are passed over.

        Returns:
            The bundle; None where no event is new.

        Raises:
            EventError: ``event-future``; ``signer-key``: a signer's keys are known, and this is none of them;
                ``compromised-key``, ``key-window``: it is, but must not sign this; ``key-conflict``; the reason code
                for which an event would be invalid; ``bundle-untrusted``, ``record-displaced``: what would become of
                the bundle.
            MintError: ``clock-set-back``.
            KeyMaterialError: A key must not be used.
            PithError: What signing raises.
        """
        at = self._now(bundle)
        invalid = {event.event_id for event in bundle.content.state.content.invalid_events}
        there = {event.content.event_id for event in bundle.content.events} - invalid
        copies = {event.canonical_bytes for event in bundle.content.events}  # of an invalid one, a better may arrive
        new = {
            item.event.content.event_id: item
            for item in arriving
            if item.event.content.event_id not in there and item.event.canonical_bytes not in copies
        }
        if not new:
            return None
        for item in new.values():
            refuse_future(item.event, at)
        events, keys = [item.event for item in new.values()], [item.public_key for item in new.values()]
        return self._sign(bundle, self._addition(bundle, events, keys), at)

    def _addition(self, bundle: Bundle, events: list[Event], keys: list[KeyDocument]) -> _Addition:
        """Merge a bundle's events with new ones, and refuse what must not go in."""
        content, checks = bundle.content, Checks()
        known = KnownKeys(self._to_judge)
        known.bring(join_keys(content.public_keys, keys, self._chain), checks, "$.public_keys")
        for fault in checks.failures:
            raise fault.as_error(EventError, content.pith_number)
        refuse_unfit(events, content, known, self._chain)
        everything = (*content.events, *events)
        check = event_check(content.pith_number, known)
        state = fold_events(content.pith_number, everything, check=check, source_aliases=content.source_aliases)
        history = {entry.event_id: entry for entry in read_history(everything, state.content)}
        entries = tuple(history[event.content.event_id] for event in events)
        for entry in entries:
            if entry.standing is Standing.INVALID:
                raise EventError(
                    entry.reason,
                    "the event would not be valid in this bundle",
                    where=entry.event_id,
                    hint="docs/merge.md says what each reason means",
                )
        signers = (event.content.signer for event in events)
        unknown = {
            signer.signer_id
            for signer in signers
            if known.signer_standing(signer.signer_id, signer.key_id) is SignerStanding.UNKNOWN
        }
        return _Addition(events, keys, state, entries, tuple(sorted(unknown)))

    def _now(self, bundle: Bundle) -> datetime:
        now = self._clock.now()
        refuse_clock_set_back(bundle, format_microseconds(now))
        return now

    def _sign(self, bundle: Bundle, addition: _Addition, at: datetime) -> Proposal:
        """Sign the bundle, if it is still what it was: trusted, and with the same record in force."""
        issued = self._issuer.extend(bundle, addition.events, keys=addition.keys, state=addition.state, at=at)
        refuse_other_record(bundle, issued.bundle)
        otherwise = "with what is to be added, the bundle would not be trusted any more, so nothing is added"
        load_trusted_bundle(issued.bundle_bytes, self._to_write, bundle.content.pith_number, otherwise)
        return Proposal(issued=issued, at=at, added=addition.entries, unknown_signers=addition.unknown_signers)

    def _write(self, place: BundlePlace, proposal: Proposal) -> Extended:
        issued = proposal.issued
        suffix = issued.pith_number.suffix
        if place.tree is not None:  # a copy elsewhere is not what the mirror has
            self._ledger.add_later_issue(
                LaterIssue(
                    suffix=suffix,
                    issued_at=format_microseconds(proposal.at),
                    key_ids=keys_in_force(issued.bundle),
                    bundle_sha256=issued.bundle_sha256,
                )
            )
        place.write(
            suffix,
            bundle=issued.bundle_bytes,
            state=issued.state_bytes,
            record_document=issued.record_document_bytes,
        )
        return Extended(bundle=issued.bundle, added=proposal.added, unknown_signers=proposal.unknown_signers)
