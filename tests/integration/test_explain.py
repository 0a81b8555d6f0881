"""``derive --explain``: the bytes that are hashed, and the first difference from a published record."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import PUBLISHED, SNAPSHOT, code_of, line, make_workspace, mint, only_bundle, paper, run

BUNDLE = PUBLISHED / "bundle-1805.08469v1.json"


def explained(source: Path | bytes, *options: str | Path) -> dict[str, Any]:
    """Return the only explanation in JSON, whatever the exit status is."""
    arguments = ("derive", source if isinstance(source, Path) else "-", *options, "--json")
    done = run(*arguments, stdin=source if isinstance(source, bytes) else b"")
    (row,) = done.lines()
    return {**row, "returncode": done.returncode}


def published_paper(**changes: Any) -> bytes:
    """Return the snapshot's line of the paper whose bundle is published, with changes."""
    (row,) = [json.loads(text) for text in SNAPSHOT.read_text().splitlines() if '"1805.08469"' in text]
    return line({**row, **changes})


def test_the_hashed_bytes_are_those_that_give_the_published_digests() -> None:
    """Recomputed from the output alone, with nothing of this project."""
    row = explained(SNAPSHOT, "--explain", "1805.08469", "--against", BUNDLE)
    published = json.loads(BUNDLE.read_bytes())["canonical_record"]["metadata"]
    for text in row["texts"]:
        hashed = text["hashed"].encode("utf-8")
        assert len(hashed) == text["hashed_bytes"]
        assert hashlib.sha256(hashed).hexdigest() == text["sha256"] == published[text["field"]]
        assert " ".join(text["submitted"].split()).lower() == text["hashed"]
    assert [text["field"] for text in row["texts"]] == ["title_canon_sha256", "abstract_canon_sha256"]
    digest = hashlib.sha256(row["canonical_bytes"].encode("utf-8")).digest()
    assert row["canonical_sha256"] == digest.hex()
    assert row["pith_number"] == f"pith:2018:{base64.b32encode(digest).decode()[:26]}"
    assert json.loads(row["canonical_bytes"]) == row["canonical_record"]
    assert (row["difference"], row["returncode"]) == (None, 0)


@pytest.mark.parametrize(
    ("changes", "path", "position", "here", "there"),
    [
        ({"title": "Gradient Energy Matching for Distributed Asynchronous Gradient Ascent"}, "title", 63, "as", "de"),
        ({"title": "Gradient Energy Matching"}, "title", 24, "", " for"),
        ({"abstract": "Distributed asynchronous SGD had become"}, "abstract", 31, "d", "s"),
        ({"abstract": "Distributed"}, "abstract", 11, "", " a"),
    ],
)
def test_the_first_character_that_differs(
    changes: dict[str, str], path: str, position: int, here: str, there: str
) -> None:
    row = explained(published_paper(**changes), "--explain", "1805.08469", "--against", BUNDLE)
    difference = row["difference"]
    assert row["returncode"] == 1
    assert difference["path"] == f"$.metadata.{path}_canon_sha256"
    assert difference["text"]["position"] == position
    begin = min(position, 30)
    assert difference["text"]["derived"][begin:].startswith(here)
    assert difference["text"]["published"][begin:].startswith(there)
    assert difference["text"]["derived"][:begin] == difference["text"]["published"][:begin]


def test_a_difference_behind_what_was_published_of_the_abstract() -> None:
    abstract = json.loads(published_paper())["abstract"].rstrip() + " And more.\n"
    row = explained(published_paper(abstract=abstract), "--explain", "1805.08469", "--against", BUNDLE)
    assert row["difference"]["text"] is None
    assert row["difference"]["note"].startswith("the first ")
    assert "characters are the same" in row["difference"]["note"]


@pytest.mark.parametrize(
    ("changes", "path", "here", "there"),
    [
        ({"license": None}, "$.metadata.license", "", "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"),
        ({"categories": "cs.DC cs.LG stat.ML"}, "$.metadata.cross_cats_sorted[0]", "cs.LG", "cs.DC"),
        ({"categories": "cs.LG cs.DC"}, "$.metadata.cross_cats_sorted", "1 elements", "2 elements"),
        (
            {"versions": [{"version": "v1", "created": "Tue, 22 May 2018 09:32:22 GMT"}]},
            "$.metadata.submitted_at",
            "2018-05-22T09:32:22Z",
            "2018-05-22T09:32:21Z",
        ),
    ],
)
def test_the_first_field_that_differs(changes: dict[str, Any], path: str, here: str, there: str) -> None:
    row = explained(published_paper(**changes), "--explain", "1805.08469", "--against", BUNDLE)
    assert row["returncode"] == 1
    assert row["difference"] == {"path": path, "derived": here, "published": there, "text": None, "note": ""}


def test_against_each_kind_of_document(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    source = tmp_path / "papers.jsonl"
    source.write_bytes(line(paper(1)))
    assert mint(workspace, source).returncode == 0
    bundle = only_bundle(workspace / "mirror")
    (record_document,) = (workspace / "mirror" / "pith").glob("*.json")
    record = tmp_path / "record.json"
    record.write_text(json.dumps(json.loads(bundle.read_bytes())["canonical_record"], indent=2))
    for document in (bundle, record_document, record):
        assert explained(source, "--explain", "2001.00001", "--against", document)["returncode"] == 0
        other = explained(line(paper(1, title="Another")), "--explain", "2001.00001", "--against", document)
        assert other["returncode"] == 1
        assert other["difference"]["path"] == "$.metadata.title_canon_sha256"
        assert (other["difference"]["text"] is None) == (document == record)
    assert "only the digest" in other["difference"]["note"]


def test_for_people() -> None:
    text = published_paper(title="Gradient  Energi\n Matching \\'e \x1b[31m")
    done = run("derive", "-", "--explain", "1805.08469v1", "--against", BUNDLE, stdin=text)
    assert done.returncode == 1
    shown = done.stdout.splitlines()
    assert shown[0] == "paper 1805.08469v1, read at <stdin>:1"
    assert "  Gradient  Energi↵ Matching \\'e \\x1b[31m" in shown
    assert "  gradient energi matching \\'e \\x1b[31m" in shown
    assert "\x1b" not in done.stdout
    assert f"{BUNDLE}: the first difference is $.metadata.title_canon_sha256" in shown
    assert "  in the text that is hashed, from character 14 on (the first is 0)" in shown
    same = run("derive", SNAPSHOT, "--explain", "1805.08469", "--against", BUNDLE)
    assert (same.returncode, same.stderr) == (0, "")
    assert same.stdout.splitlines()[-1] == f"{BUNDLE}: the same record, byte for byte"


def test_what_cannot_be_explained(tmp_path: Path) -> None:
    absent = run("derive", SNAPSHOT, "--explain", "1805.99999")
    assert (absent.returncode, absent.stdout, code_of(absent)) == (1, "", "paper-not-there")
    older = run("derive", SNAPSHOT, "--explain", "1610.03494v1")
    assert (older.returncode, older.stdout, code_of(older)) == (1, "", "version-not-there")
    broken = tmp_path / "broken.json"
    broken.write_bytes(b'{"bundle_type": 1}')
    against = run("derive", SNAPSHOT, "--explain", "1805.08469", "--against", broken)
    assert (against.returncode, code_of(against)) == (1, "field-missing")


@pytest.mark.parametrize(
    "options",
    [
        ("--against", BUNDLE),
        ("--explain", "1805.08469", "--id", "1805.08469"),
        ("--explain", "../../etc/passwd"),
        ("--explain", "1805.08469v0"),
    ],
)
def test_wrong_usage(options: tuple[str | Path, ...]) -> None:
    done = run("derive", SNAPSHOT, *options)
    assert (done.returncode, done.stdout) == (2, "")
