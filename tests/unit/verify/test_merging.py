"""Merging bundles: the same state from any order and any division of the events, whoever lies in one of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.documents.alias import SourceAlias, SourceAliases
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import Event
from pithbuilder.errors import MergeError
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.merging import MergedBundles, merge_bundles
from tests.support.events import (
    AGAIN,
    AUTHOR,
    CLAIM,
    CLAIM_ID,
    FORGED,
    ISSUED,
    JOURNAL,
    LOST,
    OWN,
    RECORD_ID,
    REGISTRY,
    RIVALS,
    bundle_with,
    damaged,
    signed_event,
)

EVENTS = (
    CLAIM,
    AGAIN,
    *RIVALS,
    signed_event("correction", {"what": 1}, signer_id=JOURNAL),
    LOST,
    FORGED,
    damaged(CLAIM),
    signed_event("made_up_in_2050", {}, signer_id=JOURNAL),
)
KEYRINGS = pytest.mark.parametrize("keyring", [Keyring(), OWN], ids=["nobody known", "the registry known"])
WHOLE = bundle_with(EVENTS)


def holding(events: Sequence[Event]) -> Bundle:
    return attrs.evolve(WHOLE, content=attrs.evolve(WHOLE.content, events=tuple(events)))


@KEYRINGS
@given(st.lists(st.lists(st.sampled_from(EVENTS), max_size=5), min_size=1, max_size=4), st.randoms())
@settings(max_examples=60, deadline=None)
def test_any_order_and_any_division(keyring: Keyring, mirrors: list[list[Event]], chance: object) -> None:
    bundles = [holding((*ISSUED.content.events, *events)) for events in mirrors]
    together = holding([event for bundle in bundles for event in bundle.content.events])
    expected = merge_bundles([together], keyring).state.canonical_bytes
    assert merge_bundles(bundles, keyring).state.canonical_bytes == expected
    chance.shuffle(bundles)  # type: ignore[attr-defined]
    assert merge_bundles([*bundles, *bundles], keyring).state.canonical_bytes == expected


@KEYRINGS
def test_who_holds_what(keyring: Keyring) -> None:
    first, second = holding([*ISSUED.content.events, CLAIM]), holding([*EVENTS, CLAIM])
    merged = merge_bundles([first, second], keyring)
    assert merged.holders[RECORD_ID] == (0,)
    assert merged.holders[CLAIM_ID] == (0, 1)
    assert set(merged.events) == set(merged.holders)
    assert merged.events[CLAIM_ID] == CLAIM, "the valid copy"
    known = {REGISTRY} if keyring is OWN else set()
    assert set(merged.unknown_signers) == {REGISTRY, AUTHOR, JOURNAL} - known
    assert list(merged.unknown_signers) == sorted(merged.unknown_signers)


def test_in_the_name_of_a_known_signer() -> None:
    forged = FORGED.content.event_id
    for keyring, reasons in ((Keyring(), []), (OWN, ["signer-key"])):
        content = merge_bundles([bundle_with([FORGED])], keyring).state.content
        assert [event.reason for event in content.invalid_events] == reasons
        assert (forged in content.applied_event_ids) is (reasons == [])


@KEYRINGS
def test_of_bad_copies_in_several_bundles_the_smallest_reason_counts(keyring: Keyring) -> None:
    broken, liar = damaged(CLAIM), attrs.evolve(CLAIM, stated_event_id=RECORD_ID)
    for copy, reason in ((broken, "signature"), (liar, "event-id")):
        assert reasons_in(merge_bundles([holding([copy])], keyring)) == {CLAIM_ID: reason}
    held = [holding([*ISSUED.content.events, copy]) for copy in (broken, liar)]
    one, other = (merge_bundles(bundles, keyring) for bundles in (held, held[::-1]))
    assert reasons_in(one) == {CLAIM_ID: "event-id"}
    assert one.state.canonical_bytes == other.state.canonical_bytes
    together = merge_bundles([holding([*ISSUED.content.events, broken, liar])], keyring)
    assert together.state.canonical_bytes == one.state.canonical_bytes
    assert one.events[CLAIM_ID] == other.events[CLAIM_ID] == liar, "the copy whose reason it is"
    assert one.holders[CLAIM_ID] == other.holders[CLAIM_ID] == (0, 1)
    healed = merge_bundles([*held, holding([CLAIM])], keyring)
    assert reasons_in(healed) == {}
    assert healed.events[CLAIM_ID] == CLAIM


def reasons_in(merged: MergedBundles) -> dict[str, str]:
    return {event.event_id: event.reason for event in merged.state.content.invalid_events}


def aliased(*aliases: SourceAlias) -> Bundle:
    return attrs.evolve(ISSUED, content=attrs.evolve(ISSUED.content, source_aliases=SourceAliases(aliases)))


def test_aliases_are_united() -> None:
    own = ISSUED.content.source_aliases.aliases
    earlier = attrs.evolve(own[0], created_at="2026-01-01T00:00:00Z")
    other = SourceAlias(alias_kind="zenodo", alias_value="1", created_at="2026-05-18T00:15:26Z")
    bundles = [aliased(*own), aliased(earlier, *own[1:]), aliased(*own, other)]
    for order in permutations(bundles):
        united = merge_bundles(order, Keyring()).state.content.current.source_aliases
        assert list(united) == [earlier, *own[1:], other]


def test_a_mirror_cannot_add_the_names_of_another_paper() -> None:
    own = ISSUED.content.source_aliases.aliases
    foreign = [attrs.evolve(alias, alias_value=f"{alias.alias_value}0") for alias in own]
    for bundles in ([aliased(*own), aliased(*foreign)], [aliased(*foreign), aliased(*own)]):
        assert merge_bundles(bundles, Keyring()).state == merge_bundles([ISSUED], Keyring()).state


def test_bundles_of_different_numbers() -> None:
    other = attrs.evolve(
        ISSUED, content=attrs.evolve(ISSUED.content, pith_number="pith:2017:S25ARPIPDUL5X6EUZWD33T3O5A")
    )
    for bundles, code in (([ISSUED, other], "merge-numbers"), ([other], "pith-number")):
        with pytest.raises(MergeError) as caught:
            merge_bundles(bundles, Keyring())
        assert caught.value.code == code
