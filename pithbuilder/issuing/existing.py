"""What an issuer takes over from a bundle that is there: names, times, events and keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from pithbuilder.core.canonical_json import Fragment
from pithbuilder.core.pith_number import PithNumber
from pithbuilder.documents.base import Fields
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import RECORD_CREATED, Event
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.payloads import RecordCreated
from pithbuilder.errors import DocumentError, MintError, printable
from pithbuilder.issuing.layout import Names, applied_event
from pithbuilder.merge.event import MergeEvent, merge_event_of


def names_of(bundle: Bundle) -> Names:
    """Return what a bundle calls its record and number."""
    content = bundle.content
    number = PithNumber.parse(content.pith_number)
    return Names(number, content.pith_number, content.short_pith_number, content.canonical_sha256)


def first_computed_at(created: Event) -> str:
    """Return the first time of a ``record_created``, UTC, microseconds with six digits."""
    return created.content.payload.read_as(RecordCreated, "$.payload").receipt.first_computed_at


def own_record_created(bundle: Bundle, signer_id: str) -> Event:
    """Return the ``record_created`` in force, which must be this issuer's.

    Args:
        bundle: The bundle.
        signer_id: The issuer.

    Raises:
        MintError: ``reissue-record``.
    """
    shown = bundle.content.state.content.current.record_created
    for event in bundle.content.events:
        if shown is not None and event.content.event_id == shown.event_id:
            if event.content.signer.signer_id == signer_id:
                return event
            break
    raise MintError(
        "reissue-record",
        "no record_created of this issuer is in force",
        where=bundle.content.pith_number,
        expected=f"one by {signer_id}",
        found=printable(None if shown is None else shown.signer.signer_id),
        hint="a bundle can only be issued again by who issued it first",
    )


def own_in_force(bundle: Bundle, signer_id: str, key_ids: frozenset[str]) -> list[Event]:
    """Return this issuer's other events in force that one of some keys signed, in the bundle's order."""
    in_force = {event.event_id for event in bundle.content.state.content.current.events()}
    return [
        event
        for event in bundle.content.events
        if event.content.event_id in in_force
        and event.content.event_type != RECORD_CREATED
        and event.content.signer.signer_id == signer_id
        and event.content.signer.key_id in key_ids
    ]


def existing_merge_event(event: Event) -> MergeEvent[Fields]:
    """Return what merging needs to know of an event that was issued before."""
    content = event.content
    signer, payload = Fragment(content.signer.canonical_bytes), Fragment(content.payload.canonical_bytes)
    shown = applied_event(content.event_id, content.target, signer, payload, content.created_at)
    return merge_event_of(content, shown)


def other_keys(events: Iterable[Event], keys: Iterable[KeyDocument], own: KeyDocument) -> list[KeyDocument]:
    """Return the keys that signed any of some events or their receipts, each once, but for the one that signs now.

    Raises:
        MintError: ``key-conflict``: somebody else's key has the id of the one that signs now.
    """
    used = {key_id for event in events for key_id in _key_ids(event)}
    listed: dict[str, KeyDocument] = {}
    for key in keys:
        if key.key_id == own.key_id:
            if key.public_key_b64 != own.public_key_b64:
                raise MintError(
                    "key-conflict",
                    "a key that signed an event of the bundle has the id of the key that signs now",
                    where=printable(key.key_id),
                    expected=f"the key with fingerprint {own.fingerprint_sha256_hex}",
                    found=printable(key.fingerprint_sha256_hex),
                    hint="change to a key of another id with 'pithbuilder keys rotate'",
                )
        elif key.key_id in used:
            listed.setdefault(key.key_id, key)
    return list(listed.values())


def _key_ids(event: Event) -> Iterator[str]:
    """Yield the ids of the keys that signed an event and, where it has one that can be read, its receipt."""
    yield event.content.signer.key_id
    if event.content.event_type == RECORD_CREATED:
        with suppress(DocumentError):
            yield event.content.payload.read_as(RecordCreated).receipt.key_id
