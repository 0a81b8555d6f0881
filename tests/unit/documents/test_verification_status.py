"""What a record document says of its record, case by case: from which events each field follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.record_document import RecordDocument, VerificationStatus
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import DocumentError

ROOT = Path(__file__).parents[3]
FIRST: Final = {
    "content_addressed": True,
    "pith_receipt": True,
    "author_attested": False,
    "weak_author_claims": 0,
    "strong_author_claims": 0,
    "externally_anchored": False,
    "storage_verified": False,
    "citation_signatures": 0,
    "replication_records": 0,
    "graph_snapshot": True,
    "references_resolved": False,
    "formal_links_present": False,
}
"""Of a record and an empty snapshot, and nothing else."""

ANCHOR, REPLICATION, ATTESTATION = "timestamp_anchor", "replication_record", "author_attestation"
WEAK, STRONG = (ATTESTATION, {"strength": "weak"}), (ATTESTATION, {"strength": "strong"})
PENDING, CONFIRMED = (ANCHOR, {"status": "pending"}), (ANCHOR, {"status": "confirmed"})
BRIDGE, REPEATED = (REPLICATION, {"kind": "formal_bridge"}), (REPLICATION, {"kind": "replication"})
REFUTED = (REPLICATION, {"kind": "falsification"})
STORED: Final[tuple[str, Any]] = ("storage_attestation", {})
CITED: Final[tuple[str, Any]] = ("citation_signature", {})


def references(count: int, resolved: int) -> tuple[str, Any]:
    return "graph_snapshot", {"references": {"count": count, "resolved_work": resolved}}


def evidence(count: int) -> tuple[str, Any]:
    return "graph_snapshot", {"formal_canon": {"evidence_count": count}}


def bundle_with(*events: tuple[str, Any]) -> Bundle:
    """A published bundle whose state also shows these events; its digests and signatures are wrong then."""
    value: Any = parse_object((ROOT / "tests" / "published" / "bundle-2410.05985v4.json").read_bytes())
    current = value["state"]["current"]
    created, snapshot = current["record_created"], current["graph_snapshots"][0]
    for event_type, members in events:
        if event_type == "graph_snapshot":
            parts: Any = snapshot["payload"]["graph_snapshot"]
            changed = parts | {name: parts[name] | part for name, part in members.items()}
            payload: Any = {"graph_snapshot": changed, "verdict_id": None}
        else:
            payload = parse_object((ROOT / "examples" / "events" / f"{event_type}.json").read_bytes()) | members
        current[EVENT_FAMILIES[event_type].state_list].append(created | {"payload": payload})
    return Bundle.from_dict(value)


def status_of(*events: tuple[str, Any]) -> Any:
    document: Any = RecordDocument.of(bundle_with(*events), "https://registry.example/schema.json").to_dict()
    return document["verification_status"]


@pytest.mark.parametrize(
    ("events", "changes"),
    [
        ([], {}),
        ([WEAK], {"author_attested": True, "weak_author_claims": 1}),
        ([STRONG], {"author_attested": True, "strong_author_claims": 1}),
        ([WEAK, STRONG, WEAK], {"author_attested": True, "weak_author_claims": 2, "strong_author_claims": 1}),
        ([PENDING], {}),
        ([CONFIRMED], {"externally_anchored": True}),
        ([PENDING, CONFIRMED, PENDING], {"externally_anchored": True}),
        ([STORED], {"storage_verified": True}),
        ([CITED, CITED], {"citation_signatures": 2}),
        ([REPEATED, REFUTED], {"replication_records": 2}),
        ([BRIDGE], {"replication_records": 1, "formal_links_present": True}),
        ([REPEATED, BRIDGE], {"replication_records": 2, "formal_links_present": True}),
        ([("correction", {}), ("mirror_hint", {})], {}),
        ([references(3, 3)], {"references_resolved": True}),
        ([references(3, 2)], {}),
        ([references(0, 0)], {}),
        ([references(3, 3), references(3, 2)], {}),
        ([references(3, 2), references(3, 3)], {"references_resolved": True}),
        ([evidence(1)], {"formal_links_present": True}),
        ([evidence(1), evidence(0)], {}),
        ([evidence(0), BRIDGE], {"replication_records": 1, "formal_links_present": True}),
    ],
)
def test_what_follows_from_which_events(events: list[tuple[str, Any]], changes: dict[str, Any]) -> None:
    assert status_of(*events) == FIRST | changes


def test_the_first_status_is_that_of_a_record_and_an_empty_snapshot() -> None:
    assert VerificationStatus().to_dict() == FIRST


@pytest.mark.parametrize(
    ("event", "code", "where"),
    [
        (
            (ATTESTATION, {"strength": "huge"}),
            "field-format",
            "$.state.current.author_attestations[1].payload.strength",
        ),
        ((ANCHOR, {"status": None}), "field-type", "$.state.current.timestamp_anchors[1].payload.status"),
        ((REPLICATION, {"kind": 1}), "field-type", "$.state.current.replication_records[1].payload.kind"),
        (
            references(-1, 0),
            "field-format",
            "$.state.current.graph_snapshots[2].payload.graph_snapshot.references.count",
        ),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else value,
)
def test_a_damaged_payload_is_told_with_its_place(event: tuple[str, Any], code: str, where: str) -> None:
    first = (event[0], {}) if event[0] != "graph_snapshot" else references(0, 0)
    with pytest.raises(DocumentError) as caught:
        RecordDocument.of(bundle_with(first, event), "")
    assert (caught.value.code, caught.value.where) == (code, where)
