"""Project Wycheproof's cases for Ed25519, each with the result that it is to have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pithbuilder.errors import KeyMaterialError
from pithbuilder.signing.ed25519 import PublicKey

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors/wycheproof-ed25519.json").read_text(encoding="utf-8")
)
CASES = [(group["publicKey"]["pk"], case) for group in VECTORS["testGroups"] for case in group["tests"]]


def accepts(public_key: str, case: dict[str, Any]) -> bool:
    try:
        key = PublicKey(bytes.fromhex(public_key))
    except KeyMaterialError:
        return False
    return key.verify(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))


def test_all_cases_are_there() -> None:
    assert [case["tcId"] for _, case in CASES] == list(range(1, VECTORS["numberOfTests"] + 1))
    assert len(CASES) == 151
    assert sum(case["result"] == "valid" for _, case in CASES) == 88
    assert {case["result"] for _, case in CASES} == {"valid", "invalid"}


@pytest.mark.parametrize(("public_key", "case"), CASES, ids=[f"{case['tcId']}" for _, case in CASES])
def test_every_case_has_its_result(public_key: str, case: dict[str, Any]) -> None:
    assert accepts(public_key, case) == (case["result"] == "valid"), case["comment"]


def test_keys_that_are_refused_are_in_no_valid_case() -> None:
    """All keys of the suite are honest ones: what it rejects, it rejects because of the signature."""
    for public_key in {public_key for public_key, _ in CASES}:
        assert PublicKey(bytes.fromhex(public_key)).raw.hex() == public_key
