"""The chain of an issuer's keys: a table of chains that hold, and what is trusted in the end.

Key ``n`` is called ``k<n>``; a number in place of an instant is the beginning of that year. Chains that do not hold
are in ``test_key_chain_breaks.py``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from pithbuilder.core.timestamps import format_seconds
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import COMPROMISED, LOST, SCHEDULED, KeyStatement
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.errors import RotationError
from pithbuilder.signing.keyring import Keyring, KeyWindow
from pithbuilder.verify.key_chain import KeyChain
from tests.support.key_chains import (
    ISSUER,
    ONE,
    TWO,
    broken,
    chain_of,
    changed,
    follow,
    forged_beginning,
    key,
    keyring,
    pinned,
    refusal,
    revocation,
    rotation,
    signer,
    year,
)

# ---- Chains that hold --------------------------------------------------------------------------------------------


class Good(NamedTuple):
    """A chain that holds."""

    name: str
    statements: tuple[KeyStatement, ...]
    outcome: str
    """Of every key: what became of it, and from which year to which it signs."""
    pins: tuple[int, ...] = (1,)
    trusted: str = ""
    """The keys that are trusted in the end; by default all."""
    first: KeyDocument = key(1)


GOOD = (
    Good("no rotation", (), "k1 active -"),
    Good("no rotation, with a planned end", (), "k1 active -2030", first=key(1, until=2030)),
    Good("one rotation", (rotation(1, 1, 2, 2027),), "k1 retired -2027, k2 active 2027-"),
    Good(
        "three rotations in a row",
        (rotation(1, 1, 2, 2027), rotation(2, 2, 3, 2028), rotation(3, 3, 4, 2029)),
        "k1 retired -2027, k2 retired 2027-2028, k3 retired 2028-2029, k4 active 2029-",
    ),
    Good(
        "all keys rotated: the pinned, the active and the promised key are all out of service",
        (
            rotation(1, 1, 2, 2027, promise=3),
            rotation(2, 2, 3, 2028, COMPROMISED),
            rotation(3, 3, 4, 2028, COMPROMISED),
            revocation(4, 1, 2026, by=4),
        ),
        "k1 revoked -2026, k2 revoked 2027-2028, k3 revoked 2028-2028, k4 active 2028-",
    ),
    Good(
        "a promise kept",
        (rotation(1, 1, 2, 2027, promise=3), rotation(2, 2, 3, 2028)),
        "k1 retired -2027, k2 retired 2027-2028, k3 active 2028-",
    ),
    Good(
        "a promise kept after a revocation in between",
        (rotation(1, 1, 2, 2027, promise=3), revocation(2, 1, 2026, by=2), rotation(3, 2, 3, 2028)),
        "k1 revoked -2026, k2 retired 2027-2028, k3 active 2028-",
    ),
    Good(
        "a promise holds for the next key only",
        (rotation(1, 1, 2, 2027, promise=3), rotation(2, 2, 3, 2028), rotation(3, 3, 4, 2029)),
        "k1 retired -2027, k2 retired 2027-2028, k3 retired 2028-2029, k4 active 2029-",
    ),
    Good(
        "a lost key, and the promised one signs alone",
        (rotation(1, 1, 2, 2027, promise=3), rotation(2, 2, 3, 2028, LOST, by=(signer(3),))),
        "k1 retired -2027, k2 retired 2027-2028, k3 active 2028-",
    ),
    Good(
        "a compromised key, from before it was noticed",
        (rotation(1, 1, 2, 2025, COMPROMISED),),
        "k1 revoked -2025, k2 active 2025-",
    ),
    Good(
        "a planned end kept to the second",
        (rotation(1, 1, key(2, until=2028), 2027), rotation(2, 2, 3, 2028)),
        "k1 retired -2027, k2 retired 2027-2028, k3 active 2028-",
        first=key(1, until=2027),
    ),
    Good(
        "replaced before its planned end",
        (rotation(1, 1, 2, 2027),),
        "k1 retired -2027, k2 active 2027-",
        first=key(1, until="2030-01-01T00:00:00.500000Z"),
    ),
    Good(
        "the planned end in the other spelling",
        (rotation(1, 1, 2, 2027),),
        "k1 retired -2027, k2 active 2027-",
        first=key(1, until="2027-01-01T00:00:00.000000Z"),
    ),
    Good(
        "pinned in the middle",
        (rotation(1, 1, 2, 2027), rotation(2, 2, 3, 2028), rotation(3, 3, 4, 2029)),
        "k1 retired -2027, k2 retired 2027-2028, k3 retired 2028-2029, k4 active 2029-",
        pins=(3,),
        trusted="k3 k4",
    ),
    Good(
        "the first and a later key are pinned",
        (rotation(1, 1, 2, 2027), rotation(2, 2, 3, 2028)),
        "k1 retired -2027, k2 retired 2027-2028, k3 active 2028-",
        pins=(3, 1),
    ),
    Good(
        "only the newest key is pinned",
        (rotation(1, 1, 2, 2027),),
        "k1 retired -2027, k2 active 2027-",
        pins=(2,),
        trusted="k2",
    ),
    Good(
        "a key of another issuer is pinned too",
        (rotation(1, 1, 2, 2027),),
        "k1 retired -2027, k2 active 2027-",
        pins=(9, 1),
        trusted="k9 k1 k2",
    ),
    Good(
        "a retired key is found compromised, from before it was retired",
        (rotation(1, 1, 2, 2027), revocation(2, 1, 2026, by=2)),
        "k1 revoked -2026, k2 active 2027-",
    ),
    Good(
        "a retired key is found compromised, from after it was retired: its window stays",
        (rotation(1, 1, 2, 2027), revocation(2, 1, 2030, by=2)),
        "k1 revoked -2027, k2 active 2027-",
    ),
    Good("the last key is retired", (revocation(1, 1, 2030, SCHEDULED, by=1),), "k1 retired -2030"),
    Good("the last key is lost", (revocation(1, 1, 2030, LOST, by=1),), "k1 retired -2030"),
    Good(
        "the last key is revoked",
        (rotation(1, 1, 2, 2027), revocation(2, 2, 2028, by=2)),
        "k1 retired -2027, k2 revoked 2027-2028",
    ),
    Good(
        "signatures in another order: nothing hangs on it",
        (rotation(1, 1, 2, 2027, by=(signer(2), signer(1))),),
        "k1 retired -2027, k2 active 2027-",
    ),
    Good(
        "a statement with fields that are not known here: they are signed too",
        (rotation(1, 1, 2, 2027, extra={"because": "of the calendar"}),),
        "k1 retired -2027, k2 active 2027-",
    ),
)


def year_of(moment: datetime | None) -> str:
    return "" if moment is None else str(moment.year)


def outcome_of(chain: KeyChain) -> str:
    return ", ".join(
        f"{item.key_id} {item.entry.status} {year_of(item.window.valid_from)}-{year_of(item.window.valid_until)}"
        for item in chain.keys
    )


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in GOOD])
def test_a_chain_that_holds(case: Good) -> None:
    chain = chain_of(*case.statements, first=case.first)
    document = KeyringDocument.from_dict(chain.to_document().to_dict())
    assert outcome_of(chain) == outcome_of(KeyChain.read(document)) == case.outcome
    reached = follow(pinned(*case.pins), document)
    assert set(reached) == set((case.trusted or " ".join(item.key_id for item in chain.keys)).split())
    for item in chain.keys:
        assert item.entry.key.rotates_at == item.entry.valid_until
        if item.key_id in reached:
            assert reached.get(item.key_id) == item.key
            assert reached.window(item.key_id) == item.window
            assert reached.window(item.key_id).compromised is (item.entry.status == "revoked")
    active = [item for item in chain.keys if item.is_active]
    assert ([chain.active] if chain.active else []) == active
    assert KeyChain.read(document).to_document() == document
    assert set(follow(reached, document)) == set(reached), "following it once more changes nothing"


def test_the_only_active_key_is_one_that_the_pin_never_saw() -> None:
    case = next(case for case in GOOD if case.name.startswith("all keys"))
    reached = follow(pinned(1), keyring(*case.statements))
    promised = case.statements[0].content.to_dict()["next_key_commitment_sha256"]
    assert promised is not None
    assert [key_id for key_id in reached if not reached.window(key_id).compromised] == ["k4"]
    assert "k4" not in pinned(1)
    assert all(reached.window(key_id).valid_until is not None for key_id in ("k1", "k2", "k3"))


# ---- What is trusted in the end ----------------------------------------------------------------------------------


def test_a_pinned_end_stays_while_the_key_signs() -> None:
    """The first key's document is not signed: who publishes the keyring cannot lengthen the time of a pinned key."""
    trusted = Keyring([key(1, until=2030)])
    for published in (key(1), key(1, until=2099)):
        assert follow(trusted, keyring(first=published)).window("k1") == KeyWindow(valid_until=year(2030))
    assert follow(trusted, keyring(first=key(1, until=2029))).window("k1") == KeyWindow(valid_until=year(2029))


def test_the_ends_of_all_pinned_keys_stay() -> None:
    trusted = Keyring([key(1), key(2, until=2030)])
    assert follow(trusted, keyring(*ONE)).window("k2") == KeyWindow(year(2027), year(2030))
    error = refusal(keyring(*ONE, rotation(2, 2, 3, 2031)), trusted)
    assert (error.code, error.where) == ("rotation-expired", "$.keys[1].valid_until")


def test_a_longer_chain_is_followed_and_windows_change_with_it() -> None:
    trusted = follow(pinned(1), keyring(*ONE))
    assert trusted.window("k2") == KeyWindow(valid_from=year(2027))
    longer = follow(trusted, keyring(*TWO, revocation(3, 2, "2027-06-01T00:00:00Z", by=3)))
    assert longer.window("k2") == KeyWindow(
        year(2027), datetime(2027, 6, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
    )
    assert trusted.window("k2") == KeyWindow(valid_from=year(2027)), "the keyring that was there is not touched"


def test_two_issuers_chains_stand_beside_each_other() -> None:
    other = rotation(1, 11, 12, 2030, issuer="other.example")
    trusted = follow(pinned(1, 11), keyring(*ONE))
    trusted = follow(trusted, keyring(other, first=key(11), issuer="other.example"))
    assert set(trusted) == {"k1", "k2", "k11", "k12"}
    assert refusal(keyring(), trusted).code == "rotation-rolled-back"
    assert refusal(keyring(first=key(11), issuer="other.example"), trusted).code == "rotation-rolled-back"


def test_what_is_made_up_before_a_pinned_key_is_not_trusted() -> None:
    """Only the id of the key before is signed: anybody can put another key of that id in its place."""
    reached = follow(pinned(2), forged_beginning(*TWO))
    assert set(reached) == {"k2", "k3"}


STOLEN = keyring(rotation(1, 1, 2, 2027, COMPROMISED))


@pytest.mark.parametrize("ids", [("k1", "again"), ("again", "k1"), ("again",)])
def test_a_revoked_key_is_revoked_under_every_name(ids: tuple[str, ...]) -> None:
    reached = follow(Keyring(key(1, key_id) for key_id in ids), STOLEN)
    assert set(reached) == {"k1", "k2", *ids}
    for key_id in ("k1", *ids):
        assert reached.window(key_id) == KeyWindow(None, year(2027), year(2027))


def test_an_end_that_was_pinned_under_another_name_stays() -> None:
    trusted = Keyring([key(1), key(2, "again", until=2030)])
    assert follow(trusted, keyring(*ONE)).window("k2") == KeyWindow(year(2027), year(2030))


def test_nobody_gives_a_pinned_key_another_name_without_its_signature() -> None:
    """The name of the first key is signed in the first statement; without any, it is whoever publishes it who says."""
    assert refusal(keyring(first=key(1, "other")), pinned(1)).code == "rotation-unpinned"


HOME, AWAY = "https://registry.example/pith-signing-key.json", "https://another.example/pith-signing-key.json"


def test_the_addresses_of_keys() -> None:
    """A key that is reached has the address of the pinned one, or none: who signs statements cannot take another's."""
    document = keyring(
        rotation(1, 1, key(2, url=HOME), 2027),
        rotation(2, 2, key(3, url=AWAY), 2028),
        rotation(3, 3, key(4, url=HOME), 2029),
        first=key(1, url=AWAY),
    )
    reached = follow(Keyring([key(1, url=HOME)]), document)
    assert [reached.address(f"k{number}") for number in range(1, 6)] == [HOME, HOME, "", HOME, ""]
    again = follow(reached, document)
    assert [again.address(key_id) for key_id in again] == [reached.address(key_id) for key_id in reached]
    reached = follow(Keyring([key(1), key(3, url=AWAY)]), document)
    assert [reached.address(f"k{number}") for number in range(1, 5)] == ["", "", AWAY, ""]


def test_hostile_names_do_not_reach_a_terminal() -> None:
    hostile = "k\x1b[31m\u202e" + "x" * 10_000
    first = key(1, hostile)
    for document in (
        broken(rotation(1, 1, 2, 2027, previous_key_id=hostile, by=(signer(2),)), first=first),
        broken(rotation(1, 1, 2, 2027, issuer="a"), issuer=hostile),
        changed(keyring(first=first), "keys", 0, "status", hostile),
    ):
        error = refusal(document, Keyring([first]))
        assert str(error).isprintable()
        assert len(str(error)) < 500


def test_a_statement_made_here_with_no_place_is_refused() -> None:
    for sequence in (0, -1, 2**53 - 1):
        with pytest.raises(RotationError) as caught:
            chain_of(*ONE).extended(rotation(sequence, 2, 3, 2028))
        assert caught.value.code == "rotation-sequence"
        assert caught.value.where == "$.sequence"


def test_the_earliest_and_the_latest_instants() -> None:
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
    chain = chain_of(rotation(1, 1, 2, first), rotation(2, 2, 3, last), rotation(3, 3, 4, last))
    document = KeyringDocument.from_dict(chain.to_document().to_dict())
    reached = follow(pinned(1), document)
    assert reached.window("k2").valid_from == year(1)
    assert format_seconds(reached.window("k4").valid_from or year(1)) == last


def test_an_issuer_knows_all_its_own_keys() -> None:
    own = chain_of(*TWO).own_keys()
    assert set(own) == {"k1", "k2", "k3"}
    assert all(own.window(key_id) == KeyWindow() for key_id in own)
    assert chain_of(*TWO).issuer == ISSUER
