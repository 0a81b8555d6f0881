"""Workspaces: the profile that is written is the one that is read; keys and the lock."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.errors import KeyMaterialError, ProfileError, StoreError
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.stores.key_store import NewKey, check_key_id
from pithbuilder.stores.workspace import Workspace, document_of_key

PROFILE = IssuerProfile(signer_id="a.test", mirror_name="A", base_url="https://a.test")


def new_key(key_id: str = "key", key: PrivateKey | None = None, passphrase: bytes | None = None) -> NewKey:
    made = key or PrivateKey.generate()
    return NewKey(document_of_key(PROFILE, key_id, made.public_key), made.to_pem(passphrase))


PRINTABLE = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and bool(text.strip()))


@given(signer_id=PRINTABLE, name=PRINTABLE, integrity=st.booleans())
def test_any_profile_comes_back(
    tmp_path_factory: pytest.TempPathFactory, signer_id: str, name: str, integrity: bool
) -> None:
    root = tmp_path_factory.mktemp("w")
    profile = IssuerProfile(signer_id=signer_id, mirror_name=name, base_url="https://a.test/b", integrity=integrity)
    created = Workspace.create(root, profile, new_key("key-1"))
    opened = Workspace.open(root)
    assert created == opened
    assert (opened.profile, opened.out) == (profile, root / "mirror")
    assert opened.keys.signing_key_id() == "key-1"


def test_a_workspace_is_made_once(tmp_path: Path) -> None:
    Workspace.create(tmp_path, PROFILE, new_key())
    before = (tmp_path / "pith.toml").read_bytes()
    with pytest.raises(ProfileError) as caught:
        Workspace.create(tmp_path, PROFILE, new_key("other"))
    assert caught.value.code == "workspace-exists"
    assert (tmp_path / "pith.toml").read_bytes() == before


def test_there_is_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        Workspace.open(tmp_path)
    assert caught.value.code == "workspace-missing"
    assert "pithbuilder init" in caught.value.hint


@pytest.mark.parametrize(
    ("before", "after", "code", "where"),
    [
        ("[issuer]", "[issuer", "profile-syntax", ""),
        ("[issuer]", "[issuers]", "profile-value", "issuer.signer_id"),
        ('signer_id = "a.test"', "", "profile-value", "issuer.signer_id"),
        ('signer_id = "a.test"', "signer_id = 7", "profile-value", "signer_id"),
        ('signer_id = "a.test"', 'signer_id = " "', "profile-value", "signer_id"),
        ('signer_id = "a.test"', 'signer_id = "\\u001b"', "profile-value", "signer_id"),
        ('signer_id = "a.test"', 'signer = "a"\nsigner_id = "a.test"', "profile-value", "issuer.signer"),
        ('"https://a.test"', '"https://a.test/"', "profile-value", "base_url"),
        ("integrity = true", 'integrity = "yes"', "profile-value", "integrity"),
        ("integrity = true", "integrity = 1", "profile-value", "integrity"),
        ("[snapshot]\nintegrity = true", "snapshot = 1", "profile-value", "issuer.snapshot"),
        ("[mirror]", '[key]\nreference = "file:keys/key.pem"\n[mirror]', "profile-value", "key"),
        ('out = "mirror"', "out = 3", "profile-value", "mirror.out"),
        ('out = "mirror"', 'out = ""', "profile-value", "mirror.out"),
    ],
)
def test_a_wrong_profile_names_the_setting(tmp_path: Path, before: str, after: str, code: str, where: str) -> None:
    Workspace.create(tmp_path, PROFILE, new_key())
    path = tmp_path / "pith.toml"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(ProfileError) as caught:
        Workspace.open(tmp_path)
    assert caught.value.code == code
    assert caught.value.where.startswith(str(path))
    assert caught.value.where.endswith(where)


def test_a_profile_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "pith.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ProfileError) as caught:
        Workspace.open(tmp_path)
    assert caught.value.code == "profile-syntax"


@pytest.mark.parametrize("key_id", ["a", "0", "a.b_c-d", "a" * 64])
def test_key_ids(key_id: str) -> None:
    assert check_key_id(key_id) == key_id


@pytest.mark.parametrize("key_id", ["", "A", ".a", "-a", "_a", "a/b", "..", "a\n", "a b", "é", "a" * 65, "a\0"])
def test_no_key_ids(key_id: str) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        check_key_id(key_id)
    assert caught.value.code == "key-id-format"


def test_keys_of_a_workspace(tmp_path: Path) -> None:
    key = PrivateKey.generate()
    keys = Workspace.create(tmp_path, PROFILE, new_key(key=key, passphrase=b"secret")).keys
    assert keys.is_encrypted("key")
    assert keys.load_private("key", b"secret").public_key == key.public_key
    assert [document.key_id for document in keys.documents()] == ["key"]
    with pytest.raises(KeyMaterialError) as caught:
        keys.add(new_key())
    assert caught.value.code == "key-file-exists"
    keys.replace_private("key", key.to_pem(b"another"))
    assert stat.S_IMODE(keys.private_path("key").stat().st_mode) == 0o600
    assert keys.load_private("key", b"another").public_key == key.public_key
    keys.write_document(new_key("key").document)
    with pytest.raises(KeyMaterialError) as caught:
        keys.load_private("key", b"another")
    assert caught.value.code == "key-conflict"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, PROFILE, new_key())
    with workspace.lock():
        with pytest.raises(StoreError) as caught, workspace.lock():
            pass
        assert caught.value.code == "workspace-busy"
    with workspace.lock():
        pass
    with pytest.raises(KeyboardInterrupt), workspace.lock():
        raise KeyboardInterrupt
    with workspace.lock():
        assert (tmp_path / ".pith.lock").exists()


def test_the_lock_is_not_made_through_a_link(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, PROFILE, new_key())
    (tmp_path / ".pith.lock").symlink_to(tmp_path / "target")
    with pytest.raises(StoreError) as caught, workspace.lock():
        pass
    assert caught.value.code == "write-failed"
    assert not (tmp_path / "target").exists()
