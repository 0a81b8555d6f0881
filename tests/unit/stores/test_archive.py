"""Archives: age around tar, both read by an oracle; whatever is damaged or odd is refused."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.errors import PithError
from pithbuilder.stores.archive import is_known_name, open_archive, seal_archive
from pithbuilder.stores.archive_files import private_directory, unpack, write_archive
from tests.support import age_files

PASSPHRASE = "Grüße vom Südpol 1911"
SECRET = PASSPHRASE.encode()
FILES = {
    "pith.toml": b"[issuer]\n",
    "README.txt": b"read me\n",
    "keys/pith-keys.json": b"{}\n",
    "keys/a-2026.pem": b"-----BEGIN PRIVATE KEY-----\n" + bytes(range(256)) * 300,  # more than one chunk of age
    "keys/b.reference": b"",
    "keys/statement.pending": b"{}",
}
MTIME = 1_800_000_000


def tar_of(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE, target: str = "", end: bool = True) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, target, len(data)
            tar.addfile(member, io.BytesIO(data))
        size = tar.offset
    return plain.getvalue() if end else plain.getvalue()[:size]


def sealed(plain: bytes) -> bytes:
    return age_files.encrypt(plain, PASSPHRASE)


SEALED = sealed(tar_of(*sorted(FILES.items())))


def refusal(data: bytes, passphrase: bytes = SECRET) -> PithError:
    with pytest.raises(PithError) as caught:
        open_archive(data, passphrase)
    assert PASSPHRASE not in "".join(traceback.format_exception(caught.value))
    assert "PRIVATE KEY" not in str(caught.value)
    return caught.value


def test_a_sealed_archive_is_an_age_file_of_a_posix_tar() -> None:
    data = seal_archive(FILES, SECRET, MTIME)
    assert data.startswith(b"age-encryption.org/v1\n-> scrypt ")
    assert b"PRIVATE KEY" not in data
    with tarfile.open(fileobj=io.BytesIO(age_files.decrypt(data, PASSPHRASE)), mode="r:") as tar:
        members = tar.getmembers()
    assert {
        (member.mode, member.uid, member.gid, member.uname, member.gname, member.mtime, member.type)
        for member in members
    } == {(0o600, 0, 0, "", "", MTIME, tarfile.REGTYPE)}
    assert [member.name for member in members] == sorted(FILES)
    assert open_archive(data, SECRET) == FILES


def test_an_archive_of_another_program_opens() -> None:
    assert open_archive(SEALED, SECRET) == FILES
    assert open_archive(sealed(tar_of()), SECRET) == {}


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_flipped_bit_goes_unnoticed(data: st.DataObject) -> None:
    place = data.draw(st.one_of(st.integers(0, 200), st.integers(0, len(SEALED) - 1)))
    damaged = bytearray(SEALED)
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    assert refusal(bytes(damaged)).code in ("archive-format", "archive-passphrase")


@given(length=st.one_of(st.integers(0, 250), st.integers(0, len(SEALED) - 1)))
@settings(max_examples=100, deadline=None)
def test_what_is_cut_off_is_noticed(length: int) -> None:
    assert refusal(SEALED[:length]).code == "archive-format"


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_anything_else_is_no_archive(data: bytes) -> None:
    assert refusal(data).code == "archive-format"
    assert refusal(SEALED + data + b"\0").code == "archive-format"


def test_a_wrong_passphrase() -> None:
    error = refusal(SEALED, b"none of these 99")
    assert error.code == "archive-passphrase"
    assert "99" not in str(error)


def test_an_archive_that_would_take_hours_is_refused_at_once() -> None:
    assert b" 4\n" in SEALED
    error = refusal(SEALED.replace(b" 4\n", b" 40\n", 1))
    assert error.code == "archive-format"


@pytest.mark.parametrize(("passphrase", "code"), [(b"", "passphrase-empty"), (b"caf\xe9", "passphrase-encoding")])
def test_passphrases_that_are_none(passphrase: bytes, code: str) -> None:
    for call in (lambda: seal_archive(FILES, passphrase, MTIME), lambda: open_archive(SEALED, passphrase)):
        with pytest.raises(PithError) as caught:
            call()
        assert caught.value.code == code
        assert "caf" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "name",
    [
        "/pith.toml",
        "../pith.toml",
        "./pith.toml",
        "keys/../pith.toml",
        "keys//a.pem",
        "keys/.a.pem",
        "keys/A.pem",
        "keys/a.pem\n",
        "keys/a.exe",
        "keys/a",
        "a.pem",
        "keys/a/b.pem",
        "ledger.sqlite3",
        ".gitignore",
        "pith.toml/",
        "keys/é.pem",
    ],
)
def test_names_that_do_not_belong_there(name: str) -> None:
    assert not is_known_name(name)
    if not name.endswith("/"):  # tar takes the slash for a directory's
        assert refusal(sealed(tar_of(("pith.toml", b""), (name, b"x")))).code == "archive-member"
    with pytest.raises(PithError) as caught:
        seal_archive({name: b""}, SECRET, MTIME)
    assert caught.value.code == "archive-member"


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_only_plain_files(kind: bytes) -> None:
    assert refusal(sealed(tar_of(("pith.toml", b""), kind=kind, target="/etc/passwd"))).code == "archive-member"


def test_every_file_once() -> None:
    assert refusal(sealed(tar_of(("pith.toml", b"1"), ("pith.toml", b"2")))).code == "archive-member"


def test_not_too_much() -> None:
    many = [(f"keys/{number}.json", b"") for number in range(10_001)]
    assert refusal(sealed(tar_of(*many))).code == "archive-member"
    assert refusal(sealed(tar_of(("pith.toml", bytes(64 * 2**20 + 1))))).code == "archive-member"


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"no tar",
        bytes(512),
        tar_of(("pith.toml", b"x"), end=False),
        tar_of(("pith.toml", bytes(5000)))[:2000],
        tar_of(("pith.toml", b"x"))[:1024] + b"junk" * 128 + tar_of(("keys/a.json", b"x")),
        tar_of(("pith.toml", b"x")) + tar_of(("keys/a.json", b"x")),
    ],
    ids=["nothing", "text", "half an end", "no end", "cut off", "bad header", "two tars"],
)
def test_a_bad_tar(plain: bytes) -> None:
    assert refusal(sealed(plain)).code == "archive-format"


# ---- On disk -----------------------------------------------------------------------------------------------------


def test_a_new_file_for_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    for number in range(2):
        path = tmp_path / f"{number}.age"
        write_archive(path, b"data")
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"data", 0o600)
        with pytest.raises(PithError) as caught:
            write_archive(path, b"other")
        assert caught.value.code == "archive-exists"
        assert path.read_bytes() == b"data"
        monkeypatch.setattr(os, "link", refuses)  # as a memory stick does
    assert len(list(tmp_path.iterdir())) == 2


def test_not_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.age").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PithError) as caught:
        write_archive(tmp_path / "a.age", b"data")
    assert caught.value.code == "archive-exists"
    assert not (tmp_path / "elsewhere").exists()


def test_a_directory_in_which_nothing_can_be_written() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o555)
        was_root = os.geteuid() == 0
        try:
            if was_root:  # root may write anywhere
                os.seteuid(65534)
            with pytest.raises(PithError) as caught:
                write_archive(directory / "a", b"x")
            assert caught.value.code == "write-failed"
            with pytest.raises(PithError) as caught:
                unpack(FILES, directory)
            assert caught.value.code == "write-failed"
        finally:
            if was_root:
                os.seteuid(0)
            directory.chmod(0o755)
        assert list(directory.iterdir()) == []


def test_a_private_directory_goes_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(KeyboardInterrupt), private_directory() as directory:
        assert directory.parent == tmp_path
        assert directory.stat().st_mode & 0o777 == 0o700
        (directory / "keys").mkdir()
        (directory / "keys" / "a.pem").write_bytes(b"x")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    with private_directory() as directory:
        assert directory.is_dir()
