"""The ledger's tables, as one version after the other has made them."""

from __future__ import annotations

from typing import Final

MIGRATIONS: Final = (
    """
    CREATE TABLE records (
        source_kind TEXT NOT NULL,
        source_id TEXT NOT NULL,
        source_version INTEGER NOT NULL,
        canonical_sha256 TEXT NOT NULL,
        pith_year INTEGER NOT NULL,
        suffix TEXT NOT NULL UNIQUE,
        short_length INTEGER NOT NULL,
        first_computed_at TEXT NOT NULL,
        key_id TEXT NOT NULL,
        PRIMARY KEY (source_kind, source_id, source_version)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE mirrors (
        path TEXT PRIMARY KEY
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE reissues (
        suffix TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        reissued_at TEXT NOT NULL,
        key_ids TEXT NOT NULL,
        bundle_sha256 TEXT NOT NULL,
        PRIMARY KEY (suffix, sequence)
    ) STRICT, WITHOUT ROWID
    """,
    "ALTER TABLE records ADD COLUMN bundle_sha256 TEXT NOT NULL DEFAULT ''",
    """
    CREATE TABLE later_issues (
        suffix TEXT NOT NULL,
        issued_at TEXT NOT NULL,
        key_ids TEXT NOT NULL,
        bundle_sha256 TEXT NOT NULL,
        sequence INTEGER,
        PRIMARY KEY (suffix, bundle_sha256)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE UNIQUE INDEX later_issues_by_sequence ON later_issues (suffix, sequence) WHERE sequence IS NOT NULL",
    """
    INSERT INTO later_issues (suffix, issued_at, key_ids, bundle_sha256, sequence)
        SELECT suffix, reissued_at, key_ids, bundle_sha256, sequence FROM reissues
    """,
    "DROP TABLE reissues",
)
"""What each version of the ledger adds to the one before; the database's ``user_version`` counts them."""
