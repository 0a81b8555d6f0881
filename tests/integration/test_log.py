"""``pithbuilder log``: the history for a person, for a program, and as a picture."""

from __future__ import annotations

import json
import os
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import attrs
import pexpect
import pytest

from pithbuilder.documents.bundle import Bundle
from tests.integration.test_show import HOSTILE, dangers
from tests.support.cli import PUBLISHED, code_of, environment, run
from tests.support.events import (
    AUTHOR,
    JOURNAL,
    RECORD_ID,
    SNAPSHOT_ID,
    author_claim,
    bundle_with,
    correction,
    signed_event,
)
from tests.support.programs import need_program

BUNDLE = PUBLISHED / "bundle-1805.08469v1.json"
STATE = PUBLISHED / "state-1710.02368v1.json"

CLAIM = signed_event("author_attestation", author_claim(), signer_id=AUTHOR, prev_event=RECORD_ID)
AGAIN = signed_event(
    "author_attestation",
    author_claim("Ada King"),
    signer_id=AUTHOR,
    prev_event=CLAIM.content.event_id,
    supersedes=[CLAIM.content.event_id],
    created_at="2026-05-19T00:00:00Z",
)
RIVALS = [
    signed_event("correction", correction(what), signer_id=JOURNAL, prev_event=SNAPSHOT_ID) for what in ("this", "that")
]
BROKEN = signed_event("correction", {"what": 1}, signer_id=JOURNAL, created_at="2026-05-20T00:00:00Z")
LOST = signed_event("correction", correction(), prev_event="sha256:" + "ab" * 32, created_at="2026-05-21T00:00:00Z")
UNKNOWN = signed_event("made_up_in_2050", {}, signer_id=JOURNAL, created_at="2026-05-22T00:00:00Z")
STANDINGS = {
    RECORD_ID: "in-force",
    SNAPSHOT_ID: "in-force",
    CLAIM.content.event_id: "superseded",
    AGAIN.content.event_id: "in-force",
    **{rival.content.event_id: "equivocating" for rival in RIVALS},
    BROKEN.content.event_id: "invalid",
    LOST.content.event_id: "invalid",
    UNKNOWN.content.event_id: "applied",
}


def written(path: Path, bundle: Bundle) -> Path:
    path.write_bytes(bundle.canonical_bytes)
    return path


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with events of every standing."""
    events = [AGAIN, LOST, *RIVALS, CLAIM, BROKEN, UNKNOWN]
    return written(tmp_path_factory.mktemp("rich") / "bundle.json", bundle_with(events))


def test_a_published_bundle() -> None:
    done = run("log", BUNDLE)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(BUNDLE.read_bytes())
    [record, snapshot] = (event["event_id"].removeprefix("sha256:")[:8] for event in document["events"])
    assert done.stdout == (
        f"{document['pith_number']}\n"
        "2 events: 2 in force\n"
        "\n"
        f"* {record}  record_created  in force\n"
        "  2026-05-18T00:15:26Z  pith.science\n"
        "\n"
        f"* {snapshot}  graph_snapshot  in force\n"
        "  2026-05-18T00:15:26Z  pith.science\n"
    )


def test_events_of_every_standing(rich: Path) -> None:
    done = run("log", rich)
    assert (done.returncode, done.stderr) == (0, "")
    for event_id in STANDINGS:
        assert done.stdout.count(f"{event_id.removeprefix('sha256:')[:8]}  ") == 1
    assert "9 events: 3 in force, 1 applied, 1 superseded, 2 equivocating, 2 invalid\n" in done.stdout
    assert "invalid: event-payload" in done.stdout
    assert "invalid: predecessor-missing" in done.stdout
    assert "follows abababababababab (not here)" in done.stdout
    claim = CLAIM.content.event_id.removeprefix("sha256:")[:8]
    again = AGAIN.content.event_id.removeprefix("sha256:")[:8]
    assert f"replaces {claim}\n" in done.stdout
    assert f"replaced by {again}\n" in done.stdout


def test_json(rich: Path) -> None:
    rows = run("log", rich, "--json").lines()
    assert {row["event_id"]: row["standing"] for row in rows} == STANDINGS
    by_id = {row["event_id"]: row for row in rows}
    assert by_id[CLAIM.content.event_id]["superseded_by"] == [AGAIN.content.event_id]
    assert by_id[AGAIN.content.event_id]["supersedes"] == [CLAIM.content.event_id]
    assert by_id[BROKEN.content.event_id]["reason"] == "event-payload"
    assert by_id[CLAIM.content.event_id]["signer_id"] == AUTHOR
    assert [row["standing"] for row in rows][-2:] == ["invalid", "invalid"]


@pytest.mark.parametrize("columns", ["80", "40", "24", "1"])
def test_narrow_terminals(rich: Path, columns: str) -> None:
    done = run("log", rich, env={"COLUMNS": columns})
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= max(int(columns), 24)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("no_color", [False, True])
def test_colours_in_a_real_terminal_only(rich: Path, no_color: bool) -> None:
    changes = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **({"NO_COLOR": "1"} if no_color else {})}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "pithbuilder", "log", str(rich)],
        env=environment(changes),
        dimensions=(24, 60),
        encoding="utf-8",
        timeout=60,
    )
    text = child.read()
    child.close()
    assert child.exitstatus == 0
    assert ("\x1b[31m" in text) is not no_color
    for colour in ("\x1b[32m", "\x1b[34m", "\x1b[90m", "\x1b[33m", "\x1b[31m", "\x1b[1m", "\x1b[0m"):
        text = text.replace(colour, "")
    assert dangers(text.replace("\r\n", "\n")) == set()
    assert max(map(len, text.split("\r\n"))) <= 60


# ---- Hostile text ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A bundle for each hostile text, which stands wherever an event has room for one."""
    root = tmp_path_factory.mktemp("hostile")
    found = {}
    for number, (name, text) in enumerate(HOSTILE.items()):
        event = signed_event(text, {}, signer_id=text, target=text, prev_event=text, supersedes=[text])
        found[name] = written(root / f"{number}.json", bundle_with([event]))
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_never_reaches_the_terminal(hostile: dict[str, Path], name: str) -> None:
    for options in ([], ["--json"], ["--dot"]):
        done = run("log", hostile[name], *options)
        assert done.returncode == 0
        assert dangers(done.stdout.replace("\t", " ") if options == ["--dot"] else done.stdout) == set()
    row = run("log", hostile[name], "--json").lines()[-1]
    assert (row["event_type"], row["signer_id"], row["prev_event"]) == (HOSTILE[name],) * 3


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_in_a_picture(hostile: dict[str, Path], name: str) -> None:
    need_program("dot")
    done = run("log", hostile[name], "--svg")
    assert (done.returncode, done.stderr) == (0, "")
    root = ElementTree.fromstring(done.stdout)
    shown = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "invalid: predecessor-missing" in shown
    assert not any(element.tag.endswith(("script", "image")) for element in root.iter())


# ---- Pictures and files ------------------------------------------------------------------------------------------


def test_dot_and_svg(rich: Path, tmp_path: Path) -> None:
    need_program("dot")
    dot = run("log", rich, "--dot")
    assert dot.stdout.startswith("digraph history {")
    assert run("log", rich, "--dot", env={"PYTHONHASHSEED": "7"}).stdout == dot.stdout
    svg = run("log", rich, "--svg", "--out", tmp_path / "history.svg")
    assert (svg.returncode, svg.stdout, svg.stderr) == (0, "", "")
    root = ElementTree.parse(tmp_path / "history.svg").getroot()
    shown = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert bundle_with([]).content.pith_number in shown
    for event_id in STANDINGS:
        assert event_id.removeprefix("sha256:")[:8] in shown


@pytest.mark.parametrize("options", [[], ["--json"], ["--dot"]])
def test_what_is_written_to_a_file_is_what_is_printed(rich: Path, tmp_path: Path, options: list[str]) -> None:
    done = run("log", rich, *options, "-o", tmp_path / "new" / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "new" / "out").read_text(encoding="utf-8") == run("log", rich, *options).stdout


def test_without_graphviz(rich: Path, tmp_path: Path) -> None:
    done = run("log", rich, "--svg", "-o", tmp_path / "x.svg", env={"PATH": str(tmp_path)})
    assert (done.returncode, done.stdout, code_of(done)) == (1, "", "graphviz-missing")
    assert "apt-get install graphviz" in done.stderr
    assert [*tmp_path.iterdir()] == []
    assert run("log", rich, "--dot", env={"PATH": str(tmp_path)}).returncode == 0


def test_a_file_that_cannot_be_written(rich: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    done = run("log", rich, "-o", tmp_path / "file" / "out")
    assert (done.returncode, code_of(done)) == (1, "write-failed")


@pytest.mark.parametrize("options", [["--json", "--dot"], ["--json", "--svg"]])
def test_one_form_at_a_time(options: list[str]) -> None:
    done = run("log", BUNDLE, *options)
    assert (done.returncode, done.stdout) == (2, "")


# ---- Bad input ---------------------------------------------------------------------------------------------------


def test_a_state_is_refused() -> None:
    done = run("log", STATE)
    assert (done.returncode, done.stdout, code_of(done)) == (1, "", "document-kind")
    assert "a state does not hold its events" in done.stderr
    assert "bundle.json" in done.stderr


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json-syntax"),
        (b"[]", "json-not-an-object"),
        (b"{}", "document-kind"),
        (b'{"bundle_type": "x"}', "field-missing"),
        (BUNDLE.read_bytes()[:-100], "json-syntax"),
    ],
)
def test_broken_files(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "bundle.json"
    path.write_bytes(data)
    done = run("log", path)
    assert (done.returncode, done.stdout, code_of(done)) == (1, "", code)
    assert str(path) in done.stderr


def test_a_state_that_says_otherwise(tmp_path: Path) -> None:
    """The history is what the events amount to, and that the bundle lies is told."""
    lie = written(tmp_path / "bundle.json", bundle_with([CLAIM, AGAIN], state=bundle_with([CLAIM]).content.state))
    done = run("log", lie)
    assert done.returncode == 0
    assert "4 events: 3 in force, 1 superseded" in done.stdout
    assert done.stderr.startswith(f"note: {lie}: the bundle's own state is not what its events amount to")


def test_a_thousand_events(tmp_path: Path) -> None:
    need_program("dot")
    events = [CLAIM]
    for number in range(1, 1_000):
        earlier = events[number // 3].content.event_id if number % 3 else events[-1].content.event_id
        event = signed_event("author_attestation", author_claim(f"Ada {number}"), signer_id=AUTHOR, prev_event=earlier)
        events.append(attrs.evolve(event))
    path = written(tmp_path / "bundle.json", bundle_with(events))
    started = time.monotonic()
    assert len(run("log", path, "--json").lines()) == 1_002
    text = run("log", path).stdout
    assert "1002 events: " in text
    assert max(map(len, text.splitlines())) <= 80
    root = ElementTree.fromstring(run("log", path, "--svg").stdout)
    assert len(root.findall(".//{http://www.w3.org/2000/svg}g[@class='node']")) == 1_002
    assert time.monotonic() - started < 60 * (1 + 2 * bool(os.environ.get("CI")))
