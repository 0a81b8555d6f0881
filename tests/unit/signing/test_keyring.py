"""Key documents whose fields must agree, and keyrings that hold one key for each id."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from pithbuilder.documents.key_document import KeyDocument, fingerprint_base32, fingerprint_hex
from pithbuilder.errors import KeyMaterialError
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import ALWAYS, Keyring, KeyWindow, public_key_of
from tests.support import edwards25519 as curve

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "tests" / "published"
PUBLISHED_KEY_ID = "pith-v1-2026-05"

KEY, OTHER = (PrivateKey.from_seed(bytes([number]) * 32).public_key for number in (1, 2))


def document_of(raw: bytes, key_id: str = "key-1", **changes: Any) -> KeyDocument:
    document = KeyDocument.of(raw, key_id=key_id, url="https://registry.example/key.json", notes="")
    return attrs.evolve(document, **changes)


def refusal_of(document: KeyDocument) -> tuple[str, str]:
    with pytest.raises(KeyMaterialError) as caught:
        public_key_of(document)
    with pytest.raises(KeyMaterialError) as placed:
        public_key_of(document, "$.public_keys[3]")
    assert placed.value.where == caught.value.where.replace("$", "$.public_keys[3]")
    with pytest.raises(KeyMaterialError):
        Keyring([document])
    assert str(caught.value).isascii()
    return caught.value.code, caught.value.where


def test_fingerprints_against_the_definition() -> None:
    digest = hashlib.sha256(KEY.raw).digest()
    assert fingerprint_hex(KEY.raw) == digest.hex()[:32]
    assert fingerprint_base32(KEY.raw) == base64.b32encode(digest).decode()[:26]


def test_the_published_key_agrees_with_itself_and_with_the_copy_in_the_package() -> None:
    bundle = json.loads((PUBLISHED / "bundle-1805.08469v1.json").read_text(encoding="utf-8"))
    document = KeyDocument.from_dict(bundle["public_keys"][0])
    key = public_key_of(document)
    assert key.raw.hex() == bundle["public_keys"][0]["public_key_hex"]
    pinned = KeyDocument.from_dict(json.loads((ROOT / "keys" / f"{PUBLISHED_KEY_ID}.json").read_text(encoding="utf-8")))
    assert public_key_of(pinned) == key
    assert pinned.key_id == document.key_id == PUBLISHED_KEY_ID


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"algorithm": "Ed25519"}, "key-algorithm", "algorithm"),
        ({"algorithm": "ed448"}, "key-algorithm", "algorithm"),
        ({"algorithm": ""}, "key-algorithm", "algorithm"),
        ({"format": "pem"}, "key-format", "format"),
        ({"format": "RAW"}, "key-format", "format"),
        ({"public_key_b64": ""}, "key-encoding", "public_key_b64"),
        ({"public_key_b64": "A" * 43}, "key-encoding", "public_key_b64"),
        ({"public_key_b64": base64.b64encode(KEY.raw).decode().rstrip("=")}, "key-encoding", "public_key_b64"),
        ({"public_key_b64": base64.b64encode(KEY.raw).decode() + "\n"}, "key-encoding", "public_key_b64"),
        ({"public_key_b64": base64.b64encode(KEY.raw[:31]).decode()}, "key-encoding", "public_key_b64"),
        ({"public_key_b64": base64.b64encode(KEY.raw + b"\0").decode()}, "key-encoding", "public_key_b64"),
        ({"public_key_b64": base64.b64encode(OTHER.raw).decode()}, "key-encoding", "public_key_hex"),
        ({"public_key_hex": OTHER.raw.hex()}, "key-encoding", "public_key_hex"),
        ({"public_key_hex": KEY.raw.hex().upper()}, "key-encoding", "public_key_hex"),
        ({"public_key_hex": KEY.raw.hex() + " "}, "key-encoding", "public_key_hex"),
        ({"public_key_hex": ""}, "key-encoding", "public_key_hex"),
        ({"fingerprint_sha256_hex": fingerprint_hex(OTHER.raw)}, "key-fingerprint", "fingerprint_sha256_hex"),
        ({"fingerprint_sha256_hex": fingerprint_hex(KEY.raw).upper()}, "key-fingerprint", "fingerprint_sha256_hex"),
        (
            {"fingerprint_sha256_hex": hashlib.sha256(KEY.raw).hexdigest()},
            "key-fingerprint",
            "fingerprint_sha256_hex",
        ),
        (
            {"fingerprint_sha256_b32_first128bits": fingerprint_base32(OTHER.raw)},
            "key-fingerprint",
            "fingerprint_sha256_b32_first128bits",
        ),
        (
            {"fingerprint_sha256_b32_first128bits": fingerprint_base32(KEY.raw)[:25]},
            "key-fingerprint",
            "fingerprint_sha256_b32_first128bits",
        ),
        (
            {"fingerprint_sha256_b32_first128bits": base64.b32encode(hashlib.sha256(KEY.raw).digest()[:16]).decode()},
            "key-fingerprint",
            "fingerprint_sha256_b32_first128bits",
        ),
    ],
    ids=lambda item: ascii(item)[:60],
)
def test_every_field_must_agree_with_the_key(changes: dict[str, str], code: str, field: str) -> None:
    assert public_key_of(document_of(KEY.raw)) == KEY
    assert refusal_of(document_of(KEY.raw, **changes)) == (code, f"$.{field}")


def test_loose_trailing_bits_in_a_public_key() -> None:
    text = base64.b64encode(KEY.raw).decode()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = text[:42] + alphabet[alphabet.index(text[42]) ^ 1] + "="
    assert base64.b64decode(loose) == KEY.raw
    assert refusal_of(document_of(KEY.raw, public_key_b64=loose)) == ("key-encoding", "$.public_key_b64")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        *((curve.encode(point), "key-small-order") for point in curve.torsion_points()),
        (curve.PRIME.to_bytes(32, "little"), "key-not-canonical"),
        (b"\xff" * 32, "key-not-canonical"),
        ((2).to_bytes(32, "little"), "key-not-on-curve"),
    ],
    ids=lambda item: item if isinstance(item, str) else item.hex()[:16],
)
def test_keys_that_must_not_be_trusted_are_refused_in_documents(raw: bytes, code: str) -> None:
    assert refusal_of(document_of(raw)) == (code, "$.public_key_b64")


def test_fields_for_people_are_not_looked_at() -> None:
    document = document_of(KEY.raw, notes="anything", url="", rotates_at="2030-01-01T00:00:00Z", extra={"more": 1})
    assert public_key_of(document) == KEY


def test_a_keyring() -> None:
    ring = Keyring([document_of(KEY.raw, "a"), document_of(OTHER.raw, "b")])
    assert (ring.get("a"), ring.get("b"), ring.get("c")) == (KEY, OTHER, None)
    assert list(ring) == ["a", "b"]
    assert len(ring) == 2
    assert "a" in ring
    assert "c" not in ring
    assert 1 not in ring
    assert len(Keyring()) == 0


def test_one_key_under_two_ids_and_twice_under_one() -> None:
    ring = Keyring([document_of(KEY.raw, "a"), document_of(KEY.raw, "b"), document_of(KEY.raw, "a", notes="again")])
    assert list(ring) == ["a", "b"]
    assert ring.get("a") == ring.get("b") == KEY


def test_a_key_ends_when_the_first_of_its_documents_says() -> None:
    early, late = (f"{year}-01-01T00:00:00Z" for year in (2030, 2031))
    for first, second in ((early, late), (late, early), (None, early), (early, None)):
        ring = Keyring([document_of(KEY.raw, "a", rotates_at=first), document_of(KEY.raw, "b", rotates_at=second)])
        assert ring.window("a") == ring.window("b") == KeyWindow(valid_until=datetime(2030, 1, 1, tzinfo=UTC))
    assert ring.window("c") == ring.window_of(OTHER) == ALWAYS


def test_addresses() -> None:
    ring = Keyring([document_of(KEY.raw, "a", url=""), document_of(OTHER.raw, "b"), document_of(KEY.raw, "c", url="x")])
    assert [ring.address(key_id) for key_id in "abcd"] == ["", "https://registry.example/key.json", "x", ""]
    assert (ring.names(KEY), Keyring().names(KEY)) == (("a", "c"), ())
    for urls in (("x", "y"), ("", "x")):
        assert Keyring([document_of(KEY.raw, "a", url=url) for url in urls]).address("a") == "x"


@pytest.mark.parametrize("order", [(KEY, OTHER), (OTHER, KEY), (KEY, KEY, OTHER)])
def test_two_keys_under_one_id_are_refused(order: tuple[Any, ...]) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        Keyring([document_of(key.raw, "a\n") for key in order])
    assert caught.value.code == "key-conflict"
    assert "\n" not in str(caught.value)


def test_ids_are_compared_exactly() -> None:
    ring = Keyring([document_of(KEY.raw, "key"), document_of(OTHER.raw, "Key"), document_of(OTHER.raw, "key ")])
    assert len(ring) == 3


def test_a_local_signer_signs_under_its_public_key() -> None:
    private = PrivateKey.from_seed(b"\1" * 32)
    signer = LocalSigner("key-1", private)
    assert signer.key_id == "key-1"
    assert signer.public_key == KEY


def test_a_key_is_bound_to_its_signers() -> None:
    pinned = Keyring([document_of(KEY.raw)])
    bound = pinned.with_signer("registry.example", [KEY]).with_signer("also.example", [KEY, OTHER])
    assert bound.signers_of(KEY) == {"registry.example", "also.example"}
    assert bound.signers_of(OTHER) == {"also.example"}
    assert bound.signer_keys("registry.example") == {KEY}
    assert bound.with_signer("registry.example", [OTHER]).signer_keys("registry.example") == {KEY, OTHER}
    assert bound.signer_keys("nobody") == bound.signers_of(PrivateKey.generate().public_key) == frozenset()
    assert pinned.signers_of(KEY) == frozenset(), "the keyring that it was made from stays as it was"
    assert (bound.names(OTHER), list(bound)) == ((), ["key-1"]), "that alone pins nothing"


def test_successors_belong_to_whom_the_keys_before_them_belonged() -> None:
    third = PrivateKey.from_seed(bytes([3]) * 32).public_key
    bound = Keyring([document_of(KEY.raw)]).with_signer("registry.example", [KEY]).with_signer("other.example", [third])
    followed = bound.with_chain(KEY, {"key-1": (KEY, ALWAYS), "key-2": (OTHER, ALWAYS)}, ())
    assert followed.signer_keys("registry.example") == {KEY, OTHER}
    assert followed.signer_keys("other.example") == {third}
    unbound = Keyring([document_of(KEY.raw)]).with_chain(KEY, {"key-2": (OTHER, ALWAYS)}, ())
    assert unbound.signers_of(OTHER) == frozenset()
