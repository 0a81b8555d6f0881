"""Printing why a paper has its number."""

from __future__ import annotations

from pithbuilder.cli.output import print_json, print_line
from pithbuilder.core.text import TEXT_RULE
from pithbuilder.issuing.explanation import Explanation, RecordDifference
from pithbuilder.sources.source_paper import SourcePaper


def print_explanation(item: SourcePaper, explanation: Explanation) -> None:
    """Print, for people, where a paper was read and which bytes of it were hashed."""
    paper, record = explanation.paper, explanation.record
    print_line(f"paper {paper.arxiv_id}v{paper.version}, read at {item.place}")
    if item.origin is not None:
        print_line(f"fetched {item.origin.fetched_at} from {item.origin.source}")
    for text in explanation.texts:
        print_line("")
        print_line(f"{text.name}, as it was submitted")
        print_line(f"  {_one_line(text.submitted)}")
        print_line(f"{text.name}, as it is hashed: {text.byte_count} bytes ({TEXT_RULE}, UTF-8)")
        print_line(f"  {text.hashed}")
        print_line(f"{text.name}_canon_sha256  {text.sha256}")
    metadata = record.metadata
    print_line("")
    print_line(f"primary_cat        {metadata.primary_cat}")
    print_line(f"cross_cats_sorted  {' '.join(metadata.cross_cats_sorted) or '(none)'}")
    print_line(f"license            {metadata.license or '(empty: the source names none)'}")
    print_line(f"submitted_at       {metadata.submitted_at}  (version 1)")
    print_line(f"source             {record.source.kind} {record.source.id} version {record.source.version}")
    print_line("")
    print_line(f"canonical record, {len(record.canonical_bytes)} bytes (RFC 8785)")
    print_line(f"  {record.canonical_bytes.decode('utf-8')}")
    print_line(f"canonical_sha256  {record.digest.hex()}")
    print_line(f"pith_number       {record.pith_number}")


def print_comparison(difference: RecordDifference | None, name: str) -> None:
    """Print, for people, the first difference from a published record, or that there is none."""
    print_line("")
    if difference is None:
        print_line(f"{name}: the same record, byte for byte")
        return
    print_line(f"{name}: the first difference is {difference.path}")
    print_line(f"  here       {difference.derived}")
    print_line(f"  published  {difference.published}")
    if difference.text is not None:
        print_line(f"  in the text that is hashed, from character {difference.text.position} on (the first is 0)")
        print_line(f"    here       …{difference.text.derived}…")
        print_line(f"    published  …{difference.text.published}…")
    if difference.note:
        print_line(f"  {difference.note}")


def print_explanation_json(
    item: SourcePaper, explanation: Explanation, compared: bool, difference: RecordDifference | None
) -> None:
    """Print both as one line of JSON; ``difference`` is there where a record was compared, null for the same."""
    line = {**explanation.to_dict(), "place": item.place}
    if item.origin is not None:
        line["origin"] = dict(item.origin._asdict())
    if compared:
        line["difference"] = None if difference is None else difference.to_dict()
    print_json(line)


def _one_line(text: str) -> str:
    """Return a text with its line ends shown, by a sign that cannot be taken for TeX."""
    return text.replace("\n", "↵")
