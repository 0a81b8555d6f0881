"""What a harvest has brought so far: pages of records in plain files, and where to go on.

A directory holds ``page-00000001.jsonl`` and so on, and, hidden, a small database with the checkpoint and the digest of
every record. A page's file is written first, durably; then digests and checkpoint change in one transaction. After a
crash in between, the file of a page that the checkpoint does not know is removed, and the page is fetched again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self, cast

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.errors import StoreError
from pithbuilder.stores.atomic import make_directory, remove_file, write_failed, write_file
from pithbuilder.stores.sqlite import Fault, fault_of, transaction

_DATABASE: Final = ".harvest.sqlite3"
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS harvest (request TEXT NOT NULL, checkpoint TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS records (raw_sha256 TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
)


@attrs.frozen(kw_only=True)
class Checkpoint:
    """Where a harvest is.

    Attributes:
        pages: How many files there are.
        records: How many records they hold.
        window_from: The first day of the list that is being fetched; empty for a harvest by identifiers.
        window_records: How many new records that list has brought since it was begun, or begun again.
        window_pages: How many pages of it have come.
        window_received: How many records, known ones too, it has brought.
        window_total: How many the server says that it has; 0 where it does not say.
        window_began_at: The server's time at the beginning of the list; empty before.
        token: What brings the next page; empty at the beginning of a list.
        last_datestamp: The greatest datestamp of the list so far; empty before.
        ordered: Whether the list's datestamps have never fallen so far.
        setbacks: How often in a row the list was begun again without having come any further.
        position: How many of the wanted papers have been asked for.
        missing: Those of them that the server does not have, joined by commas.
        wanted: The papers that are asked for once more, joined by commas; empty for those of the request.
        done: Whether the list is at its end.
    """

    pages: int = 0
    records: int = 0
    window_from: str = ""
    window_records: int = 0
    window_pages: int = 0
    window_received: int = 0
    window_total: int = 0
    window_began_at: str = ""
    token: str = ""
    last_datestamp: str = ""
    ordered: bool = True
    setbacks: int = 0
    position: int = 0
    missing: str = ""
    wanted: str = ""
    done: bool = False


class HarvestStore:
    """A harvest's directory, held by one process.

    Args:
        root: The directory; made if need be.
        request: What is harvested: flat, with strings for values. A directory that was begun with another request is
            refused.

    Raises:
        StoreError: ``harvest-busy``, ``harvest-other-request``, ``harvest-unreadable``, ``write-failed``; so does every
            method.
    """

    def __init__(self, root: Path, request: Mapping[str, str]) -> None:
        self.root = root
        self._path = root / _DATABASE
        try:
            make_directory(root)
        except OSError as error:
            raise write_failed(root, error) from error
        with self._translated():
            self._database = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        try:
            self._open(request)
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Let others in."""
        self._database.close()

    def add_page(self, lines: Iterable[tuple[str, bytes]], checkpoint: Checkpoint) -> Checkpoint:
        """Write down a page, and where to go on; what is there already is left out.

        Args:
            lines: For each record the SHA-256 of its bytes (64 hexadecimal digits) and its line.
            checkpoint: Where to go on; its counts are those before the page.

        Returns:
            The checkpoint as it was written, with the page counted.
        """
        new: dict[str, bytes] = {}
        with self._translated():
            for digest, line in lines:
                there = self._database.execute("SELECT 1 FROM records WHERE raw_sha256 = ?", (digest,)).fetchone()
                if there is None:
                    new[digest] = line
        checkpoint = attrs.evolve(
            checkpoint,
            pages=checkpoint.pages + bool(new),
            records=checkpoint.records + len(new),
            window_records=checkpoint.window_records + len(new),
        )
        if new:
            write_file(self._page(checkpoint.pages), b"".join(new.values()), locked=True)
        with self._translated(), transaction(self._database, "EXCLUSIVE"):
            self._database.executemany("INSERT INTO records VALUES (?)", [(digest,) for digest in new])
            self._save(checkpoint)
        self.checkpoint = checkpoint
        return checkpoint

    def save(self, checkpoint: Checkpoint) -> None:
        """Write down where to go on."""
        with self._translated(), transaction(self._database, "EXCLUSIVE"):
            self._save(checkpoint)
        self.checkpoint = checkpoint

    def _open(self, request: Mapping[str, str]) -> None:
        with self._translated():
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            with transaction(self._database, "EXCLUSIVE"):  # from here on nobody else can
                for table in _TABLES:
                    self._database.execute(table)
                row = self._database.execute("SELECT request, checkpoint FROM harvest").fetchone()
                if row is None:
                    if any(self.root.glob("page-*.jsonl")):
                        raise _unreadable(self._path, "it is gone, but there are pages")
                    row = json.dumps(dict(request), sort_keys=True), json.dumps(attrs.asdict(Checkpoint()))
                    self._database.execute("INSERT INTO harvest VALUES (?, ?)", row)
        there = _parsed(row[0], self._path)
        different = sorted(name for name in {*there, *request} if there.get(name) != request.get(name))
        if different:
            name = different[0]
            raise StoreError(
                "harvest-other-request",
                "the directory holds a harvest of something else",
                where=str(self.root),
                expected=f"{name} {there.get(name) or 'not given'}",
                found=f"{name} {request.get(name) or 'not given'}",
                hint="give it the same options again, or another directory",
            )
        self.checkpoint = _checkpoint(_parsed(row[1], self._path), self._path)
        remove_file(self._page(self.checkpoint.pages + 1))  # written, and then the process was killed

    def _page(self, number: int) -> Path:
        return self.root / f"page-{number:08}.jsonl"

    def _save(self, checkpoint: Checkpoint) -> None:
        self._database.execute("UPDATE harvest SET checkpoint = ?", (json.dumps(attrs.asdict(checkpoint)),))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            fault = fault_of(error)
            if fault is Fault.BUSY:
                raise StoreError(
                    "harvest-busy",
                    "another process is harvesting into this directory",
                    where=str(self.root),
                    hint="wait until it has finished, then run it again",
                ) from error
            if fault is Fault.DISK:
                raise write_failed(self._path, OSError(str(error))) from error
            raise _unreadable(self._path, str(error)) from error


def _checkpoint(members: JsonObject, path: Path) -> Checkpoint:
    kinds = {field.name: type(field.default) for field in attrs.fields(Checkpoint)}
    if any(kinds.get(name) is not type(value) for name, value in members.items()):
        raise _unreadable(path, "its fields are not those of a checkpoint")
    return Checkpoint(**cast("dict[str, Any]", members))


def _parsed(text: str, path: Path) -> JsonObject:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _unreadable(path, "not JSON") from error
    if not isinstance(value, dict):
        raise _unreadable(path, "not an object")
    return value


def _unreadable(path: Path, why: str) -> StoreError:
    return StoreError(
        "harvest-unreadable",
        f"the harvest's checkpoint cannot be read: {why}",
        where=str(path),
        hint="harvest into another directory; the pages that are here stay good to mint from",
    )
