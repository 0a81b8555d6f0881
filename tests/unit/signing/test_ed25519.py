"""Ed25519 against RFC 8032 and against field arithmetic of its own; public keys that must not be trusted."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.errors import KeyMaterialError
from pithbuilder.signing.ed25519 import PrivateKey, PublicKey, load_public_key
from tests.support import edwards25519 as curve

TESTS = Path(__file__).parents[2]
FEW = settings(max_examples=25, deadline=None)
MANY = settings(max_examples=200, deadline=None)

TORSION = curve.torsion_points()


def rfc_vectors() -> list[dict[str, bytes]]:
    vectors = json.loads((TESTS / "vectors" / "rfc8032-ed25519.json").read_text(encoding="ascii"))
    return [{name: bytes.fromhex(text) for name, text in vector.items() if name != "name"} for vector in vectors]


def refusal_of(raw: bytes) -> str:
    with pytest.raises(KeyMaterialError) as caught:
        PublicKey(raw)
    with pytest.raises(KeyMaterialError) as cached:
        load_public_key(raw)
    assert cached.value.code == caught.value.code
    return caught.value.code


def openssl_accepts(raw: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)
    except InvalidSignature:
        return False
    return True


# ---- RFC 8032 ----------------------------------------------------------------------------------------------------


def test_there_are_three_vectors() -> None:
    assert [len(vector["message"]) for vector in rfc_vectors()] == [0, 1, 2]


@pytest.mark.parametrize("vector", rfc_vectors(), ids=["TEST 1", "TEST 2", "TEST 3"])
def test_vectors_of_rfc_8032(vector: dict[str, bytes]) -> None:
    key = PrivateKey.from_seed(vector["seed"])
    assert key.public_key.raw == vector["public_key"]
    assert key.sign(vector["message"]) == vector["signature"]
    assert PublicKey(vector["public_key"]).verify(vector["signature"], vector["message"])


@pytest.mark.parametrize("vector", rfc_vectors(), ids=["TEST 1", "TEST 2", "TEST 3"])
def test_the_arithmetic_of_these_tests_gives_the_vectors_too(vector: dict[str, bytes]) -> None:
    assert curve.public_key_of_seed(vector["seed"]) == vector["public_key"]
    assert curve.sign(vector["seed"], vector["message"]) == vector["signature"]
    assert curve.verify(vector["public_key"], vector["signature"], vector["message"])
    assert not curve.verify(vector["public_key"], vector["signature"], vector["message"] + b"x")


@settings(max_examples=8, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40))
def test_signatures_are_those_of_the_arithmetic(seed: bytes, message: bytes) -> None:
    key = PrivateKey.from_seed(seed)
    assert key.public_key.raw == curve.public_key_of_seed(seed)
    signature = key.sign(message)
    assert signature == curve.sign(seed, message)
    assert key.public_key.verify(signature, message)
    assert curve.verify(key.public_key.raw, signature, message)


@MANY
@given(st.integers(0, 511), st.binary(max_size=40))
def test_a_signature_with_one_bit_turned_is_not_good(bit: int, message: bytes) -> None:
    key = PrivateKey.from_seed(bytes(range(32)))
    signature = bytearray(key.sign(message))
    assert key.public_key.verify(bytes(signature), message)
    signature[bit // 8] ^= 1 << bit % 8
    assert not key.public_key.verify(bytes(signature), message)


def test_another_message_another_key_another_length() -> None:
    key, other = PrivateKey.from_seed(bytes(32)), PrivateKey.from_seed(b"\1" * 32)
    signature = key.sign(b"message")
    assert not key.public_key.verify(signature, b"messagf")
    assert not key.public_key.verify(signature, b"")
    assert not other.public_key.verify(signature, b"message")
    for wrong in (b"", signature[:-1], signature + b"\0", signature[:32], bytes(64), b"\xff" * 64):
        assert not key.public_key.verify(wrong, b"message")


def test_a_second_spelling_of_a_signature_is_not_good() -> None:
    """S + L is the same scalar; taking it would let anyone change a signature without the key."""
    key = PrivateKey.from_seed(b"\2" * 32)
    signature = key.sign(b"message")
    s = int.from_bytes(signature[32:], "little")
    for multiple in (1, 2, 7):
        if s + multiple * curve.ORDER < 2**256:
            changed = signature[:32] + (s + multiple * curve.ORDER).to_bytes(32, "little")
            assert not key.public_key.verify(changed, b"message")


def test_published_receipts() -> None:
    document = json.loads((TESTS / "published/bundle-1805.08469v1.json").read_text(encoding="utf-8"))
    raw = bytes.fromhex(document["public_keys"][0]["public_key_hex"])
    lines = (TESTS / "published/vectors/receipts.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    for line in lines:
        receipt = json.loads(line)
        signature = base64.b64decode(receipt["receipt_signature_b64"], validate=True)
        digest = bytes.fromhex(receipt["canonical_sha256"])
        assert PublicKey(raw).verify(signature, digest)
        assert curve.verify(raw, signature, digest)
        assert not PublicKey(raw).verify(signature, digest[::-1])
        assert not PublicKey(raw).verify(signature, digest.hex().encode())


# ---- Keys of small order -----------------------------------------------------------------------------------------


def test_the_eight_torsion_points() -> None:
    assert sorted(TORSION.values()) == [1, 2, 4, 4, 8, 8, 8, 8]
    for point, order in TORSION.items():
        assert curve.is_on_curve(point)
        assert curve.decode(curve.encode(point)) == point
        assert curve.multiply(order, point) == curve.NEUTRAL
        assert order == 1 or curve.multiply(order // 2, point) != curve.NEUTRAL


@pytest.mark.parametrize("point", TORSION, ids=lambda point: curve.encode(point).hex())
def test_every_key_of_small_order_is_refused(point: curve.Point) -> None:
    assert refusal_of(curve.encode(point)) == "key-small-order"


@pytest.mark.parametrize("y", [1, curve.PRIME - 1])
def test_the_points_with_x_0_and_a_sign_are_refused(y: int) -> None:
    """RFC 8032, section 5.1.3, step 4: not a spelling of any point."""
    raw = (y | 1 << 255).to_bytes(32, "little")
    assert curve.decode(raw) is None
    assert refusal_of(raw) == "key-small-order"


@pytest.mark.parametrize("y", range(curve.PRIME, 2**255))
@pytest.mark.parametrize("sign", [0, 1])
def test_every_spelling_that_is_not_canonical_is_refused(y: int, sign: int) -> None:
    raw = (y | sign << 255).to_bytes(32, "little")
    assert curve.decode(raw) is None
    assert refusal_of(raw) == "key-not-canonical"


def test_all_spellings_of_small_order_points_are_refused_whatever_the_reason() -> None:
    """Also what a careless decoder would reduce modulo the prime, with either sign."""
    spellings = set()
    for _, y in TORSION:
        for number in (y, y + curve.PRIME):
            if number < 2**255:
                spellings |= {number.to_bytes(32, "little"), (number | 1 << 255).to_bytes(32, "little")}
    assert len(spellings) == 14
    for raw in spellings:
        assert refusal_of(raw) in {"key-small-order", "key-not-canonical"}


def forged_signature(raw: bytes, point: curve.Point) -> tuple[bytes, bytes]:
    """Without any private key, find a message and a signature over it that a key of small order "verifies"."""
    for number in range(10_000):
        message = b"%d" % number
        for point_r in TORSION:
            encoded_r = curve.encode(point_r)
            h = curve.challenge(encoded_r, raw, message)
            if curve.add(point_r, curve.multiply(h % 8, point)) == curve.NEUTRAL:
                return message, encoded_r + bytes(32)
    raise AssertionError("one message in eight should do")


@pytest.mark.parametrize("point", TORSION, ids=lambda point: curve.encode(point).hex())
def test_the_library_alone_takes_a_signature_that_nobody_made(point: curve.Point) -> None:
    """Why the check exists: under a key of small order, anyone signs."""
    raw = curve.encode(point)
    message, signature = forged_signature(raw, point)
    assert openssl_accepts(raw, signature, message)
    with pytest.raises(KeyMaterialError):
        PublicKey(raw)


def test_under_the_neutral_key_the_library_takes_one_signature_for_every_message() -> None:
    raw = curve.encode(curve.NEUTRAL)
    for number in range(100):
        assert openssl_accepts(raw, raw + bytes(32), b"any message %d" % number)
    assert refusal_of(raw) == "key-small-order"


def test_an_honest_key_does_not_take_the_forged_signature() -> None:
    neutral = curve.encode(curve.NEUTRAL)
    key = PrivateKey.from_seed(bytes(32)).public_key
    assert not any(key.verify(neutral + bytes(32), b"any message %d" % number) for number in range(100))


# ---- Other keys --------------------------------------------------------------------------------------------------


@MANY
@given(st.integers(0, 2**255 - 1), st.integers(0, 1))
def test_a_key_is_taken_exactly_if_it_is_a_point(y: int, sign: int) -> None:
    raw = (y | sign << 255).to_bytes(32, "little")
    point = curve.decode(raw)
    if y >= curve.PRIME:
        assert refusal_of(raw) == "key-not-canonical"
    elif any(y == small for _, small in TORSION):
        assert refusal_of(raw) == "key-small-order"
    elif point is None:
        assert refusal_of(raw) == "key-not-on-curve"
    else:
        assert PublicKey(raw).raw == raw


def test_about_half_of_all_numbers_are_no_point() -> None:
    off_curve = [y for y in range(2, 200) if curve.x_of(y) is None]
    assert 70 < len(off_curve) < 130
    for y in off_curve:
        for sign in (0, 1):
            assert refusal_of((y | sign << 255).to_bytes(32, "little")) == "key-not-on-curve"


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_other_lengths_are_refused(length: int) -> None:
    assert refusal_of(b"\7" * length) == "key-length"
    with pytest.raises(KeyMaterialError) as caught:
        PrivateKey.from_seed(b"\7" * length)
    assert caught.value.code == "key-length"


def test_public_keys_compare_by_their_bytes() -> None:
    first, second = (PrivateKey.from_seed(bytes([number]) * 32).public_key for number in (1, 2))
    again = PublicKey(first.raw)
    assert first == again
    assert hash(first) == hash(again)
    assert first != second
    other: Any = first.raw
    assert first != other
    assert load_public_key(first.raw) is load_public_key(bytes(first.raw))
    assert repr(first) == f"PublicKey({first.raw.hex()})"


def test_generated_keys_differ_and_sign() -> None:
    keys = [PrivateKey.generate() for _ in range(10)]
    assert len({key.public_key.raw for key in keys}) == 10
    for key in keys:
        signature = key.sign(b"message")
        assert len(signature) == 64
        assert key.public_key.verify(signature, b"message")
