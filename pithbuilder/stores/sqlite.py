"""What every SQLite file here has in common: transactions, and what an error means."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Final, Literal


class Fault(Enum):
    """Whose fault an error of SQLite is."""

    DISK = "disk"
    """The disk is full, fails, or may not be written."""

    BUSY = "busy"
    """Another process uses the file."""

    FILE = "file"
    """The file's own: it is damaged, or no database."""


_FAULTS: Final = {
    sqlite3.SQLITE_FULL: Fault.DISK,
    sqlite3.SQLITE_IOERR: Fault.DISK,
    sqlite3.SQLITE_READONLY: Fault.DISK,
    sqlite3.SQLITE_CANTOPEN: Fault.DISK,
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
}


def fault_of(error: sqlite3.Error) -> Fault:
    """Return whose fault an error is."""
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest says more precisely what
    return _FAULTS.get(primary, Fault.FILE)


@contextmanager
def transaction(connection: sqlite3.Connection, kind: Literal["IMMEDIATE", "EXCLUSIVE"]) -> Iterator[None]:
    """Do all that a block does to a database, or nothing of it.

    Args:
        connection: In autocommit mode (``isolation_level=None``).
        kind: What other processes may still do: read, or nothing.

    Raises:
        sqlite3.Error: As from SQLite.
    """
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk has rolled it back already
            connection.execute("ROLLBACK")
        raise
