"""Workspaces: the profile that is written is the one that is read; keys and the lock."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.errors import KeyMaterialError, PithError, ProfileError, StoreError
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.stores.workspace import Workspace, check_key_id

PROFILE = IssuerProfile(signer_id="a.test", mirror_name="A", base_url="https://a.test")
PRINTABLE = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and bool(text.strip()))


@given(signer_id=PRINTABLE, name=PRINTABLE, integrity=st.booleans())
def test_any_profile_comes_back(
    tmp_path_factory: pytest.TempPathFactory, signer_id: str, name: str, integrity: bool
) -> None:
    root = tmp_path_factory.mktemp("w")
    profile = IssuerProfile(signer_id=signer_id, mirror_name=name, base_url="https://a.test/b", integrity=integrity)
    created = Workspace.create(root, profile, "key-1")
    opened = Workspace.open(root)
    assert created == opened
    assert (opened.profile, opened.key_id, opened.out) == (profile, "key-1", root / "mirror")


def test_a_workspace_is_made_once(tmp_path: Path) -> None:
    Workspace.create(tmp_path, PROFILE, "key")
    before = (tmp_path / "pith.toml").read_bytes()
    with pytest.raises(ProfileError) as caught:
        Workspace.create(tmp_path, PROFILE, "other")
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
        ("file:keys/key.pem", "keys/key.pem", "profile-value", "key.reference"),
        ("file:keys/key.pem", "file:keys/../key.pem", "profile-value", "key.reference"),
        ('out = "mirror"', "out = 3", "profile-value", "mirror.out"),
        ('out = "mirror"', 'out = ""', "profile-value", "mirror.out"),
    ],
)
def test_a_wrong_profile_names_the_setting(tmp_path: Path, before: str, after: str, code: str, where: str) -> None:
    Workspace.create(tmp_path, PROFILE, "key")
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


def test_a_signer_of_the_workspaces_key(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, PROFILE, "key")
    key = PrivateKey.generate()
    workspace.add_key("key", key, b"secret")
    assert workspace.needs_passphrase()
    signer = workspace.open_signer(b"secret")
    assert (signer.key_id, signer.public_key) == ("key", key.public_key)
    assert [document.key_id for document in workspace.key_documents()] == ["key"]
    with pytest.raises(PithError):
        workspace.add_key("key", PrivateKey.generate(), None)
    assert workspace.open_signer(b"secret").public_key == key.public_key


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path, PROFILE, "key")
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
    workspace = Workspace.create(tmp_path, PROFILE, "key")
    (tmp_path / ".pith.lock").symlink_to(tmp_path / "target")
    with pytest.raises(StoreError) as caught, workspace.lock():
        pass
    assert caught.value.code == "write-failed"
    assert not (tmp_path / "target").exists()
