"""Transactions of SQLite, and whose fault an error is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pithbuilder.stores.sqlite import Fault, fault_of, transaction


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "d", isolation_level=None, timeout=0)) as opened:
        opened.execute("CREATE TABLE t (x TEXT)")
        yield opened


def rows(database: sqlite3.Connection) -> int:
    (count,) = database.execute("SELECT count(*) FROM t").fetchone()
    return int(count)


def test_all_or_nothing(database: sqlite3.Connection) -> None:
    with transaction(database, "IMMEDIATE"):
        database.execute("INSERT INTO t VALUES ('a')")
    with pytest.raises(KeyboardInterrupt), transaction(database, "EXCLUSIVE"):
        database.execute("INSERT INTO t VALUES ('b')")
        raise KeyboardInterrupt
    assert rows(database) == 1


def test_a_full_disk_is_told_as_what_it_is(database: sqlite3.Connection) -> None:
    """SQLite has rolled back by then: one more ROLLBACK must not hide why."""
    database.execute("PRAGMA max_page_count = 4")
    with pytest.raises(sqlite3.Error) as caught, transaction(database, "EXCLUSIVE"):
        for _ in range(100):
            database.execute("INSERT INTO t VALUES (?)", ("x" * 1000,))
    assert fault_of(caught.value) is Fault.DISK
    assert (rows(database), database.in_transaction) == (0, False)


def test_another_process(database: sqlite3.Connection, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "d", isolation_level=None, timeout=0)) as other:
        with (
            transaction(database, "EXCLUSIVE"),
            pytest.raises(sqlite3.Error) as caught,
            transaction(other, "EXCLUSIVE"),
        ):
            raise AssertionError("never reached")
        assert fault_of(caught.value) is Fault.BUSY


def test_a_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(b"not a database at all" * 100)
    with closing(sqlite3.connect(tmp_path / "e")) as opened, pytest.raises(sqlite3.Error) as caught:
        opened.execute("SELECT 1 FROM t")
    assert fault_of(caught.value) is Fault.FILE
