"""Backups, restoring and rehearsing: nothing lost, nothing overwritten, nothing half there, nothing given away."""

from __future__ import annotations

import base64
import errno
import os
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pyrage
import pytest

from pithbuilder.core.timestamps import FixedClock
from pithbuilder.custody.backup import BackupReport, KeyProof, back_up, rehearse, restore
from pithbuilder.custody.making import fresh_key, referenced_key
from pithbuilder.custody.rotation import RotationRequest, rotate
from pithbuilder.custody.signers import KeyAccess
from pithbuilder.errors import PithError
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.stores.archive import open_archive, seal_archive
from pithbuilder.stores.workspace import Workspace
from tests.support import age_files
from tests.support.cli import contents
from tests.support.killed import run_until_step
from tests.support.signers import EXAMPLE, write_pem_key

PROFILE = IssuerProfile(signer_id="a.test", mirror_name="A", base_url="https://a.test")
CLOCK = FixedClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
SECRET = b"archive passphrase 77"
KEY_SECRET = b"key passphrase 88"
WRONG = b"none of these 99"
CLEAR = PrivateKey.from_seed(bytes(range(32)))  # TEST ONLY
NO_ACCESS = KeyAccess(passphrase=lambda *_: None, pin=lambda _: "")
ACCESS = KeyAccess(passphrase=lambda *_: KEY_SECRET, pin=lambda _: "")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """age takes seconds for every new archive; and no test leaves anything in /tmp."""
    age = SimpleNamespace(encrypt=age_files.encrypt, decrypt=pyrage.passphrase.decrypt)
    monkeypatch.setattr("pithbuilder.stores.archive.age", age)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """After a rotation; with keys in the clear, encrypted, kept by a program, and one whose private half is gone."""
    made = Workspace.create(tmp_path / "w", PROFILE, fresh_key(PROFILE, "first", None, key=CLEAR))
    made.keys.add(fresh_key(PROFILE, "encrypted", KEY_SECRET))
    made.keys.add(fresh_key(PROFILE, "gone", None))
    made.keys.private_path("gone").unlink()
    program = tmp_path / "program"
    program.write_text(EXAMPLE.read_text().replace("KINDS = {", 'KINDS = {"probe", '))
    command = [sys.executable, str(program), str(write_pem_key(tmp_path / "other.pem"))]
    made.keys.add(referenced_key(PROFILE, "program", f"exec:{shlex.join(command)}", NO_ACCESS, made.root))
    rotate(
        made,
        RotationRequest(to="encrypted"),
        CLOCK,
        access=NO_ACCESS,
        new_access=ACCESS,
        new_passphrase=lambda _: None,
    )
    return made


@pytest.fixture
def backed_up(workspace: Workspace, tmp_path: Path) -> BackupReport:
    return back_up(workspace, tmp_path / "backup.age", SECRET, CLOCK)


def kept(root: Path) -> dict[str, bytes]:
    return {
        name: data
        for name, data in contents(root).items()
        if name == "pith.toml" or (name.startswith("keys/") and "/." not in name)
    }


def refused(call: Callable[[], object]) -> PithError:
    with pytest.raises(PithError) as caught:
        call()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    for secret in (SECRET, KEY_SECRET, WRONG):
        assert secret.decode() not in shown
    return caught.value


def results(archive: Path, access: KeyAccess = ACCESS) -> dict[str, tuple[str, str]]:
    report = rehearse(archive, SECRET, access)
    assert report.holds == all(proof.result != "failed" for proof in report.proofs)
    return {proof.key.key_id: (proof.result, proof.code) for proof in report.proofs}


# ---- What is in it -----------------------------------------------------------------------------------------------


def test_everything_comes_back(workspace: Workspace, backed_up: BackupReport, tmp_path: Path) -> None:
    report = restore(backed_up.archive, tmp_path / "new" / "w", SECRET)
    root = tmp_path / "new" / "w"
    assert kept(root) == kept(workspace.root)
    assert contents(root).keys() - kept(root).keys() == {".gitignore"}
    assert (root / ".gitignore").read_bytes() == (workspace.root / ".gitignore").read_bytes()
    assert report.files == tuple(sorted(kept(root)))
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*.pem")} == {0o600}
    assert Workspace.open(root).keys.load_chain() == workspace.keys.load_chain()
    assert Workspace.open(root).keys.load_private("encrypted", KEY_SECRET)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_report_says_which_private_halves_are_inside(backed_up: BackupReport) -> None:
    found = [(key.key_id, key.status, key.private_half, key.encrypted) for key in backed_up.keys]
    assert found == [
        ("first", "retired", "inside", False),
        ("encrypted", "active", "inside", True),
        ("gone", "prepared", "missing", False),
        ("program", "prepared", "elsewhere", False),
    ]
    assert backed_up.keys[3].reference.startswith("exec:")
    assert backed_up.left_out == ()
    assert backed_up.archive.stat().st_mode & 0o777 == 0o600


def test_the_readme_says_how_to_do_it_by_hand(backed_up: BackupReport) -> None:
    readme = open_archive(backed_up.archive.read_bytes(), SECRET)["README.txt"].decode()
    assert readme.isascii()
    assert "age -d ARCHIVE | tar x" in readme
    assert "2026-11-21T12:00:00Z" in readme
    inside, outside = readme.split("Private halves that are NOT in here")
    assert "  first (retired, in the clear)\n" in inside
    assert "  gone (prepared): it was not in the workspace\n" in outside
    assert "  program (prepared): exec:" in outside
    assert all(f"  {name}\n" in inside for name in backed_up.files)


def test_what_belongs_to_no_key_is_told(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.keys.root / "notes.txt").write_text("x")
    (workspace.keys.root / "old").mkdir()
    (workspace.keys.root / ".first.pem.tmp").write_text("x")
    report = back_up(workspace, tmp_path / "b.age", SECRET, CLOCK)
    assert report.left_out == ("keys/notes.txt", "keys/old")


def test_a_change_of_keys_under_way(workspace: Workspace, tmp_path: Path) -> None:
    (statement,) = workspace.keys.load_chain().statements
    workspace.keys.save_pending(statement)
    back_up(workspace, tmp_path / "b.age", SECRET, CLOCK)
    assert restore(tmp_path / "b.age", tmp_path / "new", SECRET).pending
    assert Workspace.open(tmp_path / "new").keys.load_pending() == statement
    assert rehearse(tmp_path / "b.age", SECRET, ACCESS).holds


def test_a_key_whose_making_was_interrupted(workspace: Workspace, tmp_path: Path) -> None:
    workspace.keys.add(fresh_key(PROFILE, "half", KEY_SECRET))
    workspace.keys.public_path("half").unlink()
    back_up(workspace, tmp_path / "b.age", SECRET, CLOCK)
    assert results(tmp_path / "b.age")["half"] == ("proved", "")


def test_nothing_secret_shows(workspace: Workspace, backed_up: BackupReport) -> None:
    data, seed = backed_up.archive.read_bytes(), CLEAR.to_seed()
    pem = workspace.keys.private_path("first").read_bytes()
    proofs = rehearse(backed_up.archive, SECRET, ACCESS)
    shown = repr((backed_up, proofs)).encode()
    secrets = (seed, seed.hex().encode(), base64.b64encode(seed), pem.splitlines()[1], SECRET, KEY_SECRET)
    assert not [secret for secret in secrets if secret in data or secret in shown]
    assert repr(seed)[2:-1] not in repr((backed_up, proofs))


# ---- What is refused ---------------------------------------------------------------------------------------------


def test_a_backup_never_overwrites(workspace: Workspace, backed_up: BackupReport, tmp_path: Path) -> None:
    before = backed_up.archive.read_bytes()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "directory").mkdir()
    for name in ("backup.age", "link", "directory"):
        error = refused(lambda name=name: back_up(workspace, tmp_path / name, SECRET, CLOCK))  # type: ignore[misc]
        assert error.code == "archive-exists"
    assert backed_up.archive.read_bytes() == before
    assert not (tmp_path / "nowhere").exists()


def test_private_keys_that_others_can_read_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    path = workspace.keys.private_path("first")
    path.chmod(0o640)
    assert refused(lambda: back_up(workspace, tmp_path / "b", SECRET, CLOCK)).code == "key-file-mode"
    path.rename(tmp_path / "first.pem")
    path.symlink_to(tmp_path / "first.pem")
    assert refused(lambda: back_up(workspace, tmp_path / "b", SECRET, CLOCK)).code == "key-file-link"
    assert not (tmp_path / "b").exists()


def test_one_at_a_time(workspace: Workspace, tmp_path: Path) -> None:
    with workspace.lock():
        assert refused(lambda: back_up(workspace, tmp_path / "b", SECRET, CLOCK)).code == "workspace-busy"


def test_a_broken_keyring_is_not_archived(workspace: Workspace, tmp_path: Path) -> None:
    workspace.keys.keyring_path.write_bytes(b"{}")
    assert refused(lambda: back_up(workspace, tmp_path / "b", SECRET, CLOCK)).where.startswith("archive: keys/pith-")
    workspace.keys.keyring_path.unlink()
    assert refused(lambda: back_up(workspace, tmp_path / "b", SECRET, CLOCK)).code == "archive-incomplete"
    assert not (tmp_path / "b").exists()


def test_a_disk_that_lies_is_found_out(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pithbuilder.custody.backup.read_archive", lambda path: path.read_bytes()[:-1] + b"x")
    assert refused(lambda: back_up(workspace, tmp_path / "b", SECRET, CLOCK)).code == "read-back"
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    "name", ["pith.toml", "keys/first.pem", "keys/first.json", "keys/program.reference", "keys/pith-keys.json", "keys"]
)
@pytest.mark.parametrize("link", [False, True])
def test_restoring_never_overwrites(backed_up: BackupReport, tmp_path: Path, name: str, link: bool) -> None:
    target = tmp_path / "new"
    path = target / name
    path.parent.mkdir(parents=True)
    if link:
        (tmp_path / "elsewhere").mkdir()
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.write_bytes(b"mine")
    error = refused(lambda: restore(backed_up.archive, target, SECRET))
    assert (error.code, error.where) == ("restore-exists", str(path))
    assert contents(target) == ({} if link else {name: b"mine"})
    assert not link or list((tmp_path / "elsewhere").iterdir()) == []


def test_other_files_stay(backed_up: BackupReport, tmp_path: Path) -> None:
    target = tmp_path / "new"
    (target / "keys").mkdir(parents=True)
    (target / "keys" / "mine.pem").write_bytes(b"mine")
    (target / ".gitignore").write_bytes(b"mirror/")
    restore(backed_up.archive, target, SECRET)
    assert (target / "keys" / "mine.pem").read_bytes() == b"mine"
    assert (target / ".gitignore").read_bytes().startswith(b"mirror/\n# private")


def resealed(archive: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    files = open_archive(archive.read_bytes(), SECRET)
    change(files)
    path = archive.with_name("changed.age")
    path.write_bytes(seal_archive(files, SECRET, 0))
    return path


@pytest.mark.parametrize(
    ("name", "before", "after", "code"),
    [
        ("keys/pith-keys.json", b'"scheduled"', b'"compromised"', "rotation-digest"),
        ("keys/pith-keys.json", b"{", b"", None),
        ("pith.toml", b"[issuer]", b"[issuer", "profile-syntax"),
        ("pith.toml", b"signer_id", b"signer", "profile-value"),
    ],
)
def test_an_archive_whose_content_does_not_hold(
    backed_up: BackupReport, tmp_path: Path, name: str, before: bytes, after: bytes, code: str | None
) -> None:
    def change(files: dict[str, bytes]) -> None:
        assert before in files[name]
        files[name] = files[name].replace(before, after, 1)

    path = resealed(backed_up.archive, change)
    error = refused(lambda: restore(path, tmp_path / "new", SECRET))
    assert code is None or error.code == code
    assert name in error.where
    assert str(path) in error.where
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["pith.toml", "keys/pith-keys.json"])
def test_an_archive_that_lacks_something(backed_up: BackupReport, tmp_path: Path, name: str) -> None:
    path = resealed(backed_up.archive, lambda files: files.pop(name))
    assert refused(lambda: restore(path, tmp_path / "new", SECRET)).code == "archive-incomplete"
    assert not (tmp_path / "new").exists()


def test_a_wrong_passphrase(backed_up: BackupReport, tmp_path: Path) -> None:
    for call in (
        lambda: restore(backed_up.archive, tmp_path / "new", WRONG),
        lambda: rehearse(backed_up.archive, WRONG, ACCESS),
    ):
        assert refused(call).code == "archive-passphrase"
    assert not (tmp_path / "new").exists()


# ---- Whatever fails, and whenever --------------------------------------------------------------------------------


class FailsAt:
    """Stands in for a system call, and fails at one of its calls as on a full disk."""

    def __init__(self, real: Callable[..., object], call: int) -> None:
        self.real, self.left = real, call

    def __call__(self, *values: object, **options: object) -> object:
        self.left -= 1
        if self.left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.real(*values, **options)


@pytest.mark.parametrize("function", ["fsync", "link", "mkdir"])
@pytest.mark.parametrize("job", ["backup", "restore", "rehearse"])
def test_every_single_call_may_fail(
    workspace: Workspace,
    backed_up: BackupReport,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    job: str,
) -> None:
    real, failures = getattr(os, function), 0
    for call in range(1, 100):
        target, failing = tmp_path / f"{call}", FailsAt(real, call)
        with monkeypatch.context() as patch:
            patch.setattr(os, function, failing)
            try:
                if job == "backup":
                    back_up(workspace, target, SECRET, CLOCK)
                elif job == "restore":
                    restore(backed_up.archive, target, SECRET)
                else:
                    assert rehearse(backed_up.archive, SECRET, ACCESS).holds
            except PithError as error:
                assert error.code == "write-failed"
                assert not target.exists()
                failures += 1
        assert list((tmp_path / "tmp").iterdir()) == []
        if failing.left > 0:
            break
    assert failures >= call - 3  # for what is temporary a second place is tried, and nothing else
    assert failing.left > 0


def test_killed_at_every_step_of_restoring(workspace: Workspace, backed_up: BackupReport, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    whole = kept(workspace.root)
    for step in range(200):
        target = tmp_path / f"{step}"
        status = run_until_step(step, "keys", "restore", backed_up.archive, target, "--archive-passphrase-file", secret)
        found = kept(target) if target.exists() else {}
        if (target / "pith.toml").exists():
            assert found == whole
        assert found.items() <= whole.items()
        assert {path.stat().st_mode & 0o777 for path in target.rglob("*.pem")} <= {0o600}
        if status is not None:
            assert status == 0
            break
    assert step > 20


def test_killed_at_every_step_of_a_backup(workspace: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    for step in range(200):
        path = tmp_path / f"{step}.age"
        status = run_until_step(
            step, "keys", "backup", path, "--workspace", workspace.root, "--archive-passphrase-file", secret
        )
        if path.exists():
            assert kept(workspace.root).items() <= open_archive(path.read_bytes(), SECRET).items()
        if status is not None:
            assert status == 0
            break
    assert step > 4
    assert back_up(workspace, tmp_path / "after.age", SECRET, CLOCK)


# ---- Rehearsals --------------------------------------------------------------------------------------------------


def test_a_rehearsal_proves_every_key_that_it_reaches(backed_up: BackupReport, tmp_path: Path) -> None:
    assert results(backed_up.archive) == {
        "first": ("proved", ""),
        "encrypted": ("proved", ""),
        "program": ("proved", ""),
        "gone": ("not-proved", "private-half-missing"),
    }
    program = tmp_path / "program"
    program.write_text(program.read_text().replace('KINDS = {"probe", ', "KINDS = {").replace('"probe"', '"other"'))
    assert results(backed_up.archive)["program"] == ("not-proved", "signer-refused")
    (tmp_path / "other.pem").unlink()
    found = results(backed_up.archive)
    assert found["program"][0] == "not-proved"
    assert found["program"][1]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_rehearsal_leaves_the_workspace_alone(workspace: Workspace, backed_up: BackupReport) -> None:
    before = contents(workspace.root)
    rehearse(backed_up.archive, SECRET, ACCESS)
    assert contents(workspace.root) == before


def test_a_rehearsal_with_the_wrong_passphrase_of_a_key(backed_up: BackupReport) -> None:
    access = KeyAccess(passphrase=lambda *_: WRONG, pin=lambda _: "")
    report = rehearse(backed_up.archive, SECRET, access)
    assert not report.holds
    failed = [proof for proof in report.proofs if proof.result == "failed"]
    assert [(proof.key.key_id, proof.code) for proof in failed] == [("encrypted", "passphrase-wrong")]
    assert WRONG.decode() not in repr(report)


def proof_of(archive: Path, key_id: str) -> KeyProof:
    (proof,) = (proof for proof in rehearse(archive, SECRET, ACCESS).proofs if proof.key.key_id == key_id)
    return proof


def test_a_private_half_of_another_key(backed_up: BackupReport) -> None:
    pem = PrivateKey.generate().to_pem(None)
    path = resealed(backed_up.archive, lambda files: files.update({"keys/first.pem": pem}))
    assert (proof_of(path, "first").result, proof_of(path, "first").code) == ("failed", "key-conflict")
    path = resealed(backed_up.archive, lambda files: files.update({"keys/first.pem": pem[:40]}))
    assert proof_of(path, "first").code == "key-file-format"


def test_a_program_with_another_key(backed_up: BackupReport, tmp_path: Path) -> None:
    write_pem_key(tmp_path / "other.pem", bytes(32))
    assert (proof_of(backed_up.archive, "program").result, proof_of(backed_up.archive, "program").code) == (
        "failed",
        "key-conflict",
    )


def test_a_public_document_of_another_key(backed_up: BackupReport) -> None:
    def swap(files: dict[str, bytes]) -> None:
        files["keys/first.json"] = files["keys/encrypted.json"]

    assert proof_of(resealed(backed_up.archive, swap), "first").code == "key-conflict"


def test_an_interrupted_rehearsal_leaves_nothing(
    backed_up: BackupReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> bytes:
        assert list((tmp_path / "tmp").rglob("encrypted.pem"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rehearse(backed_up.archive, SECRET, KeyAccess(passphrase=interrupted, pin=lambda _: ""))
    assert list((tmp_path / "tmp").iterdir()) == []
