"""The issuer: one paper in, one complete signed bundle out.

The same function serves one paper and three million. Everything that does not depend on the paper is made once,
in the constructor; every document is turned into canonical bytes once and embedded in the next as it is. How the
documents are laid out says :mod:`pithbuilder.issuing.layout`.
"""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from pithbuilder.core.canonical_json import Fragment, compose, decode_canonical
from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.encoding import encode_base64
from pithbuilder.core.made_once import made_once
from pithbuilder.core.pith_number import DEFAULT_SHORT_LENGTH, PithNumber
from pithbuilder.core.timestamps import Clock, cut_to_seconds, format_microseconds, format_seconds
from pithbuilder.documents.base import Fields
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import EVENT_ID_PREFIX, GRAPH_SNAPSHOT, RECORD_CREATED
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.mirror import SIGNING_KEY_PATH, MirrorEntry, MirrorManifest
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.issuing.layout import (
    Layout,
    Names,
    Part,
    Times,
    applied_event,
    canonical_record,
    paper_summary,
    record_metadata,
    source_aliases,
    source_reference,
    state_content,
)
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.merge.event import MergeEvent
from pithbuilder.merge.fold import merge_events
from pithbuilder.signing.signer import Signer


@attrs.frozen(slots=False)
class IssuedBundle:
    """What was issued for one paper: the bytes, and views of them as typed documents that are made on demand.

    Attributes:
        pith_number: The number.
        bundle_bytes: ``bundle.json``: canonical JSON, UTF-8, no trailing newline.
        state_bytes: ``state.json``: canonical JSON, UTF-8, no trailing newline.
    """

    pith_number: PithNumber
    bundle_bytes: bytes = attrs.field(repr=False)
    state_bytes: bytes = attrs.field(repr=False)
    _record_document_fields: Fields = attrs.field(repr=False, eq=False)

    @made_once
    def record_document_bytes(self) -> bytes:
        """The record document: canonical JSON, UTF-8, no trailing newline."""
        return compose(self._record_document_fields)

    @made_once
    def bundle(self) -> Bundle:
        """The signed bundle; state, events and receipt are inside."""
        return Bundle.from_dict(decode_canonical(self.bundle_bytes))

    @made_once
    def record_document(self) -> RecordDocument:
        """The record document that goes with the bundle."""
        return RecordDocument.from_dict(decode_canonical(self.record_document_bytes))


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
        self.key_document = KeyDocument.of(
            signer.public_key.raw,
            key_id=signer.key_id,
            url=f"{profile.base_url}/{SIGNING_KEY_PATH}",
            notes=profile.key_notes,
            rotates_at=rotates_at,
        )
        self._layout = Layout(profile, self.key_document)

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
        layout = self._layout
        micros = format_microseconds((first_computed_at or self._clock.now()).astimezone(UTC))
        times = Times(micros, cut_to_seconds(micros))
        submitted_at = paper.submitted_at_text
        metadata = record_metadata(paper, submitted_at)
        source = source_reference(paper)
        record_bytes = compose(canonical_record(metadata, source))
        record = Fragment(record_bytes)
        preimage = Preimage.of_bytes("canonical_record", record_bytes)
        number = PithNumber.from_digest(preimage.digest, int(submitted_at[:4]))
        names = Names(number, str(number), number.short_form(short_length), preimage.digest.hex())
        aliases = source_aliases(number.aliases(paper.arxiv_id, paper.version, short_length=short_length), times)
        summary = paper_summary(paper, metadata)
        snapshot = layout.graph_snapshot(paper, summary, source)

        receipt = layout.receipt(names.canonical_sha256, self._sign(preimage), preimage.signed_message, times)
        created = layout.record_created(names, paper, record, receipt)
        merge: dict[str, MergeEvent[Fields]] = {}
        events = (
            self._sign_event(names, RECORD_CREATED, "record", created, times, merge),
            self._sign_event(names, GRAPH_SNAPSHOT, "graph", snapshot, times, merge),
        )
        state_bytes = _seal_state(state_content(names, record, aliases, merge_events(merge, {})))
        bundle = layout.bundle_content(
            names,
            source=source,
            record=record,
            aliases=aliases,
            events=events,
            state=Fragment(state_bytes),
            times=times,
        )
        return IssuedBundle(
            number,
            self._sign_bundle(bundle, times),
            state_bytes,
            layout.record_document(names, source=source, summary=summary, record=record, receipt=receipt),
        )

    def build_manifest(self, generated_at: datetime) -> MirrorManifest:
        """Return the manifest of the issuer's own mirror (``pith-mirrors.json``)."""
        return MirrorManifest(
            generated_at=format_seconds(generated_at.astimezone(UTC)),
            mirrors=(MirrorEntry.of(name=self.profile.mirror_name, base_url=self.profile.base_url),),
        )

    def _sign(self, preimage: Preimage) -> str:
        return encode_base64(self._signer.sign(preimage))

    def _sign_event(
        self,
        names: Names,
        event_type: str,
        target: str,
        payload: Part,
        times: Times,
        merge: dict[str, MergeEvent[Fields]],
    ) -> Part:
        """Return one signed event, and add what merging needs to know of it to ``merge``."""
        layout = self._layout
        event = layout.event_content(names, event_type, target, payload, times)
        preimage = Preimage.of_bytes("event", compose(event))
        content_sha256 = preimage.digest.hex()
        event_id = EVENT_ID_PREFIX + content_sha256
        event["content_sha256"] = content_sha256
        event["event_id"] = event_id
        event["signature"] = layout.signature(self._sign(preimage), preimage.signed_message, times)
        merge[event_id] = MergeEvent(
            event_type=event_type,
            target=target,
            signer_id=self.profile.signer_id,
            created_at=times.seconds,
            supersedes=(),
            prev_event=None,
            shown=applied_event(event_id, target, layout.signer, payload, times),
        )
        return Fragment(compose(event))

    def _sign_bundle(self, bundle: Fields, times: Times) -> bytes:
        preimage = Preimage.of_bytes("bundle", compose(bundle))
        signature = self._layout.signature(self._sign(preimage), preimage.signed_message, times)
        signature["bundle_sha256"] = preimage.digest.hex()
        bundle["bundle_signature"] = signature
        return compose(bundle)


def _seal_state(state: Fields) -> bytes:
    state["state_sha256"] = sha256_hex(compose(state))
    return compose(state)
