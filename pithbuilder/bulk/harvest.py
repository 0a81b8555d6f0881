"""Harvesting: a list of records, or papers by their identifiers, page by page into a directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.errors import SourceError
from pithbuilder.sources.endpoints import IdEndpoint, OaiEndpoint, Page
from pithbuilder.stores.harvest_store import Checkpoint, HarvestStore

_DAY: Final = len("YYYY-MM-DD")
_IDLE_PAGES: Final = 5
"""How many pages may follow one another that have no record, or a token that there was before."""

_SETBACKS: Final = 3
"""How often a list may be begun again without having come any further."""


@attrs.frozen(kw_only=True)
class HarvestedPage:
    """What became of one page.

    Attributes:
        received: How many records it had.
        new: How many of them were not there yet.
        records: How many records there are now in all.
        total: How many the server says there are in the list; None where it does not say.
        begun_again: Whether the server no longer knew where the list was, so that it is begun again.
        missing: Papers that were asked for and that the server does not have.
    """

    received: int
    new: int
    records: int
    total: int | None = None
    begun_again: bool = False
    missing: tuple[str, ...] = ()

    def to_dict(self) -> JsonObject:
        """Return the page as a flat object for one line of JSON."""
        return {
            "received": self.received,
            "new": self.new,
            "records": self.records,
            "total": self.total,
            "begun_again": self.begun_again,
            "missing": list(self.missing),
        }


def harvest_list(
    endpoint: OaiEndpoint, store: HarvestStore, *, first: str, last: str, set_spec: str
) -> Iterator[HarvestedPage]:
    """Fetch the records that changed in a span of days; what is there already is not written again.

    A harvest without a last day that was complete goes on with what has changed since it began. A token that the server
    no longer knows makes it begin the list again: from the last day that was reached, if the list has come in the order
    of its days so far; else from the first day, for no other place is known to be safe.

    Args:
        endpoint: Where to ask.
        store: Where to write, and where the harvest is.
        first: ``YYYY-MM-DD``.
        last: ``YYYY-MM-DD``; empty for no end.
        set_spec: Such as ``cs``; empty for all.

    Raises:
        SourceError: As for :class:`~pithbuilder.sources.endpoints.OaiEndpoint`; ``oai-token-expired``, ``oai-stuck``.
        StoreError: As for :class:`~pithbuilder.stores.harvest_store.HarvestStore`.
    """
    state = store.checkpoint
    if state.done and not last:
        state = _window(state, max(first, state.window_began_at[:_DAY]))
    elif not state.window_from:
        state = _window(state, first)
    state = attrs.evolve(state, setbacks=0)
    seen: set[str] = set()
    idle = 0
    while not state.done:
        before = state
        page = endpoint.resume(state.token) if state.token else endpoint.list(state.window_from, last, set_spec)
        if page.token_expired:
            state = _begun_again(state)
            store.save(state)
            if not before.token or state.setbacks >= _SETBACKS:
                raise SourceError(
                    "oai-token-expired",
                    "the server forgets where a list is before the next page can be asked for",
                    expected="a resumption token that lasts for one request",
                    hint="run the same command again later, or harvest fewer days or one set at a time",
                )
            seen.clear()
            yield HarvestedPage(received=0, new=0, records=state.records, begun_again=True)
            continue
        state = store.add_page(
            ((record.origin.raw_sha256, record.to_line()) for record in page.records), _after(state, page)
        )
        idle = 0 if page.records and page.token not in seen else idle + 1
        seen.add(page.token)
        if page.token and idle >= _IDLE_PAGES:
            raise SourceError(
                "oai-stuck",
                "the server gives the same place again and nothing new",
                where=f"token {page.token[:40]}",
                hint="run the same command again later: it goes on where it was",
            )
        yield HarvestedPage(
            received=len(page.records), new=state.records - before.records, records=state.records, total=page.total
        )


def harvest_ids(endpoint: IdEndpoint, store: HarvestStore, ids: Sequence[str]) -> Iterator[HarvestedPage]:
    """Fetch papers by their identifiers.

    Args:
        endpoint: Where to ask.
        store: Where to write, and where the harvest is.
        ids: Identifiers, with or without a version.

    Raises:
        SourceError: As for :meth:`~pithbuilder.sources.endpoints.IdEndpoint.by_ids`.
        StoreError: As for :class:`~pithbuilder.stores.harvest_store.HarvestStore`.
    """
    state = store.checkpoint
    while state.position < len(ids):
        asked = ids[state.position : state.position + endpoint.batch]
        page = endpoint.by_ids(asked)
        before = state.records
        position = state.position + len(asked)
        missing = [name for name in asked if name not in page.answered]
        state = store.add_page(
            ((record.origin.raw_sha256, record.to_line()) for record in page.records),
            attrs.evolve(
                state,
                position=position,
                done=position == len(ids),
                missing=",".join([*filter(None, [state.missing]), *missing]),
            ),
        )
        yield HarvestedPage(
            received=len(page.records),
            new=state.records - before,
            records=state.records,
            total=len(ids),
            missing=tuple(missing),
        )


def _window(state: Checkpoint, first: str) -> Checkpoint:
    """Return the beginning of a list, with what has been fetched until now counted."""
    return Checkpoint(pages=state.pages, records=state.records, window_from=first)


def _begun_again(state: Checkpoint) -> Checkpoint:
    reached = state.last_datestamp[:_DAY] if state.ordered else ""
    further = bool(state.window_records) or reached > state.window_from
    return attrs.evolve(
        _window(state, max(reached, state.window_from)),
        window_began_at=state.window_began_at,  # what changed since then is fetched by the next harvest
        setbacks=0 if further else state.setbacks + 1,
    )


def _after(state: Checkpoint, page: Page) -> Checkpoint:
    last, ordered = state.last_datestamp, state.ordered
    for record in page.records:
        if record.datestamp:
            ordered = ordered and record.datestamp >= last
            last = max(last, record.datestamp)
    return attrs.evolve(
        state,
        token=page.token,
        last_datestamp=last,
        ordered=ordered,
        window_began_at=state.window_began_at or page.responded_at,
        done=not page.token,
    )
