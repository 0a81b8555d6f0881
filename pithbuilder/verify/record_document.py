"""Record documents: judged by their receipt."""

from __future__ import annotations

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.json_path import ROOT
from pithbuilder.documents.record_document import RECORD_DOCUMENT_TYPE, RecordDocument
from pithbuilder.errors import DocumentError
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.record import check_number, check_paper, check_receipt, check_record
from pithbuilder.verify.report import VerificationReport
from pithbuilder.verify.signatures import KnownKeys
from pithbuilder.verify.state import printable_number


def verify_record_document(value: JsonObject, keys: KnownKeys) -> VerificationReport:
    """Verify one record document.

    Without a key to check the receipt with, the best verdict is ``self-consistent``.

    Args:
        value: The document as parsed from the wire.
        keys: The pinned keys; inside a mirror also those that the number's bundle lists.
    """
    checks = Checks()
    try:
        document = RecordDocument.from_dict(value)
    except DocumentError as error:
        checks.refused(error)
        return checks.report("record_document", printable_number(value))
    checks.equal(
        "record-document-type",
        "$.record_type",
        document.record_type,
        RECORD_DOCUMENT_TYPE,
        "not what a record document says",
    )
    record = document.canonical_record
    check_record(checks, record, document.canonical_sha256, ROOT)
    check_number(checks, record, document.pith_number, document.short_pith_number, ROOT)
    checks.equal(
        "record-copies",
        "$.schema_version",
        document.schema_version,
        record.schema_version,
        "version is not that of the canonical record",
    )
    checks.equal(
        "record-copies",
        "$.source",
        document.source.canonical_bytes,
        record.source.canonical_bytes,
        "source is not that of the canonical record",
    )
    check_paper(checks, document.paper, record, "$.paper")
    for name, found in (
        ("content_addressed", document.verification_status.content_addressed),
        ("pith_receipt", document.verification_status.pith_receipt),
    ):
        checks.equal(
            "verification-status",
            f"$.verification_status.{name}",
            found,
            True,
            "document denies what it shows itself",
        )
    status = document.verification_status
    claimed = status.weak_author_claims + status.strong_author_claims > 0
    checks.equal(
        "verification-status",
        "$.verification_status.author_attested",
        status.author_attested,
        claimed,
        "author_attested does not fit the number of author claims",
    )
    check_receipt(checks, document.receipt, record, keys, "$.receipt", key_may_be_unknown=True)
    for name in ("authors_text", "abstract_excerpt", "headline"):
        if getattr(document.paper, name):
            checks.note("unsigned", f"$.paper.{name}", "covered by no signature here: compare with the bundle")
    checks.note("unsigned", "$.verification_status", "covered by no signature here: compare with the bundle")
    return checks.report("record_document", printable_number(value))
