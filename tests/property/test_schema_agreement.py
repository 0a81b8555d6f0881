"""Schemas and readers agree: whatever is done to a document, its type reads it if and only if its schema does.

There is no exception, dates included: the schemas' pattern knows the calendar. Two things are outside the
comparison because no document gets so far with them: floats such as ``1.0``, an integer to JSON Schema, and
integers beyond 2^53 - 1 are refused before any type reads them.
"""

from __future__ import annotations

import base64
import re
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
from pithbuilder.documents.corpus_signature import CorpusSignature
from pithbuilder.documents.detached_event import DetachedEvent
from pithbuilder.documents.event import Event
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import KeyStatement
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.documents.mirror import MirrorEntry, MirrorManifest
from pithbuilder.documents.receipt import Receipt
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.documents.schemas import load_schema, schema_names
from pithbuilder.documents.snapshot_data import SnapshotData
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import DocumentError
from pithbuilder.fixtures.corpus.files import MANIFEST
from pithbuilder.fixtures.corpus.pack import SIGNATURE, pack
from pithbuilder.fixtures.scene.keys import REGISTRY as REGISTRY_KEY
from tests.support.key_chains import key, keyring, revocation, rotation

PUBLISHED = Path(__file__).parents[1] / "published"
WITH_LARGE_PAYLOADS = ("older bundle", "newer bundle", "state")
OLDER, NEWER, STATE = "bundle-1805.08469v1.json", "bundle-2410.05985v4.json", "state-1710.02368v1.json"

EXAMPLES = Path(__file__).parents[2] / "examples" / "events"

KINDS: Final[dict[str, type[Document] | type[CorpusSignature] | type[SnapshotData]]] = {
    **{family.event_type: family.payload for family in EVENT_FAMILIES.values()},
    "graph_snapshot_data": SnapshotData,
    "bundle": Bundle,
    "canonical_record": CanonicalRecord,
    "corpus_signature": CorpusSignature,
    "detached_event": DetachedEvent,
    "event": Event,
    "key_document": KeyDocument,
    "key_revocation": KeyStatement,
    "key_rotation": KeyStatement,
    "keyring": KeyringDocument,
    "mirror_manifest": MirrorManifest,
    "receipt": Receipt,
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

NUMBER: Final = "pith:2017:S25ARPIPDUL5X6EUZWD33T3O5A"
SPELLINGS: Final[tuple[str, ...]] = (
    *("orcid", "ORCID", "orcid ", "orcid\n", "email", "weak", "strong", "confirmed", "pending", "critical"),
    *("pith_detached_event", "pith_detached_event\n", "1.0", "1.00", "1.1"),
    *("opentimestamps", "rfc3161", "supports", "cites", "formal_bridge", "replication", "none"),
    *(NUMBER, f"{NUMBER}\n", f" {NUMBER}", NUMBER[:-1], f"{NUMBER}A", NUMBER.lower(), NUMBER.replace("2017", "0000")),
    *(NUMBER.replace("2017", "0001"), NUMBER.replace("2017", "\u0662017"), NUMBER.replace("S", "1", 1), NUMBER[5:]),
    *("AA==", "AB==", "AAA=", "AAB=", "AAAA", "AAAAAA==", "AAAA\n", "AA", "AA=", "AAA", "A", "=", "AAAA====", "A=AA"),
    *("AA==AAAA", "A-_A", "AA==\n", " AAAA", "A AA", "AAAA AAAA", "\u0410AAA", "/+9+"),
    *("http://a", "https://a", "https://a\n", "HTTPS://a", "https://", "https:///a", "https://[::1]/", "ftp://a"),
    *("https://a b", "https://a/\u00e9", "https://\u00e9", "https://?q", "https://1/~", "https://a/\x7f", "//a", "a"),
    *("", " ", "\t\n\v\f\r", "\x1c\x1d\x1e\x1f", "\x85\xa0", "\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"),
    *("\u200b", "\u180e", "\ufeff", " a ", "\x00", "\u3000\U0001f600"),
)
"""What comes close to the spellings that payloads ask for: choices, numbers, base64, addresses, texts not blank."""


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


def payload_documents() -> dict[str, tuple[str, Any]]:
    """Return the examples of what people hand over, and payloads with what the examples leave null or out."""

    def example(name: str) -> Any:
        return parse_object((EXAMPLES / f"{name}.json").read_bytes())

    number = example("citation_signature")["cited_pith_number"]
    data = example("graph_snapshot")
    digests = {f"{name}_sha256": "0" * 64 for name in ("claims", "references", "formal_canon", "author_claims")}
    anchor = {"status": "confirmed", "block_height": 0, "authority": None}
    names = [name for name in EVENT_FAMILIES if name not in ("record_created", "graph_snapshot")]
    return {
        **{f"{name} payload": (name, example(name)) for name in names},
        "confirmed anchor": ("timestamp_anchor", example("timestamp_anchor") | anchor),
        "replication by nothing named": ("replication_record", example("replication_record") | {"system": None}),
        "correction of a numbered paper": ("correction", example("correction") | {"corrected_pith_number": number}),
        "snapshot data": ("graph_snapshot_data", data),
        "snapshot data with digests": (
            "graph_snapshot_data",
            data | digests | {"integrity": data["integrity"] | {"snapshot_sha256": "0" * 64}, "verdict_id": "v"},
        ),
    }


def signed_corpus() -> Any:
    return parse_object(pack({MANIFEST: b"{}"}, REGISTRY_KEY.signer, REGISTRY_KEY.document)[SIGNATURE])


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
        "detached event": (
            "detached_event",
            DetachedEvent(
                event=Event.from_dict(snapshot | {"payload": {}}),
                public_key=KeyDocument.from_dict(newer["public_keys"][0]),
            ).to_dict(),
        ),
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
        "corpus signature": (
            "corpus_signature",
            signed_corpus(),
        ),
        **payload_documents(),
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
    schema: Any = load_schema(name)
    assert refused >= len(schema.get("required", ["endpoint of integrity"]))


@EVERY_DOCUMENT
def test_agreement_where_a_member_is_unknown(name: str, document: Any) -> None:
    def add_member(value: Any) -> Any:
        return value | {"unknown": None, "\U0001f600": 1} if isinstance(value, dict) else value

    refused, _ = count_agreements(name, document, add_member)
    assert refused == (3 if name == "graph_snapshot_data" else 0)  # itself, its integrity, its verdict


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


@pytest.mark.parametrize("replacement", SPELLINGS, ids=ascii)
@pytest.mark.parametrize("test_name", [*payload_documents(), "detached event"])
def test_agreement_where_a_payload_is_spelt_in_another_way(test_name: str, replacement: str) -> None:
    name, document = DOCUMENTS[test_name]
    count_agreements(name, document, lambda _: replacement)


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


def near_base64() -> st.SearchStrategy[str]:
    exact = st.binary(max_size=12).map(lambda data: base64.b64encode(data).decode())
    return exact | st.text("ABQgw0489+/=-_ \n", max_size=9)


def near_urls() -> st.SearchStrategy[str]:
    starts = st.sampled_from(("http://", "https://", "https:", "Http://", "\nhttp://", "ftp://", ""))
    return st.builds(str.__add__, starts, st.text("ab1[:/?#.~!@ \n\x7f\u00e9", max_size=6))


def near_numbers() -> st.SearchStrategy[str]:
    return st.from_regex(r"\Api?th:[0-9]{3,5}:[A-Z1-8]{25,27}\n?\Z") | st.from_regex(r"\Apith:000[0-9]:[A-Z2-7]{26}\Z")


@settings(deadline=None, max_examples=400)
@given(text=near_base64() | near_urls() | near_numbers() | st.text())
@pytest.mark.parametrize(
    ("test_name", "path"),
    [
        ("timestamp_anchor payload", ("proof_b64",)),
        ("storage_attestation payload", ("url",)),
        ("citation_signature payload", ("cited_pith_number",)),
        ("correction of a numbered paper", ("corrected_pith_number",)),
        ("author_attestation payload", ("claimant_name",)),
    ],
    ids=["base64", "address", "number", "number or null", "not blank"],
)
def test_agreement_on_spellings(test_name: str, path: Path_, text: str) -> None:
    name, document = DOCUMENTS[test_name]
    changed = mutated(document, path, lambda _: text)
    assert schema_accepts(name, changed) is reader_accepts(name, changed)


def test_agreement_on_what_is_blank_of_all_unicode() -> None:
    """One pattern and one reader decide over every character that JSON can carry."""
    definitions: Any = load_schema("author_attestation")["$defs"]
    pattern = re.compile(definitions["text_not_blank"]["pattern"])
    for code in range(0x110000):
        assert (pattern.search(chr(code)) is None) is (not chr(code).strip()), hex(code)


@pytest.mark.parametrize("last", range(64))
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_agreement_on_the_last_bits_of_base64(last: int, padding: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = "Ab9/"[: 3 - padding] + alphabet[last] + "=" * padding
    name, document = DOCUMENTS["timestamp_anchor payload"]
    changed = document | {"proof_b64": text}
    assert reader_accepts(name, changed) is schema_accepts(name, changed) is (last % 4**padding == 0)
