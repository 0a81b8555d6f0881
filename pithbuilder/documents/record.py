"""The canonical record: what a Pith Number is the digest of."""

from __future__ import annotations

from typing import ClassVar, Self

import attrs

from pithbuilder.core.made_once import made_once
from pithbuilder.core.pith_number import PithNumber
from pithbuilder.core.text import canonical_text_sha256
from pithbuilder.documents.base import Document, Reader, SmallDocument
from pithbuilder.documents.paper import PaperMetadata

RECORD_SCHEMA_VERSION = "1.0"


@attrs.frozen(kw_only=True, slots=False)
class SourceReference(SmallDocument):
    """Where the paper's text comes from (wire field ``source``).

    Attributes:
        kind: ``arxiv``.
        id: arXiv identifier without a version.
        version: The version whose text is hashed, 1 or more.
    """

    document_kind: ClassVar[str] = "source"

    kind: str = "arxiv"
    id: str
    version: int

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            kind=reader.text("kind"),
            id=reader.text("id"),
            version=reader.integer("version", minimum=1),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class RecordMetadata(SmallDocument):
    """What is hashed of the paper's metadata (wire field ``canonical_record.metadata``).

    Attributes:
        title_canon_sha256: SHA-256 of the canonical title, 64 hexadecimal digits.
        abstract_canon_sha256: SHA-256 of the canonical abstract, 64 hexadecimal digits.
        primary_cat: The first category.
        cross_cats_sorted: The other categories in code-point order; a second copy of the primary one stays.
        license: URL, or ``""``; never null.
        submitted_at: When version 1 was submitted, ``YYYY-MM-DDThh:mm:ssZ``.
    """

    document_kind: ClassVar[str] = "record_metadata"

    title_canon_sha256: str
    abstract_canon_sha256: str
    primary_cat: str
    cross_cats_sorted: tuple[str, ...]
    license: str
    submitted_at: str

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            title_canon_sha256=reader.digest("title_canon_sha256"),
            abstract_canon_sha256=reader.digest("abstract_canon_sha256"),
            primary_cat=reader.text("primary_cat"),
            cross_cats_sorted=reader.texts("cross_cats_sorted"),
            license=reader.text("license"),
            submitted_at=reader.whole_second("submitted_at"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class CanonicalRecord(Document):
    """The canonical record (wire field ``canonical_record``); all of it is hashed.

    Attributes:
        metadata: What is hashed of the paper.
        source: Where it comes from.
        schema_version: ``1.0``.
    """

    document_kind: ClassVar[str] = "canonical_record"

    metadata: RecordMetadata
    source: SourceReference
    schema_version: str = RECORD_SCHEMA_VERSION

    @classmethod
    def derive(cls, paper: PaperMetadata) -> CanonicalRecord:
        """Return the canonical record of one version of one paper."""
        return cls(
            metadata=RecordMetadata(
                title_canon_sha256=canonical_text_sha256(paper.title),
                abstract_canon_sha256=canonical_text_sha256(paper.abstract),
                primary_cat=paper.categories[0],
                cross_cats_sorted=tuple(sorted(paper.categories[1:])),
                license=paper.license,
                submitted_at=paper.submitted_at_text,
            ),
            source=SourceReference(id=paper.arxiv_id, version=paper.version),
        )

    @property
    def year(self) -> int:
        """Year of ``metadata.submitted_at``, UTC."""
        return int(self.metadata.submitted_at[:4])

    @made_once
    def pith_number(self) -> PithNumber:
        """The number derived from the record."""
        return PithNumber.from_digest(self.digest, self.year)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        record = cls(
            metadata=reader.document("metadata", RecordMetadata),
            source=reader.document("source", SourceReference),
            schema_version=reader.text("schema_version"),
            extra=reader.extra(cls),
        )
        return reader.remember(record)
