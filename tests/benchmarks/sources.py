"""How fast papers are read from arXiv's feeds, and in how much memory. Run by hand.

A snapshot's line is read against what an ordinary user would write: `json.loads` and `email.utils`, into the same
`PaperMetadata`; OAI-PMH against `lxml.etree.iterparse` that finds every record and does nothing with it. Memory is
the peak of `pithbuilder derive` in a process of its own, with the source coming through a pipe: it should not grow
with the number of papers.

    python tests/benchmarks/sources.py [--rounds N] [--papers N] [--few N] [--many N] [--entries N]

The last line of the output is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import attrs
from lxml import etree

from measure import format_table, interleaved_rounds, median_ratio
from papers import made_up_papers

sys.path.insert(0, str(Path(__file__).parents[2]))

from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.sources.reading import read_papers
from tests.support import feeds
from tests.support.feeds import FeedPaper

ROOT: Final = Path(__file__).resolve().parents[2]

OUR_SNAPSHOT: Final = "pithbuilder, snapshot line"
NAIVE: Final = "json.loads and email.utils"
OUR_OAI: Final = "pithbuilder, arXivRaw record"
LXML_RECORDS: Final = "lxml.iterparse, records only"
LXML_ALL: Final = "lxml.iterparse, every end tag"

PAGE: Final = 1000
"""How many records a page of OAI-PMH has."""

_OAI_RECORD: Final = "{http://www.openarchives.org/OAI/2.0/}record"
_PLACEHOLDER: Final = "0000.00000"
_NOT_IN_XML: Final = {code: " " for code in range(32) if chr(code) not in "\t\n\r"}

_PEAK: Final = """
import resource, subprocess, sys
done = subprocess.run(
    [sys.executable, "-m", "pithbuilder", *sys.argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
)
sys.exit(done.stderr) if done.returncode else print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class Rendered(NamedTuple):
    """One paper in all formats; its identifier is a placeholder."""

    line: bytes
    raw: bytes
    entry: bytes


def make_papers(count: int) -> list[FeedPaper]:
    """Return made-up papers as arXiv has them, with one to four versions."""
    rng = random.Random(7)
    papers = []
    for index, paper in enumerate(made_up_papers(count)):
        first = paper["submitted_at"].astimezone(UTC).replace(microsecond=0)
        days = sorted(rng.sample(range(1, 900), rng.choice((0, 0, 0, 0, 0, 1, 1, 1, 2, 3))))
        papers.append(
            FeedPaper(
                arxiv_id=paper["arxiv_id"] if index % 4 == 0 else f"{first:%y%m}.{index:05}",
                title=paper["title"].translate(_NOT_IN_XML),
                abstract=paper["abstract"].translate(_NOT_IN_XML),
                authors=paper["authors"],
                categories=paper["categories"],
                license=paper["license"] or None,
                versions=(first, *(first + timedelta(days=day) for day in days)),
                datestamp="2026-05-18",
            )
        )
    return papers


def render(papers: list[FeedPaper]) -> list[Rendered]:
    """Return papers with a placeholder for an identifier."""
    rendered = []
    for paper in papers:
        named = attrs.evolve(paper, arxiv_id=_PLACEHOLDER)
        authors = [author.full() for author in feeds.author_names(paper.authors)]
        entry = feeds.atom_entry(named, len(paper.versions), authors)
        rendered.append(Rendered(feeds.snapshot_line(named), feeds.raw_record(named).encode(), entry.encode()))
    return rendered


def repeated(pieces: list[bytes]) -> Iterator[bytes]:
    """Yield the pieces again and again, each time with another identifier."""
    number = 0
    while True:
        for piece in pieces:
            month, count = divmod(number, 100_000)
            yield piece.replace(_PLACEHOLDER.encode(), b"%04d.%05d" % (month // 12 * 100 + month % 12 + 1, count))
            number += 1


def in_document(empty: bytes, records: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a document piece by piece: the records stand where the empty document has its mark."""
    before, _, after = empty.partition(b"MARK")
    yield before
    yield from records
    yield after


def read_naively(stream: BytesIO) -> list[PaperMetadata]:
    """Read a snapshot as an ordinary user would write it."""
    papers = []
    for line in stream:
        record = json.loads(line)
        versions = record["versions"]
        papers.append(
            PaperMetadata(
                arxiv_id=record["id"],
                version=int(versions[-1]["version"][1:]),
                title=record["title"],
                abstract=record["abstract"],
                authors=record["authors"],
                categories=tuple(record["categories"].split()),
                license=record["license"] or "",
                submitted_at=parsedate_to_datetime(versions[0]["created"]),
            )
        )
    return papers


def read_here(stream: BytesIO) -> list[PaperMetadata | None]:
    return [item.paper for item in read_papers(stream, "f")]


def count_here(stream: BytesIO) -> int:
    """Read every record to its metadata, and forget it."""
    return sum(item.paper is not None for item in read_papers(stream, "f"))


def find_records(stream: BytesIO) -> int:
    """Find every record, and forget it."""
    count = 0
    for _, element in etree.iterparse(stream, events=("end",), tag=_OAI_RECORD):
        element.clear()
        count += 1
    return count


def find_all(stream: BytesIO) -> int:
    """Be told of the end of every element, and forget the records."""
    count = 0
    for _, element in etree.iterparse(stream, events=("end",)):
        if element.tag == _OAI_RECORD:
            element.clear()
            count += 1
    return count


def measure_time(count: int, rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return seconds a round for the snapshot's readers and for those of OAI-PMH."""
    papers = make_papers(count)
    lines = b"".join(map(feeds.snapshot_line, papers))
    pages = [
        feeds.oai_page([feeds.raw_record(paper) for paper in papers[begin : begin + PAGE]])
        for begin in range(0, count, PAGE)
    ]
    expected = read_naively(BytesIO(lines))
    assert read_here(BytesIO(lines)) == expected
    assert [paper for page in pages for paper in read_here(BytesIO(page))] == expected
    for find in (count_here, find_records, find_all):
        assert sum(find(BytesIO(page)) for page in pages) == count

    def all_pages(read: Callable[[BytesIO], object]) -> Callable[[int], object]:
        return lambda _: [read(BytesIO(page)) for page in pages]

    snapshot = {OUR_SNAPSHOT: lambda _: read_here(BytesIO(lines)), NAIVE: lambda _: read_naively(BytesIO(lines))}
    oai = {OUR_OAI: all_pages(count_here), LXML_RECORDS: all_pages(find_records), LXML_ALL: all_pages(find_all)}
    return interleaved_rounds(snapshot, rounds), interleaved_rounds(oai, rounds)


def peak_memory(source: Iterator[bytes], *options: str | Path) -> float:
    """Return the peak memory in MB of `pithbuilder derive` with a source that comes through a pipe."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _PEAK, "derive", "-", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for piece in source:
            process.stdin.write(piece)
        process.stdin.close()
        kibibytes = process.stdout.read()
    assert process.returncode == 0, "derive has failed"
    return int(kibibytes) * 1024 / 1e6


def measure_memory(few: int, many: int, entries: int) -> dict[str, tuple[float, float]]:
    """Return peaks over few and many papers: in JSON, in XML, and few and many entries completed from many lines."""
    rendered = render(make_papers(2000))
    lines, records, atom = ([piece[place] for piece in rendered] for place in range(3))
    page = feeds.oai_page(["MARK"])
    feed = feeds.atom_feed(["MARK"], entries, 0, entries)
    peaks = {
        "snapshot": tuple(peak_memory(islice(repeated(lines), count)) for count in (few, many)),
        "arXivRaw, one document": tuple(
            peak_memory(in_document(page, islice(repeated(records), count))) for count in (few, many)
        ),
    }
    with tempfile.TemporaryDirectory() as directory:
        whole = Path(directory, "snapshot.jsonl")
        found = []
        for count in (few, many):
            with whole.open("wb") as file:
                file.writelines(islice(repeated(lines), count))
            source = in_document(feed, islice(repeated(atom), min(entries, count)))
            found.append(peak_memory(source, "--complete-from", whole))
        peaks["Atom, completed from a snapshot"] = tuple(found)
    return {name: (pair[0], pair[1]) for name, pair in peaks.items()}


def time_table(seconds: dict[str, list[float]], first: str, papers: int) -> str:
    """Return the medians, and how many times the others' time the first one takes."""
    rows = [
        (name, f"{median(spent) / papers * 1e6:.1f}", f"{median_ratio(seconds, first, name):.2f}")
        for name, spent in seconds.items()
    ]
    return format_table(("from bytes to metadata", "µs per paper", "ours ×"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    for name, default, meaning in (
        ("rounds", 15, "how often everything is timed"),
        ("papers", 2000, "how many papers are read in each round"),
        ("few", 10_000, "papers for the smaller peak"),
        ("many", 100_000, "papers for the larger peak"),
        ("entries", 10_000, "Atom entries to be completed"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{meaning} (default: %(default)s)")
    asked = parser.parse_args()

    snapshot, oai = measure_time(asked.papers, asked.rounds)
    print(f"{asked.rounds} rounds of {asked.papers} papers; medians, processor time\n")
    print(time_table(snapshot, OUR_SNAPSHOT, asked.papers), time_table(oai, OUR_OAI, asked.papers), sep="\n\n")
    peaks = measure_memory(asked.few, asked.many, asked.entries)
    rows = [(name, f"{few:.1f}", f"{many:.1f}", f"{many / few:.2f}") for name, (few, many) in peaks.items()]
    heads = (f"{asked.few} papers, MB", f"{asked.many} papers, MB", "ratio")
    print("", format_table(("peak memory of derive", *heads), rows), "", sep="\n")
    result = {
        "benchmark": "sources",
        "snapshot_ratio_to_naive": round(median_ratio(snapshot, OUR_SNAPSHOT, NAIVE), 3),
        "oai_ratio_to_lxml_records": round(median_ratio(oai, OUR_OAI, LXML_RECORDS), 3),
        "oai_ratio_to_lxml_every_end": round(median_ratio(oai, OUR_OAI, LXML_ALL), 3),
        "micros_per_paper": {
            name: round(median(spent) / asked.papers * 1e6, 1) for name, spent in {**snapshot, **oai}.items()
        },
        "peak_mb": {name: [round(few, 1), round(many, 1)] for name, (few, many) in peaks.items()},
        "papers": asked.papers,
        "rounds": asked.rounds,
        "few_many_entries": [asked.few, asked.many, asked.entries],
    }
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
