"""What others may try, and what may go wrong on the way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from pithbuilder.cli.app import app
from tests.support.cli import code_of, contents, finish, lines, make_workspace, mint, run, start
from tests.support.rotations import (
    LATER,
    MINTED_AT,
    REISSUED_AT,
    ROTATED_AT,
    doctor,
    forge,
    keyring,
    reissue,
    rotate,
)


def test_an_exception_after_the_statement_took_effect_deletes_no_key(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last fsync fails, when the statement is in every place already: the new key must stay."""
    from pithbuilder.stores.key_store import KeyStore

    def fails(keys: KeyStore) -> None:
        (keys.root / "statement.pending").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(KeyStore, "clear_pending", fails)
    arguments = ["keys", "rotate", "--commit-next", "--no-passphrase", "--workspace", str(workspace)]
    done = CliRunner().invoke(app, arguments, prog_name="pithbuilder")
    assert done.exit_code != 0
    monkeypatch.undo()
    rows = run("keys", "list", "--workspace", workspace, "--json").lines()
    assert [row["status"] for row in rows] == ["retired", "active", "prepared"]
    assert all(row["reference"] for row in rows)
    assert reissue(workspace, clock="2026-12-31T00:00:00Z") == {"reissued": 3}


@pytest.mark.parametrize("when", ["before the rotation", "after the re-issue"])
@pytest.mark.parametrize(("at", "code"), [("2001-01-01T00:00:00Z", "drift"), (MINTED_AT, "unvouched-bundle")])
def test_a_thiefs_forgery_in_the_mirror_is_not_signed_again(
    workspace: Path, tmp_path: Path, when: str, at: str, code: str
) -> None:
    stolen = Path(shutil.copy(workspace / "keys" / "first.pem", tmp_path / "stolen.pem"))
    if when == "before the rotation":
        forge(workspace, stolen, at)
    rotate(workspace, "--reason", "compromised")
    if when == "after the re-issue":
        assert reissue(workspace) == {"reissued": 3}
        forge(workspace, stolen, at)
    done = run("reissue", "--all", "--workspace", workspace, "--clock", REISSUED_AT, "--json")
    assert done.returncode == 1
    failed = [row["error"]["code"] for row in done.lines() if row["status"] == "failed"]
    assert failed == [code]
    for path in workspace.glob("ledger.sqlite3*"):
        path.unlink()
    done = run("reissue", "--all", "--workspace", workspace, "--clock", REISSUED_AT)
    assert (done.returncode, code_of(done)) == (1, "unvouched-bundle")


def test_a_workspace_from_an_old_copy_writes_nothing(workspace: Path, tmp_path: Path) -> None:
    old = Path(shutil.copytree(workspace, tmp_path / "old"))
    rotate(workspace)
    assert reissue(workspace) == {"reissued": 3}
    shutil.rmtree(old / "mirror")
    shutil.copytree(workspace / "mirror", old / "mirror")
    before = contents(old / "mirror")
    for command in (("mint", "-"), ("reissue", "--all")):
        done = run(*command, "--workspace", old, "--clock", LATER, stdin=lines(7))
        assert (done.returncode, code_of(done)) == (1, "keyring-behind")
        assert contents(old / "mirror") == before


def test_a_rotation_is_not_dated_before_what_the_key_has_signed(workspace: Path) -> None:
    before = contents(workspace)
    for options in (("--effective-at", "2026-05-01T00:00:00Z"), ("--clock", "2026-05-02T00:00:00Z")):
        done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", *options)
        assert (done.returncode, code_of(done)) == (1, "rotation-backdated")
        assert contents(workspace) == before
    ahead = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", "2062-01-01T00:00:00Z")
    assert ahead.returncode == 2
    assert contents(workspace) == before


def test_only_a_key_that_opens_can_be_promised(workspace: Path) -> None:
    run("keys", "new", "third", "--workspace", workspace, "--no-passphrase")
    kept = (workspace / "keys" / "third.pem").rename(workspace / "third.pem")
    before = contents(workspace)
    done = run("keys", "rotate", "--next", "third", "--workspace", workspace, "--no-passphrase", "--clock", ROTATED_AT)
    assert (done.returncode, code_of(done)) == (1, "private-half-missing")
    assert contents(workspace) == before
    kept.rename(workspace / "keys" / "third.pem")
    rotate(workspace, "--next", "third")


def test_a_paper_that_waits_for_its_bundle_is_completed_first(workspace: Path) -> None:
    assert mint(workspace, lines(9), clock="2026-05-19T00:00:00Z").returncode == 0
    number = run("reissue", "2001.00009", "--dry-run", "--workspace", workspace, "--json").lines()[0]["pith_number"]
    shutil.rmtree(workspace / "mirror" / "pith" / number.rpartition(":")[2])
    before = contents(workspace)
    done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", ROTATED_AT)
    assert (done.returncode, code_of(done)) == (1, "mint-unfinished")
    assert contents(workspace) == before
    assert mint(workspace, lines(9), clock=ROTATED_AT).returncode == 0
    rotate(workspace)


def test_a_key_has_one_id(workspace: Path) -> None:
    done = run("keys", "import", "again", workspace / "keys" / "first.pem", "--workspace", workspace, "--no-passphrase")
    assert (done.returncode, code_of(done)) == (1, "key-known")
    assert not (workspace / "keys" / "again.pem").exists()


def test_a_forged_keyring_in_the_mirror_stops_nobody(workspace: Path) -> None:
    path = workspace / "mirror" / "pith-keys.json"
    value = json.loads(path.read_bytes())
    other = make_workspace(workspace.parent / "other")
    rotate(other)
    value["chain"] = [{**keyring(other)["chain"][0], "signatures": []}]
    path.write_text(json.dumps(value))
    assert mint(workspace, lines(8), clock=ROTATED_AT).returncode == 0
    assert keyring(workspace)["chain"] == []


def test_revoked_keys_are_not_exported_with_all(workspace: Path) -> None:
    rotate(workspace, "--reason", "compromised")
    exported = run("keys", "export", "--all", "--format", "did-web", "--workspace", workspace).stdout
    assert "#first" not in exported
    assert len(json.loads(exported)["assertionMethod"]) == 1


def test_two_real_rotations_at_once(workspace: Path) -> None:
    """One wins; the other says why, or comes so late that it finds a key that has just begun."""
    arguments = ("keys", "rotate", "--no-passphrase", "--workspace", workspace, "--json")
    processes = [start(*arguments) for _ in range(4)]
    done = [finish(process) for process in processes]
    won = [result for result in done if result.returncode == 0]
    assert won
    assert all(code_of(result) == "workspace-busy" for result in done if result.returncode)
    assert len(keyring(workspace)["chain"]) == len(won)
    assert doctor(workspace, clock="2026-12-31T00:00:00Z") == []
