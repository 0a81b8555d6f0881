"""A harvest's directory: pages, digests and the checkpoint, whatever happens in between."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import attrs
import pytest

from pithbuilder.errors import StoreError
from pithbuilder.stores import atomic, harvest_store
from pithbuilder.stores.harvest_store import Checkpoint, HarvestStore

REQUEST = {"api": "oai", "--from": "2018-06-01"}


def lines(*numbers: int) -> list[tuple[str, bytes]]:
    return [(f"{number:064x}", b"%d\n" % number) for number in numbers]


def pages(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir() if not path.name.startswith(".")}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "a" / "harvest"


@pytest.fixture
def store(root: Path) -> Iterator[HarvestStore]:
    with HarvestStore(root, REQUEST) as opened:
        yield opened


def test_it_begins_at_the_beginning(store: HarvestStore, root: Path) -> None:
    assert store.checkpoint == Checkpoint()
    assert pages(root) == {}


def test_pages(store: HarvestStore, root: Path) -> None:
    first = store.add_page(lines(1, 2), Checkpoint(token="t", last_datestamp="2018-06-01"))
    assert first == Checkpoint(pages=1, records=2, window_records=2, token="t", last_datestamp="2018-06-01")
    second = store.add_page(lines(3), attrs.evolve(first, token="", done=True))
    assert (second.pages, second.records, second.done) == (2, 3, True)
    assert store.checkpoint == second
    assert pages(root) == {"page-00000001.jsonl": b"1\n2\n", "page-00000002.jsonl": b"3\n"}


def test_what_is_there_is_left_out(store: HarvestStore, root: Path) -> None:
    state = store.add_page(lines(1, 1, 2), Checkpoint())
    state = store.add_page(lines(2, 3, 1, 3), state)
    assert (state.pages, state.records, state.window_records) == (2, 3, 3)
    assert pages(root) == {"page-00000001.jsonl": b"1\n2\n", "page-00000002.jsonl": b"3\n"}


def test_nothing_new_makes_no_page(store: HarvestStore, root: Path) -> None:
    state = store.add_page(lines(1), Checkpoint())
    state = store.add_page(lines(1), attrs.evolve(state, token="further"))
    assert (state.pages, state.records, state.token) == (1, 1, "further")
    assert store.add_page([], attrs.evolve(state, token="end")).pages == 1
    assert len(pages(root)) == 1


def test_it_is_there_when_opened_again(root: Path) -> None:
    with HarvestStore(root, REQUEST) as store:
        state = store.add_page(lines(1, 2), Checkpoint(token="t<&>\n", ordered=False, position=7))
        store.save(attrs.evolve(state, window_from="2018-06-03"))
    with HarvestStore(root, REQUEST) as store:
        assert store.checkpoint == attrs.evolve(state, window_from="2018-06-03")
        assert store.add_page(lines(2, 3), store.checkpoint).records == 3
    assert pages(root) == {"page-00000001.jsonl": b"1\n2\n", "page-00000002.jsonl": b"3\n"}


def test_a_page_that_the_checkpoint_does_not_know_is_removed(root: Path) -> None:
    with HarvestStore(root, REQUEST) as store:
        store.add_page(lines(1), Checkpoint())
    others = {"page-2.txt": b"a", "page-x.jsonl": b"b", "page-²²²²²²²².jsonl": b"c", "other.jsonl": b"d"}
    for name, data in {**others, "page-00000002.jsonl": b"2\n"}.items():
        (root / name).write_bytes(data)
    with HarvestStore(root, REQUEST):
        assert pages(root) == {**others, "page-00000001.jsonl": b"1\n"}


def test_pages_that_nobody_knows_where_they_come_from_stay(root: Path) -> None:
    root.mkdir(parents=True)
    (root / "page-00000001.jsonl").write_bytes(b"somebody's\n")
    with pytest.raises(StoreError), HarvestStore(root, REQUEST):
        pass
    assert pages(root) == {"page-00000001.jsonl": b"somebody's\n"}


def test_one_at_a_time(store: HarvestStore, root: Path) -> None:
    (root / "page-00000001.jsonl").write_bytes(b"being written\n")
    for request in (REQUEST, {**REQUEST, "--from": "2019-01-01"}):
        with pytest.raises(StoreError) as caught:
            HarvestStore(root, request)
        assert caught.value.code == "harvest-busy"
    assert pages(root) == {"page-00000001.jsonl": b"being written\n"}, "not touched from outside"


def test_the_next_one_may(root: Path) -> None:
    for _ in range(3):
        with HarvestStore(root, REQUEST) as store:
            assert store.checkpoint == Checkpoint()


@pytest.mark.parametrize(
    ("request_now", "expected", "found"),
    [
        ({**REQUEST, "--from": "2018-06-02"}, "--from 2018-06-01", "--from 2018-06-02"),
        ({**REQUEST, "--set": "cs"}, "--set not given", "--set cs"),
        ({"api": "oai"}, "--from 2018-06-01", "--from not given"),
        ({**REQUEST, "api": "atom"}, "api oai", "api atom"),
    ],
)
def test_another_request(root: Path, request_now: dict[str, str], expected: str, found: str) -> None:
    with HarvestStore(root, REQUEST) as store:
        store.add_page(lines(1), Checkpoint())
    with pytest.raises(StoreError) as caught:
        HarvestStore(root, request_now)
    assert (caught.value.code, caught.value.where) == ("harvest-other-request", str(root))
    assert (caught.value.expected, caught.value.found) == (expected, found)
    with HarvestStore(root, REQUEST) as store:
        assert store.checkpoint.records == 1


def no_space(*_: Any, **__: Any) -> NoReturn:
    raise OSError(28, os.strerror(28))


def test_a_page_that_cannot_be_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HarvestStore(root, REQUEST) as store:
        state = store.add_page(lines(1), Checkpoint())
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", no_space)
            with pytest.raises(StoreError) as caught:
                store.add_page(lines(2), attrs.evolve(state, token="next"))
        assert caught.value.code == "write-failed"
        assert store.checkpoint == state
    with HarvestStore(root, REQUEST) as store:
        assert store.checkpoint == state
        assert store.add_page(lines(2), state).records == 2
    assert pages(root) == {"page-00000001.jsonl": b"1\n", "page-00000002.jsonl": b"2\n"}


def test_interrupted_between_page_and_checkpoint(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = atomic.write_file

    def write_and_stop(*arguments: Any, **options: Any) -> NoReturn:
        write(*arguments, **options)
        raise KeyboardInterrupt

    with HarvestStore(root, REQUEST) as store:
        state = store.add_page(lines(1), Checkpoint())
        with monkeypatch.context() as patch:
            patch.setattr(harvest_store, "write_file", write_and_stop)
            with pytest.raises(KeyboardInterrupt):
                store.add_page(lines(2, 3), attrs.evolve(state, token="next"))
    assert "page-00000002.jsonl" in pages(root)
    with HarvestStore(root, REQUEST) as store:
        assert store.checkpoint == state
        assert pages(root) == {"page-00000001.jsonl": b"1\n"}
        assert store.add_page(lines(2, 3), state).records == 3


@pytest.mark.parametrize(
    "checkpoint",
    ["", "x", "[]", "1", "null", '{"pages": 1, "more": 2}', '{"pages": "1"}', '{"token": 1}', '{"ordered": "yes"}'],
)
def test_a_checkpoint_that_is_none(root: Path, checkpoint: str) -> None:
    with HarvestStore(root, REQUEST) as store:
        store.add_page(lines(1), Checkpoint())
    database = sqlite3.connect(root / ".harvest.sqlite3")
    with database:
        database.execute("UPDATE harvest SET checkpoint = ?", (checkpoint,))
    database.close()
    with pytest.raises(StoreError) as caught:
        HarvestStore(root, REQUEST)
    assert (caught.value.code, caught.value.where) == ("harvest-unreadable", str(root / ".harvest.sqlite3"))
    assert pages(root) == {"page-00000001.jsonl": b"1\n"}


@pytest.mark.parametrize("statement", ["DROP TABLE records", "ALTER TABLE harvest RENAME COLUMN request TO asked"])
def test_other_tables(root: Path, statement: str) -> None:
    with HarvestStore(root, REQUEST) as store:
        store.add_page(lines(1), Checkpoint())
    database = sqlite3.connect(root / ".harvest.sqlite3")
    with database:
        database.execute(statement)
        database.execute("CREATE TABLE IF NOT EXISTS records (something INTEGER) STRICT")
    database.close()
    with pytest.raises(StoreError) as caught, HarvestStore(root, REQUEST) as store:
        store.add_page(lines(1), store.checkpoint)
    assert caught.value.code == "harvest-unreadable"
    assert pages(root) == {"page-00000001.jsonl": b"1\n"}
