"""Whatever is changed in a trusted bundle, at whatever place, makes it invalid."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pithbuilder.core.canonical_json import canonicalize
from pithbuilder.core.json_path import child_path
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.wire import parse_object
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.report import Verdict

ROOT = Path(__file__).resolve().parents[2]
TEST_ONLY_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032, 7.1
NAMES = ("bundle-1805.08469v1", "bundle-2410.05985v4", "issued")

# The bundle's signature covers its digest, and the digest leaves bundle_signature out: what stands there beside the
# fields that are held against the key and the digest is a mere claim.
CLAIM = "$.bundle_signature.signed_at"

Step = str | int
Mutation = tuple[str, str, bytes]  # where, what was done, the mutated document


@cache
def issue() -> tuple[bytes, KeyDocument]:
    profile = IssuerProfile(signer_id="registry.example", mirror_name="Example", base_url="https://registry.example")
    signer = LocalSigner("test-only", PrivateKey.from_seed(TEST_ONLY_SEED))
    issuer = Issuer(profile, signer, FixedClock(datetime(2026, 11, 21, tzinfo=UTC)))
    issued = issuer.issue(
        PaperMetadata(
            arxiv_id="math.AG/9901001",
            version=2,
            title='On "Erdős" and $\\Gamma$',
            abstract="A short abstract,\n  in two paragraphs.",
            authors="Ada B. Müller and C. D'Été",
            categories=("math.AG", "math.CO", "cs.LG"),
            license="",
            submitted_at=datetime(1999, 1, 1, tzinfo=UTC),
        )
    )
    return issued.bundle_bytes, issuer.key_document


@cache
def keyring() -> Keyring:
    return Keyring([issue()[1], KeyDocument.from_dict(parse_object((ROOT / "keys/pith-v1-2026-05.json").read_bytes()))])


@cache
def bundle_bytes(name: str) -> bytes:
    return issue()[0] if name == "issued" else (ROOT / f"tests/published/{name}.json").read_bytes()


def places(value: Any, steps: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Every place in a document but its root."""
    if isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*steps, step)
            yield from places(item, (*steps, step))


def path_of(steps: tuple[Step, ...]) -> str:
    path = "$"
    for step in steps:
        path = child_path(path, step)
    return path


def other_texts(text: str) -> Iterator[tuple[str, str]]:
    yield "append", text + "x"
    yield "blank", text + " "
    yield "cut", text[:-1]
    yield "swap case", text.swapcase()
    yield "other last", text[:-1] + ("1" if text[-1:] == "0" else "0")
    yield "other first", ("b" if text[:1] == "a" else "a") + text[1:]
    yield "year", "2001" + text[4:]
    # still a valid instant, digest or number, but another one
    yield "other digits", text[:15] + text[15:].translate(str.maketrans("01234", "12340"))


def other_values(value: Any) -> Iterator[tuple[str, Any]]:
    """Other values to put in a value's place: of its type, nearly the same, and of other types."""
    if isinstance(value, bool):
        yield "flip", not value
        yield "integer", int(value)
    elif isinstance(value, int):
        yield "add", value + 1
        yield "subtract", value - 1
        yield "text", str(value)
        yield "boolean", bool(value)
    elif isinstance(value, str):
        yield from other_texts(value)
    elif isinstance(value, list):
        yield "repeat", [*value, *value[:1]] if value else ["x"]
        yield "reverse", value[::-1]
        yield "shorten", value[:-1]
        yield "more", [*value, {}]
        yield "object", {}
    elif isinstance(value, dict):
        yield "unknown", {**value, "unknown": 1}
        yield "unknown beyond BMP", {**value, "\U0001f600": ["\ue000"], "\uffff": {}}
        yield "empty", {}
        yield "array", []
    if value is None:
        yield "zero", 0
        yield "empty text", ""
    else:
        yield "null", None


def mutations(name: str) -> Iterator[Mutation]:
    document = json.loads(bundle_bytes(name))

    def mutated(where: str, what: str) -> Mutation:
        return where, what, json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    for steps in list(places(document)):
        parent = document
        for step in steps[:-1]:
            parent = parent[step]
        last = steps[-1]
        original = copy.copy(parent)
        where = path_of(steps)
        for what, other in other_values(original[last]):
            parent[last] = other
            yield mutated(where, what)
            parent[last] = original[last]
        del parent[last]
        yield mutated(where, "delete")
        if isinstance(parent, dict):
            parent[f"{last}_"] = original[last]
            yield mutated(where, "rename")
            parent.clear()
            parent.update(original)
        else:
            parent[:] = original
    document["unknown"] = {"a": [1, None]}
    yield mutated("$", "unknown")


@pytest.mark.parametrize("name", NAMES)
def test_mutated_bundle_is_invalid(name: str) -> None:
    data = bundle_bytes(name)
    original = canonicalize(parse_object(data))
    assert verify_bundle(data, keyring()).verdict is Verdict.TRUSTED
    count = 0
    for where, what, mutated in mutations(name):
        if canonicalize(parse_object(mutated)) == original:
            continue
        count += 1
        report = verify_bundle(mutated, keyring())
        if report.verdict is not Verdict.INVALID:
            claimed = where == CLAIM or (where == "$.bundle_signature" and what.startswith("unknown"))
            assert claimed, (where, what)
            assert report.verdict is Verdict.TRUSTED
        else:
            assert report.failures, (where, what)
    assert count > 2000


@pytest.mark.parametrize("name", NAMES)
def test_spelling_does_not_matter(name: str) -> None:
    data = bundle_bytes(name)
    expected = verify_bundle(data, keyring())
    value = json.loads(data)
    for spelling in (
        json.dumps(value, indent=2),
        json.dumps(value, ensure_ascii=False, sort_keys=True),
        json.dumps(value, separators=(",", ":")),
        f"\n{json.dumps(reverse_members(value))} ",
    ):
        assert verify_bundle(spelling.encode(), keyring()) == expected


def reverse_members(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: reverse_members(item) for name, item in reversed(value.items())}
    return [reverse_members(item) for item in value] if isinstance(value, list) else value
