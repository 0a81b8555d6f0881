"""Every way in which the chain of an issuer's keys can break, as a table.

Key ``n`` is called ``k<n>``; a number in place of an instant is the beginning of that year. Chains that hold are in
``test_key_chain.py``.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import attrs
import pytest

from pithbuilder.core.encoding import encode_base64
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import COMPROMISED, LOST, SCHEDULED, KeyStatement
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify import key_chain
from tests.support.key_chains import (
    IMPOSTOR,
    ONE,
    PROMISE,
    THREE,
    TWO,
    broken,
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
)


class Break(NamedTuple):
    """A keyring that is refused."""

    name: str
    code: str
    where: str
    document: KeyringDocument | Callable[[], KeyringDocument]
    keyring: Callable[[], Keyring] = lambda: pinned(1)


SMALL_ORDER = bytes(32)
OVER_NOTHING = encode_base64(PrivateKey.from_seed(bytes([1]) * 32).sign(b""))
"""The first key's signature over no bytes at all."""


def without_signature(index: int) -> KeyringDocument:
    members: Any = keyring(*ONE).to_dict()
    del members["chain"][0]["signatures"][index]
    return KeyringDocument.from_dict(members)


def small_order_key() -> KeyDocument:
    return KeyDocument.of(SMALL_ORDER, key_id="k2", url="", notes="")


def knows(*statements: KeyStatement, pins: tuple[int, ...] = (1,)) -> Callable[[], Keyring]:
    """The keyring of who has followed a chain before."""
    return lambda: follow(pinned(*pins), keyring(*statements))


# fmt: off
BREAKS = (
    # Not signed by the old key
    Break("not signed by the old key", "rotation-not-by-old", "$.chain[0].signatures", without_signature(0)),
    Break("no signature at all", "rotation-not-by-old", "$.chain[0].signatures",
          changed(keyring(*ONE), "chain", 0, "signatures", [])),
    Break("a third key signs under the old key's id",
          "rotation-not-by-old", "$.chain[0].signatures[0].public_key_fingerprint",
          broken(rotation(1, 1, 2, 2027, by=(IMPOSTOR, signer(2))))),
    Break("the old key's signature is over something else",
          "rotation-not-by-old", "$.chain[0].signatures[0].signature_b64",
          changed(keyring(*ONE), "chain", 0, "signatures", 0, "signature_b64", OVER_NOTHING)),
    Break("the old key's signature is not base64", "rotation-not-by-old", "$.chain[0].signatures[0].signature_b64",
          changed(keyring(*ONE), "chain", 0, "signatures", 0, "signature_b64", "=" * 88)),
    Break("the old key's signature says that it is over an event",
          "rotation-not-by-old", "$.chain[0].signatures[0].signed_message",
          changed(keyring(*ONE), "chain", 0, "signatures", 0, "signed_message", "open_graph_event_sha256_bytes")),
    Break("another algorithm", "rotation-not-by-old", "$.chain[0].signatures[0].algorithm",
          changed(keyring(*ONE), "chain", 0, "signatures", 0, "algorithm", "none")),
    Break("the new key signs twice, once as the old one",
          "rotation-not-by-old", "$.chain[0].signatures[0].public_key_fingerprint",
          broken(rotation(1, 1, 2, 2027, by=(signer(2, "k1"), signer(2))))),
    Break("a revocation not signed by the key that signs", "rotation-not-by-old", "$.chain[2].signatures",
          broken(*TWO, revocation(3, 1, 2026, by=2))),
    Break("a retired key revokes the one that followed it", "rotation-not-by-old", "$.chain[1].signatures",
          broken(*ONE, revocation(2, 2, 2028, by=1))),
    # Not signed by the new key
    Break("not signed by the new key", "rotation-not-by-new", "$.chain[0].signatures", without_signature(1)),
    Break("a third key signs under the new key's id",
          "rotation-not-by-new", "$.chain[0].signatures[1].public_key_fingerprint",
          broken(rotation(1, 1, 2, 2027, by=(signer(1), signer(9, "k2"))))),
    Break("a lost key, not signed by the new one", "rotation-not-by-new", "$.chain[1].signatures",
          broken(*PROMISE, rotation(2, 2, 3, 2028, LOST, by=(signer(2),)))),
    # Too many signatures
    Break("a third signature", "rotation-extra-signature", "$.chain[0].signatures",
          broken(rotation(1, 1, 2, 2027, by=(signer(1), signer(2), signer(9))))),
    Break("the old key signs twice", "rotation-extra-signature", "$.chain[0].signatures",
          broken(rotation(1, 1, 2, 2027, by=(signer(1), signer(1), signer(2))))),
    Break("a lost key that signs all the same", "rotation-extra-signature", "$.chain[1].signatures",
          broken(*PROMISE, rotation(2, 2, 3, 2028, LOST))),
    Break("a revocation with a second signature", "rotation-extra-signature", "$.chain[1].signatures",
          broken(*ONE, revocation(2, 1, 2026, by=(signer(2), signer(1))))),
    # Sequence, forks, what was known before
    Break("a gap", "rotation-sequence", "$.chain[1].sequence", broken(*ONE, rotation(3, 2, 3, 2028))),
    Break("the beginning is missing", "rotation-sequence", "$.chain[0].sequence", broken(rotation(2, 1, 2, 2027))),
    Break("a statement twice", "rotation-sequence", "$.chain[1].sequence", broken(*ONE, ONE[0])),
    Break("two statements swapped", "rotation-sequence", "$.chain[0].sequence", broken(TWO[1], first=key(1))),
    Break("a statement left out", "rotation-sequence", "$.chain[1].sequence",
          changed(keyring(*THREE), "chain", [THREE[0].to_dict(), THREE[2].to_dict()])),
    Break("two statements with one number", "rotation-fork", "$.chain[1].sequence",
          broken(*ONE, rotation(1, 2, 3, 2028))),
    Break("a replaced key names another successor", "rotation-fork", "$.chain[1].previous_key_id",
          broken(*ONE, rotation(2, 1, 3, 2028))),
    Break("another successor than the one that was known", "rotation-fork", "$.chain[0]",
          keyring(rotation(1, 1, 3, 2027)), knows(*ONE)),
    Break("another second statement than the one that was known, by a retired key's next",
          "rotation-fork", "$.chain[1]",
          keyring(*ONE, rotation(2, 2, 5, 2028), rotation(3, 5, 6, 2029)), knows(*TWO)),
    Break("the last statement withheld", "rotation-rolled-back", "$.chain", keyring(*TWO), knows(*THREE)),
    Break("all statements withheld", "rotation-rolled-back", "$.chain", keyring(), knows(*THREE)),
    Break("a revocation withheld", "rotation-rolled-back", "$.chain",
          keyring(*ONE), knows(*ONE, revocation(2, 1, 2026, by=2))),
    Break("statements withheld behind a made-up first key", "rotation-rolled-back", "$.chain",
          forged_beginning(*TWO), knows(*THREE, pins=(2,))),
    # Promises
    Break("another key than the promised one", "rotation-commitment", "$.chain[1].new_key",
          broken(*PROMISE, rotation(2, 2, 4, 2028))),
    Break("a lost key, and another one than was promised", "rotation-commitment", "$.chain[1].new_key",
          broken(*PROMISE, rotation(2, 2, 4, 2028, LOST, by=(signer(4),)))),
    Break("a lost key, and none was promised", "rotation-lost-uncommitted", "$.chain[1].reason",
          broken(*ONE, rotation(2, 2, 3, 2028, LOST, by=(signer(3),)))),
    Break("a lost first key: nobody could have promised its successor",
          "rotation-lost-uncommitted", "$.chain[0].reason",
          broken(rotation(1, 1, 2, 2027, LOST, by=(signer(2),)))),
    Break("a promise that was kept does not serve twice", "rotation-lost-uncommitted", "$.chain[2].reason",
          broken(*PROMISE, rotation(2, 2, 3, 2028), rotation(3, 3, 4, 2029, LOST, by=(signer(4),)))),
    # Times
    Break("replaced after its planned end", "rotation-expired", "$.chain[1].effective_at",
          broken(rotation(1, 1, key(2, until=2028), 2027), rotation(2, 2, 3, "2028-01-01T00:00:01Z"))),
    Break("found compromised after its planned end by itself", "rotation-expired", "$.chain[1].effective_at",
          broken(rotation(1, 1, key(2, until=2028), 2027), revocation(2, 2, 2029, by=2))),
    Break("replaced after the end that was pinned", "rotation-expired", "$.keys[0].valid_until",
          keyring(*ONE), lambda: Keyring([key(1, until=2026)])),
    Break("an expired key that was stolen names its successor, as compromised",
          "rotation-expired", "$.keys[0].valid_until",
          keyring(rotation(1, 1, 2, 2027, COMPROMISED)), lambda: Keyring([key(1, until=2026)])),
    Break("the key ends before it began", "rotation-time", "$.chain[1].effective_at",
          broken(*ONE, rotation(2, 2, 3, 2026))),
    Break("a key was compromised before it began", "rotation-time", "$.chain[2].effective_at",
          broken(*TWO, revocation(3, 2, 2026, by=3))),
    Break("the new key ends before it begins", "rotation-time", "$.chain[0].new_key.rotates_at",
          broken(rotation(1, 1, key(2, until=2026), 2027))),
    # Keys
    Break("the old key is not in the chain", "rotation-unknown-key", "$.chain[0].previous_key_id",
          broken(rotation(1, 9, 2, 2027))),
    Break("the revoked key is not in the chain", "rotation-unknown-key", "$.chain[0].key_id",
          broken(revocation(1, 9, 2027, by=1))),
    Break("the new key is the old one under another id", "rotation-same-key", "$.chain[0].new_key.public_key_b64",
          broken(rotation(1, 1, key(1, "k2"), 2027, by=(signer(1), signer(1, "k2"))))),
    Break("a retired key comes back", "rotation-same-key", "$.chain[1].new_key.public_key_b64",
          broken(*ONE, rotation(2, 2, 1, 2028))),
    Break("a fresh key under the old key's id", "rotation-key-id-reused", "$.chain[0].new_key.key_id",
          broken(rotation(1, 1, key(2, "k1"), 2027, by=(signer(1), signer(2, "k1"))))),
    Break("a revoked key names its successor", "rotation-revoked-key", "$.chain[1].previous_key_id",
          broken(rotation(1, 1, 2, 2027, COMPROMISED), rotation(2, 1, 3, 2028))),
    Break("a key is revoked twice", "rotation-revoked-key", "$.chain[1].key_id",
          broken(rotation(1, 1, 2, 2027, COMPROMISED), revocation(2, 1, 2026, by=2))),
    Break("a rotation after the end", "rotation-closed", "$.chain[1].previous_key_id",
          broken(revocation(1, 1, 2030, SCHEDULED, by=1), rotation(2, 1, 2, 2030))),
    Break("a revocation after the end", "rotation-closed", "$.chain[1].key_id",
          broken(revocation(1, 1, 2030, SCHEDULED, by=1), revocation(2, 1, 2030, by=1))),
    Break("the new key is of small order: one signature would be good for every message",
          "key-small-order", "$.chain[0].new_key.public_key_b64",
          broken(rotation(1, 1, small_order_key(), 2027))),
    Break("the new key's document contradicts itself", "key-encoding", "$.chain[0].new_key.public_key_hex",
          broken(rotation(1, 1, attrs.evolve(key(2), public_key_hex=key(3).public_key_hex), 2027))),
    Break("the first key is of small order", "key-small-order", "$.keys[0].key.public_key_b64",
          lambda: changed(keyring(), "keys", 0, "key", small_order_key().to_dict())),
    # The statement itself
    Break("an altered statement", "rotation-digest", "$.chain[0].statement_sha256",
          changed(keyring(*ONE), "chain", 0, "effective_at", "2026-01-01T00:00:00Z")),
    Break("an unknown field slipped in", "rotation-digest", "$.chain[0].statement_sha256",
          changed(keyring(*ONE), "chain", 0, "note", "trust me")),
    Break("a wrong digest", "rotation-digest", "$.chain[0].statement_sha256",
          changed(keyring(*ONE), "chain", 0, "statement_sha256", "0" * 64)),
    Break("another issuer's statement, by the same keys", "rotation-issuer", "$.chain[0].issuer",
          broken(rotation(1, 1, 2, 2027, issuer="other.example"))),
    Break("the keyring of one issuer under the name of another", "rotation-issuer", "$.chain[0].issuer",
          changed(keyring(*ONE), "issuer", "other.example")),
    Break("a reason that is not known", "rotation-reason", "$.chain[0].reason",
          broken(rotation(1, 1, 2, 2027, "bored"))),
    Break("a retired key can only be found compromised", "rotation-reason", "$.chain[1].reason",
          broken(*ONE, revocation(2, 1, 2027, SCHEDULED, by=2))),
    Break("a version that is not known", "rotation-version", "$.chain[0].statement_version",
          broken(rotation(1, 1, 2, 2027, statement_version="2.0"))),
    # The keyring around the chain
    Break("another type", "keyring-type", "$.keyring_type", changed(keyring(), "keyring_type", "pith_keys")),
    Break("another version", "keyring-type", "$.keyring_version", changed(keyring(), "keyring_version", "1.1")),
    Break("no key", "keyring-entries", "$.keys", changed(keyring(), "keys", [])),
    Break("the last key is missing", "keyring-entries", "$.keys",
          changed(keyring(*ONE), "keys", [keyring(*ONE).keys[0].to_dict()])),
    Break("a key that no statement names", "keyring-entries", "$.keys",
          changed(keyring(), "keys", [keyring().keys[0].to_dict(), keyring(*ONE).keys[1].to_dict()])),
    Break("the keys in another order", "keyring-entries", "$.keys[1].key.fingerprint_sha256_b32_first128bits",
          changed(keyring(*TWO), "keys", [keyring(*TWO).keys[index].to_dict() for index in (0, 2, 1)])),
    Break("another first key", "rotation-not-by-old", "$.chain[0].signatures[0].public_key_fingerprint",
          changed(keyring(*ONE), "keys", 0, "key", key(9, "k1").to_dict())),
    Break("the first key under another id", "rotation-unknown-key", "$.chain[0].previous_key_id",
          changed(keyring(*ONE), "keys", 0, "key", "key_id", "k9")),
    Break("no key of the chain is pinned", "rotation-unpinned", "$.keys", keyring(*TWO), lambda: pinned(9)),
    Break("nothing is pinned", "rotation-unpinned", "$.keys", keyring(), Keyring),
    Break("the chain gives a pinned key's id to its first key", "key-conflict", "$.keys[0].key.public_key_b64",
          keyring(first=key(9, "k1"))),
    Break("the chain gives a pinned key's id to a later key", "key-conflict", "$.keys[1].key.public_key_b64",
          keyring(*ONE), lambda: Keyring([key(1), key(9, "k2")])),
    Break("a made-up first key before a pinned one", "key-conflict", "$.keys[0].key.public_key_b64",
          forged_beginning(*ONE), lambda: pinned(1, 2)),
)
# fmt: on

ENTRY_CHANGES: tuple[tuple[int, tuple[str, ...], Any], ...] = (
    (0, ("status",), "active"),
    (0, ("status",), "revoked"),
    (0, ("status",), ""),
    (0, ("valid_from",), "2020-01-01T00:00:00Z"),
    (0, ("valid_until",), None),
    (0, ("valid_until",), "2099-01-01T00:00:00Z"),
    (0, ("valid_until",), "2027-01-01T00:00:00.000000Z"),
    (0, ("key", "rotates_at"), None),
    (0, ("key", "rotates_at"), "2026-01-01T00:00:00Z"),
    (0, ("key", "rotates_at"), "2099-01-01T00:00:00Z"),
    (0, ("unknown",), 1),
    (1, ("status",), "retired"),
    (1, ("valid_from",), None),
    (1, ("valid_from",), "2020-01-01T00:00:00Z"),
    (1, ("valid_until",), "2099-01-01T00:00:00Z"),
    (1, ("key", "rotates_at"), "2099-01-01T00:00:00Z"),
    (1, ("key", "notes"), "the best key"),
    (1, ("key", "url"), "https://elsewhere.example/key.json"),
    (1, ("key", "key_id"), "k9"),
    (1, ("key", "public_key_b64"), key(9).public_key_b64),
    (1, ("key", "public_key_hex"), key(9).public_key_hex),
    (1, ("key", "fingerprint_sha256_hex"), key(9).fingerprint_sha256_hex),
    (1, ("key", "unknown"), None),
)
"""Of which key's entry, what, and to what it is changed, in a keyring with one rotation."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in BREAKS])
def test_a_chain_that_breaks(case: Break) -> None:
    document = case.document if isinstance(case.document, KeyringDocument) else case.document()
    trusted = case.keyring()
    before = {key_id: (trusted.get(key_id), trusted.window(key_id)) for key_id in trusted}
    error = refusal(document, trusted)
    assert (error.code, error.where) == (case.code, case.where)
    assert error.expected
    assert error.found
    assert str(error).isascii()
    assert {key_id: (trusted.get(key_id), trusted.window(key_id)) for key_id in trusted} == before


@pytest.mark.parametrize(
    ("index", "path", "value"),
    [pytest.param(*change, id=f"{'.'.join(change[1])} of k{change[0] + 1} to {change[2]}") for change in ENTRY_CHANGES],
)
def test_what_a_keyring_says_of_its_keys_must_follow_from_the_statements(
    index: int, path: tuple[str, ...], value: Any
) -> None:
    document = changed(keyring(*ONE), "keys", index, *path, value)
    if path == ("key", "rotates_at") and index == 0:
        assert keyring(*ONE).keys[0].key.rotates_at == "2027-01-01T00:00:00Z"
    error = refusal(document, pinned(1))
    assert (error.code, error.where) == ("keyring-entries", f"$.keys[{index}].{'.'.join(path)}")


def test_the_table_is_long_and_every_row_has_its_own_name() -> None:
    assert len(BREAKS) >= 60
    names = [case.name for case in BREAKS]
    assert len(set(names)) == len(names)


def test_the_table_has_every_code_that_the_chain_can_raise() -> None:
    source = inspect.getsource(key_chain)
    texts = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    codes = {text for text in texts if isinstance(text, str) and is_code(text)}
    assert len(codes) >= 23
    assert codes - {case.code for case in BREAKS} == set(), "codes that no row of the table raises"


def is_code(text: str) -> bool:
    return text.startswith(("rotation-", "keyring-", "key-")) and " " not in text
