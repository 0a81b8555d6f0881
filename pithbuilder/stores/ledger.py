"""The ledger: which version of which paper has which number, since when. One SQLite file in the workspace.

A row is written, durably, before the first file of a bundle: after a crash the same number is completed at the
same time, and changed text under the same identifier and version is noticed whatever became of the files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self

import attrs

from pithbuilder.core.pith_number import SHORT_LENGTHS, SUFFIX_LENGTH, PithNumber
from pithbuilder.errors import StoreError
from pithbuilder.stores.ledger_schema import MIGRATIONS
from pithbuilder.stores.sqlite import Fault, fault_of, transaction


@attrs.frozen(kw_only=True)
class LedgerRow:
    """What the ledger knows of one version of one paper.

    Attributes:
        source_id: Identifier without a version.
        source_version: The version, 1 or more.
        canonical_sha256: Digest of the canonical record, 64 hexadecimal digits.
        pith_number: The number.
        short_length: How many characters its short number has (8, 12, 16, 26).
        first_computed_at: UTC, microseconds with six digits.
        key_id: The key of the first receipt.
        bundle_sha256: Digest of the first bundle, 64 hexadecimal digits; empty where it is not known.
        source_kind: ``arxiv``.
    """

    source_id: str
    source_version: int
    canonical_sha256: str
    pith_number: PithNumber
    short_length: int
    first_computed_at: str
    key_id: str
    bundle_sha256: str = ""
    source_kind: str = "arxiv"


@attrs.frozen(kw_only=True)
class LaterIssue:
    """A bundle that was issued again: signed again, or with more events.

    Attributes:
        suffix: The 26 characters of its number.
        issued_at: UTC, microseconds with six digits.
        key_ids: The keys on which its events in force rest from then on.
        bundle_sha256: Digest of the bundle, 64 hexadecimal digits.
        sequence: After how many statements about keys it was signed again; None for one with more events or found in
            a mirror.
    """

    suffix: str
    issued_at: str
    key_ids: frozenset[str]
    bundle_sha256: str
    sequence: int | None = None


_SELECT: Final = (
    "SELECT source_kind, source_id, source_version, canonical_sha256, pith_year, suffix, short_length,"
    " first_computed_at, key_id, bundle_sha256 FROM records"
)
_ALL: Final = f"{_SELECT} ORDER BY suffix"
_LAST: Final = f"{_SELECT} ORDER BY first_computed_at DESC, suffix DESC LIMIT 1"
_BY_NUMBER: Final = f"{_SELECT} WHERE suffix = ?"
_BY_VERSION: Final = f"{_SELECT} WHERE source_kind = 'arxiv' AND source_id = ? AND source_version = ?"
_BY_PAPER: Final = f"{_SELECT} WHERE source_kind = 'arxiv' AND source_id = ? ORDER BY source_version"
_COUNT_RESTING_ON: Final = """
    SELECT count(*) FROM records
    LEFT JOIN (SELECT suffix, key_ids, max(issued_at) FROM later_issues GROUP BY suffix) AS last USING (suffix)
    WHERE instr(' ' || coalesce(last.key_ids, records.key_id) || ' ', ?)
"""


def _row(columns: tuple[Any, ...]) -> LedgerRow:
    kind, source_id, version, digest, year, suffix, short_length, first_computed_at, key_id, bundle_sha256 = columns
    return LedgerRow(
        source_kind=kind,
        source_id=source_id,
        source_version=version,
        canonical_sha256=digest,
        pith_number=PithNumber(year, suffix),
        short_length=short_length,
        first_computed_at=first_computed_at,
        key_id=key_id,
        bundle_sha256=bundle_sha256,
    )


class Ledger:
    """An open ledger; close it, or use it in a ``with`` block.

    Args:
        path: The file; made if need be.
        read_only: Open without ever writing; a file that is not there is an empty ledger.

    Raises:
        StoreError: ``ledger-unreadable``, ``ledger-newer``, ``write-failed`` or ``workspace-busy``; so does every
            method.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        in_memory = read_only and not path.exists()
        with self._errors():
            if in_memory:
                self._connection = sqlite3.connect(":memory:", isolation_level=None)
            elif read_only:
                self._connection = sqlite3.connect(_address_to_read(path), uri=True, isolation_level=None)
            else:
                self._connection = sqlite3.connect(path, isolation_level=None)
            try:
                if not read_only:
                    self._connection.execute("PRAGMA journal_mode = WAL")
                    self._connection.execute("PRAGMA synchronous = FULL")
                self._migrate(in_memory=in_memory, read_only=read_only)
            except BaseException:
                self._connection.close()
                raise

    def find(self, source_id: str, source_version: int) -> LedgerRow | None:
        """Return the row of one version of one paper, or None.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            row = cursor.execute(
                _BY_VERSION,
                (source_id, source_version),
            ).fetchone()
        return None if row is None else _row(row)

    def free_short_length(self, number: PithNumber) -> int:
        """Return the length of the shortest prefix that no other number in the ledger has: 8, 12, 16 or 26.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            for length in SHORT_LENGTHS:
                prefix = number.suffix[:length]
                taken = cursor.execute(
                    "SELECT 1 FROM records WHERE suffix >= ? AND suffix < ? AND suffix <> ? LIMIT 1",
                    (prefix, prefix + "a", number.suffix),  # every character of a suffix sorts before 'a'
                ).fetchone()
                if taken is None:
                    return length
        return SUFFIX_LENGTH

    def add(self, row: LedgerRow) -> None:
        """Write a row, durably.

        Raises:
            StoreError: ``ledger-unreadable``; also for a paper or a number that has a row already.
        """
        with self._errors(), transaction(self._connection, "IMMEDIATE"):
            self._insert(row)

    def knows_number(self, suffix: str) -> bool:
        """Say whether there is a row for the number with this suffix (26 characters).

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            return cursor.execute("SELECT 1 FROM records WHERE suffix = ?", (suffix,)).fetchone() is not None

    def knows_mirror(self, path: str) -> bool:
        """Say whether the numbers of the mirror at ``path`` have been taken in by :meth:`add_mirror`.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            return cursor.execute("SELECT 1 FROM mirrors WHERE path = ?", (path,)).fetchone() is not None

    def add_mirror(self, path: str, rows: Iterable[LedgerRow], later: Iterable[LaterIssue] = ()) -> None:
        """Take in the numbers of a mirror: all its rows, durably, or none.

        Args:
            path: The mirror.
            rows: Its numbers.
            later: Those of its bundles that are not as they were minted.

        Raises:
            StoreError: ``ledger-unreadable``; also for a paper or a number that has a row already.
        """
        with self._errors(), transaction(self._connection, "IMMEDIATE"):
            for row in rows:
                self._insert(row)
            for issue in later:
                self._insert_later_issue(issue)
            self._connection.execute("INSERT INTO mirrors VALUES (?)", (path,))

    def rows(self) -> Iterator[LedgerRow]:
        """Yield every row, by number.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            for row in cursor.execute(_ALL):
                yield _row(row)

    def find_number(self, suffix: str) -> LedgerRow | None:
        """Return the row of the number with this suffix (26 characters), or None.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            row = cursor.execute(_BY_NUMBER, (suffix,)).fetchone()
        return None if row is None else _row(row)

    def find_versions(self, source_id: str) -> list[LedgerRow]:
        """Return the rows of all versions of one paper, the first version first.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            rows = cursor.execute(
                _BY_PAPER,
                (source_id,),
            ).fetchall()
        return [_row(row) for row in rows]

    def reissue_time(self, suffix: str, sequence: int) -> str | None:
        """Return when a number was, or was about to be, issued again after the ``sequence``-th statement about keys.

        Returns:
            UTC, microseconds with six digits; None if it was not.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            row = cursor.execute(
                "SELECT issued_at FROM later_issues WHERE suffix = ? AND sequence = ?", (suffix, sequence)
            ).fetchone()
        return None if row is None else row[0]

    def add_later_issue(self, issue: LaterIssue) -> None:
        """Write down, durably, that a number is issued again; of the same bundle that is said once.

        Raises:
            StoreError: ``ledger-unreadable``; also where another bundle has the sequence already.
        """
        with self._errors(), transaction(self._connection, "IMMEDIATE"):
            self._insert_later_issue(issue)

    def has_later_issue(self, suffix: str) -> bool:
        """Say whether a number's bundle was, or was about to be, issued again.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            found = cursor.execute("SELECT 1 FROM later_issues WHERE suffix = ? LIMIT 1", (suffix,)).fetchone()
        return found is not None

    def set_bundle(self, suffix: str, bundle_sha256: str) -> None:
        """Write down, durably, the digest of a number's first bundle, issued once more because it was lost.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), transaction(self._connection, "IMMEDIATE"):
            self._connection.execute("UPDATE records SET bundle_sha256 = ? WHERE suffix = ?", (bundle_sha256, suffix))

    def vouches_for(self, suffix: str, bundle_sha256: str) -> bool:
        """Say whether a bundle is one that was issued here: the first one of its number, or one that was issued again.

        Args:
            suffix: The 26 characters of the number.
            bundle_sha256: The bundle's digest, 64 hexadecimal digits.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            found = cursor.execute(
                "SELECT 1 FROM records WHERE suffix = ?1 AND bundle_sha256 = ?2"
                " UNION ALL SELECT 1 FROM later_issues WHERE suffix = ?1 AND bundle_sha256 = ?2 LIMIT 1",
                (suffix, bundle_sha256),
            ).fetchone()
        return found is not None

    def last_row(self) -> LedgerRow | None:
        """Return the row that was computed last, or None where there is none.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            row = cursor.execute(_LAST).fetchone()
        return None if row is None else _row(row)

    def count_resting_on(self, key_id: str) -> int:
        """Return how many bundles have events in force that a key signed.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            (count,) = cursor.execute(_COUNT_RESTING_ON, (f" {key_id} ",)).fetchone()
        return int(count)

    def latest_time(self) -> str:
        """Return the latest instant in the ledger, UTC, microseconds with six digits; empty where there is none.

        Raises:
            StoreError: ``ledger-unreadable``.
        """
        with self._errors(), closing(self._connection.cursor()) as cursor:
            (latest,) = cursor.execute(
                "SELECT max(at) FROM (SELECT max(first_computed_at) AS at FROM records"
                " UNION ALL SELECT max(issued_at) FROM later_issues)"
            ).fetchone()
        return latest or ""

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _insert(self, row: LedgerRow) -> None:
        self._connection.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.source_kind,
                row.source_id,
                row.source_version,
                row.canonical_sha256,
                row.pith_number.year,
                row.pith_number.suffix,
                row.short_length,
                row.first_computed_at,
                row.key_id,
                row.bundle_sha256,
            ),
        )

    def _insert_later_issue(self, issue: LaterIssue) -> None:
        self._connection.execute(
            "INSERT INTO later_issues VALUES (?, ?, ?, ?, ?) ON CONFLICT (suffix, bundle_sha256) DO NOTHING",
            (issue.suffix, issue.issued_at, " ".join(sorted(issue.key_ids)), issue.bundle_sha256, issue.sequence),
        )

    def _migrate(self, *, in_memory: bool, read_only: bool) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreError(
                "ledger-newer",
                "ledger was written by a newer version of pithbuilder",
                where=str(self._path),
                expected=f"at most version {len(MIGRATIONS)}",
                found=f"version {version}",
                hint="upgrade pithbuilder",
            )
        if version == len(MIGRATIONS):
            return
        if read_only and not in_memory:  # it stays as it is; what is read is a copy in memory
            if version == 0:
                raise StoreError("ledger-unreadable", "ledger was never finished", where=str(self._path))
            copy = sqlite3.connect(":memory:", isolation_level=None)
            with closing(self._connection):
                self._connection.backup(copy)
            self._connection = copy
        with transaction(self._connection, "IMMEDIATE"):
            for number in range(version, len(MIGRATIONS)):
                self._connection.execute(MIGRATIONS[number])
            self._connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._refusal(error) from error

    def _refusal(self, error: sqlite3.Error) -> StoreError:
        fault = fault_of(error)
        if fault is Fault.DISK:
            return StoreError(
                "write-failed",
                f"ledger cannot be written: {error}",
                where=str(self._path),
                hint="what was there before is unchanged; free some space or mend the permissions, then run it again",
            )
        if fault is Fault.BUSY:
            return StoreError(
                "workspace-busy",
                f"another process uses the ledger: {error}",
                where=str(self._path),
                hint="wait until it has finished, then run it again",
            )
        return StoreError(
            "ledger-unreadable",
            f"ledger cannot be used: {error}",
            where=str(self._path),
            hint="if the file is damaged, move it away: it is rebuilt from the mirror at the next mint",
        )


def _address_to_read(path: Path) -> str:
    """Return the URI under which SQLite reads a ledger and leaves no file behind.

    Reading a write-ahead log makes it anew beside the ledger; where there is none, the file is all there is, and
    ``immutable`` keeps SQLite from making one.
    """
    beside = (path.with_name(f"{path.name}{ending}") for ending in ("-wal", "-journal"))
    mode = "mode=ro" if any(log.exists() for log in beside) else "mode=ro&immutable=1"
    return f"{path.absolute().as_uri()}?{mode}"
