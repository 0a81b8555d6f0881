"""Aliases: other names under which a record is found (wire field ``source_aliases``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

import attrs

from pithbuilder.core.canonical_json import Composable, compose_array
from pithbuilder.core.made_once import made_once
from pithbuilder.documents.base import Reader, SmallDocument


@attrs.frozen(kw_only=True, slots=False)
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

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            alias_kind=reader.text("alias_kind"),
            alias_value=reader.text("alias_value"),
            created_at=reader.whole_second("created_at"),
            extra=reader.extra(cls),
        )


@attrs.frozen(slots=False)
class SourceAliases:
    """The aliases of one record, sorted by kind; the same list stands in a bundle and in its state."""

    aliases: tuple[SourceAlias, ...]

    @classmethod
    def of(cls, values: Mapping[str, str], created_at: str) -> SourceAliases:
        """Return one alias for each kind and value, in the mapping's order, all of the same time."""
        return cls(
            tuple(
                [
                    SourceAlias(alias_kind=kind, alias_value=value, created_at=created_at)
                    for kind, value in values.items()
                ]
            )
        )

    @classmethod
    def read(cls, reader: Reader, name: str) -> SourceAliases:
        """Return the aliases in a member of the object that ``reader`` stands on."""
        return cls(reader.documents(name, SourceAlias))

    def __iter__(self) -> Iterator[SourceAlias]:
        return iter(self.aliases)

    def __len__(self) -> int:
        return len(self.aliases)

    @made_once
    def embedded(self) -> Composable:
        """The list as a part of a document: canonical bytes, made once."""
        return compose_array(self.aliases)
