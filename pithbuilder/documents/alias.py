"""Aliases: other names under which a record is found (wire field ``source_aliases``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from pithbuilder.documents.base import Fields, Reader, SmallDocument


@dataclass(frozen=True, kw_only=True)
class SourceAlias(SmallDocument):
    """One alias.

    Attributes:
        alias_kind: ``arxiv``, ``arxiv_version``, ``doi``, ``pith_short_8``, ``pith_short_12``, ``pith_short_16``.
        alias_value: The other name.
        created_at: Whole seconds, UTC.
    """

    document_kind: ClassVar[str] = "source_alias"

    alias_kind: str
    alias_value: str
    created_at: str

    def fields(self) -> Fields:
        """Return the fields as on the wire."""
        return {
            "alias_kind": self.alias_kind,
            "alias_value": self.alias_value,
            "created_at": self.created_at,
        }

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            alias_kind=reader.text("alias_kind"),
            alias_value=reader.text("alias_value"),
            created_at=reader.whole_second("created_at"),
            extra=reader.extra(cls),
        )


def build_aliases(values: Mapping[str, str], created_at: str) -> tuple[SourceAlias, ...]:
    """Return one alias for each kind and value, in the mapping's order, all of the same time."""
    return tuple(
        SourceAlias(alias_kind=kind, alias_value=value, created_at=created_at) for kind, value in values.items()
    )
