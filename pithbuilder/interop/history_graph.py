"""A history as a picture: DOT by the library ``graphviz``, SVG by the program ``dot`` (https://graphviz.org).

The program is run here, not by the library, which knows no time limit.
"""

from __future__ import annotations

import html
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isqrt
from typing import Final, NamedTuple

import graphviz

from pithbuilder.errors import InteropError, printable
from pithbuilder.merge.history import HistoryEntry, Standing, short_names

MAX_SVG_LINES: Final = 5_000
"""How many events and links between them a picture may have; a larger one takes ``dot`` too long."""
SVG_TIMEOUT_SECONDS: Final = 60.0

_FONT: Final = "Helvetica,Arial,sans-serif"
_LONGEST_TEXT: Final = 40
_WIDEST_ROW: Final = 8
_MOST_RANKS: Final = 4  # dot takes long for many long lines
_ENTITY: Final = re.compile(r"&(?=#?[0-9A-Za-z]+;)")


class _Look(NamedTuple):
    fill: str
    line: str
    text: str


_LOOKS: Final[Mapping[Standing, _Look]] = {
    Standing.IN_FORCE: _Look("#e4f5e9", "#2f855a", "#1c4532"),
    Standing.APPLIED: _Look("#e6f0fb", "#2b6cb0", "#1a365d"),
    Standing.SUPERSEDED: _Look("#f3f3f3", "#a0a0a0", "#5c5c5c"),
    Standing.EQUIVOCATING: _Look("#fff3d1", "#b7791f", "#5f370e"),
    Standing.INVALID: _Look("#fde5e5", "#c53030", "#742a2a"),
}


def draw_dot(pith_number: str, entries: Sequence[HistoryEntry]) -> str:
    """Return a history as a graph in the DOT language; the same history always gives the same text.

    An arrow leads from each event to those that it names: solid to the one that it follows, dashed to those that it
    replaces. What is named and not there is shown as such.

    Args:
        pith_number: The number.
        entries: As :func:`~pithbuilder.merge.history.read_history` returns them.
    """
    graph = graphviz.Digraph("history", graph_attr=_graph_attributes(pith_number, entries))
    graph.attr("node", shape="box", style="rounded,filled", fontname=_FONT, fontsize="11", margin="0.16,0.09")
    graph.attr("edge", color="#4a5568", arrowsize="0.7")
    nodes = {entry.event_id: f"event{place}" for place, entry in enumerate(entries, start=1)}
    names = short_names(nodes)
    for place, entry in enumerate(entries, start=1):
        look = _LOOKS[entry.standing]
        graph.node(
            nodes[entry.event_id],
            _label(entry, place, names[entry.event_id]),
            tooltip=entry.event_id,
            fillcolor=look.fill,
            color=look.line,
            fontcolor=look.text,
        )
    links = _links(entries)
    absent = sorted({name for _, name, _ in links if name not in nodes})
    for number, name in enumerate(absent, start=1):
        nodes[name] = f"absent{number}"
        text = _joined(["not here", name.removeprefix("sha256:")[:16]])
        graph.node(nodes[name], text, style="rounded,dashed", color="#c53030", fontcolor="#742a2a")
    spread = _spread(links)
    for link in links:
        later, earlier, replaces = link
        attributes = {"style": "dashed", "color": "#b7791f"} if replaces else {}
        if spread[link] > 1:
            attributes["minlen"] = str(spread[link])
        graph.edge(nodes[earlier], nodes[later], dir="back", **attributes)
    for above, below in _stacked([entry.event_id for entry in entries], links):
        graph.edge(nodes[above], nodes[below], style="invis")
    return str(graph.source)


def draw_svg(pith_number: str, entries: Sequence[HistoryEntry], *, timeout: float = SVG_TIMEOUT_SECONDS) -> bytes:
    """Return a history as an SVG picture, UTF-8; see :func:`draw_dot`.

    Args:
        pith_number: The number.
        entries: As :func:`~pithbuilder.merge.history.read_history` returns them.
        timeout: How many seconds ``dot`` may take.

    Raises:
        InteropError: ``graphviz-missing``, ``graphviz-failed``, ``graphviz-timeout``; ``graph-too-large``: more than
            5,000 events and links.
    """
    size = len(entries) + len(_links(entries))
    if size > MAX_SVG_LINES:
        raise InteropError(
            "graph-too-large",
            "history is too large for a picture",
            expected=f"at most {MAX_SVG_LINES} events and links",
            found=str(size),
            hint="print it with --dot, and lay it out with a program for large graphs, such as sfdp",
        )
    command = ("dot", "-Tsvg")
    source = draw_dot(pith_number, entries).encode("utf-8")
    try:
        done = subprocess.run(command, input=source, capture_output=True, timeout=timeout, check=True)  # noqa: S603
    except FileNotFoundError as error:
        raise InteropError(
            "graphviz-missing",
            "the program dot is not installed",
            hint="install Graphviz (Debian: apt-get install graphviz), or print DOT with --dot",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise InteropError(
            "graphviz-timeout",
            "the program dot took too long",
            expected=f"a picture within {timeout:g} seconds",
            hint="print it with --dot, and lay it out with a program for large graphs, such as sfdp",
        ) from error
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode("utf-8", "replace").strip()
        found = printable(told or f"status {error.returncode}")
        raise InteropError("graphviz-failed", "the program dot failed", found=found) from error
    except OSError as error:
        raise InteropError(
            "graphviz-failed", "the program dot cannot be run", found=printable(error.strerror or str(error))
        ) from error
    return done.stdout


class _Link(NamedTuple):
    later: str
    earlier: str
    replaces: bool


def _links(entries: Sequence[HistoryEntry]) -> list[_Link]:
    """Return each link once: from an event to what it names, following before replacing."""
    links: list[_Link] = []
    for entry in entries:
        content = entry.event.content
        if content.prev_event is not None:
            links.append(_Link(entry.event_id, content.prev_event, replaces=False))
        links.extend(_Link(entry.event_id, name, replaces=True) for name in sorted(set(content.supersedes)))
    return links


def _spread(links: Sequence[_Link]) -> dict[_Link, int]:
    """Return how many ranks each link spans: what hangs at one event in great numbers is set below one another."""
    named = {link.earlier for link in links}
    linked = Counter(link.later for link in links)
    leaves: defaultdict[str, list[_Link]] = defaultdict(list)
    for link in links:
        if link.later not in named and linked[link.later] == 1:
            leaves[link.earlier].append(link)
    spans = dict.fromkeys(links, 1)
    for hanging in leaves.values():
        ranks = min(1 + (len(hanging) - 1) // _WIDEST_ROW, _MOST_RANKS)
        for number, link in enumerate(hanging):
            spans[link] = 1 + number % ranks
    return spans


def _stacked(event_ids: Sequence[str], links: Sequence[_Link]) -> list[tuple[str, str]]:
    """Return the pairs of events that are set one below the other because nothing links them with any."""
    linked = {name for link in links for name in (link.later, link.earlier)}
    alone = [event_id for event_id in event_ids if event_id not in linked]
    height = 1 + isqrt(max(len(alone) - 1, 0))
    return [(above, below) for at, (above, below) in enumerate(pairwise(alone), 1) if at % height]


def _label(entry: HistoryEntry, place: int, name: str) -> str:
    content = entry.event.content
    lines = [f"{place}  {_cut(content.event_type)}", _cut(content.signer.signer_id), content.created_at, name]
    if entry.standing is not Standing.IN_FORCE:
        lines.append(entry.standing.value + (f": {_cut(entry.reason)}" if entry.reason else ""))
    return _joined(lines)


def _graph_attributes(pith_number: str, entries: Sequence[HistoryEntry]) -> dict[str, str]:
    """Return the picture's own settings; its label is an HTML-like table: the number, and a legend."""
    counts = Counter(entry.standing for entry in entries)
    cells = "".join(
        f'<TD BGCOLOR="{_LOOKS[standing].fill}" COLOR="{_LOOKS[standing].line}" BORDER="1" STYLE="ROUNDED">'
        f'<FONT COLOR="{_LOOKS[standing].text}">{standing.value.replace("-", " ")}: {counts[standing]}</FONT></TD>'
        for standing in Standing
        if counts[standing]
    )
    title = html.escape(_shown(_cut(pith_number)))
    table = (
        '<<TABLE BORDER="0" CELLSPACING="6" CELLPADDING="4"><TR><TD COLSPAN="7">'
        f'<FONT POINT-SIZE="16"><B>{title}</B></FONT></TD></TR>'
        f"<TR>{cells}<TD>&#8594; follows</TD>"
        '<TD><FONT COLOR="#b7791f">&#8674; replaces</FONT></TD></TR><TR><TD HEIGHT="8"></TD></TR></TABLE>>'
    )
    return {
        "label": table,
        "labelloc": "t",
        "charset": "UTF-8",
        "fontname": _FONT,
        "fontsize": "11",
        "nodesep": "0.3",
        "ranksep": "0.45",
        "pad": "0.3",
    }


def _joined(lines: Sequence[str]) -> str:
    """Return a label of several lines, in which nothing but the ends of the lines has a meaning to Graphviz."""
    label: str = graphviz.nohtml(r"\n".join(graphviz.escape(_shown(line)) for line in lines))
    return label


def _shown(text: str) -> str:
    """Return text with what is not printed, and the ``&`` of what looks like an entity, as escapes.

    Versions of Graphviz differ in whether they take ``&#27;`` for an entity, which XML would refuse.
    """
    visible = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
    return _ENTITY.sub(r"\\x26", visible)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
