"""Every schema is sound, and what was published and what is issued here keeps to its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import COMPROMISED, LOST, SCHEDULED
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.schemas import load_schema, schema_names
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import DocumentError
from pithbuilder.fixtures.corpus.pack import SIGNATURE, pack
from pithbuilder.issuing.issuer import IssuedBundle, Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from tests.support.key_chains import key as key_of
from tests.support.key_chains import keyring, revocation, rotation, signer

PUBLISHED = Path(__file__).parents[2] / "published"
BUNDLES = ("bundle-1805.08469v1.json", "bundle-2410.05985v4.json")
STATES = ("state-1710.02368v1.json",)
RECORDS = "vectors/records.jsonl"
NAMES = (
    "author_attestation",
    "bundle",
    "canonical_record",
    "citation_signature",
    "corpus_signature",
    "correction",
    "detached_event",
    "event",
    "graph_snapshot",
    "graph_snapshot_data",
    "key_document",
    "key_revocation",
    "key_rotation",
    "keyring",
    "mirror_hint",
    "mirror_manifest",
    "receipt",
    "record_created",
    "record_document",
    "replication_record",
    "state",
    "storage_attestation",
    "timestamp_anchor",
)
INPUTS = ("graph_snapshot_data",)
"""What people hand over; everything else is a document, or a part of one."""
PAYLOADS = ("record_created", "graph_snapshot")

REGISTRY: Registry[Any] = Registry().with_resources(
    (f"urn:pith:schema:{name}:1", Resource.from_contents(load_schema(name))) for name in schema_names()
)


def check(name: str, value: object) -> None:
    validator = Draft202012Validator(load_schema(name), registry=REGISTRY)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)] == []


def load(name: str) -> Any:
    return parse_object((PUBLISHED / name).read_bytes())


def subschemas(schema: object, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema in a schema file, with its place; ``properties`` and ``$defs`` are maps of schemas."""
    assert isinstance(schema, dict), path
    yield path, schema
    for group in ("properties", "$defs"):
        for name, inner in schema.get(group, {}).items():
            yield from subschemas(inner, f"{path}/{group}/{name}")
    if "items" in schema:
        yield from subschemas(schema["items"], f"{path}/items")
    for index, inner in enumerate(schema.get("anyOf", [])):
        yield from subschemas(inner, f"{path}/anyOf/{index}")


@pytest.fixture(scope="module", params=[True, False], ids=["with-integrity", "without-integrity"])
def issuer(request: pytest.FixtureRequest) -> Issuer:
    profile = IssuerProfile(
        signer_id="registry.example",
        mirror_name="Example",
        base_url="https://registry.example",
        integrity=request.param,
    )
    clock = FixedClock(datetime(2026, 11, 21, 1, 2, 3, 456789, tzinfo=UTC))
    signer = LocalSigner("registry-2026-11", PrivateKey.generate())
    document = KeyDocument.of(
        signer.public_key.raw, key_id=signer.key_id, url="", notes="", rotates_at="2027-11-21T00:00:00Z"
    )
    return Issuer(profile, signer, clock, key_document=document)


@pytest.fixture(scope="module")
def issued(issuer: Issuer) -> IssuedBundle:
    return issuer.issue(
        PaperMetadata(
            arxiv_id="1805.08469",
            version=1,
            title="Gradient Energy Matching for Distributed Asynchronous Gradient Descent",
            abstract="Distributed asynchronous SGD has become widely used.",
            authors="Joeri Hermans and Gilles Louppe",
            categories=("cs.LG", "cs.DC", "stat.ML"),
            license="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
            submitted_at=datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC),
        )
    )


def test_the_schemas_are_these() -> None:
    assert schema_names() == NAMES


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(DocumentError) as caught:
        load_schema("../key_document")
    assert caught.value.code == "schema-unknown"


def test_a_loaded_schema_is_the_callers_own() -> None:
    load_schema("bundle").clear()
    assert load_schema("bundle")


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_a_draft_2020_12_schema(name: str) -> None:
    schema = load_schema(name)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["$id"] == f"urn:pith:schema:{name}:1"
    assert schema["title"]
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_described_in_one_sentence(name: str) -> None:
    for path, schema in subschemas(load_schema(name)):
        if re.search(r"/(properties|\$defs)/[^/]+$", path):
            description = schema.get("description", "")
            assert description.endswith("."), path
            assert ". " not in description, path


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_an_object_is_typed_and_no_object_of_a_document_is_closed(name: str) -> None:
    known = {
        "$schema", "$id", "$defs", "$ref", "title", "description", "type", "required", "properties", "items",
        "minimum", "minLength", "maxLength", "pattern", "anyOf", "enum",
    }  # fmt: skip
    if name in INPUTS:
        known.add("additionalProperties")
    for path, schema in subschemas(load_schema(name)):
        assert schema.keys() <= known, path
        assert {"type", "$ref", "anyOf"} & schema.keys(), path
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys(), path


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_somewhere(name: str) -> None:
    resolver = REGISTRY.resolver(base_uri=f"urn:pith:schema:{name}:1")
    for _, schema in subschemas(load_schema(name)):
        if "$ref" in schema:
            assert resolver.lookup(schema["$ref"]).contents


def test_the_only_optional_field_of_a_document_is_the_snapshots_integrity() -> None:
    optional = {
        f"{name}{path}/{field}"
        for name in set(NAMES) - set(INPUTS)
        for path, schema in subschemas(load_schema(name))
        for field in schema.get("properties", {}).keys() - set(schema.get("required", ()))
    }
    assert optional == {"graph_snapshot#/$defs/snapshot/integrity"}


def test_every_familys_payload_has_a_schema() -> None:
    for family in EVENT_FAMILIES.values():
        schema: Any = load_schema(family.event_type)
        assert schema["title"].startswith("Payload of a")
        assert f"`{family.event_type}`" in schema["description"]
        optional = {"integrity"} if family.event_type == "graph_snapshot" else set()
        assert set(schema["required"]) == family.payload.known_fields() - optional
        if family.event_type not in PAYLOADS:
            assert f"(target `{family.target}`)" in schema["description"]


@pytest.mark.parametrize("name", BUNDLES)
def test_published_bundle_keeps_to_the_schemas(name: str) -> None:
    bundle = load(name)
    check("bundle", bundle)
    check("canonical_record", bundle["canonical_record"])
    check("state", bundle["state"])
    assert bundle["public_keys"]
    for key in bundle["public_keys"]:
        check("key_document", key)
    assert tuple(event["event_type"] for event in bundle["events"]) == PAYLOADS
    for event in bundle["events"]:
        check("event", event)
        check(event["event_type"], event["payload"])
    check("receipt", bundle["events"][0]["payload"]["receipt"])


@pytest.mark.parametrize("name", STATES)
def test_published_state_keeps_to_the_schemas(name: str) -> None:
    state = load(name)
    check("state", state)
    current = state["current"]
    check("canonical_record", current["canonical_record"])
    check("record_created", current["record_created"]["payload"])
    check("receipt", current["record_created"]["payload"]["receipt"])
    assert current["graph_snapshots"]
    for applied in current["graph_snapshots"]:
        check("graph_snapshot", applied["payload"])


def test_published_records_keep_to_the_schema() -> None:
    lines = (PUBLISHED / RECORDS).read_bytes().splitlines()
    assert len(lines) == 96
    for line in lines:
        check("canonical_record", parse_object(line)["canonical_record"])


def test_issued_documents_keep_to_the_schemas(issuer: Issuer, issued: IssuedBundle) -> None:
    bundle: Any = parse_object(issued.bundle_bytes)
    check("bundle", bundle)
    check("state", parse_object(issued.state_bytes))
    check("record_document", parse_object(issued.record_document_bytes))
    check("key_document", parse_object(issuer.key_document.canonical_bytes))
    check("mirror_manifest", issuer.build_manifest(datetime(2026, 11, 21, tzinfo=UTC)).to_dict())
    assert tuple(event["event_type"] for event in bundle["events"]) == PAYLOADS
    for event in bundle["events"]:
        check("event", event)
        check(event["event_type"], event["payload"])
    assert ("integrity" in bundle["events"][1]["payload"]["graph_snapshot"]) is issuer.profile.integrity


def test_the_signature_of_a_corpus_keeps_to_its_schema() -> None:
    signer = LocalSigner("registry-2026-11", PrivateKey.generate())
    document = KeyDocument.of(signer.public_key.raw, key_id=signer.key_id, url="", notes="", rotates_at=None)
    manifest = b'{"generator": {"version": "1"}, "schema_version": "1.0"}'
    check("corpus_signature", parse_object(pack({"manifest.json": manifest}, signer, document)[SIGNATURE]))


def test_keyrings_and_their_statements_keep_to_the_schemas() -> None:
    statements = (
        rotation(1, 1, key_of(2, until=2028), 2027, promise=3),
        rotation(2, 2, 3, 2028, LOST, by=(signer(3),)),
        rotation(3, 3, 4, 2029, COMPROMISED),
        revocation(4, 1, 2026, by=4),
        revocation(5, 4, 2030, SCHEDULED, by=4),
    )
    for length in range(len(statements) + 1):
        check("keyring", parse_object(keyring(*statements[:length], first=key_of(1, until=2027)).canonical_bytes))
    for statement in statements:
        kind = "key_rotation" if "new_key" in statement.content.to_dict() else "key_revocation"
        value = parse_object(statement.canonical_bytes)
        check(kind, value)
        other = {"key_rotation", "key_revocation"} - {kind}
        assert not Draft202012Validator(load_schema(*other), registry=REGISTRY).is_valid(value)


def test_the_date_pattern_knows_the_calendar() -> None:
    """Day by day through every kind of year, every 28 February to 1 March, and the days that do not exist."""
    record: Any = load_schema("canonical_record")
    pattern = re.compile(record["$defs"]["utc_to_the_second"]["pattern"])

    def accepted(text: str) -> bool:
        return pattern.search(f"{text}T00:00:00Z") is not None

    for year in (1, 1900, 2000, 2023, 2024, 9999):
        first = datetime(year, 1, 1, tzinfo=UTC)
        days = {f"{first + timedelta(days=day):%m-%d}" for day in range(365)}
        if year in (2000, 2024):
            days.add("12-31")
        for month in range(14):
            for day in range(33):
                assert accepted(f"{year:04}-{month:02}-{day:02}") is (f"{month:02}-{day:02}" in days)
    for year in range(1, 10_000):
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        found = [accepted(f"{year:04}-{day}") for day in ("02-28", "02-29", "02-30", "03-01")]
        assert found == [True, leap, False, True], year
    assert not any(accepted(f"0000-{day}") for day in ("01-01", "02-29", "12-31"))
