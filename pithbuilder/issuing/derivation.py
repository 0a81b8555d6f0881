"""What follows from a canonical record alone: no key, no clock."""

from __future__ import annotations

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.record import RECORD_SCHEMA_VERSION, CanonicalRecord
from pithbuilder.errors import FormatError, printable


def describe_number(record: CanonicalRecord) -> JsonObject:
    """Return a record's digest, number, short number and aliases as one JSON object.

    Returns:
        ``canonical_sha256`` (64 hexadecimal digits), ``pith_number``, ``short_pith_number`` (8 characters), and
        ``aliases``, an array of ``{"alias_kind", "alias_value"}`` sorted by kind.

    Raises:
        FormatError: ``record-source``, ``arxiv-id-format``; the record's source is not an arXiv paper.
    """
    if record.source.kind != "arxiv" or record.schema_version != RECORD_SCHEMA_VERSION:
        raise FormatError(
            "record-source",
            "record is of a kind or version that is not known here",
            where="$.source",
            expected=f"source.kind arxiv, schema_version {RECORD_SCHEMA_VERSION}",
            found=printable(f"{record.source.kind}, {record.schema_version}"),
        )
    number = record.pith_number
    try:
        aliases = number.aliases(record.source.id, record.source.version)
    except FormatError as error:
        error.where = "$.source.id"
        raise
    return {
        "canonical_sha256": record.digest.hex(),
        "pith_number": str(number),
        "short_pith_number": number.short,
        "aliases": [{"alias_kind": kind, "alias_value": value} for kind, value in aliases.items()],
    }


def describe_record(record: CanonicalRecord) -> JsonObject:
    """Return what :func:`describe_number` returns, with the record itself as ``canonical_record``."""
    return {"canonical_record": record.to_dict(), **describe_number(record)}
