"""Bytes from outside to JSON values, strictly: one reading for every parser, or none.

Refused: invalid UTF-8, a byte order mark, duplicate member names, floats, exponents, NaN and Infinity,
integers beyond 2^53 - 1, lone surrogates, nesting deeper than 100, documents larger than the limit or of too many
parts, anything behind the value.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, cast

import jiter

from pithbuilder.core.canonical_json import MAX_DEPTH, MAX_INTEGER, JsonObject, JsonValue, decode_plain
from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.errors import WireError, printable

MAX_DOCUMENT_BYTES: Final = 256 * 2**20
"""The size above which a document is refused unread, 256 MiB: a bundle of 100,000 small events takes 132 MiB."""

MAX_PARTS: Final = 2**24
"""How many commas, opening braces and opening brackets a document may have, those in texts included.

Empty objects take three bytes each in a document, and 25 times as much in memory: this bounds what reading takes. A
bundle of 100,000 small events has 4 million.
"""

_PART_MARKS: Final = (b",", b"{", b"[")
_LONGEST_INTEGER: Final = len("-9007199254740991")
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")


class _Refused:
    """Stands in the parsed tree for what was refused, so that its path can be told afterwards."""

    __slots__ = ("code", "expected", "found", "message")

    def __init__(self, code: str, message: str, expected: str, found: str) -> None:
        self.code = code
        self.message = message
        self.expected = expected
        self.found = found


class _Hooks:
    """What the standard library's scanner calls for objects and numbers; remembers whether to look again."""

    __slots__ = ("refused",)

    def __init__(self) -> None:
        self.refused = False

    def object_pairs(self, pairs: list[tuple[str, Any]]) -> Any:
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        self.refused = True
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                return _Refused(
                    "json-duplicate-key",
                    "object has two members of the same name",
                    "each member name once",
                    printable(name),
                )
            seen.add(name)
        raise AssertionError("a shorter dict has a repeated name")

    def integer(self, digits: str) -> Any:
        if len(digits) <= _LONGEST_INTEGER:
            number = int(digits)
            if -MAX_INTEGER <= number <= MAX_INTEGER:
                return number
        self.refused = True
        return _Refused(
            "json-integer-range",
            "integer is too large to be read exactly everywhere",
            "an integer within ±(2^53 - 1)",
            printable(digits),
        )

    def not_an_integer(self, text: str) -> Any:
        self.refused = True
        return _Refused(
            "json-float",
            "numbers other than plain integers have no place in these documents",
            "an integer or a string",
            printable(text),
        )


def parse_json(data: bytes, *, where: str = "", limit: int = MAX_DOCUMENT_BYTES) -> JsonValue:
    """Return the JSON value that ``data`` holds.

    Args:
        data: A whole JSON text (RFC 8259) in UTF-8.
        where: File, or file and line, to be named in errors in front of the path.
        limit: The largest number of bytes to look at.

    Raises:
        WireError: ``json-size``, ``json-encoding``, ``json-syntax``, ``json-depth``, ``json-duplicate-key``,
            ``json-integer-range``, ``json-float``, ``json-surrogate``; ``where`` is the path, or the line and
            column of a syntax error.
    """
    return _parse(data, where, limit)[0]


def parse_object(data: bytes, *, where: str = "", limit: int = MAX_DOCUMENT_BYTES) -> JsonObject:
    """Return the JSON object that ``data`` holds.

    Raises:
        WireError: As for :func:`parse_json`; ``json-not-an-object`` for any other value.
    """
    return parse_object_seen(data, where=where, limit=limit)[0]


def parse_object_seen(data: bytes, *, where: str = "", limit: int = MAX_DOCUMENT_BYTES) -> tuple[JsonObject, bool]:
    """Return the JSON object that ``data`` holds, and whether parsing has already shown that it is plain.

    What plain objects are good for: :func:`~pithbuilder.core.canonical_json.is_plain`.

    Raises:
        WireError: As for :func:`parse_object`.
    """
    value, plain = _parse(data, where, limit)
    if not isinstance(value, dict):
        raise WireError(
            "json-not-an-object",
            "JSON text is not an object",
            where=_join(where, ROOT),
            expected="an object",
            found=json_type_name(value),
        )
    return value, plain


def parse_feed_object(data: bytes) -> JsonObject:
    """Return the object that one line of a metadata feed holds: as strictly, but for its numbers.

    Feeds have members that nothing here uses, and nothing is hashed of them; so any finite number is passed over, and
    nesting up to 200 deep.

    Args:
        data: A whole JSON text (RFC 8259) in UTF-8.

    Raises:
        WireError: As for :func:`parse_object`, but for these.
    """
    try:
        value: Any = jiter.from_json(data, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")
    except ValueError as error:
        parse_object(data)  # says the same with its place
        raise WireError("json-syntax", f"not JSON: {printable(str(error))}") from error
    if type(value) is dict:
        return cast(JsonObject, value)
    return parse_object(data)


def json_type_name(value: object) -> str:
    """Return what JSON calls the type of ``value``: ``object``, ``array``, ``string``, ``integer`` and so on."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _parse(data: bytes, where: str, limit: int) -> tuple[JsonValue, bool]:
    """Parse, and say whether the value was plainly spelt, as an issuer's own documents are: that is told fast."""
    if len(data) > limit:
        raise WireError(
            "json-size",
            "document is too large",
            where=where,
            expected=f"at most {limit} bytes",
            found=f"{len(data)} bytes",
            hint="nothing larger is read; is it a document about one paper?",
        )
    if len(data) > MAX_PARTS and (parts := sum(map(data.count, _PART_MARKS))) > MAX_PARTS:
        raise WireError(
            "json-size",
            "document has too many parts",
            where=where,
            expected=f"at most {MAX_PARTS} commas and opening braces and brackets",
            found=f"{parts} of them",
            hint="nothing of more parts is read; is it a document about one paper?",
        )
    plain = decode_plain(data)
    return (_parse_closely(data, where), False) if plain is None else (plain, True)


def _parse_closely(data: bytes, where: str) -> JsonValue:
    text = _decode(data, where)
    hooks = _Hooks()
    decoder = json.JSONDecoder(
        object_pairs_hook=hooks.object_pairs,
        parse_int=hooks.integer,
        parse_float=hooks.not_an_integer,
        parse_constant=hooks.not_an_integer,
    )
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise WireError(
            "json-syntax",
            f"not JSON: {error.msg.lower()}",
            where=_join(where, f"line {error.lineno} column {error.colno}"),
        ) from error
    except RecursionError as error:
        raise _too_deep(where, ROOT) from error
    _check_tree(value, where, look_at_text=hooks.refused or _SURROGATE_ESCAPE.search(text) is not None)
    return cast(JsonValue, value)


def _decode(data: bytes, where: str) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError(
            "json-encoding",
            "bytes are not UTF-8",
            where=_join(where, f"byte {error.start}"),
            expected="UTF-8 without a byte order mark",
            found=printable(data[error.start : error.start + 4]),
        ) from error
    if text.startswith("\ufeff"):
        raise WireError(
            "json-encoding",
            "text begins with a byte order mark",
            where=_join(where, "byte 0"),
            expected="UTF-8 without a byte order mark",
        )
    return text


def _check_tree(value: object, where: str, *, look_at_text: bool) -> None:
    """Refuse too deep a tree; look for marks and surrogates only if there can be any."""
    if look_at_text:
        _check_closely(value, where, ROOT, MAX_DEPTH)
    elif isinstance(value, dict | list):
        level: list[Any] = [value]
        for _ in range(MAX_DEPTH):
            level = [
                item
                for container in level
                for item in (container.values() if type(container) is dict else container)
                if type(item) is dict or type(item) is list
            ]
            if not level:
                return
        raise _too_deep(where, ROOT)


def _check_closely(value: object, where: str, path: str, depth_left: int) -> None:
    if isinstance(value, _Refused):
        raise WireError(value.code, value.message, where=_join(where, path), expected=value.expected, found=value.found)
    if isinstance(value, str):
        _check_surrogates(value, where, path)
    elif isinstance(value, dict | list):
        if depth_left == 0:
            raise _too_deep(where, path)
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(step, str):
                _check_surrogates(step, where, path)
            _check_closely(item, where, child_path(path, step), depth_left - 1)


def _check_surrogates(text: str, where: str, path: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise WireError(
            "json-surrogate",
            "text holds half of a surrogate pair",
            where=_join(where, path),
            expected="Unicode scalar values only",
            found=printable(text),
        ) from error


def _too_deep(where: str, path: str) -> WireError:
    return WireError(
        "json-depth",
        "document is nested too deeply",
        where=_join(where, path),
        expected=f"at most {MAX_DEPTH} levels",
    )


def _join(where: str, place: str) -> str:
    return f"{where}: {place}" if where else place
