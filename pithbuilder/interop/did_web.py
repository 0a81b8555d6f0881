"""``did:web``: an issuer named by its own web address, and the document that lists its keys there.

W3C CCG, did:web Method Specification: the colon before a port is percent-encoded, the segments of a path are joined
by colons, and the document is at ``/.well-known/did.json``, or with a path at ``/path/did.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pithbuilder.core.canonical_json import JsonObject, JsonValue
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.errors import InteropError, printable
from pithbuilder.interop.multikey import encode_multikey
from pithbuilder.signing.keyring import Keyring

DID_WEB: Final = "did:web:"
DID_CONTEXTS: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")

_WELL_KNOWN: Final = ".well-known/did.json"
_DOCUMENT: Final = "did.json"
_HIGHEST_PORT: Final = 65535

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST: Final = rf"(?P<host>{_LABEL}(?:\.{_LABEL})*)"
_URL: Final = re.compile(rf"https://{_HOST}(?::(?P<port>[1-9]\d{{0,4}}))?(?P<path>(?:/[A-Za-z0-9._~-]+)*)", re.ASCII)
_DID: Final = re.compile(
    rf"did:web:{_HOST}(?:%3A(?P<port>[1-9]\d{{0,4}}))?(?P<path>(?::(?:[A-Za-z0-9._-]|%7E)+)*)", re.ASCII
)
_KEY_ID: Final = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)


def did_web(base_url: str) -> str:
    """Return the ``did:web`` identifier of an issuer.

    Args:
        base_url: Where the issuer publishes, without a slash at the end.

    Raises:
        InteropError: ``did-web-url``; not https, an IP address, capital letters in the host name, or no address.

    >>> did_web("https://example.com:3000/user/alice")
    'did:web:example.com%3A3000:user:alice'
    """
    host, port, path = _parts(_URL, base_url, "did-web-url")
    return DID_WEB + host + (f"%3A{port}" if port else "") + path.replace("/", ":").replace("~", "%7E")


def base_url_of(did: str) -> str:
    """Return the web address that a ``did:web`` identifier was made of.

    Raises:
        InteropError: ``did-web-format``.

    >>> base_url_of("did:web:example.com%3A3000:user:alice")
    'https://example.com:3000/user/alice'
    """
    host, port, path = _parts(_DID, did, "did-web-format")
    return f"https://{host}" + (f":{port}" if port else "") + path.replace(":", "/").replace("%7E", "~")


def did_document_path(base_url: str) -> str:
    """Return where below ``base_url`` its DID document is published: ``.well-known/did.json`` or ``did.json``.

    Raises:
        InteropError: As for :func:`did_web`.
    """
    return _DOCUMENT if _parts(_URL, base_url, "did-web-url")[2] else _WELL_KNOWN


def did_document_url(base_url: str) -> str:
    """Return the address at which everybody looks for the DID document of an issuer.

    Raises:
        InteropError: As for :func:`did_web`.
    """
    return f"{base_url}/{did_document_path(base_url)}"


def did_web_method(base_url: str, key_id: str) -> str:
    """Return the id of a key in an issuer's DID document: ``did:web:…#<key_id>``.

    Raises:
        InteropError: As for :func:`did_web`; ``did-web-key-id`` if the key's name cannot stand in an address.
    """
    return f"{did_web(base_url)}#{_checked_key_id(key_id)}"


def key_id_of_method(method: str) -> str:
    """Return the key's name from the id of a verification method with ``did:web``.

    Raises:
        InteropError: ``did-web-format`` or ``did-web-key-id``.
    """
    did, separator, key_id = method.partition("#")
    if not separator:
        raise InteropError(
            "did-web-format",
            "verification method names no key of the did:web identifier",
            expected="did:web:HOST#KEY-ID",
            found=printable(method),
        )
    base_url_of(did)
    return _checked_key_id(key_id)


def did_document(base_url: str, documents: Iterable[KeyDocument]) -> JsonObject:
    """Return the DID document of an issuer with its keys as verification methods of type Multikey.

    Args:
        base_url: Where the issuer publishes, without a slash at the end.
        documents: The issuer's keys.

    Raises:
        InteropError: As for :func:`did_web_method`.
        KeyMaterialError: As for :class:`~pithbuilder.signing.keyring.Keyring`.
    """
    did = did_web(base_url)
    keyring = Keyring(documents)
    methods: list[JsonValue] = []
    ids: list[JsonValue] = []
    for key_id in keyring:
        key = keyring.get(key_id)
        if key is not None:
            method = did_web_method(base_url, key_id)
            ids.append(method)
            methods.append(
                {"id": method, "type": "Multikey", "controller": did, "publicKeyMultibase": encode_multikey(key)}
            )
    return {"@context": list(DID_CONTEXTS), "id": did, "verificationMethod": methods, "assertionMethod": ids}


def _parts(pattern: re.Pattern[str], text: str, code: str) -> tuple[str, str, str]:
    """Return host, port and path of an address or identifier; each has one spelling only."""
    match = pattern.fullmatch(text)
    if match is not None:
        host, port, path = match["host"], match["port"] or "", match["path"]
        is_ip = host.rpartition(".")[2].isdigit()  # no top-level domain is a number; the method forbids IP addresses
        dots = any(segment in (".", "..") for segment in re.split("[/:]", path))
        if not is_ip and not dots and int(port or "1") <= _HIGHEST_PORT:
            return host, port, path
    if code == "did-web-url":
        raise InteropError(
            "did-web-url",
            "address cannot be that of a did:web identifier",
            expected="https://HOST, https://HOST:PORT or https://HOST/PATH, host name in small letters",
            found=printable(text),
            hint="did:web is looked up by https under a host name; set base_url in pith.toml",
        )
    raise InteropError(
        "did-web-format",
        "not a did:web identifier",
        expected="did:web:HOST, did:web:HOST%3APORT or did:web:HOST:PATH",
        found=printable(text),
    )


def _checked_key_id(key_id: str) -> str:
    if _KEY_ID.fullmatch(key_id) is None:
        raise InteropError(
            "did-web-key-id",
            "key id cannot be part of a web address",
            expected="letters, digits, '.', '_', '~' and '-'",
            found=printable(key_id),
        )
    return key_id
