"""``pithbuilder event add``: every family, what stays, what is refused, and what a crash leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.stores.workspace import Workspace
from tests.support.cli import (
    CLOCK,
    bundles,
    code_of,
    contents,
    finish,
    lines,
    make_workspace,
    mint,
    only_bundle,
    private_key,
    run,
    start,
)
from tests.support.extending import (
    ADDED_AT,
    CORRECTION,
    EXAMPLES,
    LATER,
    accept,
    added,
    bundle_value,
    copy_of,
    event_add,
    refused,
    sign_event,
    verified,
    visible,
)
from tests.support.killed import run_until_step
from tests.support.rotations import REISSUED_AT, reissue, rotate

NUMBER = "pith:2017:S25ARPIPDUL5X6EUZWD33T3O5A"
DIGEST = "0a" * 32
OPTIONS: dict[str, tuple[str, ...]] = {
    "record_created": (),
    "graph_snapshot": ("--headline", "On a problem"),
    "author_attestation": (
        *("--claimant-name", "Ada", "--identity-provider", "orcid"),
        *("--identifier", "0000-0002-1825-0097", "--strength", "weak"),
    ),
    "timestamp_anchor": ("--method", "opentimestamps", "--status", "pending", "--authority", "a calendar"),
    "storage_attestation": ("--url", "https://archive.example/1", "--captured-at", "2026-05-18T01:00:00Z"),
    "citation_signature": ("--cited-pith-number", NUMBER, "--relationship", "extends"),
    "replication_record": ("--kind", "formal_bridge", "--url", "https://proofs.example/1", "--system", "lean"),
    "correction": CORRECTION,
    "mirror_hint": ("--name", "Other", "--base-url", "https://other.example"),
}
FILES = {
    "timestamp_anchor": "--proof-file",
    "storage_attestation": "--content-file",
    "replication_record": "--artifact-file",
}


@pytest.fixture(scope="module")
def minted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one paper; not to be changed."""
    workspace = make_workspace(tmp_path_factory.mktemp("minted") / "w", "--base-url", "https://registry.example")
    assert mint(workspace, lines(1)).returncode == 0
    return workspace


@pytest.fixture
def workspace(minted: Path, tmp_path: Path) -> Path:
    return copy_of(minted, tmp_path / "w")


@pytest.fixture(scope="module")
def full(minted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose bundle has an event of every family but a second record, each added through options."""
    directory = tmp_path_factory.mktemp("full")
    workspace = copy_of(minted, directory / "w")
    file = directory / "file"
    file.write_bytes(b"what is there")
    earlier = bundle_value(workspace)["events"]
    for family, options in OPTIONS.items():
        if family == "record_created":
            continue
        more = (FILES[family], file) if family in FILES else ()
        event_id = added(event_add(workspace, family, *options, *more, "--json"))
        events = bundle_value(workspace)["events"]
        assert events[:-1] == earlier
        assert (events[-1]["event_id"], events[-1]["event_type"]) == (event_id, family)
        earlier = events
    return workspace


def test_every_family_through_options(full: Path, minted: Path) -> None:
    assert set(OPTIONS) == set(EVENT_FAMILIES)
    assert verified(full / "mirror", full / "keys").count("note") == 0
    before, after = (only_bundle(workspace / "mirror").read_bytes() for workspace in (minted, full))
    events = before[before.index(b'"events":[') : before.index(b'],"', before.index(b'"events":['))]
    assert events in after, "earlier events are kept byte for byte"
    current = bundle_value(full)["state"]["current"]
    for family in EVENT_FAMILIES.values():
        if family.state_list:
            expected = 2 if family.event_type == "graph_snapshot" else 1
            assert len(current[family.state_list]) == expected, family.event_type
    anchor = current["timestamp_anchors"][0]["payload"]
    assert anchor["digest_sha256"] == bundle_value(full)["canonical_sha256"]
    assert anchor["proof_b64"] == "d2hhdCBpcyB0aGVyZQ=="
    assert current["mirror_hints"][0]["payload"]["bundle_url"].startswith("https://other.example/pith/")
    status = json.loads(next((full / "mirror" / "pith").glob("*.json")).read_bytes())["verification_status"]
    assert (status["author_attested"], status["storage_verified"], status["citation_signatures"]) == (True, True, 1)


def test_every_family_from_a_file(minted: Path, tmp_path: Path) -> None:
    workspace = copy_of(minted, tmp_path / "w")
    for path in sorted(EXAMPLES.glob("*.json")):
        if path.stem != "record_created":
            added(event_add(workspace, path.stem, "--data", path, "--json"))
    verified(workspace / "mirror", workspace / "keys")
    last = bundle_value(workspace)["events"][-1]
    assert last["event_type"] == "timestamp_anchor"
    shown = json.loads((EXAMPLES / "timestamp_anchor.json").read_bytes())
    assert shown.items() <= last["payload"].items()


def test_standard_input_and_options_that_come_before_it(workspace: Path) -> None:
    data = b'{"what": "this", "reason": "that", "url": "https://registry.example/1", "more": [1]}'
    added(event_add(workspace, "correction", "--data", "-", "--what", "another", "--json", stdin=data))
    payload = bundle_value(workspace)["events"][-1]["payload"]
    assert (payload["what"], payload["reason"], payload["more"]) == ("another", "that", [1])
    assert payload["corrected_pith_number"] is None


def test_text_output_and_order(workspace: Path) -> None:
    done = event_add(workspace, "correction", *CORRECTION)
    assert done.returncode == 0
    first = bundle_value(workspace)["events"][-1]["event_id"]
    assert done.stdout == f"added  {first}  correction  in-force\n"
    second = added(event_add(workspace, "correction", *CORRECTION, "--prev", first, "--json", clock=LATER))
    short = second.removeprefix("sha256:")[:8]  # as 'pithbuilder log' shows it
    third = added(event_add(workspace, "correction", *CORRECTION, "--supersedes", short, "--json", clock=LATER))
    state = bundle_value(workspace)["state"]
    assert state["applied_event_ids"][2:] == [first, second, third]
    assert [event["event_id"] for event in state["current"]["corrections"]] == [first, third]
    verified(workspace / "mirror", workspace / "keys")


def test_minting_again_loses_nothing(full: Path, tmp_path: Path) -> None:
    workspace = copy_of(full, tmp_path / "w")
    before = visible(workspace)
    done = mint(workspace, lines(1), "--json", clock=LATER)
    assert [row["status"] for row in done.lines()] == ["unchanged"]
    assert visible(workspace) == before


def test_a_lost_bundle_is_not_silently_minted_anew(full: Path, tmp_path: Path) -> None:
    for ledger_too in (False, True):
        workspace = copy_of(full, tmp_path / f"w{ledger_too}")
        if ledger_too:  # then the mirror told the new ledger what it held
            for path in workspace.glob("ledger*"):
                path.unlink()
            assert mint(workspace, lines(2)).returncode == 0
        place = next(
            path for path in bundles(workspace / "mirror").values() if b"registry.example/1" in path.read_bytes()
        )
        shutil.rmtree(place.parent)
        before = visible(workspace)
        done = mint(workspace, lines(1), "--json", clock=LATER)
        assert done.returncode == 1
        assert done.lines()[0]["error"]["code"] == "events-lost"
        assert visible(workspace) == before


def test_reissuing_keeps_all_events(full: Path, tmp_path: Path) -> None:
    workspace = copy_of(full, tmp_path / "w")
    earlier = bundle_value(workspace)["events"]
    rotate(workspace)
    assert reissue(workspace) == {"reissued": 1}
    assert bundle_value(workspace)["events"][: len(earlier)] == earlier
    added(event_add(workspace, "correction", *CORRECTION, "--json", clock="2026-06-02T00:00:00Z"))
    verified(workspace / "mirror", workspace / "keys")
    assert reissue(workspace) == {"unchanged": 1}


def test_a_reissue_that_was_cut_off_does_not_go_back_in_time(minted: Path, tmp_path: Path) -> None:
    """The time of a re-issue is written down before it; an event that is added in between comes first."""
    for step in range(30):
        workspace = copy_of(minted, tmp_path / f"w{step}")
        rotate(workspace)
        before = visible(workspace)
        arguments = ("reissue", "--all", "--workspace", workspace, "--clock", REISSUED_AT)
        if run_until_step(step, *arguments) is not None:
            raise AssertionError("it was never killed before the mirror was written")
        if visible(workspace) != before:  # the first file of the mirror is about to be written
            break
    shutil.rmtree(workspace / "mirror")
    shutil.copytree(minted / "mirror", workspace / "mirror")
    event_id = added(event_add(workspace, "correction", *CORRECTION, "--json", clock="2026-07-01T00:00:00Z"))
    assert reissue(workspace, clock="2026-07-02T00:00:00Z") == {"reissued": 1}
    bundle = bundle_value(workspace)
    assert bundle["built_at"] == "2026-07-02T00:00:00Z"
    assert event_id in bundle["state"]["applied_event_ids"]
    assert "event-future" not in verified(workspace / "mirror", workspace / "keys")


def test_a_second_record_of_the_same_signer(workspace: Path) -> None:
    before = visible(workspace)
    record = bundle_value(workspace)["events"][0]
    refused(workspace, event_add(workspace, "record_created"), "event-equivocates", before)
    new = added(event_add(workspace, "record_created", "--supersedes", record["event_id"], "--json"))
    created = bundle_value(workspace)["state"]["current"]["record_created"]
    assert created["event_id"] == new
    receipt, first = created["payload"]["receipt"], record["payload"]["receipt"]
    assert receipt["first_computed_at"] == first["first_computed_at"]
    assert receipt["signed_at"] == ADDED_AT
    verified(workspace / "mirror", workspace / "keys")
    assert mint(workspace, lines(1), "--json", clock=LATER).lines()[0]["status"] == "unchanged"


def test_what_would_leave_no_record_is_refused(workspace: Path) -> None:
    before = visible(workspace)
    for event in bundle_value(workspace)["events"]:
        done = event_add(workspace, "correction", *CORRECTION, "--supersedes", event["event_id"])
        refused(workspace, done, "bundle-incomplete", before)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--prev", f"sha256:{DIGEST}"), "predecessor-missing"),
        (("--supersedes", f"sha256:{DIGEST}"), "predecessor-missing"),
        (("--supersedes", DIGEST), "predecessor-missing"),
        (("--prev", DIGEST[:9]), "event-unknown"),
        (("--clock", "2026-05-18T00:15:25Z"), "clock-set-back"),
    ],
)
def test_refused_for_what_stands_around_it(minted: Path, options: tuple[str, ...], code: str) -> None:
    refused(minted, event_add(minted, "correction", *CORRECTION, *options), code, visible(minted))


BAD = {
    "record_created": None,
    "graph_snapshot": ({"headline": 7}, "field-type", "$.headline"),
    "author_attestation": ({"strength": "certain"}, "field-format", "$.strength"),
    "timestamp_anchor": ({"proof_b64": "a"}, "field-format", "$.proof_b64"),
    "storage_attestation": ({"captured_at": "yesterday"}, "field-format", "$.captured_at"),
    "citation_signature": ({"cited_pith_number": "pith:2017:x"}, "field-format", "$.cited_pith_number"),
    "replication_record": ({"artifact_sha256": None}, "field-type", "$.artifact_sha256"),
    "correction": ({"reason": " "}, "field-empty", "$.reason"),
    "mirror_hint": ({"base_url": 1}, "field-type", "$.base_url"),
}


@pytest.mark.parametrize("family", [family for family, bad in BAD.items() if bad is not None])
def test_a_bad_payload_names_file_and_member(minted: Path, tmp_path: Path, family: str) -> None:
    assert set(BAD) == set(EVENT_FAMILIES)
    bad = BAD[family]
    assert bad is not None
    changes, code, where = bad
    file = tmp_path / "data.json"
    file.write_text(json.dumps({**json.loads((EXAMPLES / f"{family}.json").read_bytes()), **changes}))
    said = refused(minted, event_add(minted, family, "--data", file), code, visible(minted))
    assert f"{file}: {where}: " in said


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json-syntax"),
        (b"{", "json-syntax"),
        (b"[]", "json-not-an-object"),
        (b'{"what": 1.5}', "json-float"),
        (b'{"what": "a", "what": "b"}', "json-duplicate-key"),
        (b'{"what": "\xff"}', "json-encoding"),
        (b'{"what": "\\ud800"}', "json-surrogate"),
        (b"{}", "field-missing"),
    ],
)
def test_bad_json(minted: Path, data: bytes, code: str) -> None:
    done = event_add(minted, "correction", "--data", "-", stdin=data)
    assert "<stdin>" in refused(minted, done, code, visible(minted))


def test_what_is_not_said_is_missing(minted: Path) -> None:
    before = visible(minted)
    for family in set(OPTIONS) - {"record_created", "graph_snapshot"}:
        refused(minted, event_add(minted, family), "field-missing", before)


def test_no_such_family_option_or_file(minted: Path, tmp_path: Path) -> None:
    before = visible(minted)
    for arguments in (
        ("key_rotation",),
        ("correction", "--headline", "x"),
        ("record_created", "--data", "-"),
        ("correction", *CORRECTION, "--prev", "nonsense"),
        ("correction", *CORRECTION, "--supersedes", DIGEST[:7]),
        ("correction", *CORRECTION, "--supersedes", ""),
        ("correction", *CORRECTION, "--supersedes", f"sha256:{DIGEST}\n"),
    ):
        assert event_add(minted, *arguments).returncode == 2
    nowhere = ("event", "add", "correction", tmp_path / "no.json", "--workspace", minted)
    assert run(*nowhere).returncode == 2
    assert event_add(minted, "correction", "--data", tmp_path / "no.json").returncode == 2
    assert visible(minted) == before


def test_a_bundle_that_is_not_trusted(minted: Path, tmp_path: Path) -> None:
    stranger = make_workspace(tmp_path / "s", "--base-url", "https://other.example")
    copy = tmp_path / "bundle.json"
    copy.write_bytes(only_bundle(minted / "mirror").read_bytes())
    arguments = ("event", "add", "correction", copy, *CORRECTION, "--workspace", stranger, "--clock", ADDED_AT)
    before = visible(tmp_path)
    refused(tmp_path, run(*arguments), "bundle-untrusted", before)
    trusting = ("--trust", minted / "keys")
    for count in (3, 4):  # a second time, too, though two signers are in it then
        done = run(*arguments, *trusting, "--json")
        assert done.returncode == 0, done.stderr
        assert len(json.loads(copy.read_bytes())["events"]) == count
        arguments = (*arguments[:-1], LATER)
    verified(copy, minted / "keys", stranger / "keys")
    assert not (stranger / "mirror").exists()
    tampered = json.loads(copy.read_bytes())
    tampered["built_at"] = "2026-05-19T00:00:01Z"
    copy.write_text(json.dumps(tampered))
    assert code_of(run(*arguments, *trusting)) == "bundle-untrusted"


def test_a_bundle_outside_of_any_mirror_is_written_in_place(workspace: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copy = elsewhere / "any-name.json"
    copy.write_bytes(only_bundle(workspace / "mirror").read_bytes())
    before = visible(workspace)
    done = run("event", "add", "correction", copy, *CORRECTION, "--workspace", workspace, "--clock", ADDED_AT)
    assert done.returncode == 0, done.stderr
    assert visible(workspace) == before
    assert list(contents(elsewhere)) == ["any-name.json"]
    verified(copy, workspace / "keys")


def test_the_mirror_is_found_behind_links_and_detours(workspace: Path, tmp_path: Path) -> None:
    bundle = only_bundle(workspace / "mirror")
    link = tmp_path / "link.json"
    link.symlink_to(bundle)
    well_known = workspace / "mirror" / ".well-known" / "pith" / bundle.parent.name / "bundle.json"
    detour = bundle.parent / ".." / bundle.parent.name / "bundle.json"
    for count, path in enumerate((link, well_known, detour, Path("bundle.json")), start=3):
        arguments = ("event", "add", "correction", path, *CORRECTION, "--workspace", workspace)
        done = run(*arguments, "--clock", f"2026-05-19T00:00:0{count}Z", cwd=bundle.parent)
        assert done.returncode == 0, done.stderr
        assert len(bundle_value(workspace)["events"]) == count
        verified(workspace / "mirror", workspace / "keys")
    assert link.is_symlink()


def test_a_mirror_of_somebody_else(minted: Path, tmp_path: Path) -> None:
    stranger = make_workspace(tmp_path / "s", "--base-url", "https://other.example")
    before = visible(minted)
    bundle = only_bundle(minted / "mirror")
    arguments = ("event", "add", "correction", bundle, *CORRECTION, "--clock", ADDED_AT, "--trust", minted / "keys")
    refused(minted, run(*arguments, "--workspace", stranger), "bundle-mirror", before)
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert run(*arguments, "--workspace", nothing).returncode == 1
    assert visible(minted) == before


def test_a_bundle_at_the_place_of_another_number(minted: Path, tmp_path: Path) -> None:
    workspace = copy_of(minted, tmp_path / "w")
    first = only_bundle(workspace / "mirror")
    assert mint(workspace, lines(2)).returncode == 0
    (second,) = set(bundles(workspace / "mirror").values()) - {first}
    shutil.copy(first, second)
    before = visible(workspace)
    arguments = (second, *CORRECTION, "--workspace", workspace, "--clock", ADDED_AT)
    refused(workspace, run("event", "add", "correction", *arguments), "bundle-mirror", before)
    for path in workspace.glob("ledger*"):  # then every bundle of the mirror is looked at first
        path.unlink()
    refused(workspace, run("event", "add", "correction", *arguments), "stored-bundle", before)


def test_superseding_what_another_signer_said(workspace: Path, tmp_path: Path) -> None:
    author = make_workspace(tmp_path / "a", "--base-url", "https://a.example", "--signer-type", "author")
    signed = sign_event(author, only_bundle(workspace / "mirror"), tmp_path / "event.json")
    accepted = run(
        *("event", "accept", only_bundle(workspace / "mirror"), signed),
        *("--workspace", workspace, "--clock", LATER, "--json"),
    )
    before = visible(workspace)
    done = event_add(workspace, "correction", *CORRECTION, "--supersedes", added(accepted), clock=LATER)
    refused(workspace, done, "supersedes-other-signer", before)


def test_a_key_under_a_passphrase(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    workspace = make_workspace(tmp_path / "w", "--base-url", "https://registry.example", "--passphrase-file", secret)
    assert mint(workspace, lines(1), "--passphrase-file", secret).returncode == 0
    before = visible(workspace)
    done = event_add(workspace, "correction", *CORRECTION)
    refused(workspace, done, "passphrase-needed", before)
    added(event_add(workspace, "correction", *CORRECTION, "--passphrase-file", secret, "--json"))
    assert b"ENCRYPTED" in private_key(workspace).read_bytes()
    verified(workspace / "mirror", workspace / "keys")


def test_killed_in_between(minted: Path, tmp_path: Path) -> None:
    """The bundle is the old or the new one after any kill, and running again completes the mirror."""
    whole = {only_bundle(minted / "mirror").read_bytes()}
    arguments: tuple[str | Path, ...] = ("event", "add", "correction")
    for step in range(200):
        workspace = copy_of(minted, tmp_path / f"w{step}")
        bundle = only_bundle(workspace / "mirror")
        options = (*CORRECTION, "--workspace", workspace, "--clock", ADDED_AT)
        ended = run_until_step(step, *arguments, bundle, *options)
        found = bundle.read_bytes()
        whole.add(found)
        assert len(whole) <= 2
        if ended is not None:
            assert ended == 0
            break
        if step % 4 == 0:
            if len(json.loads(found)["events"]) == 2:
                assert run(*arguments, bundle, *options).returncode == 0
            else:
                assert mint(workspace, lines(1), clock=LATER).returncode == 0
            verified(workspace / "mirror", workspace / "keys")
            assert len(bundle_value(workspace)["events"]) == 3
        shutil.rmtree(workspace)
    assert len(whole) == 2


def test_while_another_process_writes(workspace: Path) -> None:
    bundle = only_bundle(workspace / "mirror")
    before = visible(workspace)
    with Workspace.open(workspace).lock():
        refused(workspace, event_add(workspace, "correction", *CORRECTION), "workspace-busy", before)
        refused(workspace, accept(workspace, bundle), "workspace-busy", before)
    added(event_add(workspace, "correction", *CORRECTION, "--json"))
    verified(workspace / "mirror", workspace / "keys")


def test_of_two_that_start_together_neither_undoes_the_other(workspace: Path) -> None:
    """They may overlap, or come one after the other; whichever says that it has added its event has."""
    bundle = only_bundle(workspace / "mirror")
    common = ("event", "add", "correction", bundle, "--reason", "r", "--url", "https://registry.example/1")
    both = [
        start(*common, "--what", str(number), "--workspace", workspace, "--clock", ADDED_AT, "--json")
        for number in range(2)
    ]
    done = [finish(process) for process in both]
    for result in done:
        assert result.returncode == 0 or code_of(result) == "workspace-busy"
    count = sum(result.returncode == 0 for result in done)
    assert count > 0
    assert len(bundle_value(workspace)["events"]) == 2 + count
    verified(workspace / "mirror", workspace / "keys")


def test_minting_at_its_own_time_and_adding_leave_the_clock_alone(workspace: Path) -> None:
    """What is added at the very second of the bundle is no step back."""
    added(event_add(workspace, "correction", *CORRECTION, "--json", clock=CLOCK))
    verified(workspace / "mirror", workspace / "keys")
