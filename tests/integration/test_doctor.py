"""What ``keys doctor`` finds: nothing hides the rest, and every command that it prints mends what it says."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pexpect
import pytest

from pithbuilder.core.timestamps import format_seconds
from pithbuilder.signing.ed25519 import PrivateKey
from tests.support.cli import bundles, environment, lines, make_workspace, mint, run
from tests.support.killed import run_until_step

NOW = datetime.now(UTC)
MINTED_AT = format_seconds(NOW - timedelta(days=20))
ROTATED_AT = format_seconds(NOW - timedelta(days=10))
PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def minted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two papers; not to be changed."""
    root = make_workspace(tmp_path_factory.mktemp("minted") / "w", "--key-id", "first")
    assert mint(root, lines(1, 2), clock=MINTED_AT).returncode == 0
    return root


@pytest.fixture
def workspace(minted: Path, tmp_path: Path) -> Path:
    """A workspace whose path holds what a shell would take apart."""
    return Path(shutil.copytree(minted, tmp_path / "my $HOME's registry"))


def examine(workspace: Path, *options: str | Path, **named: Any) -> list[dict[str, str]]:
    done = run("keys", "doctor", "--workspace", workspace, "--json", *options, **named)
    findings = done.lines()
    assert done.returncode == (1 if findings else 0), done.stderr
    assert done.stderr == (f"{len(findings)} wrong\n" if findings else "all is well\n")
    for finding in findings:
        assert list(finding) == ["code", "where", "message", "command", "hint"]
        assert finding["where"] and finding["message"] and (finding["command"] or finding["hint"])
    return findings


def codes(workspace: Path, *options: str | Path) -> list[str]:
    return [finding["code"] for finding in examine(workspace, *options)]


def type_command(command: str, directory: Path) -> None:
    """Run a command as somebody does who copies it into a shell, and answer every question for a passphrase."""
    programs = directory / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "pithbuilder").write_text(f'#!/bin/sh\nexec {sys.executable} -m pithbuilder "$@"\n')
    (programs / "pithbuilder").chmod(0o755)
    env = environment()
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", command],
        cwd=str(directory),
        env={**env, "PATH": f"{programs}:{env['PATH']}"},
        encoding="utf-8",
        timeout=60,
    )
    shown = ""
    while child.expect(["(?i)(?:passphrase|confirmation)[^\n]*: ", pexpect.EOF]) == 0:
        shown += str(child.before)
        child.sendline(PASSPHRASE)
    child.close()
    assert child.exitstatus == 0, f"{command}\n{shown}{child.before}"


def rotate(workspace: Path, *options: str, clock: str = ROTATED_AT) -> None:
    done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", clock, *options)
    assert done.returncode == 0, done.stderr


def break_mode(workspace: Path) -> None:
    (workspace / "keys" / "first.pem").chmod(0o640)


def break_referenced_mode(workspace: Path) -> None:
    elsewhere(workspace).chmod(0o644)


def break_directory(workspace: Path) -> None:
    workspace.chmod(0o775)
    (workspace / "keys").chmod(0o777)


def break_new_key(workspace: Path) -> None:
    assert run("keys", "new", "second", "--no-passphrase", "--workspace", workspace).returncode == 0
    (workspace / "keys" / "second.json").unlink()


def break_rotation(workspace: Path) -> None:
    temporary = workspace / "keys" / ".pith-keys.json.tmp"
    (temporary / "in the way").mkdir(parents=True)
    assert run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", ROTATED_AT).returncode == 1
    shutil.rmtree(temporary)


def break_mirror(workspace: Path) -> None:
    (workspace / "mirror" / "pith-keys.json").unlink()
    (workspace / "mirror" / "pith-signing-key.json").write_bytes(b"{}")


def break_document(workspace: Path) -> None:
    (workspace / "keys" / "first.json").unlink()


def damage_document(workspace: Path) -> None:
    (workspace / "keys" / "first.json").write_bytes(b'{"key_id": ')


def come_near_the_end(workspace: Path) -> None:
    rotate(workspace, "--expires", format_seconds(NOW + timedelta(days=30)))


def come_to_the_end(workspace: Path) -> None:
    rotate(workspace, "--expires", format_seconds(NOW - timedelta(days=1)))


def compromise(workspace: Path) -> None:
    rotate(workspace, "--reason", "compromised", "--effective-at", MINTED_AT)


def lose_private_half(workspace: Path) -> None:
    archive = workspace.parent / "ARCHIVE"
    secret = workspace.parent / "secret"
    secret.write_text(f"{PASSPHRASE}\n")
    (workspace.parent / f"{workspace.name}-restored").mkdir()  # another name must be found
    options = ("--archive-passphrase-file", secret)
    assert run("keys", "backup", archive, "--workspace", workspace, *options).returncode == 0
    (workspace / "keys" / "first.pem").unlink()


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (break_mode, {"key-file-mode"}),
        (break_referenced_mode, {"key-file-mode"}),
        (break_directory, {"directory-mode"}),
        (break_new_key, {"key-half-written"}),
        (break_rotation, {"rotation-pending"}),
        (break_mirror, {"keyring-stale", "signing-key-stale"}),
        (break_document, {"key-document-stale"}),
        (damage_document, {"json-syntax"}),
        (come_near_the_end, {"key-expiring"}),
        (come_to_the_end, {"key-expired"}),
        (compromise, {"reissue-due"}),
        (lose_private_half, {"private-half-missing"}),
    ],
)
def test_every_command_mends_what_it_is_for(
    workspace: Path, tmp_path: Path, harm: Callable[[Path], None], expected: set[str]
) -> None:
    harm(workspace)
    findings = examine(workspace)
    assert {finding["code"] for finding in findings} == expected
    for finding in findings:
        type_command(finding["command"], tmp_path)
        assert finding not in examine(workspace)
    assert codes(workspace) == []


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("harm", [break_mirror, compromise])
def test_commands_for_another_mirror(workspace: Path, tmp_path: Path, harm: Callable[[Path], None]) -> None:
    out = Path(shutil.copytree(workspace / "mirror", tmp_path / "other mirror"))
    assert codes(workspace, "--out", out) == []
    if harm is break_mirror:
        (out / "pith-keys.json").unlink()
    else:
        harm(workspace)
    findings = examine(workspace, "--out", out)
    assert findings
    for finding in findings:
        assert "--out '" in finding["command"]
        type_command(finding["command"], tmp_path)
    assert codes(workspace, "--out", out) == []


def test_a_command_names_no_mirror_that_is_the_profiles_own(workspace: Path) -> None:
    break_mirror(workspace)
    done = run("keys", "doctor", "--workspace", ".", "--out", "mirror", cwd=workspace)
    assert "\n  mend it: pithbuilder keys publish --workspace '" in done.stdout
    assert "--out" not in done.stdout
    assert "hint:" not in done.stdout


def elsewhere(workspace: Path) -> Path:
    """Move the first key's private half out of the workspace, and refer to it."""
    moved = (workspace / "keys" / "first.pem").rename(workspace.parent / "first elsewhere.pem")
    (workspace / "keys" / "first.reference").write_text(f"file:{moved}\n")
    assert codes(workspace) == []
    return moved


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def exchange(path: Path) -> None:
    path.write_bytes(PrivateKey.generate().to_pem(None))


def cut_off_encrypted(path: Path) -> None:
    path.write_bytes(PrivateKey.generate().to_pem(PASSPHRASE.encode())[:-60])


def thin_out_encrypted(path: Path) -> None:
    rows = PrivateKey.generate().to_pem(PASSPHRASE.encode()).splitlines(keepends=True)
    path.write_bytes(b"".join(rows[:2] + rows[3:]))


def link(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("behind the link")))


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (empty, "key-file-format"),
        (cut_off, "key-file-format"),
        (exchange, "key-conflict"),
        (cut_off_encrypted, "key-file-format"),
        (thin_out_encrypted, "key-file-format"),
        (link, "key-file-link"),
    ],
)
def test_a_private_half_that_cannot_sign(workspace: Path, where: str, harm: Callable[[Path], None], code: str) -> None:
    path = workspace / "keys" / "first.pem" if where == "here" else elsewhere(workspace)
    harm(path)
    for options in ((), ("--open",)):
        (finding,) = examine(workspace, *options)
        assert (finding["code"], finding["where"], finding["command"]) == (code, str(path), "")


def test_a_whole_encrypted_key_is_no_finding(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{PASSPHRASE}\n")
    options = ("--workspace", workspace, "--new-passphrase-file", tmp_path / "secret")
    assert run("keys", "passwd", "first", *options).returncode == 0
    assert codes(workspace) == []
    assert codes(workspace, "--open", "--passphrase-file", tmp_path / "secret") == []
    (finding,) = examine(workspace, "--open")
    assert (finding["code"], finding["command"]) == ("passphrase-needed", "")


def test_a_referenced_file_that_is_gone(workspace: Path) -> None:
    path = elsewhere(workspace)
    kept = path.rename(path.with_name("kept"))
    (finding,) = examine(workspace)
    assert (finding["code"], finding["where"], finding["command"]) == ("key-file-missing", str(path), "")
    kept.rename(path)
    rotate(workspace)
    path.unlink()
    assert codes(workspace) == [], "a retired key signs nothing any more"


@pytest.mark.parametrize("text", ["", "usb stick in the drawer\n", "file:\n", "ssh-agent:SHA256:short\n"])
def test_a_reference_that_leads_nowhere(workspace: Path, text: str) -> None:
    elsewhere(workspace)
    (workspace / "keys" / "first.reference").write_text(text)
    (finding,) = examine(workspace)
    assert (finding["code"], finding["command"]) == ("key-reference", "")
    assert finding["where"].startswith(str(workspace / "keys" / "first.reference"))


def test_nothing_hides_the_rest(workspace: Path) -> None:
    keys = workspace / "keys"
    assert run("keys", "new", "second", "--no-passphrase", "--workspace", workspace).returncode == 0
    assert run("keys", "new", "third", "--no-passphrase", "--workspace", workspace).returncode == 0
    shutil.copy(keys / "first.pem", keys / "Backup.pem")
    shutil.copy(keys / "first.json", keys / "Backup.json")
    (keys / "Remark.reference").write_text("file:x\n")
    (keys / "second.json").write_bytes(b"{")
    (keys / "third.pem").chmod(0o644)
    (workspace / "ledger.sqlite3").write_bytes(b"no ledger" * 1000)
    keys.chmod(0o777)
    break_mirror(workspace)
    expected = [
        "directory-mode",
        "key-id-format",
        "json-syntax",
        "key-id-format",
        "key-file-mode",
        "key-id-format",
        "ledger-unreadable",
        "keyring-stale",
        "signing-key-stale",
    ]
    assert codes(workspace) == expected
    (keys / "pith-keys.json").write_bytes(b"[]")
    found = examine(workspace)
    assert [finding["code"] for finding in found if finding["where"].startswith(str(keys / "pith-keys.json"))] != []
    assert [code for code in expected if code in {finding["code"] for finding in found}] == expected[:-2]


def test_a_keyring_that_is_gone(workspace: Path) -> None:
    (workspace / "keys" / "pith-keys.json").unlink()
    (workspace / "keys" / "first.json").unlink()
    first, second = examine(workspace)
    assert (first["code"], first["command"]) == ("keyring-missing", "")
    assert "from the mirror" in first["hint"]
    assert (second["code"], second["command"]) == ("key-half-written", ""), "publishing the keyring gives it"


def test_what_is_pending_cannot_be_read(workspace: Path) -> None:
    come_near_the_end(workspace)
    (workspace / "keys" / "statement.pending").write_bytes(b"{")
    (workspace / "mirror" / "pith-keys.json").unlink()
    assert codes(workspace) == ["json-syntax", "key-expiring", "keyring-stale"]


def test_the_document_of_another_key(workspace: Path) -> None:
    assert run("keys", "new", "second", "--no-passphrase", "--workspace", workspace).returncode == 0
    shutil.copy(workspace / "keys" / "first.json", workspace / "keys" / "second.json")
    (finding,) = examine(workspace)
    assert (finding["code"], finding["command"]) == ("key-conflict", "")


def test_a_promised_key_is_kept_elsewhere(workspace: Path) -> None:
    rotate(workspace, "--commit-next", "--expires", format_seconds(NOW + timedelta(days=30)))
    listed = run("keys", "list", "--workspace", workspace, "--json").lines()
    (promised,) = (row["key_id"] for row in listed if row["promised"])
    (finding,) = examine(workspace)
    assert (finding["code"], finding["hint"]) == ("key-expiring", "")
    private = workspace / "keys" / f"{promised}.pem"
    kept = private.rename(workspace.parent / "kept.pem")
    (finding,) = examine(workspace, "--open")
    assert finding["code"] == "key-expiring"
    assert "promised" in finding["hint"]
    (workspace / "keys" / f"{promised}.reference").write_text("file:/media/drawer/next.pem\n")
    assert codes(workspace) == ["key-expiring"]
    (workspace / "keys" / f"{promised}.reference").unlink()
    public = (workspace / "keys" / f"{promised}.json").rename(workspace.parent / "kept.json")
    assert codes(workspace) == ["promised-key-missing", "key-expiring"]
    public.rename(workspace / "keys" / f"{promised}.json")
    kept.rename(private)
    assert codes(workspace) == ["key-expiring"]
    assert run("keys", "new", "another", "--no-passphrase", "--workspace", workspace).returncode == 0
    (workspace / "keys" / "another.pem").unlink()
    assert codes(workspace) == ["private-half-missing", "key-expiring"], "one that was not promised should be here"


def test_the_clock(workspace: Path) -> None:
    rotate(workspace)
    (finding,) = examine(workspace, "--clock", MINTED_AT)
    assert (finding["code"], finding["command"]) == ("clock-implausible", "")
    (finding,) = examine(workspace, "--clock", format_seconds(NOW - timedelta(days=10, minutes=2)))
    assert (finding["code"], finding["command"]) == ("clock-set-back", "")


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_minting_that_was_interrupted(workspace: Path, tmp_path: Path) -> None:
    source = tmp_path / "papers.jsonl"
    source.write_bytes(lines(3))
    step = 0
    while "mint-unfinished" not in codes(workspace):
        assert step < 40
        assert run_until_step(step, "mint", source, "--workspace", workspace) is None
        step += 1
    (finding,) = examine(workspace)
    assert finding["command"] == ""
    assert "mint FILE" in finding["hint"]
    assert mint(workspace, source).returncode == 0
    assert codes(workspace) == []
    assert len(bundles(workspace / "mirror")) == 3


def test_the_ledgers_last_paper_counts(workspace: Path) -> None:
    with sqlite3.connect(workspace / "ledger.sqlite3") as connection:
        (suffix,) = connection.execute("SELECT suffix FROM records ORDER BY first_computed_at DESC LIMIT 1").fetchone()
    connection.close()
    (workspace / "mirror" / "pith" / suffix / "bundle.json").unlink()
    assert codes(workspace) == ["mint-unfinished"]


def test_what_people_read(workspace: Path) -> None:
    (workspace / "keys" / "first.pem").chmod(0o644)
    (workspace / "keys" / "Backup.pem").write_bytes(b"")
    (workspace / "keys" / "Backup.pem").chmod(0o600)
    done = run("keys", "doctor", "--workspace", workspace)
    shown = done.stdout.splitlines()
    assert [row[:11] for row in shown] == ["key-id-form", "  hint: no ", "key-file-mo", "  mend it: ", "  hint: if "]
    assert done.stderr == "2 wrong\n"
    assert subprocess.run(["/bin/sh", "-c", shown[3].removeprefix("  mend it: ")], check=True).returncode == 0
    assert json.loads(run("keys", "doctor", "--workspace", workspace, "--json").stdout)["code"] == "key-id-format"
