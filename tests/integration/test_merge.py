"""``pithbuilder merge``: one state out of mirrors that disagree, whatever their order, whoever lies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import attrs
import pytest

from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import Event
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.verify.key_chain import KeyChain
from tests.support.cli import PUBLISHED, Result, code_of, contents, run
from tests.support.events import (
    AGAIN,
    AUTHOR,
    CLAIM,
    FORGED,
    ISSUED,
    JOURNAL,
    KEYS,
    LOST,
    RECORD_ID,
    REGISTRY,
    RIVALS,
    bundle_with,
    damaged,
    key_document,
    signed_event,
)

BUNDLES = sorted(PUBLISHED.glob("bundle-*.json"))
LATER = "2026-05-19T00:00:00Z"
NOBODY_KNOWS = (AUTHOR, REGISTRY)
"""The signers of an issued bundle with ``CLAIM``, sorted."""


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The registry's keyring."""
    path = tmp_path_factory.mktemp("keys") / "pith-keys.json"
    path.write_bytes(KeyChain.begin(REGISTRY, key_document(KEYS[REGISTRY])).to_document().canonical_bytes)
    return path


def written(
    directory: Path, *mirrors: Sequence[Event], keys: Sequence[PrivateKey] = tuple(KEYS.values())
) -> list[Path]:
    paths = []
    for number, events in enumerate(mirrors):
        paths.append(directory / f"{number}.json")
        paths[-1].write_bytes(bundle_with(events, keys=keys).canonical_bytes)
    return paths


def merged(*arguments: str | Path) -> Any:
    done = run("merge", *arguments)
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("note: nothing is known here of the signer ") for line in done.stderr.splitlines())
    assert done.stdout.endswith("}\n")
    return json.loads(done.stdout)


def refusal(done: Result, code: str) -> str:
    assert (done.returncode, done.stdout, code_of(done)) == (1, "", code)
    return done.stderr


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_published_bundles_come_out_exactly(path: Path) -> None:
    published = Bundle.from_dict(json.loads(path.read_bytes())).content.state
    for paths in ((path,), (path, path)):
        done = run("merge", *paths)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.encode() == published.canonical_bytes + b"\n"


def test_mirrors_that_disagree_agree_in_any_order(tmp_path: Path) -> None:
    paths = written(tmp_path, [CLAIM, RIVALS[0]], [AGAIN, CLAIM], [RIVALS[1], LOST])
    outcomes = {run("merge", *order).stdout for order in permutations(paths)}
    assert len(outcomes) == 1
    state = json.loads(outcomes.pop())
    assert [event["event_id"] for event in state["current"]["author_attestations"]] == [AGAIN.content.event_id]
    assert [group["event_ids"] for group in state["equivocations"]] == [
        sorted(event.content.event_id for event in RIVALS)
    ]
    assert state["invalid_events"] == [{"event_id": LOST.content.event_id, "reason": "predecessor-missing"}]
    everything = written(tmp_path, [LOST, *RIVALS, CLAIM, AGAIN])
    assert run("merge", *everything).stdout == run("merge", *everything, *everything).stdout
    assert merged(*everything) == state
    assert run("verify", *everything).returncode == 3
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state))
    assert run("verify", file).returncode == 3, "unsigned, but it holds"


def test_a_state_goes_to_a_file(tmp_path: Path) -> None:
    path, *_ = written(tmp_path, [CLAIM])
    out = tmp_path / "out" / "state.json"
    done = run("merge", path, "-o", out)
    assert (done.returncode, done.stdout) == (0, "")
    notes = [f"note: nothing is known here of the signer {name}; --trust takes its keyring" for name in NOBODY_KNOWS]
    assert done.stderr.splitlines() == notes
    assert out.read_text() + "\n" == run("merge", path).stdout
    assert list(contents(out.parent)) == ["state.json"]
    (tmp_path / "broken.json").write_text("{")
    before = contents(tmp_path)
    refusal(run("merge", path, tmp_path / "broken.json", "--out", out), "json-syntax")
    assert contents(tmp_path) == before


def test_a_forger_who_would_contradict_the_registry(tmp_path: Path, keyring: Path) -> None:
    """A second record in its name makes both count for nothing, but where its keys are known."""
    payload = ISSUED.content.events[0].content.payload.to_dict()
    forged = signed_event("record_created", {**payload, "more": 1}, key=KEYS[JOURNAL], created_at=LATER)
    good, evil = written(tmp_path, [], [forged], keys=list(KEYS.values()))
    undone = merged(good, evil)
    assert undone["current"]["record_created"] is None
    assert undone["equivocation_count"] == 1
    for order in ((good, evil), (evil, good)):
        state = merged(*order, "--trust", keyring)
        assert state["current"]["record_created"]["event_id"] == RECORD_ID
        assert state["invalid_events"] == [{"event_id": forged.content.event_id, "reason": "signer-key"}]
        assert state["equivocations"] == []
    said = run("merge", good, evil, "--explain", "--trust", keyring).stderr
    assert (
        f"{forged.content.event_id}  record_created of {LATER} by {REGISTRY}: invalid (signer-key); in bundle 2" in said
    )
    assert "1 in no other bundle" in said


def test_the_forgers_key_under_the_registrys_key_id(tmp_path: Path, keyring: Path) -> None:
    stolen = attrs.evolve(key_document(KEYS[JOURNAL]), key_id=key_document(KEYS[REGISTRY]).key_id)
    signer = attrs.evolve(FORGED.content.signer, key_id=stolen.key_id)
    event = Event.sealed(
        attrs.evolve(FORGED.content, signer=signer), attrs.evolve(FORGED.signature, key_id=stolen.key_id)
    )
    good, *_ = written(tmp_path, [])
    evil = tmp_path / "evil.json"
    evil.write_bytes(bundle_with([event], public_keys=(stolen,)).canonical_bytes)
    state = merged(good, evil, "--trust", keyring)
    assert state["current"]["corrections"] == []
    assert [invalid["event_id"] for invalid in state["invalid_events"]] == [event.content.event_id]
    assert state["current"]["record_created"]["event_id"] == RECORD_ID


def test_a_mirror_without_the_keys_takes_nothing_away(tmp_path: Path) -> None:
    paths = written(tmp_path, [CLAIM])
    bare = tmp_path / "bare.json"
    bare.write_bytes(bundle_with([CLAIM], keys=[]).canonical_bytes)
    alone = merged(bare)
    assert alone["current"]["record_created"] is None
    assert {invalid["reason"] for invalid in alone["invalid_events"]} == {"signature-key"}
    assert merged(bare, *paths) == merged(*paths, bare) == merged(*paths)


def test_damaged_copies_take_nothing_away(tmp_path: Path) -> None:
    good, evil = written(tmp_path, [CLAIM], [damaged(CLAIM)])
    assert merged(evil)["invalid_events"] == [{"event_id": CLAIM.content.event_id, "reason": "signature"}]
    assert run("merge", evil, good).stdout == run("merge", good, evil).stdout == run("merge", good).stdout


def test_other_numbers_are_not_merged(tmp_path: Path) -> None:
    first, second = BUNDLES[:2]
    assert str(second) in refusal(run("merge", first, second), "merge-numbers")
    assert str(first) in refusal(run("merge", second, second, first), "merge-numbers")
    value = json.loads(second.read_bytes())
    value["pith_number"] = json.loads(first.read_bytes())["pith_number"]
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(value))
    refusal(run("merge", first, forged), "pith-number")


def test_what_is_no_bundle(tmp_path: Path) -> None:
    state = PUBLISHED / "state-1710.02368v1.json"
    for name, data in (("a", b""), ("b", b"{}"), ("c", b"[]"), ("d", state.read_bytes()), ("e", b"\xff")):
        file = tmp_path / name
        file.write_bytes(data)
        done = run("merge", BUNDLES[0], file)
        assert (done.returncode, done.stdout) == (1, "")
        assert str(file) in done.stderr, name
    assert run("merge").returncode == 2
    assert run("merge", tmp_path).returncode == 2
    assert run("merge", tmp_path / "no.json").returncode == 2


def test_explaining(tmp_path: Path) -> None:
    paths = written(tmp_path, [CLAIM, RIVALS[0], RIVALS[0]], [CLAIM, AGAIN, RIVALS[1], LOST])
    done = run("merge", *paths, "--explain")
    assert done.returncode == 0
    assert done.stdout == run("merge", *paths).stdout
    lines = done.stderr.splitlines()
    assert lines[0] == f"{paths[0]}: 4 events, 1 in no other bundle, 1 repeated; its state is another one"
    assert lines[1] == f"{paths[1]}: 6 events, 3 in no other bundle, 0 repeated; its state is another one"
    assert lines[2] == "merged: 7 events, 4 applied, 1 invalid, 1 equivocations"
    (claim,) = (text for text in lines if CLAIM.content.event_id in text.partition("  a")[0])
    assert claim.endswith(f": superseded by {AGAIN.content.event_id}; in bundle 1, 2")
    (lost,) = (text for text in lines if LOST.content.event_id in text)
    assert lost.endswith(": invalid (predecessor-missing); in bundle 2")
    assert sum(": equivocating; in bundle " in text for text in lines) == 2
    assert [text.partition(" of the signer ")[2].partition(";")[0] for text in lines if text.startswith("note: ")] == [
        AUTHOR,
        JOURNAL,
        REGISTRY,
    ]
    own = run("merge", paths[0], "--explain").stderr.splitlines()[0]
    assert own == f"{paths[0]}: 4 events, 0 in no other bundle, 1 repeated; its state is the merged one"


def test_explaining_is_no_command_to_the_terminal(tmp_path: Path) -> None:
    event = signed_event("\x1b]0;owned\x07\n", {"a": 1}, signer_id="\x1b[2J\u202e", key=KEYS[AUTHOR])
    (path,) = written(tmp_path, [event])
    hostile = tmp_path / "\x1b[31m.json"
    path.rename(hostile)
    done = run("merge", hostile, "--explain")
    assert done.returncode == 0
    assert all(text.isprintable() for text in done.stderr.splitlines())
    assert event.content.event_id in done.stderr
