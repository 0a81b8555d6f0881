"""What a person hands over for a new graph snapshot: plain rows; counts, summaries and digests follow from them.

The input is one JSON object (schema ``graph_snapshot_data``), each of its members optional. Unlike in the published
documents an unknown member is an error: where everything is optional, a slip of the pen would go unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Self

import attrs

from pithbuilder.core.canonical_json import JsonValue
from pithbuilder.core.json_path import ROOT, child_path
from pithbuilder.documents.base import OpaqueDocument, Reader, Rows
from pithbuilder.documents.payloads import STRENGTHS, STRONG, GraphSnapshotPayload
from pithbuilder.documents.record import SourceReference
from pithbuilder.documents.snapshot import (
    SEVERITIES,
    AuthorClaims,
    Claims,
    FormalCanon,
    GraphSnapshot,
    Integrity,
    IntegritySummary,
    PaperSummary,
    References,
    Verdict,
    integrity_sha256,
)
from pithbuilder.errors import DocumentError, printable

_MEMBERS: Final = (
    "claims",
    "claims_sha256",
    "references",
    "references_sha256",
    "reference_sample_size",
    "verdict",
    "verdict_id",
    "formal_canon",
    "formal_canon_sha256",
    "author_claims",
    "author_claims_sha256",
    "integrity",
    "headline",
)
_INTEGRITY_MEMBERS: Final = ("endpoint", "detectors_run", "findings", "snapshot_sha256")


@attrs.frozen(kw_only=True)
class _StatedDigest:
    """A digest that the input states, and what the rows really give."""

    where: str
    stated: str
    recomputed: str


@attrs.frozen(kw_only=True)
class SnapshotData:
    """The data of one snapshot, read and counted.

    Attributes:
        claims: From the rows ``claims``, all of which go in.
        references: From the rows ``references``: a row with ``"resolved": true`` counts as resolved, one with
            ``"internal_anchor": true`` as an internal anchor. The first ``reference_sample_size`` rows, by default
            all, go in.
        formal_canon: From the rows ``formal_canon``, of which none go in.
        author_claims: From the rows ``author_claims``, of which none go in; their ``strength`` is counted.
        verdict: Fields that are not given have their empty values.
        verdict_id: As given, else the verdict's own ``id``.
        integrity: From ``endpoint``, ``detectors_run`` and ``findings``; None where the input has none.
        headline: For ``paper.headline``; None where the input has none.
    """

    claims: Claims
    references: References
    formal_canon: FormalCanon
    author_claims: AuthorClaims
    verdict: Verdict
    verdict_id: str | None
    integrity: Integrity | None
    headline: str | None
    _path: str
    _stated_digests: tuple[_StatedDigest, ...]

    @classmethod
    def from_dict(cls, value: JsonValue, path: str = ROOT) -> Self:
        """Read the input.

        Args:
            value: As parsed from JSON.
            path: Where it stands, for error messages.

        Raises:
            DocumentError: ``field-missing``, ``field-type``, ``field-format``, ``field-empty`` or ``field-unknown``;
                ``where`` is the JSON path.
        """
        reader = Reader(value, path)
        _refuse_unknown(reader, _MEMBERS)
        claims, formal_canon = _rows(reader, "claims"), _rows(reader, "formal_canon")
        references, author_claims = (
            _rows(reader, "references", _read_reference),
            _rows(reader, "author_claims", _read_claim),
        )
        sample_size = reader.integer("reference_sample_size") if reader.has("reference_sample_size") else None
        verdict = _read_verdict(reader.child("verdict")) if reader.has("verdict") else Verdict()
        integrity = _read_integrity(reader.child("integrity")) if reader.has("integrity") else None
        stated = [
            *_stated(reader, "claims_sha256", claims.snapshot_sha256),
            *_stated(reader, "references_sha256", references.snapshot_sha256),
            *_stated(reader, "formal_canon_sha256", formal_canon.snapshot_sha256),
            *_stated(reader, "author_claims_sha256", author_claims.snapshot_sha256),
        ]
        if integrity is not None:
            stated += _stated(reader.child("integrity"), "snapshot_sha256", integrity.snapshot_sha256)
        return cls(
            claims=Claims(count=len(claims.values), items=claims, snapshot_sha256=claims.snapshot_sha256),
            references=References(
                count=len(references.values),
                sample=Rows(references.values[:sample_size]),
                resolved_work=_number_true(references, "resolved"),
                internal_anchors=_number_true(references, "internal_anchor"),
                snapshot_sha256=references.snapshot_sha256,
            ),
            formal_canon=FormalCanon(
                evidence_count=len(formal_canon.values), snapshot_sha256=formal_canon.snapshot_sha256
            ),
            author_claims=AuthorClaims(
                count=len(author_claims.values),
                strong_count=author_claims.tally("strength")[STRONG],
                snapshot_sha256=author_claims.snapshot_sha256,
            ),
            verdict=verdict,
            verdict_id=reader.text_or_null("verdict_id") if reader.has("verdict_id") else verdict.id,
            integrity=integrity,
            headline=reader.text("headline") if reader.has("headline") else None,
            path=path,
            stated_digests=tuple(stated),
        )

    def build_payload(
        self, *, paper: PaperSummary, source: SourceReference, builder_version: str
    ) -> GraphSnapshotPayload:
        """Return the payload of a ``graph_snapshot`` event.

        Args:
            paper: From an earlier snapshot of the same number; ``headline`` replaces its own.
            source: From there too.
            builder_version: The software that computes the snapshot.

        Raises:
            DocumentError: ``snapshot-digest``; the input states a digest that is not its rows'. ``snapshot-verdict``;
                ``verdict_id`` names another verdict than the one that is given.
        """
        for digest in self._stated_digests:
            if digest.stated != digest.recomputed:
                raise DocumentError(
                    "snapshot-digest",
                    "not the rows' digest",
                    where=digest.where,
                    expected=digest.recomputed,
                    found=digest.stated,
                    hint="leave the digest out: it is computed from the rows",
                )
        if self.verdict.id is not None and self.verdict_id != self.verdict.id:
            raise DocumentError(
                "snapshot-verdict",
                "verdict_id names another verdict than the one that is given",
                where=child_path(self._path, "verdict_id"),
                expected=printable(self.verdict.id),
                found=printable(self.verdict_id),
            )
        return GraphSnapshotPayload(
            graph_snapshot=GraphSnapshot(
                paper=paper if self.headline is None else attrs.evolve(paper, headline=self.headline),
                source=source,
                builder_version=builder_version,
                claims=self.claims,
                references=self.references,
                verdict=self.verdict,
                formal_canon=self.formal_canon,
                author_claims=self.author_claims,
                integrity=self.integrity,
            ),
            verdict_id=self.verdict_id,
        )


def _refuse_unknown(reader: Reader, known: tuple[str, ...]) -> None:
    for name in reader.members:
        if name not in known:
            raise DocumentError(
                "field-unknown",
                "there is no such field",
                where=child_path(reader.path, name),
                expected=f"one of {', '.join(known)}",
                found=printable(name),
            )


def _rows(reader: Reader, name: str, check: Callable[[Reader], object] | None = None) -> Rows:
    """Return an array of objects, each of which ``check`` has looked at; no rows where there is no such member."""
    if not reader.has(name):
        return Rows()
    place = child_path(reader.path, name)
    rows = [Reader(row, child_path(place, index)) for index, row in enumerate(reader.array(name))]
    if check is not None:
        for row in rows:
            check(row)
    return Rows(tuple(row.members for row in rows))


def _read_reference(row: Reader) -> None:
    for name in ("resolved", "internal_anchor"):
        if row.has(name):
            row.boolean(name)


def _read_claim(row: Reader) -> None:
    row.choice("strength", STRENGTHS)


def _read_finding(row: Reader) -> None:
    row.text_not_blank("detector")
    row.choice("severity", SEVERITIES)


def _number_true(rows: Rows, member: str) -> int:
    return sum(isinstance(row, dict) and row.get(member) is True for row in rows.values)


def _stated(reader: Reader, name: str, recomputed: str) -> list[_StatedDigest]:
    if not reader.has(name):
        return []
    return [_StatedDigest(where=child_path(reader.path, name), stated=reader.digest(name), recomputed=recomputed)]


def _read_verdict(reader: Reader) -> Verdict:
    empty = Verdict().to_dict()
    _refuse_unknown(reader, tuple(empty))
    return Verdict.from_dict(empty | reader.members, reader.path)


def _read_integrity(reader: Reader) -> Integrity:
    _refuse_unknown(reader, _INTEGRITY_MEMBERS)
    detectors_run, findings = _rows(reader, "detectors_run"), _rows(reader, "findings", _read_finding)
    severities = findings.tally("severity")
    return Integrity(
        endpoint=reader.text_not_blank("endpoint"),
        clean=not findings.values,
        detectors_run=detectors_run,
        findings=findings,
        summary=IntegritySummary(
            advisory=severities["advisory"],
            critical=severities["critical"],
            informational=severities["informational"],
            by_detector=OpaqueDocument(extra=dict(findings.tally("detector"))),
        ),
        snapshot_sha256=integrity_sha256(detectors_run, findings),
    )
