"""Canonical JSON (RFC 8785, JCS): the one way from a value to the bytes that are hashed and signed.

`jcs` is the reference. `orjson` writes the same bytes several times faster wherever a look at the value tree
proves that the two cannot differ: exact types, no float, integers within 53 bits, every key inside the Basic
Multilingual Plane (there, UTF-8 order and UTF-16 order are the same). Everything else either takes the
reference's path or is refused: `jcs` alone would turn 2^53 + 1 into 2^53 without a word.

This is the only module that imports either library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Final, Protocol, TypeAlias, cast

import orjson

from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.errors import CanonicalizationError, printable

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | bool | None"
JsonObject: TypeAlias = "dict[str, JsonValue]"

Fragment = orjson.Fragment
"""Bytes that are already canonical JSON, to be embedded as they are by :func:`compose`."""


class Embeddable(Protocol):
    """A part of a typed document that is asked how it is written only when its turn comes."""

    @property
    def embedded(self) -> Composable:
        """What stands for the part in the document that holds it."""
        ...


Composable: TypeAlias = "Embeddable | Fragment | Sequence[Composable] | dict[str, Composable] | str | int | bool | None"
"""What a typed document may hand to :func:`compose` as the value of one of its fields."""

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON implementation reads exactly (RFC 8785, section 3.2.2.3)."""

MAX_DEPTH: Final = 100
"""How many arrays and objects may stand inside one another."""

_OPTIONS: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


_UTF8_OF_BMP: Final = bytes(range(0xF0))
"""The bytes that UTF-8 uses for characters of the Basic Multilingual Plane; all others have a byte from 0xF0 up."""


class _Route(Enum):
    FAST = 0
    REFERENCE = 1
    REFUSED = 2


def canonicalize(value: JsonValue) -> bytes:
    r"""Return the canonical JSON bytes (RFC 8785, UTF-8, no trailing newline) of a value.

    Args:
        value: ``dict`` with ``str`` keys, ``list``, ``str``, ``int``, ``bool`` or ``None``, nested at most
            100 deep; exactly these types, no subclasses.

    Returns:
        UTF-8 bytes: members sorted by the UTF-16 code units of their names, no white space.

    Raises:
        CanonicalizationError: A float (``json-float``), an integer beyond 2^53 - 1 (``json-integer-range``),
            a lone surrogate (``json-surrogate``), another type (``json-type``) or too deep a nesting, which
            is also what a cycle is (``json-depth``); ``where`` is the JSON path.

    >>> canonicalize({"b": [1, True, None], "a": "\u20ac\n"})
    b'{"a":"\xe2\x82\xac\\n","b":[1,true,null]}'
    """
    route = _route(value)
    try:
        if route is _Route.FAST:
            return orjson.dumps(value, option=_OPTIONS)
        if route is _Route.REFERENCE:
            import jcs  # needed for keys outside the BMP only, and slow to import

            return cast(bytes, jcs.canonicalize(value))
    except (TypeError, UnicodeEncodeError) as error:  # a lone surrogate: only the encoder looks that closely
        raise (_first_refusal(value) or _unexplained(error)) from error
    raise _first_refusal(value) or _unexplained(None)


def compose(fields: Mapping[str, Composable], extra: Mapping[str, JsonValue] | None = None) -> bytes:
    """Return the canonical bytes of one object whose parts are known to be canonical already.

    For typed documents only: field names are the document's own (ASCII), and field values are of the types in
    :data:`Composable`. What a document did not know when it was read comes as ``extra`` and is guarded in full.

    Args:
        fields: Field name to value.
        extra: Unknown fields, kept as they were read; no name may also stand in ``fields``.

    Returns:
        Canonical JSON, UTF-8.

    Raises:
        CanonicalizationError: As for :func:`canonicalize`.
    """
    if extra:
        members: dict[str, Composable] = dict(fields)
        for name, value in extra.items():
            members[name] = _guarded_member(name, value)
        if not all(map(_is_bmp, extra)):
            return _compose_by_utf16(members)
        fields = members
    try:
        return orjson.dumps(fields, _embed, _OPTIONS)
    except (TypeError, ValueError) as error:
        raise _refusal_of_part(error) from error


def _guarded_member(name: str, value: JsonValue) -> Fragment:
    if _has_surrogate(name):
        raise _lone_surrogate(ROOT, name)
    try:
        return Fragment(canonicalize(value))
    except CanonicalizationError as error:
        error.where = child_path(ROOT, name) + error.where.removeprefix(ROOT)
        raise


def compose_array(items: Sequence[Composable]) -> Fragment:
    """Return an array whose elements are known to be canonical already, as a part of a document."""
    return Fragment(_encode(items))


def decode_canonical(data: bytes) -> JsonValue:
    """Return the value of bytes that this module has made; never for bytes from outside."""
    return cast(JsonValue, orjson.loads(data))


def decode_plain(data: bytes) -> JsonObject | None:
    """Return the object that ``data`` spells plainly, or None: then a closer look has to tell what it is.

    Plainly spelt is what encoding the object again writes, byte for byte. So no member name occurs twice, there is
    no white space, no number in another spelling and no character needlessly escaped; and the object is one that
    :func:`encode_plain` may take.

    Args:
        data: Bytes from outside.
    """
    try:
        value = orjson.loads(data)
        if type(value) is not dict or orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER) != data:
            return None
    except (orjson.JSONDecodeError, TypeError):
        return None
    # no number is too large, for the encoder refuses that; floats, depth and names are left to look at
    no_name_beyond_bmp = data.isascii() or not data.translate(None, _UTF8_OF_BMP)
    return value if _route(value, look_at_names=not no_name_beyond_bmp) is _Route.FAST else None


def is_plain(value: JsonValue) -> bool:
    """Say whether :func:`encode_plain` may take a value and all parts of it (lone surrogates aside)."""
    return _route(value) is _Route.FAST


def encode_plain(value: JsonValue) -> bytes:
    """Return the canonical bytes of a value, or of a part of one, that has been found plain by :func:`is_plain`.

    Raises:
        CanonicalizationError: It holds a lone surrogate.
    """
    return _encode(value)


def _encode(value: object) -> bytes:
    try:
        return orjson.dumps(value, _embed, _OPTIONS)
    except (TypeError, ValueError) as error:
        raise _refusal_of_part(error) from error


def _refusal_of_part(error: Exception) -> CanonicalizationError:
    """Return what a part of the document was refused for, if it was one of its parts."""
    return error.__cause__ if isinstance(error.__cause__, CanonicalizationError) else _unexplained(error)


def _embed(part: Embeddable) -> Composable:
    return part.embedded


def _compose_by_utf16(members: Mapping[str, Composable]) -> bytes:
    try:
        ordered = sorted(members.items(), key=lambda member: member[0].encode("utf-16-be"))
    except UnicodeEncodeError as error:
        raise _unexplained(error) from error
    return b"{" + b",".join(_encode(name) + b":" + _encode(value) for name, value in ordered) + b"}"


def _is_bmp(key: str) -> bool:
    return key.isascii() or max(key) <= "\uffff"


def _route(value: object, *, look_at_names: bool = True) -> _Route:
    """Say which encoder may take the value; a quick look that does not keep track of paths.

    Depth first, so that a cycle is soon too deep, however often it branches. Member names need no look where they
    are known to be text inside the BMP.
    """
    route = _Route.FAST
    pending: list[tuple[object, int]] = [((value,), MAX_DEPTH + 1)]
    while pending:
        container, depth_left = pending.pop()
        if depth_left == 0:
            return _Route.REFUSED
        if type(container) is dict:
            if look_at_names:
                for key in container:
                    if type(key) is not str:
                        return _Route.REFUSED
                    if not key.isascii() and max(key) > "\uffff":
                        route = _Route.REFERENCE
            items: Iterable[object] = container.values()
        else:
            items = cast("list[object]", container)
        for item in items:
            if type(item) is str:  # most are: one comparison for them
                continue
            kind = type(item)
            if kind is dict or kind is list:
                pending.append((item, depth_left - 1))
            elif kind is int:
                if not -MAX_INTEGER <= cast(int, item) <= MAX_INTEGER:
                    return _Route.REFUSED
            elif item is not None and kind is not bool:
                return _Route.REFUSED
    return route


def _first_refusal(value: object) -> CanonicalizationError | None:
    """Walk again, keeping track of paths, and name the first thing that has no canonical form."""
    pending: list[tuple[object, str, int]] = [(value, ROOT, MAX_DEPTH)]
    while pending:
        item, path, depth_left = pending.pop()
        refusal = _refusal_of(item, path, depth_left)
        if refusal is not None:
            return refusal
        pending.extend(reversed(list(_parts(item, path, depth_left))))
    return None


def _parts(item: object, path: str, depth_left: int) -> Iterator[tuple[object, str, int]]:
    if type(item) is dict:
        for key, part in item.items():
            yield part, child_path(path, key), depth_left - 1
    elif type(item) is list:
        for index, part in enumerate(item):
            yield part, child_path(path, index), depth_left - 1


def _refusal_of(item: object, path: str, depth_left: int) -> CanonicalizationError | None:
    kind = type(item)
    if kind in (dict, list) and depth_left == 0:
        return CanonicalizationError(
            "json-depth", "value is nested too deeply", where=path, expected=f"at most {MAX_DEPTH} levels"
        )
    if kind is dict:
        for key in cast("dict[object, object]", item):
            if type(key) is not str:
                return _wrong_type(path, key, "a string as member name")
            if _has_surrogate(key):
                return _lone_surrogate(path, key)
        return None
    if kind is str:
        return _lone_surrogate(path, item) if _has_surrogate(cast(str, item)) else None
    if kind is int and not -MAX_INTEGER <= cast(int, item) <= MAX_INTEGER:
        return CanonicalizationError(
            "json-integer-range",
            "integer is too large to be read exactly everywhere",
            where=path,
            expected="an integer within ±(2^53 - 1)",
            found=f"an integer of {cast(int, item).bit_length()} bits",
        )
    if kind is float:
        return CanonicalizationError(
            "json-float",
            "floating-point numbers have no place in these documents",
            where=path,
            expected="an integer or a string",
            found=printable(item),
        )
    if kind in (list, int, bool) or item is None:
        return None
    return _wrong_type(path, item, "dict, list, str, int, bool or None")


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _lone_surrogate(path: str, text: object) -> CanonicalizationError:
    return CanonicalizationError(
        "json-surrogate",
        "text holds half of a surrogate pair and cannot be written as UTF-8",
        where=path,
        expected="Unicode scalar values only",
        found=printable(text),
    )


def _wrong_type(path: str, item: object, expected: str) -> CanonicalizationError:
    return CanonicalizationError(
        "json-type",
        "value is of a type that JSON does not have",
        where=path,
        expected=expected,
        found=f"{type(item).__name__} {printable(item)}",
    )


def _unexplained(error: Exception | None) -> CanonicalizationError:
    return CanonicalizationError("json-type", f"value cannot be encoded ({error})", where=ROOT)
