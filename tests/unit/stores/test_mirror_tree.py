"""A mirror's files: four a number, written only where something is to be changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pithbuilder.stores.atomic import write_file
from pithbuilder.stores.mirror_tree import MirrorTree

SUFFIX = "A" * 26
NAMES = [f"pith/{SUFFIX}/state.json", f"pith/{SUFFIX}.json", f".well-known/pith/{SUFFIX}/bundle.json"]


def write(tree: MirrorTree, bundle: bytes = b"bundle") -> bool:
    return tree.write_number(SUFFIX, bundle=bundle, state=b"state", record_document=b"record")


def test_the_bundle_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def noted(path: Path, data: bytes, *, locked: bool) -> None:
        written.append(path.relative_to(tmp_path).as_posix())
        write_file(path, data, locked=locked)

    monkeypatch.setattr("pithbuilder.stores.mirror_tree.write_file", noted)
    tree = MirrorTree(tmp_path)
    assert write(tree)
    assert written == [*NAMES, f"pith/{SUFFIX}/bundle.json"]
    assert not write(tree)
    assert len(written) == 4
    assert write(tree, b"another")
    assert written[4:] == [NAMES[2], f"pith/{SUFFIX}/bundle.json"]


def test_reading(tmp_path: Path) -> None:
    tree = MirrorTree(tmp_path / "not there yet")
    assert list(tree.paths()) == []
    assert list(tree.bundle_suffixes()) == []
    assert tree.read_if_there(NAMES[0]) is None
    write(tree)
    assert tree.read_if_there(NAMES[0]) == tree.read(NAMES[0]) == b"state"
    assert list(tree.bundle_suffixes()) == [SUFFIX]


def test_paths(tmp_path: Path) -> None:
    tree = MirrorTree(tmp_path)
    write(tree)
    (tmp_path / "pith-mirrors.json").write_bytes(b"{}")
    (tmp_path / "pith" / ".X.json.tmp").write_bytes(b"half")
    (tmp_path / "pith" / "readme.txt").write_bytes(b"text")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.json").write_bytes(b"{}")
    assert sorted(tree.paths()) == sorted([*NAMES, f"pith/{SUFFIX}/bundle.json", "pith-mirrors.json"])
    assert list(tree.paths()) == list(tree.paths())


def test_a_number_without_its_bundle_is_none(tmp_path: Path) -> None:
    tree = MirrorTree(tmp_path)
    write(tree)
    (tmp_path / "pith" / SUFFIX / "bundle.json").unlink()
    assert list(tree.bundle_suffixes()) == []
