"""``pithbuilder derive`` and ``number`` against published numbers, from files and standard input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import PUBLISHED, SNAPSHOT, code_of, line, lines, paper, run

VECTORS = PUBLISHED / "vectors" / "records.jsonl"


def vectors() -> list[dict[str, Any]]:
    return [json.loads(row) for row in VECTORS.read_text(encoding="utf-8").splitlines()]


def test_derive_gives_the_published_numbers() -> None:
    done = run("derive", SNAPSHOT)
    assert done.returncode == 0
    expected = json.loads((SNAPSHOT.parent / "snapshot.expected.json").read_bytes())
    assert {row["canonical_record"]["source"]["id"]: row["pith_number"] for row in done.lines()} == expected
    assert done.stderr == "derived 3, failed 0\n"


def test_derive_needs_no_option_to_print_json_and_reads_standard_input() -> None:
    from_file = run("derive", SNAPSHOT)
    for done in (run("derive", "-", stdin=SNAPSHOT.read_bytes()), run("derive", SNAPSHOT, "--json")):
        assert (done.returncode, done.stdout, done.stderr) == (0, from_file.stdout, from_file.stderr)


def test_derive_then_number_comes_round() -> None:
    derived = run("derive", SNAPSHOT).lines()
    records = b"".join(line(row.pop("canonical_record")) for row in derived)
    done = run("number", "-", stdin=records)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.lines() == derived


def test_number_gives_the_published_numbers() -> None:
    expected = vectors()
    done = run("number", "-", stdin=b"".join(line(row["canonical_record"]) for row in expected))
    assert (done.returncode, done.stderr) == (0, "")
    found = done.lines()
    assert [(row["canonical_sha256"], row["pith_number"]) for row in found] == [
        (row["canonical_sha256"], row["pith_number"]) for row in expected
    ]
    for row, vector in zip(found, expected, strict=True):
        suffix = row["pith_number"].rpartition(":")[2]
        source = vector["canonical_record"]["source"]
        assert row["short_pith_number"] == f"pith:{suffix[:8]}"
        assert {alias["alias_kind"]: alias["alias_value"] for alias in row["aliases"]} == {
            "arxiv": source["id"],
            "arxiv_version": f"{source['id']}v{source['version']}",
            "doi": f"10.48550/arxiv.{source['id'].lower()}",
            "pith_short_8": suffix[:8],
            "pith_short_12": suffix[:12],
            "pith_short_16": suffix[:16],
        }


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("indent", [None, 0, 2])
def test_one_record_in_any_layout(tmp_path: Path, indent: int | None, newline: str) -> None:
    vector = vectors()[0]
    text = json.dumps(vector["canonical_record"], indent=indent).replace("\n", newline)
    path = tmp_path / "record.json"
    for layout in (text, text + newline, newline * 2 + text + newline * 2):
        path.write_bytes(layout.encode())
        for done in (run("number", path), run("number", "-", stdin=layout.encode()), run("number", path, "--json")):
            assert (done.returncode, done.stderr) == (0, "")
            (row,) = done.lines()
            assert row["pith_number"] == vector["pith_number"]


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\n"], ids=repr)
def test_an_empty_file_has_nothing_in_it(data: bytes) -> None:
    done = run("number", "-", stdin=data)
    assert (done.returncode, done.stdout) == (0, "")
    assert "error" not in done.stderr


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\n"], ids=repr)
def test_an_empty_source_is_an_error(data: bytes) -> None:
    done = run("derive", "-", stdin=data)
    assert (done.returncode, done.stdout) == (1, "")
    assert code_of(done) == "source-empty"
    assert done.stderr.startswith("error: <stdin>: ")
    assert done.stderr.splitlines()[-1] == "derived 0, failed 1"


@pytest.mark.parametrize("position", [0, 1, 2], ids=["first", "in the middle", "last"])
@pytest.mark.parametrize("bad", [b'{"metadata":', b"not json", b"[]", b'{"metadata":{}}', b"\xff"], ids=repr)
def test_a_bad_record_does_not_stop_number(position: int, bad: bytes) -> None:
    good = vectors()[:2]
    rows = [line(row["canonical_record"]) for row in good]
    rows.insert(position, bad + b"\n")
    done = run("number", "-", stdin=b"".join(rows))
    assert done.returncode == 1
    assert [row["pith_number"] for row in done.lines()] == [row["pith_number"] for row in good]
    (error,) = done.stderr.splitlines()
    assert error.startswith(f"error: <stdin>:{position + 1}: ")


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("source", "id"), "../../etc/passwd", "$.source.id"),
        (("source", "id"), "hep-th/99010011", "$.source.id"),
        (("source", "version"), 0, "$.source.version"),
        (("source", "version"), "1", "$.source.version"),
        (("source", "version"), True, "$.source.version"),
        (("metadata", "submitted_at"), "2018-02-30T00:00:00Z", "$.metadata.submitted_at"),
        (("metadata", "submitted_at"), "2018-02-03T00:00:00", "$.metadata.submitted_at"),
        (("metadata", "title_canon_sha256"), "00", "$.metadata.title_canon_sha256"),
        (("metadata", "license"), None, "$.metadata.license"),
        (("metadata", "cross_cats_sorted"), "cs.LG", "$.metadata.cross_cats_sorted"),
    ],
)
def test_number_names_the_wrong_field(path: tuple[str, str], value: object, field: str) -> None:
    vector = vectors()[0]["canonical_record"]
    vector[path[0]][path[1]] = value
    done = run("number", "-", stdin=line(vector))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"<stdin>:1: {field}: " in done.stderr
    assert "; expected " in done.stderr


def test_a_bad_paper_does_not_stop_derive() -> None:
    done = run("derive", "-", stdin=lines(1) + line(paper(2, title=" ")) + lines(3))
    assert done.returncode == 1
    assert [row["canonical_record"]["source"]["id"] for row in done.lines()] == ["2001.00001", "2001.00003"]
    error, summary = done.stderr.splitlines()
    assert error.startswith("error: <stdin>:2: paper 2001.00002: $.title: ")
    assert summary == "derived 2, failed 1"
