"""Mutants of what reads arXiv's metadata."""

from __future__ import annotations

from typing import Final

from tests.support.mutants import Mutant

OUTLINE: Final = "pithbuilder.sources.xml_outline"
XML_FIELDS: Final = "pithbuilder.sources.xml_fields"
OAI: Final = "pithbuilder.sources.oai"
ATOM: Final = "pithbuilder.sources.atom"
FIELDS: Final = "pithbuilder.sources.fields"
COMPRESSED: Final = "pithbuilder.sources.compressed"
HARVESTED: Final = "pithbuilder.sources.harvested"
INCOMPLETE: Final = "pithbuilder.sources.incomplete"
LINES: Final = "pithbuilder.sources.lines"
WIRE: Final = "pithbuilder.documents.wire"
RECORDS: Final = "pithbuilder.sources.xml_records"
SNAPSHOT: Final = "pithbuilder.sources.snapshot"

SOURCE_MUTANTS: Final = (
    Mutant(
        "document-types-are-passed-over",
        OUTLINE,
        "        parser.StartDoctypeDeclHandler = self._document_type\n",
        "",
        "arxiv-input",
    ),
    Mutant(
        "other-encodings-are-read",
        OUTLINE,
        '        if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):',
        "        if False:",
        "arxiv-input",
    ),
    Mutant(
        "of-repeated-fields-the-first-counts",
        XML_FIELDS,
        "                repeated.setdefault(name, [single[name]]).append(child)",
        "                continue",
        "arxiv-input",
    ),
    Mutant(
        "markup-hides-a-part-of-a-field",
        XML_FIELDS,
        "        if found is None or len(found):",
        "        if found is None:",
        "arxiv-input",
    ),
    Mutant(
        "identifiers-of-other-archives-are-taken",
        OAI,
        "    if not identifier.startswith(IDENTIFIER_PREFIX):",
        "    if False:",
        "arxiv-input",
    ),
    Mutant(
        "a-header-is-of-another-paper",
        OAI,
        "    if found != header.arxiv_id:",
        "    if False:",
        "arxiv-input",
    ),
    Mutant(
        "deleted-records-are-read",
        OAI,
        'header.get("status") == "deleted"',
        "False",
        "arxiv-input",
    ),
    Mutant(
        "versions-are-in-any-order",
        FIELDS,
        "        if number <= newest or (index == 0 and number != 1):",
        "        if number == 0 or (index == 0 and number != 1):",
        "arxiv-input",
    ),
    Mutant(
        "versions-begin-anywhere",
        FIELDS,
        "        if number <= newest or (index == 0 and number != 1):",
        "        if number <= newest:",
        "arxiv-input",
    ),
    Mutant(
        "a-paper-was-submitted-when-it-was-revised",
        FIELDS,
        "        submitted_at = submitted_at or revised_at",
        "        submitted_at = revised_at",
        "arxiv-input",
    ),
    Mutant(
        "bombs-go-off",
        COMPRESSED,
        "        if self._count > _FREE_BYTES and self._count > MAX_EXPANSION * self._counted.count:",
        "        if False:",
        "arxiv-input",
    ),
    Mutant(
        "frames-to-be-passed-over-are-not-known",
        COMPRESSED,
        'or (magic[1:4] == b"\\x2a\\x4d\\x18" and magic[0] >> 4 == 5)',
        "or False",
        "arxiv-input",
    ),
    Mutant(
        "windows-of-any-size-are-taken",
        COMPRESSED,
        "MAX_ZSTD_WINDOW_LOG: Final = 26",
        "MAX_ZSTD_WINDOW_LOG: Final = 27",
        "arxiv-input",
    ),
    Mutant(
        "a-lost-end-is-an-end",
        COMPRESSED,
        "        except EOFError as error:\n            raise self._refusal(",
        "        except EOFError as error:\n            return 0\n            raise self._refusal(",
        "arxiv-input",
    ),
    Mutant(
        "harvested-records-are-changed",
        HARVESTED,
        "        if sha256_hex(raw) != origin.raw_sha256:",
        "        if False:",
        "arxiv-input",
    ),
    Mutant(
        "harvested-records-are-of-another-paper",
        HARVESTED,
        '    if told and without_subject_class(record.source_id) not in ("", told):',
        "    if False:",
        "arxiv-input",
    ),
    Mutant(
        "a-text-for-display-is-not-compared",
        INCOMPLETE,
        '        "title": _may_be_one_text(partial.title, paper.title),\n',
        "",
        "arxiv-input",
    ),
    Mutant(
        "any-day-is-the-day",
        INCOMPLETE,
        '        "revised_at": _may_be_the_day(partial, paper, revised_at),\n',
        "",
        "arxiv-input",
    ),
    Mutant(
        "the-text-of-another-version-is-taken",
        INCOMPLETE,
        "    elif partial.version is not None and partial.version != paper.version:",
        "    elif False:",
        "arxiv-input",
    ),
    Mutant(
        "sources-that-disagree-complete-a-record",
        INCOMPLETE,
        "    elif disputed:",
        "    elif False:",
        "arxiv-input",
    ),
    Mutant(
        "categories-are-compared-in-their-order",
        INCOMPLETE,
        "    return listed[:1], frozenset(listed)",
        "    return listed[:1], frozenset(enumerate(listed))",
        "arxiv-input",
    ),
    Mutant(
        "lines-have-members-twice",
        WIRE,
        "catch_duplicate_keys=True",
        "catch_duplicate_keys=False",
        "arxiv-input",
    ),
    Mutant(
        "lines-have-numbers-that-are-none",
        WIRE,
        "allow_inf_nan=False",
        "allow_inf_nan=True",
        "arxiv-input",
    ),
    Mutant(
        "the-primary-category-stays-in-its-place",
        ATOM,
        "    return (primary, *terms)",
        "    return tuple(terms) if primary in terms else (primary, *terms)",
        "arxiv-input",
    ),
    Mutant(
        "classes-of-others-are-categories",
        ATOM,
        "[term for term in terms if is_category(term)]",
        "terms",
        "arxiv-input",
    ),
    Mutant(
        "addresses-need-no-version",
        ATOM,
        "    if version is None:\n        raise unusable(",
        "    if version is None:\n        return paper_id, 1\n        raise unusable(",
        "arxiv-input",
    ),
    Mutant(
        "licenses-keep-their-blanks",
        SNAPSHOT,
        '            license=(license_url or "").strip(),',
        '            license=license_url or "",',
        "arxiv-input",
    ),
    Mutant(
        "names-are-not-counted",
        RECORDS,
        "        if len(self._seen) > MAX_NAMES:",
        "        if False:",
        "arxiv-input",
    ),
)
