"""Canonical records and what follows from them: digest, number, short number, aliases, receipt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pithbuilder.core.arxiv_id import is_arxiv_id
from pithbuilder.core.pith_number import SHORT_LENGTHS, SUFFIX_LENGTH, PithNumber
from pithbuilder.core.text import ABSTRACT_EXCERPT_LENGTH, canonical_text_sha256
from pithbuilder.documents.alias import SourceAlias
from pithbuilder.documents.preimage import PREIMAGE_RULES
from pithbuilder.documents.receipt import RECEIPT_KIND, RECEIPT_VERSION, Receipt
from pithbuilder.documents.record import RECORD_SCHEMA_VERSION, CanonicalRecord, SourceReference
from pithbuilder.documents.snapshot import PaperSummary
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.signatures import KnownKeys, check_signature

SOURCE_KIND: Final = "arxiv"


def check_record(checks: Checks, record: CanonicalRecord, canonical_sha256: str, path: str) -> None:
    """Check that a record is one that could have been minted, and its stated digest.

    Args:
        checks: Takes ``record-schema-version``, ``record-source``, ``record-categories``, ``record-digest``.
        record: The record.
        canonical_sha256: The digest that the containing document states.
        path: JSON path of the containing document.
    """
    place = f"{path}.canonical_record"
    checks.equal(
        "record-schema-version",
        f"{place}.schema_version",
        record.schema_version,
        RECORD_SCHEMA_VERSION,
        "record is of an unknown version",
    )
    if checks.equal("record-source", f"{place}.source.kind", record.source.kind, SOURCE_KIND, "unknown kind of source"):
        checks.equal(
            "record-source",
            f"{place}.source.id",
            record.source.id if is_arxiv_id(record.source.id) else None,
            record.source.id,
            "not an arXiv identifier",
        )
    checks.equal(
        "record-categories",
        f"{place}.metadata.cross_cats_sorted",
        list(record.metadata.cross_cats_sorted),
        sorted(record.metadata.cross_cats_sorted),
        "cross categories are not in code-point order",
    )
    checks.equal(
        "record-digest",
        f"{path}.canonical_sha256",
        canonical_sha256,
        record.digest.hex(),
        "stated digest is not that of the canonical record",
    )


def check_number(checks: Checks, record: CanonicalRecord, pith_number: str, short: str, path: str) -> int:
    """Check number and short number against a record, and return the short number's length.

    Args:
        checks: Takes ``pith-number`` and ``pith-number-short``.
        record: The record.
        pith_number: The stated number.
        short: The stated short number.
        path: JSON path of the object that states them.
    """
    number = record.pith_number
    checks.equal(
        "pith-number", f"{path}.pith_number", pith_number, str(number), "number is not that of the canonical record"
    )
    for length in (*SHORT_LENGTHS, SUFFIX_LENGTH):
        if short == number.short_form(length):
            checks.passed("pith-number-short", f"{path}.short_pith_number")
            return length
    checks.fail(
        "pith-number-short",
        f"{path}.short_pith_number",
        "short number is not a short form of the number",
        expected=number.short,
        found=short,
    )
    return SHORT_LENGTHS[0]


def check_aliases(
    checks: Checks,
    aliases: Iterable[SourceAlias],
    number: PithNumber,
    source: SourceReference,
    short_length: int,
    path: str,
) -> None:
    """Check the aliases: every kind that must be there, with its value, once, in the order of kinds.

    Args:
        checks: Takes ``aliases``; aliases of kinds that are not known here are noted (``alias-kind``).
        aliases: As in the document.
        number: The number.
        source: The record's source.
        short_length: The short number's length: shorter prefixes are not aliases.
        path: JSON path of the array.
    """
    if source.kind != SOURCE_KIND or not is_arxiv_id(source.id):
        return  # reported by check_record; nothing follows from such a source
    expected = number.aliases(source.id, source.version, short_length=short_length)
    known_kinds = {"arxiv", "arxiv_version", "doi", *(f"pith_short_{length}" for length in SHORT_LENGTHS)}
    found: list[tuple[str, str]] = []
    for index, alias in enumerate(aliases):
        if alias.alias_kind in known_kinds:
            found.append((alias.alias_kind, alias.alias_value))
        else:
            checks.note("alias-kind", f"{path}[{index}].alias_kind", "alias of a kind that is not known here")
    checks.equal("aliases", path, found, list(expected.items()), "aliases are not those of the number and its source")


def check_receipt(
    checks: Checks,
    receipt: Receipt,
    record: CanonicalRecord,
    keys: KnownKeys,
    path: str,
    *,
    key_may_be_unknown: bool = False,
) -> None:
    """Check a receipt: constants, digest, order of times, signature.

    Args:
        checks: Takes ``receipt-kind``, ``receipt-version``, ``receipt-digest``, ``receipt-times`` and
            ``signature``.
        receipt: The receipt.
        record: The record that it is for.
        keys: Where to look up the key.
        path: JSON path of the receipt.
        key_may_be_unknown: See :func:`~pithbuilder.verify.signatures.check_signature`.
    """
    checks.equal("receipt-kind", f"{path}.kind", receipt.kind, RECEIPT_KIND, "not a receipt")
    checks.equal(
        "receipt-version",
        f"{path}.receipt_version",
        receipt.receipt_version,
        RECEIPT_VERSION,
        "receipt is of an unknown version",
    )
    checks.equal(
        "receipt-digest",
        f"{path}.canonical_sha256",
        receipt.canonical_sha256,
        record.digest.hex(),
        "receipt is for another record",
    )
    if receipt.first_computed_at <= receipt.last_reissued_at <= receipt.signed_at:
        checks.passed("receipt-times", path)
    else:
        checks.fail(
            "receipt-times",
            path,
            "receipt was signed before it was issued, or issued before it was computed",
            expected="first_computed_at <= last_reissued_at <= signed_at",
            found=f"{receipt.first_computed_at}, {receipt.last_reissued_at}, {receipt.signed_at}",
        )
    signed_message = PREIMAGE_RULES["canonical_record"].signed_message or ""
    check_signature(
        checks,
        receipt,
        record.digest,
        signed_message,
        keys,
        path,
        signed_at=receipt.signed_at,
        key_may_be_unknown=key_may_be_unknown,
    )


def check_paper(checks: Checks, paper: PaperSummary, record: CanonicalRecord, path: str) -> None:
    """Check what is shown of a paper against the record's hashes and copies.

    The abstract is hashed whole and shown up to 600 characters: a shorter excerpt is the whole abstract.

    Args:
        checks: Takes ``paper``.
        paper: What is shown.
        record: The record.
        path: JSON path of the summary.
    """
    metadata = record.metadata
    for name, found, expected in (
        ("license", paper.license, metadata.license),
        ("primary_cat", paper.primary_cat, metadata.primary_cat),
        ("cross_cats", paper.cross_cats, metadata.cross_cats_sorted),
        ("submitted_at", paper.submitted_at, metadata.submitted_at),
    ):
        checks.equal("paper", f"{path}.{name}", found, expected, "what is shown is not what was hashed")
    checks.equal(
        "paper",
        f"{path}.title",
        canonical_text_sha256(paper.title),
        metadata.title_canon_sha256,
        "the title that is shown is not the one that was hashed",
    )
    if len(paper.abstract_excerpt) > ABSTRACT_EXCERPT_LENGTH:
        checks.fail(
            "paper",
            f"{path}.abstract_excerpt",
            "excerpt is too long",
            expected=f"at most {ABSTRACT_EXCERPT_LENGTH} characters",
            found=len(paper.abstract_excerpt),
        )
    elif len(paper.abstract_excerpt) < ABSTRACT_EXCERPT_LENGTH:
        checks.equal(
            "paper",
            f"{path}.abstract_excerpt",
            canonical_text_sha256(paper.abstract_excerpt),
            metadata.abstract_canon_sha256,
            "the abstract that is shown is not the one that was hashed",
        )
