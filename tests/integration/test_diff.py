"""``pithbuilder diff``: what two bundles or states of one number say differently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from pithbuilder.documents.base import Document
from tests.integration.test_show import HOSTILE, dangers
from tests.support.cli import (
    PUBLISHED,
    code_of,
    lines,
    make_workspace,
    mint,
    only_bundle,
    run,
)
from tests.support.events import (
    AUTHOR,
    JOURNAL,
    KEYS,
    PITH_NUMBER,
    RECORD_ID,
    author_claim,
    bundle_with,
    correction,
    signed_bundle,
    signed_event,
)
from tests.support.rotations import reissue, rotate

BUNDLE = PUBLISHED / "bundle-1805.08469v1.json"
OTHER = PUBLISHED / "bundle-2410.05985v4.json"
STATE = PUBLISHED / "state-1710.02368v1.json"
CLAIM = signed_event("author_attestation", author_claim(), signer_id=AUTHOR, prev_event=RECORD_ID)
AGAIN = signed_event(
    "author_attestation", author_claim("Ada King"), signer_id=AUTHOR, supersedes=[CLAIM.content.event_id]
)
LOST = signed_event("correction", correction(), signer_id=JOURNAL, prev_event="sha256:" + "ab" * 32)


@pytest.fixture
def files(tmp_path: Path) -> Any:
    """Return a function that writes documents to files."""

    def write(*documents: Document) -> list[Path]:
        paths = [tmp_path / f"{letter}.json" for letter in "AB"[: len(documents)]]
        for path, document in zip(paths, documents, strict=True):
            path.write_bytes(document.canonical_bytes)
        return paths

    return write


def short(event_id: str) -> str:
    return event_id.removeprefix("sha256:")[:8]


def test_the_same_file() -> None:
    done = run("diff", BUNDLE, BUNDLE, "--exit-code")
    assert (done.returncode, done.stderr) == (0, "")
    number = json.loads(BUNDLE.read_bytes())["pith_number"]
    assert done.stdout == f"{number}\nbundle and bundle: identical: the same bytes\n"


def test_another_spelling(tmp_path: Path) -> None:
    path = tmp_path / "spelt.json"
    path.write_text(json.dumps(json.loads(BUNDLE.read_bytes()), indent=1))
    done = run("diff", BUNDLE, path, "--exit-code")
    assert done.returncode == 0
    assert "the same content, spelt otherwise" in done.stdout


def test_a_bundle_and_its_state(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(json.loads(BUNDLE.read_bytes())["state"]))
    done = run("diff", BUNDLE, path, "--exit-code")
    assert (done.returncode, done.stderr) == (0, "")
    assert "bundle and state: the same state" in done.stdout
    assert run("diff", path, STATE).returncode == 1


def test_events(files: Any) -> None:
    before, after = files(bundle_with([CLAIM]), bundle_with([CLAIM, AGAIN, LOST]))
    done = run("diff", before, after)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{PITH_NUMBER}\nbundle and bundle: different\n\nevents added (2)\n")
    text = " ".join(done.stdout.split())
    assert f"+ {short(AGAIN.content.event_id)} author_attestation {AUTHOR} 2026-05-18T00:15:26Z in force" in text
    assert "invalid: predecessor-missing" in text
    assert f"newly superseded (1) ~ {short(CLAIM.content.event_id)} author_attestation in force -> superseded" in text
    assert "bundle_sha256" not in text
    assert max(map(len, done.stdout.splitlines())) <= 80
    back = run("diff", after, before)
    assert "events removed (2)" in back.stdout
    assert "superseded -> in force" in back.stdout
    assert [run("diff", *pair, "--exit-code").returncode for pair in ((before, after), (after, before))] == [1, 1]


def test_json(files: Any) -> None:
    (row,) = run("diff", *files(bundle_with([CLAIM]), bundle_with([CLAIM, AGAIN, LOST])), "--json").lines()
    assert (row["pith_number"], row["relation"], row["kinds"]) == (PITH_NUMBER, "different", ["bundle", "bundle"])
    assert {event["event_id"]: event["standing"] for event in row["events_added"]} == {
        AGAIN.content.event_id: "in-force",
        LOST.content.event_id: "invalid",
    }
    assert row["newly_superseded"] == row["no_longer_in_force"] == [CLAIM.content.event_id]
    assert row["newly_invalid"] == row["events_removed"] == []


def test_signed_again(files: Any) -> None:
    bundle = bundle_with([CLAIM])
    again = signed_bundle(bundle_with([CLAIM], built_at="2027-01-01T00:00:00Z"), key=KEYS[JOURNAL])
    done = run("diff", *files(bundle, again), "--exit-code")
    assert done.returncode == 1
    assert "re-signed only" in done.stdout
    assert "$.built_at\n  -  2026-05-18T00:15:26Z\n  +  2027-01-01T00:00:00Z\n" in done.stdout
    assert "$.bundle_signature.key_id" in done.stdout


def test_a_bundle_that_was_issued_again(tmp_path: Path) -> None:
    """Its record is said anew, so it is more than signed again."""
    workspace = make_workspace(tmp_path / "w")
    mint(workspace, lines(1))
    bundle = only_bundle(workspace / "mirror")
    before = tmp_path / "before.json"
    before.write_bytes(bundle.read_bytes())
    rotate(workspace)
    reissue(workspace)
    told = run("diff", before, bundle)
    assert (told.returncode, told.stderr) == (0, "")
    assert "events added (1)" in told.stdout
    assert "newly superseded (1)" in told.stdout
    assert "keys added (1)" in told.stdout
    assert "$.built_at" in told.stdout


@pytest.mark.parametrize("columns", ["40", "24", "1"])
def test_narrow_terminals(files: Any, columns: str) -> None:
    pair = files(bundle_with([CLAIM]), bundle_with([CLAIM, AGAIN, LOST], short_pith_number="pith:" + "X" * 50))
    done = run("diff", *pair, env={"COLUMNS": columns})
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= max(int(columns), 24)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_never_reaches_the_terminal(files: Any, name: str) -> None:
    text = HOSTILE[name]
    event = signed_event(text, {}, signer_id=text, prev_event=text)
    key = attrs.evolve(bundle_with([]).content.public_keys[0], key_id=text, fingerprint_sha256_hex=text)
    other = bundle_with([event], public_keys=(key,), short_pith_number=text, extra={text: {text: text}})
    for options in ([], ["--json"]):
        done = run("diff", *files(bundle_with([]), other), *options)
        assert done.returncode == 0
        assert dangers(done.stdout + done.stderr) == set()


# ---- Bad input ---------------------------------------------------------------------------------------------------


def test_other_numbers() -> None:
    for pair in ((BUNDLE, OTHER), (BUNDLE, STATE), (STATE, OTHER)):
        done = run("diff", *pair)
        assert (done.returncode, done.stdout, code_of(done)) == (1, "", "merge-numbers")
        assert f"{pair[1]}: bundles of different numbers" in done.stderr


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json-syntax"),
        (b"[]", "json-not-an-object"),
        (b"{}", "document-kind"),
        (b'{"record_type": "pith_number_record"}', "document-kind"),
        (b'{"state_type": "x"}', "field-missing"),
        (b"\xff", "json-encoding"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_broken_files(tmp_path: Path, data: bytes, code: str, place: int) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(data)
    pair = [BUNDLE, BUNDLE]
    pair[place] = path
    done = run("diff", *pair)
    assert (done.returncode, done.stdout, code_of(done)) == (1, "", code)
    assert str(path) in done.stderr


def test_a_state_that_says_otherwise(files: Any) -> None:
    lie = bundle_with([CLAIM, AGAIN], state=bundle_with([CLAIM]).content.state)
    paths = files(bundle_with([CLAIM, AGAIN]), lie)
    done = run("diff", *paths)
    assert done.stderr.startswith(f"note: {paths[1]}: the bundle's own state is not what its events amount to")
    assert "different" in done.stdout
    assert "$.state.current.author_attestations" in done.stdout


@pytest.mark.parametrize("arguments", [(), (BUNDLE,), (BUNDLE, "no-such-file"), (BUNDLE, "."), (BUNDLE,) * 3])
def test_wrong_usage(arguments: tuple[str | Path, ...]) -> None:
    done = run("diff", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
