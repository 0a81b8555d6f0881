"""One event on its way to a bundle: signed by somebody who cannot sign the bundle, together with the key."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.documents.base import Document, Reader
from pithbuilder.documents.event import Event
from pithbuilder.documents.key_document import KeyDocument

DETACHED_EVENT_TYPE: Final = "pith_detached_event"
DETACHED_EVENT_VERSION: Final = "1.0"


@attrs.frozen(kw_only=True, slots=False)
class DetachedEvent(Document):
    """A signed event outside of a bundle, as an author hands it to a registry.

    Attributes:
        event: The event.
        public_key: The key that signed it.
        document_type: ``pith_detached_event``.
        document_version: ``1.0``.
    """

    document_kind: ClassVar[str] = "detached_event"

    event: Event
    public_key: KeyDocument
    document_type: str = DETACHED_EVENT_TYPE
    document_version: str = DETACHED_EVENT_VERSION

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            event=reader.document("event", Event),
            public_key=reader.document("public_key", KeyDocument),
            document_type=reader.choice("document_type", (DETACHED_EVENT_TYPE,)),
            document_version=reader.choice("document_version", (DETACHED_EVENT_VERSION,)),
            extra=reader.extra(cls),
        )
