"""The examples of events, and the page about them: read, held against the schemas, and against each other."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pithbuilder.core.pith_number import PithNumber
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.mirror import MirrorHint
from pithbuilder.documents.payloads import GraphSnapshotPayload
from pithbuilder.documents.record_document import VerificationStatus
from pithbuilder.documents.schemas import load_schema, schema_names
from pithbuilder.documents.snapshot_data import SnapshotData
from pithbuilder.documents.wire import parse_object

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "events"
BUNDLE = ROOT / "tests" / "published" / "bundle-1805.08469v1.json"
PAGE: Final = (ROOT / "docs" / "events.md").read_text()
SECTIONS: Final = {
    title.strip("`"): text for title, text in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE)
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (f"urn:pith:schema:{name}:1", Resource.from_contents(load_schema(name))) for name in schema_names()
)
EVERY_FAMILY = pytest.mark.parametrize("event_type", EVENT_FAMILIES)


def example(event_type: str) -> Any:
    return parse_object((EXAMPLES / f"{event_type}.json").read_bytes())


def table_names(text: str, heading: str = "field") -> list[str]:
    """Return the names in the first column of the tables that begin with such a heading."""
    found: list[str] = []
    for table in re.findall(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)*)", text, re.MULTILINE):
        for row in table.splitlines():
            found += re.findall(r"`(\w+)`", row.split("|")[1])
    return found


def properties(schema: Any) -> list[str]:
    return list(schema["properties"])


def test_there_is_an_example_of_every_family_and_nothing_else() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {f"{event_type}.json" for event_type in EVENT_FAMILIES}


@EVERY_FAMILY
def test_every_example_is_read_and_keeps_to_its_schema(event_type: str) -> None:
    value = example(event_type)
    name = "graph_snapshot_data" if event_type == "graph_snapshot" else event_type
    assert Draft202012Validator(load_schema(name), registry=REGISTRY).is_valid(value)
    if event_type != "graph_snapshot":
        assert EVENT_FAMILIES[event_type].payload.from_dict(value).to_dict() == value


def test_the_snapshot_of_the_example_keeps_to_its_schema() -> None:
    content = Bundle.from_dict(parse_object(BUNDLE.read_bytes())).content
    earlier = content.events[1].content.payload.read_as(GraphSnapshotPayload).graph_snapshot
    payload = SnapshotData.from_dict(example("graph_snapshot")).build_payload(
        paper=earlier.paper, source=earlier.source, builder_version="builder-1"
    )
    assert Draft202012Validator(load_schema("graph_snapshot"), registry=REGISTRY).is_valid(payload.to_dict())


def test_the_examples_are_about_the_published_bundle() -> None:
    data: Any = parse_object(BUNDLE.read_bytes())
    suffix = PithNumber.parse(data["pith_number"]).suffix
    assert example("record_created") == data["events"][0]["payload"]
    stored = example("storage_attestation")
    assert stored["content_sha256"] == hashlib.sha256(BUNDLE.read_bytes()).hexdigest()
    assert stored["url"].endswith(f"/pith/{suffix}/bundle.json")
    hint = MirrorHint.of(suffix, name="Example Mirror", base_url="https://mirror.example")
    assert example("mirror_hint") == attrs.evolve(hint, status="secondary").to_dict()
    state: Any = parse_object((ROOT / "tests" / "published" / "state-1710.02368v1.json").read_bytes())
    assert example("citation_signature")["cited_pith_number"] == state["pith_number"]
    cited = [row["pith_number"] for row in example("graph_snapshot")["references"] if "pith_number" in row]
    assert cited == [state["pith_number"]]


def test_the_example_of_a_time_anchor_is_a_calendars_promise_for_the_record() -> None:
    anchor = example("timestamp_anchor")
    data: Any = parse_object(BUNDLE.read_bytes())
    proof = base64.b64decode(anchor["proof_b64"], validate=True)
    magic = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01\x08"  # version 1, SHA-256
    digest = bytes.fromhex(anchor["digest_sha256"])
    pending = b"\x00" + bytes.fromhex("83dfe30d2ef90c8e")
    assert proof.startswith(magic + digest + pending)
    assert proof.endswith(anchor["authority"].encode())
    assert anchor["digest_sha256"] == data["canonical_sha256"]


def test_the_page_has_a_section_for_every_family_in_their_order() -> None:
    assert [title for title in SECTIONS if title in EVENT_FAMILIES] == list(EVENT_FAMILIES)
    overview = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.+?) \|", PAGE.partition("\n## ")[0], re.MULTILINE)
    assert [(name, target) for name, target, _ in overview] == [
        (family.event_type, family.target) for family in EVENT_FAMILIES.values()
    ]
    for (_, _, state_list), family in zip(overview, EVENT_FAMILIES.values(), strict=True):
        assert state_list == f"`{family.state_list}`" if family.state_list else state_list.startswith("none")


@EVERY_FAMILY
def test_the_page_lists_every_field_of_the_schema(event_type: str) -> None:
    assert table_names(SECTIONS[event_type]) == properties(load_schema(event_type))


@EVERY_FAMILY
def test_the_page_names_every_choice_and_says_what_follows(event_type: str) -> None:
    text = SECTIONS[event_type]
    schema: Any = load_schema(event_type)
    for name, field in schema["properties"].items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        if "enum" in field:
            assert row.split("|")[2].strip() == "choice"
            assert set(field["enum"]) <= set(re.findall(r"`(\w+)`", row.split("|")[3]))
        types = field.get("type")
        nullable = "null" in (types or ()) or {"type": "null"} in field.get("anyOf", ())
        assert row.split("|")[2].strip().endswith("or null") is nullable
    assert "Status:" in text


@EVERY_FAMILY
def test_the_page_shows_the_example(event_type: str) -> None:
    shown = re.findall(r"```json\n(.*?)```", SECTIONS[event_type], re.DOTALL)
    text = (EXAMPLES / f"{event_type}.json").read_text()
    assert shown == [text] or (shown == [] and f"`examples/events/{event_type}.json`" in SECTIONS[event_type])


def test_the_page_lists_every_member_of_snapshot_data() -> None:
    schema: Any = load_schema("graph_snapshot_data")
    assert sorted(table_names(SECTIONS["graph_snapshot"], "member")) == sorted(properties(schema))
    rows = {match[1]: match[0] for match in re.finditer(r"^\| `(\w+)` \|.*$", SECTIONS["graph_snapshot"], re.MULTILINE)}
    for part in ("verdict", "integrity"):
        for name in properties(schema["$defs"][part]):
            assert f"`{name}`" in SECTIONS["graph_snapshot"] if name == "snapshot_sha256" else f"`{name}`" in rows[part]


def test_the_page_lists_the_verification_status() -> None:
    assert set(table_names(SECTIONS["Verification status"])) == VerificationStatus.known_fields()
