"""Key documents and keyrings by themselves: revoked keys, and what a mirror says twice."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import COMPROMISED, KeyStatement
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.mirror import verify_key_document, verify_keyring
from pithbuilder.verify.report import VerificationReport
from tests.support.key_chains import (
    ONE,
    THREE,
    chain_of,
    follow,
    key,
    keyring,
    pinned,
    revocation,
    rotation,
)

STOLEN = (rotation(1, 1, 2, 2027, COMPROMISED),)


def failures(report: VerificationReport) -> list[tuple[str, str]]:
    return [(check.code, check.path) for check in report.failures]


@pytest.mark.parametrize("key_id", ["k1", "again", "never-pinned"])
def test_a_revoked_key(key_id: str) -> None:
    trusted = follow(Keyring([key(1), key(1, "again")]), keyring(*STOLEN))
    report = verify_key_document(key(1, key_id).to_dict(), trusted)
    assert failures(report) == [("compromised-key", "$.key_id")]
    assert report.verdict.value == "invalid"
    retired = verify_key_document(key(1).to_dict(), follow(pinned(1), keyring(*ONE)))
    assert (retired.verdict.value, failures(retired)) == ("trusted", [])


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"rotates_at": "2099-01-01T00:00:00Z"}, "$.rotates_at"),
        ({"url": "https://another.example/pith-signing-key.json"}, "$.url"),
        ({"notes": "the best key"}, "$.notes"),
        ({"extra": {"unknown": 1}}, "$.unknown"),
        ({"key_id": "k1"}, "$.key_id"),
    ],
)
def test_the_key_that_signs_is_just_what_the_keyring_beside_it_says(changes: dict[str, Any], place: str) -> None:
    chain, second = chain_of(*ONE), key(2)
    trusted = follow(pinned(2), keyring(*ONE))
    assert verify_key_document(second.to_dict(), trusted, chain).verdict.value == "trusted"
    report = verify_key_document(attrs.evolve(second, **changes).to_dict(), trusted, chain)
    assert failures(report) == [("signing-key", place)]


def test_after_the_last_key_it_is_still_that_one() -> None:
    chain = chain_of(*ONE, revocation(2, 2, 2028, "scheduled", by=2))
    last: KeyDocument = chain.keys[-1].entry.key
    assert verify_key_document(last.to_dict(), pinned(2), chain).verdict.value == "trusted"
    for other, place in ((key(2), "$.rotates_at"), (chain.keys[0].entry.key, "$.key_id")):
        assert failures(verify_key_document(other.to_dict(), pinned(1, 2), chain)) == [("signing-key", place)]


def test_every_statement_of_a_keyring_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    value, checked = keyring(*THREE).to_dict(), []
    extended = KeyChain.extended

    def counted(self: KeyChain, statement: KeyStatement, path: str = "$") -> KeyChain:
        checked.append(path)
        return extended(self, statement, path)

    monkeypatch.setattr(KeyChain, "extended", counted)
    report, reached, _ = verify_keyring(value, pinned(1))
    assert (report.verdict.value, len(reached)) == ("trusted", 4)
    assert checked == [f"$.chain[{index}]" for index in range(3)]
