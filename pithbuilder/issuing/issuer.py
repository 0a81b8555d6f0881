"""The issuer: one paper in, one complete signed bundle out.

The same function serves one paper and three million. Everything that does not depend on the paper is made once,
in the constructor; every document is turned into canonical bytes once and embedded in the next as it is. How the
documents are laid out says :mod:`pithbuilder.issuing.layout`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, cast

import attrs

from pithbuilder.core.canonical_json import (
    Fragment,
    JsonObject,
    JsonValue,
    canonicalize,
    compose,
    compose_array,
    decode_canonical,
)
from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.encoding import encode_base64
from pithbuilder.core.made_once import made_once
from pithbuilder.core.pith_number import DEFAULT_SHORT_LENGTH, PithNumber
from pithbuilder.core.timestamps import Clock, format_microseconds, format_seconds
from pithbuilder.documents.base import Document, Fields
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import EVENT_ID_PREFIX, GRAPH_SNAPSHOT, RECORD_CREATED, Event
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.mirror import SIGNING_KEY_PATH, MirrorEntry, MirrorManifest
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.payloads import RecordCreated
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.documents.state import State
from pithbuilder.issuing.events import EventIssuer
from pithbuilder.issuing.existing import (
    existing_merge_event,
    first_computed_at,
    names_of,
    other_keys,
    own_in_force,
    own_record_created,
)
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

MINTED_EVENTS: Final = 2
"""How many events :meth:`Issuer.issue` puts into a bundle."""


@attrs.frozen(slots=False)
class IssuedBundle:
    """What was issued for one paper: the bytes, and views of them as typed documents that are made on demand.

    Attributes:
        pith_number: The number.
        bundle_sha256: Digest of the bundle, 64 hexadecimal digits.
        bundle_bytes: ``bundle.json``: canonical JSON, UTF-8, no trailing newline.
        state_bytes: ``state.json``: canonical JSON, UTF-8, no trailing newline.
    """

    pith_number: PithNumber
    bundle_sha256: str
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
        key_document: The document of the signer's key, as it is published; None makes one.

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

    def __init__(
        self, profile: IssuerProfile, signer: Signer, clock: Clock, *, key_document: KeyDocument | None = None
    ) -> None:
        self.profile = profile
        self._signer = signer
        self._clock = clock
        self.key_document = key_document or KeyDocument.of(
            signer.public_key.raw,
            key_id=signer.key_id,
            url=f"{profile.base_url}/{SIGNING_KEY_PATH}",
            notes=profile.key_notes,
        )
        self._layout = Layout(profile, self.key_document)
        self._events = EventIssuer(signer, signer_id=profile.signer_id, signer_type=profile.signer_type)

    def issue(
        self,
        paper: PaperMetadata,
        *,
        short_length: int = DEFAULT_SHORT_LENGTH,
        at: datetime | None = None,
    ) -> IssuedBundle:
        """Return the complete bundle of one paper.

        Args:
            paper: One version of one paper.
            short_length: The shortest prefix of the number (8, 12, 16 or 26) that no earlier record has.
            at: The instant that serves as every time in the bundle; by default the clock's.

        Returns:
            The bundle; with the same paper, profile, key and time always the same bytes.

        Raises:
            PithError: What the signer raises.
        """
        layout = self._layout
        times = Times.at(format_microseconds((at or self._clock.now()).astimezone(UTC)))
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
        created = layout.record_created(names, paper.arxiv_id, paper.version, record, receipt)
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
            *self._sign_bundle(bundle, times),
            state_bytes,
            layout.record_document(names, source=source, summary=summary, record=record, receipt=receipt),
        )

    def reissue(self, bundle: Bundle, *, at: datetime, distrusted: frozenset[str] = frozenset()) -> IssuedBundle:
        """Return a bundle signed again, with this issuer's key, its number, record and first time as they were.

        A new ``record_created`` with a new receipt supersedes the old one. Other events stay as they are, but for
        those of this issuer that a distrusted key signed: they are said once more too.

        Args:
            bundle: A bundle of this issuer that has been verified.
            at: The time of the re-issue.
            distrusted: Ids of keys that others may have had.

        Returns:
            The bundle; with the same bundle, profile, key and time always the same bytes.

        Raises:
            MintError: ``reissue-record``: no ``record_created`` is in force, or it is another issuer's.
            PithError: What the signer raises.
        """
        layout, content = self._layout, bundle.content
        old = own_record_created(bundle, self.profile.signer_id)
        times = Times.at(format_microseconds(at.astimezone(UTC)), first_computed_at(old))
        names = names_of(bundle)
        payload = self._record_created(bundle, names, times)
        events = [Fragment(event.canonical_bytes) for event in content.events]
        invalid = {event.event_id: event.reason for event in content.state.content.invalid_events}
        merge = {
            event.content.event_id: existing_merge_event(event)
            for event in content.events
            if event.content.event_id not in invalid
        }
        events.append(self._sign_event(names, RECORD_CREATED, "record", payload, times, merge, (old.content.event_id,)))
        for event in own_in_force(bundle, self.profile.signer_id, distrusted):
            again = event.content
            payload = Fragment(again.payload.canonical_bytes)
            superseded = (again.event_id,)
            events.append(self._sign_event(names, again.event_type, again.target, payload, times, merge, superseded))
        record = Fragment(content.canonical_record.canonical_bytes)
        aliases = compose_array(content.source_aliases.aliases)
        state_bytes = _seal_state(state_content(names, record, aliases, merge_events(merge, invalid)))
        fields = layout.bundle_content(
            names,
            source=Fragment(content.source.canonical_bytes),
            record=record,
            aliases=aliases,
            events=tuple(events),
            state=Fragment(state_bytes),
            times=times,
            public_keys=compose_array(
                [*other_keys(content.events, content.public_keys, self.key_document), self.key_document]
            ),
            timestamp_proofs=Fragment(canonicalize(list(content.timestamp_proofs.values))),
        )
        return self._issued(names, fields, content.extra, state_bytes, times)

    def extend(
        self, bundle: Bundle, events: Sequence[Event], *, keys: Iterable[KeyDocument], state: State, at: datetime
    ) -> IssuedBundle:
        """Return a bundle with more events: signed with this issuer's key, every event kept as it was.

        Args:
            bundle: A bundle that has been verified; it need not be this issuer's.
            events: The new events, whoever signed them.
            keys: The documents of the keys that signed them.
            state: What all events amount to, old and new.
            at: The time at which the bundle is built.

        Returns:
            The bundle; with the same bundle, events, profile, key and time always the same bytes.

        Raises:
            DocumentError: ``bundle-incomplete``: no record document follows from the merged state.
            PithError: What the signer raises.
        """
        content = bundle.content
        times, names = Times.at(format_microseconds(at.astimezone(UTC))), names_of(bundle)
        everything = (*content.events, *events)
        fields = self._layout.bundle_content(
            names,
            source=Fragment(content.source.canonical_bytes),
            record=Fragment(content.canonical_record.canonical_bytes),
            aliases=compose_array(content.source_aliases.aliases),
            events=tuple(Fragment(event.canonical_bytes) for event in everything),
            state=Fragment(state.canonical_bytes),
            times=times,
            public_keys=compose_array(
                [*other_keys(everything, [*content.public_keys, *keys], self.key_document), self.key_document]
            ),
            timestamp_proofs=Fragment(canonicalize(list(content.timestamp_proofs.values))),
        )
        return self._issued(names, fields, content.extra, state.canonical_bytes, times)

    def sign_event(
        self,
        bundle: Bundle,
        event_type: str,
        payload: Document | None,
        *,
        at: datetime,
        supersedes: tuple[str, ...] = (),
        prev_event: str | None = None,
    ) -> Event:
        """Return a signed event of this issuer about the number of a bundle.

        Args:
            bundle: The bundle.
            event_type: The event's family.
            payload: What it says; None for ``record_created``, which follows from the bundle: with a new receipt, and
                the first time of the ``record_created`` of this issuer that it supersedes.
            at: When it is made.
            supersedes: Identifiers of this issuer's events that it replaces.
            prev_event: Identifier of the event that it follows.

        Raises:
            DocumentError: The payload is not one of its family.
            PithError: What the signer raises.
        """
        return self._events.sign_event(
            event_type,
            payload or self._own_record(bundle, at, supersedes),
            pith_number=bundle.content.pith_number,
            at=at,
            supersedes=supersedes,
            prev_event=prev_event,
        )

    def _own_record(self, bundle: Bundle, at: datetime, supersedes: tuple[str, ...]) -> RecordCreated:
        first_times = [
            first_computed_at(event)
            for event in bundle.content.events
            if event.content.event_id in supersedes and event.content.event_type == RECORD_CREATED
        ]
        times = Times.at(format_microseconds(at.astimezone(UTC)), min(first_times, default=""))
        payload = self._record_created(bundle, names_of(bundle), times)
        composed = cast(JsonObject, decode_canonical(compose({"payload": payload})))
        return RecordCreated.from_dict(composed["payload"])

    def _record_created(self, bundle: Bundle, names: Names, times: Times) -> Part:
        content, layout = bundle.content, self._layout
        preimage = Preimage.of(content.canonical_record)
        receipt = layout.receipt(names.canonical_sha256, self._sign(preimage), preimage.signed_message, times)
        record = Fragment(content.canonical_record.canonical_bytes)
        return layout.record_created(names, content.source.id, content.source.version, record, receipt)

    def _issued(
        self, names: Names, fields: Fields, extra: Mapping[str, JsonValue], state_bytes: bytes, times: Times
    ) -> IssuedBundle:
        """Sign a bundle that was laid out from another one, and has what that had besides."""
        bundle_sha256, bundle_bytes = self._sign_bundle(fields, times, extra)
        issued = Bundle.from_dict(decode_canonical(bundle_bytes))
        document = RecordDocument.of(issued, self.profile.schema_url)
        return IssuedBundle(names.number, bundle_sha256, bundle_bytes, state_bytes, document.fields())

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
        supersedes: tuple[str, ...] = (),
    ) -> Part:
        """Return one signed event, and add what merging needs to know of it to ``merge``."""
        layout = self._layout
        event = layout.event_content(names, event_type, target, payload, times, supersedes)
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
            supersedes=supersedes,
            prev_event=None,
            shown=applied_event(event_id, target, layout.signer, payload, times.seconds),
        )
        return Fragment(compose(event))

    def _sign_bundle(
        self, bundle: Fields, times: Times, extra: Mapping[str, JsonValue] | None = None
    ) -> tuple[str, bytes]:
        """Return a bundle's digest, and the bundle with its signature."""
        preimage = Preimage.of_bytes("bundle", compose(bundle, extra))
        signature = self._layout.signature(self._sign(preimage), preimage.signed_message, times)
        bundle_sha256 = preimage.digest.hex()
        signature["bundle_sha256"] = bundle_sha256
        bundle["bundle_signature"] = signature
        return bundle_sha256, compose(bundle, extra)


def _seal_state(state: Fields) -> bytes:
    state["state_sha256"] = sha256_hex(compose(state))
    return compose(state)
