"""The documents that the registry published: verified, read and written again, and derived once more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pithbuilder import (
    Issuer,
    IssuerProfile,
    Keyring,
    PithNumber,
    authors_text,
    canonicalize,
    pinned_keyring,
    verify_bundle,
)
from pithbuilder.core.encoding import decode_base64
from pithbuilder.core.text import canonical_text_sha256
from pithbuilder.core.timestamps import FixedClock, parse_microseconds
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import parse_object
from pithbuilder.merge.fold import fold_events
from pithbuilder.signing.ed25519 import PublicKey, load_public_key
from pithbuilder.sources.snapshot import read_snapshot_object
from pithbuilder.verify.document import verify_document
from pithbuilder.verify.report import Verdict

PUBLISHED = Path(__file__).parents[1] / "published"
BUNDLES = ("bundle-1805.08469v1.json", "bundle-2410.05985v4.json")
KEY_ID = "pith-v1-2026-05"


def lines(name: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (PUBLISHED / name).read_text(encoding="utf-8").splitlines()]
    assert found, f"{name} is empty"
    return found


def read(value: dict[str, Any]) -> PaperMetadata:
    paper = read_snapshot_object(value, "snapshot").paper
    assert paper is not None
    return paper


def paper(arxiv_id: str) -> PaperMetadata:
    (value,) = [line for line in lines("arxiv/snapshot.jsonl") if line["id"] == arxiv_id]
    return read(value)


@pytest.mark.parametrize("name", BUNDLES)
def test_bundle_is_trusted_under_the_pinned_key(name: str) -> None:
    data = (PUBLISHED / name).read_bytes()
    report = verify_bundle(data, pinned_keyring())
    assert report.verdict is Verdict.TRUSTED
    assert report.findings == ()
    assert [(key.key_id, key.pinned) for key in report.keys] == [(KEY_ID, True)]


@pytest.mark.parametrize("name", BUNDLES)
def test_bundle_is_only_self_consistent_without_the_pinned_key(name: str) -> None:
    report = verify_bundle((PUBLISHED / name).read_bytes(), Keyring())
    assert report.verdict is Verdict.SELF_CONSISTENT
    assert report.findings == ()


def test_state_is_good_and_its_receipt_is_under_the_pinned_key() -> None:
    report = verify_document((PUBLISHED / "state-1710.02368v1.json").read_bytes(), pinned_keyring())
    assert report.verdict is Verdict.SELF_CONSISTENT  # a state is not signed
    assert report.findings == ()
    assert [(key.key_id, key.pinned) for key in report.keys] == [(KEY_ID, True)]


@pytest.mark.parametrize("name", [*BUNDLES, "state-1710.02368v1.json"])
def test_read_and_written_again(name: str) -> None:
    value = parse_object((PUBLISHED / name).read_bytes())
    document = (Bundle if "bundle_type" in value else State).from_dict(value)
    assert document.canonical_bytes == canonicalize(value)
    assert document.to_dict() == value


@pytest.mark.parametrize("name", BUNDLES)
def test_state_merges_again_to_the_same_bytes(name: str) -> None:
    content = Bundle.from_dict(parse_object((PUBLISHED / name).read_bytes())).content
    for events in (content.events, content.events[::-1], content.events * 3):
        merged = fold_events(content.pith_number, events, check=lambda _: None, source_aliases=content.source_aliases)
        assert merged.canonical_bytes == content.state.canonical_bytes


def test_pinned_key_document_is_the_published_one() -> None:
    value = parse_object((PUBLISHED / BUNDLES[0]).read_bytes())
    published = KeyDocument.from_dict(value["public_keys"][0])  # type: ignore[index]
    shipped = KeyDocument.from_dict(parse_object((PUBLISHED.parents[1] / "keys" / f"{KEY_ID}.json").read_bytes()))
    assert shipped.canonical_bytes == published.canonical_bytes


@pytest.mark.parametrize("vector", lines("vectors/records.jsonl"), ids=lambda vector: vector["pith_number"][10:18])
def test_record_vectors(vector: dict[str, Any]) -> None:
    record = CanonicalRecord.from_dict(vector["canonical_record"])
    assert record.digest.hex() == vector["canonical_sha256"]
    assert str(record.pith_number) == vector["pith_number"]
    assert str(PithNumber.derive(vector["canonical_record"])) == vector["pith_number"]
    assert (
        "title" in vector
        or "authors_text" in vector
        or set(vector)
        <= {
            "canonical_record",
            "canonical_sha256",
            "first_computed_at",
            "pith_number",
        }
    )
    if "title" in vector:
        assert canonical_text_sha256(vector["title"]) == record.metadata.title_canon_sha256
    if vector.get("authors_text"):
        assert authors_text(vector["authors_text"]) == vector["authors_text"]


@pytest.mark.parametrize("vector", lines("vectors/receipts.jsonl"), ids=lambda vector: vector["pith_number"][10:18])
def test_receipt_vectors(vector: dict[str, Any]) -> None:
    key = pinned_keyring().get(KEY_ID)
    assert key is not None
    digest = bytes.fromhex(vector["canonical_sha256"])
    assert key.verify(decode_base64(vector["receipt_signature_b64"], 64), digest)
    assert str(PithNumber.from_digest(digest, int(vector["pith_number"][5:9]))) == vector["pith_number"]


@pytest.mark.parametrize("vector", lines("vectors/authors.jsonl"), ids=lambda vector: vector["suffix"][:8])
def test_author_vectors(vector: dict[str, Any]) -> None:
    assert authors_text(vector["authors_text"]) == vector["authors_text"]


def test_numbers_from_arxiv_metadata() -> None:
    expected = json.loads((PUBLISHED / "arxiv" / "snapshot.expected.json").read_text())
    derived = {
        value["id"]: str(CanonicalRecord.derive(read(value)).pith_number) for value in lines("arxiv/snapshot.jsonl")
    }
    assert derived == expected
    assert len(derived) == 3


class PublishedSigner:
    """Signs with the registry's own published signatures: there is no other way to sign with its key."""

    key_id = KEY_ID

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.public_key: PublicKey = load_public_key(bytes.fromhex(bundle["public_keys"][0]["public_key_hex"]))
        created, snapshot = bundle["events"]
        self._signatures = {
            bundle["canonical_sha256"]: created["payload"]["receipt"]["signature_b64"],
            created["content_sha256"]: created["signature"]["signature_b64"],
            snapshot["content_sha256"]: snapshot["signature"]["signature_b64"],
        }
        self.asked: list[str] = []

    def sign(self, preimage: Preimage) -> bytes:
        self.asked.append(preimage.digest.hex())
        found = self._signatures.get(preimage.digest.hex())
        return bytes(64) if found is None else decode_base64(found, 64)


def test_issuing_1805_08469_again_gives_the_published_record_event_and_state() -> None:
    data = (PUBLISHED / BUNDLES[0]).read_bytes()
    published = json.loads(data)
    receipt = published["events"][0]["payload"]["receipt"]
    signer = PublishedSigner(published)
    profile = IssuerProfile(
        signer_id="pith.science",
        mirror_name="Pith Resolver",
        base_url="https://pith.science",
        builder_version=receipt["builder_version"],
        integrity=False,  # the snapshot is older than the integrity block
    )
    clock = FixedClock(parse_microseconds(receipt["first_computed_at"]))
    content = Issuer(profile, signer, clock).issue(paper("1805.08469")).bundle.content

    assert content.canonical_sha256 == published["canonical_sha256"]
    assert content.pith_number == published["pith_number"]
    assert content.short_pith_number == published["short_pith_number"]
    assert [(alias.alias_kind, alias.alias_value) for alias in content.source_aliases] == [
        (alias["alias_kind"], alias["alias_value"]) for alias in published["source_aliases"]
    ]
    assert content.links.to_dict() == published["links"]
    assert [hint.to_dict() for hint in content.mirror_hints] == published["mirror_hints"]

    # The receipt was signed half a millisecond after first_computed_at, which is inside the first event's payload;
    # so the first event is the published one, and the snapshot event is ours.
    snapshot_event = content.events[1]
    assert snapshot_event.content.content_sha256 == published["events"][1]["content_sha256"]
    assert snapshot_event.content.content_sha256 in signer.asked
    published_bundle = Bundle.from_dict(parse_object(data)).content
    merged = fold_events(
        content.pith_number,
        [snapshot_event, published_bundle.events[0]],
        check=lambda _: None,
        source_aliases=published_bundle.source_aliases,
    )
    assert merged.content.state_sha256 == published["state"]["state_sha256"]
    assert merged.canonical_bytes == canonicalize(published["state"])


def test_snapshot_of_the_newer_shape_has_the_published_integrity_block() -> None:
    published = json.loads((PUBLISHED / BUNDLES[1]).read_bytes())
    profile = IssuerProfile(signer_id="pith.science", mirror_name="Pith Resolver", base_url="https://pith.science")
    signer = PublishedSigner(published)
    clock = FixedClock(parse_microseconds("2026-06-23T01:11:53.128854Z"))
    issued = Issuer(profile, signer, clock).issue(paper("1805.08469")).bundle.to_dict()
    block: Any = issued["events"][1]["payload"]["graph_snapshot"]["integrity"]  # type: ignore[index, call-overload]
    expected = published["events"][1]["payload"]["graph_snapshot"]["integrity"]
    assert {**block, "endpoint": ""} == {**expected, "endpoint": ""}
    assert block["endpoint"] == "/pith/1805.08469/integrity.json"
    assert expected["endpoint"] == "/pith/2410.05985/integrity.json"
