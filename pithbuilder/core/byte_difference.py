"""The first place where two byte strings differ."""

from __future__ import annotations


def first_differing_byte(one: bytes, other: bytes) -> int:
    """Return the first place where two different byte strings differ, or where the shorter one ends.

    >>> first_differing_byte(b"abc", b"abd")
    2
    >>> first_differing_byte(b"ab", b"abc")
    2
    """
    low, high = 0, min(len(one), len(other))
    while low < high:  # slices are compared much faster than single bytes
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
