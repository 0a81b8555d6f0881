"""`keys backup` and `keys restore`, from the outside: real age files, a terminal, a full disk, the process list."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pytest

from pithbuilder.signing.ed25519 import PrivateKey
from tests.support import age_files
from tests.support.cli import Result, code_of, contents, environment, finish, lines, make_workspace, mint, run, start
from tests.support.signers import EXAMPLE, need, softhsm, token_reference, write_pem_key

SECRET = "archive passphrase 77 — ünïcode"
KEY_SECRET = "key passphrase 88"
in_a_terminal = pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")


@dataclass(frozen=True)
class Made:
    """A workspace with a backup; not to be changed."""

    root: Path
    archive: Path
    report: dict[str, Any]
    stderr: str
    seen: bytes
    secret: Path
    key_secret: Path
    plain: bytes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """After a rotation, with keys in the clear, an encrypted one and one that a program keeps."""
    place = tmp_path_factory.mktemp("made")
    root = make_workspace(place / "w", "--key-id", "first")
    assert mint(root, lines(1)).returncode == 0
    secret, key_secret = place / "secret", place / "key-secret"
    secret.write_text(SECRET + "\n")
    key_secret.write_text(KEY_SECRET + "\n")
    program = shlex.join([sys.executable, str(EXAMPLE), str(write_pem_key(place / "other.pem"))])
    for arguments in (
        ("new", "encrypted", "--passphrase-file", key_secret),
        ("new", "program", "--key", f"exec:{program}"),
        ("rotate", "--no-passphrase"),
    ):
        done = run("keys", *arguments, "--workspace", root)
        assert done.returncode == 0, done.stderr
    archive = place / "backup.age"
    process = start("keys", "backup", archive, "--workspace", root, "--archive-passphrase-file", secret, "--json")
    seen = b""
    while process.poll() is None:  # what `ps` shows, all the time
        with suppress(ProcessLookupError):  # it has ended since
            seen += b"".join(Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
        time.sleep(0.2)
    assert seen
    done = finish(process)
    assert done.returncode == 0, done.stderr
    (report,) = done.lines()
    plain = age_files.decrypt(archive.read_bytes(), SECRET)
    return Made(root, archive, report, done.stderr, seen, secret, key_secret, plain)


@pytest.fixture
def cheap(made: Made, tmp_path: Path) -> Path:
    """The same archive, quicker to open."""
    path = tmp_path / "cheap.age"
    path.write_bytes(age_files.encrypt(made.plain, SECRET))
    return path


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    place = tmp_path_factory.mktemp("tmp")
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    yield
    assert list(place.glob("pithbuilder-*")) == []


def kept(root: Path) -> dict[str, bytes]:
    return {
        name: data
        for name, data in contents(root).items()
        if name == "pith.toml" or (name.startswith("keys/") and "/." not in name)
    }


def restore(made: Made, archive: Path, *arguments: str | Path, **options: Any) -> Result:
    return run("keys", "restore", archive, *arguments, "--archive-passphrase-file", made.secret, **options)


def test_what_a_backup_says(made: Made) -> None:
    data = made.archive.read_bytes()
    assert (made.report["size"], made.report["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    halves = {key["key_id"]: (key["status"], key["private_half"], key["encrypted"]) for key in made.report["keys"]}
    second = next(key_id for key_id, found in halves.items() if found[0] == "active")
    assert halves == {
        "first": ("retired", "inside", False),
        second: ("active", "inside", False),
        "encrypted": ("prepared", "inside", True),
        "program": ("prepared", "elsewhere", False),
    }
    assert "warning: the archive does not hold the private half of program" in made.stderr
    assert f"pithbuilder keys restore {made.archive} --rehearse" in made.stderr
    assert "another building" in made.stderr


def test_no_secret_anywhere(made: Made, cheap: Path) -> None:
    rehearsed = restore(made, cheap, "--rehearse", "--passphrase-file", made.key_secret)
    wrong = run("keys", "restore", cheap, "--rehearse", "--archive-passphrase-file", made.key_secret)
    assert code_of(wrong) == "archive-passphrase"
    said = "".join((json.dumps(made.report), made.stderr, *(r.stdout + r.stderr for r in (rehearsed, wrong)))).encode()
    secrets = [SECRET.encode(), KEY_SECRET.encode()]
    for path in (made.root / "keys").glob("*.pem"):
        pem = path.read_bytes()
        secrets.append(pem.splitlines()[1])
        if b"ENCRYPTED" not in pem:
            seed = PrivateKey.from_pem(pem, None).to_seed()
            secrets += [seed, seed.hex().encode(), base64.b64encode(seed)]
    assert len(secrets) == 11
    assert b"backup" in made.seen
    for place in (said, made.seen, made.archive.read_bytes()):
        assert not [secret for secret in secrets if secret in place]


def test_a_workspace_comes_back_and_signs(made: Made, tmp_path: Path) -> None:
    target = tmp_path / "new"
    done = restore(made, made.archive, target)
    assert done.returncode == 0, done.stderr
    assert kept(target) == kept(made.root)
    assert "NOT INSIDE, kept at exec:" in done.stdout
    assert "copy the published mirror" in done.stderr
    shutil.copytree(made.root / "mirror", target / "mirror")
    minted = mint(target, lines(1, 2), clock="2027-01-01T00:00:00.000000Z")
    assert minted.returncode == 0, minted.stderr
    assert run("verify", target / "mirror", "--trust", made.root / "keys" / "first.json").returncode == 0
    before = contents(target)
    assert code_of(restore(made, made.archive, target)) == "workspace-exists"
    assert contents(target) == before


def test_a_rehearsal(made: Made, cheap: Path) -> None:
    before = contents(made.root)
    done = restore(made, cheap, "--rehearse", "--json", "--passphrase-file", made.key_secret)
    assert done.returncode == 0, done.stderr
    results = {row["key_id"]: row["result"] for row in done.lines()}
    assert results.pop("program") in ("proved", "not-proved")  # as the program's own policy will have it
    assert set(results.values()) == {"proved"}
    assert len(results) == 3
    assert contents(made.root) == before
    without = restore(made, cheap, "--rehearse")
    assert without.returncode == 1
    assert re.search(r"^failed  encrypted .*\[passphrase-needed\]$", without.stdout, re.MULTILINE)
    assert "make a new backup" in without.stderr


def test_a_token_never_gets_a_keys_passphrase(made: Made, tmp_path: Path) -> None:
    """Some wrong PINs lock it: here the PIN is not known and cannot be asked for, and that is all."""
    need("pkcs11")
    softhsm()
    root = Path(shutil.copytree(made.root, tmp_path / "w"))
    (root / "keys" / "program.reference").write_text(f"{token_reference()}\n")
    archive = tmp_path / "b.age"
    arguments = ("--workspace", root, "--archive-passphrase-file", made.secret)
    assert run("keys", "backup", archive, *arguments).returncode == 0
    done = restore(made, archive, "--rehearse", "--json", "--passphrase-file", made.key_secret)
    (row,) = (row for row in done.lines() if row["key_id"] == "program")
    assert (row["result"], row["code"]) == ("not-proved", "passphrase-needed")
    assert done.returncode == 0


@pytest.mark.parametrize(
    "arguments", [(), ("new", "--rehearse"), ("new", "--passphrase-file", "/dev/null")], ids=lambda a: " ".join(a)
)
def test_wrong_usage(made: Made, cheap: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert restore(made, cheap, *arguments, cwd=tmp_path).returncode == 2
    assert not (tmp_path / "new").exists()


def test_nobody_to_ask(made: Made, cheap: Path, tmp_path: Path) -> None:
    for arguments in (("backup", tmp_path / "b", "--workspace", made.root), ("restore", cheap, tmp_path / "new")):
        done = run("keys", *arguments)
        assert code_of(done) == "passphrase-needed"
        assert "--archive-passphrase-file" in done.stderr
    assert list(tmp_path.iterdir()) == [cheap]


def test_targets_that_will_not_do(made: Made, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_bytes(b"mine")
    arguments = ("--workspace", made.root, "--archive-passphrase-file", made.secret)
    assert code_of(run("keys", "backup", taken, *arguments)) == "archive-exists"
    assert taken.read_bytes() == b"mine"
    assert code_of(run("keys", "backup", tmp_path / "no" / "b.age", *arguments)) == "write-failed"


def test_a_full_disk(made: Made, cheap: Path, tmp_path: Path) -> None:
    smallest = len((made.root / "pith.toml").read_bytes())
    arguments = ("--workspace", made.root, "--archive-passphrase-file", made.secret)
    assert code_of(run("keys", "backup", tmp_path / "b.age", *arguments, largest_file=10_000)) == "write-failed"
    assert code_of(restore(made, cheap, tmp_path / "new", largest_file=smallest)) == "write-failed"
    assert code_of(restore(made, cheap, "--rehearse", largest_file=smallest)) == "write-failed"
    assert list(tmp_path.iterdir()) == [cheap]


def test_damaged_archives(made: Made, tmp_path: Path) -> None:
    data = made.archive.read_bytes()
    for number, damaged in enumerate((data[:-1], data[:100], data[:-20] + b"x" + data[-19:], b"", b"no archive")):
        path = tmp_path / f"{number}"
        path.write_bytes(damaged)
        done = restore(made, path, "--rehearse")
        assert (done.returncode, code_of(done)) == (1, "archive-format")
        assert str(path) in done.stderr
    assert code_of(restore(made, tmp_path / "none", "--rehearse")) == "read-failed"


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_rehearsal_that_is_ended_leaves_nothing(
    made: Made, cheap: Path, tmp_path: Path, ended_by: signal.Signals
) -> None:
    """It waits for a passphrase that nobody writes; what is temporary is watched by the fixture."""
    place = Path(os.environ["TMPDIR"])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = start(
        "keys", "restore", cheap, "--rehearse", "--archive-passphrase-file", made.secret, "--passphrase-file", pipe
    )
    try:
        for _ in range(600):
            if list(place.glob("pithbuilder-*/workspace/pith.toml")):
                break
            time.sleep(0.05)
        else:
            raise AssertionError("it has not come to the keys")
        time.sleep(0.3)
        process.send_signal(ended_by)
        process.wait(30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode not in (0, -signal.SIGKILL)


def spawn(*arguments: str | Path) -> pexpect.spawn[str]:
    return pexpect.spawn(
        sys.executable,
        ["-m", "pithbuilder", *map(str, arguments)],
        env=environment({"LC_ALL": "C.UTF-8"}),
        encoding="utf-8",
        timeout=60,
    )


@in_a_terminal
def test_passphrases_from_a_terminal(made: Made, cheap: Path) -> None:
    child = spawn("keys", "restore", cheap, "--rehearse")
    child.expect_exact("Passphrase of the archive: ")
    child.sendline(SECRET)
    child.expect_exact("Passphrase of the key encrypted: ")
    child.sendline(KEY_SECRET)
    said = str(child.read())
    child.close()
    assert child.exitstatus == 0, said
    assert SECRET not in said
    assert KEY_SECRET not in said


@in_a_terminal
def test_a_new_archives_passphrase_is_asked_twice(made: Made, tmp_path: Path) -> None:
    child = spawn("keys", "backup", tmp_path / "b.age", "--workspace", made.root)
    child.expect_exact("Passphrase for the new archive: ")
    child.sendline(SECRET)
    child.expect("(?i)repeat.*: ")
    child.sendline(SECRET)
    said = str(child.read())
    child.close()
    assert child.exitstatus == 0, said
    assert SECRET not in said
    data = (tmp_path / "b.age").read_bytes()
    assert b"keys/first.pem" in age_files.decrypt(data, SECRET)


@in_a_terminal
def test_age_and_tar_restore_it_without_this_program(made: Made, tmp_path: Path) -> None:
    missing = [program for program in ("age", "tar") if shutil.which(program) is None]
    if missing:
        reason = f"NOT TESTED: backups by hand, because {', '.join(missing)} is not installed (see tests/run)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    command = f"umask 077; age -d {shlex.quote(str(made.archive))} | tar x"  # as the README inside says
    child = pexpect.spawn(
        "/bin/bash", ["-c", f"set -o pipefail; {command}"], cwd=str(tmp_path), encoding="utf-8", timeout=120
    )
    child.expect("(?i)passphrase.*: ")
    child.sendline(SECRET)
    said = str(child.read())
    child.close()
    assert child.exitstatus == 0, said
    assert kept(tmp_path) == kept(made.root)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()} == {0o600}
    assert "age -d ARCHIVE | tar x" in (tmp_path / "README.txt").read_text()
    assert run("keys", "list", "--workspace", tmp_path).returncode == 0
