"""Mutants of the core: canonical JSON, text, encodings, instants, identifiers, numbers."""

from __future__ import annotations

from typing import Final

from tests.support.mutants import Mutant

JSON: Final = "pithbuilder.core.canonical_json"
WIRE: Final = "pithbuilder.documents.wire"
TEXT: Final = "pithbuilder.core.text"
UNICODE: Final = "pithbuilder.core.unicode14"
AUTHORS: Final = "pithbuilder.core.authors"
ENCODING: Final = "pithbuilder.core.encoding"
TIMES: Final = "pithbuilder.core.timestamps"
ARXIV_ID: Final = "pithbuilder.core.arxiv_id"
NUMBER: Final = "pithbuilder.core.pith_number"
RECORD: Final = "pithbuilder.documents.record"

CORE_MUTANTS: Final = (
    Mutant(
        "members-are-in-the-order-of-utf-8",
        JSON,
        "route = _Route.REFERENCE",
        "route = _Route.FAST",
        "canonical-json",
    ),
    Mutant(
        "unknown-members-are-in-the-order-of-utf-8",
        JSON,
        'member[0].encode("utf-16-be")',
        'member[0].encode("utf-8")',
        "events",
    ),
    Mutant("nesting-is-one-too-deep", JSON, "MAX_DEPTH: Final = 100", "MAX_DEPTH: Final = 101", "canonical-json"),
    Mutant(
        "of-two-members-the-last-counts",
        WIRE,
        "        if len(members) == len(pairs):",
        "        if True:",
        "strict-parsing",
    ),
    Mutant(
        "floats-that-are-integers-pass",
        WIRE,
        "parse_float=hooks.not_an_integer",
        "parse_float=lambda text: int(float(text)) if float(text).is_integer() else hooks.not_an_integer(text)",
        "canonical-json",
    ),
    Mutant(
        "surrogates-are-not-looked-for",
        WIRE,
        "look_at_text=hooks.refused or _SURROGATE_ESCAPE.search(text) is not None",
        "look_at_text=hooks.refused",
        "receipts",
    ),
    Mutant(
        "a-byte-order-mark-is-passed-over",
        WIRE,
        r'    if text.startswith("\ufeff"):',
        '    text = text.removeprefix("\\ufeff")\n    if False:',
        "canonical-json",
    ),
    Mutant(
        "integers-of-any-size-are-read",
        WIRE,
        "            if -MAX_INTEGER <= number <= MAX_INTEGER:",
        "            if True:",
        "receipts",
    ),
    Mutant(
        "white-space-is-that-of-ascii",
        TEXT,
        '    return " ".join(text.split())',
        '    return re.sub("[ \\t-\\r]+", " ", text).strip(" ")',
        "text-and-authors",
    ),
    Mutant(
        "texts-are-case-folded",
        TEXT,
        "        return text.lower()\n",
        "        return text.casefold()\n",
        "text-and-authors",
    ),
    Mutant(
        "no-sigma-is-final",
        TEXT,
        "_FINAL_SIGMA if _ends_a_word(text, place - 1) else _SMALL_SIGMA",
        "_SMALL_SIGMA",
        "text-and-authors",
    ),
    Mutant(
        "letters-of-unicode-16-have-a-lower-case",
        UNICODE,
        "10C80,10CB2,1,40 118A0",
        "10C80,10CB2,1,40 10D50,10D65,1,20 118A0",
        "text-and-authors",
    ),
    Mutant(
        "authors-stay-in-their-order",
        AUTHORS,
        "[name for _, name in sorted(zip(reduced, names, strict=False))]",
        'sorted(names, key=" ".join(line.split()).index)',
        "text-and-authors",
    ),
    Mutant(
        "base64-has-loose-bits",
        ENCODING,
        "    if encode_base64(data) != text:",
        "    if False:",
        "strict-parsing",
    ),
    Mutant(
        "base32-has-loose-bits",
        ENCODING,
        "    if encode_base32(data) != text:",
        "    if False:",
        "strict-parsing",
    ),
    Mutant(
        "instants-have-any-digits",
        TIMES,
        r'(\d\d):(\d\d):(\d\d)Z", re.ASCII)',
        r'(\d\d):(\d\d):(\d\d)Z")',
        "strict-parsing",
    ),
    Mutant(
        "days-of-the-week-are-not-looked-at",
        TIMES,
        '    if _WEEKDAYS[found.weekday()] != weekday.rstrip(","):',
        "    if False:",
        "strict-parsing",
    ),
    Mutant("identifiers-have-any-digits", ARXIV_ID, r'\.\d{{4,5}}", re.ASCII)', r'\.\d{{4,5}}")', "arxiv-ids"),
    Mutant(
        "the-year-is-that-of-the-identifier",
        RECORD,
        "        return int(self.metadata.submitted_at[:4])",
        '        digits = self.source.id.rpartition("/")[2][:2]\n'
        '        return (1900 if digits > "90" else 2000) + int(digits)',
        "records-and-numbers",
    ),
    Mutant(
        "the-number-is-of-the-end-of-the-digest",
        NUMBER,
        "encode_base32(digest[:_SUFFIX_BYTES])[:SUFFIX_LENGTH]",
        "encode_base32(digest)[-SUFFIX_LENGTH:]",
        "records-and-numbers",
    ),
    Mutant(
        "short-aliases-are-never-left-out",
        NUMBER,
        "            if length >= short_length:",
        "            if True:",
        "aliases",
    ),
    Mutant(
        "the-cross-categories-stay-in-their-order",
        RECORD,
        "tuple(sorted(paper.categories[1:]))",
        "tuple(paper.categories[1:])",
        "records-and-numbers",
    ),
)
