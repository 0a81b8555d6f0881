"""What merging needs to know of an event, whatever the event itself is kept as."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from pithbuilder.documents.event import EventContent

Shown = TypeVar("Shown")
"""What a state shows of an applied event: a typed document when verifying, a composed one when issuing."""


class MergeEvent(NamedTuple, Generic[Shown]):
    """One valid event as the merge sees it; the fields are those of the event's content.

    Attributes:
        event_type: The family, ``record_created``, ``graph_snapshot`` and so on.
        target: What of the number it is about.
        signer_id: Who says so.
        created_at: Whole seconds, UTC.
        supersedes: Identifiers of events that this one replaces.
        prev_event: Identifier of the event that this one follows; None for a first one.
        shown: What a state shows of the event; the merge hands it on unseen.
    """

    event_type: str
    target: str
    signer_id: str
    created_at: str
    supersedes: tuple[str, ...]
    prev_event: str | None
    shown: Shown


def merge_event_of(content: EventContent, shown: Shown) -> MergeEvent[Shown]:
    """Return what merging needs to know of an event.

    Args:
        content: The event.
        shown: What a state shows of it.
    """
    return MergeEvent(
        event_type=content.event_type,
        target=content.target,
        signer_id=content.signer.signer_id,
        created_at=content.created_at,
        supersedes=content.supersedes,
        prev_event=content.prev_event,
        shown=shown,
    )
