"""JSON Web Keys: Ed25519 as key type OKP (RFC 8037), named by its thumbprint (RFC 7638); private ones are only read.

No error about a private key shows a value of it, and none has another error behind it that would.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Final

from pithbuilder.core.canonical_json import JsonObject, JsonValue, canonicalize
from pithbuilder.core.digest import sha256
from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.documents.wire import json_type_name
from pithbuilder.errors import InteropError, printable
from pithbuilder.signing.ed25519 import PUBLIC_KEY_LENGTH, SEED_LENGTH, PrivateKey, PublicKey, load_public_key

KEY_TYPE: Final = "OKP"
CURVE: Final = "Ed25519"

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_SHORT_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,10}", re.ASCII)
"""The names of key types and curves; whatever is longer is not shown, for it may be misplaced key material."""


def encode_base64url(data: bytes) -> str:
    """Return ``data`` in base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def thumbprint(key: PublicKey) -> str:
    """Return the thumbprint of a public key (RFC 7638; RFC 8037, section 2): 43 characters."""
    required: JsonObject = {"crv": CURVE, "kty": KEY_TYPE, "x": encode_base64url(key.raw)}
    return encode_base64url(sha256(canonicalize(required)))


def encode_jwk(key: PublicKey) -> JsonObject:
    """Return a public key as a JWK whose ``kid`` is its thumbprint."""
    return {"kty": KEY_TYPE, "crv": CURVE, "x": encode_base64url(key.raw), "kid": thumbprint(key), "use": "sig"}


def encode_jwks(keys: Iterable[PublicKey]) -> JsonObject:
    """Return public keys as a JWK Set (RFC 7517, section 5)."""
    return {"keys": [encode_jwk(key) for key in keys]}


def decode_jwk(value: JsonObject, path: str = ROOT) -> PublicKey:
    """Return the public key of a JWK; members that do not tell the key are left alone.

    Args:
        value: The JWK.
        path: Where it stands, for error messages.

    Raises:
        InteropError: ``jwk-field``, ``jwk-kty``, ``jwk-crv``, ``jwk-encoding``; ``jwk-private`` for a private key.
        KeyMaterialError: What :class:`~pithbuilder.signing.ed25519.PublicKey` refuses.
    """
    _check_type(value, path)
    if "d" in value:
        raise InteropError(
            "jwk-private",
            "JWK holds a private key where a public one is wanted",
            where=child_path(path, "d"),
            hint="remove the member d before you hand a key to anybody",
        )
    return load_public_key(_bytes_of(value, "x", PUBLIC_KEY_LENGTH, path))


def decode_jwks(value: JsonObject) -> list[PublicKey]:
    """Return the public keys of a JWK Set.

    Raises:
        InteropError: As for :func:`decode_jwk`.
        KeyMaterialError: As for :func:`decode_jwk`.
    """
    places = [f"$.keys[{index}]" for index in range(len(_keys(value)))]
    return [decode_jwk(_object(item, place), place) for item, place in zip(_keys(value), places, strict=True)]


def decode_private_jwk(value: JsonObject) -> PrivateKey:
    """Return the private key of a JWK, or of a JWK Set with one key.

    Raises:
        InteropError: ``jwk-field``, ``jwk-kty``, ``jwk-crv``, ``jwk-encoding``, ``jwk-public-only``,
            ``jwk-mismatch`` or ``jwks-one-key``.
    """
    path = ROOT
    if "keys" in value and "kty" not in value:
        keys = _keys(value)
        if len(keys) != 1:
            raise InteropError(
                "jwks-one-key",
                "JWK Set does not hold exactly one key",
                where="$.keys",
                expected="1 key",
                found=f"{len(keys)} keys",
                hint="put the one private key that is meant into a file of its own",
            )
        path = "$.keys[0]"
        value = _object(keys[0], path)
    _check_type(value, path)
    public = _bytes_of(value, "x", PUBLIC_KEY_LENGTH, path)  # only compared, never shown: it may be the key in d
    if "d" not in value:
        raise InteropError(
            "jwk-public-only",
            "JWK holds a public key only",
            where=child_path(path, "d"),
            expected="the member d, the private key",
            hint="give the JWK that was made together with this one and never published",
        )
    private = PrivateKey.from_seed(_bytes_of(value, "d", SEED_LENGTH, path))
    if private.public_key.raw != public:
        raise InteropError(
            "jwk-mismatch",
            "public key in x does not belong to the private key in d",
            where=child_path(path, "x"),
            hint="the file is damaged, or was put together from two keys",
        )
    return private


def _check_type(value: JsonObject, path: str) -> None:
    key_type = _text(value, "kty", path)
    if key_type != KEY_TYPE:
        raise InteropError(
            "jwk-kty",
            "JWK is of a type that cannot be used here",
            where=child_path(path, "kty"),
            expected=KEY_TYPE,
            found=_name(key_type),
            hint="only Ed25519 keys can be used",
        )
    curve = _text(value, "crv", path)
    if curve != CURVE:
        raise InteropError(
            "jwk-crv",
            "JWK is for a curve that cannot be used here",
            where=child_path(path, "crv"),
            expected=CURVE,
            found=_name(curve),
            hint="only Ed25519 keys can be used",
        )


def _keys(value: JsonObject) -> list[JsonValue]:
    keys = value.get("keys")
    if not isinstance(keys, list):
        raise _bad_field("$.keys", "an array of keys", value, "keys")
    return keys


def _object(value: JsonValue, path: str) -> JsonObject:
    if not isinstance(value, dict):
        raise InteropError(
            "jwk-field", "JWK is not an object", where=path, expected="object", found=json_type_name(value)
        )
    return value


def _text(value: JsonObject, name: str, path: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise _bad_field(child_path(path, name), "a string", value, name)
    return text


def _bad_field(path: str, expected: str, value: JsonObject, name: str) -> InteropError:
    found = json_type_name(value[name]) if name in value else "nothing"
    return InteropError(
        "jwk-field", "JWK lacks a member, or it has the wrong type", where=path, expected=expected, found=found
    )


def _bytes_of(value: JsonObject, name: str, length: int, path: str) -> bytes:
    """Return the bytes that a member spells; the error shows nothing of it."""
    text = _text(value, name, path)
    data = _decode_base64url(text)
    if data is None or len(data) != length:
        raise InteropError(
            "jwk-encoding",
            "member of the JWK does not spell a key",
            where=child_path(path, name),
            expected=f"base64url without padding (RFC 7515), {length} bytes",
            found=f"{len(text)} characters" if data is None else f"{len(data)} bytes",
        )
    return data


def _decode_base64url(text: str) -> bytes | None:
    """Return the bytes of strict base64url without padding, or None."""
    if _BASE64URL.fullmatch(text) is None:
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return data if encode_base64url(data) == text else None


def _name(text: str) -> str:
    return printable(text) if _SHORT_NAME.fullmatch(text) else f"{len(text)} characters"
