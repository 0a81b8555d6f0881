"""The graph snapshot: what a registry shows of a paper and its graph at one time (payload of ``graph_snapshot``)."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.core.canonical_json import Composable, Fragment, compose
from pithbuilder.core.digest import sha256_hex
from pithbuilder.documents.base import NO_ROWS, Document, Fields, OpaqueDocument, Reader, Rows, SmallDocument
from pithbuilder.documents.record import SourceReference


@attrs.frozen(kw_only=True, slots=False)
class PaperSummary(SmallDocument):
    """What is shown of the paper (wire field ``paper``).

    Attributes:
        title: White space collapsed, otherwise as typed.
        authors_text: Sorted author names, joined with a comma and a blank.
        abstract_excerpt: At most 600 characters.
        primary_cat: The first category.
        cross_cats: The other categories in code-point order.
        license: URL, or ``""``.
        submitted_at: When version 1 was submitted, ``YYYY-MM-DDThh:mm:ssZ``.
        headline: One line by the registry; may be empty.
    """

    document_kind: ClassVar[str] = "paper_summary"

    title: str
    authors_text: str
    abstract_excerpt: str
    primary_cat: str
    cross_cats: tuple[str, ...]
    license: str
    submitted_at: str
    headline: str = ""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            title=reader.text("title"),
            authors_text=reader.text("authors_text"),
            abstract_excerpt=reader.text("abstract_excerpt"),
            primary_cat=reader.text("primary_cat"),
            cross_cats=reader.texts("cross_cats"),
            license=reader.text("license"),
            submitted_at=reader.whole_second("submitted_at"),
            headline=reader.text("headline"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class Claims(Document):
    """The paper's claims (wire field ``claims``): how many, the rows, and the rows' digest."""

    document_kind: ClassVar[str] = "claims"

    count: int = 0
    items: Rows = NO_ROWS
    snapshot_sha256: str = NO_ROWS.snapshot_sha256

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            count=reader.integer("count"),
            items=reader.rows("items"),
            snapshot_sha256=reader.digest("snapshot_sha256"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class References(Document):
    """The paper's references (wire field ``references``): counts, a sample of the rows, the rows' digest."""

    document_kind: ClassVar[str] = "references"

    count: int = 0
    sample: Rows = NO_ROWS
    resolved_work: int = 0
    internal_anchors: int = 0
    snapshot_sha256: str = NO_ROWS.snapshot_sha256

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            count=reader.integer("count"),
            sample=reader.rows("sample"),
            resolved_work=reader.integer("resolved_work"),
            internal_anchors=reader.integer("internal_anchors"),
            snapshot_sha256=reader.digest("snapshot_sha256"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class FormalCanon(Document):
    """Formal evidence (wire field ``formal_canon``): how much, and the rows' digest; the rows are elsewhere."""

    document_kind: ClassVar[str] = "formal_canon"

    evidence_count: int = 0
    snapshot_sha256: str = NO_ROWS.snapshot_sha256

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            evidence_count=reader.integer("evidence_count"),
            snapshot_sha256=reader.digest("snapshot_sha256"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class AuthorClaims(Document):
    """Who claims the paper (wire field ``author_claims``): counts and the rows' digest; the rows are elsewhere."""

    document_kind: ClassVar[str] = "author_claims"

    count: int = 0
    strong_count: int = 0
    snapshot_sha256: str = NO_ROWS.snapshot_sha256

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            count=reader.integer("count"),
            strong_count=reader.integer("strong_count"),
            snapshot_sha256=reader.digest("snapshot_sha256"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class Verdict(Document):
    """A pipeline's reading of the paper (wire field ``verdict``); empty until there is one."""

    document_kind: ClassVar[str] = "verdict"

    id: str | None = None
    created_at: str | None = None
    pipeline_version: str | None = None
    model_set: OpaqueDocument = attrs.field(factory=OpaqueDocument)
    strongest_claim: str = ""
    weakest_assumption: str = ""
    one_line_summary: str = ""
    pith_extraction_headline: str = ""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            id=reader.text_or_null("id"),
            created_at=reader.instant_or_null("created_at"),
            pipeline_version=reader.text_or_null("pipeline_version"),
            model_set=reader.document("model_set", OpaqueDocument),
            strongest_claim=reader.text("strongest_claim"),
            weakest_assumption=reader.text("weakest_assumption"),
            one_line_summary=reader.text("one_line_summary"),
            pith_extraction_headline=reader.text("pith_extraction_headline"),
            extra=reader.extra(cls),
        )


SEVERITIES: Final = ("advisory", "critical", "informational")
"""How grave an integrity finding is; the summary counts by these names."""


@attrs.frozen(kw_only=True, slots=False)
class IntegritySummary(Document):
    """How many integrity findings there are, by severity and detector (wire field ``integrity.summary``)."""

    document_kind: ClassVar[str] = "integrity_summary"

    advisory: int = 0
    critical: int = 0
    informational: int = 0
    by_detector: OpaqueDocument = attrs.field(factory=OpaqueDocument)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            advisory=reader.integer("advisory"),
            critical=reader.integer("critical"),
            informational=reader.integer("informational"),
            by_detector=reader.document("by_detector", OpaqueDocument),
            extra=reader.extra(cls),
        )


NO_FINDINGS: Final = IntegritySummary()


def integrity_sha256(detectors_run: Rows, findings: Rows) -> str:
    """Return the digest of an integrity block: 64 hexadecimal digits.

    It is SHA-256 of canonical ``{"payload": {"detectors": detectors_run, "findings": findings}}``.
    """
    return sha256_hex(b'{"payload":' + compose({"detectors": detectors_run, "findings": findings}) + b"}")


@attrs.frozen(kw_only=True, slots=False)
class Integrity(SmallDocument):
    """Integrity findings (wire field ``integrity``); snapshots before June 2026 have none."""

    document_kind: ClassVar[str] = "integrity"

    endpoint: str
    available: bool = True
    clean: bool = True
    detectors_run: Rows = NO_ROWS
    findings: Rows = NO_ROWS
    summary: IntegritySummary = NO_FINDINGS
    snapshot_sha256: str = integrity_sha256(NO_ROWS, NO_ROWS)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            endpoint=reader.text("endpoint"),
            available=reader.boolean("available"),
            clean=reader.boolean("clean"),
            detectors_run=reader.rows("detectors_run"),
            findings=reader.rows("findings"),
            summary=reader.document("summary", IntegritySummary),
            snapshot_sha256=reader.digest("snapshot_sha256"),
            extra=reader.extra(cls),
        )


NO_CLAIMS: Final = Claims()
NO_REFERENCES: Final = References()
NO_FORMAL_CANON: Final = FormalCanon()
NO_AUTHOR_CLAIMS: Final = AuthorClaims()
NO_VERDICT: Final = Verdict()


@attrs.frozen(kw_only=True, slots=False)
class GraphSnapshot(SmallDocument):
    """The whole snapshot (wire field ``graph_snapshot``); ``integrity`` is absent in the older shape."""

    document_kind: ClassVar[str] = "graph_snapshot"

    paper: PaperSummary
    source: SourceReference
    builder_version: str
    claims: Claims = NO_CLAIMS
    references: References = NO_REFERENCES
    verdict: Verdict = NO_VERDICT
    formal_canon: FormalCanon = NO_FORMAL_CANON
    author_claims: AuthorClaims = NO_AUTHOR_CLAIMS
    integrity: Integrity | None = None

    @property
    def embedded(self) -> Composable:
        """The snapshot as a part of its payload."""
        return Fragment(self.canonical_bytes) if self.extra else self.fields()

    def fields(self) -> Fields:
        """Return the fields as on the wire, where an absent ``integrity`` is no field."""
        values = super().fields()
        if self.integrity is None:
            del values["integrity"]
        return values

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            paper=reader.document("paper", PaperSummary),
            source=reader.document("source", SourceReference),
            builder_version=reader.text("builder_version"),
            claims=reader.document("claims", Claims),
            references=reader.document("references", References),
            verdict=reader.document("verdict", Verdict),
            formal_canon=reader.document("formal_canon", FormalCanon),
            author_claims=reader.document("author_claims", AuthorClaims),
            integrity=reader.document("integrity", Integrity) if reader.has("integrity") else None,
            extra=reader.extra(cls),
        )
