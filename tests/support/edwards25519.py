"""Arithmetic of edwards25519 in plain integers: slow, direct, and independent of every cryptographic library.

Points are affine pairs ``(x, y)`` with ``-x^2 + y^2 = 1 + d x^2 y^2`` modulo ``2^255 - 19``.
"""

from __future__ import annotations

import hashlib
from typing import Final, TypeAlias

Point: TypeAlias = tuple[int, int]

PRIME: Final = 2**255 - 19
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
D: Final = -121665 * pow(121666, PRIME - 2, PRIME) % PRIME
NEUTRAL: Final[Point] = (0, 1)


def is_on_curve(point: Point) -> bool:
    x, y = point
    return (-x * x + y * y - 1 - D * x * x * y * y) % PRIME == 0


def add(first: Point, second: Point) -> Point:
    (x1, y1), (x2, y2) = first, second
    cross = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + cross, PRIME - 2, PRIME)
    y = (y1 * y2 + x1 * x2) * pow(1 - cross, PRIME - 2, PRIME)
    return x % PRIME, y % PRIME


def multiply(scalar: int, point: Point) -> Point:
    result = NEUTRAL
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def negate(point: Point) -> Point:
    return -point[0] % PRIME, point[1]


def encode(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def x_of(y: int) -> int | None:
    """Return the even x that stands beside y, or None where there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, PRIME - 2, PRIME) % PRIME
    root = pow(square, (PRIME + 3) // 8, PRIME)
    if root * root % PRIME != square:
        root = root * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if root * root % PRIME != square:
        return None
    return root if root % 2 == 0 else PRIME - root


def decode(raw: bytes) -> Point | None:
    """Return the point of 32 bytes under the strict rule of RFC 8032, section 5.1.3, or None."""
    number = int.from_bytes(raw, "little")
    y, sign = number % 2**255, number >> 255
    x = x_of(y) if y < PRIME else None
    if x is None or (x == 0 and sign):
        return None
    return (PRIME - x if sign else x), y


def _base() -> Point:
    y = 4 * pow(5, PRIME - 2, PRIME) % PRIME
    x = x_of(y)
    assert x is not None
    return x, y


BASE: Final = _base()


def torsion_points() -> dict[Point, int]:
    """Return the eight points whose order divides 8, each with its order, found by multiplying away the rest."""
    found: dict[Point, int] = {}
    y = 2
    while len(found) < 8:
        x = x_of(y)
        if x is not None:
            generator = multiply(ORDER, (x, y))
            if multiply(4, generator) != NEUTRAL:  # of order 8, so that its multiples are all of them
                point = NEUTRAL
                for count in range(8):
                    found[point] = 8 // _greatest_common_divisor(count, 8)
                    point = add(point, generator)
        y += 1
    return found


def _greatest_common_divisor(first: int, second: int) -> int:
    while second:
        first, second = second, first % second
    return first


def challenge(encoded_r: bytes, public_key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(encoded_r + public_key + message).digest(), "little") % ORDER


def public_key_of_seed(seed: bytes) -> bytes:
    return encode(multiply(_secret_scalar(seed), BASE))


def sign(seed: bytes, message: bytes) -> bytes:
    """Sign as RFC 8032, section 5.1.6, says."""
    prefix = hashlib.sha512(seed).digest()[32:]
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % ORDER
    encoded_r = encode(multiply(nonce, BASE))
    h = challenge(encoded_r, public_key_of_seed(seed), message)
    return encoded_r + ((nonce + h * _secret_scalar(seed)) % ORDER).to_bytes(32, "little")


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Verify without cofactor: is ``S B = R + h A``, every part in its canonical spelling?"""
    point_a, point_r = decode(public_key), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if point_a is None or point_r is None or s >= ORDER or len(signature) != 64:
        return False
    h = challenge(signature[:32], public_key, message)
    return multiply(s, BASE) == add(point_r, multiply(h, point_a))


def _secret_scalar(seed: bytes) -> int:
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return number & ~7 & (2**254 - 1) | 2**254
