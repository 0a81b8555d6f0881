"""Pith Numbers: ``pith:`` + year + ``:`` + 26 characters of base32 of the canonical record's digest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol

import attrs

from pithbuilder.core.arxiv_id import doi_of, parse_arxiv_id
from pithbuilder.core.canonical_json import JsonValue, canonicalize
from pithbuilder.core.digest import sha256
from pithbuilder.core.encoding import encode_base32
from pithbuilder.core.timestamps import parse_seconds
from pithbuilder.errors import FormatError, printable

SUFFIX_LENGTH: Final = 26
"""26 base32 characters: 130 bits of the digest."""

_SUFFIX_BYTES: Final = 20
"""32 characters of base32 without padding: the first 26 need no more of the digest."""

SHORT_LENGTHS: Final = (8, 12, 16)
"""How many characters of the suffix the short aliases keep."""

DEFAULT_SHORT_LENGTH: Final = 8

_SHORT_ALIASES: Final = tuple(sorted((f"pith_short_{length}", length) for length in SHORT_LENGTHS))

_NUMBER: Final = re.compile(r"pith:(\d{4}):([A-Z2-7]{26})", re.ASCII)
_SUFFIX: Final = re.compile(r"[A-Z2-7]{26}", re.ASCII)


class RecordBytes(Protocol):
    """A canonical record that already knows its canonical bytes."""

    @property
    def canonical_bytes(self) -> bytes:
        """Canonical JSON of the record."""
        ...

    @property
    def year(self) -> int:
        """Year of ``metadata.submitted_at``, UTC."""
        ...


@attrs.frozen
class PithNumber:
    """The content-derived identifier of one version of one paper.

    Attributes:
        year: Year in which version 1 was submitted, UTC; written with four digits.
        suffix: 26 characters of the alphabet ``A``-``Z``, ``2``-``7``.

    >>> number = PithNumber.parse("pith:2018:EVMWRSTHAZ6J4Q62KC6KLAZ6KI")
    >>> str(number), number.short
    ('pith:2018:EVMWRSTHAZ6J4Q62KC6KLAZ6KI', 'pith:EVMWRSTH')
    """

    year: int
    suffix: str

    def __attrs_post_init__(self) -> None:
        """Refuse what :meth:`parse` would refuse."""
        if not 1 <= self.year <= 9999 or _SUFFIX.fullmatch(self.suffix) is None:
            raise _not_a_number(f"{self.year}:{self.suffix}")

    @classmethod
    def derive(cls, record: Mapping[str, JsonValue] | RecordBytes) -> PithNumber:
        """Return the number of a canonical record.

        Args:
            record: A ``CanonicalRecord``, or the record as a JSON object; every field is hashed.

        Raises:
            FormatError: ``record-year``; there is no ``metadata.submitted_at`` to take the year from.
            CanonicalizationError: The object has no canonical form.

        >>> record = {
        ...     "metadata": {
        ...         "abstract_canon_sha256": "34dea16cd0fd3a931ae7b32f03103cb0dac943bdda45a439bddd1751a356240d",
        ...         "cross_cats_sorted": ["cs.DC", "stat.ML"],
        ...         "license": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        ...         "primary_cat": "cs.LG",
        ...         "submitted_at": "2018-05-22T09:32:21Z",
        ...         "title_canon_sha256": "6593634ed85b13e4af7ea34394e646ce20a112b4e3e0ac0971dc11401f30314c",
        ...     },
        ...     "schema_version": "1.0",
        ...     "source": {"id": "1805.08469", "kind": "arxiv", "version": 1},
        ... }
        >>> str(PithNumber.derive(record))
        'pith:2018:EVMWRSTHAZ6J4Q62KC6KLAZ6KI'
        """
        if isinstance(record, Mapping):
            members = dict(record)
            return cls.from_digest(sha256(canonicalize(members)), _year_of(members))
        return cls.from_digest(sha256(record.canonical_bytes), record.year)

    @classmethod
    def from_digest(cls, digest: bytes, year: int) -> PithNumber:
        """Return the number for a canonical record's digest.

        Args:
            digest: 32 raw bytes, SHA-256 of the canonical record (wire field ``canonical_sha256``).
            year: Year of ``metadata.submitted_at``.
        """
        return cls(year, encode_base32(digest[:_SUFFIX_BYTES])[:SUFFIX_LENGTH])

    @classmethod
    def parse(cls, text: str) -> PithNumber:
        """Return the number that ``pith:YYYY:`` and 26 characters of base32 spell.

        Raises:
            FormatError: ``pith-number-format``.
        """
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise _not_a_number(text)
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"pith:{self.year:04d}:{self.suffix}"

    @property
    def short(self) -> str:
        """The short form: ``pith:`` and the first 8 characters of the suffix."""
        return self.short_form(DEFAULT_SHORT_LENGTH)

    def short_form(self, length: int) -> str:
        """Return ``pith:`` and the first ``length`` (8, 12, 16 or 26) characters of the suffix."""
        return f"pith:{self.suffix[:length]}"

    def aliases(self, arxiv_id: str, version: int, *, short_length: int = DEFAULT_SHORT_LENGTH) -> dict[str, str]:
        """Return the aliases of the number, alias kind to value, sorted by kind.

        Args:
            arxiv_id: The paper's identifier, without a version.
            version: The version whose text was hashed, 1 or more.
            short_length: The shortest prefix that no earlier record has; shorter ones are left out (8 where
                nothing collides, 26 where even 16 characters do).

        Returns:
            ``arxiv``, ``arxiv_version``, ``doi`` and the ``pith_short_8``, ``_12``, ``_16`` that are free.

        Raises:
            FormatError: ``arxiv-id-format``.

        >>> number = PithNumber.parse("pith:2018:EVMWRSTHAZ6J4Q62KC6KLAZ6KI")
        >>> number.aliases("1805.08469", 1)["pith_short_12"]
        'EVMWRSTHAZ6J'
        """
        values = {
            "arxiv": parse_arxiv_id(arxiv_id),
            "arxiv_version": f"{arxiv_id}v{version}",
            "doi": doi_of(arxiv_id),
        }
        for kind, length in _SHORT_ALIASES:
            if length >= short_length:
                values[kind] = self.suffix[:length]
        return values


def _year_of(record: Mapping[str, JsonValue]) -> int:
    metadata = record.get("metadata")
    submitted_at = metadata.get("submitted_at") if isinstance(metadata, dict) else None
    if not isinstance(submitted_at, str):
        raise FormatError(
            "record-year",
            "canonical record has no submission time to take the year from",
            where="$.metadata.submitted_at",
            expected="YYYY-MM-DDThh:mm:ssZ",
        )
    return parse_seconds(submitted_at).year


def _not_a_number(text: str) -> FormatError:
    return FormatError(
        "pith-number-format",
        "not a Pith Number",
        expected="pith:YYYY: and 26 characters A-Z, 2-7",
        found=printable(text),
    )
