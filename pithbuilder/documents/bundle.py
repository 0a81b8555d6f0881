"""The open graph bundle: everything about one number in one signed file."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.documents.alias import SourceAliases
from pithbuilder.documents.base import NO_ROWS, Content, Fields, Reader, Rows, SealedDocument
from pithbuilder.documents.event import Event
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.mirror import BundleLinks, MirrorHint
from pithbuilder.documents.preimage import left_out_of
from pithbuilder.documents.record import CanonicalRecord, SourceReference
from pithbuilder.documents.signature import BundleSignature
from pithbuilder.documents.state import MERGE_VERSION, State

BUNDLE_TYPE: Final = "pith_open_graph_bundle"
BUNDLE_VERSION: Final = "1.0"


@attrs.frozen(kw_only=True, slots=False)
class BundleContent(Content):
    """What is hashed and signed of a bundle: everything but ``bundle_signature``.

    Attributes:
        pith_number: The number, in full.
        short_pith_number: ``pith:`` and 8 characters, or more where 8 collided.
        canonical_record: The record.
        canonical_sha256: Its digest as the document states it, 64 hexadecimal digits.
        source: The record's source once more.
        source_aliases: Sorted by kind.
        events: Signed events.
        mirror_hints: Where the bundle can be had.
        public_keys: Every key that signed anything inside.
        built_at: Whole seconds, UTC.
        links: The resolver's addresses.
        state: The merged state.
        timestamp_proofs: Kept as they came.
        merge_version: ``pith-open-graph-merge-v1``.
        bundle_type: ``pith_open_graph_bundle``.
        bundle_version: ``1.0``.
    """

    document_kind: ClassVar[str] = "bundle"

    pith_number: str
    short_pith_number: str
    canonical_record: CanonicalRecord
    canonical_sha256: str
    source: SourceReference
    source_aliases: SourceAliases
    events: tuple[Event, ...]
    mirror_hints: tuple[MirrorHint, ...]
    public_keys: tuple[KeyDocument, ...]
    built_at: str
    links: BundleLinks
    state: State
    timestamp_proofs: Rows = NO_ROWS
    merge_version: str = MERGE_VERSION
    bundle_type: str = BUNDLE_TYPE
    bundle_version: str = BUNDLE_VERSION

    @property
    def bundle_sha256(self) -> str:
        """The digest, always recomputed: 64 hexadecimal digits."""
        return self.digest.hex()

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        content = cls(
            pith_number=reader.text("pith_number"),
            short_pith_number=reader.text("short_pith_number"),
            canonical_record=reader.document("canonical_record", CanonicalRecord),
            canonical_sha256=reader.digest("canonical_sha256"),
            source=reader.document("source", SourceReference),
            source_aliases=SourceAliases.read(reader, "source_aliases"),
            events=reader.documents("events", Event),
            mirror_hints=reader.documents("mirror_hints", MirrorHint),
            public_keys=reader.documents("public_keys", KeyDocument),
            built_at=reader.whole_second("built_at"),
            links=reader.document("links", BundleLinks),
            state=reader.document("state", State),
            timestamp_proofs=reader.rows("timestamp_proofs"),
            merge_version=reader.text("merge_version"),
            bundle_type=reader.text("bundle_type"),
            bundle_version=reader.text("bundle_version"),
            extra=reader.extra(cls, left_out_of("bundle")),
        )
        return reader.remember(content, left_out_of("bundle"))


@attrs.frozen(kw_only=True, slots=False)
class Bundle(SealedDocument):
    """A signed bundle.

    Attributes:
        content: What is hashed; the true digest is ``content.bundle_sha256``.
        bundle_signature: The signature over that digest.
    """

    document_kind: ClassVar[str] = "signed_bundle"

    content: BundleContent
    bundle_signature: BundleSignature

    def fields(self) -> Fields:
        """Return the fields as on the wire, in one object."""
        return {**self.content.parts, "bundle_signature": self.bundle_signature}

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            content=BundleContent.read(reader),
            bundle_signature=reader.document("bundle_signature", BundleSignature),
        )
