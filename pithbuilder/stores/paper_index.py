"""Papers by identifier, in a temporary database on the disk: memory does not grow with their number."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Final, Self

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
        PRIMARY KEY (arxiv_id, version)
    ) STRICT, WITHOUT ROWID
"""


class PaperIndex:
    """Holds papers until it is closed; a paper that is added again replaces the one before."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # a file without a name, gone when it is closed
        self._database.executescript(f"PRAGMA journal_mode = OFF; {_TABLE}; BEGIN")

    def __enter__(self) -> Self:
        """Return the index."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Forget everything."""
        self._database.close()

    def add(self, paper: PaperMetadata, revised_at: datetime | None) -> None:
        """Remember a paper, and when its version was submitted.

        Raises:
            StoreError: ``write-failed``; the temporary directory is full.
        """
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
        try:
            self._database.execute("REPLACE INTO papers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise StoreError(
                "write-failed",
                f"cannot write: {error}",
                where="temporary file",
                hint="set TMPDIR to where there is room",
            ) from error

    def find(self, arxiv_id: str, version: int | None) -> tuple[PaperMetadata | None, datetime | None]:
        """Return a paper, and when its version was submitted; None and None where there is none.

        Args:
            arxiv_id: Its identifier.
            version: The version that is wanted if it is there; else the newest one is returned.
        """
        row = self._database.execute(
            "SELECT * FROM papers WHERE arxiv_id = ? ORDER BY version = ? DESC, version DESC LIMIT 1",
            (arxiv_id, version),
        ).fetchone()
        if row is None:
            return None, None
        *_, submitted_at, revised_at = row
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
        return paper, None if revised_at is None else datetime.fromisoformat(revised_at)
