"""JSON Web Keys against RFC 8037 (appendix A), RFC 7638 and Wycheproof's own JWKs."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.errors import PithError
from pithbuilder.interop.jwk import (
    decode_jwk,
    decode_jwks,
    decode_private_jwk,
    encode_base64url,
    encode_jwk,
    encode_jwks,
    thumbprint,
)
from pithbuilder.signing.ed25519 import PrivateKey, PublicKey

VECTORS = Path(__file__).parents[2] / "vectors"
# RFC 8037, appendices A.1 to A.4.
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
JWS = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
WYCHEPROOF: dict[str, Any] = json.loads((VECTORS / "wycheproof-ed25519.json").read_text(encoding="utf-8"))
GROUPS = WYCHEPROOF["testGroups"]

PRIVATE: dict[str, Any] = {"kty": "OKP", "crv": "Ed25519", "d": D, "x": X}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in PRIVATE.items() if key != name}


def test_rfc_8037_private_key() -> None:
    key = decode_private_jwk(PRIVATE)
    assert key.to_seed().hex() == SEED
    assert key.public_key.raw.hex() == PUBLIC
    assert encode_base64url(bytes.fromhex(SEED)) == D


def test_rfc_8037_public_key_and_thumbprint() -> None:
    key = decode_jwk({"kty": "OKP", "crv": "Ed25519", "x": X})
    assert key.raw.hex() == PUBLIC
    assert thumbprint(key) == THUMBPRINT
    assert encode_jwk(key) == {"kty": "OKP", "crv": "Ed25519", "x": X, "kid": THUMBPRINT, "use": "sig"}


def test_rfc_8037_signature() -> None:
    signed, _, text = JWS.rpartition(".")
    signature = base64.urlsafe_b64decode(text + "==")
    assert encode_base64url(signature) == text
    assert decode_private_jwk(PRIVATE).sign(signed.encode("ascii")) == signature
    assert decode_jwk(without("d")).verify(signature, signed.encode("ascii"))


@pytest.mark.parametrize("number", range(len(GROUPS)))
def test_keys_of_wycheproof_in_every_spelling(number: int) -> None:
    group = GROUPS[number]
    key = PublicKey(bytes.fromhex(group["publicKey"]["pk"]))
    assert decode_jwk(group["publicKeyJwk"]) == key
    assert encode_jwk(key)["x"] == group["publicKeyJwk"]["x"]
    assert key.to_pem().decode("ascii").split() == group["publicKeyPem"].split()


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_private_round_trip(seed: bytes) -> None:
    key = PrivateKey.from_seed(seed)
    value = {**encode_jwk(key.public_key), "d": encode_base64url(seed)}
    assert decode_private_jwk(value).to_seed() == seed
    assert decode_private_jwk({"keys": [value]}).to_seed() == seed


def test_sets_round_trip() -> None:
    keys = [PrivateKey.from_seed(bytes([number]) * 32).public_key for number in range(4)]
    assert decode_jwks(encode_jwks(keys)) == keys
    assert decode_jwks({"keys": []}) == []


@pytest.mark.parametrize(
    ("value", "code", "where"),
    [
        ({**PRIVATE, "kty": "RSA"}, "jwk-kty", "$.kty"),
        ({**PRIVATE, "kty": "okp"}, "jwk-kty", "$.kty"),
        ({**PRIVATE, "kty": D}, "jwk-kty", "$.kty"),
        ({**PRIVATE, "crv": "X25519"}, "jwk-crv", "$.crv"),
        ({**PRIVATE, "crv": "Ed448"}, "jwk-crv", "$.crv"),
        ({**PRIVATE, "crv": D}, "jwk-crv", "$.crv"),
        (without("kty"), "jwk-field", "$.kty"),
        (without("crv"), "jwk-field", "$.crv"),
        (without("x"), "jwk-field", "$.x"),
        (without("d"), "jwk-public-only", "$.d"),
        ({**PRIVATE, "x": 1}, "jwk-field", "$.x"),
        ({**PRIVATE, "d": None}, "jwk-field", "$.d"),
        ({**PRIVATE, "d": f"{D}="}, "jwk-encoding", "$.d"),
        ({**PRIVATE, "d": D[:-1]}, "jwk-encoding", "$.d"),
        ({**PRIVATE, "d": f"{D}A"}, "jwk-encoding", "$.d"),
        ({**PRIVATE, "d": D.replace("_", "/")}, "jwk-encoding", "$.d"),
        ({**PRIVATE, "d": f"{D[:-1]}B"}, "jwk-encoding", "$.d"),
        ({**PRIVATE, "d": encode_base64url(bytes(31))}, "jwk-encoding", "$.d"),
        ({**PRIVATE, "x": f"{X} "}, "jwk-encoding", "$.x"),
        ({**PRIVATE, "d": encode_base64url(bytes(32))}, "jwk-mismatch", "$.x"),
        ({"keys": [PRIVATE, PRIVATE]}, "jwks-one-key", "$.keys"),
        ({"keys": []}, "jwks-one-key", "$.keys"),
        ({"keys": PRIVATE}, "jwk-field", "$.keys"),
        ({"keys": [D]}, "jwk-field", "$.keys[0]"),
        ({"keys": [without("d")]}, "jwk-public-only", "$.keys[0].d"),
        ({}, "jwk-field", "$.kty"),
    ],
)
def test_private_keys_that_are_refused(value: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(PithError) as caught:
        decode_private_jwk(value)
    assert (caught.value.code, caught.value.where) == (code, where)
    assert D[:8] not in f"{caught.value} {caught.value.to_dict()}"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (PRIVATE, "jwk-private"),
        ({**without("d"), "crv": "secp256k1"}, "jwk-crv"),
        ({**without("d"), "kty": "EC"}, "jwk-kty"),
        ({**without("d"), "x": f"{X[:-1]}p"}, "jwk-encoding"),
        ({**without("d"), "x": f"{X}\n"}, "jwk-encoding"),
    ],
)
def test_public_keys_that_are_refused(value: dict[str, Any], code: str) -> None:
    with pytest.raises(PithError) as caught:
        decode_jwk(value)
    assert caught.value.code == code
    with pytest.raises(PithError) as in_a_set:
        decode_jwks({"keys": [encode_jwk(decode_jwk(without("d"))), value]})
    assert in_a_set.value.code == code
