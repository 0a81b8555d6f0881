"""Public keys as text in every format that is exported (``keys export --format``)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.errors import InteropError, printable
from pithbuilder.interop.did_web import did_document
from pithbuilder.interop.jwk import encode_jwk, encode_jwks
from pithbuilder.interop.multikey import did_key, encode_multikey
from pithbuilder.interop.openssh import encode_openssh
from pithbuilder.interop.vkey import encode_vkey
from pithbuilder.signing.ed25519 import PublicKey
from pithbuilder.signing.keyring import public_key_of


@attrs.frozen
class ExportRequest:
    """What is exported, and what the formats need to know besides.

    Attributes:
        documents: The keys' documents, at least one.
        keys: Their public keys, in the same order.
        base_url: Where the issuer publishes; for ``did-web``.
        name: The issuer's name; for ``vkey``.
    """

    documents: tuple[KeyDocument, ...]
    keys: tuple[PublicKey, ...]
    base_url: str
    name: str


def _key_document(request: ExportRequest) -> str:
    _one(request)
    return _json(request.documents[0].to_dict())


def _did_key(request: ExportRequest) -> str:
    return _lines(map(did_key, request.keys))


def _multikey(request: ExportRequest) -> str:
    return _lines(map(encode_multikey, request.keys))


def _did_web(request: ExportRequest) -> str:
    return _json(did_document(request.base_url, request.documents))


def _jwk(request: ExportRequest) -> str:
    return _json(encode_jwk(_one(request)))


def _jwks(request: ExportRequest) -> str:
    return _json(encode_jwks(request.keys))


def _openssh(request: ExportRequest) -> str:
    pairs = zip(request.documents, request.keys, strict=True)
    return _lines(encode_openssh(key, document.key_id) for document, key in pairs)


def _pem(request: ExportRequest) -> str:
    return "".join(key.to_pem().decode("ascii") for key in request.keys)


def _vkey(request: ExportRequest) -> str:
    return _lines(encode_vkey(request.name, key) for key in request.keys)


EXPORT_FORMATS: Final[Mapping[str, Callable[[ExportRequest], str]]] = MappingProxyType(
    {
        "key-document": _key_document,
        "did-key": _did_key,
        "multikey": _multikey,
        "did-web": _did_web,
        "jwk": _jwk,
        "jwks": _jwks,
        "openssh": _openssh,
        "pem": _pem,
        "vkey": _vkey,
    }
)
"""Every format's name, as the command line takes it, and what writes it."""


def export_keys(export_format: str, documents: Sequence[KeyDocument], *, base_url: str, name: str) -> str:
    """Return public keys in one of the formats, as text that ends in one line break.

    Args:
        export_format: A key of :data:`EXPORT_FORMATS`.
        documents: The keys, at least one; each document is checked.
        base_url: Where the issuer publishes, without a slash at the end; for ``did-web``.
        name: The issuer's name; for ``vkey``.

    Raises:
        InteropError: ``export-format``, ``export-no-key``, ``export-one-key``, or what the format refuses.
        KeyMaterialError: A document's fields contradict each other.
    """
    write = EXPORT_FORMATS.get(export_format)
    if write is None:
        raise InteropError(
            "export-format",
            "no such format for keys",
            expected=", ".join(EXPORT_FORMATS),
            found=printable(export_format),
        )
    if not documents:
        raise InteropError("export-no-key", "there is no key to export", expected="at least one key")
    keys = tuple(public_key_of(document) for document in documents)
    return write(ExportRequest(tuple(documents), keys, base_url, name))


def _one(request: ExportRequest) -> PublicKey:
    if len(request.keys) != 1:
        raise InteropError(
            "export-one-key",
            "this format holds one key only",
            expected="1 key",
            found=f"{len(request.keys)} keys",
            hint="name the one key that you mean, or take the format jwks or did-web",
        )
    return request.keys[0]


def _json(value: JsonObject) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
