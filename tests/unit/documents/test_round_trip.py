"""What is read comes out again, byte for byte in canonical form, with every field that the types do not know."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from pithbuilder.core.canonical_json import canonicalize, is_plain
from pithbuilder.documents.base import Document, Reader
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import Event
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import KeyStatement
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.documents.mirror import MirrorEntry, MirrorManifest
from pithbuilder.documents.payloads import GraphSnapshotPayload, RecordCreated
from pithbuilder.documents.preimage import left_out_of
from pithbuilder.documents.receipt import Receipt
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import parse_object
from tests.support.key_chains import keyring, revocation, rotation

PUBLISHED = Path(__file__).parents[2] / "published"
EXAMPLES = Path(__file__).parents[3] / "examples" / "events"
BUNDLES = ("bundle-1805.08469v1.json", "bundle-2410.05985v4.json")
STATE = "state-1710.02368v1.json"
RECORDS = "vectors/records.jsonl"
STATEMENTS = (rotation(1, 1, 2, 2027, promise=3), revocation(2, 1, 2026, by=2))
SCHEMA_URL = "https://registry.example/schemas/pith-number-record-v1.json"

NESTED = {"\U0001f600": [{"\uffee": 1, "\U0001f4dc": None}], "a": {"\U00010000": True, "\ue000": "\U0001f600"}}
UNKNOWN = {
    "plain": {"zz_unknown": 1, "AA_unknown": None, "": []},
    "named like attributes": {"extra": {}, "content": "x", "parts": 1, "digest": "", "stated_event_id": None},
    "values outside the BMP": {"zz_unknown": NESTED},
    "keys outside the BMP": {"\U0001f600": NESTED, "\ue000": 1, "\uffee": 2, "\U00010000": 3, "é": "\u2028"},
}
"""Fields that no type knows; U+E000 to U+FFFF sort behind U+10000 and above in UTF-16, before them in UTF-8."""


def load(name: str) -> Any:
    return parse_object((PUBLISHED / name).read_bytes())


def documents_of_bundle(name: str) -> Iterator[tuple[str, type[Document], Any]]:
    value = load(name)
    created, snapshot = value["events"]
    manifest = MirrorManifest(
        generated_at=value["built_at"],
        mirrors=tuple(MirrorEntry.of(name=hint["name"], base_url=hint["base_url"]) for hint in value["mirror_hints"]),
    )
    yield f"bundle {name}", Bundle, value
    yield f"state of {name}", State, value["state"]
    yield f"event 0 of {name}", Event, created
    yield f"event 1 of {name}", Event, snapshot
    yield f"record_created of {name}", RecordCreated, created["payload"]
    yield f"graph_snapshot of {name}", GraphSnapshotPayload, snapshot["payload"]
    yield f"receipt of {name}", Receipt, created["payload"]["receipt"]
    yield f"record of {name}", CanonicalRecord, value["canonical_record"]
    yield f"key of {name}", KeyDocument, value["public_keys"][0]
    yield f"record document of {name}", RecordDocument, RecordDocument.of(Bundle.from_dict(value), SCHEMA_URL).to_dict()
    yield f"manifest of {name}", MirrorManifest, manifest.to_dict()


def gather_documents() -> list[tuple[str, type[Document], Any]]:
    if not PUBLISHED.is_dir():
        raise FileNotFoundError(f"the published documents are missing: {PUBLISHED}")
    documents: list[tuple[str, type[Document], Any]] = [(f"state {STATE}", State, load(STATE))]
    for name in BUNDLES:
        documents += documents_of_bundle(name)
    for statement in STATEMENTS:
        documents.append((statement.content.document_kind, KeyStatement, statement.to_dict()))
    documents.append(("keyring", KeyringDocument, keyring(*STATEMENTS).to_dict()))
    for family in EVENT_FAMILIES.values():
        if family.event_type != "graph_snapshot":
            example = parse_object((EXAMPLES / f"{family.event_type}.json").read_bytes())
            documents.append((f"{family.event_type} example", family.payload, example))
    return documents


DOCUMENTS = gather_documents()
EVERY_DOCUMENT = pytest.mark.parametrize(
    ("kind", "value"), [pytest.param(kind, value, id=name) for name, kind, value in DOCUMENTS]
)
EVERY_UNKNOWN = pytest.mark.parametrize("unknown", UNKNOWN.values(), ids=UNKNOWN.keys())


def count_objects(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(count_objects, value.values()))
    return sum(map(count_objects, value)) if isinstance(value, list) else 0


def with_unknown(value: Any, unknown: dict[str, Any], chosen: int | None = None) -> Any:
    """Return a copy with unknown fields in one object, counted from the outside in, or in every object."""
    count = -1

    def copy(item: Any) -> Any:
        nonlocal count
        if isinstance(item, list):
            return [copy(element) for element in item]
        if not isinstance(item, dict):
            return item
        count += 1
        added = unknown if chosen is None or chosen == count else {}
        return {name: copy(element) for name, element in item.items()} | added

    return copy(value)


def assert_round_trip(kind: type[Document], value: Any) -> None:
    document = kind.from_dict(value)
    assert document.canonical_bytes == canonicalize(value)
    assert document.canonical_bytes == rfc8785.dumps(value)
    assert document.to_dict() == value


def test_there_is_something_to_read() -> None:
    assert len(DOCUMENTS) == 34
    assert {kind for _, kind, _ in DOCUMENTS} == {
        *(family.payload for family in EVENT_FAMILIES.values()),
        Bundle,
        CanonicalRecord,
        Event,
        KeyDocument,
        KeyStatement,
        KeyringDocument,
        MirrorManifest,
        Receipt,
        RecordDocument,
        State,
    }


@EVERY_DOCUMENT
def test_document_comes_out_as_it_was_read(kind: type[Document], value: Any) -> None:
    assert_round_trip(kind, value)


def test_records_come_out_as_they_were_read() -> None:
    lines = (PUBLISHED / RECORDS).read_bytes().splitlines()
    assert len(lines) == 96
    for line in lines:
        vector: Any = parse_object(line)
        assert_round_trip(CanonicalRecord, vector["canonical_record"])
        assert CanonicalRecord.from_dict(vector["canonical_record"]).digest.hex() == vector["canonical_sha256"]


@EVERY_UNKNOWN
@EVERY_DOCUMENT
def test_unknown_fields_are_kept_in_each_object(kind: type[Document], value: Any, unknown: dict[str, Any]) -> None:
    for chosen in range(count_objects(value)):
        changed = with_unknown(value, unknown, chosen)
        assert changed != value
        assert_round_trip(kind, changed)


@EVERY_UNKNOWN
@EVERY_DOCUMENT
def test_unknown_fields_are_kept_in_all_objects_at_once(
    kind: type[Document], value: Any, unknown: dict[str, Any]
) -> None:
    assert_round_trip(kind, with_unknown(value, unknown))


@EVERY_UNKNOWN
@pytest.mark.parametrize("name", BUNDLES)
def test_unknown_fields_are_hashed(name: str, unknown: dict[str, Any]) -> None:
    """In every object, but not in what the digest leaves out: the table of preimages says what that is."""
    published = load(name)
    value = with_unknown(published, unknown)
    bundle = Bundle.from_dict(value)
    event = bundle.content.events[0].content
    state = bundle.content.state.content
    for content, inner, stated in (
        (bundle.content, value, published["bundle_signature"]["bundle_sha256"]),
        (event, value["events"][0], published["events"][0]["content_sha256"]),
        (state, value["state"], published["state"]["state_sha256"]),
    ):
        left_out = left_out_of(content.document_kind)
        preimage = {field: part for field, part in inner.items() if field not in left_out}
        assert content.digest == hashlib.sha256(rfc8785.dumps(preimage)).digest()
        assert content.digest.hex() != stated


@EVERY_UNKNOWN
@pytest.mark.parametrize("published", STATEMENTS, ids=lambda statement: statement.content.document_kind)
@pytest.mark.parametrize("plain", [True, False])
def test_unknown_fields_of_statements_are_hashed(published: KeyStatement, unknown: dict[str, Any], plain: bool) -> None:
    value = with_unknown(published.to_dict(), unknown)
    content = KeyStatement.read(Reader(value, plain=plain and is_plain(value))).content
    left_out = left_out_of(content.document_kind)
    assert left_out == {"signatures", "statement_sha256"}
    preimage = {field: part for field, part in value.items() if field not in left_out}
    assert content.digest == hashlib.sha256(rfc8785.dumps(preimage)).digest()
    assert content.digest.hex() != published.stated_statement_sha256
