"""What has become of every event: in force, superseded, contradicted by its own signer, or invalid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise
from typing import Final

import attrs

from pithbuilder.documents.event import EVENT_ID_PREFIX, Event
from pithbuilder.documents.state import StateContent
from pithbuilder.errors import DocumentError, EventError, printable

_SHORTEST_NAME: Final = 8


class Standing(Enum):
    """What has become of an event.

    ``applied``: it counts, but stands in none of the state's lists. Its type is unknown here, or it is a
    ``record_created`` beside the one that counts.
    """

    IN_FORCE = "in-force"
    APPLIED = "applied"
    SUPERSEDED = "superseded"
    EQUIVOCATING = "equivocating"
    INVALID = "invalid"


@attrs.frozen(kw_only=True)
class HistoryEntry:
    """One event and what has become of it.

    Attributes:
        event: The event; of several copies the one whose canonical bytes are smallest.
        standing: What has become of it.
        reason: The reason code of an invalid event, else empty.
        superseded_by: Identifiers of the applied events that supersede it, sorted.
    """

    event: Event
    standing: Standing
    reason: str = ""
    superseded_by: tuple[str, ...] = ()

    @property
    def event_id(self) -> str:
        """The event's identifier, recomputed."""
        return self.event.content.event_id


def read_history(events: Iterable[Event], state: StateContent) -> tuple[HistoryEntry, ...]:
    """Return every event once, with what has become of it.

    Args:
        events: In any order, with copies.
        state: What these events amount to.

    Returns:
        The applied events in the order of application, then the equivocating ones, then the invalid ones; the last
        two sorted by ``created_at``, then identifier.

    Raises:
        DocumentError: ``state-merge``: the state says nothing of one of the events, so it is that of others.
    """
    copies = _one_of_each(events)
    superseders = _superseders(copies, state.applied_event_ids)
    in_force = {applied.event_id for applied in state.current.events()}
    entries: dict[str, HistoryEntry] = {}

    def enter(event_id: str, standing: Standing, reason: str = "") -> None:
        if event_id in copies and event_id not in entries:
            entries[event_id] = HistoryEntry(
                event=copies[event_id],
                standing=standing,
                reason=reason,
                superseded_by=tuple(sorted(superseders.get(event_id, ()))),
            )

    for event_id in state.applied_event_ids:
        enter(event_id, _standing_of_applied(event_id, in_force, superseders))
    equivocating = {event_id for group in state.equivocations for event_id in group.event_ids}
    for event_id in _by_time(equivocating, copies):
        enter(event_id, Standing.EQUIVOCATING)
    reasons = {invalid.event_id: invalid.reason for invalid in state.invalid_events}
    for event_id in _by_time(reasons, copies):
        enter(event_id, Standing.INVALID, reasons[event_id])
    if len(entries) < len(copies):
        unknown = min(event_id for event_id in copies if event_id not in entries)
        raise DocumentError(
            "state-merge",
            "state says nothing of an event",
            expected="the event applied, equivocating or invalid",
            found=printable(unknown),
        )
    return tuple(entries.values())


def _one_of_each(events: Iterable[Event]) -> dict[str, Event]:
    """Return one copy of each event; which one does not depend on the order of arrival."""
    copies: dict[str, Event] = {}
    for event in events:
        other = copies.setdefault(event.content.event_id, event)
        if other is not event and event.canonical_bytes < other.canonical_bytes:
            copies[event.content.event_id] = event
    return copies


def _superseders(copies: dict[str, Event], applied: Iterable[str]) -> dict[str, set[str]]:
    superseders: defaultdict[str, set[str]] = defaultdict(set)
    for event_id in applied:
        if event_id in copies:
            for name in copies[event_id].content.supersedes:
                superseders[name].add(event_id)
    return dict(superseders)


def _standing_of_applied(event_id: str, in_force: set[str], superseders: dict[str, set[str]]) -> Standing:
    if event_id in in_force:
        return Standing.IN_FORCE
    return Standing.SUPERSEDED if event_id in superseders else Standing.APPLIED


def _by_time(event_ids: Iterable[str], copies: dict[str, Event]) -> list[str]:
    present = [event_id for event_id in event_ids if event_id in copies]
    return sorted(present, key=lambda event_id: (copies[event_id].content.created_at, event_id))


def long_name(text: str, event_ids: Iterable[str]) -> str:
    """Return the whole identifier of an event that is named by the beginning of its digits.

    Args:
        text: 8 to 64 hexadecimal digits, with or without ``sha256:``; all 64 need not be any event's.
        event_ids: Identifiers of a history.

    Raises:
        EventError: ``event-unknown``; no event, or more than one, is called so.

    >>> long_name("abababab", ["sha256:" + "ab" * 32]) == "sha256:" + "ab" * 32
    True
    """
    begin = EVENT_ID_PREFIX + text.removeprefix(EVENT_ID_PREFIX)
    if len(begin) == len(EVENT_ID_PREFIX) + 64:
        return begin
    found = {event_id for event_id in event_ids if event_id.startswith(begin)}
    if len(found) == 1:
        return found.pop()
    raise EventError(
        "event-unknown",
        "no one event of the bundle is called so",
        where=text,
        expected="the beginning of one event's identifier",
        found=f"{len(found)} events",
        hint="'pithbuilder log' shows the events and their short names",
    )


def short_names(event_ids: Iterable[str]) -> dict[str, str]:
    """Return a short name for each event of a history: the first digits of its identifier, 8 or as many as differ.

    >>> list(short_names(["sha256:" + "ab" * 32, "sha256:" + "ab" * 4 + "cd" * 28]).values())
    ['ababababa', 'ababababc']
    """
    digits = {event_id: event_id.removeprefix(EVENT_ID_PREFIX) for event_id in event_ids}
    length = _SHORTEST_NAME
    in_order = sorted(digits.values())
    for one, other in pairwise(in_order):
        while one[:length] == other[:length] and length < len(other):
            length += 1
    return {event_id: text[:length] for event_id, text in digits.items()}
