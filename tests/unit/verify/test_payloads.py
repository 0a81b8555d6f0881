"""Events of every family, judged by themselves: what they say, and what makes them invalid."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import pytest
import rfc8785

from pithbuilder.core.encoding import encode_base64
from pithbuilder.core.timestamps import format_seconds
from pithbuilder.documents.base import OpaqueDocument
from pithbuilder.documents.event import Event, EventContent
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.key_document import fingerprint_hex
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.signature import EventSignature, EventSigner
from pithbuilder.documents.wire import parse_object
from pithbuilder.verify.event import judge_event
from pithbuilder.verify.signatures import KnownKeys
from tests.support.key_chains import pinned, signer, year

ROOT = Path(__file__).parents[3]
NUMBER: Final = "pith:2018:EVMWRSTHAZ6J4Q62KC6KLAZ6KI"
PATH: Final = "$.events[3]"
SNAPSHOT: Final = f"{PATH}.payload.graph_snapshot"
TARGETS: Final = {
    "author_attestation": "author",
    "timestamp_anchor": "timestamp",
    "storage_attestation": "storage",
    "citation_signature": "citation",
    "replication_record": "replication",
    "correction": "record",
    "mirror_hint": "mirror",
}


def example(name: str) -> Any:
    return parse_object((ROOT / "examples" / "events" / f"{name}.json").read_bytes())


def signed(event_type: str, target: str, payload: Any) -> Event:
    own = signer(1)
    fingerprint = fingerprint_hex(own.public_key.raw)
    content = EventContent(
        event_type=event_type,
        subject_pith_number=NUMBER,
        target=target,
        payload=OpaqueDocument.from_dict(payload),
        signer=EventSigner(
            signer_id="journal.example", signer_type="journal", key_id=own.key_id, public_key_fingerprint=fingerprint
        ),
        created_at=format_seconds(year(2026)),
    )
    preimage = Preimage.of(content)
    signature = EventSignature(
        key_id=own.key_id,
        public_key_fingerprint=fingerprint,
        signature_b64=encode_base64(own.sign(preimage)),
        signed_message=preimage.signed_message,
        signed_at="2026-01-01T00:00:00.000000Z",
    )
    return Event.from_dict(Event.sealed(content, signature).to_dict())


def faults(event_type: str, target: str, payload: Any) -> list[tuple[str, str]]:
    judged = judge_event(signed(event_type, target, payload), NUMBER, KnownKeys(pinned(1)), PATH)
    assert judged.standing_faults == ()
    return [(check.code, check.path) for check in judged.faults]


def sha256(payload: Any) -> str:
    return hashlib.sha256(rfc8785.dumps({"payload": payload})).hexdigest()


@pytest.mark.parametrize(("event_type", "target"), TARGETS.items())
def test_a_good_event(event_type: str, target: str) -> None:
    assert faults(event_type, target, example(event_type)) == []


@pytest.mark.parametrize(("event_type", "target"), TARGETS.items())
def test_an_event_about_something_else(event_type: str, target: str) -> None:
    for other in ("graph", "", target.upper(), f"{target}s"):
        assert faults(event_type, other, example(event_type)) == [("event-target", f"{PATH}.target")]


@pytest.mark.parametrize(("event_type", "target"), TARGETS.items())
def test_an_event_whose_payload_violates_its_schema(event_type: str, target: str) -> None:
    good = example(event_type)
    for name in good:
        for bad in ({key: value for key, value in good.items() if key != name}, good | {name: [1]}):
            assert faults(event_type, target, bad) == [("event-payload", f"{PATH}.payload.{name}")]
    assert faults(event_type, "", {})[0] == ("event-target", f"{PATH}.target")
    assert faults(event_type, "", {})[1][0] == "event-payload"


def test_every_family_is_looked_at() -> None:
    assert set(TARGETS) | {"record_created", "graph_snapshot"} == set(EVENT_FAMILIES)


def test_an_event_of_an_unknown_family_is_valid_whatever_it_says() -> None:
    assert faults("peer_review", "anything", {"stars": [5, None]}) == []


# ---- Snapshots ---------------------------------------------------------------------------------------------------


def rich_snapshot() -> Any:
    """A snapshot with rows, written down here by hand; its digests come from another JSON library."""
    newer: Any = parse_object((ROOT / "tests" / "published" / "bundle-2410.05985v4.json").read_bytes())
    snapshot = newer["events"][1]["payload"]["graph_snapshot"]
    claims, sample = [{"claim": 1}, {"claim": 2}], [{"title": "A"}]
    findings = [
        {"severity": "critical", "detector": "d1"},
        {"severity": "advisory", "detector": "d2"},
        {"severity": "advisory", "detector": "d1"},
    ]
    return snapshot | {
        "claims": {"count": 2, "items": claims, "snapshot_sha256": sha256(claims)},
        "references": {
            "count": 1,
            "sample": sample,
            "resolved_work": 1,
            "internal_anchors": 0,
            "snapshot_sha256": sha256(sample),
        },
        "formal_canon": {"evidence_count": 1, "snapshot_sha256": "0" * 64},
        "author_claims": {"count": 2, "strong_count": 2, "snapshot_sha256": "0" * 64},
        "integrity": {
            "endpoint": "/i",
            "available": True,
            "clean": False,
            "detectors_run": ["d1"],
            "findings": findings,
            "summary": {"advisory": 2, "critical": 1, "informational": 0, "by_detector": {"d1": 2, "d2": 1}},
            "snapshot_sha256": sha256({"detectors": ["d1"], "findings": findings}),
        },
    }


def snapshot_faults(snapshot: Any) -> list[tuple[str, str]]:
    return [
        (code, path.removeprefix(f"{SNAPSHOT}."))
        for code, path in faults("graph_snapshot", "graph", {"graph_snapshot": snapshot, "verdict_id": None})
    ]


def changed(part: str, **members: Any) -> Any:
    snapshot = rich_snapshot()
    return snapshot | {part: snapshot[part] | members}


def refound(findings: list[Any], **members: Any) -> Any:
    """The snapshot with other findings, their digest right."""
    digest = sha256({"detectors": ["d1"], "findings": findings})
    return changed("integrity", findings=findings, snapshot_sha256=digest, **members)


def summary(advisory: int, critical: int, informational: int, by_detector: Any) -> Any:
    counts = {"advisory": advisory, "critical": critical, "informational": informational}
    return counts | {"by_detector": by_detector}


def test_a_rich_snapshot() -> None:
    assert snapshot_faults(rich_snapshot()) == []


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (changed("claims", snapshot_sha256="0" * 64), ["snapshot-digest claims.snapshot_sha256"]),
        (changed("claims", items=[{"claim": 1}, {"claim": 3}]), ["snapshot-digest claims.snapshot_sha256"]),
        (changed("claims", items=[{"claim": 2}, {"claim": 1}]), ["snapshot-digest claims.snapshot_sha256"]),
        (changed("claims", count=1), ["snapshot-rows claims"]),
        (changed("claims", items=[{"claim": 1}]), []),
        (changed("references", count=0), ["snapshot-rows references", "snapshot-counts references.resolved_work"]),
        (changed("references", sample=[{}]), ["snapshot-digest references.snapshot_sha256"]),
        (changed("references", sample=[]), []),
        (changed("references", resolved_work=2), ["snapshot-counts references.resolved_work"]),
        (changed("references", internal_anchors=2), []),
        (changed("formal_canon", evidence_count=0), ["snapshot-digest formal_canon.snapshot_sha256"]),
        (changed("formal_canon", evidence_count=0, snapshot_sha256=sha256([])), []),
        (changed("author_claims", strong_count=3), ["snapshot-counts author_claims.strong_count"]),
        (
            changed("author_claims", count=0, strong_count=0),
            ["snapshot-digest author_claims.snapshot_sha256"],
        ),
        (changed("integrity", detectors_run=[]), ["snapshot-digest integrity.snapshot_sha256"]),
        (changed("integrity", clean=True), ["snapshot-findings integrity.clean"]),
        (changed("integrity", clean=True, available=False), []),
        (
            changed("integrity", summary=summary(1, 2, 0, {"d1": 2, "d2": 1})),
            ["snapshot-findings integrity.summary.advisory", "snapshot-findings integrity.summary.critical"],
        ),
        (
            changed("integrity", summary=summary(2, 1, 1, {"d1": 2, "d2": 1})),
            ["snapshot-findings integrity.summary.informational"],
        ),
        (
            changed("integrity", summary=summary(2, 1, 0, {"d1": 3})),
            ["snapshot-findings integrity.summary.by_detector"],
        ),
        (changed("integrity", summary=summary(2, 1, 0, {"d1": 2, "d2": 1, "d3": 0})), []),
        (changed("integrity", summary=summary(2, 1, 0, {"d1": {"critical": 1}})), []),
        (refound([], clean=True, summary=summary(0, 0, 0, {})), []),
        (
            refound([], summary=summary(0, 0, 0, {})),
            ["snapshot-findings integrity.clean"],
        ),
        (
            refound([], clean=True, summary=summary(0, 1, 0, {"d1": 1})),
            ["snapshot-findings integrity.summary.critical", "snapshot-findings integrity.summary.by_detector"],
        ),
        (refound(["found something"], summary=summary(0, 5, 0, {"d1": 7})), []),
        (refound([{"severity": "critical", "detector": 1}], summary=summary(0, 1, 0, {"d1": 7})), []),
        (
            refound([{"severity": "grave", "detector": "d1"}], summary=summary(5, 1, 0, {"d1": 7})),
            ["snapshot-findings integrity.summary.by_detector"],
        ),
    ],
)
def test_digests_and_counts_of_a_snapshot(snapshot: Any, expected: list[str]) -> None:
    assert [f"{code} {path}" for code, path in snapshot_faults(snapshot)] == expected


@pytest.mark.parametrize("name", ["bundle-1805.08469v1.json", "bundle-2410.05985v4.json"])
def test_published_snapshots_stay_good(name: str) -> None:
    published: Any = parse_object((ROOT / "tests" / "published" / name).read_bytes())
    assert snapshot_faults(published["events"][1]["payload"]["graph_snapshot"]) == []
