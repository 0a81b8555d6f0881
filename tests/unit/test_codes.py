"""docs/codes.md lists every code that the package uses, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from pithbuilder.fixtures.format_document import code_list

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pithbuilder"
TAKES_A_CODE = re.compile(
    r"(?:Pith|Canonicalization|Encoding|Format|Wire|Document|KeyMaterial|Signing|Rotation|Interop|Source|Profile|Store|Mint|Event|Merge|Fixture|Conformance)Error|_Refused|_unknown|Fault|unusable|self\._(?:refusal|drop)|Check|_broken|Finding|_fault|_bad_point|_with_failure|\w*checks\.(?:equal|fail|note|passed)"
)
MADE_FROM_A_NAME = {"base32-format", "base64-format", "base58-format"}


def used_codes() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        if path.is_relative_to(PACKAGE / "fixtures" / "cases"):
            continue  # cases expect codes, and raise none
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and TAKES_A_CODE.fullmatch(ast.unparse(node.func)):
                named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                first = node.args[0] if node.args else next(iter(named), None)
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def string_constants() -> set[str]:
    return {
        node.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_used_code_is_listed() -> None:
    used = set(used_codes())
    assert len(used) > 60
    assert used - code_list().keys() == set()


def test_every_listed_code_is_used() -> None:
    assert code_list().keys() - string_constants() - MADE_FROM_A_NAME == set()
