"""What somebody who wants to be believed would try on documents, mirrors and ledgers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import PUBLISHED, bundles, line, lines, make_workspace, mint, only_bundle, paper, run


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = make_workspace(tmp_path / "w")
    assert mint(root, lines(1)).returncode == 0
    return root


def verify(workspace: Path, *paths: Path) -> tuple[int, list[dict[str, Any]]]:
    done = run("verify", *paths, "--trust", workspace / "keys", "--json")
    return done.returncode, done.lines()


def suffix_of(workspace: Path) -> str:
    return only_bundle(workspace / "mirror").parent.name


def test_a_lost_ledger_and_another_mirror_first_do_not_hide_drift(workspace: Path, tmp_path: Path) -> None:
    for path in workspace.glob("ledger.sqlite3*"):
        path.unlink()
    assert mint(workspace, lines(2), "--out", tmp_path / "other").returncode == 0
    done = mint(workspace, line(paper(1, title="Changed")), "--json")
    assert done.returncode == 1
    assert done.lines()[0]["error"]["code"] == "drift"
    assert len(bundles(workspace / "mirror")) == 1


def change(document: dict[str, Any], path: str, value: object) -> None:
    *steps, last = path.split(".")
    for step in steps:
        document = document[step]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("paper.abstract_excerpt", "LIES. " * 200),
        ("verification_status.strong_author_claims", 99),
        ("receipt.kind", "nonsense"),
        ("receipt.algorithm", "none"),
        ("receipt.signature_b64", "AAAA"),
        ("receipt.canonical_sha256", "0" * 64),
        ("receipt.first_computed_at", "2099-01-01T00:00:00.000000Z"),
    ],
)
@pytest.mark.parametrize("pinned", [True, False])
def test_a_forged_record_document(workspace: Path, path: str, value: object, pinned: bool) -> None:
    file = workspace / "mirror" / "pith" / f"{suffix_of(workspace)}.json"
    document = json.loads(file.read_bytes())
    change(document, path, value)
    file.write_text(json.dumps(document))
    trust: list[str | Path] = ["--trust", workspace / "keys"] if pinned else []
    assert run("verify", file, *trust).returncode == 1


def test_what_no_signature_covers_is_said(workspace: Path) -> None:
    status, reports = verify(workspace, workspace / "mirror" / "pith" / f"{suffix_of(workspace)}.json")
    assert status == 0
    noted = {finding["path"] for finding in reports[0]["findings"] if finding["code"] == "unsigned"}
    assert {"$.paper.authors_text", "$.paper.abstract_excerpt", "$.verification_status"} <= noted


def test_linked_directories_are_looked_into(workspace: Path, tmp_path: Path) -> None:
    suffix = suffix_of(workspace)
    directory = workspace / "mirror" / "pith" / suffix
    forged = tmp_path / "forged"
    directory.rename(forged)
    bundle = json.loads((forged / "bundle.json").read_bytes())
    bundle["built_at"] = "2030-01-01T00:00:00Z"
    (forged / "bundle.json").write_text(json.dumps(bundle))
    directory.symlink_to(forged, target_is_directory=True)
    assert verify(workspace, workspace / "mirror")[0] == 1


def test_missing_copies_are_said(workspace: Path) -> None:
    suffix = suffix_of(workspace)
    (workspace / "mirror" / "pith" / suffix / "state.json").unlink()
    status, reports = verify(workspace, workspace / "mirror")
    assert status == 0
    (bundle,) = [report for report in reports if report["path"].endswith(f"/pith/{suffix}/bundle.json")][:1]
    assert [finding["code"] for finding in bundle["findings"]] == ["copies"]


def test_a_pipe_in_a_mirror_does_not_hang(workspace: Path) -> None:
    os.mkfifo(workspace / "mirror" / "pith" / f"{'B' * 26}.json")
    status, reports = verify(workspace, workspace / "mirror")
    assert status == 1
    assert ["read-failed"] in [[finding["code"] for finding in report.get("findings", [])] for report in reports]


def junk_counts(state: dict[str, Any]) -> None:
    state["applied_event_ids"] = []


def junk_event(state: dict[str, Any]) -> None:
    state["current"]["graph_snapshots"][0]["event_id"] = "junk"


def junk_receipt(state: dict[str, Any]) -> None:
    state["current"]["record_created"]["payload"]["receipt"]["kind"] = "junk"


@pytest.mark.parametrize("spoil", [junk_counts, junk_event, junk_receipt])
def test_a_resealed_state_that_contradicts_itself(tmp_path: Path, spoil: Callable[[dict[str, Any]], None]) -> None:
    import hashlib

    import rfc8785

    state = json.loads((PUBLISHED / "state-1710.02368v1.json").read_bytes())
    spoil(state)
    del state["state_sha256"]
    state["state_sha256"] = hashlib.sha256(rfc8785.dumps(state)).hexdigest()
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state))
    assert run("verify", file).returncode == 1


def test_a_new_address_leaves_what_was_minted_alone(workspace: Path) -> None:
    before = {path: path.read_bytes() for path in (workspace / "mirror" / "pith").rglob("*.json")}
    profile = workspace / "pith.toml"
    lines_ = [
        'base_url = "https://elsewhere.test"' if text.startswith("base_url") else text
        for text in profile.read_text().splitlines()
    ]
    profile.write_text("\n".join(lines_) + "\n")
    done = mint(workspace, lines(1), "--json")
    assert [row["status"] for row in done.lines()] == ["unchanged"]
    assert {path: path.read_bytes() for path in (workspace / "mirror" / "pith").rglob("*.json")} == before


def test_number_refuses_other_kinds_of_source() -> None:
    record = json.loads((PUBLISHED / "bundle-1805.08469v1.json").read_bytes())["canonical_record"]
    record["source"]["kind"] = "ssrn"
    done = run("number", "-", stdin=json.dumps(record).encode())
    assert (done.returncode, done.stdout) == (1, "")
    assert "record-source" in done.stderr
