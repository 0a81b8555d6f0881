"""``pithbuilder mint --dry-run``: says what minting would do, and leaves no trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli import (
    contents,
    identities,
    line,
    lines,
    make_workspace,
    mint,
    paper,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "w")


@pytest.mark.parametrize("minted_before", [False, True], ids=["new workspace", "minted before"])
def test_a_dry_run_writes_nothing_and_needs_no_key(workspace: Path, minted_before: bool) -> None:
    if minted_before:
        mint(workspace, lines(1))
    for path in (workspace / "keys").iterdir():
        path.unlink()
    files, before = contents(workspace), identities(workspace)
    done = mint(workspace, lines(1, 2), "--dry-run", "--json")
    assert done.returncode == 0
    assert [row["status"] for row in done.lines()] == ["unchanged" if minted_before else "would-mint", "would-mint"]
    assert sorted(contents(workspace)) == sorted(files)
    assert contents(workspace) == files
    assert identities(workspace) == before


def test_a_dry_run_foretells_the_numbers_and_the_failures(workspace: Path) -> None:
    mint(workspace, lines(1))
    source = line(paper(1, title="Changed")) + b"{}\n" + lines(2)
    dry = mint(workspace, source, "--dry-run", "--json")
    wet = mint(workspace, source, "--json")
    assert (dry.returncode, wet.returncode) == (1, 1)
    assert [row.get("pith_number") for row in dry.lines()] == [row.get("pith_number") for row in wet.lines()]
    assert [row.get("error") for row in dry.lines()] == [row.get("error") for row in wet.lines()]
    assert [row["status"] for row in dry.lines()] == ["failed", "failed", "would-mint"]
    assert "would-mint 1, failed 2" in dry.stderr


def test_a_dry_run_knows_the_mirror_where_the_ledger_is_gone(workspace: Path) -> None:
    mint(workspace, lines(1))
    for path in workspace.glob("ledger.sqlite3*"):
        path.unlink()
    done = mint(workspace, lines(1, 2), "--dry-run", "--json")
    assert [row["status"] for row in done.lines()] == ["unchanged", "would-mint"]
    assert not list(workspace.glob("ledger.sqlite3*"))


def test_a_dry_run_counts_a_paper_once(workspace: Path) -> None:
    source = lines(1, 1) + line(paper(1, title="Changed"))
    done = mint(workspace, source, "--dry-run", "--json")
    assert [row["status"] for row in done.lines()] == ["would-mint", "unchanged", "failed"]
    assert done.lines()[2]["error"]["code"] == "drift"
