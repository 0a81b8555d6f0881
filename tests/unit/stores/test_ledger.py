"""The ledger: rows that last, prefixes that are taken, and reading without writing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pithbuilder.core.pith_number import PithNumber
from pithbuilder.errors import StoreError
from pithbuilder.stores.ledger import LaterIssue, Ledger, LedgerRow
from pithbuilder.stores.ledger_schema import MIGRATIONS

SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def row(suffix: str = SUFFIX, source_id: str = "2001.00001", version: int = 1) -> LedgerRow:
    return LedgerRow(
        source_id=source_id,
        source_version=version,
        canonical_sha256="0a" * 32,
        pith_number=PithNumber(2020, suffix),
        short_length=8,
        first_computed_at="2026-05-18T00:15:26.123456Z",
        key_id="key",
    )


def test_a_row_lasts(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with Ledger(path) as ledger:
        assert ledger.find("2001.00001", 1) is None
        ledger.add(row())
    for read_only in (False, True):
        with Ledger(path, read_only=read_only) as ledger:
            assert ledger.find("2001.00001", 1) == row()
            assert ledger.find("2001.00001", 2) is None
            assert ledger.find("2001.00002", 1) is None


@pytest.mark.parametrize(
    "second",
    [row("B" * 26), row(source_id="2001.00002")],
    ids=["the same paper", "the same number"],
)
def test_nothing_is_entered_twice(tmp_path: Path, second: LedgerRow) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.add(row())
        with pytest.raises(StoreError) as caught:
            ledger.add(second)
        assert caught.value.code == "ledger-unreadable"
        ledger.add(row("C" * 26, "2001.00003"))
        assert ledger.find("2001.00001", 1) == row()
        assert ledger.find("2001.00003", 1) is not None


@pytest.mark.parametrize("other", ["2", "7", "A", "Z"])
@pytest.mark.parametrize(
    ("shared", "length"), [(0, 8), (7, 8), (8, 12), (11, 12), (12, 16), (15, 16), (16, 26), (25, 26)]
)
def test_the_shortest_free_prefix(tmp_path: Path, shared: int, length: int, other: str) -> None:
    if other == SUFFIX[shared]:
        other = "3"
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.add(row(SUFFIX[:shared] + other * (26 - shared)))
        assert ledger.free_short_length(PithNumber(2020, SUFFIX)) == length
        assert ledger.free_short_length(PithNumber(1999, SUFFIX)) == length


def test_a_number_is_not_in_its_own_way(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.add(row())
        assert ledger.free_short_length(PithNumber(2020, SUFFIX)) == 8


def test_the_end_of_the_alphabet(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.add(row("ZZZZZZZZ" + "Z" * 18))
        assert ledger.free_short_length(PithNumber(2020, "ZZZZZZZZ" + "2" * 18)) == 12
        assert ledger.free_short_length(PithNumber(2020, "ZZZZZZZY" + "Z" * 18)) == 8


def test_reading_an_absent_ledger_makes_no_file(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger", read_only=True) as ledger:
        assert ledger.find("2001.00001", 1) is None
        assert ledger.free_short_length(PithNumber(2020, SUFFIX)) == 8
    assert list(tmp_path.iterdir()) == []


def test_reading_a_ledger_leaves_no_file_behind(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with Ledger(path) as ledger:
        ledger.add(row())
    before = path.read_bytes()
    with Ledger(path, read_only=True) as ledger:
        assert ledger.find("2001.00001", 1) == row()
    assert [entry.name for entry in tmp_path.iterdir()] == ["ledger"]
    assert path.read_bytes() == before


def test_a_read_only_ledger_takes_no_row(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    Ledger(path).close()
    with Ledger(path, read_only=True) as ledger, pytest.raises(StoreError):
        ledger.add(row())
    with Ledger(path) as ledger:
        assert ledger.find("2001.00001", 1) is None


def test_a_mirror_is_taken_in_whole_or_not_at_all(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        with pytest.raises(StoreError):
            ledger.add_mirror("m", [row(), row("B" * 26)])  # the same paper twice
        assert not ledger.knows_mirror("m")
        assert ledger.find("2001.00001", 1) is None
        ledger.add_mirror("m", [row()])
        assert ledger.knows_mirror("m")
        assert ledger.find("2001.00001", 1) == row()


def test_the_disk_and_other_processes_are_told_from_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    Ledger(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    with Ledger(path) as ledger:
        other.execute("BEGIN IMMEDIATE")
        ledger._connection.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(StoreError) as caught:
            ledger.add(row())
        assert caught.value.code == "workspace-busy"
        other.execute("ROLLBACK")
        (pages,) = ledger._connection.execute("PRAGMA page_count").fetchone()
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError) as caught:
            for number in range(1000):
                ledger.add(row(f"{number:026}".translate(str.maketrans("0189", "ABCD")), f"1901.{number:05}"))
        assert caught.value.code == "write-failed"
        assert "move it away" not in caught.value.hint
        ledger._connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
        ledger.add(row())
        assert ledger.find("2001.00001", 1) is not None
    other.close()
    with pytest.raises(StoreError) as caught:
        Ledger(tmp_path / "no-such-directory" / "ledger")
    assert caught.value.code == "write-failed"


def test_a_row_is_seen_while_the_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with Ledger(path) as writer:
        writer.add(row())
        with Ledger(path, read_only=True) as reader:
            assert reader.find("2001.00001", 1) == row()


@pytest.mark.parametrize("name", ["with blank", "é", "per%cent", "q?mode=rw", "has#h", "a;b"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with Ledger(path) as ledger:
        ledger.add(row())
    with Ledger(path, read_only=True) as ledger:
        assert ledger.find("2001.00001", 1) == row()


@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_ledger(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "ledger"
    path.write_bytes(b"no database, but long enough to be looked at" * 100)
    with pytest.raises(StoreError) as caught:
        Ledger(path, read_only=read_only)
    assert (caught.value.code, caught.value.where) == ("ledger-unreadable", str(path))
    assert caught.value.hint


@pytest.mark.parametrize("read_only", [False, True])
def test_a_ledger_of_the_future(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "ledger"
    Ledger(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1000")
    connection.close()
    with pytest.raises(StoreError) as caught:
        Ledger(path, read_only=read_only)
    assert caught.value.code == "ledger-newer"


def test_values_are_never_sql(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.add(row())
        assert ledger.find("' OR '1'='1", 1) is None
        hostile = row("D" * 26, "'); DROP TABLE records; --")
        ledger.add(hostile)
        assert ledger.find("'); DROP TABLE records; --", 1) == hostile
        assert ledger.find("2001.00001", 1) == row()


def later(
    digest: str = "1b" * 32, at: str = "2026-05-19T00:00:00.000000Z", key_id: str = "new", sequence: int | None = None
) -> LaterIssue:
    key_ids = frozenset({key_id})
    return LaterIssue(suffix=SUFFIX, issued_at=at, key_ids=key_ids, bundle_sha256=digest, sequence=sequence)


def test_later_issues_last(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with Ledger(path) as ledger:
        ledger.add(row())
        assert (ledger.has_later_issue(SUFFIX), ledger.latest_time()) == (False, row().first_computed_at)
        ledger.add_later_issue(later())
        ledger.add_later_issue(later("2c" * 32, "2026-05-20T00:00:00.000000Z", "newer", sequence=1))
    for read_only in (True, False):
        with Ledger(path, read_only=read_only) as ledger:
            assert ledger.has_later_issue(SUFFIX)
            assert not ledger.has_later_issue("B" * 26)
            assert ledger.reissue_time(SUFFIX, 1) == "2026-05-20T00:00:00.000000Z"
            assert ledger.reissue_time(SUFFIX, 2) is None
            assert ledger.reissue_time("B" * 26, 1) is None
            assert ledger.vouches_for(SUFFIX, "1b" * 32)
            assert ledger.vouches_for(SUFFIX, "2c" * 32)
            assert not ledger.vouches_for("B" * 26, "1b" * 32)
            assert not ledger.vouches_for(SUFFIX, "3d" * 32)
            assert ledger.latest_time() == "2026-05-20T00:00:00.000000Z"
            assert [ledger.count_resting_on(key_id) for key_id in ("key", "new", "newer")] == [0, 0, 1]


@pytest.mark.parametrize("sequence", [None, 1])
def test_the_same_bundle_is_written_down_once(tmp_path: Path, sequence: int | None) -> None:
    """Its second time is that of a run that completes the first; what stands there stays."""
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.add(row())
        ledger.add_later_issue(later(sequence=sequence))
        for again in (None, 1, 2):
            ledger.add_later_issue(later(at="2026-06-01T00:00:00.000000Z", sequence=again))
        assert ledger.latest_time() == later().issued_at
        expected = None if sequence is None else later().issued_at
        assert [ledger.reissue_time(SUFFIX, number) for number in (1, 2)] == [expected, None]


def test_a_sequence_has_one_bundle(tmp_path: Path) -> None:
    """Bundles without a sequence do not stand in each other's way."""
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.add(row())
        ledger.add_later_issue(later(sequence=1))
        with pytest.raises(StoreError) as caught:
            ledger.add_later_issue(later("2c" * 32, "2026-06-01T00:00:00.000000Z", sequence=1))
        assert caught.value.code == "ledger-unreadable"
        for number in range(3):
            ledger.add_later_issue(later(f"{number:064}"))
        assert ledger.reissue_time(SUFFIX, 1) == later().issued_at
        assert not ledger.vouches_for(SUFFIX, "2c" * 32)
        assert all(ledger.vouches_for(SUFFIX, digest) for digest in ("1b" * 32, *(f"{n:064}" for n in range(3))))


def test_a_mirror_brings_its_later_issues(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger") as ledger:
        with pytest.raises(StoreError):
            ledger.add_mirror("m", [row(), row("B" * 26)], [later()])  # the same paper twice
        assert not ledger.has_later_issue(SUFFIX)
        ledger.add_mirror("m", [row()], [later()])
        assert ledger.has_later_issue(SUFFIX)
        assert ledger.count_resting_on("new") == 1


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
@pytest.mark.parametrize("read_only", [False, True])
def test_a_ledger_of_every_earlier_version(tmp_path: Path, version: int, read_only: bool) -> None:
    """Only the first steps have been made; what is in it stays, and what came later can be asked for."""
    path = tmp_path / "ledger"
    connection = sqlite3.connect(path, isolation_level=None)
    reissues = [
        (SUFFIX, 2, "2026-06-02T00:00:00.000000Z", "first second", "4e" * 32),
        (SUFFIX, 1, "2026-06-01T00:00:00.000000Z", "first", "3d" * 32),
    ]
    for number, step in enumerate(MIGRATIONS[:version], start=1):
        connection.execute(step)
        if number == 3:
            connection.executemany("INSERT INTO reissues VALUES (?, ?, ?, ?, ?)", reissues)
    connection.execute(f"PRAGMA user_version = {version}")
    values = ["arxiv", "2001.00001", 1, "0a" * 32, 2020, SUFFIX, 8, row().first_computed_at, "key"]
    columns = len(connection.execute("PRAGMA table_info(records)").fetchall())
    values += [""] * (columns - len(values))
    connection.execute(f"INSERT INTO records VALUES ({', '.join('?' * columns)})", values)
    connection.close()
    before = path.read_bytes()
    was_reissued = version > 2
    with Ledger(path, read_only=read_only) as ledger:
        assert ledger.find_number(SUFFIX) == row()
        assert ledger.has_later_issue(SUFFIX) is was_reissued
        times = [ledger.reissue_time(SUFFIX, sequence) for sequence in (1, 2, 3)]
        assert times == ([reissues[1][2], reissues[0][2], None] if was_reissued else [None] * 3)
        assert [ledger.vouches_for(SUFFIX, digest) for digest in ("3d" * 32, "4e" * 32)] == [was_reissued] * 2
        resting = [ledger.count_resting_on(key_id) for key_id in ("key", "first", "second")]
        assert resting == ([0, 1, 1] if was_reissued else [1, 0, 0])
        assert ledger.latest_time() == (reissues[0][2] if was_reissued else row().first_computed_at)
        if not read_only:
            ledger.add_later_issue(later(at="2026-07-01T00:00:00.000000Z"))
            assert ledger.count_resting_on("new") == 1
            ledger.add_later_issue(later("5f" * 32, "2026-08-01T00:00:00.000000Z", "third", sequence=3))
            assert [ledger.count_resting_on(key_id) for key_id in ("second", "new", "third")] == [0, 0, 1]
    if read_only:
        assert path.read_bytes() == before
