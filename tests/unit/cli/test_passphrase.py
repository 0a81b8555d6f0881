"""Where a passphrase comes from, and what is no passphrase."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest

from pithbuilder.cli import passphrase
from pithbuilder.cli.passphrase import existing_passphrase, new_passphrase
from pithbuilder.errors import KeyMaterialError, PithError


@pytest.fixture(autouse=True)
def _without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "_has_terminal", lambda: False)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"secret", b"secret"),
        (b"secret\n", b"secret"),
        (b"secret\r\nmore\n", b"secret"),
        (b" blanks stay \n", b" blanks stay "),
        (b"\xff\x00\n", b"\xff\x00"),
    ],
)
def test_the_first_line_of_a_file(tmp_path: Path, data: bytes, expected: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert new_passphrase(path, False) == expected
    assert existing_passphrase(path, True) == expected


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n", b"\nsecond\n"], ids=repr)
def test_an_empty_first_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    asks: list[Callable[[], bytes | None]] = [
        lambda: new_passphrase(path, False),
        lambda: existing_passphrase(path, True),
    ]
    for ask in asks:
        with pytest.raises(KeyMaterialError) as caught:
            ask()
        assert (caught.value.code, caught.value.where) == ("passphrase-empty", str(path))


def test_a_file_that_is_too_large_is_no_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"secret" * 20_000)
    with pytest.raises(PithError) as caught:
        new_passphrase(path, False)
    assert caught.value.code == "file-too-large"
    assert "secret" not in str(caught.value)


def test_in_the_clear_only_when_told_so() -> None:
    assert new_passphrase(None, True) is None
    assert existing_passphrase(None, False) is None
    asks: list[tuple[Callable[[], bytes | None], str]] = [
        (lambda: new_passphrase(None, False), "--no-passphrase"),
        (lambda: existing_passphrase(None, True), "--passphrase-file"),
    ]
    for ask, hint in asks:
        with pytest.raises(KeyMaterialError) as caught:
            ask()
        assert caught.value.code == "passphrase-needed"
        assert hint in caught.value.hint


def test_both_options_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError):
        new_passphrase(tmp_path / "file", True)
