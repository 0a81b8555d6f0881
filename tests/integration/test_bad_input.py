"""One bad line never stops a file, and its error says where, which paper, which field, what was expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pithbuilder.sources.lines import MAX_LINE_BYTES
from tests.support.cli import Result, bundles, code_of, line, lines, make_workspace, mint, paper, run

BAD_ID = 90_000


class Bad(NamedTuple):
    """One bad line, and what must be said of it."""

    data: bytes
    code: str
    field: str
    expected: str = ""
    paper: str = "2001.90000"


def changed(code: str, field: str, expected: str, **changes: Any) -> Bad:
    record = paper(BAD_ID, **changes)
    identifier = record.get("id")
    return Bad(line(record)[:-1], code, field, expected, identifier if isinstance(identifier, str) else "")


def hostile(identifier: str, shown: str = "") -> Bad:
    shown = shown or ascii(identifier)
    return Bad(line(paper(BAD_ID, id=identifier))[:-1], "arxiv-id-format", "$.id", "archive/YYMMNNN", shown)


def raw(before: str, after: str, code: str, field: str, expected: str = "") -> Bad:
    """Return a line that is changed as text; what is wrong with its JSON keeps the paper from being known."""
    text = json.dumps(paper(BAD_ID))
    assert before in text
    return Bad(text.replace(before, after, 1).encode("utf-8"), code, field, expected, "")


def dated(created: object, version: object = "v1") -> list[dict[str, object]]:
    return [{"version": version, "created": created}]


def numbered(*versions: object) -> list[dict[str, object]]:
    return [{"version": version, "created": "Wed, 1 Jan 2020 12:34:56 GMT"} for version in versions]


TITLE = '"title": "On problem 90000\\n  of the theory of tests"'
NOT_TEXT: tuple[object, ...] = (None, 7, ["text"], {"text": "text"}, True)
NOT_A_LICENSE: tuple[object, ...] = (7, False, ["http://a"], {})
DATE = "Tue, 22 May 2018 09:32:21 GMT"
TABLE = {
    **{
        f"no {name}": changed("field-missing", f"$.{name}", f"a field '{name}'", **{name: ...})
        for name in ("id", "title", "abstract", "authors", "categories", "versions", "license")
    },
    **{
        f"{name} {text!r}": changed("field-empty", f"$.{name}", "not blank", **{name: text})
        for name in ("title", "abstract", "authors", "categories")
        for text in ("", " \n\t", "\u2003\u3000")
    },
    **{
        f"{name} is {value!r}": changed("field-type", f"$.{name}", "a string", **{name: value})
        for name in ("title", "abstract", "authors", "categories")
        for value in NOT_TEXT
    },
    **{
        f"license is {value!r}": changed("field-type", "$.license", "a string", license=value)
        for value in NOT_A_LICENSE
    },
    "id is a number": changed("field-type", "$.id", "a string", id=200190000),
    "id is null": changed("field-type", "$.id", "a string", id=None),
    "versions is an object": changed("field-type", "$.versions", "an array", versions={}),
    "versions is a string": changed("field-type", "$.versions", "an array", versions="v1"),
    "no versions at all": changed("field-empty", "$.versions", "at least one version", versions=[]),
    "a version is a string": changed("field-type", "$.versions[0]", "an object", versions=["v1"]),
    "no version": changed("field-missing", "$.versions[0].version", "version", versions=[{"created": DATE}]),
    "no created": changed("field-missing", "$.versions[0].created", "created", versions=[{"version": "v1"}]),
    "created is null": changed("field-type", "$.versions[0].created", "a string", versions=dated(None)),
    "version is a number": changed("field-type", "$.versions[0].version", "a string", versions=dated(DATE, 1)),
    **{
        f"created {text!r}": changed("date-format", "$.versions[0].created", "a date such as", versions=dated(text))
        for text in (
            "Fri, 30 Feb 2018 09:32:21 GMT",
            "Thu, 29 Feb 2019 09:32:21 GMT",
            "Tue, 0 May 2018 09:32:21 GMT",
            "Tue, 32 May 2018 09:32:21 GMT",
            "Tue, 22 May 2018 24:00:00 GMT",
            "Tue, 22 May 2018 09:60:21 GMT",
            "Tue, 22 May 2018 09:32:61 GMT",
            "Mon, 22 May 2018 09:32:21 GMT",
            "Sat, 1 Jan 0000 09:32:21 GMT",
            "Tue, 22 May 2018 09:32:21",
            "Tue, 22 May 2018 09:32:21 EST",
            "22 May 2018 09:32:21 GMT",
            "Tue, 22 May 2018 09:32:21 GMT\n",
            "Tue, ２２ May 2018 09:32:21 GMT",
            "2018-05-22T09:32:21Z",
            "",
        )
    },
    "the second date": changed(
        "date-format",
        "$.versions[1].created",
        "a date such as",
        versions=[*dated(DATE), *dated("Fri, 30 Feb 2018 09:32:21 GMT", "v2")],
    ),
    **{
        f"versions {versions!r}": changed(
            "version-order",
            f"$.versions[{len(versions) - 1}].version",
            "v1 first, then rising",
            versions=numbered(*versions),
        )
        for versions in (
            ("v2",),
            ("v0",),
            ("v01",),
            ("1",),
            ("v-1",),
            ("v1\n",),
            ("v１",),
            ("v99999999999999999999",),
            ("v1", "v1"),
            ("v1", "v3", "v2"),
        )
    },
    "a category that is none": changed("category-format", "$.categories", "cs.LG", categories="cs.LG ../../x"),
    "a category with markup": changed("category-format", "$.categories", "cs.LG", categories="<b>"),
    "id ../../etc/passwd": hostile("../../etc/passwd", "../../etc/passwd"),
    "id hep-th/99010011": hostile("hep-th/99010011", "hep-th/99010011"),
    "id hep-th/9913001": hostile("hep-th/9913001", "hep-th/9913001"),
    "id with a version": hostile("1805.08469v1", "1805.08469v1"),
    "id month 13": hostile("1813.08469", "1813.08469"),
    "id /etc/passwd": hostile("/etc/passwd", "/etc/passwd"),
    **{
        f"id {identifier!r}": hostile(identifier)
        for identifier in (
            "1805.08469'",
            '1805.08469" OR 1=1',
            " 1805.08469",
            "1805.08469 ",
            "1805.08469\n",
            "1805.08469\x00",
            "\x1b[31m1805.08469",
            "１805.08469",
            "1805_08469",
            "\u202e1805.08469",
        )
    },
    "an empty id": hostile("", "''"),
    "a long id": changed("arxiv-id-format", "$.id", "archive/YYMMNNN", id="1805.08469" * 10_000)._replace(
        paper="'1805."
    ),
    "a duplicate key": raw(TITLE, f"{TITLE}, {TITLE}", "json-duplicate-key", "$", "each member name once"),
    "a duplicate key, spelt otherwise": raw(
        TITLE, f'{TITLE}, "t\\u0069tle": "x"', "json-duplicate-key", "$", "each member name once"
    ),
    "a duplicate key inside": raw(
        '{"version": "v1"', '{"version": "v1", "version": "v1"', "json-duplicate-key", "$.versions[0]", "once"
    ),
    "NaN": raw('"submitter": null', '"submitter": NaN', "json-float", "$.submitter", "an integer"),
    "-Infinity": raw('"submitter": null', '"submitter": -Infinity', "json-float", "$.submitter", "an integer"),
    "a very long integer": raw('"submitter": null', f'"submitter": {"9" * 5000}', "json-integer-range", "$.submitter"),
    "a lone surrogate": raw("On problem", "On \\ud800 problem", "json-surrogate", "$.title", "scalar values"),
    "a lone low surrogate": raw("On problem", "On \\udc00 problem", "json-surrogate", "$.title", "scalar values"),
    "surrogates the wrong way round": raw("On problem", "\\udc00\\ud800", "json-surrogate", "$.title", "scalar values"),
    "a lone surrogate in a name": raw('"submitter"', '"\\ud800"', "json-surrogate", "$", "scalar values"),
    "nesting 10,000 deep": raw(
        '"submitter": null', f'"submitter": {"[" * 10_000}{"]" * 10_000}', "json-depth", "$", "100"
    ),
    "objects 10,000 deep": raw(
        '"submitter": null', '"submitter": ' + '{"a":' * 10_000 + "1" + "}" * 10_000, "json-depth", "$", "100"
    ),
    "nesting 300 deep": raw('"submitter": null', f'"submitter": {"[" * 299}{"]" * 299}', "json-depth", "$", "100"),
    "objects 300 deep": raw(
        '"submitter": null', '"submitter": ' + '{"a":' * 299 + "1" + "}" * 299, "json-depth", "$", "100"
    ),
    "an unclosed nesting": Bad(b"[" * 100_000, "json-depth", "$", "100", ""),
    "invalid UTF-8": Bad(b'{"id": "2001.90000", "title": "\xff"}', "json-encoding", "byte 31", "UTF-8", ""),
    "an encoded surrogate": Bad(b'{"title": "\xed\xa0\x80"}', "json-encoding", "byte 11", "UTF-8", ""),
    "Latin-1": Bad(b'{"title": "M\xfcller"}', "json-encoding", "byte 12", "UTF-8", ""),
    "an overlong spelling": Bad(b'{"title": "\xc0\xaf"}', "json-encoding", "byte 11", "UTF-8", ""),
    "a byte order mark": Bad(b"\xef\xbb\xbf" + lines(BAD_ID)[:-1], "json-encoding", "byte 0", "byte order mark", ""),
    "UTF-16": Bad('{"id"}'.encode("utf-16"), "json-encoding", "byte 0", "UTF-8", ""),
    "an array": Bad(b"[]", "json-not-an-object", "$", "an object", ""),
    "a string": Bad(b'"2001.90000"', "json-not-an-object", "$", "an object", ""),
    "null": Bad(b"null", "json-not-an-object", "$", "an object", ""),
    "an empty object": Bad(b"{}", "field-missing", "$.versions", "a field", ""),
    "half a line": Bad(lines(BAD_ID)[:40], "json-syntax", "line 1 column", "", ""),
    "two objects": Bad(lines(BAD_ID)[:-1] * 2, "json-syntax", "line 1 column", "", ""),
    "a comma after it": Bad(lines(BAD_ID)[:-1] + b",", "json-syntax", "line 1 column", "", ""),
    "a control character": raw("On problem", "On \x01 problem", "json-syntax", "line 1 column"),
    "a NUL": Bad(b"\0", "json-syntax", "line 1 column 1", "", ""),
    "single quotes": Bad(b"{'id': '2001.90000'}", "json-syntax", "line 1 column", "", ""),
}


class Run(NamedTuple):
    """Every bad line, a good one before and after each, minted in one run."""

    result: Result
    mirror: Path
    source: Path


@pytest.fixture(scope="module")
def minted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("bad")
    workspace = make_workspace(directory / "w")
    source = directory / "papers.jsonl"
    rows = [lines(0)]
    for number, bad in enumerate(TABLE.values(), start=1):
        assert b"\n" not in bad.data or bad.code == "json-encoding"
        rows += [bad.data.replace(b"\n", b" ") + b"\n", lines(number)]
    source.write_bytes(b"".join(rows))
    return Run(mint(workspace, source, "--json"), workspace / "mirror", source)


def test_the_rest_is_minted_and_the_summary_counts_both(minted: Run) -> None:
    assert minted.result.returncode == 1
    assert minted.result.stderr.splitlines()[-1] == f"minted {len(TABLE) + 1}, failed {len(TABLE)}"
    good = minted.result.lines()[::2]
    assert [row["source_id"] for row in good] == [f"2001.{number:05d}" for number in range(len(TABLE) + 1)]
    assert sorted(bundles(minted.mirror)) == sorted(row["pith_number"].rpartition(":")[2] for row in good)


@pytest.mark.parametrize("name", TABLE)
def test_the_error_says_everything(minted: Run, name: str) -> None:
    position = list(TABLE).index(name)
    bad = TABLE[name]
    place = f"{minted.source}:{2 * position + 2}"
    row = minted.result.lines()[2 * position + 1]
    assert (row["status"], row["place"]) == ("failed", place)
    error = row["error"]
    assert error["code"] == bad.code
    assert error["where"].startswith(f"{place}: ")
    if bad.paper:
        assert f": paper {bad.paper}" in error["where"]
    assert bad.field in error["where"].removeprefix(place)
    if bad.field.startswith("$"):
        assert error["where"].endswith(f": {bad.field}") or bad.code == "json-depth"
    assert bad.expected in error.get("expected", "")
    assert len(error["where"]) < len(place) + 200
    assert len(error.get("found", "")) <= 100
    assert error["where"].isascii()
    assert error["where"].isprintable()
    (said,) = (text for text in minted.result.stderr.splitlines() if text.startswith(f"error: {place}: "))
    assert f"[{bad.code}]" in said
    assert said.isprintable()


def test_a_dry_run_finds_the_same_errors(minted: Run) -> None:
    dry = mint(minted.mirror.parent, minted.source, "--dry-run", "--json")
    assert dry.returncode == 1
    assert [row.get("error") for row in dry.lines()] == [row.get("error") for row in minted.result.lines()]


def test_derive_finds_the_same_errors(minted: Run) -> None:
    derived = run("derive", minted.source)
    assert derived.returncode == 1
    assert [text for text in derived.stderr.splitlines() if text.startswith("error: ")] == [
        text for text in minted.result.stderr.splitlines() if text.startswith("error: ")
    ]
    assert derived.stderr.splitlines()[-1] == f"derived {len(TABLE) + 1}, failed {len(TABLE)}"


@pytest.mark.parametrize("data", [b"", b"\n\n", b" \t\r\n"], ids=repr)
def test_an_empty_file(tmp_path: Path, data: bytes) -> None:
    workspace = make_workspace(tmp_path / "w")
    source = tmp_path / "empty"
    source.write_bytes(data)
    for papers in (source, data):
        done = mint(workspace, papers, "--json")
        assert done.returncode == 1
        (failed,) = done.lines()
        assert failed["error"]["code"] == code_of(done) == "source-empty"
        assert failed["place"] == failed["error"]["where"] == (str(source) if papers == source else "<stdin>")
        assert done.stderr.splitlines()[-1] == "minted 0, failed 1"


def test_blank_lines_crlf_and_no_last_line_end(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    data = b"\n" + lines(1).replace(b"\n", b"\r\n") + b"  \n" + lines(2)[:-1]
    done = mint(workspace, data, "--json")
    assert done.returncode == 0
    assert [row["place"] for row in done.lines()] == ["<stdin>:2", "<stdin>:4"]


@pytest.mark.parametrize("ending", [b"\n", b""], ids=["with a line end", "without a line end"])
@pytest.mark.parametrize("command", ["mint", "derive", "number"])
def test_a_line_of_100_megabytes_in_bounded_memory(tmp_path: Path, command: str, ending: bytes) -> None:
    source, peak = tmp_path / "papers", tmp_path / "peak"
    good = lines(1)
    if command == "number":
        derived = run("derive", "-", stdin=lines(1)).lines()[0]
        good = line(derived["canonical_record"])
    with source.open("wb") as file:
        file.write(good + b'{"id": "')
        file.seek(100_000_000, 1)
        file.write(b'"}' + ending + (good if ending else b""))
    options = ("--workspace", make_workspace(tmp_path / "w")) if command == "mint" else ()
    done = run(command, source, *options, "--json", peak_memory=peak)
    assert done.returncode == 1
    assert len([row for row in done.lines() if "pith_number" in row]) == (2 if ending else 1)
    (error,) = (text for text in done.stderr.splitlines() if text.startswith("error: "))
    assert error.startswith(f"error: {source}:2: ")
    assert f"[line-too-long]; expected at most {MAX_LINE_BYTES} bytes" in error
    assert error.count(str(source)) == 1
    assert int(peak.read_text()) < 300 * 1024


def nested(depth: int) -> object:
    value: object = []
    for _ in range(depth - 1):
        value = [value]
    return value


def test_text_that_is_odd_but_right_is_minted(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    records = [
        paper(1, title="\x00 nul"),
        paper(2, title="a title\u2028of two\x85lines", abstract="\U0001f600" * 1000),
        paper(3, license=""),
        paper(4, license="text that is no address"),
        paper(5, authors="and, and,"),
        paper(6, unknown={"deep": [[[]]]}, title="x" * 100_000),
        paper(7, categories="cs.LG cs.LG math.CO"),
        paper(8, id="math.AG/9901001"),
        paper(9, id="hep-th/9901001", versions=numbered("v1", "v3", "v999999")),
        paper(10, versions=dated("Mon, 1 Jan 0001 00:00:00 GMT")),
        paper(11, versions=dated("Fri, 31 Dec 9999 23:59:59 GMT")),
        paper(14, submitter=nested(100)),
        paper(15, submitter=nested(199)),
        paper(16, submitter={"a": {"b": nested(150)}}),
        paper(17, title="x" * (2**21 - 2000)),
    ]
    records += [paper(20 + number, submitter=value) for number, value in enumerate((1.5, [1e3], 2**53, -(2**53), 0.1))]
    source = b"".join(map(line, records)) + b'{"n": 9007199254740991, ' + lines(12)[1:] + line(paper(13))[:-1]
    done = mint(workspace, source, "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.lines()) == 22
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0
    assert [row["status"] for row in mint(workspace, source, "--json").lines()] == ["unchanged"] * 22
