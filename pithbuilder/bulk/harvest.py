"""Harvesting: a list of records, or papers by their identifiers, page by page into a directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from pithbuilder.core.arxiv_id import split_version
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.errors import SourceError
from pithbuilder.sources.endpoints import IdEndpoint, OaiEndpoint, Page
from pithbuilder.stores.harvest_store import Checkpoint, HarvestStore

_DAY: Final = len("YYYY-MM-DD")
_IDLE_PAGES: Final = 5
"""How many pages may follow one another that have no record, or a token that there was before."""

_KNOWN_RECORDS: Final = 10_000
"""How many more records than there are may come again in a row."""

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
    progress = _Progress()
    while not state.done:
        before = state
        page = endpoint.resume(state.token) if state.token else endpoint.list(state.window_from, last, set_spec)
        if page.token_expired:
            state = _begun_again(state, last)
            store.save(state)
            if not before.token or state.setbacks >= _SETBACKS:
                raise SourceError(
                    "oai-token-expired",
                    "the server forgets where a list is before the next page can be asked for",
                    expected="a resumption token that lasts for one request",
                    hint="run the same command again later, or harvest fewer days or one set at a time",
                )
            progress = _Progress()
            yield HarvestedPage(received=0, new=0, records=state.records, begun_again=True)
            continue
        state = store.add_page(
            ((record.origin.raw_sha256, record.to_line()) for record in page.records), _after(state, page)
        )
        if page.token and progress.is_stuck(page, state.records - before.records, state.records):
            raise SourceError(
                "oai-stuck",
                "the server brings the same again and again",
                where=f"token {page.token[:40]}",
                hint="run the same command again later: it goes on where it was",
            )
        yield HarvestedPage(
            received=len(page.records), new=state.records - before.records, records=state.records, total=page.total
        )
        if state.done and state.window_received < state.window_total:
            store.save(_window(state, state.window_from))
            raise SourceError(
                "oai-short-list",
                "the list ended before it was complete",
                expected=f"{state.window_total} records, as the server said",
                found=f"{state.window_received} records",
                hint="run the same command again: it fetches the list once more, and keeps what is there",
            )


class _Progress:
    """Whether a list gets any further."""

    def __init__(self) -> None:
        self._tokens: set[str] = set()
        self._idle = 0
        self._known = 0

    def is_stuck(self, page: Page, new: int, records: int) -> bool:
        """Say whether a page is one too many that brings the list no further.

        Args:
            page: The page.
            new: How many of its records were not there before.
            records: How many there are in all.
        """
        self._idle = 0 if page.records and page.token not in self._tokens else self._idle + 1
        self._tokens.add(page.token)
        self._known = 0 if new else self._known + len(page.records)
        return self._idle >= _IDLE_PAGES or self._known > records + _KNOWN_RECORDS


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
    if state.done and state.missing:  # they may be there by now
        state = attrs.evolve(state, position=0, done=False, wanted=state.missing, missing="")
    wanted = state.wanted.split(",") if state.wanted else ids
    while state.position < len(wanted):
        asked = wanted[state.position : state.position + endpoint.batch]
        page = endpoint.by_ids(asked)
        before = state.records
        position = state.position + len(asked)
        missing = [name for name in asked if name not in page.answered]
        papers = {"", *(split_version(name)[0] for name in asked)}  # what was not asked for is not kept
        state = store.add_page(
            ((one.origin.raw_sha256, one.to_line()) for one in page.records if one.source_id in papers),
            attrs.evolve(
                state,
                position=position,
                done=position == len(wanted),
                missing=",".join([*filter(None, [state.missing]), *missing]),
            ),
        )
        yield HarvestedPage(
            received=len(page.records),
            new=state.records - before,
            records=state.records,
            total=len(wanted),
            missing=tuple(missing),
        )


def _window(state: Checkpoint, first: str) -> Checkpoint:
    """Return the beginning of a list, with what has been fetched until now counted."""
    return Checkpoint(pages=state.pages, records=state.records, window_from=first)


def _begun_again(state: Checkpoint, last: str) -> Checkpoint:
    """Return where a list whose token was lost is to be begun again."""
    reached = state.last_datestamp[:_DAY]
    # That pages have come in order is no promise; one page alone does not even suggest it.
    is_in_order = state.ordered and state.window_pages > 1
    is_plausible = reached <= (last or state.window_began_at[:_DAY] or reached)
    begin = max(reached, state.window_from) if is_in_order and is_plausible else state.window_from
    further = bool(state.window_records) or begin > state.window_from
    return attrs.evolve(
        _window(state, begin),
        window_began_at=state.window_began_at,  # what changed since then is fetched by the next harvest
        setbacks=0 if further else state.setbacks + 1,
    )


def _after(state: Checkpoint, page: Page) -> Checkpoint:
    last, ordered = state.last_datestamp, state.ordered
    for record in page.records:
        if record.datestamp:
            ordered = ordered and record.datestamp >= last
            last = max(last, record.datestamp)
    is_first = not state.token and not state.window_began_at
    return attrs.evolve(
        state,
        token=page.token,
        last_datestamp=last,
        ordered=ordered,
        window_pages=state.window_pages + 1,
        window_received=state.window_received + len(page.records),
        window_total=state.window_total if page.total is None else page.total,
        window_began_at=page.responded_at if is_first else state.window_began_at,
        done=not page.token,
    )
