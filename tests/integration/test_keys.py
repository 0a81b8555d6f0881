"""``pithbuilder keys``: making, listing, showing; and minting on after a change of keys."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.cli import CLOCK, bundles, code_of, contents, identities, lines, make_workspace, mint, run


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one key; not to be changed."""
    return make_workspace(tmp_path_factory.mktemp("fresh") / "w", "--key-id", "first")


@pytest.fixture
def workspace(fresh: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh, tmp_path / "w"))


def test_new(workspace: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a passphrase")
    for key_id, options in (("plain", ("--no-passphrase",)), ("locked", ("--passphrase-file", str(secret)))):
        done = run("keys", "new", key_id, "--workspace", workspace, *options)
        assert done.returncode == 0
        document = json.loads((workspace / "keys" / f"{key_id}.json").read_bytes())
        assert done.stdout == f"{key_id}  {document['fingerprint_sha256_hex']}\n"
        assert f"keys rotate --to {key_id}" in done.stderr
        pem = workspace / "keys" / f"{key_id}.pem"
        assert stat.S_IMODE(pem.stat().st_mode) == 0o600
        assert load_pem_private_key(pem.read_bytes(), b"a passphrase" if key_id == "locked" else None) is not None
        said = done.stdout + done.stderr
        assert "a passphrase" not in said
        assert not any(row in said for row in pem.read_text().splitlines()[1:-1])
    (row,) = run("keys", "new", "third", "--workspace", workspace, "--no-passphrase", "--json").lines()
    assert row["key_id"] == "third"


def test_new_never_overwrites(workspace: Path) -> None:
    before = contents(workspace)
    done = run("keys", "new", "first", "--workspace", workspace, "--no-passphrase")
    assert (done.returncode, done.stdout) == (1, "")
    assert code_of(done) == "key-file-exists"
    assert contents(workspace) == before


@pytest.mark.parametrize("key_id", ["../escape", "a/b", "A", "", ".hidden", "a" * 65, "a b", "a\n", "é", "\x1b[31m"])
def test_new_takes_no_hostile_name(workspace: Path, key_id: str) -> None:
    before = contents(workspace.parent)
    done = run("keys", "new", key_id, "--workspace", workspace, "--no-passphrase")
    assert (done.returncode, done.stdout) == (1, "")
    assert code_of(done) == "key-id-format"
    assert "\x1b" not in done.stderr
    assert contents(workspace.parent) == before
    shown = run("keys", "show", key_id, "--workspace", workspace)
    assert shown.returncode == (0 if key_id == "" else 1)  # no name is the key that signs


def test_new_without_terminal_or_option(workspace: Path) -> None:
    before = contents(workspace)
    done = run("keys", "new", "second", "--workspace", workspace)
    assert (done.returncode, done.stdout) == (1, "")
    assert code_of(done) == "passphrase-needed"
    assert "--passphrase-file" in done.stderr
    assert contents(workspace) == before


@pytest.mark.parametrize("largest_file", [0, 60, 400])
def test_new_on_a_full_disk_fails_and_can_be_repeated(workspace: Path, largest_file: int) -> None:
    before = contents(workspace)
    done = run("keys", "new", "second", "--workspace", workspace, "--no-passphrase", largest_file=largest_file)
    assert (done.returncode, done.stdout) == (1, "")
    assert code_of(done) == "write-failed"
    again = run("keys", "new", "second", "--workspace", workspace, "--no-passphrase")
    assert again.returncode == 0, f"a failed 'keys new' cannot be repeated: {again.stderr}"
    assert sorted(contents(workspace)) == sorted([*before, ".pith.lock", "keys/second.json", "keys/second.pem"])


def test_list(workspace: Path) -> None:
    run("keys", "new", "second", "--workspace", workspace, "--no-passphrase")
    (workspace / "keys" / "second.pem").unlink()
    rows = run("keys", "list", "--workspace", workspace, "--json").lines()
    assert [(row["key_id"], row["status"], row["reference"]) for row in rows] == [
        ("first", "active", "file:keys/first.pem"),
        ("second", "prepared", ""),
    ]
    done = run("keys", "list", cwd=workspace)
    assert (done.returncode, done.stderr) == (0, "")
    assert [row.split()[:2] for row in done.stdout.splitlines()] == [
        [row["key_id"], row["fingerprint"]] for row in rows
    ]


def test_show(workspace: Path) -> None:
    run("keys", "new", "second", "--workspace", workspace, "--no-passphrase")
    for arguments, key_id in (((), "first"), (("second",), "second"), (("first", "--json"), "first")):
        done = run("keys", "show", *arguments, "--workspace", workspace)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.lines() == [json.loads((workspace / "keys" / f"{key_id}.json").read_bytes())]
    done = run("keys", "show", "third", "--workspace", workspace)
    assert (done.returncode, done.stdout, code_of(done)) == (1, "", "key-missing")


def test_a_new_key_signs_new_papers_and_leaves_the_old_ones_alone(workspace: Path) -> None:
    mint(workspace, lines(1))
    (old,) = bundles(workspace / "mirror").values()
    before = identities(workspace / "mirror")[old.relative_to(workspace / "mirror").as_posix()]
    run("keys", "new", "second", "--workspace", workspace, "--no-passphrase")
    assert run("keys", "rotate", "--to", "second", "--clock", CLOCK, "--workspace", workspace).returncode == 0
    done = mint(workspace, lines(1, 2), "--json")
    assert done.returncode == 0
    assert [row["status"] for row in done.lines()] == ["unchanged", "minted"]
    assert identities(workspace / "mirror")[old.relative_to(workspace / "mirror").as_posix()] == before
    assert json.loads((workspace / "mirror" / "pith-signing-key.json").read_bytes())["key_id"] == "second"
    signers = {
        json.loads(path.read_bytes())["bundle_signature"]["key_id"] for path in bundles(workspace / "mirror").values()
    }
    assert signers == {"first", "second"}
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0
    old.unlink()
    files = contents(workspace / "mirror")
    done = mint(workspace, lines(1, 2), "--json")
    assert done.returncode == 1
    assert [row["status"] for row in done.lines()] == ["failed", "unchanged"]
    assert done.lines()[0]["error"]["code"] == "receipt-lost"
    assert contents(workspace / "mirror") == files


def test_a_profile_that_names_the_key_that_signs_is_told_where_that_stands_now(workspace: Path) -> None:
    profile = workspace / "pith.toml"
    profile.write_text(profile.read_text() + '\n[key]\nreference = "file:keys/first.pem"\n')
    done = mint(workspace, lines(1))
    assert (done.returncode, done.stdout, code_of(done)) == (1, "", "profile-value")
    assert str(profile) in done.stderr
    assert "keys rotate" in done.stderr


def test_passwd(workspace: Path, tmp_path: Path) -> None:
    """From the clear to one passphrase, to another, and back; each time only the last one opens."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("first phrase")
    two.write_text("second phrase")
    pem = workspace / "keys" / "first.pem"
    public = (workspace / "keys" / "first.json").read_bytes()
    opens: tuple[str, ...] = ()
    changes: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        ((), ("--new-passphrase-file", str(one))),
        (("--passphrase-file", str(one)), ("--new-passphrase-file", str(two))),
        (("--passphrase-file", str(two)), ("--no-passphrase",)),
    ]
    for old, new in changes:
        done = run("keys", "passwd", "--workspace", workspace, *old, *new)
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE(pem.stat().st_mode) == 0o600
        opens = () if new == ("--no-passphrase",) else ("--passphrase-file", new[1])
        assert mint(workspace, lines(1), *opens).returncode == 0
        if old:
            assert mint(workspace, lines(1), *old).returncode == 1
    assert (workspace / "keys" / "first.json").read_bytes() == public
    before = contents(workspace)
    for options, code in (
        (("--passphrase-file", str(one), "--no-passphrase"), "passphrase-not-needed"),
        ((), "passphrase-needed"),
    ):
        done = run("keys", "passwd", "--workspace", workspace, *options)
        assert (done.returncode, code_of(done)) == (1, code)
    assert code_of(run("keys", "passwd", "nobody", "--workspace", workspace, "--no-passphrase")) == "key-file-missing"
    assert contents(workspace) == before
