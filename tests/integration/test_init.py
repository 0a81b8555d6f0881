"""``pithbuilder init``: what it makes, where the passphrase comes from, and that nothing is left half-made."""

from __future__ import annotations

import base64
import json
import re
import stat
import sys
import tomllib
from pathlib import Path

import pexpect
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.cli import (
    CLOCK,
    Result,
    code_of,
    contents,
    environment,
    lines,
    make_workspace,
    mint,
    private_key,
    run,
    signing_key,
)

PASSPHRASE = "correct horse — Batterie 7"
in_a_terminal = pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")


def spawn(*arguments: str | Path) -> pexpect.spawn[str]:
    return pexpect.spawn(
        sys.executable,
        ["-m", "pithbuilder", *map(str, arguments)],
        env=environment({"LC_ALL": "C.UTF-8"}),
        encoding="utf-8",
        timeout=60,
    )


def spawn_shell(command: str, *arguments: str | Path) -> pexpect.spawn[str]:
    return pexpect.spawn(
        "/bin/sh",
        ["-c", command, sys.executable, *map(str, arguments)],
        env=environment({"LC_ALL": "C.UTF-8"}),
        encoding="utf-8",
        timeout=60,
    )


def end(child: pexpect.spawn[str]) -> str:
    """Read the rest of what a program says, and wait for it."""
    text = str(child.read())
    child.close()
    return text


def public_hex(key: object) -> str:
    assert isinstance(key, Ed25519PrivateKey)
    return key.public_key().public_bytes_raw().hex()


def no_secret_in(result: Result, pem: bytes, key: object) -> None:
    assert isinstance(key, Ed25519PrivateKey)
    said = result.stdout + result.stderr
    seed = key.private_bytes_raw()
    for secret in (seed.hex(), base64.b64encode(seed).decode(), *pem.decode().splitlines()[1:-1]):
        assert secret not in said


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_workspace_in_the_clear(tmp_path: Path, umask: int) -> None:
    root = tmp_path / "deep" / "down"
    done = run("init", root, "--no-passphrase", "--key-id", "k1", umask=umask)
    assert done.returncode == 0
    assert sorted(contents(root)) == [
        ".gitignore",
        "keys/k1.json",
        "keys/k1.pem",
        "keys/pith-keys.json",
        "pith.toml",
    ]
    pem = root / "keys" / "k1.pem"
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600
    assert pem.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    key = load_pem_private_key(pem.read_bytes(), None)
    document = json.loads((root / "keys" / "k1.json").read_bytes())
    assert document["key_id"] == "k1"
    assert document["public_key_hex"] == public_hex(key)
    assert done.stdout == f"k1  {document['fingerprint_sha256_hex']}\n"
    no_secret_in(done, pem.read_bytes(), key)
    profile = tomllib.loads((root / "pith.toml").read_text())
    assert set(profile) == {"issuer", "snapshot", "mirror"}
    keyring = json.loads((root / "keys" / "pith-keys.json").read_bytes())
    assert keyring["chain"] == []
    assert [(entry["key"], entry["status"]) for entry in keyring["keys"]] == [(document, "active")]
    ignored = (root / ".gitignore").read_text().splitlines()
    assert "keys/*.pem" in ignored
    assert "*.passphrase" in ignored


def test_an_encrypted_key(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(PASSPHRASE.encode() + b"\r\nnot this line\n")
    done = run("init", tmp_path / "w", "--passphrase-file", secret)
    assert done.returncode == 0
    pem = private_key(tmp_path / "w")
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600
    assert pem.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    key = load_pem_private_key(pem.read_bytes(), PASSPHRASE.encode())
    no_secret_in(done, pem.read_bytes(), key)
    assert PASSPHRASE not in done.stdout + done.stderr
    assert all(PASSPHRASE.encode() not in data for data in contents(tmp_path / "w").values())
    assert json.loads(signing_key(tmp_path / "w").read_bytes())["public_key_hex"] == public_hex(key)


def test_every_workspace_has_a_key_of_its_own(tmp_path: Path) -> None:
    one, two = make_workspace(tmp_path / "one"), make_workspace(tmp_path / "two")
    assert private_key(one).read_bytes() != private_key(two).read_bytes()


def test_json(tmp_path: Path) -> None:
    done = run("init", tmp_path / "w", "--no-passphrase", "--json")
    (said,) = done.lines()
    document = json.loads(signing_key(tmp_path / "w").read_bytes())
    assert said["key_id"] == document["key_id"]
    assert said["fingerprint"] == document["fingerprint_sha256_hex"]


def test_options_reach_the_profile(tmp_path: Path) -> None:
    make_workspace(
        tmp_path / "w",
        "--base-url",
        "https://pith.test:8080/a",
        "--name",
        'The "Test" Müller \\ Mirror',
        "--old-snapshots",
    )
    profile = tomllib.loads((tmp_path / "w" / "pith.toml").read_text(encoding="utf-8"))
    assert profile["issuer"]["signer_id"] == "pith.test"
    assert profile["issuer"]["mirror_name"] == 'The "Test" Müller \\ Mirror'
    assert profile["issuer"]["base_url"] == "https://pith.test:8080/a"
    assert profile["snapshot"]["integrity"] is False
    assert mint(tmp_path / "w", lines(1)).returncode == 0
    (path,) = (tmp_path / "w" / "mirror" / "pith").glob("*/bundle.json")
    assert json.loads(path.read_bytes())["links"]["bundle"].startswith("https://pith.test:8080/a/pith/")


@pytest.mark.parametrize(
    ("signer_id", "name"),
    [
        ("My Registry", "my-registry"),
        ("pith.science", "pith.science"),
        ("_.-A", "a"),
        ("数", "key"),
        ("a" * 51 + "--b", "a" * 51),
        ("x" * 200, "x" * 52),
    ],
)
def test_any_signer_id_makes_a_key_id(tmp_path: Path, signer_id: str, name: str) -> None:
    root = make_workspace(tmp_path / "w", "--signer-id", signer_id)
    key_id = json.loads(signing_key(root).read_bytes())["key_id"]
    assert re.fullmatch(re.escape(name) + r"-\d{4}-\d\d", key_id)
    assert tomllib.loads((root / "pith.toml").read_text(encoding="utf-8"))["issuer"]["signer_id"] == signer_id


def test_neither_terminal_nor_option(tmp_path: Path) -> None:
    done = run("init", tmp_path / "w", stdin=b"secret\nsecret\n")
    assert done.returncode == 1
    assert done.stdout == ""
    assert code_of(done) == "passphrase-needed"
    assert "--passphrase-file" in done.stderr
    assert "--no-passphrase" in done.stderr
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("command", ["init", "keys new"])
def test_both_options_are_wrong_usage(tmp_path: Path, command: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE)
    if command == "init":
        done = run("init", tmp_path / "w", "--passphrase-file", secret, "--no-passphrase")
        assert not (tmp_path / "w").exists()
    else:
        root = make_workspace(tmp_path / "w")
        before = contents(root)
        done = run("keys", "new", "k2", "--workspace", root, "--passphrase-file", secret, "--no-passphrase")
        assert contents(root) == before
    assert done.returncode == 2
    assert done.stdout == ""


def test_a_second_init_refuses_and_changes_nothing(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "w")
    before = contents(root)
    done = run("init", root, "--no-passphrase", "--key-id", "another")
    assert done.returncode == 1
    assert code_of(done) == "workspace-exists"
    assert contents(root) == before


@pytest.mark.parametrize(
    "options",
    [
        ("--base-url", "https://pith.test/"),
        ("--base-url", "ftp://pith.test"),
        ("--base-url", 'https://pith.test/"'),
        ("--key-id", "../k"),
        ("--key-id", "K"),
        ("--name", "two\nlines"),
        ("--signer-id", "\x1b[31m"),
    ],
    ids=repr,
)
def test_unusable_values_make_nothing(tmp_path: Path, options: tuple[str, str]) -> None:
    done = run("init", tmp_path / "w", "--no-passphrase", *options)
    assert done.returncode == 1
    assert code_of(done) in ("profile-value", "key-id-format")
    assert "\x1b" not in done.stderr
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\nsecond line\n"], ids=repr)
def test_an_empty_passphrase_file_makes_nothing(tmp_path: Path, data: bytes) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(data)
    done = run("init", tmp_path / "w", "--passphrase-file", secret)
    assert done.returncode == 1
    assert code_of(done) == "passphrase-empty"
    assert not (tmp_path / "w").exists()


def test_a_passphrase_longer_than_can_be_used_is_refused_and_makes_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x" * 2000)
    done = run("init", tmp_path / "w", "--passphrase-file", secret)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert code_of(done) == "passphrase-too-long"
    assert "xxxxxxxx" not in done.stderr
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("suffix", ["pem", "json"])
@pytest.mark.parametrize("kind", ["file", "link", "broken link"])
def test_what_has_the_keys_name_already_is_never_overwritten(tmp_path: Path, kind: str, suffix: str) -> None:
    keys = tmp_path / "w" / "keys"
    keys.mkdir(parents=True)
    target = tmp_path / "target"
    path = keys / f"k1.{suffix}"
    if kind == "file":
        path.write_text("precious")
    else:
        path.symlink_to(target)
        if kind == "link":
            target.write_text("precious")
    done = run("init", tmp_path / "w", "--no-passphrase", "--key-id", "k1")
    if kind == "broken link":
        assert not target.exists()
    else:
        assert done.returncode == 1
        assert code_of(done) == "key-file-exists"
        assert path.read_text() == "precious"
    if done.returncode == 1:
        path.unlink()
        again = run("init", tmp_path / "w", "--no-passphrase", "--key-id", "k1")
        assert again.returncode == 0, f"a failed init cannot be repeated: {again.stderr}"


@pytest.mark.parametrize("largest_file", [0, 118, 300, 660])
def test_on_a_full_disk_init_fails_and_can_be_repeated(tmp_path: Path, largest_file: int) -> None:
    done = run("init", tmp_path / "w", "--no-passphrase", largest_file=largest_file)
    assert done.returncode == 1
    assert code_of(done) == "write-failed"
    assert "hint: " in done.stderr
    again = run("init", tmp_path / "w", "--no-passphrase")
    assert again.returncode == 0, f"a failed init cannot be repeated: {again.stderr}"
    assert mint(tmp_path / "w", lines(1)).returncode == 0


def test_a_gitignore_that_is_there_keeps_its_lines_and_still_hides_the_key(tmp_path: Path) -> None:
    root = tmp_path / "w"
    root.mkdir()
    (root / ".gitignore").write_text("*.tmp\n")
    make_workspace(root)
    ignored = (root / ".gitignore").read_text().splitlines()
    assert "*.tmp" in ignored
    assert "keys/*.pem" in ignored


def test_a_failed_init_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "w"
    (root / "keys").mkdir(parents=True)
    (root / "keys" / "old.pem").write_text("precious")
    (root / ".gitignore").write_text("*.tmp\nkeys/*.pem\n")
    before = contents(root)
    done = run("init", root, "--no-passphrase", largest_file=660)
    assert done.returncode == 1
    after = contents(root)
    assert after.pop(".gitignore").startswith(before.pop(".gitignore"))
    assert after == before
    make_workspace(root)
    ignored = (root / ".gitignore").read_text().splitlines()
    assert ignored[:2] == ["*.tmp", "keys/*.pem"]
    assert len(ignored) == len(set(ignored))


@in_a_terminal
def test_the_prompt_asks_twice_and_shows_nothing(tmp_path: Path) -> None:
    child = spawn("init", tmp_path / "w")
    child.expect("(?i)passphrase.*: ?")
    child.sendline(PASSPHRASE)
    child.expect("(?i)(repeat|confirm).*: ?")
    child.sendline(PASSPHRASE)
    said = (child.before or "") + end(child)
    assert child.exitstatus == 0
    assert PASSPHRASE not in said
    pem = private_key(tmp_path / "w").read_bytes()
    assert load_pem_private_key(pem, PASSPHRASE.encode()) is not None


@in_a_terminal
def test_a_mismatch_asks_again(tmp_path: Path) -> None:
    child = spawn("init", tmp_path / "w")
    child.expect("(?i)passphrase.*: ?")
    child.sendline("one thing")
    child.expect("(?i)repeat.*: ?")
    child.sendline("another")
    child.expect("(?i)do not match")
    assert not (tmp_path / "w").exists()
    child.expect("(?i)passphrase.*: ?")
    child.sendline(PASSPHRASE)
    child.expect("(?i)repeat.*: ?")
    child.sendline(PASSPHRASE)
    said = end(child)
    assert child.exitstatus == 0
    assert "another" not in said
    assert load_pem_private_key(private_key(tmp_path / "w").read_bytes(), PASSPHRASE.encode()) is not None


@in_a_terminal
def test_an_empty_passphrase_is_not_taken(tmp_path: Path) -> None:
    child = spawn("init", tmp_path / "w")
    child.expect("(?i)passphrase.*: ?")
    child.sendline("")
    if child.expect(["(?i)passphrase-empty", "(?i)passphrase for.*: ?", "(?i)repeat.*: ?"]) != 0:
        assert not (tmp_path / "w").exists()
        child.sendintr()
    end(child)
    assert child.exitstatus == 1
    assert not (tmp_path / "w").exists()


@in_a_terminal
@pytest.mark.parametrize("how", ["interrupt", "end of file"])
def test_giving_up_at_the_prompt_makes_nothing(tmp_path: Path, how: str) -> None:
    child = spawn("init", tmp_path / "w")
    child.expect("(?i)passphrase.*: ?")
    if how == "interrupt":
        child.sendintr()
    else:
        child.sendeof()
    said = end(child)
    assert child.exitstatus == 1
    assert "Traceback" not in said
    assert not (tmp_path / "w").exists()


@in_a_terminal
def test_a_passphrase_in_another_encoding_is_refused_without_a_traceback(tmp_path: Path) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "pithbuilder", "init", str(tmp_path / "w")],
        env=environment({"LC_ALL": "C.UTF-8"}),
        timeout=60,
    )
    child.expect(b"(?i)passphrase.*: ?")
    child.sendline(b"m\xfcller")
    if child.expect([b"(?i)repeat.*: ?", pexpect.EOF]) == 0:
        child.sendline(b"m\xfcller")
        child.expect(pexpect.EOF)
    said = child.before or b""
    child.close()
    assert b"Traceback" not in said
    assert child.exitstatus == 0 or not (tmp_path / "w").exists()


@in_a_terminal
def test_prompts_stay_off_standard_output(tmp_path: Path) -> None:
    said = tmp_path / "stdout"
    child = spawn_shell('exec "$0" -m pithbuilder init "$1" --json > "$2"', tmp_path / "w", said)
    child.expect("(?i)passphrase.*: ?")
    child.sendline(PASSPHRASE)
    child.expect("(?i)repeat.*: ?")
    child.sendline(PASSPHRASE)
    end(child)
    assert child.exitstatus == 0
    assert set(json.loads(said.read_text())) == {"workspace", "key_id", "fingerprint"}


@in_a_terminal
@pytest.mark.parametrize("typed", [PASSPHRASE, "Xylophon 7"])
def test_mint_asks_for_the_passphrase_while_papers_come_on_standard_input(tmp_path: Path, typed: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE)
    root = make_workspace(tmp_path / "w", "--passphrase-file", secret)
    papers, said = tmp_path / "papers", tmp_path / "stdout"
    papers.write_bytes(lines(1, 2))
    command = 'exec "$0" -m pithbuilder mint - --json --workspace "$1" --clock "$2" < "$3" > "$4"'
    child = spawn_shell(command, root, CLOCK, papers, said)
    child.expect("(?i)passphrase.*: ?")
    child.sendline(typed)
    text = end(child)
    assert typed not in text
    if typed == PASSPHRASE:
        assert child.exitstatus == 0
        assert [json.loads(row)["status"] for row in said.read_text().splitlines()] == ["minted", "minted"]
    else:
        assert child.exitstatus == 1
        assert "[passphrase-wrong]" in text
        assert not (root / "mirror").exists()
