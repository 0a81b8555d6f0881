"""What the events of each family say: good payloads are read, bad ones refused with their code and place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from pithbuilder.core.canonical_json import is_plain
from pithbuilder.documents.base import Document, OpaqueDocument, Reader
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import EventContent
from pithbuilder.documents.event_family import EVENT_FAMILIES, typed_payload
from pithbuilder.documents.state import CurrentState
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import DocumentError

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "tests" / "published"
NUMBER: Final = "pith:2018:EVMWRSTHAZ6J4Q62KC6KLAZ6KI"
MISSING: Final = object()

FAMILIES: Final = (
    ("record_created", "record", ""),
    ("graph_snapshot", "graph", "graph_snapshots"),
    ("author_attestation", "author", "author_attestations"),
    ("timestamp_anchor", "timestamp", "timestamp_anchors"),
    ("storage_attestation", "storage", "storage_attestations"),
    ("citation_signature", "citation", "citation_signatures"),
    ("replication_record", "replication", "replication_records"),
    ("correction", "record", "corrections"),
    ("mirror_hint", "mirror", "mirror_hints"),
)
"""format.md, section 5, once more: event type, target, list of the state."""

CHOICES: Final = {
    "author_attestation": {"identity_provider": "orcid apple x email", "strength": "weak strong"},
    "timestamp_anchor": {"method": "opentimestamps rfc3161", "status": "pending confirmed"},
    "citation_signature": {
        "relationship": "supports refutes extends uses_method depends_on replaces compares cites",
    },
    "replication_record": {"kind": "replication falsification formal_bridge"},
}
NOT_BLANK: Final = {"author_attestation": ("claimant_name", "identifier"), "correction": ("what", "reason")}
TEXTS: Final = {
    "storage_attestation": ("archive",),
    "replication_record": ("outcome",),
    "mirror_hint": (
        *("mirror_type", "name", "base_url", "bundle_url", "state_url", "well_known_bundle_url", "status"),
    ),
}
NULLABLE: Final = {
    "timestamp_anchor": ("block_height", "authority"),
    "replication_record": ("system",),
    "correction": ("corrected_pith_number",),
}
URLS: Final = {"storage_attestation": "url", "replication_record": "url", "correction": "url"}
DIGESTS: Final = {
    "timestamp_anchor": "digest_sha256",
    "storage_attestation": "content_sha256",
    "replication_record": "artifact_sha256",
    "record_created": "canonical_sha256",
}
NUMBERS: Final = {"citation_signature": "cited_pith_number", "correction": "corrected_pith_number"}


def published_snapshot() -> Any:
    bundle: Any = parse_object((PUBLISHED / "bundle-2410.05985v4.json").read_bytes())
    return bundle["events"][1]["payload"]


def payload_of(event_type: str) -> Any:
    """A good payload: the published one of a snapshot, else the family's example."""
    if event_type == "graph_snapshot":
        return published_snapshot()
    return parse_object((ROOT / "examples" / "events" / f"{event_type}.json").read_bytes())


GOOD: Final = {event_type: payload_of(event_type) for event_type, _, _ in FAMILIES}
EVERY_FAMILY = pytest.mark.parametrize("event_type", GOOD)


def changed(event_type: str, member: str, value: object) -> Any:
    payload = dict(GOOD[event_type])
    if value is MISSING:
        del payload[member]
    else:
        payload[member] = value
    return payload


def read(event_type: str, payload: Any, path: str = "$.payload") -> Document | None:
    """Read a payload as verifying does: out of an event that was read without looking inside."""
    event: Any = parse_object((PUBLISHED / "bundle-2410.05985v4.json").read_bytes())["events"]
    value = event[0] | {"event_type": event_type, "payload": payload}
    return typed_payload(EventContent.read(Reader(value, plain=is_plain(value))), path)


def refusal(event_type: str, payload: Any) -> tuple[str, str]:
    with pytest.raises(DocumentError) as caught:
        read(event_type, payload, "$.events[7].payload")
    return caught.value.code, caught.value.where.removeprefix("$.events[7].payload")


def expand(table: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (event_type, member)
        for event_type, members in table.items()
        for member in ([members] if isinstance(members, str) else members)
    ]


def test_the_families_are_those_of_the_format() -> None:
    assert tuple((item.event_type, item.target, item.state_list) for item in EVENT_FAMILIES.values()) == FAMILIES
    assert list(EVENT_FAMILIES) == [event_type for event_type, _, _ in FAMILIES]
    for family in EVENT_FAMILIES.values():
        assert family.summary
        assert "\n" not in family.summary
        assert not family.summary.endswith(".")


def test_the_lists_of_a_state_are_those_of_the_families() -> None:
    lists = [field.name for field in attrs.fields(CurrentState) if str(field.type).startswith("tuple[AppliedEvent")]
    assert lists == [family.state_list for family in EVENT_FAMILIES.values() if family.state_list]
    state: Any = parse_object((PUBLISHED / "state-1710.02368v1.json").read_bytes())
    created = state["current"]["record_created"]
    filled = state["current"] | {name: [created | {"event_id": name}] for name in lists}
    assert [event.event_id for event in CurrentState.from_dict(filled).events()] == [created["event_id"], *lists]


@EVERY_FAMILY
def test_a_good_payload_is_read_as_its_type(event_type: str) -> None:
    document = read(event_type, GOOD[event_type])
    assert document is not None
    assert type(document) is EVENT_FAMILIES[event_type].payload
    assert document.to_dict() == GOOD[event_type]


@EVERY_FAMILY
def test_a_typed_payload_is_taken_as_it_is(event_type: str) -> None:
    typed = EVENT_FAMILIES[event_type].payload.from_dict(GOOD[event_type])
    bundle = Bundle.from_dict(parse_object((PUBLISHED / "bundle-2410.05985v4.json").read_bytes()))
    content = attrs.evolve(bundle.content.events[0].content, event_type=event_type, payload=typed)
    assert typed_payload(content) is typed
    opaque = attrs.evolve(content, payload=OpaqueDocument.from_dict(GOOD[event_type]))
    first = typed_payload(opaque)
    assert first == typed
    assert typed_payload(opaque) is first


@EVERY_FAMILY
def test_unknown_members_are_kept(event_type: str) -> None:
    richer = GOOD[event_type] | {"zz_unknown": {"a": [1, None]}}
    document = read(event_type, richer)
    assert document is not None
    assert document.to_dict() == richer


def test_an_unknown_family_says_whatever_it_likes() -> None:
    assert read("peer_review", {"stars": 5}) is None


@pytest.mark.parametrize(
    ("event_type", "member"), [(event_type, member) for event_type, payload in GOOD.items() for member in payload]
)
def test_a_missing_or_foreign_member_is_refused(event_type: str, member: str) -> None:
    assert refusal(event_type, changed(event_type, member, MISSING)) == ("field-missing", f".{member}")
    assert refusal(event_type, changed(event_type, member, True)) == ("field-type", f".{member}")
    assert refusal(event_type, changed(event_type, member, ["x"])) == ("field-type", f".{member}")
    if member not in NULLABLE.get(event_type, ("verdict_id",)):
        assert refusal(event_type, changed(event_type, member, None)) == ("field-type", f".{member}")


@pytest.mark.parametrize(("event_type", "member"), expand(NULLABLE))
def test_null_where_there_is_nothing_to_say(event_type: str, member: str) -> None:
    assert read(event_type, changed(event_type, member, None)) is not None


@pytest.mark.parametrize(
    ("event_type", "member", "options"),
    [(event_type, member, options) for event_type, table in CHOICES.items() for member, options in table.items()],
)
def test_choices(event_type: str, member: str, options: str) -> None:
    for option in options.split():
        assert read(event_type, changed(event_type, member, option)) is not None
        for other in (option.upper(), f" {option}", f"{option}\n", option[:-1]):
            assert refusal(event_type, changed(event_type, member, other)) == ("field-format", f".{member}")
    with pytest.raises(DocumentError) as caught:
        read(event_type, changed(event_type, member, "none"))
    assert caught.value.expected == f"one of {options.replace(' ', ', ')}"


@pytest.mark.parametrize(("event_type", "member"), expand(NOT_BLANK))
def test_texts_that_are_not_blank(event_type: str, member: str) -> None:
    for text in ("x", " x ", "é", "\u200b"):
        assert read(event_type, changed(event_type, member, text)) is not None
    for text in ("", " ", "\t\r\n", "\u3000\u00a0\x1c"):
        assert refusal(event_type, changed(event_type, member, text)) == ("field-empty", f".{member}")


@pytest.mark.parametrize(("event_type", "member"), expand(TEXTS))
def test_texts_that_may_be_empty(event_type: str, member: str) -> None:
    assert read(event_type, changed(event_type, member, "")) is not None
    assert refusal(event_type, changed(event_type, member, 1)) == ("field-type", f".{member}")


@pytest.mark.parametrize(("event_type", "member"), expand(URLS))
def test_addresses(event_type: str, member: str) -> None:
    for text in ("http://a", "https://a.example/b?c=d#e", "https://[::1]:80/", "https://1"):
        assert read(event_type, changed(event_type, member, text)) is not None
    for text in ("", "https://", "https:///a", "ftp://a", "HTTPS://a", "https://a b", "https://a\n", "https://é"):
        assert refusal(event_type, changed(event_type, member, text)) == ("field-format", f".{member}")


@pytest.mark.parametrize(("event_type", "member"), expand(DIGESTS))
def test_digests(event_type: str, member: str) -> None:
    for text in ("", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n", "sha256:" + "0" * 64):
        assert refusal(event_type, changed(event_type, member, text)) == ("field-format", f".{member}")


@pytest.mark.parametrize(("event_type", "member"), expand(NUMBERS))
def test_pith_numbers(event_type: str, member: str) -> None:
    assert read(event_type, changed(event_type, member, NUMBER)) is not None
    for text in ("", NUMBER[:-1], NUMBER.lower(), NUMBER.replace("2018", "0000"), f"{NUMBER}\n", "pith:EVMWRSTH"):
        assert refusal(event_type, changed(event_type, member, text)) == ("field-format", f".{member}")


@pytest.mark.parametrize("text", ["", "A", "AA", "AAA", "AB==", "AAB=", "AA==\n", "AA AA", "-_-_", "====", "AA==AA=="])
def test_proofs_are_strict_base64_of_something(text: str) -> None:
    assert refusal("timestamp_anchor", changed("timestamp_anchor", "proof_b64", text)) == (
        "field-format",
        ".proof_b64",
    )


def test_block_heights() -> None:
    for height in (0, 1, 900_000):
        assert read("timestamp_anchor", changed("timestamp_anchor", "block_height", height)) is not None
    for bad, code in ((-1, "field-format"), ("1", "field-type"), (False, "field-type")):
        assert refusal("timestamp_anchor", changed("timestamp_anchor", "block_height", bad)) == (
            code,
            ".block_height",
        )


@pytest.mark.parametrize("text", ["2026-11-21", "2026-11-21T12:00:00.000000Z", "2026-02-30T00:00:00Z", ""])
def test_captures_are_dated_to_the_second(text: str) -> None:
    payload = changed("storage_attestation", "captured_at", text)
    assert refusal("storage_attestation", payload) == ("field-format", ".captured_at")


def test_what_is_wrong_deep_inside_is_told_with_its_place() -> None:
    snapshot = published_snapshot()
    snapshot["graph_snapshot"]["references"]["count"] = -1
    assert refusal("graph_snapshot", snapshot) == ("field-format", ".graph_snapshot.references.count")
    created = GOOD["record_created"] | {"receipt": GOOD["record_created"]["receipt"] | {"signed_at": "now"}}
    assert refusal("record_created", created) == ("field-format", ".receipt.signed_at")
