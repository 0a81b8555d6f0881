"""What two bundles or states say differently, kind by kind, and that the answer mirrors itself."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import Event
from pithbuilder.documents.mirror import BundleLinks, MirrorHint
from pithbuilder.documents.state import State
from pithbuilder.errors import MergeError
from pithbuilder.merge.difference import Difference, Relation, Side, compare, refuse_other_numbers
from pithbuilder.merge.history import Standing
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.merging import merge_bundles
from tests.support.events import (
    AGAIN,
    AUTHOR,
    CLAIM,
    CLAIM_ID,
    ISSUED,
    JOURNAL,
    KEYS,
    PITH_NUMBER,
    RECORD_ID,
    REGISTRY,
    SNAPSHOT_ID,
    author_claim,
    bundle_with,
    correction,
    key_id_of,
    signed_bundle,
    signed_event,
)

LATER = "2026-06-01T00:00:00Z"
RIVAL = signed_event("author_attestation", author_claim("B. Byron"), signer_id=AUTHOR, prev_event=RECORD_ID)
ON_CLAIM = signed_event("correction", correction(), signer_id=JOURNAL, prev_event=CLAIM_ID)
BROKEN = attrs.evolve(ON_CLAIM, signature=attrs.evolve(ON_CLAIM.signature, signature_b64=CLAIM.signature.signature_b64))
FREE = signed_event("correction", correction("more"), signer_id=JOURNAL, created_at=LATER)
UNKNOWN = signed_event("made_up_in_2050", {}, signer_id=JOURNAL, created_at=LATER)
EVENTS = (CLAIM, AGAIN, RIVAL, ON_CLAIM, BROKEN, FREE, UNKNOWN)


def side(document: Bundle | State) -> Side:
    state = document if isinstance(document, State) else merge_bundles((document,), Keyring()).state
    return Side(document=document, state=state.content, data=document.canonical_bytes)


def difference(one: Bundle | State, other: Bundle | State) -> Difference:
    """Return the difference, which must be the mirror image of that of the two the other way round."""
    found = compare(side(one), side(other))
    assert compare(side(other), side(one)).to_dict() == mirrored(found)
    return found


def mirrored(found: Difference) -> JsonObject:
    """Return what the difference must be the other way round, but for what holds in one direction only."""
    back = attrs.evolve(
        found,
        kinds=found.kinds[::-1],
        events_added=found.events_removed,
        events_removed=found.events_added,
        events_changed=tuple(attrs.evolve(each, before=each.after, after=each.before) for each in found.events_changed),
        keys_added=found.keys_removed,
        keys_removed=found.keys_added,
        keys_changed=tuple((after, before) for before, after in found.keys_changed),
        fields=tuple(attrs.evolve(each, removed=each.added, added=each.removed) for each in found.fields),
    )
    return back.to_dict()


def added_ids(found: Difference) -> list[str]:
    return [event.event_id for event in found.events_added]


def paths(found: Difference) -> list[str]:
    """Return the paths of the fields that differ, but for what differs with everything."""
    return [each.path for each in found.fields if not each.path.startswith("$.bundle_signature.")]


def test_the_same_bytes() -> None:
    found = difference(ISSUED, ISSUED)
    assert found == Difference(pith_number=PITH_NUMBER, relation=Relation.IDENTICAL, kinds=("bundle", "bundle"))
    assert found.relation.says_the_same


def test_another_spelling() -> None:
    spelt = json.dumps(ISSUED.to_dict(), indent=2).encode()
    one, other = side(ISSUED), attrs.evolve(side(Bundle.from_dict(json.loads(spelt))), data=spelt)
    assert compare(one, other) == compare(other, one)
    assert compare(one, other).relation is Relation.SAME_CONTENT


def test_an_event_more() -> None:
    found = difference(bundle_with([]), bundle_with([CLAIM]))
    assert found.relation is Relation.DIFFERENT
    assert not found.relation.says_the_same
    [added] = found.events_added
    assert added.to_dict() == {
        "event_id": CLAIM_ID,
        "event_type": "author_attestation",
        "signer_id": AUTHOR,
        "created_at": CLAIM.content.created_at,
        "standing": "in-force",
    }
    assert (found.events_removed, found.events_changed, paths(found)) == ((), (), [])


def test_an_event_that_supersedes() -> None:
    found = difference(bundle_with([CLAIM]), bundle_with([CLAIM, AGAIN]))
    assert added_ids(found) == [AGAIN.content.event_id]
    assert found.newly_superseded == found.no_longer_in_force == found.events_changed
    [change] = found.events_changed
    assert change.to_dict() == {"event_id": CLAIM_ID, "before": "in-force", "after": "superseded"}


def test_an_event_that_contradicts() -> None:
    found = difference(bundle_with([CLAIM]), bundle_with([CLAIM, RIVAL]))
    [change] = found.newly_equivocating
    assert change.after.event_id == CLAIM_ID
    assert found.no_longer_in_force == (change,)
    assert found.events_added[0].standing is Standing.EQUIVOCATING


def test_an_event_that_lost_its_predecessor() -> None:
    found = difference(bundle_with([CLAIM, ON_CLAIM]), bundle_with([ON_CLAIM]))
    assert [event.event_id for event in found.events_removed] == [CLAIM_ID]
    [change] = found.newly_invalid
    assert change.to_dict() == {
        "event_id": ON_CLAIM.content.event_id,
        "before": "in-force",
        "after": "invalid",
        "reason_after": "predecessor-missing",
    }
    back = difference(bundle_with([ON_CLAIM]), bundle_with([CLAIM, ON_CLAIM]))
    assert [change.after.standing for change in back.newly_valid] == [Standing.IN_FORCE]


def test_invalid_for_another_reason() -> None:
    found = difference(bundle_with([CLAIM, BROKEN]), bundle_with([ON_CLAIM]))
    [change] = found.events_changed
    assert (change.before.reason, change.after.reason) == ("signature", "predecessor-missing")
    assert found.newly_invalid == found.newly_valid == ()
    assert found.events_signed_again == (ON_CLAIM.content.event_id,)


def test_nothing_but_a_standing() -> None:
    found = difference(bundle_with([CLAIM, ON_CLAIM]), bundle_with([CLAIM, BROKEN]))
    assert (found.events_added, found.events_removed, found.relation) == ((), (), Relation.DIFFERENT)
    assert [change.after.reason for change in found.newly_invalid] == ["signature"]


# ---- Signed again ------------------------------------------------------------------------------------------------


def again(**changes: Any) -> Bundle:
    return bundle_with([CLAIM], **changes)


def links() -> BundleLinks:
    return BundleLinks.of(PITH_NUMBER.rpartition(":")[2], base_url="https://elsewhere.example")


@pytest.mark.parametrize(
    "other",
    [
        signed_bundle(again(), signed_at="2027-01-01T00:00:00.000000Z"),
        signed_bundle(again(), key=KEYS[JOURNAL]),
        again(built_at=LATER),
        again(keys=[KEYS[AUTHOR], KEYS[REGISTRY]]),
        again(links=links()),
        again(events=(CLAIM, *ISSUED.content.events)),
        again(events=(*ISSUED.content.events, CLAIM, CLAIM)),
        again(
            events=(
                *ISSUED.content.events,
                attrs.evolve(CLAIM, signature=attrs.evolve(CLAIM.signature, signed_at="2027-01-01T00:00:00.000000Z")),
            )
        ),
    ],
    ids=["signed later", "by another key", "built later", "keys", "links", "order", "copies", "an event's seal"],
)
def test_signed_again(other: Bundle) -> None:
    found = difference(again(), other)
    assert found.relation is Relation.RESIGNED
    assert not found.relation.says_the_same
    assert (found.events_added, found.events_removed, found.events_changed) == ((), (), ())


def test_what_was_signed_again() -> None:
    built = difference(again(), again(built_at=LATER))
    assert [(each.path, each.removed, each.added) for each in built.fields if each.path == "$.built_at"] == [
        ("$.built_at", (ISSUED.content.built_at,), (LATER,))
    ]
    linked = difference(again(), again(links=links()))
    assert paths(linked) == ["$.links.bundle", "$.links.resolver", "$.links.state", "$.links.well_known_bundle"]
    by_another = difference(again(), signed_bundle(again(), key=KEYS[JOURNAL]))
    assert "$.bundle_signature.key_id" in [each.path for each in by_another.fields]


HINT = MirrorHint.of(PITH_NUMBER.rpartition(":")[2], name="M", base_url="https://m.example")
ALIASES = ISSUED.content.source_aliases


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"short_pith_number": "pith:AAAAAAAA"}, "$.short_pith_number"),
        ({"mirror_hints": (*ISSUED.content.mirror_hints, HINT)}, "$.mirror_hints"),
        ({"source_aliases": type(ALIASES)(ALIASES.aliases[1:])}, "$.source_aliases"),
        ({"canonical_sha256": "0" * 64}, "$.canonical_sha256"),
        ({"extra": {"note": None}}, "$.note"),
        ({"extra": {"linksmith": 1}}, "$.linksmith"),
        ({"bundle_version": "1.1"}, "$.bundle_version"),
    ],
    ids=["short", "hint", "alias", "digest", "unknown field", "a name like another's", "version"],
)
def test_what_else_a_bundle_says(changes: dict[str, Any], path: str) -> None:
    found = difference(again(), again(**changes))
    assert found.relation is Relation.DIFFERENT
    assert paths(found) == [path]


def test_elements_of_lists_are_told_one_by_one() -> None:
    found = difference(again(), again(mirror_hints=(HINT, *ISSUED.content.mirror_hints)))
    [change] = [each for each in found.fields if each.path == "$.mirror_hints"]
    assert (change.removed, change.added) == ((), (HINT.to_dict(),))
    two = [HINT.to_dict(), *(hint.to_dict() for hint in ISSUED.content.mirror_hints)]
    turned = again(mirror_hints=(*ISSUED.content.mirror_hints, HINT))
    found = difference(again(mirror_hints=(HINT, *ISSUED.content.mirror_hints)), turned)
    [change] = [each for each in found.fields if each.path == "$.mirror_hints"]
    assert (change.removed, change.added) == ((two,), (two[::-1],))


def test_elements_count_as_often_as_they_are_there() -> None:
    found = difference(again(extra={"rows": [1, 1, 2]}), again(extra={"rows": [1, 2, 2, True]}))
    [change] = [each for each in found.fields if each.path == "$.rows"]
    assert change.to_dict() == {"path": "$.rows", "removed": [1], "added": [2, True]}


def test_keys() -> None:
    registry, author, journal = (KEYS[name] for name in (REGISTRY, AUTHOR, JOURNAL))
    found = difference(again(keys=[registry, author]), again(keys=[registry, journal, author]))
    assert [key.key_id for key in found.keys_added] == [key_id_of(journal)]
    assert (found.keys_removed, found.keys_changed) == ((), ())
    documents = again().content.public_keys
    renamed = tuple(attrs.evolve(key, notes="of old") if key.key_id == key_id_of(journal) else key for key in documents)
    found = difference(again(), again(public_keys=renamed))
    [(before, after)] = found.keys_changed
    assert (before.notes, after.notes) == ("", "of old")
    assert found.relation is Relation.RESIGNED


def test_a_state_that_is_a_lie() -> None:
    lie = bundle_with([CLAIM], state=ISSUED.content.state)
    found = difference(again(), lie)
    assert found.relation is Relation.DIFFERENT
    assert "$.state.current.author_attestations" in paths(found)
    false_digest = attrs.evolve(again().content.state, stated_state_sha256="0" * 64)
    assert paths(difference(again(), bundle_with([CLAIM], state=false_digest))) == ["$.state.state_sha256"]


# ---- States ------------------------------------------------------------------------------------------------------


def state_of(*events: Event) -> State:
    return bundle_with(events).content.state


def test_a_bundle_and_its_state() -> None:
    found = difference(again(), state_of(CLAIM))
    assert found == Difference(pith_number=PITH_NUMBER, relation=Relation.SAME_STATE, kinds=("bundle", "state"))


@pytest.mark.parametrize("as_bundle", [False, True])
def test_states(as_bundle: bool) -> None:
    one = bundle_with([CLAIM]) if as_bundle else state_of(CLAIM)
    found = difference(one, state_of(CLAIM, AGAIN, BROKEN))
    assert [(event.event_id, event.standing, event.reason) for event in found.events_added] == [
        (BROKEN.content.event_id, Standing.INVALID, "signature"),
        (AGAIN.content.event_id, Standing.IN_FORCE, ""),
    ]
    [change] = found.no_longer_in_force
    assert (change.after.event_id, change.after.standing) == (CLAIM_ID, Standing.APPLIED)
    assert found.fields == ()


def test_equivocations_in_states() -> None:
    found = difference(state_of(CLAIM), state_of(CLAIM, RIVAL))
    assert [change.after.event_id for change in found.newly_equivocating] == [CLAIM_ID]
    assert added_ids(found) == [RIVAL.content.event_id]


def changed_state(path: tuple[str | int, ...], value: Any) -> State:
    members: Any = state_of(CLAIM).to_dict()
    place = members
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return State.from_dict(members)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("state_sha256",), "0" * 64, "$.state_sha256"),
        (("event_count",), 7, "$.event_count"),
        (("state_version",), "2.0", "$.state_version"),
        (("note",), 1, "$.note"),
        (("current", "note"), 1, "$.current.note"),
        (("current", "source_aliases"), [], "$.current.source_aliases"),
        (("current", "canonical_record", "metadata", "license"), "x", "$.current.canonical_record.metadata.license"),
        (
            ("current", "author_attestations", 0, "payload", "claimant_name"),
            "Byron",
            f'$.current["{CLAIM_ID}"].payload.claimant_name',
        ),
        (("applied_event_ids",), [CLAIM_ID, RECORD_ID, SNAPSHOT_ID], "$.applied_event_ids"),
    ],
)
def test_what_else_a_state_says(path: tuple[str | int, ...], value: Any, told: str) -> None:
    found = difference(state_of(CLAIM), changed_state(path, value))
    assert found.relation is Relation.DIFFERENT
    assert [change.path for change in found.fields] == [told]


# ---- Whatever there is -------------------------------------------------------------------------------------------

SETS = st.lists(st.sampled_from(EVENTS), max_size=8)


@settings(max_examples=60, deadline=None)
@given(SETS, SETS, st.booleans(), st.booleans())
def test_any_two(one: list[Event], other: list[Event], first_is_state: bool, second_is_state: bool) -> None:
    bundles = bundle_with(one), bundle_with(other)
    documents = [
        bundle.content.state if is_state else bundle
        for bundle, is_state in zip(bundles, (first_is_state, second_is_state), strict=True)
    ]
    found = difference(documents[0], documents[1])
    before, after = ({event.content.event_id for event in events} for events in (one, other))
    assert {*added_ids(found)} == after - before
    assert {event.event_id for event in found.events_removed} == before - after
    states = [bundle.content.state.canonical_bytes for bundle in bundles]
    if states[0] != states[1]:
        assert found.relation is Relation.DIFFERENT
    elif first_is_state or second_is_state:
        assert found.relation.says_the_same
    else:
        assert found.relation in (Relation.IDENTICAL, Relation.RESIGNED)
    json.dumps(found.to_dict())


# ---- Numbers -----------------------------------------------------------------------------------------------------


def test_one_number() -> None:
    assert refuse_other_numbers(["a"]) == refuse_other_numbers(iter(["a", "a"])) == "a"


def test_other_numbers() -> None:
    with pytest.raises(MergeError) as caught:
        refuse_other_numbers(["a", "a", "b\x1b"], ["x.json", "y.json", "z.json"])
    error = caught.value
    assert (error.code, error.where, error.expected, error.found) == ("merge-numbers", "z.json", "'a'", r"'b\x1b'")
    other = attrs.evolve(ISSUED, content=attrs.evolve(ISSUED.content, pith_number="pith:2020:OTHER"))
    with pytest.raises(MergeError):
        compare(side(ISSUED), attrs.evolve(side(ISSUED), document=other, data=b""))
