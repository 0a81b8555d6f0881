"""Records as ``harvest`` writes them down: one JSON object a record, with its bytes as they came.

Members: ``source`` (the URL asked), ``fetched_at`` (UTC, whole seconds), ``raw_sha256`` (of ``raw`` in UTF-8),
``raw`` (the ``record`` or ``entry`` element, byte for byte), ``namespaces`` (prefix to namespace, as declared round
it), ``source_id`` (the paper), ``datestamp`` (of the record, where it has one).
"""

from __future__ import annotations

from typing import Final, Self

import attrs

from pithbuilder.core.arxiv_id import without_subject_class
from pithbuilder.core.canonical_json import JsonObject, canonicalize
from pithbuilder.core.digest import sha256_hex
from pithbuilder.documents.base import Reader
from pithbuilder.errors import DocumentError, PithError
from pithbuilder.sources import atom, oai
from pithbuilder.sources.fields import shown_id, unusable
from pithbuilder.sources.source_paper import Origin, SourcePaper, refused
from pithbuilder.sources.xml_records import Element, parse_element

_READERS: Final = {oai.RECORD: oai.read_oai, atom.ENTRY: atom.read_atom}


@attrs.frozen(kw_only=True)
class HarvestedRecord:
    """One record as it came from a server.

    Attributes:
        origin: Where, when, and the digest of ``raw``.
        source_id: The paper's identifier; empty where the record does not say it as it should.
        datestamp: When the record last changed; empty in Atom.
        namespaces: Prefix to namespace, as declared outside the element.
        raw: The element, byte for byte.
    """

    origin: Origin
    source_id: str
    datestamp: str
    namespaces: dict[str, str]
    raw: bytes

    def to_line(self) -> bytes:
        """Return the record as one line of canonical JSON, with the end of the line."""
        members: JsonObject = {
            **self.origin._asdict(),
            "source_id": self.source_id,
            "datestamp": self.datestamp,
            "namespaces": dict(self.namespaces),
            "raw": self.raw.decode("utf-8"),
        }
        return canonicalize(members) + b"\n"

    @classmethod
    def from_dict(cls, value: JsonObject) -> Self:
        """Return the record that a line holds.

        Raises:
            DocumentError: ``field-missing``, ``field-type``, ``field-format``, ``harvest-digest``.
        """
        reader = Reader(value)
        raw = reader.text("raw").encode("utf-8")
        origin = Origin(reader.text("source"), reader.whole_second("fetched_at"), reader.digest("raw_sha256"))
        if sha256_hex(raw) != origin.raw_sha256:
            raise DocumentError(
                "harvest-digest",
                "the record is not the one that was fetched",
                where="$.raw",
                expected=f"SHA-256 {origin.raw_sha256}",
                found=sha256_hex(raw),
                hint="harvest it again",
            )
        spaces = reader.child("namespaces")
        return cls(
            origin=origin,
            source_id=reader.text("source_id"),
            datestamp=reader.text("datestamp"),
            namespaces={prefix: spaces.text(prefix) for prefix in spaces.members},
            raw=raw,
        )

    def element(self) -> Element:
        """Return the element that ``raw`` spells.

        Raises:
            SourceError: As for :func:`~pithbuilder.sources.xml_records.parse_element`.
        """
        return parse_element(self.raw, self.namespaces)


def is_harvested(value: JsonObject) -> bool:
    """Say whether an object is a record that ``harvest`` wrote, and not one of a snapshot."""
    return "raw_sha256" in value


def read_harvested(value: JsonObject, place: str) -> SourcePaper:
    """Return the paper that a harvested record describes.

    Args:
        value: One line, parsed.
        place: ``FILE:LINE``.
    """
    try:
        record = HarvestedRecord.from_dict(value)
        element = record.element()
    except PithError as error:
        return refused(error, place, shown_id(value.get("source_id")))
    read = _READERS.get(element.tag)
    paper = None if read is None else read(element, place)
    if paper is None:
        unknown = unusable("harvest-raw", "$.raw", "a record or an entry", element.tag)
        return refused(unknown, place, shown_id(record.source_id))
    told = paper.paper.arxiv_id if paper.paper else paper.partial.arxiv_id if paper.partial else paper.deleted_id
    if told and without_subject_class(record.source_id) not in ("", told):
        other = unusable("harvest-raw", "$.source_id", f"{told}, as in the record", record.source_id)
        return refused(other, place, told)
    return paper._replace(origin=record.origin)
