"""The first place where two JSON values differ."""

from __future__ import annotations

from typing import TypeAlias

from pithbuilder.core.canonical_json import JsonObject, JsonValue
from pithbuilder.core.json_path import ROOT, child_path

_Difference: TypeAlias = tuple[list[str | int], object, object]
"""The steps to the place, the last one first, and what stands there in the one and in the other."""


def first_difference(found: JsonValue, expected: JsonValue, path: str = ROOT) -> tuple[str, object, object] | None:
    """Return the first place, in canonical order, where two JSON values differ, and what stands there.

    Args:
        found: One value.
        expected: The other.
        path: Where they stand.

    Returns:
        The JSON path, what stands there in the one and in the other; None where they are equal.
    """
    difference = _difference(found, expected)
    if difference is None:
        return None
    steps, left, right = difference
    for step in reversed(steps):
        path = child_path(path, step)
    return path, left, right


def _difference(found: JsonValue, expected: JsonValue) -> _Difference | None:
    """Compare; a path is made only of the steps to a difference, for long names make long paths."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in sorted(found.keys() | expected.keys()):
            if name not in found or name not in expected:
                return [name], _shown(found, name), _shown(expected, name)
            difference = _difference(found[name], expected[name])
            if difference is not None:
                difference[0].append(name)
                return difference
        return None
    if isinstance(found, list) and isinstance(expected, list):
        for index, (left, right) in enumerate(zip(found, expected, strict=False)):
            difference = _difference(left, right)
            if difference is not None:
                difference[0].append(index)
                return difference
        if len(found) != len(expected):
            return [], f"{len(found)} elements", f"{len(expected)} elements"
        return None
    if type(found) is type(expected) and found == expected:
        return None
    return [], found, expected


def _shown(members: JsonObject, name: str) -> object:
    return members.get(name, "no such field")
