"""A minted workspace, and what somebody pinned at its beginning."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.cli import lines, make_workspace, mint
from tests.support.rotations import (
    MINTED_AT,
)


@pytest.fixture(scope="module")
def minted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with three minted papers; not to be changed."""
    root = make_workspace(tmp_path_factory.mktemp("minted") / "w", "--key-id", "first")
    assert mint(root, lines(1, 2, 3), clock=MINTED_AT).returncode == 0
    return root


@pytest.fixture
def workspace(minted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(minted, tmp_path / "w"))


@pytest.fixture
def pin(minted: Path, tmp_path: Path) -> Path:
    """The first key's document as somebody pinned it at the beginning."""
    return Path(shutil.copy(minted / "mirror" / "pith-signing-key.json", tmp_path / "pinned.json"))
