"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pithbuilder.errors import StoreError
from pithbuilder.stores.atomic import create_file, make_directory, may_be_temporary_of, read_file, write_file


def no_space(*_: Any, **__: Any) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupt(*_: Any, **__: Any) -> NoReturn:
    raise KeyboardInterrupt


def test_a_file_is_written_with_its_directories(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.json"
    write_file(path, b"one")
    write_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["c.json"]


@pytest.mark.parametrize("function", ["fsync", "replace", "open"])
def test_what_was_there_stays_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    path = tmp_path / "file"
    write_file(path, b"before")
    with monkeypatch.context() as patch:
        patch.setattr(os, function, no_space)
        with pytest.raises(StoreError) as caught:
            write_file(path, b"after")
    assert caught.value.code == "write-failed"
    assert caught.value.where == str(path)
    assert "no space left" in caught.value.message
    assert caught.value.hint
    assert path.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    path = tmp_path / "file"
    with monkeypatch.context() as patch:
        patch.setattr(os, function, interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_file(path, b"after")
    assert list(tmp_path.iterdir()) == []


def _left_behind(temporary: Path) -> None:
    temporary.write_bytes(b"half")


def _link(temporary: Path) -> None:
    (temporary.parent / "target").write_bytes(b"precious")
    temporary.symlink_to("target")


@pytest.mark.parametrize("prepare", [_left_behind, _link])
def test_a_temporary_file_from_before_is_replaced_where_nobody_else_writes(
    tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    prepare(tmp_path / ".file.tmp")
    write_file(tmp_path / "file", b"new", locked=True)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not (tmp_path / "file").is_symlink()
    assert not (tmp_path / ".file.tmp").exists()
    if prepare is _link:
        assert (tmp_path / "target").read_bytes() == b"precious"


@pytest.mark.parametrize("prepare", [_left_behind, _link])
@pytest.mark.parametrize("write", [write_file, lambda path, data: create_file(path, data, 0o644)])
def test_elsewhere_such_a_file_is_somebody_elses(
    tmp_path: Path, prepare: Callable[[Path], None], write: Callable[[Path, bytes], None]
) -> None:
    prepare(tmp_path / ".file.tmp")
    before = sorted(path.name for path in tmp_path.iterdir())
    write(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "file"])
    assert (tmp_path / ".file.tmp").read_bytes() in (b"half", b"precious")


@pytest.mark.parametrize("name", ["file", "n" * 200, "\u6587" * 80])
def test_what_a_crash_leaves_behind_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupt)
        patch.setattr(os, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            write_file(tmp_path / name, b"half")
    (left,) = tmp_path.iterdir()
    assert may_be_temporary_of(left.name, name)
    assert not may_be_temporary_of(left.name, "other")
    assert not may_be_temporary_of(".file.tmp", "file")
    write_file(tmp_path / name, b"whole")
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"half", b"whole"}


def test_the_file_is_on_disk_before_it_is_visible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)

        def noted(*arguments: Any, name: str = name, real: Any = real, **options: Any) -> Any:
            calls.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(os, name, noted)
    write_file(tmp_path / "file", b"data")
    assert calls == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize("blocker", ["file", "broken link"])
def test_a_directory_that_cannot_be_made(tmp_path: Path, blocker: str) -> None:
    path = tmp_path / "blocked"
    if blocker == "file":
        path.write_bytes(b"")
    else:
        path.symlink_to("nowhere")
    with pytest.raises(StoreError) as caught:
        write_file(path / "below" / "file", b"")
    assert caught.value.code == "write-failed"


def test_making_a_directory_twice(tmp_path: Path) -> None:
    make_directory(tmp_path / "a" / "b")
    make_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    with pytest.raises(StoreError) as caught:
        read_file(path, 4)
    assert (caught.value.code, caught.value.where, caught.value.expected) == (
        "file-too-large",
        str(path),
        "at most 4 bytes",
    )
    for missing in (tmp_path / "missing", tmp_path):
        with pytest.raises(StoreError) as caught:
            read_file(missing, 5)
        assert (caught.value.code, caught.value.where) == ("read-failed", str(missing))
