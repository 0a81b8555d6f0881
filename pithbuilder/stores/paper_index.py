"""Papers by identifier, in a temporary database on the disk: memory does not grow with their number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple, Self

from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.errors import StoreError

_TABLE: Final = """
    CREATE TABLE papers (
        arxiv_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        title TEXT NOT NULL,
        abstract TEXT NOT NULL,
        authors TEXT NOT NULL,
        categories TEXT NOT NULL,
        license TEXT NOT NULL,
        submitted_at TEXT NOT NULL,
        revised_at TEXT,
        disputed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (arxiv_id, version)
    ) STRICT, WITHOUT ROWID
"""


class IndexedPaper(NamedTuple):
    """A paper that was found.

    Attributes:
        paper: The paper; None where there is none.
        revised_at: When its version was submitted.
        disputed: Whether the version was added more than once, with different words.
    """

    paper: PaperMetadata | None
    revised_at: datetime | None
    disputed: bool


class PaperIndex:
    """Holds papers until it is closed.

    Raises:
        StoreError: ``write-failed``; there is no room for temporary files. So does every method.
    """

    def __init__(self) -> None:
        with _translated():
            self._database = sqlite3.connect("", isolation_level=None)  # a file without a name, gone when it is closed
            self._database.executescript(f"PRAGMA journal_mode = OFF; {_TABLE}; BEGIN")

    def __enter__(self) -> Self:
        """Return the index."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Forget everything."""
        self._database.close()

    def add(self, paper: PaperMetadata, revised_at: datetime | None) -> None:
        """Remember a paper, and when its version was submitted; that it was told otherwise before is remembered too."""
        row = (
            paper.arxiv_id,
            paper.version,
            paper.title,
            paper.abstract,
            paper.authors,
            " ".join(paper.categories),
            paper.license,
            paper.submitted_at.isoformat(),
            None if revised_at is None else revised_at.isoformat(),
        )
        with _translated():
            if self._database.execute(_INSERT, row).rowcount == 0:
                there = self._database.execute(_SELECT, row[:2]).fetchone()
                if not _tell_the_same(there, row):
                    self._database.execute(_DISPUTE, row[:2])

    def find(self, arxiv_id: str, version: int | None) -> IndexedPaper:
        """Return a paper.

        Args:
            arxiv_id: Its identifier.
            version: The version that is wanted if it is there; else the newest one is returned.
        """
        with _translated():
            row = self._database.execute(_SELECT, (arxiv_id, version)).fetchone()
        if row is None:
            return IndexedPaper(None, None, False)
        *_, submitted_at, revised_at, disputed = row
        paper = PaperMetadata(
            arxiv_id=row[0],
            version=row[1],
            title=row[2],
            abstract=row[3],
            authors=row[4],
            categories=tuple(row[5].split(" ")),
            license=row[6],
            submitted_at=datetime.fromisoformat(submitted_at),
        )
        revised = None if revised_at is None else datetime.fromisoformat(revised_at)
        return IndexedPaper(paper, revised, bool(disputed))


_INSERT: Final = """
    INSERT OR IGNORE INTO papers
        (arxiv_id, version, title, abstract, authors, categories, license, submitted_at, revised_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SELECT: Final = "SELECT * FROM papers WHERE arxiv_id = ? ORDER BY version = ? DESC, version DESC LIMIT 1"
_DISPUTE: Final = "UPDATE papers SET disputed = 1 WHERE (arxiv_id, version) = (?, ?)"


def _tell_the_same(row: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Say whether two rows differ in nothing but white space, which the feeds' generations treat in their own ways."""
    return all(str(one).split() == str(another).split() for one, another in zip(row, other, strict=False))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            "write-failed",
            f"cannot write: {error}",
            where="temporary file",
            hint="set TMPDIR to where there is room",
        ) from error
