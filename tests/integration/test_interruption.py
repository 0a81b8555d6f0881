"""kill -9, Ctrl-C and a full disk in the middle of minting: nothing is half there, and running again completes it."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pithbuilder.cli.app import app
from pithbuilder.stores.key_files import pinned_keyring
from pithbuilder.verify.document import verify_document
from pithbuilder.verify.report import Verdict
from tests.support.cli import (
    CLOCK,
    bundles,
    code_of,
    contents,
    finish,
    line,
    lines,
    make_workspace,
    mint,
    paper,
    run,
    start,
)

PAPERS = 120


def check_that_nothing_is_half_there(workspace: Path) -> None:
    """Every visible document is whole and holds; a bundle is not there before its other three files."""
    keyring = pinned_keyring(workspace / "keys")
    mirror = workspace / "mirror"
    for path in mirror.rglob("*.json"):
        report = verify_document(path.read_bytes(), keyring)
        assert report.verdict is not Verdict.INVALID, f"{path}: {report.failures}"
        if path.name == "bundle.json":
            assert report.verdict is Verdict.TRUSTED
    for suffix in bundles(mirror):
        for name in (f"pith/{suffix}/state.json", f"pith/{suffix}.json", f".well-known/pith/{suffix}/bundle.json"):
            assert (mirror / name).is_file()


def kill_after(workspace: Path, source: Path, results: int, delay: float) -> None:
    """Start minting, and kill it so long after so many results."""
    process = start("mint", source, "--workspace", workspace, "--clock", CLOCK)
    try:
        assert process.stdout is not None
        for _ in range(results):
            assert process.stdout.readline()
        time.sleep(delay)
    finally:
        process.kill()
        process.communicate()


def test_killed_again_and_again(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    workspace = make_workspace(tmp_path / "w")
    uninterrupted = Path(shutil.copytree(workspace, tmp_path / "u"))
    source = tmp_path / "papers"
    source.write_bytes(lines(*range(PAPERS)))
    for _ in range(4):  # before, during and after the ledger is made
        kill_after(workspace, source, 0, chance.uniform(0.0, 0.4))
        check_that_nothing_is_half_there(workspace)
    for step in range(1, 9):  # in the middle of this paper or the next ones
        kill_after(workspace, source, step * PAPERS // 9, chance.uniform(0.0, 0.03))
        check_that_nothing_is_half_there(workspace)
    done = mint(workspace, source)
    assert done.returncode == 0, done.stderr
    assert mint(uninterrupted, source).returncode == 0
    assert contents(workspace / "mirror") == contents(uninterrupted / "mirror")
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0


def test_a_dry_run_after_a_kill(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    source = tmp_path / "papers"
    source.write_bytes(lines(*range(20)))
    kill_after(workspace, source, 10, 0.0)
    done = mint(workspace, source, "--dry-run", "--json")
    assert done.returncode == 0
    statuses = [row["status"] for row in done.lines()]
    assert statuses[:10] == ["unchanged"] * 10
    assert set(statuses[10:]) <= {"unchanged", "would-mint"}


def test_a_ledger_lost_together_with_a_crash(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    source = tmp_path / "papers"
    source.write_bytes(lines(*range(20)))
    kill_after(workspace, source, 10, 0.0)
    for path in workspace.glob("ledger.sqlite3*"):
        path.unlink()
    assert mint(workspace, source).returncode == 0
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0
    assert len(bundles(workspace / "mirror")) == 20


@pytest.mark.parametrize("when", ["waiting for input", "minting"])
def test_interrupted_with_ctrl_c(tmp_path: Path, when: str) -> None:
    workspace = make_workspace(tmp_path / "w")
    process = start("mint", "-", "--json", "--workspace", workspace, "--clock", CLOCK)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        if when == "minting":
            process.stdin.write(lines(*range(100)))
        else:
            process.stdin.write(lines(0, 1, 2))
        process.stdin.flush()
        for _ in range(3):
            assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        if when == "minting":
            process.wait(60)
        done = finish(process)
    finally:
        process.kill()
    assert done.returncode == 1
    (summary,) = (text for text in done.stderr.splitlines() if text.startswith("minted "))
    assert summary.endswith(", failed 0")
    assert int(summary.split()[1].rstrip(",")) == 3 + len(done.stdout.splitlines())
    check_that_nothing_is_half_there(workspace)
    again = mint(workspace, lines(*range(100)))
    assert again.returncode == 0
    assert len(bundles(workspace / "mirror")) == 100
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0


def test_killing_frees_the_workspace(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    process = start("mint", "-", "--workspace", workspace, "--clock", CLOCK)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines(0))
        process.stdin.flush()
        assert process.stdout.readline()
        assert code_of(mint(workspace, lines(1))) == "workspace-busy"
    finally:
        process.kill()
        process.communicate()
    assert mint(workspace, lines(0, 1)).returncode == 0


@pytest.mark.parametrize("largest_file", [0, 2_000, 10_000, 20_000, 36_000])
def test_a_full_disk(tmp_path: Path, largest_file: int) -> None:
    """The ledger meets the limit first: it has three pages, its log grows with every paper."""
    workspace = make_workspace(tmp_path / "w")
    uninterrupted = Path(shutil.copytree(workspace, tmp_path / "u"))
    source = tmp_path / "papers"
    source.write_bytes(lines(*range(20)))
    done = run("mint", source, "--workspace", workspace, "--clock", CLOCK, largest_file=largest_file)
    assert done.returncode == 1
    check_that_nothing_is_half_there(workspace)
    again = mint(workspace, source)
    assert again.returncode == 0, again.stderr
    assert mint(uninterrupted, source).returncode == 0
    assert contents(workspace / "mirror") == contents(uninterrupted / "mirror")
    assert code_of(done) == "write-failed", done.stderr
    assert "hint: " in done.stderr
    assert "move it away" not in done.stderr


def test_a_full_disk_while_files_are_written(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    uninterrupted = Path(shutil.copytree(workspace, tmp_path / "u"))
    source = lines(1) + line(paper(2, authors="A" * 100_000)) + lines(3)
    done = run("mint", "-", "--workspace", workspace, "--clock", CLOCK, "--json", stdin=source, largest_file=100_000)
    assert done.returncode == 1
    assert [row["status"] for row in done.lines()] == ["minted"]
    assert code_of(done) == "write-failed"
    assert "file too large" in done.stderr
    assert "hint: what was there before is unchanged" in done.stderr
    assert "minted 1, failed 0" in done.stderr.splitlines()
    check_that_nothing_is_half_there(workspace)
    assert not [path for path in (workspace / "mirror").rglob("*") if path.name.endswith(".tmp")]
    assert mint(workspace, source).returncode == 0
    assert mint(uninterrupted, source).returncode == 0
    assert contents(workspace / "mirror") == contents(uninterrupted / "mirror")


class FailsAt:
    """Stands in for a system call, and fails at one of its calls as on a full disk."""

    def __init__(self, real: Any, call: int, number: int) -> None:
        self.real, self.call, self.number, self.calls = real, call, number, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == self.call:
            raise OSError(self.number, os.strerror(self.number))
        return self.real(*arguments, **options)


@pytest.mark.parametrize(
    ("function", "number"),
    [("fsync", errno.ENOSPC), ("fsync", errno.EIO), ("replace", errno.ENOSPC), ("mkdir", errno.ENOSPC)],
    ids=["fsync ENOSPC", "fsync EIO", "replace ENOSPC", "mkdir ENOSPC"],
)
def test_every_single_call_may_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int
) -> None:
    """Let each call in turn fail: a clear error, nothing half there, and the next run completes it."""
    fresh = make_workspace(tmp_path / "w")
    source = tmp_path / "papers"
    source.write_bytes(lines(1))
    arguments = ["mint", str(source), "--clock", CLOCK, "--workspace"]
    uninterrupted = Path(shutil.copytree(fresh, tmp_path / "u"))
    assert CliRunner().invoke(app, [*arguments, str(uninterrupted)]).exit_code == 0
    expected = contents(uninterrupted / "mirror")
    real = getattr(os, function)
    for call in range(1, 100):
        workspace = Path(shutil.copytree(fresh, tmp_path / f"{call}"))
        failing = FailsAt(real, call, number)
        with monkeypatch.context() as patch:
            patch.setattr(os, function, failing)
            done = CliRunner().invoke(app, [*arguments, str(workspace)])
        if failing.calls < call:
            assert done.exit_code == 0
            break
        assert done.exit_code == 1
        assert not isinstance(done.exception, OSError), call
        assert "[write-failed]" in done.stderr
        assert "hint: " in done.stderr
        check_that_nothing_is_half_there(workspace)
        assert not list(workspace.rglob("*.tmp"))
        assert CliRunner().invoke(app, [*arguments, str(workspace)]).exit_code == 0
        assert contents(workspace / "mirror") == expected
    else:
        raise AssertionError("there is no end to the calls")
    assert call > 4
