"""The keys change, every bundle is signed again, and whoever pinned the first key follows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pithbuilder.stores.workspace import Workspace
from tests.support.cli import bundles, code_of, contents, lines, make_workspace, mint, run
from tests.support.rotations import (
    LAST,
    LATER,
    MINTED_AT,
    REISSUED_AT,
    ROTATED_AT,
    bundle_of,
    doctor,
    keyring,
    reissue,
    rotate,
    statuses,
    verify,
)


def test_what_a_rotation_writes(workspace: Path, pin: Path) -> None:
    (statement,) = rotate(workspace, "--commit-next", "--expires", "2029-01-01T00:00:00Z")
    new = statement["new_key"]["key_id"]
    assert (statement["statement_type"], statement["sequence"], statement["reason"]) == (
        "pith_key_rotation",
        1,
        "scheduled",
    )
    assert (statement["previous_key_id"], statement["effective_at"]) == ("first", ROTATED_AT)
    assert [item["key_id"] for item in statement["signatures"]] == ["first", new]
    assert {item["signed_message"] for item in statement["signatures"]} == {"key_rotation_sha256_bytes"}
    assert statuses(workspace) == {"first": "retired", new: "active", f"{new}-2": "prepared"}
    published = keyring(workspace)
    assert published["chain"] == [statement]
    first, second = published["keys"]
    assert (first["valid_from"], first["valid_until"], first["status"]) == (None, ROTATED_AT, "retired")
    assert first["key"]["rotates_at"] == ROTATED_AT
    assert json.loads((workspace / "keys" / "first.json").read_bytes()) == first["key"]
    assert (second["valid_from"], second["valid_until"]) == (ROTATED_AT, "2029-01-01T00:00:00Z")
    assert json.loads((workspace / "mirror" / "pith-signing-key.json").read_bytes()) == second["key"]
    assert json.loads((workspace / "keys" / "pith-keys.json").read_bytes()) == published
    assert verify(workspace / "mirror", pin) == 0
    assert doctor(workspace) == []


def test_reissue(workspace: Path, pin: Path) -> None:
    before = bundle_of(workspace)
    rotate(workspace)
    assert reissue(workspace) == {"reissued": 3}
    after = bundle_of(workspace)
    for name in ("pith_number", "short_pith_number", "canonical_record", "source_aliases", "source"):
        assert after[name] == before[name]
    (old, snapshot), (*kept, new) = before["events"], after["events"]
    assert kept == [old, snapshot]
    assert (new["event_type"], new["supersedes"]) == ("record_created", [old["event_id"]])
    receipt, first_receipt = new["payload"]["receipt"], old["payload"]["receipt"]
    assert receipt["first_computed_at"] == first_receipt["first_computed_at"] == MINTED_AT
    assert receipt["last_reissued_at"] == receipt["signed_at"] == REISSUED_AT
    assert after["state"]["current"]["record_created"]["event_id"] == new["event_id"]
    assert set(after["state"]["applied_event_ids"]) == {event["event_id"] for event in after["events"]}
    assert [key["key_id"] for key in after["public_keys"]] == ["first", new["signer"]["key_id"]]
    assert after["bundle_signature"]["key_id"] == receipt["key_id"] == new["signer"]["key_id"] != "first"
    assert verify(workspace / "mirror", pin) == 0
    assert (
        verify(workspace / "mirror", workspace / "mirror" / "pith-signing-key.json") == 3
    )  # says nothing of the first
    files = contents(workspace / "mirror")
    assert reissue(workspace, clock=LATER) == {"unchanged": 3}
    assert mint(workspace, lines(1, 2, 3), clock=LATER).returncode == 0
    assert contents(workspace / "mirror") == files


def test_reissue_of_some(workspace: Path) -> None:
    rotate(workspace)
    number = bundle_of(workspace)["pith_number"]
    assert reissue(workspace, number) == {"reissued": 1}
    assert reissue(workspace, number.rpartition(":")[2]) == {"unchanged": 1}
    assert reissue(workspace, "2001.00001", "2001.00002v1") in ({"reissued": 2}, {"reissued": 1, "unchanged": 1})
    done = run("reissue", "2001.99999", "--workspace", workspace)
    assert (done.returncode, code_of(done)) == (1, "not-minted")
    assert run("reissue", "--workspace", workspace).returncode == 2
    assert run("reissue", "2001.00001", "--all", "--workspace", workspace).returncode == 2


def test_a_bundle_that_was_signed_again_and_is_gone(workspace: Path) -> None:
    """What is missing is the first key; that events are gone too is not what helps."""
    rotate(workspace)
    assert reissue(workspace) == {"reissued": 3}
    shutil.rmtree(workspace / "mirror" / "pith" / bundle_of(workspace)["pith_number"].rpartition(":")[2])
    before = contents(workspace / "mirror")
    done = mint(workspace, lines(1, 2, 3), "--json", clock=LATER)
    assert sorted(row["status"] for row in done.lines()) == ["failed", "unchanged", "unchanged"]
    assert [row["error"]["code"] for row in done.lines() if "error" in row] == ["receipt-lost"]
    assert contents(workspace / "mirror") == before


def test_reissue_of_a_bundle_that_is_gone(workspace: Path) -> None:
    rotate(workspace)
    number = bundle_of(workspace)["pith_number"]
    shutil.rmtree(workspace / "mirror" / "pith" / number.rpartition(":")[2])
    done = run("reissue", number, "--workspace", workspace, "--clock", LATER)
    assert (done.returncode, code_of(done)) == (1, "bundle-missing")


def test_a_dry_run_needs_no_key_and_writes_nothing(workspace: Path) -> None:
    rotate(workspace)
    for path in (workspace / "keys").glob("*.pem"):
        path.unlink()
    before = contents(workspace)
    assert reissue(workspace, "--all", "--dry-run") == {"would-reissue": 3}
    assert contents(workspace) == before


def test_three_rotations_in_a_row_and_the_first_pin_still_leads_there(workspace: Path, pin: Path) -> None:
    for month, minute in ((ROTATED_AT, 1), (LATER, 2), (LAST, 3)):
        rotate(workspace, clock=month)
        assert mint(workspace, lines(10 + minute), clock=month.replace("00Z", f"0{minute}Z")).returncode == 0
        assert verify(workspace / "mirror", pin) == 0
    reissue(workspace, clock=LAST.replace("00Z", "09Z"))
    assert verify(workspace / "mirror", pin) == 0
    assert [statement["sequence"] for statement in keyring(workspace)["chain"]] == [1, 2, 3]
    assert list(statuses(workspace).values()) == ["retired", "retired", "retired", "active"]
    signers = {
        json.loads(path.read_bytes())["bundle_signature"]["key_id"] for path in bundles(workspace / "mirror").values()
    }
    assert signers == {keyring(workspace)["keys"][3]["key"]["key_id"]}


def test_a_bundle_alone_with_the_keyring(workspace: Path, pin: Path) -> None:
    rotate(workspace)
    reissue(workspace)
    bundle = next(iter(bundles(workspace / "mirror").values()))
    assert verify(bundle, pin) == 3
    assert verify(bundle, pin, "--keyring", workspace / "mirror" / "pith-keys.json") == 0
    assert verify(bundle, workspace / "mirror" / "pith-keys.json") == 0
    assert verify(workspace / "mirror" / "pith-keys.json", pin) == 0
    other = make_workspace(workspace.parent / "other")
    done = run("verify", bundle, "--trust", pin, "--keyring", other / "keys" / "pith-keys.json")
    assert (done.returncode, code_of(done)) == (1, "rotation-unpinned")


def test_a_rolled_back_or_forked_keyring_is_noticed_by_who_knew_more(workspace: Path, tmp_path: Path) -> None:
    fork = Path(shutil.copytree(workspace, tmp_path / "fork"))
    old = shutil.copy(workspace / "mirror" / "pith-keys.json", tmp_path / "old.json")
    rotate(workspace)
    rotate(fork, "--expires", "2031-01-01T00:00:00Z")
    known = Path(shutil.copy(workspace / "mirror" / "pith-keys.json", tmp_path / "known.json"))
    shutil.copy(old, workspace / "mirror" / "pith-keys.json")
    done = run("verify", workspace / "mirror", "--trust", known)
    assert done.returncode == 1
    assert "rotation-rolled-back" in done.stdout
    assert doctor(workspace) == ["keyring-stale"]
    done = run("verify", fork / "mirror", "--trust", known)
    assert done.returncode == 1
    assert "rotation-fork" in done.stdout


def test_a_compromised_key_and_what_rests_on_it(workspace: Path, pin: Path) -> None:
    rotate(workspace, "--reason", "compromised", "--effective-at", "2026-05-20T00:00:00Z")
    assert statuses(workspace)["first"] == "revoked"
    done = run("verify", workspace / "mirror", "--trust", pin)
    assert done.returncode == 1
    assert "FAILED  compromised-key" in done.stdout
    assert doctor(workspace) == ["reissue-due"]
    assert reissue(workspace) == {"reissued": 3}
    assert doctor(workspace) == []
    done = run("verify", workspace / "mirror", "--trust", pin)
    assert done.returncode == 0
    assert "note  compromised-key" in done.stdout
    assert len(bundle_of(workspace)["events"]) == 4


def test_a_retired_key_found_compromised_later(workspace: Path, pin: Path) -> None:
    rotate(workspace)
    assert reissue(workspace) == {"reissued": 3}
    assert verify(workspace / "mirror", pin) == 0
    revoke = (
        "keys",
        "revoke",
        "first",
        "--workspace",
        workspace,
        "--clock",
        LATER,
        "--effective-at",
        "2026-05-01T00:00:00Z",
    )
    assert run(*revoke).returncode == 0
    assert run(*revoke).returncode == 1
    assert statuses(workspace)["first"] == "revoked"
    assert verify(workspace / "mirror", pin) == 1  # the snapshots still rest on it
    assert reissue(workspace, clock=LATER.replace("00Z", "01Z")) == {"reissued": 3}
    assert reissue(workspace, clock=LAST) == {"unchanged": 3}
    assert verify(workspace / "mirror", pin) == 0


def test_a_lost_key_and_the_promised_one(workspace: Path, pin: Path) -> None:
    rotate(workspace, "--commit-next")
    active = next(key for key, status in statuses(workspace).items() if status == "active")
    (workspace / "keys" / f"{active}.pem").unlink()
    assert doctor(workspace) == ["private-half-missing"]
    done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", LATER)
    assert (done.returncode, code_of(done)) == (1, "private-half-missing")
    (statement,) = rotate(workspace, "--reason", "lost", clock=LATER)
    assert [item["key_id"] for item in statement["signatures"]] == [statement["new_key"]["key_id"]]
    reissue(workspace, clock=LATER.replace("00Z", "01Z"))
    assert verify(workspace / "mirror", pin) == 0
    done = run("keys", "rotate", "--reason", "lost", "--workspace", workspace, "--no-passphrase", "--clock", LAST)
    assert (done.returncode, code_of(done)) == (1, "rotation-lost-uncommitted")
    assert len(statuses(workspace)) == 3, "the key that was made for nothing is gone again"


def test_a_promise_is_kept(workspace: Path) -> None:
    rotate(workspace, "--commit-next")
    run("keys", "new", "another", "--workspace", workspace, "--no-passphrase")
    before = contents(workspace)
    done = run("keys", "rotate", "--to", "another", "--workspace", workspace, "--clock", LATER)
    assert (done.returncode, code_of(done)) == (1, "rotation-commitment")
    assert contents(workspace) == before
    promised = next(
        row["key_id"] for row in run("keys", "list", "--workspace", workspace, "--json").lines() if row["promised"]
    )
    kept = (workspace / "keys" / f"{promised}.json").rename(workspace / "kept")
    pem = (workspace / "keys" / f"{promised}.pem").rename(workspace / "kept.pem")
    assert doctor(workspace) == ["promised-key-missing"]
    done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", LATER)
    assert (done.returncode, code_of(done)) == (1, "rotation-commitment")
    kept.rename(workspace / "keys" / f"{promised}.json")
    pem.rename(workspace / "keys" / f"{promised}.pem")
    assert rotate(workspace, clock=LATER)[0]["new_key"]["key_id"] == promised


def test_the_end_of_an_issuer(workspace: Path, pin: Path) -> None:
    retire = ("keys", "retire", "first", "--workspace", workspace, "--clock", ROTATED_AT)
    done = run(*retire)
    assert (done.returncode, code_of(done)) == (1, "rotation-closes")
    assert run(*retire, "--close").returncode == 0
    assert statuses(workspace) == {"first": "retired"}
    assert verify(workspace / "mirror", pin) == 0
    assert doctor(workspace) == ["no-active-key"]
    for command in (("mint", "-"), ("keys", "rotate", "--no-passphrase"), ("reissue", "--all")):
        done = run(*command, "--workspace", workspace, "--clock", LATER)
        assert (done.returncode, code_of(done)) == (1, "no-active-key")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--to", "missing"), "key-missing"),
        (("--to", "missing", "--expires", "2027-01-01T00:00:00Z"), "rotation-expires-set"),
        (("--to", "first"), "rotation-key-id-reused"),
        (("--next", "first"), "rotation-key-id-reused"),
        (("--effective-at", "2027-01-01T00:00:00Z"), "rotation-future"),
        (("--to", "../first"), "key-id-format"),
        (("--reason", "lost"), "rotation-lost-uncommitted"),
    ],
)
def test_a_refused_rotation_changes_nothing(workspace: Path, options: tuple[str, ...], code: str) -> None:
    before = contents(workspace)
    done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", ROTATED_AT, *options)
    assert (done.returncode, done.stdout, code_of(done)) == (1, "", code)
    assert contents(workspace) == before
    assert doctor(workspace) == []


def test_a_clock_that_was_set_back(workspace: Path) -> None:
    rotate(workspace, clock=LATER)
    for command in (("mint", "-"), ("keys", "rotate", "--no-passphrase"), ("reissue", "--all")):
        done = run(*command, "--workspace", workspace, "--clock", ROTATED_AT, stdin=lines(9))
        assert (done.returncode, code_of(done)) == (1, "clock-set-back")
    assert doctor(workspace, clock=ROTATED_AT) == ["clock-implausible"]
    assert reissue(workspace, clock=LAST) == {"reissued": 3}
    done = run("keys", "revoke", "first", "--workspace", workspace, "--clock", LAST)
    assert done.returncode == 0
    done = run("reissue", "--all", "--workspace", workspace, "--clock", LATER)
    assert done.returncode == 1
    assert done.stderr.count("[clock-set-back]") == 3


def test_a_planned_end(workspace: Path) -> None:
    rotate(workspace, "--expires", "2026-06-20T00:00:00Z")
    assert doctor(workspace) == ["key-expiring"]
    assert doctor(workspace, clock=LATER) == ["key-expired"]
    done = mint(workspace, lines(9), clock=LATER)
    assert (done.returncode, code_of(done)) == (1, "key-expired")
    done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", LATER)
    assert (done.returncode, code_of(done)) == (1, "rotation-expired")
    rotate(workspace, "--effective-at", "2026-06-20T00:00:00Z", clock=LATER)
    assert doctor(workspace, clock=LATER) == []


def test_two_at_once(workspace: Path) -> None:

    with Workspace.open(workspace).lock():
        for command in (
            ("keys", "rotate", "--no-passphrase"),
            ("reissue", "--all"),
            ("keys", "publish"),
            ("mint", "-"),
        ):
            done = run(*command, "--workspace", workspace, stdin=lines(9))
            assert (done.returncode, code_of(done)) == (1, "workspace-busy")


def test_what_the_doctor_finds(workspace: Path) -> None:
    key = workspace / "keys" / "first.pem"
    key.chmod(0o644)
    assert doctor(workspace) == ["key-file-mode"]
    key.chmod(0o600)
    (workspace / "keys").chmod(0o777)
    assert doctor(workspace) == ["directory-mode"]
    (workspace / "keys").chmod(0o755)
    (workspace / "mirror" / "pith-signing-key.json").write_bytes(b"{}")
    (workspace / "mirror" / "pith-keys.json").unlink()
    assert doctor(workspace) == ["keyring-stale", "signing-key-stale"]
    assert run("keys", "publish", "--workspace", workspace).returncode == 0
    assert doctor(workspace) == []
    other = make_workspace(workspace.parent / "other", "--key-id", "first")
    shutil.copy(other / "keys" / "first.pem", key)
    assert doctor(workspace) == ["key-conflict"]  # in the clear: read without being asked to
    assert doctor(workspace, "--open") == ["key-conflict"]
    (workspace / "keys" / "first.json").unlink()
    assert doctor(workspace) == ["key-conflict", "key-document-stale"]


def test_a_mirror_that_knows_more_than_the_workspace(workspace: Path, tmp_path: Path) -> None:
    old = Path(shutil.copytree(workspace / "keys", tmp_path / "old"))
    rotate(workspace)
    shutil.rmtree(workspace / "keys")
    shutil.copytree(old, workspace / "keys")
    assert doctor(workspace) == ["keyring-behind"]
    before = contents(workspace)
    for command in (("keys", "publish"), ("keys", "rotate", "--no-passphrase", "--clock", LATER)):
        done = run(*command, "--workspace", workspace)
        assert (done.returncode, code_of(done)) == (1, "keyring-behind")
    assert contents(workspace) == before, "a fork of what was published"


@pytest.mark.parametrize("where", ["keys", "mirror"])
def test_a_place_that_cannot_be_written(workspace: Path, where: str) -> None:
    blocked = workspace / ("keys/pith-keys.json" if where == "keys" else "mirror/pith-keys.json")
    temporary = blocked.with_name(f".{blocked.name}.tmp")
    (temporary / "in the way").mkdir(parents=True)
    done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", ROTATED_AT)
    assert (done.returncode, code_of(done)) == (1, "write-failed")
    assert "rotation-pending" in doctor(workspace)
    done = mint(workspace, lines(9), clock=LATER)
    assert (done.returncode, code_of(done)) == (1, "rotation-pending")
    shutil.rmtree(temporary)
    (statement,) = rotate(workspace)
    assert keyring(workspace)["chain"] == [statement]
    assert doctor(workspace) == []
