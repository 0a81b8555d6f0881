"""The first place where two JSON values differ."""

from __future__ import annotations

from pithbuilder.core.canonical_json import JsonObject, JsonValue
from pithbuilder.core.json_path import ROOT, child_path


def first_difference(found: JsonValue, expected: JsonValue, path: str = ROOT) -> tuple[str, object, object] | None:
    """Return the first place, in canonical order, where two JSON values differ, and what stands there.

    Args:
        found: One value.
        expected: The other.
        path: Where they stand.

    Returns:
        The JSON path, what stands there in the one and in the other; None where they are equal.
    """
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in sorted(found.keys() | expected.keys()):
            place = child_path(path, name)
            if name not in found or name not in expected:
                return place, _shown(found, name), _shown(expected, name)
            difference = first_difference(found[name], expected[name], place)
            if difference is not None:
                return difference
        return None
    if isinstance(found, list) and isinstance(expected, list):
        for index, (left, right) in enumerate(zip(found, expected, strict=False)):
            difference = first_difference(left, right, child_path(path, index))
            if difference is not None:
                return difference
        if len(found) != len(expected):
            return path, f"{len(found)} elements", f"{len(expected)} elements"
        return None
    if type(found) is type(expected) and found == expected:
        return None
    return path, found, expected


def _shown(members: JsonObject, name: str) -> object:
    return members.get(name, "no such field")
