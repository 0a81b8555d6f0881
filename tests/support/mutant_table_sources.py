"""Mutants of what reads arXiv's metadata."""

from __future__ import annotations

from typing import Final

from tests.support.mutants import Mutant

OUTLINE: Final = "pithbuilder.sources.xml_outline"
XML_FIELDS: Final = "pithbuilder.sources.xml_fields"
OAI: Final = "pithbuilder.sources.oai"
FIELDS: Final = "pithbuilder.sources.fields"
COMPRESSED: Final = "pithbuilder.sources.compressed"

SOURCE_MUTANTS: Final = (
    Mutant(
        "document-types-are-passed-over",
        OUTLINE,
        "        parser.StartDoctypeDeclHandler = self._document_type\n",
        "",
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
        "versions-are-in-any-order",
        FIELDS,
        "        if number <= newest or (index == 0 and number != 1):",
        "        if number == 0 or (index == 0 and number != 1):",
        "arxiv-input",
    ),
    Mutant(
        "bombs-go-off",
        COMPRESSED,
        "        if self._count > _FREE_BYTES and self._count > MAX_EXPANSION * self._counted.count:",
        "        if False:",
        "arxiv-input",
    ),
)
