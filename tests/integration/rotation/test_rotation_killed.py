"""Killed before every step on the disk, and run again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.cli import bundles, contents, run
from tests.support.killed import run_until_step
from tests.support.rotations import (
    LATER,
    REISSUED_AT,
    ROTATED_AT,
    doctor,
    keyring_of_workspace,
    reissue,
    rotate,
    statuses,
    verify,
)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_killed_at_every_step_of_a_revocation(minted: Path, tmp_path: Path, pin: Path) -> None:
    begun = Path(shutil.copytree(minted, tmp_path / "begun"))
    rotate(begun)
    reissue(begun)
    options = ("first", "--workspace", tmp_path / "w", "--clock", LATER)
    step = 0
    while True:
        workspace = Path(shutil.copytree(begun, tmp_path / "w"))
        status = run_until_step(step, "keys", "revoke", *options)
        if status is not None:
            break
        if len(keyring_of_workspace(workspace)) < 2 or "rotation-pending" in doctor(workspace, clock=LATER):
            assert run("keys", "revoke", *options).returncode == 0
        assert len(keyring_of_workspace(workspace)) == 2
        assert doctor(workspace, clock=LATER) == ["reissue-due"]
        shutil.rmtree(workspace)
        step += 1
    assert (status, step > 10) == (0, True)


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("reason", ["scheduled", "compromised"])
def test_killed_at_every_step_of_a_rotation(minted: Path, tmp_path: Path, pin: Path, reason: str) -> None:
    options = (
        "--workspace",
        tmp_path / "w",
        "--no-passphrase",
        "--commit-next",
        "--reason",
        reason,
        "--clock",
        ROTATED_AT,
    )
    step = 0
    while True:
        workspace = Path(shutil.copytree(minted, tmp_path / "w"))
        status = run_until_step(step, "keys", "rotate", *options)
        if status is not None:
            break
        chain, found = keyring_of_workspace(workspace), doctor(workspace)
        assert len(chain) <= 1
        if not chain or found not in ([], ["reissue-due"]):
            done = run("keys", "rotate", *options)
            assert done.returncode == 0, (step, found, done.stderr)
        assert doctor(workspace) == (["reissue-due"] if reason == "compromised" else []), step
        assert len(keyring_of_workspace(workspace)) == 1
        assert sorted(statuses(workspace).values()) == sorted(
            ["active", "prepared", "retired" if reason == "scheduled" else "revoked"]
        ), "no key is left over"
        assert not list(workspace.rglob("*.pending"))
        assert reissue(workspace) == {"reissued": 3}
        assert verify(workspace / "mirror", pin) == 0
        shutil.rmtree(workspace)
        step += 1
    assert status == 0
    assert step > 30


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_killed_at_every_step_of_a_reissue(workspace: Path, tmp_path: Path, pin: Path) -> None:
    rotate(workspace)
    whole = Path(shutil.copytree(workspace, tmp_path / "whole"))
    assert reissue(whole) == {"reissued": 3}
    expected = contents(whole / "mirror")
    step = 0
    while True:
        broken = Path(shutil.copytree(workspace, tmp_path / "broken"))
        status = run_until_step(step, "reissue", "--all", "--workspace", broken, "--clock", REISSUED_AT)
        if status is not None:
            break
        done = run("reissue", "--all", "--workspace", broken, "--clock", REISSUED_AT)
        assert done.returncode == 0, done.stderr
        assert contents(broken / "mirror") == expected, step
        shutil.rmtree(broken)
        step += 1
    assert status == 0
    assert step > 30
    assert verify(broken / "mirror", pin) == 0


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_an_interrupted_reissue_never_issues_twice(workspace: Path, pin: Path) -> None:
    """What was begun at one time is completed at that time, however late the second run is."""
    rotate(workspace)
    assert run_until_step(20, "reissue", "--all", "--workspace", workspace, "--clock", REISSUED_AT) is None
    reissue(workspace, clock=LATER)
    times = {
        json.loads(path.read_bytes())["state"]["current"]["record_created"]["payload"]["receipt"]["last_reissued_at"]
        for path in bundles(workspace / "mirror").values()
    }
    assert times == {REISSUED_AT, LATER.replace("Z", ".000000Z")}
    for path in bundles(workspace / "mirror").values():
        assert len(json.loads(path.read_bytes())["events"]) == 3
    assert verify(workspace / "mirror", pin) == 0
