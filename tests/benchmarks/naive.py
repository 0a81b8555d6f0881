"""The reference builder: a bundle as an ordinary user would write it from the description of the format.

Plain dicts, `jcs`, `hashlib`, `base64` and `cryptography`, nothing of pithbuilder: the benchmarks measure against
it, and the tests hold the issuer's bytes against its bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from typing import Any, TypedDict

import jcs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from papers import Paper

Json = dict[str, Any]


class Profile(TypedDict):
    """The issuer's own values."""

    signer_id: str
    signer_type: str
    mirror_name: str
    base_url: str
    builder_version: str
    integrity: bool
    key_notes: str


def build_bundle(paper: Paper, profile: Profile, key_id: str, key: Ed25519PrivateKey, now: datetime) -> bytes:
    """Return the canonical bytes of one paper's bundle, issued at the instant ``now``."""
    paper = {**paper, "arxiv_id": re.sub(r"^([a-z-]+)\.[A-Z]{2}/", r"\1/", paper["arxiv_id"])}
    micros = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    seconds = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    public_key = key.public_key().public_bytes_raw()
    fingerprint = hashlib.sha256(public_key).hexdigest()[:32]

    record = build_record(paper)
    record_digest = hashlib.sha256(canonical(record)).digest()
    suffix = base64.b32encode(record_digest).decode()[:26]
    number = f"pith:{record['metadata']['submitted_at'][:4]}:{suffix}"
    aliases = build_aliases(paper, suffix, seconds)
    receipt = {
        "kind": "pith_receipt",
        "key_id": key_id,
        "algorithm": "ed25519",
        "signed_at": micros,
        "signature_b64": base64.b64encode(key.sign(record_digest)).decode(),
        "signed_message": "canonical_sha256_bytes",
        "builder_version": profile["builder_version"],
        "receipt_version": "0.3",
        "canonical_sha256": record_digest.hex(),
        "last_reissued_at": micros,
        "signature_status": "signed_v1",
        "first_computed_at": micros,
        "public_key_fingerprint": fingerprint,
    }
    created_payload = {
        "canonical_record": record,
        "canonical_sha256": record_digest.hex(),
        "receipt": receipt,
        "source_kind": "arxiv",
        "source_id": paper["arxiv_id"],
        "source_version": paper["version"],
        "attestation_state": "computed",
    }
    events = []
    for event_type, target, payload in (
        ("record_created", "record", created_payload),
        ("graph_snapshot", "graph", build_snapshot(paper, record, profile)),
    ):
        event: Json = {
            "event_type": event_type,
            "subject_pith_number": number,
            "target": target,
            "payload": payload,
            "signer": {
                "signer_id": profile["signer_id"],
                "signer_type": profile["signer_type"],
                "key_id": key_id,
                "public_key_fingerprint": fingerprint,
            },
            "created_at": seconds,
            "supersedes": [],
            "prev_event": None,
            "schema_version": "1.0",
        }
        digest = hashlib.sha256(canonical(event)).digest()
        event["content_sha256"] = digest.hex()
        event["event_id"] = "sha256:" + digest.hex()
        event["signature"] = build_signature(key, key_id, fingerprint, digest, "open_graph_event_sha256_bytes", micros)
        events.append(event)

    base_url = profile["base_url"]
    bundle: Json = {
        "bundle_type": "pith_open_graph_bundle",
        "bundle_version": "1.0",
        "pith_number": number,
        "short_pith_number": f"pith:{suffix[:8]}",
        "canonical_record": record,
        "canonical_sha256": record_digest.hex(),
        "source": record["source"],
        "source_aliases": aliases,
        "events": events,
        "timestamp_proofs": [],
        "mirror_hints": [
            {
                "mirror_type": "https",
                "name": profile["mirror_name"],
                "base_url": base_url,
                "bundle_url": f"{base_url}/pith/{suffix}/bundle.json",
                "state_url": f"{base_url}/pith/{suffix}/state.json",
                "well_known_bundle_url": f"{base_url}/.well-known/pith/{suffix}/bundle.json",
                "status": "primary",
            }
        ],
        "public_keys": [
            {
                "key_id": key_id,
                "algorithm": "ed25519",
                "format": "raw",
                "public_key_b64": base64.b64encode(public_key).decode(),
                "public_key_hex": public_key.hex(),
                "fingerprint_sha256_b32_first128bits": base64.b32encode(hashlib.sha256(public_key).digest()).decode()[
                    :26
                ],
                "fingerprint_sha256_hex": fingerprint,
                "rotates_at": None,
                "url": f"{base_url}/pith-signing-key.json",
                "notes": profile["key_notes"],
            }
        ],
        "merge_version": "pith-open-graph-merge-v1",
        "built_at": seconds,
        "links": {
            "resolver": f"{base_url}/pith/{suffix}",
            "bundle": f"{base_url}/pith/{suffix}/bundle.json",
            "state": f"{base_url}/pith/{suffix}/state.json",
            "well_known_bundle": f"{base_url}/.well-known/pith/{suffix}/bundle.json",
        },
        "state": build_state(number, record, aliases, events),
    }
    digest = hashlib.sha256(canonical(bundle)).digest()
    bundle["bundle_signature"] = {
        **build_signature(key, key_id, fingerprint, digest, "bundle_sha256_bytes", micros),
        "bundle_sha256": digest.hex(),
    }
    return canonical(bundle)


def build_record(paper: Paper) -> Json:
    """Return the canonical record of a paper."""
    return {
        "metadata": {
            "abstract_canon_sha256": text_sha256(paper["abstract"]),
            "cross_cats_sorted": sorted(paper["categories"][1:]),
            "license": paper["license"],
            "primary_cat": paper["categories"][0],
            "submitted_at": paper["submitted_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "title_canon_sha256": text_sha256(paper["title"]),
        },
        "schema_version": "1.0",
        "source": {"id": paper["arxiv_id"], "kind": "arxiv", "version": paper["version"]},
    }


def build_aliases(paper: Paper, suffix: str, seconds: str) -> list[Json]:
    """Return the aliases, sorted by kind."""
    values = {
        "arxiv": paper["arxiv_id"],
        "arxiv_version": f"{paper['arxiv_id']}v{paper['version']}",
        "doi": "10.48550/arxiv." + paper["arxiv_id"].lower(),
        "pith_short_8": suffix[:8],
        "pith_short_12": suffix[:12],
        "pith_short_16": suffix[:16],
    }
    return [{"alias_kind": kind, "alias_value": value, "created_at": seconds} for kind, value in sorted(values.items())]


def build_snapshot(paper: Paper, record: Json, profile: Profile) -> Json:
    """Return the payload of the ``graph_snapshot`` event."""
    no_rows = hashlib.sha256(canonical({"payload": []})).hexdigest()
    metadata = record["metadata"]
    snapshot: Json = {
        "paper": {
            "title": " ".join(paper["title"].split()),
            "license": metadata["license"],
            "headline": "",
            "cross_cats": metadata["cross_cats_sorted"],
            "primary_cat": metadata["primary_cat"],
            "authors_text": sorted_authors(paper["authors"]),
            "submitted_at": metadata["submitted_at"],
            "abstract_excerpt": re.sub(r"\n(?!  )", " ", paper["abstract"].strip())[:600],
        },
        "claims": {"count": 0, "items": [], "snapshot_sha256": no_rows},
        "source": record["source"],
        "verdict": {
            "id": None,
            "model_set": {},
            "created_at": None,
            "strongest_claim": "",
            "one_line_summary": "",
            "pipeline_version": None,
            "weakest_assumption": "",
            "pith_extraction_headline": "",
        },
        "references": {
            "count": 0,
            "sample": [],
            "resolved_work": 0,
            "snapshot_sha256": no_rows,
            "internal_anchors": 0,
        },
        "formal_canon": {"evidence_count": 0, "snapshot_sha256": no_rows},
        "author_claims": {"count": 0, "strong_count": 0, "snapshot_sha256": no_rows},
        "builder_version": profile["builder_version"],
    }
    if profile["integrity"]:
        snapshot["integrity"] = {
            "clean": True,
            "summary": {"advisory": 0, "critical": 0, "by_detector": {}, "informational": 0},
            "endpoint": f"/pith/{paper['arxiv_id']}/integrity.json",
            "findings": [],
            "available": True,
            "detectors_run": [],
            "snapshot_sha256": hashlib.sha256(canonical({"payload": {"detectors": [], "findings": []}})).hexdigest(),
        }
    return {"graph_snapshot": snapshot, "verdict_id": None}


def build_state(number: str, record: Json, aliases: list[Json], events: list[Json]) -> Json:
    """Return the state of a record with one ``record_created`` and one ``graph_snapshot``, in this order."""
    created, snapshot = (
        {name: event[name] for name in ("event_id", "target", "created_at", "signer", "payload")} for event in events
    )
    state = {
        "state_type": "pith_open_graph_state",
        "state_version": "1.0",
        "pith_number": number,
        "merge_version": "pith-open-graph-merge-v1",
        "event_count": 2,
        "valid_event_count": 2,
        "invalid_event_count": 0,
        "equivocation_count": 0,
        "current": {
            "canonical_record": record,
            "source_aliases": aliases,
            "graph_snapshots": [snapshot],
            "author_attestations": [],
            "timestamp_anchors": [],
            "storage_attestations": [],
            "citation_signatures": [],
            "replication_records": [],
            "corrections": [],
            "mirror_hints": [],
            "record_created": created,
        },
        "equivocations": [],
        "invalid_events": [],
        "applied_event_ids": [created["event_id"], snapshot["event_id"]],
    }
    return {**state, "state_sha256": hashlib.sha256(canonical(state)).hexdigest()}


def build_signature(
    key: Ed25519PrivateKey, key_id: str, fingerprint: str, digest: bytes, signed_message: str, micros: str
) -> Json:
    """Return the signature block of an event or a bundle."""
    return {
        "signature_status": "signed_v1",
        "algorithm": "ed25519",
        "key_id": key_id,
        "public_key_fingerprint": fingerprint,
        "signature_b64": base64.b64encode(key.sign(digest)).decode(),
        "signed_message": signed_message,
        "signed_at": micros,
    }


def text_sha256(text: str) -> str:
    """Return the digest of a title or an abstract: stripped, white space collapsed, lower-cased."""
    return hashlib.sha256(" ".join(text.split()).lower().encode()).hexdigest()


def sorted_authors(line: str) -> str:
    """Return the author line, split at commas and at the word ``and``, without repetitions, sorted."""
    names = set()
    for part in line.split(","):
        words: list[str] = []
        for word in [*part.split(), "and"]:
            if word != "and":
                words.append(word)
            elif words:
                names.add(" ".join(words))
                words = []
    return ", ".join(sorted(names, key=lambda name: (re.sub("[^0-9a-z]", "", name.lower()), name)))


def canonical(value: Json) -> bytes:
    """Return canonical JSON (RFC 8785)."""
    data: bytes = jcs.canonicalize(value)
    return data
