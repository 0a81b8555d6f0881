"""A history as text: one block for each event, and at its left lines to the events that it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Final, NamedTuple

from rich.cells import cell_len, chop_cells

from pithbuilder.cli.output import safe_text
from pithbuilder.merge.history import HistoryEntry, Standing, short_names

_MARKS: Final = {
    Standing.IN_FORCE: "*",
    Standing.APPLIED: "*",
    Standing.SUPERSEDED: "o",
    Standing.EQUIVOCATING: "?",
    Standing.INVALID: "x",
}
_NARROWEST: Final = 24
_MOST_LANES: Final = 12
_MOST_NAMES: Final = 6
_LONGEST_TEXT: Final = 100


class HistoryLine(NamedTuple):
    """One line.

    Attributes:
        graph: What stands at the left.
        text: What stands behind it; safe for a terminal.
        standing: On the first line of an event, what has become of it.
    """

    graph: str
    text: str
    standing: Standing | None = None

    def __str__(self) -> str:
        return f"{self.graph} {self.text}".rstrip() if self.graph else self.text


def history_lines(pith_number: str, entries: Sequence[HistoryEntry], width: int) -> Iterator[HistoryLine]:
    """Yield the lines of a history.

    An event's mark tells its standing: ``*`` it counts, ``o`` superseded, ``?`` contradicted by its own signer, ``x``
    invalid. A line runs down from each event to the last of those that it is linked with; into the mark it comes as
    ``--`` where one follows the other, as ``==`` where it replaces it. Where there are too many lines for the width,
    the last column (``:``) stands for several.

    Args:
        pith_number: The number.
        entries: As :func:`~pithbuilder.merge.history.read_history` returns them.
        width: Columns of the terminal; below 24 it is taken as 24.
    """
    width = max(width, _NARROWEST)
    for text in (*wrapped([safe_text(pith_number)], width), *wrapped([_tally(entries)], width)):
        yield HistoryLine("", text)
    places = {entry.event_id: place for place, entry in enumerate(entries)}
    names = short_names(places)
    lanes = _Lanes(entries, places, most=min(_MOST_LANES, width // 6))
    for place, entry in enumerate(entries):
        yield HistoryLine(lanes.between(), "")
        at_mark, below = lanes.draw(place, _MARKS[entry.standing])
        indent = max(len(at_mark), len(below))
        graph, standing = at_mark, entry.standing
        for number, text in enumerate(_block(entry, place, places, names, width - indent - 1)):
            yield HistoryLine(graph.ljust(indent), text, standing if number == 0 else None)
            graph = below


def _tally(entries: Sequence[HistoryEntry]) -> str:
    counts = Counter(entry.standing for entry in entries)
    parts = [f"{counts[standing]} {said(standing)}" for standing in Standing if counts[standing]]
    return f"{len(entries)} event{'' if len(entries) == 1 else 's'}" + (f": {', '.join(parts)}" if parts else "")


def said(standing: Standing) -> str:
    """Return a standing as people say it."""
    return standing.value.replace("-", " ")


def shortened(text: str) -> str:
    """Return text of a document as it is shown: safe for a terminal, and cut where it is very long."""
    return safe_text(text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "...")


def _block(
    entry: HistoryEntry, place: int, places: Mapping[str, int], names: Mapping[str, str], width: int
) -> Iterator[str]:
    """Yield the lines that tell of one event."""
    content = entry.event.content

    def name(event_id: str) -> str:
        if event_id not in places:
            return f"{shortened(event_id.removeprefix('sha256:')[:16])} (not here)"
        return names[event_id] + (" (below)" if places[event_id] > place else "")

    standing = said(entry.standing) + (f": {shortened(entry.reason)}" if entry.reason else "")
    yield from wrapped([names[entry.event_id], shortened(content.event_type) or "(no type)", standing], width)
    yield from wrapped([content.created_at, shortened(content.signer.signer_id) or "(no signer)"], width)
    followed = [] if content.prev_event is None else [name(content.prev_event)]
    replaced = [name(event_id) for event_id in dict.fromkeys(content.supersedes)]
    replacing = [names[event_id] for event_id in entry.superseded_by]
    for verb, others in (("follows", followed), ("replaces", replaced), ("replaced by", replacing)):
        if others:
            more = [f"and {len(others) - _MOST_NAMES} more"] if len(others) > _MOST_NAMES else []
            yield from wrapped([verb, *others[:_MOST_NAMES], *more], width, gap=" ")


def wrapped(parts: Sequence[str], width: int, gap: str = "  ") -> Iterator[str]:
    """Yield lines of at most ``width`` columns: a part is broken only where it is longer than a line.

    Args:
        parts: What stands on the lines, safe for a terminal.
        width: At least 4 columns.
        gap: Stands between two parts.
    """
    line, indent = "", ""
    for part in parts:
        for number, word in enumerate(part.split(" ") if cell_len(part) > width - 2 else [part]):
            joint = " " if number else gap
            if line.strip() and cell_len(line) + len(joint) + cell_len(word) <= width:
                line += joint + word
                continue
            if line.strip():
                yield line
                indent = "  "
            while cell_len(indent + word) > width:
                piece = chop_cells(word, width - len(indent))[0]
                yield indent + piece
                word, indent = word[len(piece) :], "  "
            line = indent + word
    yield line


class _Lanes:
    """The lines at the left: each runs from the first to the last of the events that an event is linked with."""

    def __init__(self, entries: Sequence[HistoryEntry], places: Mapping[str, int], most: int) -> None:
        self._most = most
        self._earlier: list[dict[int, str]] = [{} for _ in entries]  # of each event those above it, and how linked
        self._last: dict[int, int] = {}  # event to the last one below that it is linked with
        for place, entry in enumerate(entries):
            content = entry.event.content
            for event_id, stroke in [(content.prev_event, "-"), *((name, "=") for name in content.supersedes)]:
                other = places.get(event_id, place) if event_id is not None else place
                if other != place:
                    above, below = sorted((place, other))
                    self._earlier[below][above] = stroke
                    self._last[above] = max(below, self._last.get(above, below))
        self._column: dict[int, int] = {}  # event to the column of its line
        self._open = [False] * most
        self._beyond = 0  # lines that have no column of their own
        self._free: list[int] = []
        self._columns = 0

    def between(self) -> str:
        """Return the lines that run on between two events."""
        cells = ["|" if is_open else " " for is_open in self._open] + [":" if self._beyond else " "]
        return " ".join(cells).rstrip()

    def draw(self, place: int, mark: str) -> tuple[str, str]:
        """Return what stands at the left of an event's first line, and of its other lines."""
        linked = {self._column[above]: (above, stroke) for above, stroke in self._earlier[place].items()}
        ending = sorted(column for column, (above, _) in linked.items() if self._last[above] == place)
        column = ending[0] if ending else self._take_column()
        row = self._row(column, mark, {other: stroke for other, (_, stroke) in linked.items()}, set(ending))
        for other in ending:
            self._close(other)
            if other != column:
                heappush(self._free, other)
        if place in self._last:
            self._column[place] = column
            self._mark_open(column)
        else:
            heappush(self._free, column)
        return row, self.between()

    def _row(self, column: int, mark: str, linked: Mapping[int, str], ending: set[int]) -> str:
        """Return the row of a mark, with strokes to the lines that it is linked with."""
        most = self._most
        here = min(column, most)
        cells = ["|" if is_open else " " for is_open in self._open] + [":" if self._beyond else " "]
        gaps = [" "] * most
        for other, stroke in sorted(linked.items()):
            slot = min(other, most)
            if slot == here:
                continue
            if slot < most:
                cells[slot] = "+" if other not in ending else "`" if slot < here else "'"
            for between in range(min(slot, here), max(slot, here)):
                gaps[between] = stroke if gaps[between] in (" ", stroke) else "-"
                if between > min(slot, here) and cells[between] == " ":
                    cells[between] = gaps[between]
        cells[here] = mark
        return "".join(cell + gap for cell, gap in zip(cells, [*gaps, ""], strict=True)).rstrip()

    def _take_column(self) -> int:
        if self._free:
            return heappop(self._free)
        self._columns += 1
        return self._columns - 1

    def _mark_open(self, column: int) -> None:
        if column < self._most:
            self._open[column] = True
        else:
            self._beyond += 1

    def _close(self, column: int) -> None:
        if column < self._most:
            self._open[column] = False
        else:
            self._beyond -= 1
