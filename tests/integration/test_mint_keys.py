"""``pithbuilder mint`` and the private key: encrypted, open to others, somebody else's, not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import (
    code_of,
    lines,
    make_workspace,
    mint,
    private_key,
    run,
    signing_key,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w")


def test_an_encrypted_key(tmp_path: Path) -> None:
    secret, wrong = tmp_path / "secret", tmp_path / "wrong"
    secret.write_text("right passphrase\n")
    wrong.write_text("wr0ng passphrase\n")
    workspace = make_workspace(tmp_path / "w", "--passphrase-file", secret)
    for options, code in (
        ((), "passphrase-needed"),
        (("--passphrase-file", wrong), "passphrase-wrong"),
    ):
        done = mint(workspace, lines(1), *options)
        assert (done.returncode, done.stdout) == (1, "")
        assert code_of(done) == code
        assert "hint: " in done.stderr
        assert "0ng" not in done.stderr
        assert not (workspace / "mirror").exists()
    done = mint(workspace, lines(1), "--passphrase-file", secret)
    assert done.returncode == 0
    assert "right passphrase" not in done.stdout + done.stderr
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0


def test_a_passphrase_for_a_key_in_the_clear_is_a_mistake(workspace: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not needed")
    done = mint(workspace, lines(1), "--passphrase-file", secret)
    assert done.returncode == 1
    assert code_of(done) == "passphrase-not-needed"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_a_key_that_others_can_read_is_refused(workspace: Path, mode: int) -> None:
    private_key(workspace).chmod(mode)
    done = mint(workspace, lines(1))
    assert done.returncode == 1
    assert code_of(done) == "key-file-mode"
    assert "chmod 600" in done.stderr
    assert not (workspace / "mirror").exists()
    private_key(workspace).chmod(0o400)
    assert mint(workspace, lines(1)).returncode == 0


@pytest.mark.parametrize("kind", ["link", "broken link", "directory", "missing", "garbage", "public key", "ledger"])
def test_a_key_that_is_not_a_plain_key_file_is_refused(workspace: Path, tmp_path: Path, kind: str) -> None:
    path = private_key(workspace)
    kept = path.rename(tmp_path / "kept.pem")
    if kind == "link":
        path.symlink_to(kept)
    elif kind == "broken link":
        path.symlink_to(tmp_path / "nowhere")
    elif kind == "directory":
        path.mkdir(0o700)
    elif kind != "missing":
        path.write_bytes({"garbage": b"PEM", "public key": signing_key(workspace).read_bytes()}.get(kind, b"\0" * 4096))
        path.chmod(0o600)
    done = mint(workspace, lines(1))
    assert done.returncode == 1
    expected = {"missing": "private-half-missing", "link": "key-file-link", "broken link": "key-file-link"}
    assert code_of(done) == expected.get(kind, "key-file-link" if kind == "directory" else "key-file-format")
    assert not (workspace / "mirror").exists()


def test_a_public_document_of_another_key_is_refused(workspace: Path, tmp_path: Path) -> None:
    other = make_workspace(tmp_path / "other")
    signing_key(workspace).write_bytes(signing_key(other).read_bytes())
    done = mint(workspace, lines(1))
    assert done.returncode == 1
    assert code_of(done) == "key-conflict"
    assert not (workspace / "mirror").exists()
