"""Adding to bundles that rest on a key that others have, and to those of others: what the ledger says and learns."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.cli import lines, make_workspace, mint, only_bundle, run
from tests.support.events import AUTHOR, JOURNAL, KEYS, author_claim, signed_event
from tests.support.extending import (
    ADDED_AT,
    CORRECTION,
    LATER,
    accept,
    added,
    bundle_value,
    copy_of,
    detached,
    event_add,
    refused,
    verified,
    visible,
)
from tests.support.rotations import MINTED_AT, forge, reissue, rotate

AFTERWARDS = "2026-06-02T00:00:00Z"
"""After the rotation and the re-issue."""


@pytest.fixture(scope="module")
def minted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one paper, whose key is called as the forger calls it; not to be changed."""
    workspace = make_workspace(tmp_path_factory.mktemp("minted") / "w", "--key-id", "first")
    assert mint(workspace, lines(1), clock=MINTED_AT).returncode == 0
    return workspace


@pytest.fixture
def workspace(minted: Path, tmp_path: Path) -> Path:
    return copy_of(minted, tmp_path / "w")


def ledger_rows(workspace: Path) -> list[str]:
    """Return what a ledger knows of bundles, as SQL; that it has met a mirror at a new place is no news of them."""
    with closing(sqlite3.connect(workspace / "ledger.sqlite3")) as ledger:
        rows = [line for line in ledger.iterdump() if line.startswith("INSERT INTO") and '"mirrors"' not in line]
    assert rows
    return rows


def claim(bundle: Path, to: Path, name: str = "Ada Lovelace", owner: str = AUTHOR) -> Path:
    """Write an event in an author's name, by the key of ``owner``, for a bundle to a file."""
    event = signed_event(
        "author_attestation",
        author_claim(name),
        signer_id=AUTHOR,
        key=KEYS[owner],
        pith_number=f"pith:2020:{bundle.parent.name}",
        created_at=f"{ADDED_AT[:19]}Z",
    )
    return detached(event, KEYS[owner], to)


def doubts(workspace: Path) -> list[str]:
    """Return the events in force that ``merge`` says rest on a compromised key, in the order of their bundle."""
    done = run("merge", only_bundle(workspace / "mirror"), "--trust", workspace / "keys")
    assert done.returncode == 0, done.stderr
    noted = {line.split()[1] for line in done.stderr.splitlines() if "[compromised-key]" in line}
    assert len(noted) == done.stderr.count("compromised-key")
    return [event["event_id"] for event in bundle_value(workspace)["events"] if event["event_id"] in noted]


@pytest.mark.parametrize("reissued", [False, True], ids=["before the re-issue", "after the re-issue"])
def test_a_forgery_with_the_compromised_key(workspace: Path, tmp_path: Path, reissued: bool) -> None:
    stolen = Path(shutil.copy(workspace / "keys" / "first.pem", tmp_path / "stolen.pem"))
    bundle = only_bundle(workspace / "mirror")
    genuine = bundle.read_bytes()
    rotate(workspace, "--reason", "compromised")
    if reissued:
        assert reissue(workspace) == {"reissued": 1}
    forge(workspace, stolen, MINTED_AT)
    assert bundle.read_bytes() not in (genuine, b"")
    assert only_bundle(workspace / "mirror") == bundle
    arriving = claim(bundle, tmp_path / "claim.json")
    elsewhere = Path(shutil.copy(bundle, tmp_path / "bundle.json"))
    before, rows = visible(workspace), ledger_rows(workspace)
    for place in (bundle, elsewhere):
        common = ("--workspace", workspace, "--clock", AFTERWARDS)
        data = place.read_bytes()
        refused(workspace, run("event", "add", "correction", place, *CORRECTION, *common), "unvouched-bundle", before)
        refused(workspace, run("event", "accept", place, arriving, *common), "unvouched-bundle", before)
        assert place.read_bytes() == data
    assert ledger_rows(workspace) == rows
    for path in workspace.glob("ledger*"):  # then nothing tells a forgery from what was issued
        path.unlink()
    refused(workspace, event_add(workspace, "correction", *CORRECTION, clock=AFTERWARDS), "unvouched-bundle", before)
    refused(workspace, accept(workspace, arriving, clock=AFTERWARDS), "unvouched-bundle", before)


def test_what_rests_on_the_compromised_key_is_issued_again_first(workspace: Path, tmp_path: Path) -> None:
    """The very bundle that was minted is known, and yet nothing is built on that key's signatures."""
    rotate(workspace, "--reason", "compromised")
    arriving = claim(only_bundle(workspace / "mirror"), tmp_path / "claim.json")
    before = visible(workspace)
    assert doubts(workspace) == [event["event_id"] for event in bundle_value(workspace)["events"]]
    refused(workspace, event_add(workspace, "correction", *CORRECTION, clock=AFTERWARDS), "bundle-untrusted", before)
    refused(workspace, accept(workspace, arriving, clock=AFTERWARDS), "bundle-untrusted", before)
    assert reissue(workspace) == {"reissued": 1}
    mine = added(event_add(workspace, "correction", *CORRECTION, "--json", clock=AFTERWARDS))
    theirs = added(accept(workspace, arriving, "--json", clock=AFTERWARDS))
    bundle = bundle_value(workspace)
    assert [event["event_id"] for event in bundle["events"][-2:]] == [mine, theirs]
    assert {mine, theirs} <= set(bundle["state"]["applied_event_ids"])
    assert reissue(workspace, clock="2026-06-03T00:00:00Z") == {"unchanged": 1}
    assert doubts(workspace) == []


def test_of_a_signer_of_whom_nothing_is_known_the_first_key_counts(workspace: Path, tmp_path: Path) -> None:
    bundle = only_bundle(workspace / "mirror")
    first, another, third = (
        claim(bundle, tmp_path / name, name, owner)
        for name, owner in (("Ada", AUTHOR), ("Mallory", JOURNAL), ("Ada King", AUTHOR))
    )
    added(accept(workspace, first, "--json"))
    before = visible(workspace)
    refused(workspace, accept(workspace, another), "signer-key", before)
    refused(workspace, accept(workspace, third, another), "signer-key", before)
    added(accept(workspace, third, "--json"))


def test_a_strangers_bundle_leaves_no_row_in_the_ledger(minted: Path, tmp_path: Path) -> None:
    stranger = make_workspace(tmp_path / "s", "--base-url", "https://other.example")
    assert mint(stranger, lines(2)).returncode == 0
    copy = Path(shutil.copy(only_bundle(minted / "mirror"), tmp_path / "bundle.json"))
    arriving = claim(only_bundle(minted / "mirror"), tmp_path / "claim.json")
    rows, before = ledger_rows(stranger), visible(stranger)
    trusting = ("--workspace", stranger, "--trust", minted / "keys", "--json")
    added(run("event", "add", "correction", copy, *CORRECTION, *trusting, "--clock", ADDED_AT))
    added(run("event", "accept", copy, arriving, *trusting, "--clock", LATER))
    assert ledger_rows(stranger) == rows
    assert visible(stranger) == before
    verified(copy, minted / "keys", stranger / "keys")
