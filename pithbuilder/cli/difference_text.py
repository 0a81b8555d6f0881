"""A difference of two bundles or states as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from pithbuilder.cli.history_text import said, shortened, wrapped
from pithbuilder.cli.output import safe_text
from pithbuilder.core.canonical_json import JsonValue
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.merge.changes import EventSummary, FieldChange, StandingChange
from pithbuilder.merge.difference import Difference, Relation
from pithbuilder.merge.history import Standing, short_names

_SAID: Final = {
    Relation.IDENTICAL: "identical: the same bytes",
    Relation.SAME_CONTENT: "the same content, spelt otherwise",
    Relation.SAME_STATE: "the same state",
    Relation.RESIGNED: "re-signed only: nothing is said anew about the number",
    Relation.DIFFERENT: "different",
}
_FOLLOWS_FROM_THE_REST: Final = ("$.bundle_signature.bundle_sha256", "$.bundle_signature.signature_b64")
_NARROWEST: Final = 24


def difference_lines(difference: Difference, width: int) -> Iterator[str]:
    """Yield the lines that tell a difference to a person; what the first has alone is marked ``-``, the second ``+``.

    Args:
        difference: The difference.
        width: Columns of the terminal; below 24 it is taken as 24.
    """
    width = max(width, _NARROWEST)
    yield from wrapped([safe_text(difference.pith_number)], width)
    yield from wrapped([f"{' and '.join(difference.kinds)}: {_SAID[difference.relation]}"], width)
    for title, rows in _sections(difference):
        if rows:
            yield ""
            yield from wrapped([f"{title} ({len(rows)})"], width)
            for row in rows:
                yield from (f"  {text}" for text in wrapped(row, width - 2))
    for change in difference.fields:
        if change.path not in _FOLLOWS_FROM_THE_REST or difference.relation is Relation.RESIGNED:
            yield ""
            yield from wrapped([safe_text(change.path)], width)
            for row in _values(change):
                yield from (f"  {text}" for text in wrapped(row, width - 2))


def _sections(difference: Difference) -> Iterator[tuple[str, list[list[str]]]]:
    events = [*difference.events_added, *difference.events_removed, *(each.after for each in difference.events_changed)]
    names = short_names([*(event.event_id for event in events), *difference.events_signed_again])
    yield "events added", [_event("+", event, names[event.event_id]) for event in difference.events_added]
    yield "events removed", [_event("-", event, names[event.event_id]) for event in difference.events_removed]
    told: set[str] = set()
    for title, changes in (
        ("newly superseded", difference.newly_superseded),
        ("newly equivocating", difference.newly_equivocating),
        ("newly invalid", difference.newly_invalid),
        ("newly valid", difference.newly_valid),
        ("no longer in force", difference.no_longer_in_force),
        ("events that stand otherwise", difference.events_changed),
    ):
        untold = [change for change in changes if change.after.event_id not in told]
        told.update(change.after.event_id for change in untold)
        yield title, [_change(change, names[change.after.event_id]) for change in untold]
    yield "events signed again", [["~", safe_text(names[name])] for name in difference.events_signed_again]
    yield "keys added", [_key("+", key) for key in difference.keys_added]
    yield "keys removed", [_key("-", key) for key in difference.keys_removed]
    yield "keys of other documents", [_key("~", key) for _, key in difference.keys_changed]


def _event(mark: str, event: EventSummary, name: str) -> list[str]:
    parts = [event.event_type, event.signer_id, event.created_at]
    return [mark, safe_text(name), *(shortened(part) for part in parts if part), _standing(event)]


def _change(change: StandingChange, name: str) -> list[str]:
    event_type = change.after.event_type or change.before.event_type
    parts = [shortened(event_type)] if event_type else []
    return ["~", safe_text(name), *parts, f"{_standing(change.before)} -> {_standing(change.after)}"]


def _standing(event: EventSummary) -> str:
    if event.standing is Standing.INVALID:
        return f"{said(event.standing)}: {shortened(event.reason)}"
    return said(event.standing)


def _key(mark: str, key: KeyDocument) -> list[str]:
    return [mark, shortened(key.key_id), shortened(key.fingerprint_sha256_hex)]


def _values(change: FieldChange) -> Sequence[list[str]]:
    removed, added = ([_shown(value) for value in values] for values in (change.removed, change.added))
    return [*(["-", text] for text in removed), *(["+", text] for text in added)]


def _shown(value: JsonValue) -> str:
    return shortened(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True))
