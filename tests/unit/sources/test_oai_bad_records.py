"""OAI-PMH with something wrong in it: every error with its place; and headers."""

from __future__ import annotations

import pytest
from lxml import etree

from pithbuilder.errors import DocumentError
from pithbuilder.sources.oai import OaiHeader, read_header
from tests.support import feeds
from tests.support.oai import NAMES, PAPER, error_in, read_one

RAW = feeds.oai_page([feeds.raw_record(PAPER)]).decode()
ARXIV = feeds.oai_page([feeds.arxiv_record(PAPER)]).decode()
LINE = 1 + RAW[: RAW.index("<record>")].count("\n")
V1 = '<version version="v1"><date>Tue, 22 May 2018 09:32:21 GMT</date>'
V2 = '<version version="v2"><date>Sat, 02 Jun 2018 09:32:21 GMT</date>'
OF_PAPER = f"f:{LINE}: paper 1805.08469: "
TABLE: dict[str, tuple[str, str, str, str, str, str]] = {
    # name: (document, before, after, code, where, expected)
    "no header": (RAW, "header>", "kopf>", "field-missing", f"f:{LINE}: record/header", "an element 'header'"),
    "two headers": (RAW, "<header>", "<header/><header>", "field-repeated", f"f:{LINE}: record/header", "once"),
    "no identifier": (
        RAW,
        "<identifier>oai:arXiv.org:1805.08469</identifier>",
        "",
        "field-missing",
        f"f:{LINE}: record/header/identifier",
        "'identifier'",
    ),
    "two identifiers": (
        RAW,
        "<identifier>",
        "<identifier/><identifier>",
        "field-repeated",
        f"f:{LINE}: record/header/identifier",
        "each field once",
    ),
    "markup in the identifier": (
        RAW,
        "<identifier>",
        "<identifier><b/>",
        "field-markup",
        f"f:{LINE}: record/header/identifier",
        "text alone",
    ),
    "another archive": (
        RAW,
        "oai:arXiv.org:",
        "oai:example.org:",
        "oai-identifier",
        f"f:{LINE}: record/header/identifier",
        "oai:arXiv.org:",
    ),
    "an identifier that is none": (
        RAW,
        "oai:arXiv.org:1805.08469",
        "oai:arXiv.org:../../etc",
        "arxiv-id-format",
        f"f:{LINE}: record/header/identifier",
        "archive/YYMMNNN",
    ),
    "no metadata": (RAW, "metadata>", "about>", "field-missing", f"{OF_PAPER}record/metadata", "'metadata'"),
    "two of metadata": (
        RAW,
        "<metadata>",
        "<metadata/><metadata>",
        "field-repeated",
        f"{OF_PAPER}record/metadata",
        "each field once",
    ),
    "empty metadata": (
        RAW,
        "<metadata><arXivRaw",
        "<metadata/><about><arXivRaw",
        "oai-format",
        f"{OF_PAPER}record/metadata",
        "one element",
    ),
    "two formats": (RAW, "</metadata>", "<x/></metadata>", "oai-format", f"{OF_PAPER}record/metadata", "one element"),
    "another paper": (
        RAW,
        "<id>1805.08469",
        "<id>1805.08460",
        "oai-identifier",
        f"{OF_PAPER}arXivRaw/id",
        "1805.08469, as in the header",
    ),
    "another paper in arXiv": (
        ARXIV,
        "<id>1805.08469",
        "<id>1805.08460",
        "oai-identifier",
        f"{OF_PAPER}arXiv/id",
        "as in the header",
    ),
    "an id that is none": (
        RAW,
        "<id>1805.08469",
        "<id>1805",
        "arxiv-id-format",
        f"{OF_PAPER}arXivRaw/id",
        "archive/YYMMNNN",
    ),
    **{
        f"no {name}": (RAW, f"{name}>", f"x-{name}>", "field-missing", f"{OF_PAPER}arXivRaw/{name}", f"'{name}'")
        for name in ("id", "title", "abstract", "authors", "categories")
    },
    **{
        f"two of {name}": (
            RAW,
            f"<{name}>",
            f"<{name}>x</{name}><{name}>",
            "field-repeated",
            f"{OF_PAPER}arXivRaw/{name}",
            "each field once",
        )
        for name in ("id", "title", "abstract", "authors", "categories", "license")
    },
    **{
        f"markup in {name}": (
            RAW,
            f"<{name}>",
            f"<{name}><b>x</b>",
            "field-markup",
            f"{OF_PAPER}arXivRaw/{name}",
            "text alone",
        )
        for name in ("id", "title", "abstract", "authors", "categories", "license")
    },
    **{
        f"a blank {name}": (
            RAW,
            f"<{name}>{value}<",
            f"<{name}> \n<",
            "field-empty",
            f"{OF_PAPER}arXivRaw/{name}",
            "not blank",
        )
        for name, value in {
            "title": PAPER.title,
            "abstract": PAPER.abstract,
            "authors": PAPER.authors,
            "categories": "cs.LG stat.ML",
        }.items()
    },
    "a category that is none": (
        RAW,
        "cs.LG stat.ML",
        "cs.LG ../x",
        "category-format",
        f"{OF_PAPER}arXivRaw/categories",
        "cs.LG",
    ),
    "no versions": (RAW, "version ", "x-version ", "field-empty", f"{OF_PAPER}arXivRaw/version", "at least one"),
    "a version without a name": (
        RAW,
        '<version version="v1">',
        "<version>",
        "field-missing",
        f"{OF_PAPER}arXivRaw/version/@version",
        "'version'",
    ),
    "v1 is missing": (
        RAW,
        'version="v1"',
        'version="v2"',
        "version-order",
        f"{OF_PAPER}arXivRaw/version[1]/@version",
        "v1 first, then rising",
    ),
    "versions fall": (
        RAW,
        'version="v2"',
        'version="v1"',
        "version-order",
        f"{OF_PAPER}arXivRaw/version[2]/@version",
        "v1 first",
    ),
    "no date": (
        RAW,
        V1,
        '<version version="v1">',
        "field-missing",
        f"{OF_PAPER}arXivRaw/version/date",
        "an element 'date'",
    ),
    "no date in the second version": (
        RAW,
        V2,
        '<version version="v2">',
        "field-missing",
        f"{OF_PAPER}arXivRaw/version/date",
        "an element 'date'",
    ),
    "no date in a version out of order": (
        RAW,
        V2,
        '<version version="v1">',
        "field-missing",
        f"{OF_PAPER}arXivRaw/version/date",
        "an element 'date'",
    ),
    "two dates": (
        RAW,
        V2,
        f"{V2}<date/>",
        "field-repeated",
        f"{OF_PAPER}arXivRaw/version/date",
        "each field once",
    ),
    "markup in a date": (
        RAW,
        V2,
        V2.replace("</date>", "<b/></date>"),
        "field-markup",
        f"{OF_PAPER}arXivRaw/version/date",
        "text alone",
    ),
    "a version twice": (
        RAW,
        V2,
        f"{V1}</version>{V2}",
        "version-order",
        f"{OF_PAPER}arXivRaw/version[2]/@version",
        "v1 first, then rising",
    ),
    "a date that is none": (
        RAW,
        "Tue, 22 May 2018 09:32:21 GMT",
        "Tue, 31 Feb 2018 09:32:21 GMT",
        "date-format",
        f"{OF_PAPER}arXivRaw/version[1]/date",
        "a date such as",
    ),
    "no day in arXiv": (
        ARXIV,
        "<created>2018-05-22</created>",
        "",
        "field-missing",
        f"{OF_PAPER}arXiv/created",
        "'created'",
    ),
    "a day in arXiv that is none": (ARXIV, "2018-05-22", "2018-02-31", "date-format", f"{OF_PAPER}arXiv/created", ""),
    "no title in arXiv": (ARXIV, "title>", "x-title>", "field-missing", f"{OF_PAPER}arXiv/title", "'title'"),
    "no abstract in arXiv": (
        ARXIV,
        "abstract>",
        "x-abstract>",
        "field-missing",
        f"{OF_PAPER}arXiv/abstract",
        "'abstract'",
    ),
}


def respell(document: str, before: str, after: str) -> bytes:
    assert before in document
    if before.endswith((">", " ")) and not before.startswith("<"):  # a name, in both its tags
        changed = document.replace(f"<{before}", f"<{after}").replace(f"</{before}", f"</{after}")
        if before == "version ":
            changed = changed.replace("</version>", "</x-version>")
    else:
        changed = document.replace(before, after, 1)
    if "<about>" in changed and "</about>" not in changed:
        changed = changed.replace("</metadata>", "</about>", 1)
    return changed.encode()


@pytest.mark.parametrize("name", TABLE)
def test_a_bad_record(name: str) -> None:
    document, before, after, code, where, expected = TABLE[name]
    error = error_in(respell(document, before, after))
    assert (error.code, error.where) == (code, where)
    assert expected in error.expected


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("<title>", "<title/><title>", "2 of them"),
        ("<title>", "<title/><title/><title>", "3 of them"),
        ("<title>", "<title><b/><i/>", "'{http://arxiv.org/OAI/arXivRaw/}b'"),
        ("title>", "titel>", ""),
    ],
)
def test_what_was_found_instead_of_a_text(before: str, after: str, found: str) -> None:
    assert error_in(respell(RAW, before, after)).found == found


def test_fields_of_other_namespaces_and_of_other_elements_are_passed_over() -> None:
    others = '<title xmlns="urn:x"><b/></title><comments><title/><version/></comments>'
    document = respell(RAW, "<title>", f"{others}<title>").replace(b"<header>", b'<header xmlns="urn:x"/><header>')
    assert read_one(document).paper == read_one(RAW.encode()).paper


def described(before: str = "", after: str = "") -> OaiHeader:
    root = etree.fromstring(respell(RAW, before, after) if before else RAW.encode())
    (record,) = root.findall(".//o:record", NAMES)
    return read_header(record)


def test_when_a_record_last_changed() -> None:
    assert described() == ("1805.08469", "2018-06-03", False)
    assert described("2018-06-03<", "2018-06-03T00:00:00Z\n<").datestamp == "2018-06-03T00:00:00Z"
    assert described("<datestamp>2018-06-03</datestamp>").datestamp == ""
    assert described("<datestamp>", "<datestamp>2017-01-01<b/></datestamp><datestamp>").datestamp == "2017-01-01"


@pytest.mark.parametrize(
    ("before", "after", "code", "where", "expected"),
    [
        ("header>", "kopf>", "field-missing", "record/header", "'header'"),
        ("oai:arXiv.org:", "oai:example.org:", "oai-identifier", "record/header/identifier", "oai:arXiv.org:"),
    ],
)
def test_a_header_that_describes_no_record(before: str, after: str, code: str, where: str, expected: str) -> None:
    with pytest.raises(DocumentError) as caught:
        described(before, after)
    assert (caught.value.code, caught.value.where) == (code, where)
    assert expected in caught.value.expected


def test_a_paper_is_read_without_its_datestamp() -> None:
    assert read_one(respell(RAW, "<datestamp>2018-06-03</datestamp>", "")).paper == read_one(RAW.encode()).paper


def test_another_format() -> None:
    error = error_in(feeds.oai_page([feeds.dc_record(PAPER)], prefix="oai_dc"))
    assert (error.code, error.where) == ("oai-format", f"{OF_PAPER}record/metadata")
    assert (error.expected, error.found) == ("arXivRaw or arXiv", "'{http://www.openarchives.org/OAI/2.0/oai_dc/}dc'")
    assert "metadataPrefix=arXivRaw" in error.hint


def test_a_date_in_its_two_spellings() -> None:
    plain = read_one(respell(RAW, "Sat, 02 Jun", "Sat, 2 Jun"))
    assert plain.revised_at == read_one(RAW.encode()).revised_at == PAPER.versions[-1]


def test_an_identify_answer_has_no_record() -> None:
    error = error_in(feeds.oai_identify("YYYY-MM-DD", "2005-09-16", feeds.OAI_URL))
    assert (error.code, error.where) == ("source-empty", "f")
