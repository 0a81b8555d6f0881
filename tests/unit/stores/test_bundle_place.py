"""Which mirror a bundle's file is in, told by its path; and what is written where."""

from __future__ import annotations

from pathlib import Path

import pytest

from pithbuilder.stores.bundle_place import BundlePlace
from tests.support.cli import contents

SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
INSIDE = (f"pith/{SUFFIX}/bundle.json", f".well-known/pith/{SUFFIX}/bundle.json")
FILES = {
    f"pith/{SUFFIX}/bundle.json": b"bundle",
    f".well-known/pith/{SUFFIX}/bundle.json": b"bundle",
    f"pith/{SUFFIX}/state.json": b"state",
    f"pith/{SUFFIX}.json": b"record",
}


def place_in(root: Path, inside: str) -> Path:
    path = root / inside
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"old")
    return path


def write(place: BundlePlace) -> None:
    place.write(SUFFIX, bundle=b"bundle", state=b"state", record_document=b"record")


@pytest.mark.parametrize("inside", INSIDE)
def test_in_a_mirror(tmp_path: Path, inside: str) -> None:
    root = tmp_path / "mirror"
    place = BundlePlace.of(place_in(root, inside))
    assert place.tree is not None
    assert (place.tree.root, place.suffix, place.read()) == (root, SUFFIX, b"old")
    write(place)
    assert contents(root) == FILES


@pytest.mark.parametrize("inside", INSIDE)
def test_seen_from_inside_with_detours_and_behind_links(
    tmp_path: Path, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "mirror"
    path = place_in(root, inside)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    (tmp_path / "also").symlink_to(root)
    monkeypatch.chdir(path.parent)
    ways = ("bundle.json", "./bundle.json", f"../{SUFFIX}/bundle.json", link, tmp_path / "also" / inside)
    for way in ways:
        place = BundlePlace.of(Path(way))
        assert place.tree is not None, way
        assert place.tree.root.resolve() == root, way
        assert place.suffix == SUFFIX


def test_a_directory_of_the_mirror_on_another_disk(tmp_path: Path) -> None:
    root, disk = tmp_path / "mirror", tmp_path / "disk"
    root.mkdir()
    disk.mkdir()
    (root / "pith").symlink_to(disk)
    place = BundlePlace.of(place_in(root, INSIDE[0]))
    assert place.tree is not None
    assert place.tree.root == root


@pytest.mark.parametrize(
    "name", ["bundle.json", "other.json", "pith/bundle.json", f"pith/{SUFFIX}.json", "pith/a/b.json"]
)
def test_elsewhere(tmp_path: Path, name: str) -> None:
    place = BundlePlace.of(place_in(tmp_path, name))
    assert (place.tree, place.suffix) == (None, "")
    write(place)
    assert contents(tmp_path) == {name: b"bundle"}


def test_a_link_elsewhere_stays_a_link(tmp_path: Path) -> None:
    path = place_in(tmp_path, "real.json")
    link = tmp_path / "link.json"
    link.symlink_to("real.json")
    write(BundlePlace.of(link))
    assert link.is_symlink()
    assert path.read_bytes() == b"bundle"
