"""Private key files for their owner's eyes only, and key documents that agree with themselves."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.errors import KeyMaterialError, PithError, StoreError
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.stores.key_files import (
    create_private_file,
    is_encrypted,
    load_private_key_file,
    pinned_keyring,
    read_private_key_file,
)


def no_space(*_: Any, **__: Any) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.mark.parametrize("passphrase", [None, b"secret"])
def test_round_trip(tmp_path: Path, key: PrivateKey, passphrase: bytes | None) -> None:
    path = tmp_path / "key.pem"
    create_private_file(path, key.to_pem(passphrase))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert is_encrypted(path) == (passphrase is not None)
    assert load_private_key_file(path, passphrase).public_key == key.public_key


@pytest.mark.parametrize(
    ("stored", "given", "code"),
    [
        (None, b"secret", "passphrase-not-needed"),
        (b"secret", None, "passphrase-needed"),
        (b"secret", b"hunter2", "passphrase-wrong"),
    ],
)
def test_the_wrong_passphrase(
    tmp_path: Path, key: PrivateKey, stored: bytes | None, given: bytes | None, code: str
) -> None:
    path = tmp_path / "key.pem"
    create_private_file(path, key.to_pem(stored))
    with pytest.raises(KeyMaterialError) as caught:
        load_private_key_file(path, given)
    assert (caught.value.code, caught.value.where) == (code, str(path))
    assert not any(secret.decode() in str(caught.value) for secret in (stored, given) if secret)


@pytest.mark.parametrize("kind", ["file", "link", "broken link"])
def test_nothing_is_overwritten_or_followed(tmp_path: Path, key: PrivateKey, kind: str) -> None:
    path, target = tmp_path / "key.pem", tmp_path / "target"
    if kind == "file":
        path.write_bytes(b"precious")
    else:
        path.symlink_to(target)
        if kind == "link":
            target.write_bytes(b"precious")
    with pytest.raises(KeyMaterialError) as caught:
        create_private_file(path, key.to_pem(None))
    assert caught.value.code == "key-file-exists"
    if kind == "broken link":
        assert not target.exists()
    else:
        assert path.read_bytes() == b"precious"


def test_a_full_disk_leaves_no_key(tmp_path: Path, key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key.pem"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(StoreError) as caught:
            create_private_file(path, key.to_pem(None))
    assert (caught.value.code, caught.value.where) == ("write-failed", str(path))
    assert list(tmp_path.iterdir()) == []
    create_private_file(path, key.to_pem(None))


@pytest.mark.parametrize("mode", [0o601, 0o602, 0o604, 0o610, 0o620, 0o640, 0o644, 0o666])
def test_any_right_of_others_is_too_much(tmp_path: Path, key: PrivateKey, mode: int) -> None:
    path = tmp_path / "key.pem"
    create_private_file(path, key.to_pem(None))
    path.chmod(mode)
    with pytest.raises(KeyMaterialError) as caught:
        read_private_key_file(path)
    assert caught.value.code == "key-file-mode"
    assert caught.value.found == f"mode {mode:04o}"


@pytest.mark.parametrize("kind", ["link", "directory", "pipe"])
def test_only_a_plain_file_is_read(tmp_path: Path, key: PrivateKey, kind: str) -> None:
    path = tmp_path / "key.pem"
    if kind == "link":
        create_private_file(tmp_path / "target", key.to_pem(None))
        path.symlink_to(tmp_path / "target")
    elif kind == "directory":
        path.mkdir(0o700)
    else:
        os.mkfifo(path, 0o600)
    with pytest.raises(KeyMaterialError) as caught:
        read_private_key_file(path)
    assert caught.value.code == "key-file-link"


def test_a_missing_key(tmp_path: Path) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        read_private_key_file(tmp_path / "key.pem")
    assert caught.value.code == "key-file-missing"


def write_document(path: Path, key: PrivateKey, key_id: str, changes: dict[str, object] | None = None) -> None:
    document = KeyDocument.of(key.public_key.raw, key_id=key_id, url="https://a.example/key", notes="")
    path.write_text(json.dumps({**document.to_dict(), **(changes or {})}))


def test_pinning_files_and_directories(tmp_path: Path, key: PrivateKey) -> None:
    write_document(tmp_path / "a.json", key, "a")
    write_document(tmp_path / "b.json", PrivateKey.generate(), "b")
    (tmp_path / "c.txt").write_text("no key")
    keyring = pinned_keyring(tmp_path)
    assert {"a", "b"} <= set(keyring)
    assert set(pinned_keyring(tmp_path / "a.json")) == set(keyring) - {"b"}
    assert keyring.get("a") == key.public_key


def test_the_published_key_cannot_be_replaced(tmp_path: Path, key: PrivateKey) -> None:
    write_document(tmp_path / "key.json", key, "pith-v1-2026-05")
    with pytest.raises(KeyMaterialError) as caught:
        pinned_keyring(tmp_path / "key.json")
    assert caught.value.code == "key-conflict"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"public_key_b64": "A" * 43 + "="}, "key-encoding"),
        ({"public_key_hex": "00" * 32}, "key-encoding"),
        ({"fingerprint_sha256_hex": "00" * 16}, "key-fingerprint"),
        ({"algorithm": "RSA"}, "key-algorithm"),
        ({"key_id": 1}, "field-type"),
    ],
)
def test_a_document_that_contradicts_itself(
    tmp_path: Path, key: PrivateKey, changes: dict[str, object], code: str
) -> None:
    path = tmp_path / "key.json"
    write_document(path, key, "a", changes)
    for pinned in (path, tmp_path):
        with pytest.raises(PithError) as caught:
            pinned_keyring(pinned)
        assert caught.value.code == code
        assert caught.value.where.startswith(str(path))
