"""Standard output that closes early, is full, or speaks only ASCII."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import (
    CLOCK,
    PUBLISHED,
    SNAPSHOT,
    bundles,
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
ASCII = {
    "PYTHONIOENCODING": {"PYTHONIOENCODING": "ascii"},
    "LC_ALL=C": {"LC_ALL": "C"},
    "LC_ALL=C, not UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
}
READING = {
    "help": ("--help",),
    "help of a command": ("mint", "--help"),
    "derive": ("derive", SNAPSHOT),
    "verify": ("verify", BUNDLE, BUNDLE, BUNDLE),
    "show": ("show", BUNDLE),
    "show --json": ("show", BUNDLE, "--json"),
}


def run_with_stdout(stdout: int, *arguments: str | Path, stderr: int = subprocess.PIPE) -> tuple[int, str]:
    """Run the program with this file descriptor as its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "pithbuilder", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env=environment(),
        start_new_session=True,
        timeout=60,
        check=False,
    )
    return done.returncode, (done.stderr or b"").decode()


def assert_one_error(status: int, said: str) -> None:
    """Look for one line that says what is wrong, besides a summary, and status 1."""
    assert status == 1
    errors = [row for row in said.splitlines() if row.startswith("error: ")]
    assert len(errors) == 1, said
    assert "[write-failed]" in errors[0] or "[read-failed]" in errors[0]
    others = [row for row in said.splitlines() if not row.startswith(("error: ", "note: "))]
    assert len(others) <= 1


def closed_pipe() -> int:
    """Return the writing end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("name", READING)
def test_nobody_reads_standard_output(name: str) -> None:
    writer = closed_pipe()
    try:
        status, said = run_with_stdout(writer, *READING[name])
    finally:
        os.close(writer)
    assert "Traceback" not in said
    assert "BrokenPipe" not in said
    assert_one_error(status, said)


@pytest.mark.parametrize("name", READING)
def test_nobody_reads_anything(name: str) -> None:
    writer = closed_pipe()
    try:
        status, _ = run_with_stdout(writer, *READING[name], stderr=writer)
    finally:
        os.close(writer)
    assert status in (0, 1)


def test_mint_into_head(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    source = tmp_path / "papers"
    source.write_bytes(lines(*range(50)))
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            '"$0" -m pithbuilder mint "$1" --workspace "$2" --clock "$3" | head -1',
            sys.executable,
            str(source),
            str(workspace),
            CLOCK,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(),
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.count(b"\n") == 1
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert b"minted " in done.stderr
    assert mint(workspace, source).returncode == 0
    assert len(bundles(workspace / "mirror")) == 50


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("name", READING)
def test_standard_output_is_a_full_disk(name: str) -> None:
    with Path("/dev/full").open("wb") as full:
        status, said = run_with_stdout(full.fileno(), *READING[name])
    assert status != 0
    assert "Traceback" not in said
    assert "space" in said.lower()
    assert_one_error(status, said)


@pytest.mark.parametrize("name", READING)
def test_standard_output_is_closed(name: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -m pithbuilder "$@" >&-', sys.executable, *map(str, READING[name])],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert_one_error(done.returncode, done.stderr.decode())


@pytest.mark.parametrize("command", ["derive", "number", "mint"])
def test_standard_input_is_closed(tmp_path: Path, command: str) -> None:
    options = ("--workspace", str(make_workspace(tmp_path / "w"))) if command == "mint" else ()
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -m pithbuilder "$@" <&-', sys.executable, command, "-", *options],
        capture_output=True,
        env=environment(),
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert b"Traceback" not in done.stderr
    assert_one_error(done.returncode, done.stderr.decode())


@pytest.fixture(scope="module")
def umlauts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one paper whose text is not ASCII."""
    root = make_workspace(tmp_path_factory.mktemp("umlauts") / "w", "--name", "Größe")
    assert mint(root, line(paper(1, title="Größe 数 😀"))).returncode == 0
    return root


def run_in_ascii(name: str, *arguments: str | Path) -> tuple[int, str]:
    """Run the program, whatever bytes it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "pithbuilder", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(ASCII[name]),
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize("name", ASCII)
def test_show_in_ascii(umlauts: Path, name: str) -> None:
    bundle = only_bundle(umlauts / "mirror")
    for options in ((), ("--json",)):
        status, said = run_in_ascii(name, "show", bundle, *options)
        assert status == 0
        assert "self-consistent" in said


@pytest.mark.parametrize("name", ASCII)
def test_odd_names_in_ascii(umlauts: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "größe 数 😀.json"
    shutil.copy(only_bundle(umlauts / "mirror"), path)
    for options in ((), ("--json",)):
        assert run_in_ascii(name, "verify", path, *options)[0] == 3
    assert run_in_ascii(name, "show", path)[0] == 0
    path.write_bytes(b"{}\n")
    assert run_in_ascii(name, "derive", path)[0] == 1
    assert run_in_ascii(name, "number", path)[0] == 1
    assert run_in_ascii(name, "verify", path)[0] == 1


@pytest.mark.parametrize("name", ASCII)
def test_the_same_bytes_in_ascii(umlauts: Path, tmp_path: Path, name: str) -> None:
    workspace = tmp_path / "größe"
    shutil.copytree(umlauts, workspace)
    shutil.rmtree(workspace / "mirror")
    source = tmp_path / "papers"
    source.write_bytes(line(paper(1, title="Größe 数 😀")))
    assert run_in_ascii(name, "mint", source, "--workspace", workspace)[0] == 0
    assert only_bundle(workspace / "mirror").read_bytes() == only_bundle(umlauts / "mirror").read_bytes()


def test_data_and_messages_keep_apart(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    done = mint(workspace, lines(1) + b"{}\n", "--json")
    assert len(done.lines()) == 2
    assert "minted 1, failed 1" in done.stderr
    assert done.stderr.count("error: ") == 1
    done = run("verify", workspace / "mirror", BUNDLE, "--json")
    assert len(done.lines()) == 9
    assert done.stderr == ""
