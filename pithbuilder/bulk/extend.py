"""Extending: more events for a bundle that is there, its own issuer's or another's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import attrs

from pithbuilder.bulk.stored import keys_in_force, refuse_other_recorder, refuse_unvouched
from pithbuilder.core.json_path import ROOT
from pithbuilder.core.pith_number import PithNumber
from pithbuilder.core.timestamps import Clock, format_microseconds, format_seconds
from pithbuilder.documents.base import Document
from pithbuilder.documents.bundle import BUNDLE_TYPE, Bundle
from pithbuilder.documents.detached_event import DetachedEvent
from pithbuilder.documents.event import RECORD_CREATED, Event
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import EventError, printable
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.merge.fold import fold_events
from pithbuilder.merge.history import HistoryEntry, Standing, read_history
from pithbuilder.signing.keyring import ALWAYS, Keyring, public_key_of
from pithbuilder.stores.bundle_place import BundlePlace
from pithbuilder.stores.ledger import Extension, Ledger
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.event import judge_event
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.merging import event_check
from pithbuilder.verify.report import Outcome, Verdict
from pithbuilder.verify.signatures import KnownKeys, SignerStanding

EQUIVOCATES = "event-equivocates"

_OTHER_THAN_NAME: Final = re.compile("[^a-z0-9]+")


@attrs.frozen(kw_only=True)
class Extended:
    """A bundle with more events.

    Attributes:
        bundle: The bundle as it is now.
        added: What became of each event that was new to it, in the order in which they were given.
        unchanged: Whether there was none, and nothing was written.
    """

    bundle: Bundle
    added: tuple[HistoryEntry, ...]

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
        own = {key.key_id: (key.key, ALWAYS) for key in chain.keys}
        windows = {key.key_id: (key.key, key.window) for key in chain.keys}
        first = chain.keys[0].key
        known = keyring.with_signer(chain.issuer, (key.key for key in chain.keys))
        self._own_and_others = known.with_chain(first, own, ())
        self._with_windows = known.with_chain(first, windows, ())
        self._keyrings = (chain.own_keys(), keyring, self._own_and_others)

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
        data = place.read()
        bundle = load_trusted_bundle(data, self._keyrings, str(place.path))
        if place.tree is not None and place.suffix != _suffix(bundle):
            raise EventError(
                "bundle-mirror",
                "the bundle stands in the mirror at the place of another number",
                where=str(place.path),
                expected=place.suffix,
                found=bundle.content.pith_number,
                hint="see 'pithbuilder verify' of the mirror; restore the bundle from a backup",
            )
        if not self._ledger.vouches_for(_suffix(bundle), bundle.content.bundle_sha256):
            refuse_unvouched(bundle, self._chain.compromised_ids, str(place.path))
        return bundle

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
        """Add an event of this issuer.

        Args:
            place: Where the bundle is, and will be.
            bundle: As :meth:`load` returned it.
            event_type: The event's family.
            payload: What it says; None for ``record_created``, which follows from the bundle.
            supersedes: Identifiers of this issuer's events that it replaces.
            prev_event: Identifier of the event that it follows.

        Raises:
            EventError: ``event-equivocates``, the reason code for which the event would be invalid, or what
                :meth:`_write` raises.
            DocumentError: The payload is not one of its family.
            PithError: What signing or writing raises.
        """
        at = self._now(bundle)
        if payload is None:
            earlier = next((event for event in bundle.content.events if event.content.event_id in supersedes), None)
            is_record = earlier is not None and earlier.content.event_type == RECORD_CREATED
            payload = self._issuer.record_created(bundle, at, earlier if is_record else None)
        event = self._issuer.events.sign_event(
            event_type,
            payload,
            pith_number=bundle.content.pith_number,
            at=at,
            supersedes=supersedes,
            prev_event=prev_event,
        )
        addition = self._addition(bundle, [event], [])
        for entry in addition.entries:
            if entry.standing is Standing.EQUIVOCATING:
                raise EventError(
                    EQUIVOCATES,
                    "the event would contradict another one of this signer, and neither would count",
                    where=bundle.content.pith_number,
                    hint="supersede the other one (--supersedes), or follow it (--prev); 'pithbuilder log' shows both",
                )
        return self._write(place, bundle, addition, at)

    def accept(self, place: BundlePlace, bundle: Bundle, arriving: Sequence[DetachedEvent]) -> Extended:
        """Add events that others have signed; those that are there already are passed over.

        Args:
            place: Where the bundle is, and will be.
            bundle: As :meth:`load` returned it.
            arriving: The events, each with its key.

        Raises:
            EventError: ``event-future``; ``signer-key``: a signer's keys are known, and this is none of them;
                ``compromised-key``, ``key-window``: it is, but must not sign this; the reason code for which an event
                would be invalid; or what :meth:`_write` raises. Nothing is written then.
            KeyMaterialError: A key must not be used.
            PithError: What signing or writing raises.
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
            return Extended(bundle=bundle, added=())
        for item in new.values():
            refuse_future(item.event, at)
        events = [item.event for item in new.values()]
        addition = self._addition(bundle, events, [item.public_key for item in new.values()])
        return self._write(place, bundle, addition, at)

    def _addition(self, bundle: Bundle, events: list[Event], keys: list[KeyDocument]) -> _Addition:
        """Merge a bundle's events with new ones, and refuse what would not be valid.

        Raises:
            EventError: ``signer-key``, ``key-conflict``, or the reason code.
            KeyMaterialError: A key must not be used.
        """
        own = self._issuer.key_document
        known = KnownKeys(self._with_windows)
        checks = Checks()
        listed = {key.key_id: key for key in (*bundle.content.public_keys, *keys, own)}
        for key in (*bundle.content.public_keys, *keys, own):
            if public_key_of(key) != public_key_of(listed[key.key_id]):
                raise EventError(
                    "key-conflict",
                    "two keys of the bundle would have the same id",
                    where=printable(key.key_id),
                    hint="the signer has to use a key of another id",
                )
        for key in keys:
            if self._chain.find(key.key_id) is None and _is_usual_name(key.key_id, self._chain.issuer):
                raise EventError(
                    "key-conflict",
                    "the key has an id such as this issuer's next keys will have",
                    where=printable(key.key_id),
                    hint="the signer has to use a key of another id",
                )
        known.bring(listed.values(), checks, "$.public_keys")
        for fault in checks.made:
            if fault.outcome is Outcome.FAILED:
                raise EventError(
                    fault.code, fault.message, where=fault.path, expected=fault.expected, found=fault.found
                )
        for event in events:
            for fault in judge_event(event, bundle.content.pith_number, known, ROOT).standing_faults:
                where, at = event.content.event_id, fault.path
                raise EventError(
                    fault.code, fault.message, where=f"{where} {at}", expected=fault.expected, found=fault.found
                )
            signer = event.content.signer
            standing = known.signer_standing(signer.signer_id, signer.key_id)
            is_own = signer.signer_id == self._chain.issuer  # then no other key will do, pinned as it may be
            if standing is SignerStanding.UNPROVEN or (is_own and self._chain.find(signer.key_id) is None):
                raise EventError(
                    "signer-key",
                    "the event is in the name of a signer whose keys are known, by a key that is none of them",
                    where=event.content.event_id,
                    found=f"{printable(signer.signer_id)} with key {printable(signer.key_id)}",
                    hint="if the signer has changed keys, give its keyring with --trust or --keyring",
                )
        check = event_check(bundle.content.pith_number, known)
        everything = (*bundle.content.events, *events)
        aliases = bundle.content.source_aliases
        state = fold_events(bundle.content.pith_number, everything, check=check, source_aliases=aliases)
        history = {entry.event_id: entry for entry in read_history(everything, state.content)}
        entries = tuple(history[event.content.event_id] for event in events)
        for entry in entries:
            _refuse_invalid(entry)
        return _Addition(events, keys, state, entries)

    def _now(self, bundle: Bundle) -> datetime:
        now = self._clock.now()
        if format_seconds(now) < bundle.content.built_at:
            raise EventError(
                "clock-set-back",
                "the clock stands before the time at which the bundle was built",
                where=bundle.content.pith_number,
                expected=f"{bundle.content.built_at} or later",
                found=format_seconds(now),
                hint="set the clock right",
            )
        return now

    def _write(self, place: BundlePlace, bundle: Bundle, addition: _Addition, at: datetime) -> Extended:
        """Sign the bundle and write it, if it is still what it was: trusted, and recorded by the same issuer.

        Raises:
            EventError: ``bundle-untrusted``, ``record-displaced``.
            PithError: What signing or writing raises.
        """
        issued = self._issuer.extend(bundle, addition.events, keys=addition.keys, state=addition.state, at=at)
        refuse_other_recorder(bundle, issued.bundle)
        load_trusted_bundle(
            issued.bundle_bytes,
            (self._own_and_others,),
            bundle.content.pith_number,
            "with what is to be added, the bundle would not be trusted any more, so nothing is added",
        )
        suffix = issued.pith_number.suffix
        if self._ledger.knows_number(suffix):
            self._ledger.add_extension(
                Extension(
                    suffix=suffix,
                    extended_at=format_microseconds(at),
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
        return Extended(bundle=issued.bundle, added=addition.entries)


def refuse_other_mirror(place: BundlePlace, chain: KeyChain) -> None:
    """Refuse a bundle that stands in the mirror of somebody else.

    Raises:
        EventError: ``bundle-mirror``.
        StoreError: ``read-failed``.
    """
    if place.tree is not None and not place.tree.shows_keys_of(chain):
        raise EventError(
            "bundle-mirror",
            "the bundle stands in a mirror that is not this issuer's",
            where=str(place.path),
            hint="copy the bundle elsewhere and extend the copy",
        )


def load_trusted_bundle(
    data: bytes,
    keyrings: Sequence[Keyring],
    where: str,
    otherwise: str = "the bundle is not to be trusted, so nothing is added to it",
) -> Bundle:
    """Return a bundle that is trusted under one of some keyrings.

    Args:
        data: The bundle's bytes.
        keyrings: The trusted keys, in the order in which they are tried.
        where: What to call the bundle in errors.
        otherwise: What to say if it is not.

    Raises:
        EventError: ``bundle-untrusted``.
    """
    reports = [verify_bundle(data, keyring) for keyring in keyrings]
    if all(report.verdict is not Verdict.TRUSTED for report in reports):
        failures = reports[-1].failures
        raise EventError(
            "bundle-untrusted",
            otherwise,
            where=where,
            expected="a trusted bundle",
            found=f"{failures[0].code} at {failures[0].path}" if failures else reports[-1].verdict.value,
            hint="see 'pithbuilder verify'; pin its issuer's keys with --trust if you know them to be genuine",
        )
    return Bundle.from_dict(parse_object(data))


def load_bundle_to_sign(data: bytes, keyring: Keyring, where: str) -> Bundle:
    """Return a bundle of whose number something may be said: one that holds, whoever signed it.

    Raises:
        EventError: ``bundle-invalid``.
    """
    report = verify_bundle(data, keyring)
    if report.verdict is Verdict.INVALID:
        failure = report.failures[0]
        raise EventError(
            "bundle-invalid",
            "the bundle is invalid, so nothing is signed about it",
            where=where,
            expected="a bundle that is trusted or self-consistent",
            found=f"{failure.code} at {failure.path}",
            hint="see 'pithbuilder verify'",
        )
    return Bundle.from_dict(parse_object(data))


def read_arriving(data: bytes, where: str) -> list[DetachedEvent]:
    """Return the events of a file: a detached event, or a bundle.

    Args:
        data: The file's bytes.
        where: What to call it in errors.

    Raises:
        EventError: ``event-key-missing``; a bundle does not list the key of one of its events.
        PithError: It is neither, or cannot be read.
    """
    value = parse_object(data, where=where)
    if value.get("bundle_type") != BUNDLE_TYPE:
        detached = DetachedEvent.from_dict(value)
        signer_key = detached.event.content.signer.key_id
        if detached.public_key.key_id != signer_key:
            raise EventError(
                "event-key-missing",
                "the key is not the one that the event names",
                where=where,
                expected=printable(signer_key),
                found=printable(detached.public_key.key_id),
            )
        return [detached]
    content = Bundle.from_dict(value).content
    keys = {key.key_id: key for key in content.public_keys}
    arriving = []
    for event in content.events:
        key = keys.get(event.content.signer.key_id)
        if key is None:
            raise EventError(
                "event-key-missing",
                "the bundle does not list the key of one of its events",
                where=where,
                expected=printable(event.content.signer.key_id),
            )
        arriving.append(DetachedEvent(event=event, public_key=key))
    return arriving


def refuse_future(event: Event, now: datetime) -> None:
    """Refuse an event that is dated after now.

    Raises:
        EventError: ``event-future``.
    """
    if event.content.created_at > format_seconds(now):
        raise EventError(
            "event-future",
            "the event is dated after now",
            where=event.content.event_id,
            expected=f"{format_seconds(now)} or earlier",
            found=event.content.created_at,
            hint="set the clock right, here or where the event was signed",
        )


def _is_usual_name(key_id: str, signer_id: str) -> bool:
    """Say whether a key is called as a signer's keys usually are: ``signer_id``, and a month.

    A bundle with such a key of somebody else could never be issued again under one's own key of that id.
    """
    name, usual = (_OTHER_THAN_NAME.sub("-", text.lower()).strip("-") for text in (key_id, signer_id))
    return re.fullmatch(f"{usual}-[0-9]{{4}}-[0-9]{{2}}(-.*)?", name) is not None


def _refuse_invalid(entry: HistoryEntry) -> None:
    if entry.standing is Standing.INVALID:
        raise EventError(
            entry.reason,
            "the event would not be valid in this bundle",
            where=entry.event_id,
            hint="docs/merge.md says what each reason means",
        )


def _suffix(bundle: Bundle) -> str:
    return PithNumber.parse(bundle.content.pith_number).suffix
