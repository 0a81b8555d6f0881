"""Files that metadata is read from: each once, in order, and what cannot be read is told."""

from __future__ import annotations

import os
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.errors import StoreError
from pithbuilder.stores.source_files import open_sources


def read(*paths: Path) -> list[tuple[str, bytes | StoreError]]:
    return [(name, stream if isinstance(stream, StoreError) else stream.read()) for name, stream in open_sources(paths)]


def refusal(path: Path) -> StoreError:
    ((name, error),) = read(path)
    assert isinstance(error, StoreError)
    assert (error.code, error.where) == ("read-failed", name)
    return error


NAMES = st.sampled_from(["a", "b", "a.b", "B", ".c", "é", "a b", "-", "0"])


@given(st.sets(st.lists(NAMES, min_size=1, max_size=3).map(tuple), max_size=8))
def test_a_directory(tmp_path_factory: pytest.TempPathFactory, files: set[tuple[str, ...]]) -> None:
    root = tmp_path_factory.mktemp("d")
    for parts in files:
        path = root.joinpath(*parts)
        if not path.exists() and not any(above.is_file() for above in path.parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes("/".join(parts).encode())
    expected = [
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    if expected:
        assert read(root) == [(str(path), path.relative_to(root).as_posix().encode()) for path in expected]


def test_files_in_their_order(tmp_path: Path) -> None:
    for name in ("b", ".a", "c"):
        (tmp_path / name).write_bytes(name.encode())
    paths = [tmp_path / name for name in ("b", ".a", "b", "c")]
    assert read(*paths) == [(str(path), path.name.encode()) for path in paths]


def test_a_file_is_closed_when_the_next_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    streams: list[BinaryIO] = []
    for _, stream in open_sources([tmp_path]):
        assert not isinstance(stream, StoreError)
        assert not stream.closed
        assert all(earlier.closed for earlier in streams)
        streams.append(stream)
    assert len(streams) == 2
    assert all(stream.closed for stream in streams)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"text")))
    assert read(Path("-")) == [("<stdin>", b"text")]
    monkeypatch.setattr(sys, "stdin", None)
    ((name, error),) = read(Path("-"))
    assert isinstance(error, StoreError)
    assert (name, error.code, error.where) == ("<stdin>", "read-failed", "<stdin>")


def test_a_file_called_minus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "-").write_bytes(b"file")
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"input")))
    assert read(tmp_path / "-") == [(str(tmp_path / "-"), b"file")]


def test_what_is_not_there(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "absent").message


def test_a_link_to_nothing_in_a_directory(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    assert "no such file" in refusal(tmp_path).message


def test_a_link_to_itself_in_a_directory(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "link")
    (tmp_path / "z").write_bytes(b"z")
    (name, error), rest = read(tmp_path)
    assert (name, rest) == (str(tmp_path / "link"), (str(tmp_path / "z"), b"z"))
    assert isinstance(error, StoreError)
    assert error.code == "read-failed"


def test_links_to_directories_are_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "d"
    inside.mkdir()
    (inside / "up").symlink_to(tmp_path)
    (inside / "a").write_bytes(b"a")
    (tmp_path / "file").symlink_to(inside / "a")
    assert read(tmp_path) == [(str(inside / "a"), b"a"), (str(tmp_path / "file"), b"a")]
    (tmp_path / "whole").symlink_to(inside)
    assert read(tmp_path / "whole") == [(str(tmp_path / "whole" / "a"), b"a")]  # for it is named


def test_a_pipe_in_a_directory_is_refused_unread(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path).message


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_may_not_be_read(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "closed"
    if kind == "file":
        path.write_bytes(b"")
    else:
        path.mkdir()
    (tmp_path / "open").write_bytes(b"open")
    path.chmod(0)
    if os.geteuid() == 0:  # who may read everything

        def refuse(self: Path, *_: object) -> Any:
            if self == path:
                raise PermissionError(13, "Permission denied")
            return original(self, *_)

        method = "open" if kind == "file" else "iterdir"
        original = getattr(Path, method)
        monkeypatch.setattr(Path, method, refuse)
    (name, error), rest = read(tmp_path)
    path.chmod(0o700)
    assert isinstance(error, StoreError)
    assert (error.code, error.where, name) == ("read-failed", str(path), str(path))
    assert "permission denied" in error.message
    assert rest == (str(tmp_path / "open"), b"open")


def test_an_empty_directory(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a").write_bytes(b"a")
    ((name, error),) = open_sources([tmp_path])
    assert isinstance(error, StoreError)
    assert (name, error.code, error.where) == (str(tmp_path), "source-empty", str(tmp_path))


def test_a_deep_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    deep = Path(*["d"] * 1500)
    for path in (*reversed(deep.parents[:-1]), deep):
        path.mkdir()
    (deep / "a").write_bytes(b"a")
    try:
        assert read(Path("d")) == [(str(deep / "a"), b"a")]
    finally:
        (deep / "a").unlink()
        for path in (deep, *deep.parents[:-1]):
            path.rmdir()
