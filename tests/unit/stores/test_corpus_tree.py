"""A corpus in a directory: its files and nothing else, whatever stands there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pithbuilder.errors import StoreError
from pithbuilder.stores.corpus_tree import CorpusTree


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    tree = CorpusTree(tmp_path / "corpus")
    assert list(tree.paths()) == []
    tree.write("a/b/c.json", b"c")
    tree.write("z.json", b"z")
    assert list(tree.paths()) == ["a/b/c.json", "z.json"]
    assert tree.read("a/b/c.json") == b"c"


def test_empty_directories_go_with_the_last_file(tmp_path: Path) -> None:
    tree = CorpusTree(tmp_path)
    for path in ("a/b/c.json", "a/d.json"):
        tree.write(path, b"")
    tree.remove("a/b/c.json")
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["d.json"]
    tree.remove("a/d.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a//b", "a/", "", ".", "./a", "a/\0b"])
@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda tree, path: tree.read(path), "read-failed"),
        (lambda tree, path: tree.write(path, b""), "write-failed"),
        (lambda tree, path: tree.remove(path), "write-failed"),
    ],
)
def test_paths_that_lead_elsewhere(
    tmp_path: Path, path: str, act: Callable[[CorpusTree, str], object], code: str
) -> None:
    (tmp_path / "x").write_text("outside")
    with pytest.raises(StoreError) as caught:
        act(CorpusTree(tmp_path / "corpus"), path)
    assert caught.value.code == code
    assert (tmp_path / "x").read_text() == "outside"


def test_links_are_named_and_not_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "corpus"
    outside.mkdir()
    root.mkdir()
    (outside / "secret").write_text("secret")
    (root / "file").symlink_to(outside / "secret")
    (root / "folder").symlink_to(outside)
    (root / "nowhere").symlink_to(tmp_path / "nothing")
    tree = CorpusTree(root)
    assert list(tree.paths()) == ["file", "folder", "nowhere"]
    for path in ("file", "folder/secret", "nowhere"):
        with pytest.raises(StoreError) as caught:
            tree.read(path)
        assert caught.value.code == "read-failed"
        with pytest.raises(StoreError) as caught:
            tree.write(path, b"over")
        assert caught.value.code == "write-failed"
    assert (outside / "secret").read_text() == "secret"


def test_what_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to("folder")
    tree = CorpusTree(tmp_path)
    assert [tree.is_folder(path) for path in ("folder", "file", "link", "nothing", "../x")] == [True] + [False] * 4


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    tree = CorpusTree(tmp_path / "new" / "corpus")
    with tree.lock():
        assert list(tree.paths()) == []
        with pytest.raises(StoreError) as caught, CorpusTree(tree.root).lock():
            pass
        assert (caught.value.code, caught.value.where) == ("corpus-busy", str(tree.root))
    with tree.lock():
        tree.write("a", b"")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError) as caught, CorpusTree(tmp_path / "file").lock():
        pass
    assert caught.value.code == "write-failed"


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError) as caught:
        CorpusTree(tmp_path).read("pipe")
    assert caught.value.code == "read-failed"


def test_a_file_where_a_directory_is_to_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(StoreError) as caught:
        CorpusTree(tmp_path).write("a/b", b"")
    assert caught.value.code == "write-failed"
