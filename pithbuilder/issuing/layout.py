"""The layout of every document that is issued: one dict each, in canonical order, its keys the wire's own names.

These are the documents of :mod:`pithbuilder.documents` as an issuer first writes them. What stands in several
places comes in as a :data:`Part`: canonical bytes made once, and embedded as they are. Nothing here hashes or
signs; the order in which the parts come about is the issuer's (:mod:`pithbuilder.issuing.issuer`).
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from pithbuilder.core.authors import authors_text
from pithbuilder.core.canonical_json import Fragment, compose, compose_array
from pithbuilder.core.pith_number import PithNumber
from pithbuilder.core.text import abstract_excerpt, canonical_text_sha256, collapse_white_space
from pithbuilder.core.timestamps import cut_to_seconds
from pithbuilder.documents.base import Fields
from pithbuilder.documents.bundle import BUNDLE_TYPE, BUNDLE_VERSION
from pithbuilder.documents.event import EVENT_SCHEMA_VERSION
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.mirror import bundle_path, state_path, well_known_bundle_path
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.receipt import RECEIPT_KIND, RECEIPT_VERSION
from pithbuilder.documents.record import RECORD_SCHEMA_VERSION
from pithbuilder.documents.record_document import RECORD_DOCUMENT_TYPE, VerificationStatus
from pithbuilder.documents.signature import ALGORITHM, SIGNATURE_STATUS, EventSigner
from pithbuilder.documents.snapshot import (
    NO_AUTHOR_CLAIMS,
    NO_CLAIMS,
    NO_FINDINGS,
    NO_FORMAL_CANON,
    NO_REFERENCES,
    NO_VERDICT,
    Integrity,
)
from pithbuilder.documents.state import MERGE_VERSION, STATE_TYPE, STATE_VERSION
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.merge.fold import Merged

Part: TypeAlias = Fragment
"""A document that is composed already, as a part of the documents that hold it."""

SOURCE_KIND: Final = "arxiv"
ATTESTATION_STATE: Final = "computed"

_NO_AUTHOR_CLAIMS: Final = Part(NO_AUTHOR_CLAIMS.canonical_bytes)
_NO_CLAIMS: Final = Part(NO_CLAIMS.canonical_bytes)
_NO_FINDINGS: Final = Part(NO_FINDINGS.canonical_bytes)
_NO_FINDINGS_SHA256: Final = Integrity(endpoint="").snapshot_sha256
_NO_FORMAL_CANON: Final = Part(NO_FORMAL_CANON.canonical_bytes)
_NO_REFERENCES: Final = Part(NO_REFERENCES.canonical_bytes)
_NO_VERDICT: Final = Part(NO_VERDICT.canonical_bytes)
_FIRST_STATUS: Final = Part(VerificationStatus().canonical_bytes)  # a record and a snapshot, and nothing else yet


class Times(NamedTuple):
    """The one instant of an issue, UTC, in its two spellings, and the instant of the first one (microseconds)."""

    micros: str
    seconds: str
    first_micros: str

    @classmethod
    def at(cls, micros: str, first_micros: str = "") -> Times:
        """Return the times of an issue at an instant spelt with microseconds; by default it is the first."""
        return cls(micros, cut_to_seconds(micros), first_micros or micros)


class Names(NamedTuple):
    """What a number's record, and the number, are called in the documents about it."""

    number: PithNumber
    text: str
    short: str
    canonical_sha256: str


def part(fields: Fields) -> Part:
    """Return a document as a part of others."""
    return Part(compose(fields))


def source_reference(paper: PaperMetadata) -> Part:
    """Wire field ``source``."""
    return part({"id": paper.arxiv_id, "kind": SOURCE_KIND, "version": paper.version})


def record_metadata(paper: PaperMetadata, submitted_at: str) -> Fields:
    """Wire field ``canonical_record.metadata``."""
    return {
        "abstract_canon_sha256": canonical_text_sha256(paper.abstract),
        "cross_cats_sorted": sorted(paper.categories[1:]),
        "license": paper.license,
        "primary_cat": paper.categories[0],
        "submitted_at": submitted_at,
        "title_canon_sha256": canonical_text_sha256(paper.title),
    }


def canonical_record(metadata: Fields, source: Part) -> Fields:
    """Wire field ``canonical_record``; what the number is the digest of."""
    return {"metadata": metadata, "schema_version": RECORD_SCHEMA_VERSION, "source": source}


def source_aliases(aliases: dict[str, str], times: Times) -> Part:
    """Wire field ``source_aliases``; ``aliases`` is kind to value, sorted by kind."""
    created_at = times.seconds
    return compose_array(
        [{"alias_kind": kind, "alias_value": value, "created_at": created_at} for kind, value in aliases.items()]
    )


def paper_summary(paper: PaperMetadata, metadata: Fields) -> Part:
    """Wire field ``paper`` of a snapshot and of a record document."""
    return part(
        {
            "abstract_excerpt": abstract_excerpt(paper.abstract),
            "authors_text": authors_text(paper.authors),
            "cross_cats": metadata["cross_cats_sorted"],
            "headline": "",
            "license": metadata["license"],
            "primary_cat": metadata["primary_cat"],
            "submitted_at": metadata["submitted_at"],
            "title": collapse_white_space(paper.title),
        }
    )


def applied_event(event_id: str, target: str, signer: Part, payload: Part, created_at: str) -> Fields:
    """Return an event as a state shows it."""
    return {
        "created_at": created_at,
        "event_id": event_id,
        "payload": payload,
        "signer": signer,
        "target": target,
    }


def state_content(names: Names, record: Part, aliases: Part, merged: Merged[Fields]) -> Fields:
    """Return a state as it is hashed; sealed, it has ``state_sha256`` too."""
    lists = merged.lists
    return {
        "applied_event_ids": merged.applied_event_ids,
        "current": {
            "author_attestations": lists["author_attestations"],
            "canonical_record": record,
            "citation_signatures": lists["citation_signatures"],
            "corrections": lists["corrections"],
            "graph_snapshots": lists["graph_snapshots"],
            "mirror_hints": lists["mirror_hints"],
            "record_created": merged.record_created,
            "replication_records": lists["replication_records"],
            "source_aliases": aliases,
            "storage_attestations": lists["storage_attestations"],
            "timestamp_anchors": lists["timestamp_anchors"],
        },
        "equivocation_count": len(merged.equivocations),
        "equivocations": merged.equivocations,
        "event_count": merged.valid_event_count + len(merged.invalid_events),
        "invalid_event_count": len(merged.invalid_events),
        "invalid_events": merged.invalid_events,
        "merge_version": MERGE_VERSION,
        "pith_number": names.text,
        "state_type": STATE_TYPE,
        "state_version": STATE_VERSION,
        "valid_event_count": merged.valid_event_count,
    }


class Layout:
    """The documents into which an issuer's own values go.

    Args:
        profile: The issuer's values.
        key_document: The key that signs.
    """

    def __init__(self, profile: IssuerProfile, key_document: KeyDocument) -> None:
        self._base_url = profile.base_url
        self._builder_version = profile.builder_version
        self._fingerprint = key_document.fingerprint_sha256_hex
        self._integrity = profile.integrity
        self._key_id = key_document.key_id
        self._mirror_name = profile.mirror_name
        self._public_keys = compose_array([key_document])  # what a first issue lists
        self._schema_url = profile.schema_url
        self.signer: Final = Part(
            EventSigner(
                signer_id=profile.signer_id,
                signer_type=profile.signer_type,
                key_id=self._key_id,
                public_key_fingerprint=self._fingerprint,
            ).canonical_bytes
        )

    def receipt(self, canonical_sha256: str, signature_b64: str, signed_message: str, times: Times) -> Part:
        """Wire field ``receipt``."""
        return part(
            {
                "algorithm": ALGORITHM,
                "builder_version": self._builder_version,
                "canonical_sha256": canonical_sha256,
                "first_computed_at": times.first_micros,
                "key_id": self._key_id,
                "kind": RECEIPT_KIND,
                "last_reissued_at": times.micros,
                "public_key_fingerprint": self._fingerprint,
                "receipt_version": RECEIPT_VERSION,
                "signature_b64": signature_b64,
                "signature_status": SIGNATURE_STATUS,
                "signed_at": times.micros,
                "signed_message": signed_message,
            }
        )

    def record_created(self, names: Names, source_id: str, source_version: int, record: Part, receipt: Part) -> Part:
        """Payload of ``record_created``."""
        return part(
            {
                "attestation_state": ATTESTATION_STATE,
                "canonical_record": record,
                "canonical_sha256": names.canonical_sha256,
                "receipt": receipt,
                "source_id": source_id,
                "source_kind": SOURCE_KIND,
                "source_version": source_version,
            }
        )

    def graph_snapshot(self, paper: PaperMetadata, summary: Part, source: Part) -> Part:
        """Payload of ``graph_snapshot``: nothing is known of the paper's graph yet."""
        snapshot: Fields = {
            "author_claims": _NO_AUTHOR_CLAIMS,
            "builder_version": self._builder_version,
            "claims": _NO_CLAIMS,
            "formal_canon": _NO_FORMAL_CANON,
            "paper": summary,
            "references": _NO_REFERENCES,
            "source": source,
            "verdict": _NO_VERDICT,
        }
        if self._integrity:
            snapshot["integrity"] = {
                "available": True,
                "clean": True,
                "detectors_run": (),
                "endpoint": f"/pith/{paper.arxiv_id}/integrity.json",
                "findings": (),
                "snapshot_sha256": _NO_FINDINGS_SHA256,
                "summary": _NO_FINDINGS,
            }
        return part({"graph_snapshot": snapshot, "verdict_id": None})

    def event_content(
        self,
        names: Names,
        event_type: str,
        target: str,
        payload: Part,
        times: Times,
        supersedes: tuple[str, ...] = (),
    ) -> Fields:
        """Return an event as it is hashed; sealed, it has ``content_sha256``, ``event_id`` and ``signature`` too."""
        return {
            "created_at": times.seconds,
            "event_type": event_type,
            "payload": payload,
            "prev_event": None,
            "schema_version": EVENT_SCHEMA_VERSION,
            "signer": self.signer,
            "subject_pith_number": names.text,
            "supersedes": supersedes,
            "target": target,
        }

    def signature(self, signature_b64: str, signed_message: str, times: Times) -> Fields:
        """Wire field ``signature`` of an event, and with ``bundle_sha256`` ``bundle_signature``."""
        return {
            "algorithm": ALGORITHM,
            "key_id": self._key_id,
            "public_key_fingerprint": self._fingerprint,
            "signature_b64": signature_b64,
            "signature_status": SIGNATURE_STATUS,
            "signed_at": times.micros,
            "signed_message": signed_message,
        }

    def bundle_content(
        self,
        names: Names,
        *,
        source: Part,
        record: Part,
        aliases: Part,
        events: tuple[Part, ...],
        state: Part,
        times: Times,
        public_keys: Part | None = None,
        timestamp_proofs: Part | tuple[()] = (),
    ) -> Fields:
        """Return a bundle as it is hashed; sealed, it has ``bundle_signature`` too."""
        base_url = self._base_url
        suffix = names.number.suffix
        bundle_url = f"{base_url}/{bundle_path(suffix)}"
        state_url = f"{base_url}/{state_path(suffix)}"
        well_known_bundle_url = f"{base_url}/{well_known_bundle_path(suffix)}"
        return {
            "built_at": times.seconds,
            "bundle_type": BUNDLE_TYPE,
            "bundle_version": BUNDLE_VERSION,
            "canonical_record": record,
            "canonical_sha256": names.canonical_sha256,
            "events": events,
            "links": {
                "bundle": bundle_url,
                "resolver": f"{base_url}/pith/{suffix}",
                "state": state_url,
                "well_known_bundle": well_known_bundle_url,
            },
            "merge_version": MERGE_VERSION,
            "mirror_hints": (
                {
                    "base_url": base_url,
                    "bundle_url": bundle_url,
                    "mirror_type": "https",
                    "name": self._mirror_name,
                    "state_url": state_url,
                    "status": "primary",
                    "well_known_bundle_url": well_known_bundle_url,
                },
            ),
            "pith_number": names.text,
            "public_keys": public_keys or self._public_keys,
            "short_pith_number": names.short,
            "source": source,
            "source_aliases": aliases,
            "state": state,
            "timestamp_proofs": timestamp_proofs,
        }

    def record_document(self, names: Names, *, source: Part, summary: Part, record: Part, receipt: Part) -> Fields:
        """Return the record document that goes with a bundle."""
        return {
            "attestation_state": ATTESTATION_STATE,
            "canonical_record": record,
            "canonical_sha256": names.canonical_sha256,
            "paper": summary,
            "pith_number": names.text,
            "receipt": receipt,
            "record_type": RECORD_DOCUMENT_TYPE,
            "schema_url": self._schema_url,
            "schema_version": RECORD_SCHEMA_VERSION,
            "short_pith_number": names.short,
            "source": source,
            "verification_status": _FIRST_STATUS,
        }
