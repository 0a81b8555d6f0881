"""``pithbuilder show``: for a person's eyes, and safe for a person's terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path

import pexpect
import pytest

from tests.support.cli import (
    CLOCK,
    PUBLISHED,
    code_of,
    environment,
    line,
    lines,
    make_workspace,
    mint,
    only_bundle,
    paper,
    run,
)

BUNDLE = PUBLISHED / "bundle-1805.08469v1.json"
HOSTILE = {
    "escape": "\x1b[31mred\x1b[0m",
    "title of the window": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "C1": "\x9b31m and \x9d0;owned\x9c \x85",
    "override": "safe\u202egnp.exe",
    "isolates": "\u2066a\u2067b\u2068c\u2069 \u200e\u200f\u061c",
    "zero width": "pi\u200bth\u2060 \ufeff",
    "delete and bell": "\x7f\x07\x08",
    "nul": "a\x00b",
    "tags": "\U000e0041\U000e0042",
    "separators": "a\u2028b\u2029c",
    "private and unassigned": "\ue000\uffff\U0010ffff\u0378",
    "markup": "[bold]b[/bold] [link=http://evil.example]x[/link] :smiley: [/]",
}


def dangers(text: str) -> set[str]:
    """Return the characters of a text that could command a terminal, or hide or reorder what it shows."""
    return {
        character
        for character in text
        if character != "\n" and (unicodedata.category(character)[0] == "C" or character in "\u2028\u2029")
    }


def test_a_published_bundle() -> None:
    done = run("show", BUNDLE)
    assert (done.returncode, done.stderr) == (0, "")
    words = " ".join(done.stdout.split())
    document = json.loads(BUNDLE.read_bytes())
    for expected in (
        "trusted",
        "Gradient Energy Matching for Distributed Asynchronous Gradient Descent",
        "arxiv 1805.08469v1",
        document["pith_number"],
        document["public_keys"][0]["key_id"],
        "record_created",
        "graph_snapshot",
    ):
        assert expected in words


def test_json() -> None:
    (row,) = run("show", BUNDLE, "--json").lines()
    document = json.loads(BUNDLE.read_bytes())
    assert row["verdict"] == "trusted"
    assert row["pith_number"] == document["pith_number"]
    assert row["canonical_sha256"] == document["canonical_sha256"]
    assert len(row["events"]) == len(document["events"])
    assert row["findings"] == []


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A bundle for each hostile title; the same text stands in the authors and the license."""
    root = make_workspace(tmp_path_factory.mktemp("hostile") / "w")
    found = {}
    for number, (name, text) in enumerate(HOSTILE.items()):
        source = line(paper(number, title=f"A {text} Z", authors=f"B {text} Y", license=text))
        done = mint(root, source, "--json")
        assert done.returncode == 0, done.stderr
        suffix = done.lines()[0]["pith_number"].rpartition(":")[2]
        found[name] = root / "mirror" / "pith" / suffix / "bundle.json"
    return found


@pytest.mark.parametrize(
    ("name", "columns"), [*((name, "80") for name in HOSTILE), ("title of the window", "40"), ("tags", "200")]
)
def test_hostile_text_never_reaches_the_terminal(hostile: dict[str, Path], name: str, columns: str) -> None:
    done = run("show", hostile[name], env={"COLUMNS": columns})
    assert done.returncode == 0
    assert dangers(done.stdout) == set()
    assert "A " in done.stdout
    if name == "markup":
        assert "[bold]b[/bold]" in done.stdout


@pytest.mark.parametrize(
    "name", ["escape", "title of the window", "link", "C1", "override", "isolates", "delete and bell", "nul"]
)
def test_hostile_text_never_reaches_the_terminal_as_json_either(hostile: dict[str, Path], name: str) -> None:
    done = run("show", hostile[name], "--json")
    assert done.returncode == 0
    (row,) = (json.loads(text) for text in done.stdout.split("\n") if text)
    assert row["title"] == " ".join(f"A {HOSTILE[name]} Z".split())
    assert dangers(done.stdout) == set()


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("name", ["escape", "title of the window", "link", "C1", "override"])
def test_in_a_real_terminal_only_the_programs_own_colours_come_through(hostile: dict[str, Path], name: str) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "pithbuilder", "show", str(hostile[name])],
        env=environment({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}),
        dimensions=(24, 100),
        encoding="utf-8",
        timeout=60,
    )
    text = child.read()
    child.close()
    assert child.exitstatus == 0
    for colour in ("\x1b[0m", "\x1b[2m", "\x1b[1;33m", "\x1b[1;32m"):
        text = text.replace(colour, "")
    assert dangers(text.replace("\r\n", "\n")) == set()


@pytest.mark.parametrize("columns", ["40", "20", "1"])
def test_a_narrow_terminal(columns: str) -> None:
    done = run("show", BUNDLE, env={"COLUMNS": columns})
    assert (done.returncode, done.stderr) == (0, "")
    assert max(len(row) for row in done.stdout.splitlines()) <= int(columns)
    if columns == "40":
        number = json.loads(BUNDLE.read_bytes())["pith_number"]
        assert number in "".join(done.stdout.split())


def test_the_verdict_depends_on_trust(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    mint(workspace, lines(1))
    bundle = only_bundle(workspace / "mirror")
    (without,) = run("show", bundle, "--json").lines()
    (with_trust,) = run("show", bundle, "--json", "--trust", workspace / "keys").lines()
    assert (without["verdict"], with_trust["verdict"]) == ("self-consistent", "trusted")
    assert with_trust["built_at"] == CLOCK[:19] + "Z"


def test_a_tampered_bundle_is_shown_as_invalid_with_what_is_wrong(tmp_path: Path) -> None:
    value = json.loads(BUNDLE.read_bytes())
    value["built_at"] = "2026-05-18T00:00:00Z"
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(value))
    done = run("show", path)
    assert "invalid" in done.stdout
    assert "bundle-digest" in done.stdout
    assert done.returncode == 1
    as_json = run("show", path, "--json")
    assert as_json.returncode == 1
    (row,) = as_json.lines()
    assert row["verdict"] == "invalid"
    assert "bundle-digest" in {finding["code"] for finding in row["findings"]}


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", (PUBLISHED / "state-1710.02368v1.json").read_bytes()])
def test_what_is_no_bundle_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(data)
    done = run("show", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert code_of(done).startswith(("json-", "field-"))
