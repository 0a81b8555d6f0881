"""Papers to harvest, the command that harvests them, and what it has brought."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs

from tests.support import feeds
from tests.support.cli import Result, run
from tests.support.feed_server import FeedServer
from tests.support.feeds import FeedPaper

FIRST = "2018-06-01"
_SUBMITTED = datetime(2018, 5, 2, 9, 32, 21, tzinfo=UTC)


def paper(number: int, versions: int = 1, **changes: Any) -> FeedPaper:
    """Return another paper for each number; two of them change on each day."""
    whole = FeedPaper(
        arxiv_id=f"1805.{number:05d}",
        title=f"On <{number}> &\n  more",
        abstract=f"  We prove $a<b$ & {number}: naïve, 量子.\n",
        authors=r"Jos\'e \v{S}im\'{\i}k and Émilie du Châtelet",
        categories=("cs.LG", "stat.ML"),
        license="http://creativecommons.org/licenses/by/4.0/",
        versions=tuple(_SUBMITTED + timedelta(days=index) for index in range(versions)),
        datestamp=f"2018-06-{1 + number // 2:02d}",
        sets=("cs:cs:LG", "stat:stat:ML"),
    )
    return attrs.evolve(whole, **changes)


def papers(count: int) -> list[FeedPaper]:
    return [paper(number) for number in range(count)]


def list_command(server: FeedServer, out: Path, *options: str, tries: int = 3) -> list[str | Path]:
    """Return the command line that harvests a list, without long pauses."""
    quick = ("--delay", "0", "--backoff", "0.01", "--tries", str(tries))
    return ["harvest", "--out", out, "--endpoint", server.oai_url, "--from", FIRST, *quick, *options]


def ids_command(server: FeedServer, out: Path, *ids: str, api: str = "oai", tries: int = 3) -> list[str | Path]:
    """Return the command line that harvests papers by their identifiers, without long pauses."""
    quick = ("--delay", "0", "--backoff", "0.01", "--tries", str(tries))
    url = server.oai_url if api == "oai" else server.atom_url
    return ["harvest", "--out", out, "--api", api, "--endpoint", url, *quick, "--ids", ",".join(ids)]


def harvest(server: FeedServer, out: Path, *options: str, tries: int = 3) -> Result:
    return run(*list_command(server, out, *options, tries=tries))


def harvest_ids(server: FeedServer, out: Path, *ids: str, api: str = "oai", tries: int = 3) -> Result:
    return run(*ids_command(server, out, *ids, api=api, tries=tries))


def rows(out: Path) -> list[dict[str, Any]]:
    """Return what is written in a harvest's directory, in the order in which it came."""
    return [json.loads(line) for path in sorted(out.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def found(out: Path) -> list[tuple[str, str]]:
    """Return paper and bytes of each record that was written."""
    return [(row["source_id"], row["raw"]) for row in rows(out)]


def as_sent(those: Sequence[FeedPaper]) -> list[tuple[str, str]]:
    """Return paper and bytes of the records that an OAI server with days for datestamps sends."""
    return [(one.arxiv_id, feeds.raw_record(one).rstrip("\n")) for one in those]


def check_complete(out: Path, those: Sequence[FeedPaper]) -> None:
    """Each record is there, exactly once, as it was sent; and nothing else."""
    assert sorted(found(out)) == sorted(as_sent(those))


def resumptions(server: FeedServer) -> list[str]:
    """Return the token of each request so far; empty for the beginning of a list."""
    return [request.query.get("resumptionToken", "") for request in server.requests]
