"""The order of application, and what has no place in it (rules 3 to 5 of ``pith-open-graph-merge-v1``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from itertools import accumulate
from typing import Any, Final, TypeAlias

from pithbuilder.documents.event import RECORD_CREATED
from pithbuilder.documents.state import Equivocation
from pithbuilder.merge.event import MergeEvent

PREDECESSOR_MISSING: Final = "predecessor-missing"
PREDECESSOR_CYCLE: Final = "predecessor-cycle"
SUPERSEDES_OTHER_SIGNER: Final = "supersedes-other-signer"

Contents: TypeAlias = Mapping[str, MergeEvent[Any]]
"""Event identifier to what merging knows of the event."""


def order_events(contents: Contents) -> tuple[list[str], dict[str, str]]:
    """Return the events' identifiers in the order of application, and the misfits with their reasons.

    An event comes after everything that it names in ``prev_event`` and ``supersedes``; among those that may
    come next, ``record_created`` is first, then the earlier ``created_at``, then the smaller identifier.

    Args:
        contents: Event identifier to content, of events that are valid taken one by one.

    Returns:
        Identifiers in order; and identifier to reason code for events that supersede another signer's event
        (``supersedes-other-signer``), rest on an event that is not there or not valid
        (``predecessor-missing``), or on themselves in a circle (``predecessor-cycle``).
    """
    if not any(content.supersedes or content.prev_event is not None for content in contents.values()):
        return [rank[2] for rank in sorted(map(_rank, contents, contents.values()))], {}  # nothing waits for another
    misfits = {
        event_id: SUPERSEDES_OTHER_SIGNER
        for event_id, content in contents.items()
        if content.supersedes and _supersedes_other_signer(content, contents)
    }
    waiting_for: dict[str, int] = {}
    followers: defaultdict[str, list[str]] = defaultdict(list)
    ready: list[tuple[bool, str, str]] = []
    missing: list[str] = []
    for event_id, content in contents.items():
        if event_id in misfits:
            continue
        if not content.supersedes and content.prev_event is None:
            ready.append(_rank(event_id, content))
            continue
        predecessors = _predecessors(content)
        for predecessor in predecessors:
            followers[predecessor].append(event_id)
        waiting_for[event_id] = len(predecessors)
        if any(name not in contents or name in misfits for name in predecessors):
            missing.append(event_id)
    heapify(ready)
    order: list[str] = []
    while ready:
        event_id = heappop(ready)[2]
        order.append(event_id)
        for follower in followers.get(event_id, ()):
            waiting_for[follower] -= 1
            if waiting_for[follower] == 0:
                heappush(ready, _rank(follower, contents[follower]))
    while missing:  # whatever rests on a missing event, directly or through others
        event_id = missing.pop()
        if event_id not in misfits:
            misfits[event_id] = PREDECESSOR_MISSING
            missing.extend(followers.get(event_id, ()))
    for event_id, count in waiting_for.items():
        if count and event_id not in misfits:
            misfits[event_id] = PREDECESSOR_CYCLE
    return order, misfits


def find_equivocations(order: list[str], contents: Contents) -> list[Equivocation]:
    """Return the groups of valid events in which one signer contradicts itself, sorted.

    A group is: events of one signer with the same target and the same ``prev_event``; or ``record_created``
    events of one signer, each of which neither supersedes nor is superseded by some other of them, directly or
    through others.

    Args:
        order: Identifiers in the order of application.
        contents: Event identifier to content.
    """
    if not _can_equivocate(contents):
        return []
    successors: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    by_signer: defaultdict[str, list[str]] = defaultdict(list)
    for event_id in order:
        content = contents[event_id]
        signer_id = content.signer_id
        if content.prev_event is not None:
            successors[signer_id, content.target, content.prev_event].append(event_id)
        by_signer[signer_id].append(event_id)
    groups = [
        Equivocation(signer_id=signer_id, target=target, prev_event=prev_event, event_ids=tuple(sorted(ids)))
        for (signer_id, target, prev_event), ids in successors.items()
        if len(ids) > 1
    ]
    for signer_id, ids in by_signer.items():
        rivals = _rivals(ids, contents)
        if rivals:
            groups.append(
                Equivocation(
                    signer_id=signer_id,
                    target=contents[rivals[0]].target,
                    prev_event=None,
                    event_ids=tuple(sorted(rivals)),
                )
            )
    return sorted(groups, key=lambda group: (group.signer_id, group.target, group.prev_event or "", group.event_ids))


def _can_equivocate(contents: Contents) -> bool:
    """Say whether there can be a group at all: two records of one signer, or any ``prev_event``."""
    recorders: set[str] = set()
    for content in contents.values():
        if content.prev_event is not None:
            return True
        if content.event_type == RECORD_CREATED:
            if content.signer_id in recorders:
                return True
            recorders.add(content.signer_id)
    return False


def _rivals(order: list[str], contents: Contents) -> list[str]:
    """Return those records of one signer that some other record neither supersedes nor is superseded by.

    Whatever supersedes an event is the same signer's (others are misfits), so one signer's events are enough; and it
    comes later in the order, so a record can only be superseded by later ones and supersede earlier ones.

    Say the records stand at 0, 1, 2 … and ``above[j]`` is the first of them that supersedes the one at ``j``, directly
    or through events that are no records: from ``j``, every step from record to record leads to ``above[j]`` or beyond.
    So the record at ``i`` supersedes all earlier ones just if ``above[j] <= i`` for every ``j < i``: then whoever goes
    on from ``j`` by first steps passes no record by, up to ``i``; else some ``j`` has only ways that pass ``i`` by.
    The other way round, it is superseded by all later ones just if no ``below[j]``, the last that ``j`` supersedes
    likewise, is less than ``i``.

    Args:
        order: The signer's events in the order of application: what is superseded comes first.
        contents: Event identifier to content.
    """
    records = [event_id for event_id in order if contents[event_id].event_type == RECORD_CREATED]
    count = len(records)
    if count < 2:
        return []
    place = {event_id: index for index, event_id in enumerate(records)}
    above: dict[str, int] = {}
    for event_id in reversed(order):
        first = place.get(event_id, above.get(event_id, count))
        for name in contents[event_id].supersedes:
            if first < above.get(name, count):
                above[name] = first
    below: dict[str, int] = {}
    for event_id in order:
        names = contents[event_id].supersedes
        if names:
            below[event_id] = max(place.get(name, below.get(name, -1)) for name in names)
    # For each record, the farthest that a first step of an earlier, or of a later one, leads.
    farthest_up = accumulate((above.get(event_id, count) for event_id in records[:-1]), max, initial=-1)
    farthest_down = accumulate((below.get(event_id, -1) for event_id in records[:0:-1]), min, initial=count)
    return [
        event_id
        for index, (event_id, up, down) in enumerate(zip(records, farthest_up, [*farthest_down][::-1], strict=True))
        if up > index or down < index
    ]


def _rank(event_id: str, content: MergeEvent[Any]) -> tuple[bool, str, str]:
    return content.event_type != RECORD_CREATED, content.created_at, event_id


def _predecessors(content: MergeEvent[Any]) -> set[str]:
    names = set(content.supersedes)
    if content.prev_event is not None:
        names.add(content.prev_event)
    return names


def _supersedes_other_signer(content: MergeEvent[Any], contents: Contents) -> bool:
    return any(name in contents and contents[name].signer_id != content.signer_id for name in content.supersedes)
