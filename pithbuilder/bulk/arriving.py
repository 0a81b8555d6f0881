"""Events that arrive for a bundle: read from files, and refused where they must not go in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from pithbuilder.core.json_path import ROOT
from pithbuilder.core.timestamps import format_seconds
from pithbuilder.documents.bundle import BUNDLE_TYPE, Bundle, BundleContent
from pithbuilder.documents.detached_event import DetachedEvent
from pithbuilder.documents.event import Event
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import EventError, printable
from pithbuilder.signing.keyring import public_key_of
from pithbuilder.verify.event import judge_event
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.signatures import SIGNER_KEY, KnownKeys, SignerStanding

_OTHER_THAN_NAME: Final = re.compile("[^a-z0-9]+")


def read_arriving(data: bytes, where: str) -> list[DetachedEvent]:
    """Return the events of a file: a detached event, or a bundle.

    Args:
        data: The file's bytes.
        where: What to call it in errors.

    Raises:
        EventError: ``event-key-missing``; the key of an event is not there with it.
        PithError: It is neither, or cannot be read.
    """
    value = parse_object(data, where=where)
    if value.get("bundle_type") == BUNDLE_TYPE:
        content = Bundle.from_dict(value, f"{where}: {ROOT}").content
        keys = {key.key_id: key for key in content.public_keys}
        return [_detached(event, keys, where) for event in content.events]
    detached = DetachedEvent.from_dict(value, f"{where}: {ROOT}")
    return [_detached(detached.event, {detached.public_key.key_id: detached.public_key}, where)]


def read_all_arriving(files: Iterable[tuple[str, bytes]]) -> list[DetachedEvent]:
    """Return the events of some files.

    Args:
        files: What to call each in errors, and its bytes.

    Raises:
        EventError: ``event-none``: there is no event in any of them; or as for :func:`read_arriving`.
        PithError: As for :func:`read_arriving`.
    """
    names, events = [], []
    for where, data in files:
        names.append(where)
        events.extend(read_arriving(data, where))
    if not events:
        raise EventError("event-none", "there is no event in these files", where=names[0] if names else "")
    return events


def _detached(event: Event, keys: dict[str, KeyDocument], where: str) -> DetachedEvent:
    key_id = event.content.signer.key_id
    if key_id not in keys:
        raise EventError(
            "event-key-missing",
            "the key that an event names is not there with it",
            where=where,
            expected=printable(key_id),
            found=printable(", ".join(keys)),
        )
    return DetachedEvent(event=event, public_key=keys[key_id])


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


def refuse_unfit(events: Sequence[Event], content: BundleContent, keys: KnownKeys, chain: KeyChain) -> None:
    """Refuse events by keys that do not speak, or no longer speak, for whoever is named as the signer.

    Of a signer of whom nothing is known, the keys count with which the bundle has valid events of that signer already,
    or else the one key of all that arrive: with any other, a stranger could supersede or contradict what was said.

    Args:
        events: The events.
        content: The bundle into which they are to go.
        keys: The keys, with their windows and owners.
        chain: The keys of whoever is to take them in: in that name no other key will do, pinned as it may be.

    Raises:
        EventError: ``signer-key``, ``compromised-key`` or ``key-window``.
    """
    invalid = {event.event_id for event in content.state.content.invalid_events}
    there = _keys_by_signer(event for event in content.events if event.content.event_id not in invalid)
    arriving = _keys_by_signer(events)
    for event in events:
        signer = event.content.signer
        for fault in judge_event(event, content.pith_number, keys, ROOT).standing_faults:
            raise fault.as_error(EventError, event.content.event_id)
        standing = keys.signer_standing(signer.signer_id, signer.key_id)
        if standing is SignerStanding.UNKNOWN:
            before = there.get(signer.signer_id)
            is_fit = signer.public_key_fingerprint in before if before else len(arriving[signer.signer_id]) == 1
        else:
            is_fit = standing is SignerStanding.KNOWN
        if not is_fit or (signer.signer_id == chain.issuer and chain.find(signer.key_id) is None):
            raise EventError(
                SIGNER_KEY,
                "the event is in the name of a signer whose keys are known, by a key that is none of them",
                where=event.content.event_id,
                found=f"{printable(signer.signer_id)} with key {printable(signer.key_id)}",
                hint="if the signer has changed keys, give its keyring with --trust or --keyring",
            )


def _keys_by_signer(events: Iterable[Event]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for event in events:
        signer = event.content.signer
        found.setdefault(signer.signer_id, set()).add(signer.public_key_fingerprint)
    return found


def join_keys(listed: Iterable[KeyDocument], arriving: Iterable[KeyDocument], chain: KeyChain) -> list[KeyDocument]:
    """Return the keys of a bundle, of events that arrive for it, and of whoever signs it, one of each id.

    Args:
        listed: What the bundle lists.
        arriving: The keys of the events.
        chain: The keys of whoever signs the bundle.

    Raises:
        EventError: ``key-conflict``; two keys have the same id, or one the id that a next key of the chain will have.
        KeyMaterialError: A key must not be used.
    """
    arriving = list(arriving)
    joined: dict[str, KeyDocument] = {}
    for key in (*listed, *arriving, chain.latest.entry.key):
        if public_key_of(joined.setdefault(key.key_id, key)) != public_key_of(key):
            raise _key_conflict(key.key_id, "two keys of the bundle would have the same id")
    for key in arriving:
        if chain.find(key.key_id) is None and _is_usual_name(key.key_id, chain.issuer):
            raise _key_conflict(key.key_id, "the key has an id such as this issuer's next keys will have")
    return list(joined.values())


def _key_conflict(key_id: str, message: str) -> EventError:
    hint = "the signer has to use a key of another id"
    return EventError("key-conflict", message, where=printable(key_id), hint=hint)


def _is_usual_name(key_id: str, signer_id: str) -> bool:
    """Say whether a key is called as a signer's keys usually are: ``signer_id``, and a month.

    A bundle with such a key of somebody else could never be issued again under one's own key of that id.
    """
    name, usual = (_OTHER_THAN_NAME.sub("-", text.lower()).strip("-") for text in (key_id, signer_id))
    return re.fullmatch(f"{usual}-[0-9]{{4}}-[0-9]{{2}}(-.*)?", name) is not None
