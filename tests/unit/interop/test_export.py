"""Every export format, read again by the package, by ssh-keygen and by openssl."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.errors import KeyMaterialError, PithError
from pithbuilder.interop.did_web import did_document, did_document_path, did_document_url
from pithbuilder.interop.export import EXPORT_FORMATS, export_keys
from pithbuilder.interop.jwk import decode_jwk, decode_jwks, thumbprint
from pithbuilder.interop.multikey import decode_did_key, decode_multikey
from pithbuilder.interop.openssh import decode_openssh
from pithbuilder.interop.vkey import decode_vkey
from pithbuilder.signing.ed25519 import PrivateKey

BASE_URL = "https://registry.example:8443/pith"
DID = "did:web:registry.example%3A8443:pith"
NAME = "registry.example/pith"
KEYS = [PrivateKey.from_seed(bytes([number]) * 32).public_key for number in (1, 2, 3)]
DOCUMENTS = [
    KeyDocument.of(key.raw, key_id=f"key-{number}", url=f"{BASE_URL}/key.json", notes="für alle")
    for number, key in enumerate(KEYS, start=1)
]


def export(name: str, documents: list[KeyDocument] | None = None) -> str:
    return export_keys(name, DOCUMENTS[:1] if documents is None else documents, base_url=BASE_URL, name=NAME)


def run(*command: str, stdin: bytes = b"") -> bytes:
    """Run a real tool; a tool that is not installed fails the test."""
    result = subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_formats_in_their_order() -> None:
    assert list(EXPORT_FORMATS) == "key-document did-key multikey did-web jwk jwks openssh pem vkey".split()


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_text_ends_in_one_line_break(name: str) -> None:
    text = export(name)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    if text.startswith("{"):
        assert text.startswith('{\n  "')
        assert json.loads(text)
        assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_one_key() -> None:
    key = KEYS[0]
    assert json.loads(export("key-document")) == DOCUMENTS[0].to_dict()
    assert decode_did_key(export("did-key").rstrip("\n")) == key
    assert decode_multikey(export("multikey").rstrip("\n")) == key
    assert decode_jwk(json.loads(export("jwk"))) == key
    assert decode_jwks(json.loads(export("jwks"))) == [key]
    assert decode_openssh(export("openssh").rstrip("\n")) == (key, "key-1")
    assert decode_vkey(export("vkey").rstrip("\n")) == (NAME, key)
    assert export("pem").encode("ascii") == key.to_pem()


def test_several_keys() -> None:
    assert [decode_did_key(line) for line in export("did-key", DOCUMENTS).splitlines()] == KEYS
    assert [decode_multikey(line) for line in export("multikey", DOCUMENTS).splitlines()] == KEYS
    assert [decode_openssh(line) for line in export("openssh", DOCUMENTS).splitlines()] == [
        (key, f"key-{number}") for number, key in enumerate(KEYS, start=1)
    ]
    assert [decode_vkey(line) for line in export("vkey", DOCUMENTS).splitlines()] == [(NAME, key) for key in KEYS]
    assert decode_jwks(json.loads(export("jwks", DOCUMENTS))) == KEYS
    assert [jwk["kid"] for jwk in json.loads(export("jwks", DOCUMENTS))["keys"]] == [thumbprint(key) for key in KEYS]
    assert export("pem", DOCUMENTS).encode("ascii") == b"".join(key.to_pem() for key in KEYS)


def test_did_web_document() -> None:
    document = json.loads(export("did-web", DOCUMENTS))
    assert document == did_document(BASE_URL, DOCUMENTS)
    assert list(document) == ["@context", "id", "verificationMethod", "assertionMethod"]
    assert document["@context"][0] == "https://www.w3.org/ns/did/v1"
    assert document["id"] == DID
    assert document["assertionMethod"] == [f"{DID}#key-1", f"{DID}#key-2", f"{DID}#key-3"]
    for method, key, identifier in zip(document["verificationMethod"], KEYS, document["assertionMethod"], strict=True):
        assert (method["id"], method["type"], method["controller"]) == (identifier, "Multikey", DID)
        assert decode_multikey(method["publicKeyMultibase"]) == key


def test_where_the_did_document_is_published() -> None:
    assert did_document_url(BASE_URL) == f"{BASE_URL}/did.json"
    assert did_document_path(BASE_URL) == "did.json"
    assert did_document_url("https://a.example") == "https://a.example/.well-known/did.json"
    assert did_document_path("https://a.example") == ".well-known/did.json"


def test_refusals() -> None:
    bad_id = KeyDocument.of(KEYS[0].raw, key_id="a key#1", url="", notes="")
    for name, documents, code in (
        ("jwk", DOCUMENTS, "export-one-key"),
        ("key-document", DOCUMENTS, "export-one-key"),
        ("jwk", [], "export-no-key"),
        ("pem", [], "export-no-key"),
        ("der", DOCUMENTS, "export-format"),
        ("did-web", [bad_id], "did-web-key-id"),
    ):
        with pytest.raises(PithError) as caught:
            export(name, documents)
        assert caught.value.code == code
    with pytest.raises(PithError) as no_https:
        export_keys("did-web", DOCUMENTS, base_url="http://registry.example", name=NAME)
    assert no_https.value.code == "did-web-url"
    with pytest.raises(PithError) as no_name:
        export_keys("vkey", DOCUMENTS, base_url=BASE_URL, name="Pith registry")
    assert no_name.value.code == "vkey-name"
    same_id = KeyDocument.of(KEYS[1].raw, key_id="key-1", url="", notes="")
    with pytest.raises(KeyMaterialError) as conflict:
        export("did-web", [DOCUMENTS[0], same_id])
    assert conflict.value.code == "key-conflict"


# ---- Real tools --------------------------------------------------------------------------------------------------


def test_ssh_keygen_reads_the_public_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.pub"
    path.write_text(export("openssh", DOCUMENTS), encoding="utf-8")
    lines = run("ssh-keygen", "-l", "-f", str(path)).decode().splitlines()
    assert [line.split()[-2:] for line in lines] == [[f"key-{number}", "(ED25519)"] for number in (1, 2, 3)]
    for line, text in zip(lines, export("openssh", DOCUMENTS).splitlines(), strict=True):
        digest = hashlib.sha256(base64.b64decode(text.split()[1])).digest()
        assert line.split()[1] == "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def test_ssh_keygen_converts_the_line_and_back(tmp_path: Path) -> None:
    path = tmp_path / "key.pub"
    path.write_text(export("openssh"), encoding="utf-8")
    other = tmp_path / "key.rfc4716"
    other.write_bytes(run("ssh-keygen", "-e", "-m", "RFC4716", "-f", str(path)))
    again = run("ssh-keygen", "-i", "-m", "RFC4716", "-f", str(other)).decode()
    assert again.split()[:2] == export("openssh").split()[:2]


def test_openssl_reads_the_pem() -> None:
    shown = run("openssl", "pkey", "-pubin", "-noout", "-text", stdin=export("pem").encode()).decode()
    assert "ED25519 Public-Key" in shown
    assert "".join(shown.split("pub:")[1].split()).replace(":", "") == KEYS[0].raw.hex()
    assert run("openssl", "pkey", "-pubin", "-pubout", stdin=export("pem").encode()) == export("pem").encode()


def test_openssl_verifies_with_the_pem(tmp_path: Path) -> None:
    public, message, signature = tmp_path / "key.pem", tmp_path / "message", tmp_path / "signature"
    public.write_text(export("pem"), encoding="ascii")
    message.write_bytes(b"message")
    signature.write_bytes(PrivateKey.from_seed(b"\1" * 32).sign(b"message"))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(public), "-rawin", "-in", str(message)]
    assert b"Successfully" in run(*command, "-sigfile", str(signature))
