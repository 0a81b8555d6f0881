"""Help, usage errors, and that the ready-made help says what the commands say."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pexpect
import pytest

from pithbuilder.cli.app import COMMANDS, app
from pithbuilder.cli.fixtures import COMMANDS as FIXTURE_COMMANDS
from pithbuilder.cli.fixtures import command as fixtures
from pithbuilder.cli.lazy_group import LazyGroup
from tests.support.cli import environment, run

SUBCOMMANDS = (
    "new",
    "import",
    "passwd",
    "list",
    "show",
    "export",
    "doctor",
    "rotate",
    "retire",
    "revoke",
    "publish",
    "backup",
    "restore",
)
EVERY_COMMAND = [
    (),
    *((name,) for name in COMMANDS),
    *(("keys", name) for name in SUBCOMMANDS),
    *(("fixtures", name) for name in FIXTURE_COMMANDS),
]


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", EVERY_COMMAND, ids=" ".join)
def test_every_command_explains_itself(command: tuple[str, ...], option: str) -> None:
    done = run(*command, option)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: {' '.join(('pithbuilder', *command))} ")
    assert "-h, --help" in done.stdout
    assert done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_ready_made_help_is_what_click_prints_at_80_columns() -> None:
    program = "from pithbuilder.cli.app import app; app.main(['--help'], prog_name='pithbuilder')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment({"COLUMNS": "80"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=60,
    )
    ready = files("pithbuilder.cli").joinpath("help.txt").read_bytes()
    assert ready == done.stdout
    assert run("--help").stdout.encode() == ready


@pytest.mark.parametrize("name", COMMANDS)
def test_a_one_liner_is_the_commands_own_short_help(name: str) -> None:
    assert isinstance(app, LazyGroup)
    command = app.get_command(app.make_context("pithbuilder", [name]), name)
    assert command is not None
    assert command.name == name
    assert COMMANDS[name] == command.get_short_help_str(limit=1000)


@pytest.mark.parametrize("name", FIXTURE_COMMANDS)
def test_a_one_liner_of_fixtures_is_the_commands_own_short_help(name: str) -> None:
    command = fixtures.get_command(fixtures.make_context("fixtures", [name]), name)
    assert command is not None
    assert FIXTURE_COMMANDS[name] == command.get_short_help_str(limit=1000)


def test_subcommands_of_keys_are_the_ones_tested_here() -> None:
    text = run("keys", "--help").stdout
    listed = [row.split()[0] for row in text.partition("Commands:")[2].splitlines() if row.strip()]
    assert sorted(listed) == sorted(SUBCOMMANDS)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("columns", [60, 200])
def test_help_fits_the_terminal(columns: int) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "pithbuilder", "--help"],
        env=environment(),
        dimensions=(24, columns),
        encoding="utf-8",
        timeout=60,
    )
    text = child.read()
    child.close()
    assert child.exitstatus == 0
    assert text.startswith("Usage: pithbuilder ")
    assert max(len(row.rstrip("\r")) for row in text.split("\n")) <= min(columns, 80)


def test_the_version_is_printed() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pithbuilder 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("--no-such-option",),
        ("init",),
        ("init", "one", "two"),
        ("derive",),
        ("derive", "no-such-file"),
        ("number",),
        ("number", "no-such-file"),
        ("mint",),
        ("mint", "no-such-file"),
        ("mint", "-", "--clock", "yesterday"),
        ("mint", "-", "--clock", "2026-02-30T00:00:00Z"),
        ("mint", "-", "--clock", "2026-05-18 00:15:26"),
        ("mint", "-", "--passphrase-file", "no-such-file"),
        ("mint", "-", "--out", "file"),
        ("mint", "-", "--workspace", "file"),
        ("init", "file", "--no-passphrase"),
        ("verify",),
        ("verify", "no-such-file"),
        ("verify", "file", "no-such-file"),
        ("verify", "file", "--trust", "no-such-file"),
        ("show",),
        ("show", "."),
        ("show", "no-such-file"),
        ("keys", "no-such-command"),
        ("keys", "new"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2_with_help_on_standard_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"{}")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize(
    "arguments", [("mint", "-"), ("keys", "list"), ("keys", "show"), ("keys", "new", "a", "--no-passphrase")]
)
def test_without_a_workspace_there_is_a_hint(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "[workspace-missing]" in done.stderr
    assert "pithbuilder init" in done.stderr
    assert list(tmp_path.iterdir()) == []
