"""An archive of a few small files: a POSIX tar inside an age file with a passphrase.

Both formats are public, and each has many readers: ``age -d FILE | tar x`` gives the files back without this program.
An archive is made and opened in memory; where it lies on disk is for :mod:`pithbuilder.stores.archive_files`.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping
from typing import Final

from pyrage import DecryptError
from pyrage import passphrase as age

from pithbuilder.errors import KeyMaterialError, PithError, StoreError, printable

README_NAME: Final = "README.txt"
MAX_ARCHIVE_BYTES: Final = 72 * 2**20
_MAX_MEMBERS: Final = 10_000
_MAX_BYTES: Final = 64 * 2**20
_FILE_MODE: Final = 0o600
_LATEST_TIME: Final = 8**11 - 1  # what the field of a tar header holds
_KNOWN_NAME: Final = re.compile(
    r"README\.txt|pith\.toml|keys/statement\.pending|keys/[a-z0-9][a-z0-9._-]{0,63}\.(?:json|pem|reference)", re.ASCII
)
_AGE_SAYS_NO: Final = "Decryption failed"  # of the passphrase; all its other errors speak of the file


def is_known_name(name: str) -> bool:
    """Say whether a file of this name, relative to the workspace, can be in an archive.

    >>> is_known_name("keys/a-2026-11.pem"), is_known_name("keys/../pith.toml"), is_known_name("/pith.toml")
    (True, False, False)
    """
    return _KNOWN_NAME.fullmatch(name) is not None


def seal_archive(files: Mapping[str, bytes], passphrase: bytes, mtime: int) -> bytes:
    """Return an archive of some files.

    Args:
        files: Name, relative to the workspace, to bytes.
        passphrase: What opens it again, UTF-8; age stretches it with scrypt, which takes some seconds.
        mtime: The time that all files get, in seconds since 1970.

    Raises:
        KeyMaterialError: ``passphrase-empty``, ``passphrase-encoding``.
        StoreError: ``archive-member``; there are too many files, too large ones, or one of no known name.
    """
    secret = _as_text(passphrase)
    _check_members(files)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), _FILE_MODE, min(max(mtime, 0), _LATEST_TIME)
            tar.addfile(member, io.BytesIO(data))
    return bytes(age.encrypt(plain.getvalue(), secret))


def open_archive(data: bytes, passphrase: bytes) -> dict[str, bytes]:
    """Return the files of an archive: name, relative to the workspace, to bytes.

    Args:
        data: The whole archive.
        passphrase: The passphrase that it was made with.

    Raises:
        KeyMaterialError: ``archive-passphrase``, ``passphrase-empty``, ``passphrase-encoding``.
        StoreError: ``archive-format``: not an age file with a passphrase, or damaged, or no tar inside;
            ``archive-member``: something inside is not a plain file of a known name, or it is too much.
    """
    secret = _as_text(passphrase)
    try:
        plain = bytes(age.decrypt(data, secret))
    except DecryptError as error:
        if str(error) == _AGE_SAYS_NO:
            raise KeyMaterialError(
                "archive-passphrase",
                "the archive does not open with this passphrase",
                hint="give the passphrase that the archive was made with; if it is the right one, the first lines of"
                " the file are damaged: take another copy",
            ) from None
        raise _bad_format(f"age says: {' '.join(str(error).split())}") from None
    try:
        return _read_tar(plain)
    except PithError:
        raise
    except (tarfile.TarError, ValueError, OverflowError, OSError, EOFError) as error:
        raise _bad_format(f"tar says: {error}") from None


def _read_tar(plain: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    total = 0
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as tar:
        for member in tar:
            if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
                raise _bad_member("archive holds something other than plain files", "plain files", member.name)
            if member.name in found:
                raise _bad_member("archive holds a file twice", "every file once", member.name)
            total += member.size
            _check_member(member.name, len(found) + 1, total)
            content = tar.extractfile(member)
            found[member.name] = b"" if content is None else content.read()
            if len(found[member.name]) != member.size:
                raise _bad_format("tar ends in the middle of a file")
        rest = plain[tar.offset :]
    # Python's reader stops without a word at a header that it cannot read.
    if len(rest) < 2 * tarfile.BLOCKSIZE or rest.strip(b"\0"):
        raise _bad_format("tar has no proper end")
    return found


def _check_members(files: Mapping[str, bytes]) -> None:
    total = 0
    for number, (name, data) in enumerate(files.items(), 1):
        total += len(data)
        _check_member(name, number, total)


def _check_member(name: str, number: int, total: int) -> None:
    if not is_known_name(name):
        expected = "pith.toml, README.txt, keys/*.json, keys/*.pem, keys/*.reference, keys/statement.pending"
        raise _bad_member("no name of a file that belongs into an archive", expected, name)
    if number > _MAX_MEMBERS or total > _MAX_BYTES:
        expected = f"at most {_MAX_MEMBERS} files of {_MAX_BYTES} bytes together"
        raise _bad_member("archive holds too much", expected, f"{number} files, {total} bytes")


def _as_text(passphrase: bytes) -> str:
    if not passphrase:
        raise KeyMaterialError("passphrase-empty", "the passphrase is empty", expected="at least one byte")
    try:
        return passphrase.decode("utf-8")
    except UnicodeDecodeError:
        raise KeyMaterialError(
            "passphrase-encoding", "the archive's passphrase is not text", expected="UTF-8"
        ) from None  # the cause holds the passphrase


def _bad_format(found: str) -> StoreError:
    return StoreError(
        "archive-format",
        "not an archive of keys, or damaged or cut off",
        expected="an age file (age-encryption.org/v1) with a passphrase, and a POSIX tar inside",
        found=printable(found),
        hint="take another copy of the archive",
    )


def _bad_member(message: str, expected: str, found: str) -> StoreError:
    return StoreError("archive-member", message, expected=expected, found=printable(found))
