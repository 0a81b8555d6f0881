"""The issuer: one paper in, one complete signed bundle out.

The same function serves one paper and three million. Everything that does not depend on the paper is made once,
in the constructor; every document is turned into canonical bytes once and embedded in the next as a fragment.
"""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from pithbuilder.core.authors import authors_text
from pithbuilder.core.encoding import encode_base64
from pithbuilder.core.made_once import made_once
from pithbuilder.core.pith_number import DEFAULT_SHORT_LENGTH, PithNumber
from pithbuilder.core.text import abstract_excerpt, collapse_white_space
from pithbuilder.core.timestamps import Clock, cut_to_seconds, format_microseconds, format_seconds
from pithbuilder.documents.alias import SourceAliases
from pithbuilder.documents.base import Document
from pithbuilder.documents.bundle import Bundle, BundleContent
from pithbuilder.documents.event import (
    GRAPH_SNAPSHOT,
    RECORD_CREATED,
    Event,
    EventContent,
    GraphSnapshotPayload,
    RecordCreated,
)
from pithbuilder.documents.key_document import KeyDocument, fingerprint_hex
from pithbuilder.documents.mirror import (
    SIGNING_KEY_PATH,
    BundleLinks,
    MirrorEntry,
    MirrorHint,
    MirrorManifest,
)
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.receipt import Receipt
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.documents.signature import BundleSignature, EventSignature, EventSigner
from pithbuilder.documents.snapshot import GraphSnapshot, Integrity, PaperSummary
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.merge.fold import fold_events
from pithbuilder.signing.signer import Signer


@attrs.frozen(slots=False)
class IssuedBundle:
    """What was issued for one paper.

    Attributes:
        pith_number: The number.
        bundle: The signed bundle; state, events and receipt are inside.
        schema_url: What the record document names as its schema.
    """

    pith_number: PithNumber
    bundle: Bundle
    schema_url: str

    @property
    def bundle_bytes(self) -> bytes:
        """``bundle.json``: canonical JSON, UTF-8, no trailing newline."""
        return self.bundle.canonical_bytes

    @property
    def state_bytes(self) -> bytes:
        """``state.json``: canonical JSON, UTF-8, no trailing newline."""
        return self.bundle.content.state.canonical_bytes

    @made_once
    def record_document(self) -> RecordDocument:
        """The record document that goes with the bundle."""
        return RecordDocument.of(self.bundle, self.schema_url)

    @property
    def record_document_bytes(self) -> bytes:
        """The record document: canonical JSON, UTF-8, no trailing newline."""
        return self.record_document.canonical_bytes


class Issuer:
    """Issues bundles under one profile with one key.

    Args:
        profile: The issuer's own values.
        signer: Signs with the issuer's key.
        clock: Read once for each paper.
        rotates_at: What the key document says of the key's end; None if that is not set.

    >>> from datetime import UTC, datetime
    >>> from pithbuilder.core.timestamps import FixedClock
    >>> from pithbuilder.documents.paper import PaperMetadata
    >>> from pithbuilder.signing.backends.local import LocalSigner
    >>> from pithbuilder.signing.ed25519 import PrivateKey
    >>> profile = IssuerProfile(
    ...     signer_id="registry.example", mirror_name="Example", base_url="https://registry.example"
    ... )
    >>> signer = LocalSigner("registry-2026-11", PrivateKey.generate())
    >>> issuer = Issuer(profile, signer, FixedClock(datetime(2026, 11, 21, tzinfo=UTC)))
    >>> issued = issuer.issue(
    ...     PaperMetadata(
    ...         arxiv_id="1805.08469",
    ...         version=1,
    ...         title="Gradient Energy Matching for Distributed Asynchronous Gradient Descent",
    ...         abstract="Distributed asynchronous SGD has become widely used.",
    ...         authors="Joeri Hermans and Gilles Louppe",
    ...         categories=("cs.LG", "cs.DC", "stat.ML"),
    ...         license="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    ...         submitted_at=datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC),
    ...     )
    ... )
    >>> str(issued.pith_number)
    'pith:2018:BXU6BBAINAUL6MJJTMDWTOJBR6'
    """

    def __init__(self, profile: IssuerProfile, signer: Signer, clock: Clock, *, rotates_at: str | None = None) -> None:
        self.profile = profile
        self._signer = signer
        self._clock = clock
        self._key_id = signer.key_id
        self._fingerprint = fingerprint_hex(signer.public_key.raw)
        self.key_document = KeyDocument.of(
            signer.public_key.raw,
            key_id=signer.key_id,
            url=f"{profile.base_url}/{SIGNING_KEY_PATH}",
            notes=profile.key_notes,
            rotates_at=rotates_at,
        )
        self._event_signer = EventSigner(
            signer_id=profile.signer_id,
            signer_type=profile.signer_type,
            key_id=self._key_id,
            public_key_fingerprint=self._fingerprint,
        )

    def issue(
        self,
        paper: PaperMetadata,
        *,
        short_length: int = DEFAULT_SHORT_LENGTH,
        first_computed_at: datetime | None = None,
    ) -> IssuedBundle:
        """Return the complete bundle of one paper.

        Args:
            paper: One version of one paper.
            short_length: The shortest prefix of the number (8, 12, 16 or 26) that no earlier record has.
            first_computed_at: The time to issue at, where the number was computed before; by default the
                clock's. One instant serves every time in the bundle.

        Returns:
            The bundle; with the same paper, profile, key and time always the same bytes.

        Raises:
            PithError: What the signer raises.
        """
        record = CanonicalRecord.derive(paper)
        number = record.pith_number
        number_text = str(number)
        instant = (first_computed_at or self._clock.now()).astimezone(UTC)
        micros = format_microseconds(instant)
        seconds = cut_to_seconds(micros)
        aliases = SourceAliases.of(number.aliases(paper.arxiv_id, paper.version, short_length=short_length), seconds)
        events = (
            self._sign_event(number_text, RECORD_CREATED, "record", self._created(record, micros), micros, seconds),
            self._sign_event(number_text, GRAPH_SNAPSHOT, "graph", self._snapshot(record, paper), micros, seconds),
        )
        suffix = number.suffix
        content = BundleContent(
            pith_number=number_text,
            short_pith_number=number.short_form(short_length),
            canonical_record=record,
            canonical_sha256=record.digest.hex(),
            source=record.source,
            source_aliases=aliases,
            events=events,
            mirror_hints=(MirrorHint.of(suffix, name=self.profile.mirror_name, base_url=self.profile.base_url),),
            public_keys=(self.key_document,),
            built_at=seconds,
            links=BundleLinks.of(suffix, base_url=self.profile.base_url),
            state=fold_events(number_text, events, check=_just_signed, source_aliases=aliases),
        )
        return IssuedBundle(number, self._sign_bundle(content, micros), self.profile.schema_url)

    def build_manifest(self, generated_at: datetime) -> MirrorManifest:
        """Return the manifest of the issuer's own mirror (``pith-mirrors.json``)."""
        return MirrorManifest(
            generated_at=format_seconds(generated_at.astimezone(UTC)),
            mirrors=(MirrorEntry.of(name=self.profile.mirror_name, base_url=self.profile.base_url),),
        )

    def _created(self, record: CanonicalRecord, micros: str) -> RecordCreated:
        preimage = Preimage.of(record)
        canonical_sha256 = preimage.digest.hex()
        return RecordCreated(
            canonical_record=record,
            canonical_sha256=canonical_sha256,
            receipt=Receipt(
                canonical_sha256=canonical_sha256,
                key_id=self._key_id,
                public_key_fingerprint=self._fingerprint,
                signature_b64=encode_base64(self._signer.sign(preimage)),
                signed_message=preimage.signed_message,
                signed_at=micros,
                first_computed_at=micros,
                last_reissued_at=micros,
                builder_version=self.profile.builder_version,
            ),
            source_kind=record.source.kind,
            source_id=record.source.id,
            source_version=record.source.version,
        )

    def _snapshot(self, record: CanonicalRecord, paper: PaperMetadata) -> GraphSnapshotPayload:
        metadata = record.metadata
        return GraphSnapshotPayload(
            graph_snapshot=GraphSnapshot(
                paper=PaperSummary(
                    title=collapse_white_space(paper.title),
                    authors_text=authors_text(paper.authors),
                    abstract_excerpt=abstract_excerpt(paper.abstract),
                    primary_cat=metadata.primary_cat,
                    cross_cats=metadata.cross_cats_sorted,
                    license=metadata.license,
                    submitted_at=metadata.submitted_at,
                ),
                source=record.source,
                builder_version=self.profile.builder_version,
                integrity=Integrity(endpoint=f"/pith/{paper.arxiv_id}/integrity.json")
                if self.profile.integrity
                else None,
            )
        )

    def _sign_event(
        self, number: str, event_type: str, target: str, payload: Document, micros: str, seconds: str
    ) -> Event:
        content = EventContent(
            event_type=event_type,
            subject_pith_number=number,
            target=target,
            payload=payload,
            signer=self._event_signer,
            created_at=seconds,
        )
        preimage = Preimage.of(content)
        return Event.sealed(
            content,
            EventSignature(
                key_id=self._key_id,
                public_key_fingerprint=self._fingerprint,
                signature_b64=encode_base64(self._signer.sign(preimage)),
                signed_message=preimage.signed_message,
                signed_at=micros,
            ),
        )

    def _sign_bundle(self, content: BundleContent, micros: str) -> Bundle:
        preimage = Preimage.of(content)
        return Bundle(
            content=content,
            bundle_signature=BundleSignature(
                bundle_sha256=preimage.digest.hex(),
                key_id=self._key_id,
                public_key_fingerprint=self._fingerprint,
                signature_b64=encode_base64(self._signer.sign(preimage)),
                signed_message=preimage.signed_message,
                signed_at=micros,
            ),
        )


def _just_signed(event: Event) -> None:
    """Judge an event that was made and signed a moment ago: nothing to object to."""
