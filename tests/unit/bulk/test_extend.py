"""Extending bundles: what is read of the files that arrive, and what the ledger and the issuer make of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from pithbuilder.bulk.arriving import read_arriving
from pithbuilder.bulk.extend import Extender
from pithbuilder.bulk.trusted import load_bundle_to_sign, load_trusted_bundle
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.detached_event import DetachedEvent
from pithbuilder.documents.event import Event
from pithbuilder.errors import EventError, MintError, PithError
from pithbuilder.fixtures.scene.documents import BUILT_AT
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.merge.history import Standing
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.keyring import Keyring
from pithbuilder.stores.bundle_place import BundlePlace
from pithbuilder.stores.ledger import Ledger
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.report import Verdict
from tests.support.events import (
    AUTHOR,
    CLAIM_ID,
    ISSUED,
    JOURNAL,
    KEYS,
    RECORD_ID,
    REGISTRY,
    author_claim,
    bundle_with,
    correction,
    damaged,
    key_document,
    key_id_of,
    signed_bundle,
    signed_event,
)

NOW = datetime(2026, 5, 19, tzinfo=UTC)
PROFILE = IssuerProfile(signer_id=REGISTRY, mirror_name="Example", base_url="https://registry.example")
CHAIN = KeyChain.begin(REGISTRY, key_document(KEYS[REGISTRY]))
CLAIM = signed_event("author_attestation", author_claim(), signer_id=AUTHOR)


def issuer() -> Issuer:
    signer = LocalSigner(key_id_of(KEYS[REGISTRY]), KEYS[REGISTRY])
    return Issuer(PROFILE, signer, FixedClock(NOW), key_document=key_document(KEYS[REGISTRY]))


def detached(event: Event, owner: str = AUTHOR) -> DetachedEvent:
    return DetachedEvent(event=event, public_key=key_document(KEYS[owner]))


def accepted(path: Path, bundle: Bundle, *arriving: DetachedEvent, keyring: Keyring | None = None) -> list[str]:
    """Take events into a bundle outside of any mirror; return what became of them."""
    path.write_bytes(bundle.canonical_bytes)
    with Ledger(path.with_name("ledger")) as ledger:
        extender = Extender(issuer(), FixedClock(NOW), ledger, CHAIN, keyring or Keyring())
        place = BundlePlace.of(path)
        extended = extender.accept(place, extender.load(place), arriving)
    assert extended.unchanged == (path.read_bytes() == bundle.canonical_bytes)
    assert verify_bundle(path.read_bytes(), CHAIN.own_keys()).verdict is Verdict.TRUSTED
    assert extended.bundle.canonical_bytes == path.read_bytes()
    return [entry.standing.value for entry in extended.added]


def test_a_valid_copy_of_what_is_there_damaged(tmp_path: Path) -> None:
    damaged = attrs.evolve(CLAIM, signature=attrs.evolve(CLAIM.signature, signature_b64="A" * 86 + "=="))
    bundle = bundle_with([damaged], keys=[KEYS[REGISTRY], KEYS[AUTHOR]])
    assert [event.reason for event in bundle.content.state.content.invalid_events] == ["signature"]
    path = tmp_path / "bundle.json"
    assert accepted(path, bundle, detached(damaged)) == []
    assert accepted(path, bundle, detached(damaged), detached(CLAIM)) == [Standing.IN_FORCE.value]
    assert accepted(path, bundle_with([CLAIM]), detached(damaged)) == []


def test_the_key_of_a_receipt_stays_listed() -> None:
    """A record may have been signed with another key than its receipt; a bundle must list both."""
    record, snapshot = (event.content.payload.to_dict() for event in ISSUED.content.events)
    events = (
        signed_event("record_created", record, key=KEYS[JOURNAL]),
        signed_event("graph_snapshot", snapshot, key=KEYS[JOURNAL]),
    )
    bundle = bundle_with([], events=events)
    signer = LocalSigner(key_id_of(KEYS[JOURNAL]), KEYS[JOURNAL])
    own = Issuer(PROFILE, signer, FixedClock(NOW), key_document=key_document(KEYS[JOURNAL]))
    issued = own.extend(bundle, [], keys=[], state=bundle.content.state, at=NOW)
    listed = [document.key_id for document in issued.bundle.content.public_keys]
    assert listed == [key_id_of(KEYS[REGISTRY]), key_id_of(KEYS[JOURNAL])]
    assert verify_bundle(issued.bundle_bytes, Keyring()).verdict is Verdict.SELF_CONSISTENT


def test_a_key_of_ones_own_id_is_never_left_out_in_silence() -> None:
    stolen = attrs.evolve(key_document(KEYS[JOURNAL]), key_id=key_id_of(KEYS[REGISTRY]))
    with pytest.raises(MintError) as caught:
        issuer().extend(ISSUED, [], keys=[stolen], state=ISSUED.content.state, at=NOW)
    assert caught.value.code == "key-conflict"


def said(**changes: Any) -> Event:
    return signed_event("correction", **{"payload": correction(), "signer_id": AUTHOR, **changes})


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([said(signer_id=REGISTRY, key=KEYS[JOURNAL])], "signer-key"),
        ([attrs.evolve(CLAIM, stated_event_id="sha256:" + "0" * 64)], "event-id"),
        ([said(created_at="2026-05-19T00:00:01Z")], "event-future"),
        ([said(payload={"what": "x"})], "event-payload"),
        ([said(target="graph")], "event-target"),
        ([said(supersedes=[RECORD_ID])], "supersedes-other-signer"),
        ([CLAIM, said(prev_event="sha256:0")], "predecessor-missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused_and_nothing_written(tmp_path: Path, events: list[Event], code: str) -> None:
    path = tmp_path / "bundle.json"
    arriving = [detached(event, JOURNAL if code == "signer-key" else AUTHOR) for event in events]
    with pytest.raises(EventError) as caught:
        accepted(path, ISSUED, *arriving)
    assert caught.value.code == code
    assert path.read_bytes() == ISSUED.canonical_bytes
    if code == "signer-key":  # also where that key is pinned, be it as nobody's
        with pytest.raises(EventError):
            accepted(path, ISSUED, *arriving, keyring=Keyring([key_document(KEYS[JOURNAL])]))


@pytest.mark.parametrize(
    ("key_id", "refused"),
    [
        ("registry.example-2031-01", True),
        ("Registry-Example-2031-01-2", True),
        ("registry.example-labs-2031-01", False),
        ("labs.registry.example-2031-01", False),
        ("registry.example", False),
        ("", False),
    ],
)
def test_key_ids_that_the_issuers_next_keys_will_have(tmp_path: Path, key_id: str, refused: bool) -> None:
    document = attrs.evolve(key_document(KEYS[AUTHOR]), key_id=key_id)
    signer = attrs.evolve(CLAIM.content.signer, key_id=key_id)
    event = Event.sealed(attrs.evolve(CLAIM.content, signer=signer), CLAIM.signature)
    with pytest.raises(EventError) as caught:
        accepted(tmp_path / "bundle.json", ISSUED, DetachedEvent(event=event, public_key=document))
    assert caught.value.code == ("key-conflict" if refused else "event-signer")


def test_reading_what_arrives() -> None:
    one = detached(CLAIM)
    assert read_arriving(one.canonical_bytes, "x") == [one]
    bundle = bundle_with([CLAIM])
    assert [item.event for item in read_arriving(bundle.canonical_bytes, "x")] == list(bundle.content.events)
    assert read_arriving(bundle.canonical_bytes, "x")[-1] == one
    for data, code in (
        (b"", "json-syntax"),
        (b"{}", "field-missing"),
        (CLAIM.canonical_bytes, "field-missing"),
        (detached(CLAIM, JOURNAL).canonical_bytes, "event-key-missing"),
        (bundle_with([CLAIM], keys=[KEYS[REGISTRY]]).canonical_bytes, "event-key-missing"),
        (ISSUED.content.state.canonical_bytes, "field-missing"),
    ):
        with pytest.raises(PithError) as caught:
            read_arriving(data, "x")
        assert caught.value.code == code


def test_which_bundles_may_be_added_to_or_signed_about() -> None:
    own = CHAIN.own_keys()
    assert load_trusted_bundle(ISSUED.canonical_bytes, [Keyring(), own], "x") == ISSUED
    assert load_bundle_to_sign(ISSUED.canonical_bytes, Keyring(), "x") == ISSUED
    for data, keyrings in (
        (ISSUED.canonical_bytes, [Keyring()]),
        (signed_bundle(ISSUED, KEYS[JOURNAL]).canonical_bytes, [own]),
        (b"{", [own]),
    ):
        with pytest.raises(EventError) as caught:
            load_trusted_bundle(data, keyrings, "x")
        assert (caught.value.code, caught.value.where) == ("bundle-untrusted", "x")
    broken = {**json.loads(ISSUED.canonical_bytes), "built_at": "2026-05-18T00:15:27Z"}
    for data in (b"", b"{}", json.dumps(broken).encode()):
        with pytest.raises(EventError) as caught:
            load_bundle_to_sign(data, own, "x")
        assert caught.value.code == "bundle-invalid"
    assert broken["built_at"] != BUILT_AT


def by_a_forger(**changes: Any) -> Event:
    """Return an event in the author's name by another key."""
    return said(key=KEYS[JOURNAL], payload=correction("forged"), **changes)


@pytest.mark.parametrize("forged", [by_a_forger(), by_a_forger(supersedes=[CLAIM_ID])])
def test_of_an_unknown_signer_one_key_speaks(tmp_path: Path, forged: Event) -> None:
    """Whoever comes first is taken; with another key nobody supersedes or contradicts what was said, nor together."""
    path, arriving = tmp_path / "bundle.json", detached(forged, JOURNAL)
    for bundle, items in ((bundle_with([CLAIM]), [arriving]), (ISSUED, [detached(CLAIM), arriving])):
        with pytest.raises(EventError) as caught:
            accepted(path, bundle, *items)
        assert caught.value.code == "signer-key"
        assert path.read_bytes() == bundle.canonical_bytes


def test_an_invalid_event_speaks_for_no_key(tmp_path: Path) -> None:
    bundle = bundle_with([damaged(by_a_forger())])
    assert accepted(tmp_path / "bundle.json", bundle, detached(CLAIM)) == [Standing.IN_FORCE.value]


def test_unknown_members_of_a_bundle_are_kept(tmp_path: Path) -> None:
    content = attrs.evolve(ISSUED.content, extra={"x_future": [1, "\u00e9"]})
    bundle = signed_bundle(Bundle(content=content, bundle_signature=ISSUED.bundle_signature))
    path = tmp_path / "bundle.json"
    assert accepted(path, bundle, detached(CLAIM)) == [Standing.IN_FORCE.value]
    assert json.loads(path.read_bytes())["x_future"] == [1, "\u00e9"]


def test_a_snapshot_may_be_superseded_together_with_the_record(tmp_path: Path) -> None:
    """The first time stays, whatever stands in front of the record among what is superseded."""
    path = tmp_path / "bundle.json"
    path.write_bytes(ISSUED.canonical_bytes)
    names = [event.content.event_id for event in ISSUED.content.events]
    with Ledger(tmp_path / "ledger") as ledger:
        extender = Extender(issuer(), FixedClock(NOW), ledger, CHAIN, Keyring())
        place = BundlePlace.of(path)
        snapshot = ISSUED.content.events[1].content.payload
        extender.add_own(place, extender.load(place), "graph_snapshot", snapshot)
        extended = extender.add_own(
            place, extender.load(place), "record_created", None, supersedes=(names[1], names[0])
        )
    recorded = extended.bundle.content.state.content.current.record_created
    assert recorded is not None
    before = ISSUED.content.events[0].content.payload.to_dict()["receipt"]
    after = recorded.payload.to_dict()["receipt"]
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert after["first_computed_at"] == before["first_computed_at"]
    assert after["last_reissued_at"] == "2026-05-19T00:00:00.000000Z"
