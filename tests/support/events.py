"""Signed events, and bundles that hold them.

The keys are those of the corpus, TEST ONLY: :mod:`pithbuilder.fixtures.scene.keys`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import attrs

from pithbuilder.core.encoding import encode_base64
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.base import OpaqueDocument
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import Event, EventContent
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.key_document import KeyDocument, fingerprint_hex
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.signature import BundleSignature, EventSignature, EventSigner
from pithbuilder.documents.state import State
from pithbuilder.fixtures.scene import keys as corpus_keys
from pithbuilder.fixtures.scene.documents import BUILT_AT, NOW
from pithbuilder.fixtures.scene.sealing import SIGNED_AT
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.merging import merge_bundles

REGISTRY: Final = corpus_keys.REGISTRY.owner
AUTHOR: Final = corpus_keys.AUTHOR.owner
JOURNAL: Final = corpus_keys.JOURNAL.owner
KEYS: Final = {key.owner: key.private for key in (corpus_keys.REGISTRY, corpus_keys.AUTHOR, corpus_keys.JOURNAL)}


def key_document(key: PrivateKey) -> KeyDocument:
    """Return a key's document; the key id follows from the key."""
    return KeyDocument.of(
        key.public_key.raw, key_id=key_id_of(key), url="https://registry.example/pith-signing-key.json", notes=""
    )


def key_id_of(key: PrivateKey) -> str:
    return "test-" + fingerprint_hex(key.public_key.raw)[:8]


def issued_bundle() -> Bundle:
    """Return the bundle of one paper as a registry issues it: a record and a snapshot."""
    signer = LocalSigner(key_id_of(KEYS[REGISTRY]), KEYS[REGISTRY])
    profile = IssuerProfile(signer_id=REGISTRY, mirror_name="Example", base_url="https://registry.example")
    paper = PaperMetadata(
        arxiv_id="2001.00001",
        version=1,
        title="On the theory of tests",
        abstract="We treat one problem.",
        authors="Ada Lovelace",
        categories=("cs.LG",),
        license="",
        submitted_at=datetime(2020, 1, 1, 12, 34, 56, tzinfo=UTC),
    )
    document = key_document(KEYS[REGISTRY])
    return Issuer(profile, signer, FixedClock(NOW), key_document=document).issue(paper).bundle


ISSUED: Final = issued_bundle()
PITH_NUMBER: Final = ISSUED.content.pith_number
RECORD_ID: Final = ISSUED.content.events[0].content.event_id
SNAPSHOT_ID: Final = ISSUED.content.events[1].content.event_id


def signed_event(
    event_type: str,
    payload: dict[str, Any],
    *,
    target: str | None = None,
    signer_id: str = REGISTRY,
    key: PrivateKey | None = None,
    prev_event: str | None = None,
    supersedes: Sequence[str] = (),
    created_at: str = BUILT_AT,
    pith_number: str = PITH_NUMBER,
    signed_at: str = SIGNED_AT,
) -> Event:
    """Return an event with a real signature.

    Args:
        event_type: The family, or any other text.
        payload: What it says.
        target: What of the number it is about; by default what the family is about.
        signer_id: Who says so.
        key: Signs; by default the signer's key of ``KEYS``, or the registry's.
        prev_event: The event that it follows.
        supersedes: The events that it replaces.
        created_at: Whole seconds.
        pith_number: The number that it is about.
        signed_at: Microseconds; enters no digest.
    """
    key = key or KEYS.get(signer_id, KEYS[REGISTRY])
    family = EVENT_FAMILIES.get(event_type)
    fingerprint = fingerprint_hex(key.public_key.raw)
    content = EventContent(
        event_type=event_type,
        subject_pith_number=pith_number,
        target=target if target is not None else family.target if family else "record",
        payload=OpaqueDocument.from_dict(payload),
        signer=EventSigner(
            signer_id=signer_id, signer_type="person", key_id=key_id_of(key), public_key_fingerprint=fingerprint
        ),
        created_at=created_at,
        supersedes=tuple(supersedes),
        prev_event=prev_event,
    )
    preimage = Preimage.of(content)
    signature = EventSignature(
        key_id=key_id_of(key),
        public_key_fingerprint=fingerprint,
        signature_b64=encode_base64(key.sign(preimage.digest)),
        signed_message=preimage.signed_message,
        signed_at=signed_at,
    )
    return Event.sealed(content, signature)


def bundle_with(
    events: Iterable[Event],
    /,
    *,
    keys: Iterable[PrivateKey] = tuple(KEYS.values()),
    state: State | None = None,
    **changes: Any,
) -> Bundle:
    """Return the issued bundle with more events, merged and signed anew.

    Args:
        events: They come behind the record and the snapshot.
        keys: The keys that it lists.
        state: Stands in it as its state; by default what its events amount to.
        changes: To other fields of the bundle's content.
    """
    content = attrs.evolve(
        ISSUED.content,
        **{
            "events": (*ISSUED.content.events, *events),
            "public_keys": tuple(key_document(key) for key in keys),
            **changes,
        },
    )
    draft = attrs.evolve(ISSUED, content=content)
    merged = state or merge_bundles((draft,), Keyring()).state
    return signed_bundle(attrs.evolve(draft, content=attrs.evolve(content, state=merged)))


def signed_bundle(bundle: Bundle, key: PrivateKey = KEYS[REGISTRY], signed_at: str = SIGNED_AT) -> Bundle:
    """Return a bundle with a new signature."""
    preimage = Preimage.of(bundle.content)
    signature = BundleSignature(
        bundle_sha256=bundle.content.bundle_sha256,
        key_id=key_id_of(key),
        public_key_fingerprint=fingerprint_hex(key.public_key.raw),
        signature_b64=encode_base64(key.sign(preimage.digest)),
        signed_message=preimage.signed_message,
        signed_at=signed_at,
    )
    return Bundle(content=bundle.content, bundle_signature=signature)


def author_claim(name: str = "Ada Lovelace") -> dict[str, Any]:
    """Return a payload of ``author_attestation``."""
    return {
        "claimant_name": name,
        "identity_provider": "orcid",
        "identifier": "0000-0001-2345-6789",
        "strength": "weak",
    }


def correction(what: str = "the title", reason: str = "a slip of the pen") -> dict[str, Any]:
    """Return a payload of ``correction``."""
    return {"what": what, "reason": reason, "url": "https://journal.example/1", "corrected_pith_number": None}


def damaged(event: Event) -> Event:
    """Return a copy of an event whose signature is not its key's."""
    return attrs.evolve(event, signature=attrs.evolve(event.signature, signature_b64="A" * 86 + "=="))


CLAIM: Final = signed_event("author_attestation", author_claim(), signer_id=AUTHOR, prev_event=RECORD_ID)
CLAIM_ID: Final = CLAIM.content.event_id
AGAIN: Final = signed_event("author_attestation", author_claim("Ada King"), signer_id=AUTHOR, supersedes=[CLAIM_ID])
"""Supersedes ``CLAIM``."""
RIVALS: Final = tuple(
    signed_event("correction", correction(what), signer_id=JOURNAL, prev_event=SNAPSHOT_ID) for what in ("this", "that")
)
"""Contradict each other."""
LOST: Final = signed_event("correction", correction(), prev_event="sha256:" + "ab" * 32)
"""Follows an event that nobody has."""
FORGED: Final = signed_event("correction", correction("forged"), key=KEYS[JOURNAL])
"""In the registry's name, with another key."""
OWN: Final = Keyring([key_document(KEYS[REGISTRY])]).with_signer(REGISTRY, [KEYS[REGISTRY].public_key])
"""What the registry knows: its own key, and that it is its own."""
