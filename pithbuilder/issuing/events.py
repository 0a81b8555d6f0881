"""Signing events, one at a time: a registry's own, and those of authors, journals and other registries."""

from __future__ import annotations

from datetime import UTC, datetime

from pithbuilder.core.encoding import encode_base64
from pithbuilder.core.timestamps import format_microseconds, format_seconds
from pithbuilder.documents.base import Document, OpaqueDocument
from pithbuilder.documents.event import Event, EventContent
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.key_document import fingerprint_hex
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.signature import EventSignature, EventSigner
from pithbuilder.signing.signer import Signer


class EventIssuer:
    """Signs events in one signer's name with one key.

    Args:
        signer: Signs with the signer's key.
        signer_id: The signer's name in events, such as ``pith.science`` or ``orcid:0000-0002-1825-0097``.
        signer_type: What kind of signer: ``pith_registry``, ``author``, ``journal`` …
    """

    def __init__(self, signer: Signer, *, signer_id: str, signer_type: str) -> None:
        self._signer = signer
        self.identity = EventSigner(
            signer_id=signer_id,
            signer_type=signer_type,
            key_id=signer.key_id,
            public_key_fingerprint=fingerprint_hex(signer.public_key.raw),
        )

    def sign_event(
        self,
        event_type: str,
        payload: Document,
        *,
        pith_number: str,
        at: datetime,
        supersedes: tuple[str, ...] = (),
        prev_event: str | None = None,
    ) -> Event:
        """Return a signed event.

        Args:
            event_type: One of :data:`~pithbuilder.documents.event_family.EVENT_FAMILIES`.
            payload: What it says.
            pith_number: The number that it is about, in full.
            at: When it is made; fractions of a second are cut for ``created_at``.
            supersedes: Identifiers of this signer's events that it replaces.
            prev_event: Identifier of the event that it follows.

        Raises:
            DocumentError: The payload is not one of its family.
            PithError: What the signer raises.
        """
        family = EVENT_FAMILIES[event_type]
        plain = payload.to_dict()
        family.payload.from_dict(plain, "$.payload")
        instant = at.astimezone(UTC)
        content = EventContent(
            event_type=event_type,
            subject_pith_number=pith_number,
            target=family.target,
            payload=OpaqueDocument.from_dict(plain),
            signer=self.identity,
            created_at=format_seconds(instant),
            supersedes=supersedes,
            prev_event=prev_event,
        )
        preimage = Preimage.of(content)
        signature = EventSignature(
            key_id=self.identity.key_id,
            public_key_fingerprint=self.identity.public_key_fingerprint,
            signature_b64=encode_base64(self._signer.sign(preimage)),
            signed_message=preimage.signed_message,
            signed_at=format_microseconds(instant),
        )
        return Event.sealed(content, signature)
