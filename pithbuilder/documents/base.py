"""What all documents share: canonical bytes made once, digests recomputed, unknown fields kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar, Final, Self, TypeVar, cast

import attrs

from pithbuilder.core.canonical_json import (
    Composable,
    Fragment,
    JsonObject,
    JsonValue,
    canonicalize,
    compose,
    decode_canonical,
    encode_plain,
)
from pithbuilder.core.digest import is_hex_digest, sha256, sha256_hex
from pithbuilder.core.encoding import decode_base64
from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.core.made_once import made_once
from pithbuilder.core.pith_number import PithNumber
from pithbuilder.core.timestamps import parse_instant, parse_microseconds, parse_seconds
from pithbuilder.documents.wire import json_type_name
from pithbuilder.errors import DocumentError, EncodingError, FormatError, printable

Fields = dict[str, Composable]

_D = TypeVar("_D", bound="Document")

NO_EXTRA: Final[Mapping[str, JsonValue]] = MappingProxyType({})


@attrs.frozen(kw_only=True, slots=False)
class Document:
    """A JSON object of a known type.

    Its attributes are the wire's fields, name for name. ``extra`` holds what else was read: it is kept and hashed.
    """

    document_kind: ClassVar[str] = "document"

    extra: Mapping[str, JsonValue] = attrs.field(default=NO_EXTRA, repr=False)

    _plain_members: ClassVar[JsonObject | None] = None  # set on documents that were read, by Reader.remember

    def fields(self) -> Fields:
        """Return the known fields, field name to value."""
        members = self.__dict__.copy()
        if len(members) > len(self.known_fields()) + 1:  # what has been made or kept since, stands there too
            return {name: members[name] for name in self.known_fields()}
        del members["extra"]
        return members

    @made_once
    def canonical_bytes(self) -> bytes:
        """Canonical JSON of the document, UTF-8, no trailing newline; made once."""
        members = self._plain_members
        return compose(self.fields(), self.extra) if members is None else encode_plain(members)

    @made_once
    def digest(self) -> bytes:
        """SHA-256 of the canonical bytes: 32 raw bytes; made once."""
        return sha256(self.canonical_bytes)

    @made_once
    def embedded(self) -> Composable:
        """The document as a part of another one: its canonical bytes, made once."""
        return Fragment(self.canonical_bytes)

    def to_dict(self) -> JsonObject:
        """Return the document as a plain JSON object, in canonical member order."""
        return cast(JsonObject, decode_canonical(self.canonical_bytes))

    def read_as(self, kind: type[_D], path: str = ROOT) -> _D:
        """Return the document as one of a known type: itself, where it is one already.

        Args:
            kind: The type.
            path: Where the object stands, for error messages.

        Raises:
            DocumentError: As for :meth:`from_dict`.
        """
        return self if isinstance(self, kind) else kind.from_dict(self.to_dict(), path)

    @classmethod
    def from_dict(cls, value: JsonValue, path: str = ROOT) -> Self:
        """Return the document that a JSON object holds.

        Args:
            value: As parsed from the wire.
            path: Where the object stands, for error messages.

        Raises:
            DocumentError: ``field-missing``, ``field-type``, ``field-format`` or ``field-empty``; ``where`` is the
                JSON path.
        """
        return cls.read(Reader(value, path))

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        raise NotImplementedError

    @classmethod
    def known_fields(cls) -> frozenset[str]:
        """Return the names of the fields that the type knows."""
        known = _KNOWN_FIELDS.get(cls)
        if known is None:
            known = _KNOWN_FIELDS[cls] = frozenset(item.name for item in attrs.fields(cls)) - {"extra"}
        return known


@attrs.frozen(kw_only=True, slots=False)
class SmallDocument(Document):
    """A document of a few plain fields, whose own canonical bytes are seldom asked for.

    Inside another document it is encoded together with it, which is faster than handing over bytes.
    """

    @property
    def embedded(self) -> Composable:
        """The document as a part of another one: its fields, or bytes where there is more to it."""
        members = self.__dict__.copy()
        if members.pop("extra") or "canonical_bytes" in members:
            return Fragment(self.canonical_bytes)
        return members


@attrs.frozen(kw_only=True, slots=False)
class OpaqueDocument(Document):
    """A JSON object of which nothing is known: kept and hashed as it came."""

    document_kind: ClassVar[str] = "opaque"

    def fields(self) -> Fields:
        """Return no fields: all there is stands in ``extra``."""
        return {}

    @made_once
    def canonical_bytes(self) -> bytes:
        """Canonical JSON of the object."""
        members = self._plain_members
        return canonicalize(dict(self.extra)) if members is None else encode_plain(members)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return reader.remember(cls(extra=reader.members))

    def read_as(self, kind: type[_D], path: str = ROOT) -> _D:
        """Return the object as a document of a known type; that type is read once."""
        read = self.__dict__.get("_read")
        if type(read) is not kind:
            try:
                read = kind.read(Reader(dict(self.extra), path, plain=self._plain_members is not None))
            except DocumentError:  # told in canonical member order, whatever order was read
                read = kind.from_dict(self.to_dict(), path)
            self.__dict__["_read"] = read
        return read


@attrs.frozen(kw_only=True, slots=False)
class Content(Document):
    """The hashed part of a sealed document."""

    def fields(self) -> Fields:
        """Return the known fields, field name to value; not to be changed by who asks."""
        return self.parts

    @made_once
    def parts(self) -> Fields:
        """The known fields: looked up once, for the digest and for the sealed document."""
        return super().fields()

    @made_once
    def canonical_bytes(self) -> bytes:
        """Canonical JSON of the content: the preimage of its digest."""
        members = self._plain_members
        return compose(self.parts, self.extra) if members is None else encode_plain(members)


@attrs.frozen(kw_only=True, slots=False)
class SealedDocument(Document):
    """A document whose content is hashed, with the fields that the hash leaves out.

    Attributes:
        content: The hashed part; unknown fields belong to it, for they are hashed too.
    """

    content: Content

    @made_once
    def canonical_bytes(self) -> bytes:
        """Canonical JSON of content and seal in one object."""
        return compose(self.fields(), self.content.extra)


@attrs.frozen(slots=False)
class Rows:
    """An array of anything, kept and hashed as it came (claims, findings, sampled references)."""

    values: tuple[JsonValue, ...] = ()

    @made_once
    def embedded(self) -> Composable:
        """The array as a part of a document."""
        return Fragment(canonicalize(list(self.values)))

    @made_once
    def snapshot_sha256(self) -> str:
        """SHA-256 of canonical ``{"payload": rows}``: 64 lower-case hexadecimal digits."""
        return sha256_hex(compose({"payload": self.embedded}))

    def tally(self, member: str) -> Counter[str]:
        """Return how often each text stands in one member of the rows; a row without such a text does not count."""
        found = (row.get(member) for row in self.values if isinstance(row, dict))
        return Counter(text for text in found if isinstance(text, str))


NO_ROWS: Final = Rows()


_URL: Final = re.compile(r"https?://[0-9A-Za-z\[][!-~]*")
_KNOWN_FIELDS: Final[dict[type[Document], frozenset[str]]] = {}


class Reader:
    """Takes typed fields out of one JSON object and says exactly what is wrong with them."""

    __slots__ = ("members", "path", "plain")

    def __init__(self, value: JsonValue, path: str = ROOT, *, plain: bool = False) -> None:
        """Read ``value``, which must be an object, standing at ``path``.

        Args:
            value: Any JSON value.
            path: Where it stands, for error messages.
            plain: Whether the value has been found plain (:func:`~pithbuilder.core.canonical_json.is_plain`).
        """
        if not isinstance(value, dict):
            raise _wrong_type(path, "an object", value)
        self.members: JsonObject = value
        self.path = path
        self.plain = plain

    def remember(self, document: _D, sealed_by: frozenset[str] = frozenset()) -> _D:
        """Return ``document``, which was read here; where the value is plain, with the members it was read from.

        To encode these in one go, if ever the document's canonical bytes are asked for, is several times faster than
        to compose the same bytes from its parts. Those that seal the document (``sealed_by``) are left aside.
        """
        if self.plain:
            members = self.members
            if sealed_by:
                members = {name: value for name, value in members.items() if name not in sealed_by}
            document.__dict__["_plain_members"] = members
        return document

    def extra(self, kind: type[Document], sealed_by: frozenset[str] = frozenset()) -> Mapping[str, JsonValue]:
        """Return the members that ``kind`` does not know, those that seal it (``sealed_by``) aside."""
        known = _KNOWN_FIELDS.get(kind) or kind.known_fields()
        if sealed_by:
            known |= sealed_by
        if known.issuperset(self.members):
            return NO_EXTRA
        return {name: value for name, value in self.members.items() if name not in known}

    def has(self, name: str) -> bool:
        """Say whether there is a member of that name."""
        return name in self.members

    def value(self, name: str) -> JsonValue:
        """Return a member of any type."""
        try:
            return self.members[name]
        except KeyError as error:
            raise DocumentError(
                "field-missing",
                "a field is missing",
                where=child_path(self.path, name),
                expected=f"a field {name!r}",
            ) from error

    def text(self, name: str) -> str:
        """Return a member that must be a string."""
        value = self.members.get(name)
        if type(value) is str:
            return value
        raise _wrong_type(child_path(self.path, name), "a string", self.value(name))

    def text_or_null(self, name: str) -> str | None:
        """Return a member that must be a string or null."""
        return None if self.value(name) is None else self.text(name)

    def text_not_blank(self, name: str) -> str:
        """Return a member that must be a string with more in it than white space (as ``str.strip`` has it)."""
        text = self.text(name)
        if not text.strip():
            raise DocumentError(
                "field-empty",
                "a field is blank",
                where=child_path(self.path, name),
                expected="a text that is not blank",
                found=printable(text),
            )
        return text

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        """Return a member that must be one of some strings."""
        text = self.text(name)
        if text not in options:
            raise _wrong_format(child_path(self.path, name), f"one of {', '.join(options)}", text)
        return text

    def url(self, name: str) -> str:
        """Return a member that must be an http(s) address: its host, then printable ASCII without blanks."""
        text = self.text(name)
        if _URL.fullmatch(text) is None:
            raise _wrong_format(
                child_path(self.path, name), "an address that begins with http:// or https://, in plain ASCII", text
            )
        return text

    def base64(self, name: str) -> str:
        """Return a member that must be strict standard base64 (RFC 4648) of at least one byte."""
        text = self.text(name)
        try:
            data = decode_base64(text)
        except EncodingError as error:
            raise _wrong_format(child_path(self.path, name), error.expected, text) from error
        if not data:
            raise _wrong_format(child_path(self.path, name), "base64 of at least one byte", text)
        return text

    def pith_number(self, name: str) -> str:
        """Return a member that must be a Pith Number in full."""
        text = self.text(name)
        try:
            PithNumber.parse(text)
        except FormatError as error:
            raise _wrong_format(child_path(self.path, name), error.expected, text) from error
        return text

    def pith_number_or_null(self, name: str) -> str | None:
        """Return a member that must be a Pith Number in full or null."""
        return None if self.value(name) is None else self.pith_number(name)

    def integer_or_null(self, name: str, minimum: int = 0) -> int | None:
        """Return a member that must be an integer of at least ``minimum`` or null."""
        return None if self.value(name) is None else self.integer(name, minimum)

    def integer(self, name: str, minimum: int = 0) -> int:
        """Return a member that must be an integer of at least ``minimum``."""
        value = self.value(name)
        if type(value) is not int:
            raise _wrong_type(child_path(self.path, name), "an integer", value)
        if value < minimum:
            raise _wrong_format(child_path(self.path, name), f"an integer of at least {minimum}", value)
        return value

    def boolean(self, name: str) -> bool:
        """Return a member that must be true or false."""
        value = self.value(name)
        if type(value) is not bool:
            raise _wrong_type(child_path(self.path, name), "true or false", value)
        return value

    def digest(self, name: str) -> str:
        """Return a member that must be a SHA-256 digest in lower-case hexadecimal."""
        text = self.text(name)
        if not is_hex_digest(text):
            raise _wrong_format(child_path(self.path, name), "64 lower-case hexadecimal digits", text)
        return text

    def instant(self, name: str) -> str:
        """Return a member that must be an instant in UTC, in whole seconds or microseconds."""
        return self._instant(name, parse_instant)

    def whole_second(self, name: str) -> str:
        """Return a member that must be an instant in UTC, in whole seconds."""
        return self._instant(name, parse_seconds)

    def microsecond(self, name: str) -> str:
        """Return a member that must be an instant in UTC, with six digits of microseconds."""
        return self._instant(name, parse_microseconds)

    def instant_or_null(self, name: str) -> str | None:
        """Return a member that must be an instant in UTC or null."""
        return None if self.value(name) is None else self.instant(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a member that must be an array of strings."""
        items = self.array(name)
        for index, item in enumerate(items):
            if type(item) is not str:
                raise _wrong_type(child_path(child_path(self.path, name), index), "a string", item)
        return tuple(cast("list[str]", items))

    def array(self, name: str) -> list[JsonValue]:
        """Return a member that must be an array of anything."""
        value = self.value(name)
        if not isinstance(value, list):
            raise _wrong_type(child_path(self.path, name), "an array", value)
        return value

    def child(self, name: str) -> Reader:
        """Return a reader for a member that must be an object."""
        return Reader(self.value(name), f"{self.path}.{name}", plain=self.plain)

    def document(self, name: str, kind: type[_D]) -> _D:
        """Return a member that must be a document of the given type."""
        return kind.read(Reader(self.value(name), f"{self.path}.{name}", plain=self.plain))

    def document_or_null(self, name: str, kind: type[_D]) -> _D | None:
        """Return a member that must be a document of the given type or null."""
        return None if self.value(name) is None else self.document(name, kind)

    def documents(self, name: str, kind: type[_D]) -> tuple[_D, ...]:
        """Return a member that must be an array of documents of the given type."""
        items = self.array(name)
        if not items:
            return ()
        path, plain = f"{self.path}.{name}", self.plain
        return tuple([kind.read(Reader(item, f"{path}[{index}]", plain=plain)) for index, item in enumerate(items)])

    def rows(self, name: str) -> Rows:
        """Return a member that must be an array of anything, kept as it came."""
        values = self.array(name)
        return Rows(tuple(values)) if values else NO_ROWS

    def _instant(self, name: str, parse: Callable[[str], object]) -> str:
        text = self.text(name)
        try:
            parse(text)
        except FormatError as error:
            raise _wrong_format(child_path(self.path, name), error.expected, text) from error
        return text


def _wrong_type(path: str, expected: str, found: JsonValue) -> DocumentError:
    return DocumentError(
        "field-type",
        "a field has the wrong type",
        where=path,
        expected=expected,
        found=f"{json_type_name(found)} {printable(found)}",
    )


def _wrong_format(path: str, expected: str, found: JsonValue) -> DocumentError:
    return DocumentError(
        "field-format",
        "a field is not spelt as it must be",
        where=path,
        expected=expected,
        found=printable(found),
    )
