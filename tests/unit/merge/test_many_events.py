"""A hundred thousand events: everything that could take quadratic time, memory, or the stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from pithbuilder.merge.event import MergeEvent
from pithbuilder.merge.fold import Merged, merge_events

Events = dict[str, MergeEvent[None]]
MANY = 100_000


def name(index: int) -> str:
    return f"sha256:{index:064}"


def event(event_type: str = "correction", *, prev: int | None = None, supersedes: Any = ()) -> MergeEvent[None]:
    prev_event = None if prev is None else name(prev)
    return MergeEvent(event_type, "record", "a", "2026-05-18T00:00:00Z", tuple(map(name, supersedes)), prev_event, None)


def chain(count: int) -> Events:
    return {name(n): event(prev=n - 1 if n else None) for n in reversed(range(count))}


def supersessions(count: int) -> Events:
    return {name(n): event(supersedes=[n - 1] if n else []) for n in reversed(range(count))}


def one_supersedes_all(count: int) -> Events:
    return {name(n): event() for n in range(count - 1)} | {name(count - 1): event(supersedes=range(count - 1))}


def one_group(count: int) -> Events:
    return {name(n): event(prev=0 if n else None) for n in range(count)}


def pairs(count: int) -> Events:
    return {name(n): event(prev=n // 2 - 1 if n > 1 else None) for n in range(count)}


def records(count: int) -> Events:
    return {name(n): event("record_created") for n in range(count)}


def records_in_a_row(count: int) -> Events:
    return {name(n): event("record_created", supersedes=[n - 1] if n else []) for n in reversed(range(count))}


def records_between_others(count: int) -> Events:
    return {
        name(n): event("correction" if n % 2 else "record_created", supersedes=[n - 1] if n else [])
        for n in range(count)
    }


def broken_chain(count: int) -> Events:
    return {name(n): event(prev=n - 1) for n in range(1, count + 1)}


def circle(count: int) -> Events:
    return {name(n): event(prev=(n + 1) % count) for n in range(count)}


# What they amount to: how many are applied, invalid, in groups of how many.
CASES: dict[str, tuple[Callable[[int], Events], Callable[[int], tuple[int, int, list[int]]]]] = {
    "chain": (chain, lambda n: (n, 0, [])),
    "supersessions": (supersessions, lambda n: (n, 0, [])),
    "one supersedes all": (one_supersedes_all, lambda n: (n, 0, [])),
    "one group": (one_group, lambda n: (1, 0, [n - 1])),
    "pairs": (pairs, lambda n: (2, 0, [2] * (n // 2 - 1))),
    "records": (records, lambda n: (0, 0, [n])),
    "records in a row": (records_in_a_row, lambda n: (n, 0, [])),
    "records between others": (records_between_others, lambda n: (n, 0, [])),
    "broken chain": (broken_chain, lambda n: (0, n, [])),
    "circle": (circle, lambda n: (0, n, [])),
}


def outcome(merged: Merged[None]) -> tuple[int, int, list[int]]:
    groups = [len(group.event_ids) for group in merged.equivocations]
    return len(merged.applied_event_ids), len(merged.invalid_events), groups


@pytest.mark.parametrize("case", CASES)
def test_a_hundred_thousand_events_merge(case: str) -> None:
    make, expected = CASES[case]
    assert outcome(merge_events(make(MANY), {})) == expected(MANY)


class Counted(Mapping[str, MergeEvent[None]]):
    """Events that count how often they are looked at."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self.looks = 0

    def __getitem__(self, key: str) -> MergeEvent[None]:
        self.looks += 1
        return self._events[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)


@pytest.mark.parametrize("case", CASES)
def test_twice_the_events_are_looked_at_twice_as_often(case: str) -> None:
    looks = []
    for count in (1_000, 2_000):
        events = Counted(CASES[case][0](count))
        merge_events(events, {})
        looks.append(events.looks)
    assert looks[1] <= 2.01 * looks[0]
    assert looks[0] <= 20 * 1_000
