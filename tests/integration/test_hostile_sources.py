"""Sources that somebody has made to hurt: bounded memory, one clear error, and everything good around it is read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pytest

from pithbuilder.sources.reading import read_papers
from tests.support.cli import TIMEOUT, environment, lines, make_workspace

if sys.version_info >= (3, 14):
    pass
else:
    pass
from tests.support.hostile import AFTER, BEFORE, EARLIER, HOSTILE, LATER, PAGE, doctype

MOST_MEMORY = 200 * 1024  # KiB

_WITH_PEAK_MEMORY = """
import resource, subprocess, sys
status = subprocess.run([sys.executable, "-m", "pithbuilder", *sys.argv[2:]]).returncode
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""


class Done(NamedTuple):
    """What a run of the program came to."""

    status: int
    rows: list[str]
    errors: list[str]
    memory: int


def run_on(chunks: Iterable[bytes], directory: Path, *arguments: str | Path) -> Done:
    """Run the program, its standard input coming in pieces; what it does not read is not waited for."""
    peak = directory / "peak"
    command = [sys.executable, "-c", _WITH_PEAK_MEMORY, peak, *arguments]
    with (directory / "stdout").open("w+b") as stdout, (directory / "stderr").open("w+b") as stderr:
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            env=environment(),
            start_new_session=True,
        ) as process:
            assert process.stdin is not None
            with suppress(BrokenPipeError), process.stdin as pipe:
                for chunk in chunks:
                    pipe.write(chunk)
            status = process.wait(TIMEOUT)
        stdout.seek(0)
        stderr.seek(0)
        rows, said = stdout.read().decode().splitlines(), stderr.read().decode()
    assert "Traceback" not in said, said
    assert said.replace("\N{HORIZONTAL ELLIPSIS}", "").replace("\N{PLUS-MINUS SIGN}", "").isascii()
    return Done(status, rows, [text for text in said.splitlines() if text.startswith("error: ")], int(peak.read_text()))


@pytest.mark.parametrize("name", HOSTILE)
def test_the_error_is_told_and_everything_good_is_read(tmp_path: Path, name: str) -> None:
    hostile = HOSTILE[name]
    (tmp_path / "earlier").write_bytes(lines(1))
    (tmp_path / "later").write_bytes(lines(2))
    done = run_on(hostile.chunks(), tmp_path, "derive", tmp_path / "earlier", "-", tmp_path / "later")
    read = [json.loads(row)["canonical_record"]["source"]["id"] for row in done.rows]
    assert done.memory <= MOST_MEMORY
    assert len(done.errors) == bool(hostile.code), done.errors
    for error in done.errors:
        assert error.startswith("error: <stdin>")
        assert error.count("<stdin>") == 1
        said, code, _ = re.split(rf"\[({hostile.code})\]", error, maxsplit=1)
        assert code
        assert hostile.where in said
        assert hostile.expected in error.partition("; expected ")[2]
        assert len(error) < 500
    assert read == [EARLIER, *hostile.read, LATER]
    assert done.status == bool(hostile.code)


def test_none_of_another_file_is_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the-secret-itself")
    chunks = doctype(f'[<!ENTITY e SYSTEM "{secret.as_uri()}">]', "&e;")()
    done = run_on(chunks, tmp_path, "derive", "-")
    assert done.status == 1
    assert "the-secret-itself" not in "".join([*done.rows, *done.errors])


@pytest.mark.parametrize(
    "name", ["1 GB of text", "texts and elements in a record", "10^6 siblings in a record", "a key twice"]
)
def test_the_good_ones_are_minted(tmp_path: Path, name: str) -> None:
    hostile = HOSTILE[name]
    workspace = make_workspace(tmp_path / "w")
    done = run_on(hostile.chunks(), tmp_path, "mint", "-", "--workspace", workspace, "--json")
    assert done.memory <= MOST_MEMORY
    results = [json.loads(row) for row in done.rows]
    assert [row["source_id"] for row in results if row["status"] == "minted"] == list(hostile.read)
    assert [row["error"]["code"] for row in results if row["status"] == "failed"] == [hostile.code]
    assert len([*(workspace / "mirror" / "pith").glob("*/bundle.json")]) == len(hostile.read)


def test_what_is_odd_but_right(tmp_path: Path) -> None:
    plain = [(item.paper, item.error) for item in read_papers(BytesIO(PAGE), "f")]
    assert [error for _, error in plain] == [None] * 3
    variants = {
        "a mark of UTF-8": b"\xef\xbb\xbf" + PAGE,
        "no declaration": PAGE.partition(b"\n")[2],
        "blank lines before it": b"\n \n" + PAGE.partition(b"\n")[2],
        "utf8": PAGE.replace(b"UTF-8", b"utf-8"),
        "CDATA": BEFORE + b"<![CDATA[MA]]><![CDATA[RK]]>" + AFTER,
        "references": BEFORE + b"&#77;&#x41;RK" + AFTER,
        "a comment in a text": BEFORE + b"MA<!-- & <b> -->RK" + AFTER,
        "an instruction in a text": BEFORE + b"MA<?php x ?>RK" + AFTER,
        "an element of another namespace": PAGE.replace(
            b"<abstract>", b'<abstract xmlns="http://x.example/">?</abstract><abstract>'
        ),
    }
    for name, document in variants.items():
        assert [(item.paper, item.error) for item in read_papers(BytesIO(document), "f")] == plain, name
