"""What two bundles or states of one number say differently, in terms of what they mean.

:func:`compare` mirrors itself: what is added from A to B is removed from B to A, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject, JsonValue
from pithbuilder.core.json_path import child_path
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.state import State, StateContent
from pithbuilder.errors import MergeError, printable
from pithbuilder.merge.changes import (
    EventSummary,
    FieldChange,
    StandingChange,
    event_changes,
    field_changes,
    key_changes,
    value_changes,
)
from pithbuilder.merge.history import Standing, read_history

RESIGNING_FIELDS: Final = ("built_at", "links", "public_keys", "bundle_signature")
"""What an issuer writes anew by signing a bundle again, though nothing is said anew about the number."""

_COMPARED_APART: Final = ("events", "public_keys")


class Relation(Enum):
    """How two documents of one number relate.

    ``identical``: the same bytes. ``same-content``: other bytes of the same canonical JSON. ``same-state``: a bundle
    and the very state inside it. ``re-signed``: two bundles of the same events (by their recomputed identifiers, in
    whatever order and number of copies), equal in everything else but :data:`RESIGNING_FIELDS`. ``different``: any
    other two.
    """

    IDENTICAL = "identical"
    SAME_CONTENT = "same-content"
    SAME_STATE = "same-state"
    RESIGNED = "re-signed"
    DIFFERENT = "different"

    @property
    def says_the_same(self) -> bool:
        """Whether both documents say the same, down to the signature."""
        return self not in (Relation.RESIGNED, Relation.DIFFERENT)


@attrs.frozen(kw_only=True)
class Side:
    """One of two documents that are compared.

    Attributes:
        document: The document.
        state: What its events amount to: of a bundle the state that was merged again from its events, of a state its
            own content.
        data: The document's bytes, as they were read.
    """

    document: Bundle | State
    state: StateContent
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Difference:
    """What two documents of one number say differently.

    Attributes:
        pith_number: The number.
        relation: How they relate.
        kinds: ``bundle`` or ``state``, of the first and of the second.
        events_added: Events that only the second has, sorted by time, then identifier.
        events_removed: Events that only the first has, sorted likewise.
        events_changed: Events of both whose standing or reason differs, sorted likewise.
        events_signed_again: Identifiers, sorted, of events of both whose copies carry other signatures.
        keys_added: Keys, by their key ids, that only the second lists, sorted by key id.
        keys_removed: Keys that only the first lists.
        keys_changed: Keys that both list, with other documents: the first's and the second's.
        fields: All else, sorted by path.
    """

    pith_number: str
    relation: Relation
    kinds: tuple[str, str]
    events_added: tuple[EventSummary, ...] = ()
    events_removed: tuple[EventSummary, ...] = ()
    events_changed: tuple[StandingChange, ...] = ()
    events_signed_again: tuple[str, ...] = ()
    keys_added: tuple[KeyDocument, ...] = ()
    keys_removed: tuple[KeyDocument, ...] = ()
    keys_changed: tuple[tuple[KeyDocument, KeyDocument], ...] = ()
    fields: tuple[FieldChange, ...] = ()

    @property
    def newly_superseded(self) -> tuple[StandingChange, ...]:
        """Events that the second says are superseded, and the first not."""
        return tuple(change for change in self.events_changed if change.becomes(Standing.SUPERSEDED))

    @property
    def no_longer_in_force(self) -> tuple[StandingChange, ...]:
        """Events that are in force in the first only, for whatever cause."""
        return tuple(change for change in self.events_changed if change.ceases(Standing.IN_FORCE))

    @property
    def newly_invalid(self) -> tuple[StandingChange, ...]:
        """Events that are invalid in the second only."""
        return tuple(change for change in self.events_changed if change.becomes(Standing.INVALID))

    @property
    def newly_valid(self) -> tuple[StandingChange, ...]:
        """Events that are invalid in the first only."""
        return tuple(change for change in self.events_changed if change.ceases(Standing.INVALID))

    @property
    def newly_equivocating(self) -> tuple[StandingChange, ...]:
        """Events that contradict another of their signer in the second only."""
        return tuple(change for change in self.events_changed if change.becomes(Standing.EQUIVOCATING))

    def to_dict(self) -> JsonObject:
        """Return the difference as a JSON object."""

        def ids(changes: Sequence[StandingChange]) -> JsonValue:
            return [change.after.event_id for change in changes]

        return {
            "pith_number": self.pith_number,
            "relation": self.relation.value,
            "kinds": list(self.kinds),
            "events_added": [event.to_dict() for event in self.events_added],
            "events_removed": [event.to_dict() for event in self.events_removed],
            "events_changed": [change.to_dict() for change in self.events_changed],
            "newly_superseded": ids(self.newly_superseded),
            "no_longer_in_force": ids(self.no_longer_in_force),
            "newly_invalid": ids(self.newly_invalid),
            "newly_valid": ids(self.newly_valid),
            "newly_equivocating": ids(self.newly_equivocating),
            "events_signed_again": list(self.events_signed_again),
            "keys_added": [key_name(key) for key in self.keys_added],
            "keys_removed": [key_name(key) for key in self.keys_removed],
            "keys_changed": [
                {"key_id": before.key_id, "before": before.to_dict(), "after": after.to_dict()}
                for before, after in self.keys_changed
            ],
            "fields": [change.to_dict() for change in self.fields],
        }


def key_name(key: KeyDocument) -> JsonObject:
    """Return what a difference names a key by."""
    return {"key_id": key.key_id, "fingerprint": key.fingerprint_sha256_hex}


def refuse_other_numbers(numbers: Iterable[str], names: Sequence[str] = ()) -> str:
    """Return the one number that some bundles or states are of.

    Args:
        numbers: At least one.
        names: What to call the documents in the error, such as their files' names.

    Raises:
        MergeError: ``merge-numbers``: two of them differ.
    """
    first, *others = numbers
    for place, number in enumerate(others, start=1):
        if number != first:
            raise MergeError(
                "merge-numbers",
                "bundles of different numbers",
                where=names[place] if names else "",
                expected=printable(first),
                found=printable(number),
                hint="only what is about one number can be merged or compared",
            )
    return first


def compare(first: Side, second: Side) -> Difference:
    """Return what two documents of one number say differently.

    Two bundles are compared in full; a state, which holds no events and no signatures, in what a state holds: against
    it a bundle is its state.

    Args:
        first: The one.
        second: The other.

    Raises:
        MergeError: ``merge-numbers``: they are of different numbers.
        DocumentError: ``state-merge``: a side's state is not that of its events.
    """
    one, other = first.document, second.document
    number = refuse_other_numbers(side.document.content.pith_number for side in (first, second))
    kinds = _kind(one), _kind(other)
    if first.data == second.data or (type(one) is type(other) and one.canonical_bytes == other.canonical_bytes):
        relation = Relation.IDENTICAL if first.data == second.data else Relation.SAME_CONTENT
        return Difference(pith_number=number, relation=relation, kinds=kinds)
    if isinstance(one, Bundle) and isinstance(other, Bundle):
        return _compare_bundles(number, one, first.state, other, second.state)
    return _compare_states(number, kinds, _state_of(one), _state_of(other))


def _kind(document: Bundle | State) -> str:
    return "bundle" if isinstance(document, Bundle) else "state"


def _state_of(document: Bundle | State) -> State:
    return document.content.state if isinstance(document, Bundle) else document


def _compare_bundles(
    number: str, one: Bundle, one_state: StateContent, other: Bundle, other_state: StateContent
) -> Difference:
    added, removed, changed = event_changes(_events_of(one, one_state), _events_of(other, other_state))
    members, others = one.to_dict(), other.to_dict()
    if _states_follow(one, one_state) and _states_follow(other, other_state):
        for fields in (members, others):  # then they differ only where events and aliases do
            del fields["state"]
    apart = (*_COMPARED_APART, *RESIGNING_FIELDS)
    said = [*field_changes(_without(apart, members), _without(apart, others))]
    written_anew = [name for name in RESIGNING_FIELDS if name not in _COMPARED_APART]
    signing = [*field_changes(_only(written_anew, members), _only(written_anew, others))]
    keys_added, keys_removed, keys_changed = key_changes(one.content.public_keys, other.content.public_keys)
    return Difference(
        pith_number=number,
        relation=Relation.DIFFERENT if added or removed or changed or said else Relation.RESIGNED,
        kinds=("bundle", "bundle"),
        events_added=added,
        events_removed=removed,
        events_changed=changed,
        events_signed_again=_signed_again(one, other),
        keys_added=keys_added,
        keys_removed=keys_removed,
        keys_changed=keys_changed,
        fields=tuple(sorted([*said, *signing], key=lambda change: change.path)),
    )


def _states_follow(bundle: Bundle, merged: StateContent) -> bool:
    """Say whether a bundle's own state is what its events amount to, its stated digest included."""
    state = bundle.content.state
    return state.content.canonical_bytes == merged.canonical_bytes and state.stated_state_sha256 == merged.state_sha256


def _only(names: Iterable[str], members: JsonObject) -> JsonObject:
    return {name: members[name] for name in names}


def _without(names: Iterable[str], members: JsonObject) -> JsonObject:
    return {name: value for name, value in members.items() if name not in names}


def _signed_again(one: Bundle, other: Bundle) -> tuple[str, ...]:
    """Return the identifiers, sorted, of the events of both whose copies carry other signatures or false names."""
    before, after = _copies(one), _copies(other)
    return tuple(sorted(event_id for event_id in before.keys() & after.keys() if before[event_id] != after[event_id]))


def _copies(bundle: Bundle) -> dict[str, set[bytes]]:
    copies: dict[str, set[bytes]] = {}
    for event in bundle.content.events:
        copies.setdefault(event.content.event_id, set()).add(event.canonical_bytes)
    return copies


def _compare_states(number: str, kinds: tuple[str, str], one: State, other: State) -> Difference:
    added, removed, changed = event_changes(_events_in(one.content), _events_in(other.content))
    fields = [*field_changes(_state_fields(one.content), _state_fields(other.content))]
    shown, shown_by_other = _shown_in(one.content), _shown_in(other.content)
    for event_id in sorted(shown.keys() & shown_by_other.keys()):
        fields.extend(value_changes(shown[event_id], shown_by_other[event_id], child_path("$.current", event_id)))
    unexplained = not (added or removed or changed or fields)
    if unexplained:  # then in what follows from the rest where nobody has written it by hand
        fields = [*field_changes(one.to_dict(), other.to_dict())]
    return Difference(
        pith_number=number,
        relation=Relation.DIFFERENT if fields or not unexplained else Relation.SAME_STATE,
        kinds=kinds,
        events_added=added,
        events_removed=removed,
        events_changed=changed,
        fields=tuple(fields),
    )


def _state_fields(state: StateContent) -> JsonObject:
    """Return what a state says but for its events, their lists, their counts and its digest."""
    members, current = state.to_dict(), state.current
    counted = ("event_count", "valid_event_count", "invalid_event_count", "equivocation_count")
    lists = ("applied_event_ids", "equivocations", "invalid_events")
    record = None if current.canonical_record is None else current.canonical_record.to_dict()
    aliases: list[JsonValue] = [alias.to_dict() for alias in current.source_aliases]
    return {
        **_without((*counted, *lists), members),
        "current": {**current.extra, "canonical_record": record, "source_aliases": aliases},
    }


def _shown_in(state: StateContent) -> dict[str, JsonValue]:
    return {shown.event_id: shown.to_dict() for shown in state.current.events()}


def _events_of(bundle: Bundle, state: StateContent) -> dict[str, EventSummary]:
    return {
        entry.event_id: EventSummary(
            event_id=entry.event_id,
            standing=entry.standing,
            reason=entry.reason,
            event_type=entry.event.content.event_type,
            signer_id=entry.event.content.signer.signer_id,
            created_at=entry.event.content.created_at,
        )
        for entry in read_history(bundle.content.events, state)
    }


def _events_in(state: StateContent) -> dict[str, EventSummary]:
    """Return the events that a state names."""
    found = {
        event_id: EventSummary(event_id=event_id, standing=Standing.APPLIED) for event_id in state.applied_event_ids
    }
    for shown in state.current.events():
        found[shown.event_id] = EventSummary(
            event_id=shown.event_id,
            standing=Standing.IN_FORCE,
            signer_id=shown.signer.signer_id,
            created_at=shown.created_at,
        )
    for group in state.equivocations:
        for event_id in group.event_ids:
            found[event_id] = EventSummary(event_id=event_id, standing=Standing.EQUIVOCATING, signer_id=group.signer_id)
    for invalid in state.invalid_events:
        found[invalid.event_id] = EventSummary(
            event_id=invalid.event_id, standing=Standing.INVALID, reason=invalid.reason
        )
    return found
