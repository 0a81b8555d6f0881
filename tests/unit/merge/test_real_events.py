"""The merge of events with real keys and signatures, judged by the real check: every reason code, nothing else lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.core.encoding import decode_base64, encode_base64
from pithbuilder.documents.base import OpaqueDocument
from pithbuilder.documents.event import Event
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.state import State
from pithbuilder.merge.fold import fold_events
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.event import judge_event
from pithbuilder.verify.merging import merge_bundles
from pithbuilder.verify.signatures import KnownKeys
from tests.support.events import (
    AUTHOR,
    CLAIM,
    ISSUED,
    JOURNAL,
    KEYS,
    LOST,
    PITH_NUMBER,
    RECORD_ID,
    REGISTRY,
    RIVALS,
    SNAPSHOT_ID,
    author_claim,
    bundle_with,
    correction,
    key_document,
    key_id_of,
    signed_event,
)

OTHER_NUMBER = "pith:2018:BXU6BBAINAUL6MJJTMDWTOJBR6"
GOOD = signed_event("correction", correction())


def state_of(events: list[Event], number: str = PITH_NUMBER) -> State:
    """Return the state under the keys that all the signers have, whoever trusts them."""
    keys = KnownKeys(Keyring())
    keys.bring([key_document(key) for key in KEYS.values()], Checks(), "$.public_keys")

    def check(event: Event) -> str | None:
        faults = judge_event(event, number, keys, "$").faults
        return faults[0].code if faults else None

    return fold_events(number, events, check=check, source_aliases=ISSUED.content.source_aliases)


def with_signature(event: Event = GOOD, **changes: Any) -> Event:
    return attrs.evolve(event, signature=attrs.evolve(event.signature, **changes))


def signed_again(event: Event = GOOD, signer_id: str = REGISTRY, **changes: Any) -> Event:
    """Return an event with another content, signed: what is wrong is what the signer said."""
    key = KEYS[signer_id]
    content = attrs.evolve(event.content, **changes)
    preimage = Preimage.of(content)
    return Event.sealed(content, attrs.evolve(event.signature, signature_b64=encode_base64(key.sign(preimage.digest))))


def altered_record(**changes: Any) -> Event:
    created = ISSUED.content.events[0]
    payload = OpaqueDocument.from_dict({**created.content.payload.to_dict(), **changes})
    return signed_again(created, payload=payload, created_at="2026-05-18T00:15:27Z", supersedes=(RECORD_ID,))


def altered_receipt(**changes: Any) -> Event:
    payload = ISSUED.content.events[0].content.payload.to_dict()
    receipt = payload["receipt"]
    assert isinstance(receipt, dict)
    return altered_record(receipt={**receipt, **changes})


def flipped(event: Event = GOOD) -> str:
    raw = bytearray(decode_base64(event.signature.signature_b64, 64))
    raw[5] ^= 1
    return encode_base64(bytes(raw))


WRONG: dict[str, tuple[str, Callable[[], Event]]] = {
    "digest": ("event-digest", lambda: attrs.evolve(GOOD, stated_content_sha256="0" * 64)),
    "id is a lie": ("event-id", lambda: attrs.evolve(GOOD, stated_event_id=RECORD_ID)),
    "another number": ("event-subject", lambda: signed_again(subject_pith_number=OTHER_NUMBER)),
    "version": ("event-schema-version", lambda: signed_again(schema_version="2.0")),
    "key id": ("event-signer", lambda: with_signature(key_id=key_id_of(KEYS[AUTHOR]))),
    "fingerprint": ("event-signer", lambda: with_signature(public_key_fingerprint="0" * 32)),
    "both fingerprints": (
        "signature-fingerprint",
        lambda: with_signature(
            signed_again(signer=attrs.evolve(GOOD.content.signer, public_key_fingerprint="0" * 32)),
            public_key_fingerprint="0" * 32,
        ),
    ),
    "algorithm": ("signature-algorithm", lambda: with_signature(algorithm="rsa")),
    "status": ("signature-status", lambda: with_signature(signature_status="unsigned")),
    "signed message": ("signature-message", lambda: with_signature(signed_message="bundle_sha256_bytes")),
    "base64": ("signature-encoding", lambda: with_signature(signature_b64="????")),
    "length": ("signature-encoding", lambda: with_signature(signature_b64="AAAA")),
    "signature": ("signature", lambda: with_signature(signature_b64=flipped())),
    "altered after signing": (
        "event-digest",
        lambda: attrs.evolve(GOOD, content=attrs.evolve(GOOD.content, created_at="2026-05-18T00:15:27Z")),
    ),
    "no such key": (
        "signature-key",
        lambda: with_signature(
            signed_again(signer=attrs.evolve(GOOD.content.signer, key_id="nobody")), key_id="nobody"
        ),
    ),
    "target": ("event-target", lambda: signed_event("correction", correction(), target="graph")),
    "payload lacks a field": ("event-payload", lambda: signed_event("correction", {"what": "all of it"})),
    "payload of another type": ("event-payload", lambda: signed_event("correction", author_claim())),
    "payload out of range": (
        "event-payload",
        lambda: signed_event("author_attestation", {**author_claim(), "strength": "certain"}),
    ),
    "record digest": ("record-digest", lambda: altered_record(canonical_sha256="0" * 64)),
    "record source": ("record-source", lambda: altered_record(source_version=9)),
    "receipt kind": ("receipt-kind", lambda: altered_receipt(kind="receipt")),
    "receipt version": ("receipt-version", lambda: altered_receipt(receipt_version="9")),
    "receipt digest": ("receipt-digest", lambda: altered_receipt(canonical_sha256="0" * 64)),
    "receipt times": ("receipt-times", lambda: altered_receipt(signed_at="2020-01-01T00:00:00.000000Z")),
    "receipt signature": ("signature", lambda: altered_receipt(signature_b64=flipped())),
    "missing predecessor": ("predecessor-missing", lambda: LOST),
    "supersedes another signer's": (
        "supersedes-other-signer",
        lambda: signed_event("correction", correction(), signer_id=JOURNAL, supersedes=[SNAPSHOT_ID]),
    ),
}


def others() -> list[Event]:
    """Return valid events of several signers, besides the issued record and snapshot."""
    return [
        *ISSUED.content.events,
        CLAIM,
        signed_event("correction", correction("a figure"), signer_id=JOURNAL, prev_event=RECORD_ID),
        signed_event("made_up_in_2050", {"x": 1}),
    ]


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_event_is_listed_with_its_reason_and_nothing_else_is_lost(name: str) -> None:
    reason, make = WRONG[name]
    wrong = make()
    alone = state_of(others()).content
    content = state_of([wrong, *others()]).content
    assert [(event.event_id, event.reason) for event in content.invalid_events] == [(wrong.content.event_id, reason)]
    assert content.current.canonical_bytes == alone.current.canonical_bytes
    assert content.applied_event_ids == alone.applied_event_ids
    assert (content.event_count, content.valid_event_count, content.invalid_event_count) == (6, 5, 1)
    assert len([*content.current.events()]) == 4


def test_all_of_them_at_once() -> None:
    """Copies of one content are one event: where one of them is valid, so is the event; else the smallest reason."""
    wrong = {name: make() for name, (_, make) in WRONG.items()}
    reasons: dict[str, list[str]] = {}
    for name, event in wrong.items():
        reasons.setdefault(event.content.event_id, []).append(WRONG[name][0])
    copies = reasons[GOOD.content.event_id]
    assert len(copies) > 5
    events = [*wrong.values(), *others()]
    states = set()
    for seed in range(5):
        random.Random(seed).shuffle(events)
        states.add(state_of(events).canonical_bytes)
    assert len(states) == 1
    content = state_of(events).content
    assert {event.event_id: event.reason for event in content.invalid_events} == {
        event_id: min(codes) for event_id, codes in reasons.items()
    }
    assert [event.event_id for event in content.invalid_events] == sorted(reasons)
    assert content.current.canonical_bytes == state_of(others()).content.current.canonical_bytes
    healed = state_of([*events, GOOD]).content
    assert GOOD.content.event_id in healed.applied_event_ids
    assert healed.event_count == content.event_count
    assert healed.invalid_event_count == content.invalid_event_count - 1


def test_a_lie_about_its_own_id_does_not_put_it_in_another_events_place() -> None:
    liar = attrs.evolve(GOOD, stated_event_id=SNAPSHOT_ID, stated_content_sha256=SNAPSHOT_ID.removeprefix("sha256:"))
    for events in ([liar, *others()], [*others(), liar]):
        content = state_of(events).content
        assert [event.event_id for event in content.current.graph_snapshots] == [SNAPSHOT_ID]
        assert [(event.event_id, event.reason) for event in content.invalid_events] == [
            (GOOD.content.event_id, "event-digest")
        ]


def test_of_several_faults_of_one_copy_the_first_counts() -> None:
    wrong = with_signature(
        signed_event("correction", {"what": ""}, target="graph", pith_number=OTHER_NUMBER), signature_b64=flipped()
    )
    assert reason_of(attrs.evolve(wrong, stated_content_sha256="0" * 64, stated_event_id="x")) == "event-digest"
    assert reason_of(attrs.evolve(wrong, stated_event_id="x")) == "event-id"
    assert reason_of(wrong) == "event-subject"
    wrong = with_signature(signed_event("correction", {"what": ""}, target="graph"), signature_b64=flipped())
    assert reason_of(wrong) == "signature"
    assert reason_of(signed_event("correction", {"what": ""}, target="graph")) == "event-target"
    assert reason_of(signed_event("correction", {"what": ""})) == "event-payload"


def reason_of(event: Event) -> str:
    [invalid] = state_of([event]).content.invalid_events
    assert invalid.event_id == event.content.event_id
    return invalid.reason


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_bundles_of_disagreeing_mirrors_merge_to_one_state(data: st.DataObject) -> None:
    """Commutative, associative and idempotent over signed bundles, whatever the mirrors hold and have broken."""
    pool = [
        *others()[2:],
        *(make() for name, (_, make) in WRONG.items() if name not in ("key id", "no such key")),
        *RIVALS,
        GOOD,
    ]
    held = [data.draw(st.sets(st.integers(0, 2), max_size=3)) for _ in pool]
    a, b, c = (
        bundle_with(
            data.draw(st.permutations([event for event, mirrors in zip(pool, held, strict=True) if at in mirrors]))
        )
        for at in range(3)
    )

    def state(*bundles: Any) -> bytes:
        return merge_bundles(bundles, Keyring()).state.canonical_bytes

    def union(*bundles: Any) -> Any:
        issued = [event.content.event_id for event in ISSUED.content.events]
        events = merge_bundles(bundles, Keyring()).events
        return bundle_with(event for event_id, event in events.items() if event_id not in issued)

    expected = state(a, b, c)
    assert state(c, b, a) == state(b, a, c, a, b, b) == expected
    assert state(union(a, b), c) == state(a, union(c, b)) == state(union(union(a, c), b)) == expected
    assert union(a, b, c).content.state.canonical_bytes == expected
