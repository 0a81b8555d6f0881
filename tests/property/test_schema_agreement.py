"""Schemas and readers agree: whatever is done to a document, its type reads it if and only if its schema does.

There is no exception, dates included: the schemas' pattern knows the calendar. Two things are outside the
comparison because no document gets so far with them: floats such as ``1.0``, an integer to JSON Schema, and
integers beyond 2^53 - 1 are refused before any type reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pithbuilder.core.canonical_json import MAX_INTEGER
from pithbuilder.documents.base import Document
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import Event, GraphSnapshotPayload, RecordCreated
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import KeyStatement
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.documents.mirror import MirrorEntry, MirrorManifest
from pithbuilder.documents.receipt import Receipt
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.documents.schemas import load_schema, schema_names
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import DocumentError
from tests.support.key_chains import key, keyring, revocation, rotation

PUBLISHED = Path(__file__).parents[1] / "published"
WITH_LARGE_PAYLOADS = ("older bundle", "newer bundle", "state")
OLDER, NEWER, STATE = "bundle-1805.08469v1.json", "bundle-2410.05985v4.json", "state-1710.02368v1.json"

KINDS: Final[dict[str, type[Document]]] = {
    "bundle": Bundle,
    "canonical_record": CanonicalRecord,
    "event": Event,
    "graph_snapshot": GraphSnapshotPayload,
    "key_document": KeyDocument,
    "key_revocation": KeyStatement,
    "key_rotation": KeyStatement,
    "keyring": KeyringDocument,
    "mirror_manifest": MirrorManifest,
    "receipt": Receipt,
    "record_created": RecordCreated,
    "record_document": RecordDocument,
    "state": State,
}

Path_: TypeAlias = tuple[str | int, ...]
Mutation: TypeAlias = Callable[[Any], Any]

REGISTRY: Registry[Any] = Registry().with_resources(
    (f"urn:pith:schema:{name}:1", Resource.from_contents(load_schema(name))) for name in schema_names()
)
VALIDATORS = {name: Draft202012Validator(load_schema(name), registry=REGISTRY) for name in schema_names()}

DELETED: Final = object()
REPLACEMENTS: Final[tuple[Any, ...]] = (None, True, 1, -1, "x", [], {}, "2026-13-01T00:00:00Z")
CLOSE_REPLACEMENTS: Final[tuple[Any, ...]] = (
    False,
    0,
    MAX_INTEGER,
    "",
    ["x"],
    [None],
    [{}],
    {"unknown": None},
    "2026-11-21T23:59:59Z",
    "2026-11-21T23:59:59Z\n",
    "2026-11-21T23:59:59.123456Z",
    "2026-11-21T23:59:59.123456Z\n",
    "2026-11-21T23:59:59.123Z",
    "2026-11-21T23:59:60Z",
    "2026-11-21T24:00:00Z",
    "2026-11-21t23:59:59z",
    "2026-11-21T23:59:59z",
    "2026-11-21T23:59:59,123456Z",
    "2026-11-21T23:59:59+00:00",
    "2026-02-30T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2024-02-29T00:00:00Z",
    "1900-02-29T00:00:00.000000Z",
    "0000-01-01T00:00:00Z",
    "٢٠٢٦-11-21T23:59:59Z",
    "0123456789abcdef" * 4,
    "0123456789ABCDEF" * 4,
    "0123456789abcdef" * 4 + "\n",
    "0123456789abcdef" * 4 + "0",
)
"""What comes close to a right value; tried where few paths lie inside payloads, which may be anything."""


def load(name: str) -> Any:
    return parse_object((PUBLISHED / name).read_bytes())


def lean_state(state: Any) -> Any:
    """Return a published state with something in every list and nothing in the payloads; its digest is wrong then."""
    current = state["current"]
    created = current["record_created"] | {"payload": {}}
    families = {name: [created] for name, value in current.items() if isinstance(value, list)}
    first, second = state["applied_event_ids"]
    group = {
        "signer_id": created["signer"]["signer_id"],
        "target": "graph",
        "prev_event": first,
        "event_ids": [first, second],
    }
    return state | {
        "current": current | families | {"record_created": created, "source_aliases": current["source_aliases"][:1]},
        "equivocations": [group],
        "invalid_events": [{"event_id": second, "reason": "digest-mismatch"}],
    }


def lean_bundle(bundle: Any) -> Any:
    """Return a published bundle with nothing in the payloads; its digests are wrong then."""
    event = bundle["events"][1] | {"payload": {}, "prev_event": bundle["events"][0]["event_id"]}
    lean = {"events": [event], "state": lean_state(bundle["state"]), "timestamp_proofs": [{"method": "x"}]}
    return bundle | lean | {"source_aliases": bundle["source_aliases"][:1]}


def filled_snapshot(payload: Any, built_at: str) -> Any:
    """Return a published payload with a verdict and with rows."""
    snapshot = payload["graph_snapshot"]
    verdict = {"id": "v", "created_at": built_at, "pipeline_version": "p", "model_set": {"reader": "m"}}
    filled = snapshot | {
        "claims": snapshot["claims"] | {"items": [{"claim": 1}]},
        "references": snapshot["references"] | {"sample": ["x"]},
        "verdict": snapshot["verdict"] | verdict,
    }
    return {"graph_snapshot": filled, "verdict_id": "v"}


def gather_documents() -> dict[str, tuple[str, Any]]:
    """Return test name to schema name and document: published, or built from what was published."""
    if not PUBLISHED.is_dir():
        raise FileNotFoundError(f"the published documents are missing: {PUBLISHED}")
    older, newer, state = load(OLDER), load(NEWER), load(STATE)
    created, snapshot = newer["events"]
    built_at = newer["built_at"]
    manifest = MirrorManifest(
        generated_at=built_at,
        mirrors=tuple(MirrorEntry.of(name=hint["name"], base_url=hint["base_url"]) for hint in newer["mirror_hints"]),
    )
    return {
        "older bundle": ("bundle", older),
        "newer bundle": ("bundle", newer),
        "lean bundle": ("bundle", lean_bundle(newer)),
        "state": ("state", state),
        "lean state": ("state", lean_state(state)),
        "first event": ("event", created),
        "second event": ("event", snapshot),
        "following event": (
            "event",
            snapshot | {"prev_event": created["event_id"], "supersedes": [created["event_id"]]},
        ),
        "record_created payload": ("record_created", created["payload"]),
        "older graph_snapshot payload": ("graph_snapshot", older["events"][1]["payload"]),
        "newer graph_snapshot payload": ("graph_snapshot", snapshot["payload"]),
        "filled graph_snapshot payload": ("graph_snapshot", filled_snapshot(snapshot["payload"], built_at)),
        "receipt": ("receipt", created["payload"]["receipt"]),
        "record": ("canonical_record", newer["canonical_record"]),
        "key": ("key_document", newer["public_keys"][0]),
        "key to be replaced": ("key_document", newer["public_keys"][0] | {"rotates_at": built_at}),
        "record document": (
            "record_document",
            RecordDocument.of(Bundle.from_dict(newer), "https://registry.example/schema.json").to_dict(),
        ),
        "manifest": ("mirror_manifest", manifest.to_dict()),
        "rotation": ("key_rotation", rotation(1, 1, key(2, until=2028), 2027).to_dict()),
        "rotation with a promise": ("key_rotation", rotation(1, 1, 2, 2027, promise=3).to_dict()),
        "revocation": ("key_revocation", revocation(2, 1, 2026, by=2).to_dict()),
        "keyring": ("keyring", keyring(rotation(1, 1, 2, 2027, promise=3), revocation(2, 1, 2026, by=2)).to_dict()),
        "keyring of one key": ("keyring", keyring().to_dict()),
    }


DOCUMENTS = gather_documents()
EVERY_DOCUMENT = pytest.mark.parametrize(("name", "document"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
EVERY_LEAN_DOCUMENT = pytest.mark.parametrize(
    ("name", "document"),
    [
        pytest.param(*case, id=test_name)
        for test_name, case in DOCUMENTS.items()
        if test_name not in WITH_LARGE_PAYLOADS
    ],
)


def paths_of(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    yield path
    if isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths_of(item, (*path, step))


def mutated(value: Any, path: Path_, mutation: Mutation) -> Any:
    """Return ``value`` with what stands at ``path`` changed, copying only what is on the way there."""
    if not path:
        return mutation(value)
    copy = value.copy()
    step = path[0]
    part = mutated(value[step], path[1:], mutation)
    if part is DELETED:
        del copy[step]
    else:
        copy[step] = part
    return copy


def reader_accepts(name: str, value: Any) -> bool:
    try:
        KINDS[name].from_dict(value)
    except DocumentError:
        return False
    return True


def schema_accepts(name: str, value: Any) -> bool:
    return VALIDATORS[name].is_valid(value)


def count_agreements(
    name: str, document: Any, mutation: Mutation, *, whole: bool = True, below_state: bool = True
) -> list[int]:
    """Change the document at every path in turn; return how many of the changed ones are refused, accepted.

    Fails with the list of all paths where reader and schema disagree.
    """
    outcomes, disagreements = [0, 0], []
    for path in paths_of(document):
        if (path or whole) and (below_state or path[:1] != ("state",) or len(path) == 1):
            value = mutated(document, path, mutation)
            accepted = reader_accepts(name, value)
            outcomes[accepted] += 1
            if schema_accepts(name, value) is not accepted:
                disagreements.append((path, "the reader accepts" if accepted else "the reader refuses"))
    assert disagreements == []
    return outcomes


def test_every_schema_is_held_against_its_type() -> None:
    assert tuple(sorted(KINDS)) == schema_names()
    assert {name for name, _ in DOCUMENTS.values()} == KINDS.keys()


@EVERY_DOCUMENT
def test_unchanged_documents_are_accepted(name: str, document: Any) -> None:
    assert reader_accepts(name, document)
    assert schema_accepts(name, document)


@EVERY_DOCUMENT
def test_agreement_where_a_member_is_missing(name: str, document: Any) -> None:
    refused, _ = count_agreements(name, document, lambda _: DELETED, whole=False)
    assert refused >= len(document)


@EVERY_DOCUMENT
def test_agreement_where_a_member_is_unknown(name: str, document: Any) -> None:
    def add_member(value: Any) -> Any:
        return value | {"unknown": None, "\U0001f600": 1} if isinstance(value, dict) else value

    refused, _ = count_agreements(name, document, add_member)
    assert refused == 0


@EVERY_DOCUMENT
@pytest.mark.parametrize("replacement", REPLACEMENTS, ids=ascii)
def test_agreement_where_a_member_is_replaced(name: str, document: Any, replacement: Any) -> None:
    refused, _ = count_agreements(name, document, lambda _: replacement)
    assert refused


@EVERY_LEAN_DOCUMENT
@pytest.mark.parametrize("replacement", CLOSE_REPLACEMENTS, ids=ascii)
def test_agreement_where_a_member_is_close_to_right(name: str, document: Any, replacement: Any) -> None:
    """The state inside a bundle is passed over: it stands by itself among the documents."""
    refused, _ = count_agreements(name, document, lambda _: replacement, below_state=False)
    assert refused


def json_values() -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text()
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )


def near_instants() -> st.SearchStrategy[str]:
    """Generate what is an instant, and what is one but for a field out of range or a slip of the pen."""
    parts = st.tuples(*(st.integers(0, limit) for limit in (9999, 13, 32, 25, 61, 61)))
    spelt = parts.map(lambda part: "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*part))
    ends = st.sampled_from(("Z", ".000000Z", ".999999Z", ".5Z", ".1234567Z", "", "z", "Z\n", "Z ", "+00:00"))
    real = st.datetimes().map(lambda instant: instant.isoformat(timespec="seconds"))
    return st.builds(str.__add__, spelt | real, ends)


def near_digests() -> st.SearchStrategy[str]:
    return st.text("0123456789abcdefF \n", min_size=63, max_size=65) | st.text("0123456789abcdef", min_size=64)


@settings(deadline=None, max_examples=500)
@given(data=st.data(), value=json_values() | near_instants() | near_digests())
def test_agreement_on_any_value_anywhere(data: st.DataObject, value: Any) -> None:
    name, document = data.draw(st.sampled_from(list(DOCUMENTS.values())))
    path = data.draw(st.sampled_from(list(paths_of(document))))
    changed = mutated(document, path, lambda _: value)
    assert schema_accepts(name, changed) is reader_accepts(name, changed)


@settings(deadline=None, max_examples=400)
@given(text=near_instants() | st.text())
@pytest.mark.parametrize(
    ("test_name", "path"),
    [
        ("record", ("metadata", "submitted_at")),
        ("receipt", ("signed_at",)),
        ("key", ("rotates_at",)),
        ("manifest", ("generated_at",)),
        ("rotation", ("effective_at",)),
        ("keyring", ("keys", 0, "valid_until")),
    ],
    ids=["seconds", "microseconds", "either or null", "either", "seconds of a statement", "either of a keyring"],
)
def test_agreement_on_instants(test_name: str, path: Path_, text: str) -> None:
    name, document = DOCUMENTS[test_name]
    changed = mutated(document, path, lambda _: text)
    assert schema_accepts(name, changed) is reader_accepts(name, changed)
