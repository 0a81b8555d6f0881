"""Why a paper has its number: which bytes were hashed, field by field, and where a published record differs."""

from __future__ import annotations

from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.json_difference import first_difference
from pithbuilder.core.text import ABSTRACT_EXCERPT_LENGTH, TEXT_RULE, canonical_text, canonical_text_sha256
from pithbuilder.documents.base import Reader
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.payloads import GraphSnapshotPayload
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.documents.snapshot import PaperSummary
from pithbuilder.errors import PithError

_CONTEXT: Final = 30
"""How many characters are shown on either side of a difference."""


@attrs.frozen(kw_only=True)
class HashedText:
    """A text of which the record holds the digest.

    Attributes:
        name: ``title`` or ``abstract``.
        submitted: The text as its source has it.
        hashed: The text whose UTF-8 bytes are hashed.
        sha256: Their SHA-256, 64 lower-case hexadecimal digits.
    """

    name: str
    submitted: str
    hashed: str
    sha256: str

    @property
    def byte_count(self) -> int:
        """How many bytes are hashed."""
        return len(self.hashed.encode("utf-8"))


@attrs.frozen(kw_only=True)
class Explanation:
    """Why a paper has its number.

    Attributes:
        paper: The paper.
        record: Its canonical record.
        texts: Title and abstract.
    """

    paper: PaperMetadata
    record: CanonicalRecord
    texts: tuple[HashedText, ...]

    def to_dict(self) -> JsonObject:
        """Return the explanation as one JSON object: ``hashed`` texts are what UTF-8 is made of and hashed."""
        return {
            "source_id": self.paper.arxiv_id,
            "source_version": self.paper.version,
            "text_rule": TEXT_RULE,
            "texts": [
                {
                    "field": f"{text.name}_canon_sha256",
                    "submitted": text.submitted,
                    "hashed": text.hashed,
                    "hashed_bytes": text.byte_count,
                    "sha256": text.sha256,
                }
                for text in self.texts
            ],
            "categories": list(self.paper.categories),
            "canonical_record": self.record.to_dict(),
            "canonical_bytes": self.record.canonical_bytes.decode("utf-8"),
            "canonical_sha256": self.record.digest.hex(),
            "pith_number": str(self.record.pith_number),
        }


@attrs.frozen(kw_only=True)
class TextDifference:
    """Where two texts that were hashed differ.

    Attributes:
        position: The first character that differs, counted from 0.
        derived: What stands round it in the text that is hashed here.
        published: What stands there in the published text.
    """

    position: int
    derived: str
    published: str


@attrs.frozen(kw_only=True)
class RecordDifference:
    """The first field in which a record differs from a published one.

    Attributes:
        path: JSON path inside the canonical record.
        derived: What stands there here.
        published: What stands there in the published record.
        text: For the digest of a title or abstract: where the texts differ, as far as the published text is known.
        note: What is to be said of the published text; may be empty.
    """

    path: str
    derived: object
    published: object
    text: TextDifference | None = None
    note: str = ""

    def to_dict(self) -> JsonObject:
        """Return the difference as a JSON object; what is not known is null."""
        return {
            "path": self.path,
            "derived": str(self.derived),
            "published": str(self.published),
            "text": None if self.text is None else attrs.asdict(self.text),
            "note": self.note,
        }


@attrs.frozen(kw_only=True)
class PublishedRecord:
    """A record as it was published, with the texts that came with it.

    Attributes:
        record: The canonical record.
        paper: Title and the beginning of the abstract; None where they are not there.
    """

    record: CanonicalRecord
    paper: PaperSummary | None


def explain(paper: PaperMetadata) -> Explanation:
    """Return why a paper has its number."""
    texts = tuple(
        HashedText(name=name, submitted=text, hashed=canonical_text(text), sha256=canonical_text_sha256(text))
        for name, text in (("title", paper.title), ("abstract", paper.abstract))
    )
    return Explanation(paper=paper, record=CanonicalRecord.derive(paper), texts=texts)


def read_published(value: JsonObject) -> PublishedRecord:
    """Return the record that a bundle, a record document or a canonical record holds; nothing in it is verified.

    Args:
        value: The document as parsed from the wire.

    Raises:
        DocumentError: ``field-missing``, ``field-type`` or ``field-format``.
    """
    if "bundle_type" in value:
        content = Bundle.from_dict(value).content
        snapshots = content.state.content.current.graph_snapshots
        try:
            paper = snapshots[-1].payload.read_as(GraphSnapshotPayload).graph_snapshot.paper if snapshots else None
        except PithError:  # a snapshot of another builder; the record is what is asked for
            paper = None
        return PublishedRecord(record=content.canonical_record, paper=paper)
    if "record_type" in value:
        document = RecordDocument.from_dict(value)
        return PublishedRecord(record=document.canonical_record, paper=document.paper)
    return PublishedRecord(record=CanonicalRecord.read(Reader(value)), paper=None)


def compare(explanation: Explanation, published: PublishedRecord) -> RecordDifference | None:
    """Return the first field in which a paper's record differs from a published one.

    Of another paper, or another version of it, that is said; else the first in canonical order.
    """
    ours, theirs = explanation.record.to_dict(), published.record.to_dict()
    found = first_difference(ours["source"], theirs["source"], "$.source") or first_difference(ours, theirs)
    if found is None:
        return None
    path, derived, there = found
    hashed = next((text for text in explanation.texts if path == f"$.metadata.{text.name}_canon_sha256"), None)
    if hashed is None:
        return RecordDifference(path=path, derived=derived, published=there)
    text, note = _compare_texts(hashed, published)
    return RecordDifference(path=path, derived=derived, published=there, text=text, note=note)


def _compare_texts(hashed: HashedText, published: PublishedRecord) -> tuple[TextDifference | None, str]:
    if published.paper is None:
        return None, "the published document has only the digest of this text"
    whole = hashed.name == "title"
    theirs = canonical_text(published.paper.title if whole else published.paper.abstract_excerpt)
    if not whole and len(published.paper.abstract_excerpt) >= ABSTRACT_EXCERPT_LENGTH:
        theirs = theirs.rpartition(" ")[0]  # the last word may be cut, and a cut word may end in another sigma
    ours = hashed.hashed if whole else hashed.hashed[: len(theirs)]
    if ours == theirs:
        if whole:
            return None, "the published title is the same, but it is not what was hashed there"
        return None, f"the first {len(theirs)} characters are the same, and no more of the abstract was published"
    pairs = zip(ours, theirs, strict=False)
    position = next((index for index, (one, other) in enumerate(pairs) if one != other), min(len(ours), len(theirs)))
    begin = max(0, position - _CONTEXT)
    return TextDifference(
        position=position,
        derived=hashed.hashed[begin : position + _CONTEXT],
        published=theirs[begin : position + _CONTEXT],
    ), ""
