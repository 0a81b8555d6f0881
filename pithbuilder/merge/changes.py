"""Lists of what differs between two sides: events by their standing, keys by their ids, fields by their paths."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

import attrs

from pithbuilder.core.canonical_json import JsonObject, JsonValue, canonicalize
from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.merge.history import Standing


@attrs.frozen(kw_only=True)
class EventSummary:
    """One event as a difference names it.

    Attributes:
        event_id: The identifier.
        standing: What has become of it; a state alone does not tell ``superseded`` from ``applied``.
        reason: The reason code of an invalid event, else empty.
        event_type: The family; empty where a state does not tell it. So are the next two.
        signer_id: Who signed it.
        created_at: When, as it says.
    """

    event_id: str
    standing: Standing
    reason: str = ""
    event_type: str = ""
    signer_id: str = ""
    created_at: str = ""

    def to_dict(self) -> JsonObject:
        """Return the summary as a JSON object; what is not known is left out."""
        known = {
            "event_id": self.event_id,
            "event_type": self.event_type,
            "signer_id": self.signer_id,
            "created_at": self.created_at,
            "standing": self.standing.value,
            "reason": self.reason,
        }
        return {name: value for name, value in known.items() if value}


@attrs.frozen(kw_only=True)
class StandingChange:
    """An event that both sides have, and that stands otherwise in the second.

    Attributes:
        before: As it stands in the first.
        after: As it stands in the second.
    """

    before: EventSummary
    after: EventSummary

    def becomes(self, standing: Standing) -> bool:
        """Say whether the event has this standing in the second only."""
        return self.after.standing is standing and self.before.standing is not standing

    def ceases(self, standing: Standing) -> bool:
        """Say whether the event has this standing in the first only."""
        return self.before.standing is standing and self.after.standing is not standing

    def to_dict(self) -> JsonObject:
        """Return the change as a JSON object."""
        reasons = {"reason_before": self.before.reason, "reason_after": self.after.reason}
        return {
            "event_id": self.after.event_id,
            "before": self.before.standing.value,
            "after": self.after.standing.value,
            **{name: reason for name, reason in reasons.items() if reason},
        }


@attrs.frozen(kw_only=True)
class FieldChange:
    """A field, or the elements of a list, in which two documents differ.

    Attributes:
        path: JSON path of the field or list.
        removed: What only the first has: no value where the field is not there, one, or several of a list.
        added: What only the second has.
    """

    path: str
    removed: tuple[JsonValue, ...]
    added: tuple[JsonValue, ...]

    def to_dict(self) -> JsonObject:
        """Return the change as a JSON object."""
        return {"path": self.path, "removed": list(self.removed), "added": list(self.added)}


def event_changes(
    before: Mapping[str, EventSummary], after: Mapping[str, EventSummary]
) -> tuple[tuple[EventSummary, ...], tuple[EventSummary, ...], tuple[StandingChange, ...]]:
    """Return the events that were added, those that were removed, and those that stand otherwise."""

    def rank(event: EventSummary) -> tuple[str, str]:
        return event.created_at, event.event_id

    changed = [
        StandingChange(before=before[event_id], after=event)
        for event_id, event in after.items()
        if event_id in before and (before[event_id].standing, before[event_id].reason) != (event.standing, event.reason)
    ]
    return (
        tuple(sorted((event for event_id, event in after.items() if event_id not in before), key=rank)),
        tuple(sorted((event for event_id, event in before.items() if event_id not in after), key=rank)),
        tuple(
            sorted(
                changed,
                key=lambda change: (max(change.before.created_at, change.after.created_at), change.after.event_id),
            )
        ),
    )


def key_changes(
    before: Iterable[KeyDocument], after: Iterable[KeyDocument]
) -> tuple[tuple[KeyDocument, ...], tuple[KeyDocument, ...], tuple[tuple[KeyDocument, KeyDocument], ...]]:
    """Return the keys that were added, those that were removed, and those whose documents changed."""
    old, new = _by_key_id(before), _by_key_id(after)
    added: list[KeyDocument] = []
    removed: list[KeyDocument] = []
    changed: list[tuple[KeyDocument, KeyDocument]] = []
    for key_id in sorted(old.keys() | new.keys()):
        only_old = [key for data, key in old[key_id].items() if data not in new[key_id]]
        only_new = [key for data, key in new[key_id].items() if data not in old[key_id]]
        paired = min(len(only_old), len(only_new))
        changed.extend(zip(only_old, only_new, strict=False))
        removed.extend(only_old[paired:])
        added.extend(only_new[paired:])
    return tuple(added), tuple(removed), tuple(changed)


def _by_key_id(keys: Iterable[KeyDocument]) -> defaultdict[str, dict[bytes, KeyDocument]]:
    found: defaultdict[str, dict[bytes, KeyDocument]] = defaultdict(dict)
    for key in sorted(keys, key=lambda key: key.canonical_bytes):
        found[key.key_id][key.canonical_bytes] = key
    return found


def field_changes(
    before: Mapping[str, JsonValue], after: Mapping[str, JsonValue], path: str = ROOT
) -> Iterator[FieldChange]:
    """Yield every place where two JSON objects differ, in the order of the members' names."""
    for name in sorted(before.keys() | after.keys()):
        place = child_path(path, name)
        if name not in after:
            yield FieldChange(path=place, removed=(before[name],), added=())
        elif name not in before:
            yield FieldChange(path=place, removed=(), added=(after[name],))
        else:
            yield from value_changes(before[name], after[name], place)


def value_changes(before: JsonValue, after: JsonValue, path: str) -> Iterator[FieldChange]:
    """Yield every place where two JSON values differ; of lists the elements that only one of them has."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from field_changes(before, after, path)
    elif canonicalize(before) != canonicalize(after):
        removed, added = [before], [after]
        if isinstance(before, list) and isinstance(after, list):
            lost, gained = _elements_beyond(before, after), _elements_beyond(after, before)
            if lost or gained:  # else it is their order that differs
                removed, added = lost, gained
        yield FieldChange(path=path, removed=tuple(removed), added=tuple(added))


def _elements_beyond(elements: list[JsonValue], others: list[JsonValue]) -> list[JsonValue]:
    """Return the elements that are not among the others, each as often as it is there more often."""
    counts = Counter(canonicalize(other) for other in others)
    beyond = []
    for element in elements:
        data = canonicalize(element)
        if counts[data]:
            counts[data] -= 1
        else:
            beyond.append(element)
    return beyond
