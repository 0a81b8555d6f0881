"""The keys change, every bundle is signed again, and whoever pinned the first key follows."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pithbuilder.cli.app import app
from pithbuilder.core.timestamps import FixedClock, parse_instant
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.sources.snapshot import read_snapshot
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.stores.workspace import Workspace
from tests.support.cli import bundles, code_of, contents, finish, line, lines, make_workspace, mint, paper, run, start
from tests.support.killed import run_until_step

MINTED_AT = "2026-05-18T00:15:26.123456Z"
ROTATED_AT = "2026-06-01T12:00:00Z"
REISSUED_AT = "2026-06-01T12:00:07.000008Z"
LATER = "2026-07-01T12:00:00Z"
LAST = "2026-08-01T12:00:00Z"


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


def rotate(workspace: Path, *options: str, clock: str = ROTATED_AT) -> list[dict[str, Any]]:
    done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", clock, "--json", *options)
    assert done.returncode == 0, done.stderr
    return done.lines()


def reissue(workspace: Path, *options: str, clock: str = REISSUED_AT) -> dict[str, int]:
    done = run("reissue", *(options or ("--all",)), "--workspace", workspace, "--clock", clock, "--json")
    assert done.returncode == 0, done.stderr
    statuses = [row["status"] for row in done.lines()]
    return {status: statuses.count(status) for status in statuses}


def doctor(workspace: Path, *options: str, clock: str = REISSUED_AT) -> list[str]:
    done = run("keys", "doctor", "--workspace", workspace, "--clock", clock, "--json", *options)
    findings = done.lines()
    assert done.returncode == (1 if findings else 0)
    assert all(finding["message"] and finding["where"] for finding in findings)
    assert all(finding["command"] or finding["hint"] for finding in findings)
    return [finding["code"] for finding in findings]


def keyring(workspace: Path) -> Any:
    return json.loads((workspace / "mirror" / "pith-keys.json").read_bytes())


def statuses(workspace: Path) -> dict[str, str]:
    return {row["key_id"]: row["status"] for row in run("keys", "list", "--workspace", workspace, "--json").lines()}


def verify(mirror: Path, pinned: Path, *options: str | Path) -> int:
    return run("verify", mirror, "--trust", pinned, *options).returncode


def bundle_of(workspace: Path) -> Any:
    return json.loads(next(iter(bundles(workspace / "mirror").values())).read_bytes())


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
    from pithbuilder.stores.workspace import Workspace

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


# ---- What others may try, or what may go wrong on the way --------------------------------------------------------


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


def forge(workspace: Path, private_key: Path, at: str) -> None:
    """Put a bundle into a mirror as a thief with the key would: same number, other authors and times."""
    key = PrivateKey.from_pem(private_key.read_bytes(), None)
    opened = Workspace.open(workspace)
    clock = FixedClock(parse_instant(at))
    issuer = Issuer(opened.profile, LocalSigner("first", key), clock)
    (record,) = read_snapshot(io.BytesIO(line(paper(1, authors="Mallory Thief"))), "x")
    assert record.paper is not None
    issued = issuer.issue(record.paper)
    MirrorTree(workspace / "mirror").write_number(
        issued.pith_number.suffix,
        bundle=issued.bundle_bytes,
        state=issued.state_bytes,
        record_document=issued.record_document_bytes,
    )


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


def keyring_of_workspace(workspace: Path) -> list[Any]:
    value = json.loads((workspace / "keys" / "pith-keys.json").read_bytes())
    return list(value["chain"])


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
