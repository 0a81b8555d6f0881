"""Snapshots from data: every count, summary and digest follows from the rows, here recomputed with other means."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import attrs
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.core.canonical_json import MAX_INTEGER
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.payloads import GraphSnapshotPayload
from pithbuilder.documents.snapshot import NO_VERDICT, GraphSnapshot
from pithbuilder.documents.snapshot_data import SnapshotData
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import DocumentError

ROOT = Path(__file__).parents[3]
NO_ROWS = "258153158e38e3291e3d48162225fcdb2d5a3ed65a07baac614ab91432fd4f57"
NO_INTEGRITY = "c28c3603d3b5d939e8dc4c7e95fa8dfce3d595e45f758748cecf8e644a296938"
"""format.md, section 1: the digests of empty rows and of an empty integrity block."""


def earlier() -> GraphSnapshot:
    bundle = Bundle.from_dict(parse_object((ROOT / "tests" / "published" / "bundle-1805.08469v1.json").read_bytes()))
    return bundle.content.events[1].content.payload.read_as(GraphSnapshotPayload).graph_snapshot


EARLIER = earlier()


def example() -> Any:
    return parse_object((ROOT / "examples" / "events" / "graph_snapshot.json").read_bytes())


def build(data: Any) -> Any:
    payload = SnapshotData.from_dict(data).build_payload(
        paper=EARLIER.paper, source=EARLIER.source, builder_version="builder-1"
    )
    value = payload.to_dict()
    assert GraphSnapshotPayload.from_dict(value) == payload
    return value


def sha256(payload: Any) -> str:
    return hashlib.sha256(rfc8785.dumps({"payload": payload})).hexdigest()


def refusal(data: Any) -> tuple[str, str]:
    with pytest.raises(DocumentError) as caught:
        build(data)
    return caught.value.code, caught.value.where


def json_values() -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text()
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
    )


def rows(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    known = st.fixed_dictionaries({}, optional=members)
    row = st.builds(lambda free, named: {**free, **named}, st.dictionaries(st.text(), json_values(), max_size=2), known)
    return st.lists(row, max_size=5)


def graded(name: str, grades: tuple[str, ...]) -> st.SearchStrategy[list[Any]]:
    detectors = st.sampled_from(("d1", "d2", "\U0001f600"))
    row = st.fixed_dictionaries({name: st.sampled_from(grades), "detector": detectors, "x": json_values()})
    return st.lists(row, max_size=6)


def test_no_data_give_the_empty_snapshot() -> None:
    value = build({})
    published: Any = EARLIER.to_dict()
    assert value == {"graph_snapshot": published | {"builder_version": "builder-1"}, "verdict_id": None}
    snapshot = value["graph_snapshot"]
    for name in ("claims", "references", "formal_canon", "author_claims"):
        assert snapshot[name]["snapshot_sha256"] == NO_ROWS == sha256([])
    assert "integrity" not in snapshot


def test_an_integrity_block_without_findings() -> None:
    integrity = build({"integrity": {"endpoint": "/i"}})["graph_snapshot"]["integrity"]
    newer: Any = parse_object((ROOT / "tests" / "published" / "bundle-2410.05985v4.json").read_bytes())
    published = newer["events"][1]["payload"]["graph_snapshot"]["integrity"]
    assert integrity == published | {"endpoint": "/i"}
    assert integrity["snapshot_sha256"] == NO_INTEGRITY == sha256({"detectors": [], "findings": []})


def test_the_example() -> None:
    data = example()
    value = build(data)
    snapshot = value["graph_snapshot"]
    assert snapshot["claims"] == {"count": 2, "items": data["claims"], "snapshot_sha256": sha256(data["claims"])}
    assert snapshot["references"] == {
        "count": 4,
        "sample": data["references"][:2],
        "resolved_work": 4,
        "internal_anchors": 1,
        "snapshot_sha256": sha256(data["references"]),
    }
    assert snapshot["formal_canon"] == {"evidence_count": 1, "snapshot_sha256": sha256(data["formal_canon"])}
    assert snapshot["author_claims"] == {
        "count": 1,
        "strong_count": 0,
        "snapshot_sha256": sha256(data["author_claims"]),
    }
    assert snapshot["verdict"] == NO_VERDICT.to_dict() | data["verdict"]
    assert value["verdict_id"] == data["verdict"]["id"]
    assert snapshot["paper"] == EARLIER.paper.to_dict() | {"headline": data["headline"]}
    assert snapshot["source"] == {"id": "1805.08469", "kind": "arxiv", "version": 1}
    detectors, findings = data["integrity"]["detectors_run"], data["integrity"]["findings"]
    assert snapshot["integrity"] == {
        "endpoint": "/pith/1805.08469/integrity.json",
        "available": True,
        "clean": False,
        "detectors_run": detectors,
        "findings": findings,
        "summary": {"advisory": 0, "critical": 0, "informational": 1, "by_detector": {"reference_format": 1}},
        "snapshot_sha256": sha256({"detectors": detectors, "findings": findings}),
    }


@given(
    claims=rows(),
    references=rows(resolved=st.booleans(), internal_anchor=st.booleans()),
    formal_canon=rows(),
    author_claims=graded("strength", ("weak", "strong")),
    findings=graded("severity", ("advisory", "critical", "informational")),
    sample_size=st.none() | st.integers(0, 7),
)
def test_everything_follows_from_the_rows(
    claims: Any, references: Any, formal_canon: Any, author_claims: Any, findings: Any, sample_size: int | None
) -> None:
    for row in references:  # what hypothesis puts there by itself may be no boolean
        for name in ("resolved", "internal_anchor"):
            if type(row.get(name, False)) is not bool:
                del row[name]
    data = {
        "claims": claims,
        "references": references,
        "formal_canon": formal_canon,
        "author_claims": author_claims,
        "integrity": {"endpoint": "/i", "detectors_run": claims, "findings": findings},
    }
    if sample_size is not None:
        data["reference_sample_size"] = sample_size
    snapshot = build(data)["graph_snapshot"]
    for name in ("claims", "references", "formal_canon", "author_claims"):
        assert snapshot[name]["snapshot_sha256"] == sha256(data[name])
        assert snapshot[name].get("count", snapshot[name].get("evidence_count")) == len(data[name])
    kept = references if sample_size is None else references[:sample_size]
    assert (snapshot["claims"]["items"], snapshot["references"]["sample"]) == (claims, kept)
    assert snapshot["references"]["resolved_work"] == len([row for row in references if row.get("resolved")])
    assert snapshot["references"]["internal_anchors"] == len([row for row in references if row.get("internal_anchor")])
    assert snapshot["author_claims"]["strong_count"] == [row["strength"] for row in author_claims].count("strong")
    integrity = snapshot["integrity"]
    assert integrity["snapshot_sha256"] == sha256({"detectors": claims, "findings": findings})
    assert integrity["clean"] is (findings == [])
    severities, detectors = ([row[name] for row in findings] for name in ("severity", "detector"))
    assert integrity["summary"] == {
        **{name: severities.count(name) for name in ("advisory", "critical", "informational")},
        "by_detector": {name: detectors.count(name) for name in set(detectors)},
    }
    stated = {
        f"{name}_sha256": snapshot[name]["snapshot_sha256"]
        for name in snapshot
        if f"{name}" in data and name != "integrity"
    }
    again = data | stated | {"integrity": {**data["integrity"], "snapshot_sha256": integrity["snapshot_sha256"]}}
    assert build(again)["graph_snapshot"] == snapshot


@pytest.mark.parametrize("name", ["claims", "references", "formal_canon", "author_claims"])
def test_a_digest_that_is_not_the_rows_is_refused(name: str) -> None:
    data = example()
    for stated in (NO_ROWS, sha256(data[name] * 2)):
        assert refusal(data | {f"{name}_sha256": stated}) == ("snapshot-digest", f"$.{name}_sha256")
    assert refusal({f"{name}_sha256": sha256(["x"])}) == ("snapshot-digest", f"$.{name}_sha256")
    assert build(data | {f"{name}_sha256": sha256(data[name])}) == build(data)


def test_an_integrity_digest_that_is_not_the_findings_is_refused() -> None:
    data = example()
    false = data | {"integrity": data["integrity"] | {"snapshot_sha256": NO_INTEGRITY}}
    assert refusal(false) == ("snapshot-digest", "$.integrity.snapshot_sha256")


def test_verdict_ids() -> None:
    assert build({"verdict": {"id": "v"}})["verdict_id"] == "v"
    assert build({"verdict": {"id": "v"}, "verdict_id": "v"})["verdict_id"] == "v"
    assert build({"verdict_id": "v"})["verdict_id"] == "v"
    assert build({"verdict_id": None})["verdict_id"] is None
    assert refusal({"verdict": {"id": "v"}, "verdict_id": "w"}) == ("snapshot-verdict", "$.verdict_id")
    assert refusal({"verdict": {"id": "v"}, "verdict_id": None}) == ("snapshot-verdict", "$.verdict_id")


def test_the_headline_stays_unless_there_is_a_new_one() -> None:
    paper = attrs.evolve(EARLIER.paper, headline="Old")
    cases: tuple[tuple[Any, str], ...] = (({}, "Old"), ({"headline": "New"}, "New"), ({"headline": ""}, ""))
    for data, headline in cases:
        payload = SnapshotData.from_dict(data).build_payload(paper=paper, source=EARLIER.source, builder_version="b")
        assert payload.graph_snapshot.paper.headline == headline


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        ([], "field-type", "$"),
        ({"refrences": []}, "field-unknown", "$.refrences"),
        ({"verdict": {"headline": ""}}, "field-unknown", "$.verdict.headline"),
        ({"integrity": {"endpoint": "/i", "clean": True}}, "field-unknown", "$.integrity.clean"),
        ({"claims": None}, "field-type", "$.claims"),
        ({"claims": {"items": []}}, "field-type", "$.claims"),
        ({"claims": [{}, "c"]}, "field-type", "$.claims[1]"),
        ({"references": [{"resolved": "yes"}]}, "field-type", "$.references[0].resolved"),
        ({"references": [{}, {"internal_anchor": 1}]}, "field-type", "$.references[1].internal_anchor"),
        ({"reference_sample_size": -1}, "field-format", "$.reference_sample_size"),
        ({"reference_sample_size": None}, "field-type", "$.reference_sample_size"),
        ({"author_claims": [{}]}, "field-missing", "$.author_claims[0].strength"),
        ({"author_claims": [{"strength": "huge"}]}, "field-format", "$.author_claims[0].strength"),
        ({"verdict": {"created_at": "today"}}, "field-format", "$.verdict.created_at"),
        ({"verdict": {"strongest_claim": None}}, "field-type", "$.verdict.strongest_claim"),
        ({"integrity": {}}, "field-missing", "$.integrity.endpoint"),
        ({"integrity": {"endpoint": " "}}, "field-empty", "$.integrity.endpoint"),
        (
            {"integrity": {"endpoint": "/i", "findings": [{"detector": "d"}]}},
            "field-missing",
            "$.integrity.findings[0].severity",
        ),
        (
            {"integrity": {"endpoint": "/i", "findings": [{"detector": "", "severity": "critical"}]}},
            "field-empty",
            "$.integrity.findings[0].detector",
        ),
        (
            {"integrity": {"endpoint": "/i", "findings": [{"detector": "d", "severity": "fatal"}]}},
            "field-format",
            "$.integrity.findings[0].severity",
        ),
        ({"claims_sha256": "0"}, "field-format", "$.claims_sha256"),
        ({"verdict_id": 1}, "field-type", "$.verdict_id"),
        ({"headline": None}, "field-type", "$.headline"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("$") else "",
)  # fmt: skip
def test_bad_data_are_refused_with_their_place(data: Any, code: str, where: str) -> None:
    assert refusal(data) == (code, where)
