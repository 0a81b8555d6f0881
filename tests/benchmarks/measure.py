"""Timing on a machine that others use too: contenders take turns, and only what they have in common is compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median


def interleaved_rounds(contenders: Mapping[str, Callable[[int], object]], rounds: int) -> dict[str, list[float]]:
    """Time every contender once in every round.

    The order turns from round to round, so that no contender always finds the caches as the same other one left
    them. What is counted is this process's time on the processor: being interrupted costs nothing.

    Args:
        contenders: Name to function; a function is called with the number of the round and must do the same
            amount of work as the others of that round.
        rounds: How many rounds to time, after one that is not counted.

    Returns:
        Name to seconds, one for each round.
    """
    names = list(contenders)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-1, rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            run = contenders[name]
            begin = time.process_time()
            run(number)
            spent = time.process_time() - begin
            if number >= 0:
                seconds[name].append(spent)
    return seconds


def median_ratio(seconds: Mapping[str, list[float]], name: str, to: str) -> float:
    """Return the median over all rounds of one contender's time divided by another's in the same round."""
    return median(one / other for one, other in zip(seconds[name], seconds[to], strict=True))


def format_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table for people: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in (head, rule, *rows)
    )
