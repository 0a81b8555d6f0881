"""From a harvest to bundles: what was fetched is what is minted, and where it came from can be checked."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from urllib.request import ProxyHandler, build_opener

import attrs
import pytest

from tests.integration.harvest.harvests import harvest, harvest_ids, paper, rows
from tests.support import feeds
from tests.support.cli import bundles, code_of, contents, make_workspace, mint, run
from tests.support.feed_server import FeedServer

OPENER = build_opener(ProxyHandler({}))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new workspace; not to be changed."""
    return make_workspace(tmp_path_factory.mktemp("fresh") / "w")


@pytest.fixture
def workspace(fresh: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh, tmp_path / "w"))


def test_the_same_mirror_as_from_the_snapshot(
    server: FeedServer, out: Path, workspace: Path, fresh: Path, tmp_path: Path
) -> None:
    server.papers += [paper(20, versions=3), paper(21, arxiv_id="hep-th/9901002", license=None)]
    assert harvest(server, out).returncode == 0
    done = mint(workspace, out)
    assert done.returncode == 0, done.stderr
    other = Path(shutil.copytree(fresh, tmp_path / "other"))
    assert mint(other, b"".join(map(feeds.snapshot_line, server.papers))).returncode == 0
    assert len(bundles(workspace / "mirror")) == 13
    assert contents(workspace / "mirror") == contents(other / "mirror")
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0


def test_papers_fetched_by_their_identifiers(server: FeedServer, out: Path, workspace: Path) -> None:
    assert harvest_ids(server, out, "1805.00001", "1805.00002").returncode == 0
    assert mint(workspace, out).returncode == 0
    assert len(bundles(workspace / "mirror")) == 2


def elements(server: FeedServer, url: str, name: str) -> dict[str, bytes]:
    """Ask as the harvest did, and cut the elements out of the answer: SHA-256 to bytes."""
    with OPENER.open(url, timeout=10) as answer:
        body = answer.read()
    cut = re.findall(rb"<%b>.*?</%b>" % (name.encode(), name.encode()), body, re.DOTALL)
    return {hashlib.sha256(element).hexdigest(): element for element in cut}


@pytest.mark.parametrize("packed", [False, True])
def test_where_it_came_from(server: FeedServer, out: Path, packed: bool) -> None:
    server.gzip = packed
    began = datetime.now(UTC).replace(microsecond=0)
    assert harvest(server, out).returncode == 0
    assert harvest_ids(server, out / "atom", "1805.00001", "1805.00002", api="atom").returncode == 0
    ended = datetime.now(UTC) + timedelta(seconds=1)
    targets = [f"{server.url}{request.target}" for request in server.requests]
    checked = 0
    for path, name in [(out, "record"), (out / "atom", "entry")]:
        those = rows(path)
        sources = list(dict.fromkeys(row["source"] for row in those))
        assert sources == [url for url in targets if ("/oai" in url) == (name == "record")]
        for url in sources:
            sent = elements(server, url, name)
            here = [row for row in those if row["source"] == url]
            assert {row["raw_sha256"]: row["raw"].encode() for row in here} == sent
            checked += len(here)
        for row in those:
            fetched_at = datetime.strptime(row["fetched_at"], "%Y-%m-%dT%H:%M:%S%z")
            assert began <= fetched_at <= ended
            assert row["fetched_at"].endswith("Z")
    assert checked == 13
    assert dict(parse_qsl(urlsplit(targets[0]).query))["from"] == "2018-06-01"


@pytest.mark.parametrize("member", ["raw", "raw_sha256"])
def test_a_line_that_was_tampered_with(server: FeedServer, out: Path, workspace: Path, member: str) -> None:
    assert harvest(server, out).returncode == 0
    path = out / "page-00000002.jsonl"
    first, second, third = path.read_bytes().splitlines(keepends=True)
    row = json.loads(second)
    row[member] = row["raw"].replace("On ", "in ") if member == "raw" else "0" * 64
    path.write_bytes(first + json.dumps(row).encode() + b"\n" + third)
    done = mint(workspace, out)
    assert (done.returncode, code_of(done)) == (1, "harvest-digest")
    assert f"{path}:2: paper 1805.00004: $.raw" in done.stderr
    assert len(bundles(workspace / "mirror")) == 10


def test_deleted_records_are_noticed(server: FeedServer, out: Path, workspace: Path) -> None:
    server.papers[4] = attrs.evolve(server.papers[4], deleted=True)
    assert harvest(server, out).returncode == 0
    done = mint(workspace, out, "--json")
    assert done.returncode == 0
    statuses = [row["status"] for row in done.lines()]
    assert sorted(statuses) == ["deleted"] + ["minted"] * 10
    assert statuses[4] == "deleted"
    assert "1805.00004" in json.dumps(done.lines()[4])


def test_the_text_of_a_version_changes_at_the_server(server: FeedServer, out: Path, workspace: Path) -> None:
    assert harvest(server, out).returncode == 0
    assert mint(workspace, out).returncode == 0
    before = contents(workspace / "mirror")
    server.papers[4] = attrs.evolve(server.papers[4], title="Another title", datestamp="2026-05-19")
    assert harvest(server, out).returncode == 0
    assert len(rows(out)) == 12
    done = mint(workspace, out)
    assert (done.returncode, code_of(done)) == (1, "drift")
    assert "1805.00004" in done.stderr
    assert contents(workspace / "mirror") == before


@pytest.mark.parametrize("minted_between", [False, True])
def test_a_new_version_at_the_server(server: FeedServer, out: Path, workspace: Path, minted_between: bool) -> None:
    assert harvest(server, out).returncode == 0
    if minted_between:
        assert mint(workspace, out).returncode == 0
    server.papers[4] = paper(4, versions=2, title="Another title", datestamp="2026-05-19")
    assert harvest(server, out).returncode == 0
    done = mint(workspace, out)
    assert done.returncode == 0, done.stderr
    texts = [path.read_text() for path in bundles(workspace / "mirror").values()]
    assert len(bundles(workspace / "mirror")) == 12
    assert sum("1805.00004" in text for text in texts) == 2
    assert sum("another title" in text.lower() for text in texts) == 1


def test_entries_of_the_query_api_are_completed(server: FeedServer, out: Path, workspace: Path) -> None:
    assert harvest(server, out).returncode == 0
    atom = out.with_name("atom")
    assert harvest_ids(server, atom, "1805.00001", "1805.00002", api="atom").returncode == 0
    done = mint(workspace, atom)
    assert done.returncode == 1
    assert bundles(workspace / "mirror") == {}
    assert mint(workspace, atom, "--complete-from", out).returncode == 0
    assert len(bundles(workspace / "mirror")) == 2
