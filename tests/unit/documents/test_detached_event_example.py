"""The example of a detached event: read, held against its schema, and computed again without this package."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pithbuilder.documents.detached_event import DetachedEvent
from pithbuilder.documents.schemas import load_schema, schema_names
from pithbuilder.documents.wire import parse_object

ROOT: Final = Path(__file__).parents[3]
EXAMPLE: Final = ROOT / "examples" / "detached-event.json"
VALUE: Final[Any] = json.loads(EXAMPLE.read_bytes())
EVENT: Final = VALUE["event"]
REGISTRY: Registry[Any] = Registry().with_resources(
    (f"urn:pith:schema:{name}:1", Resource.from_contents(load_schema(name))) for name in schema_names()
)
DOCS: Final = ROOT / "docs"
PAGE: Final = (DOCS / "events.md").read_text().partition("\n## Handing an event over\n")[2].partition("\n## ")[0]


def digest() -> bytes:
    """Return the event's digest as docs/merge.md has it, step 1."""
    content = {name: value for name, value in EVENT.items() if name not in ("signature", "content_sha256", "event_id")}
    return hashlib.sha256(rfc8785.dumps(content)).digest()


def test_it_is_read_and_keeps_to_its_schema() -> None:
    document = DetachedEvent.from_dict(parse_object(EXAMPLE.read_bytes()))
    assert document.to_dict() == VALUE
    assert Draft202012Validator(load_schema("detached_event"), registry=REGISTRY).is_valid(VALUE)
    assert set(VALUE) == set(load_schema("detached_event")["required"])  # type: ignore[arg-type]
    family = Draft202012Validator(load_schema(EVENT["event_type"]), registry=REGISTRY)
    assert family.is_valid(EVENT["payload"])
    assert EVENT["payload"] == json.loads((ROOT / "examples" / "events" / f"{EVENT['event_type']}.json").read_bytes())


def test_another_library_verifies_it() -> None:
    assert EVENT["content_sha256"] == digest().hex()
    assert EVENT["event_id"] == f"sha256:{digest().hex()}"
    raw = base64.b64decode(VALUE["public_key"]["public_key_b64"], validate=True)
    signature = base64.b64decode(EVENT["signature"]["signature_b64"], validate=True)
    key = Ed25519PublicKey.from_public_bytes(raw)
    key.verify(signature, digest())
    with pytest.raises(InvalidSignature):
        key.verify(signature, EVENT["content_sha256"].encode())


def test_another_library_signs_it() -> None:
    """Ed25519 has one signature for a key and a message, so whoever keeps to the page gets the very bytes."""
    vectors = json.loads((ROOT / "tests" / "vectors" / "rfc8032-ed25519.json").read_bytes())
    (vector,) = (vector for vector in vectors if vector["name"] == "TEST 2")
    assert VALUE["public_key"]["public_key_hex"] == vector["public_key"]
    signature = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["seed"])).sign(digest())
    assert EVENT["signature"]["signature_b64"] == base64.b64encode(signature).decode()
    assert vector["name"] in VALUE["public_key"]["notes"]


def test_its_key_is_marked_as_one_that_all_the_world_has() -> None:
    key, signer, signature = VALUE["public_key"], EVENT["signer"], EVENT["signature"]
    assert key["key_id"] == signer["key_id"] == signature["key_id"]
    assert key["key_id"].startswith("TEST-ONLY-")
    assert key["notes"].startswith("TEST ONLY: ")
    hashed = hashlib.sha256(bytes.fromhex(key["public_key_hex"])).digest()
    assert signer["public_key_fingerprint"] == signature["public_key_fingerprint"] == hashed[:16].hex()
    assert key["fingerprint_sha256_hex"] == hashed[:16].hex()
    assert key["fingerprint_sha256_b32_first128bits"] == base64.b32encode(hashed).decode()[:26]


def test_the_page_shows_every_member() -> None:
    assert "examples/detached-event.json" in PAGE
    for names in (VALUE, EVENT["signature"], EVENT["signer"], VALUE["public_key"]):
        for name in names:
            assert f"`{name}`" in PAGE, name


def test_every_code_that_the_page_names_is_a_code() -> None:
    rows = [row.split("|")[1] for row in PAGE.partition("\n| code |")[2].splitlines() if row.startswith("| `")]
    named = {code for row in rows for code in re.findall(r"`([a-z-]+[a-z])`", row)}
    listed = set(re.findall(r"`([a-z0-9-]+)`", (DOCS / "codes.md").read_text()))
    assert len(named) > 20
    assert named <= listed
