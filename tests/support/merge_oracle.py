"""The merge rules written again, slowly and directly, over plain values; and events to try them on.

:func:`merge` is a transcription of the rules of ``pith-open-graph-merge-v1``: sets, pairs and repeated passes where
the package has queues and counters. It knows nothing of the package.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import rfc8785

from pithbuilder.documents.alias import SourceAlias, SourceAliases
from pithbuilder.documents.base import OpaqueDocument
from pithbuilder.documents.event import Event, EventContent
from pithbuilder.documents.signature import EventSignature, EventSigner
from pithbuilder.documents.state import State
from pithbuilder.merge.fold import fold_events

PUBLISHED: Final = Path(__file__).parents[1] / "published"
BUNDLE: Final[dict[str, Any]] = json.loads((PUBLISHED / "bundle-1805.08469v1.json").read_text(encoding="utf-8"))
PITH_NUMBER: Final[str] = BUNDLE["pith_number"]
RECORD_PAYLOAD: Final[dict[str, Any]] = BUNDLE["events"][0]["payload"]
ALIASES: Final = SourceAliases((SourceAlias(alias_kind="arxiv", alias_value="x", created_at="2026-05-18T00:00:00Z"),))

LISTS: Final = {
    "graph_snapshot": "graph_snapshots",
    "author_attestation": "author_attestations",
    "timestamp_anchor": "timestamp_anchors",
    "storage_attestation": "storage_attestations",
    "citation_signature": "citation_signatures",
    "replication_record": "replication_records",
    "correction": "corrections",
    "mirror_hint": "mirror_hints",
}


@dataclass(frozen=True)
class Draft:
    """One event of a graph.

    Identifiers are given, not computed, where a graph is to have a circle: nobody can find one in SHA-256.

    ``copies`` holds one entry for each copy that arrives: None for a valid one, else why it is not.
    """

    event_id: str
    event_type: str = "graph_snapshot"
    target: str = "graph"
    signer_id: str = "a"
    created_at: str = "2026-05-18T00:00:00Z"
    prev_event: str | None = None
    supersedes: tuple[str, ...] = ()
    copies: tuple[str | None, ...] = (None,)
    payload: dict[str, Any] = field(default_factory=dict)

    @property
    def signer(self) -> dict[str, Any]:
        return {
            "key_id": "key-" + self.signer_id,
            "public_key_fingerprint": "0" * 32,
            "signer_id": self.signer_id,
            "signer_type": "pith_registry",
        }

    @property
    def whole_payload(self) -> dict[str, Any]:
        return RECORD_PAYLOAD if self.event_type == "record_created" else {"of": self.event_id, **self.payload}

    @property
    def named(self) -> set[str]:
        return {*self.supersedes} | ({self.prev_event} if self.prev_event is not None else set())


def name_of(index: object) -> str:
    """Return an identifier whose place in the order has nothing to do with the index."""
    return "sha256:" + hashlib.sha256(repr(index).encode()).hexdigest()


# ---- The rules ---------------------------------------------------------------------------------------------------


def merge(drafts: Iterable[Draft], aliases: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the state, digest included, as a plain object."""
    events = {draft.event_id: draft for draft in drafts if draft.copies}

    # Rules 1 and 2: an event is valid if any of its copies is; of several reasons, the smallest.
    reasons = {
        event_id: min(reason for reason in event.copies if reason is not None)
        for event_id, event in events.items()
        if None not in event.copies
    }
    valid = {event_id for event_id in events if event_id not in reasons}

    # Rule 5: only the same signer may supersede.
    intruders = {
        event_id
        for event_id in valid
        for name in events[event_id].supersedes
        if name in valid and events[name].signer_id != events[event_id].signer_id
    }
    reasons |= dict.fromkeys(intruders, "supersedes-other-signer")
    valid -= intruders

    # Rule 3: a missing predecessor, or one that is itself invalid for want of one; then the order; then circles.
    while rootless := {event_id for event_id in valid if not events[event_id].named <= valid}:
        reasons |= dict.fromkeys(rootless, "predecessor-missing")
        valid -= rootless
    order: list[str] = []
    while ready := [event_id for event_id in valid if event_id not in order and events[event_id].named <= {*order}]:
        order.append(
            min(
                ready,
                key=lambda event_id: (
                    0 if events[event_id].event_type == "record_created" else 1,
                    events[event_id].created_at,
                    event_id,
                ),
            )
        )
    reasons |= dict.fromkeys(valid - {*order}, "predecessor-cycle")
    valid = {*order}

    # Rule 4.
    groups: list[dict[str, Any]] = []
    for signer_id in {event.signer_id for event in events.values()}:
        mine = [event_id for event_id in order if events[event_id].signer_id == signer_id]
        for target, prev_event in {(events[event_id].target, events[event_id].prev_event) for event_id in mine}:
            rivals = [
                event_id
                for event_id in mine
                if (events[event_id].target, events[event_id].prev_event) == (target, prev_event)
            ]
            if prev_event is not None and len(rivals) >= 2:
                groups.append(group_of(signer_id, target, prev_event, rivals))
        records = [event_id for event_id in mine if events[event_id].event_type == "record_created"]
        unrelated = {
            event_id
            for pair in combinations(records, 2)
            if not reaches(events, *pair) and not reaches(events, *reversed(pair))
            for event_id in pair
        }
        if unrelated:
            groups.append(group_of(signer_id, "record", None, unrelated))
    groups.sort(key=lambda group: (group["signer_id"], group["target"], group["prev_event"] or "", group["event_ids"]))
    equivocating = {event_id for group in groups for event_id in group["event_ids"]}

    # Rules 5 and 6.
    applied = [event_id for event_id in order if event_id not in equivocating]
    standing = [event_id for event_id in applied if not any(event_id in events[other].supersedes for other in applied)]
    records = [event_id for event_id in standing if events[event_id].event_type == "record_created"]
    recorded = min(records, key=lambda event_id: place_of(events, applied, event_id), default=None)
    current: dict[str, Any] = {name: [] for name in LISTS.values()}
    current |= {"canonical_record": None, "record_created": None, "source_aliases": aliases}
    for event_id in standing:
        event = events[event_id]
        shown = {
            "event_id": event_id,
            "target": event.target,
            "created_at": event.created_at,
            "signer": event.signer,
            "payload": event.whole_payload,
        }
        if event.event_type == "record_created":
            if event_id == recorded:
                current["record_created"] = shown
                current["canonical_record"] = event.whole_payload["canonical_record"]
        elif event.event_type in LISTS:
            current[LISTS[event.event_type]].append(shown)
    state: dict[str, Any] = {
        "state_type": "pith_open_graph_state",
        "state_version": "1.0",
        "pith_number": PITH_NUMBER,
        "merge_version": "pith-open-graph-merge-v1",
        "event_count": len(events),
        "valid_event_count": len(valid),
        "invalid_event_count": len(reasons),
        "equivocation_count": len(groups),
        "current": current,
        "equivocations": groups,
        "invalid_events": [{"event_id": event_id, "reason": reasons[event_id]} for event_id in sorted(reasons)],
        "applied_event_ids": applied,
    }
    return {**state, "state_sha256": hashlib.sha256(rfc8785.dumps(state)).hexdigest()}


def group_of(signer_id: str, target: str, prev_event: str | None, event_ids: Iterable[str]) -> dict[str, Any]:
    return {"signer_id": signer_id, "target": target, "prev_event": prev_event, "event_ids": sorted(event_ids)}


def place_of(events: dict[str, Draft], applied: list[str], event_id: str) -> tuple[int, int]:
    """Return the place of an applied record: its own, or an earlier one of a record that it supersedes."""
    inherited = [
        place_of(events, applied, name)[0]
        for name in events[event_id].supersedes
        if name in applied and events[name].event_type == "record_created"
    ]
    own = applied.index(event_id)
    return min([own, *inherited]), own


def reaches(events: dict[str, Draft], later: str, earlier: str) -> bool:
    """Say whether one event supersedes another, directly or through others."""
    return any(name == earlier or reaches(events, name, earlier) for name in events[later].supersedes)


# ---- The package's side ------------------------------------------------------------------------------------------


def content_of(draft: Draft) -> EventContent:
    return EventContent(
        event_type=draft.event_type,
        subject_pith_number=PITH_NUMBER,
        target=draft.target,
        payload=OpaqueDocument.from_dict(draft.whole_payload),
        signer=EventSigner(
            signer_id=draft.signer_id,
            signer_type="pith_registry",
            key_id="key-" + draft.signer_id,
            public_key_fingerprint="0" * 32,
        ),
        created_at=draft.created_at,
        supersedes=draft.supersedes,
        prev_event=draft.prev_event,
    )


def event_of(content: EventContent, reason: str | None = None) -> Event:
    """Return an event whose signature says whether :func:`check_by_signature` is to take it."""
    signature = EventSignature(
        key_id=content.signer.key_id,
        public_key_fingerprint=content.signer.public_key_fingerprint,
        signature_b64=reason or "",
        signed_message="open_graph_event_sha256_bytes",
        signed_at="2026-05-18T00:00:00.000000Z",
    )
    return Event.sealed(content, signature)


def events_of(drafts: Sequence[Draft]) -> list[Event]:
    """Return every copy of every draft as an event of the package, under the identifier that the draft gives it."""
    events = []
    for draft in drafts:
        for reason in draft.copies:
            content = content_of(draft)
            vars(content)["event_id"] = draft.event_id
            events.append(event_of(content, reason))
    return events


def check_by_signature(event: Event) -> str | None:
    return event.signature.signature_b64 or None


def fold(events: Iterable[Event], aliases: SourceAliases = ALIASES) -> State:
    return fold_events(PITH_NUMBER, events, check=check_by_signature, source_aliases=aliases)
