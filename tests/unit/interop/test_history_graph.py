"""The picture of a history: DOT that says the same every time, and SVG in which hostile text is only text."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pithbuilder.errors import InteropError
from pithbuilder.interop.history_graph import MAX_SVG_LINES, draw_dot, draw_svg
from pithbuilder.merge.history import HistoryEntry, read_history
from tests.support.merge_oracle import Draft, events_of, fold, name_of
from tests.support.programs import need_program
from tests.support.random_graphs import graphs

A, B, C, D = (name_of(letter) for letter in "ABCD")
NUMBER = "pith:2020:E36EDGH2SNBWAC4DQWVOFJQLC6"
HOSTILE = [
    '"',
    "\\",
    '\\"',
    'a"]; evil [label="b',
    "<b>bold</b>",
    "<<TABLE></TABLE>>",
    "&#27;[31m &#0; &lt; &nbsp; &amp;",
    "&",
    "A & B",
    "\\N \\G \\l \\n \\",
    "line\nbreak\r\ttab",
    "\x00\x1b[31m\x7f\x9b",
    "\u202egnp.exe\u2028",
    "{|}<port>",
    "漢字 é \U0001f600",
    "\ufffe\uffff",
    "]]>",
    "x" * 500,
    "%s %d",
    "//",
    "#",
]


def history(*drafts: Draft) -> tuple[HistoryEntry, ...]:
    events = events_of(drafts)
    return read_history(events, fold(events).content)


def parsed(dot: str) -> tuple[dict[str, dict[str, str]], list[tuple[str, str, str]]]:
    """Return what Graphviz itself reads: each node's attributes, and each edge with its style."""
    done = subprocess.run(["dot", "-Tdot_json"], input=dot.encode(), capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    value = json.loads(done.stdout)
    nodes = {node["name"]: node for node in value["objects"]}
    names = {node["_gvid"]: node["name"] for node in value["objects"]}
    edges = [(names[edge["tail"]], names[edge["head"]], edge.get("style", "solid")) for edge in value.get("edges", [])]
    return nodes, edges


def texts(svg: bytes) -> list[str]:
    """Return the texts of a picture, as an XML parser reads them; blanks that are there for ever are blanks."""
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return ["".join(text.itertext()).replace("\xa0", " ") for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_nodes_and_edges() -> None:
    need_program("dot")
    dot = draw_dot(
        NUMBER,
        history(
            Draft(event_id=A),
            Draft(event_id=B, prev_event=A, supersedes=(A,), created_at="2027-01-01T00:00:00Z"),
            Draft(event_id=C, prev_event="sha256:nowhere"),
        ),
    )
    nodes, edges = parsed(dot)
    assert sorted(nodes) == ["absent1", "event1", "event2", "event3"]
    assert sorted(edges) == [
        ("absent1", "event3", "solid"),
        ("event1", "event2", "dashed"),
        ("event1", "event2", "solid"),
    ]
    assert [nodes[f"event{number}"]["tooltip"] for number in (1, 2, 3)] == [A, B, C]
    assert nodes["event1"]["label"].endswith(r"\nsuperseded")
    assert nodes["event3"]["label"].endswith(r"\ninvalid: predecessor-missing")
    assert nodes["absent1"]["label"] == r"not here\nnowhere"
    assert len({nodes[f"event{number}"]["fillcolor"] for number in (1, 2, 3)}) == 3


@settings(max_examples=50, deadline=None)
@given(graphs(), st.randoms(use_true_random=False))
def test_the_same_history_gives_the_same_bytes(drafts: list[Draft], chance: object) -> None:
    expected = draw_dot(NUMBER, history(*drafts))
    assert draw_dot(NUMBER, history(*drafts[::-1])) == expected
    chance.shuffle(drafts)  # type: ignore[attr-defined]
    assert draw_dot(NUMBER, history(*drafts)) == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs())
def test_every_link_is_drawn(drafts: list[Draft]) -> None:
    need_program("dot")
    entries = history(*drafts)
    nodes, edges = parsed(draw_dot(NUMBER, entries))
    by_name = {name: node["tooltip"] for name, node in nodes.items() if name.startswith("event")}
    assert sorted(by_name.values()) == sorted(draft.event_id for draft in drafts)
    drawn = {
        (by_name[head], by_name.get(tail, "absent"), style == "dashed")
        for tail, head, style in edges
        if style != "invis"
    }
    ids = {draft.event_id for draft in drafts}
    follows = {(draft.event_id, draft.prev_event, False) for draft in drafts if draft.prev_event is not None}
    replaces = {(draft.event_id, name, True) for draft in drafts for name in draft.supersedes}
    assert drawn == {(one, name if name in ids else "absent", style) for one, name, style in follows | replaces}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_only_text(text: str) -> None:
    need_program("dot")
    drafts = [
        Draft(event_id=A, event_type=text, signer_id=text),
        Draft(event_id=B, prev_event=text, copies=(text,)),
        Draft(event_id=C, supersedes=(text + "2",)),
    ]
    entries = history(*drafts)
    nodes, _ = parsed(draw_dot(text, entries))
    assert len(nodes) == 5
    shown = texts(draw_svg(text, entries))
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for line in shown for character in line)
    if text.isprintable() and "&" not in text and len(text) < 40:
        assert [line.split() for line in shown].count(text.split()) >= 2  # the title and the signer


def test_an_ampersand_is_one_and_what_looks_like_an_entity_is_none() -> None:
    need_program("dot")
    shown = texts(draw_svg(NUMBER, history(Draft(event_id=A, signer_id="A & B &#27; &lt;"))))
    assert r"A & B \x26#27; \x26lt;" in shown


def test_no_events() -> None:
    need_program("dot")
    assert NUMBER in texts(draw_svg(NUMBER, ()))


@pytest.mark.parametrize("shape", ["alone", "star", "chain"])
def test_a_thousand_events(shape: str) -> None:
    need_program("dot")
    drafts = [Draft(event_id=name_of(0))]
    for number in range(1, 1_000):
        prev_event = {"alone": None, "star": name_of(0), "chain": name_of(number - 1)}[shape]
        drafts.append(Draft(event_id=name_of(number), signer_id=str(number), prev_event=prev_event))
    svg = draw_svg(NUMBER, history(*drafts))
    root = ElementTree.fromstring(svg)
    width, height = (float(root.attrib[side].removesuffix("pt")) for side in ("width", "height"))
    assert len([line for line in texts(svg) if "graph_snapshot" in line]) == 1_000
    if shape == "alone":
        assert 0.2 < width / height < 5


# ---- What can go wrong -------------------------------------------------------------------------------------------


def refusal(*drafts: Draft, timeout: float = 60.0) -> InteropError:
    with pytest.raises(InteropError) as caught:
        draw_svg(NUMBER, history(*drafts), timeout=timeout)
    return caught.value


def put_in_the_way(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another program of the name be found instead."""
    program = directory / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/bin:/usr/bin")


def test_without_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refusal(Draft(event_id=A))
    assert error.code == "graphviz-missing"
    assert "apt-get install graphviz" in error.hint


def test_a_program_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put_in_the_way(tmp_path, r"printf 'no \033[31m' >&2; exit 3", monkeypatch)
    error = refusal(Draft(event_id=A))
    assert (error.code, error.found) == ("graphviz-failed", r"'no \x1b[31m'")


def test_a_program_that_cannot_be_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put_in_the_way(tmp_path, "", monkeypatch)
    (tmp_path / "dot").write_bytes(b"\x7fELF")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(Draft(event_id=A)).code == "graphviz-failed"


def test_a_program_that_takes_too_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    put_in_the_way(tmp_path, "exec sleep 60", monkeypatch)
    error = refusal(Draft(event_id=A), timeout=0.2)
    assert (error.code, error.expected) == ("graphviz-timeout", "a picture within 0.2 seconds")


def test_too_many_events() -> None:
    error = refusal(*(Draft(event_id=name_of(number)) for number in range(MAX_SVG_LINES + 1)))
    assert (error.code, error.found) == ("graph-too-large", str(MAX_SVG_LINES + 1))


def test_too_many_links() -> None:
    names = tuple(name_of(number) for number in range(MAX_SVG_LINES))
    assert refusal(Draft(event_id=A, supersedes=names)).code == "graph-too-large"
