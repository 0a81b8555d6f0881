"""Where a harvest goes on: tokens that are lost, lists in and out of order, servers that lead nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import cast

import attrs
import pytest

from pithbuilder.bulk.harvest import HarvestedPage, harvest_ids, harvest_list
from pithbuilder.core.digest import sha256_hex
from pithbuilder.errors import SourceError
from pithbuilder.sources.endpoints import OaiEndpoint, Page
from pithbuilder.sources.harvested import HarvestedRecord
from pithbuilder.sources.source_paper import Origin
from pithbuilder.stores.harvest_store import Checkpoint, HarvestStore

EXPIRED = Page(token_expired=True)


def record(number: int, day: str = "2018-06-01") -> HarvestedRecord:
    raw = f"<record>{number} {day}</record>".encode()
    origin = Origin("http://x/", "2026-05-18T00:15:26Z", sha256_hex(raw))
    return HarvestedRecord(origin=origin, source_id=f"1805.{number:05}", datestamp=day, namespaces={}, raw=raw)


def page(*records: HarvestedRecord, token: str = "", at: str = "2018-07-01T00:00:00Z") -> Page:
    answered = frozenset(name for one in records for name in (one.source_id, f"{one.source_id}v1"))
    return Page(records=records, token=token, responded_at=at, answered=answered)


class Script:
    """An endpoint that answers what stands in a list, or what a function says, and keeps what it was asked."""

    batch = 2

    def __init__(self, *answers: Page, then: Callable[[str], Page] | None = None) -> None:
        self._answers = list(answers)
        self._then = then
        self.asked: list[str] = []

    def list(self, first: str, last: str, set_spec: str) -> Page:
        return self._answer(" ".join(filter(None, (first, last, set_spec))))

    def resume(self, token: str) -> Page:
        return self._answer(token)

    def by_ids(self, ids: Sequence[str]) -> Page:
        return self._answer(",".join(ids))

    def _answer(self, asked: str) -> Page:
        self.asked.append(asked)
        if self._answers:
            return self._answers.pop(0)
        assert self._then is not None, f"nothing more is to be asked for, but {asked} was"
        return self._then(asked)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[HarvestStore]:
    with HarvestStore(tmp_path / "harvest", {}) as opened:
        yield opened


def harvest(script: Script, store: HarvestStore, last: str = "", set_spec: str = "") -> list[HarvestedPage]:
    pages = harvest_list(cast("OaiEndpoint", script), store, first="2018-06-01", last=last, set_spec=set_spec)
    return list(islice(pages, 99))


def test_a_list(store: HarvestStore) -> None:
    script = Script(page(record(1), token="a"), page(record(2)))
    told = harvest(script, store, "2018-06-30", "cs")
    assert script.asked == ["2018-06-01 2018-06-30 cs", "a"]
    assert told == [HarvestedPage(received=1, new=1, records=1), HarvestedPage(received=1, new=1, records=2)]
    assert (store.checkpoint.done, store.checkpoint.token) == (True, "")
    assert harvest(Script(), store, "2018-06-30", "cs") == []


def test_the_last_day_that_was_reached(store: HarvestStore) -> None:
    script = Script(
        page(record(1, "2018-06-02"), token="a"),
        page(record(2, "2018-06-04T10:00:00Z"), token="b"),
        EXPIRED,
        page(record(2, "2018-06-04T10:00:00Z"), record(3, "2018-06-05")),
    )
    told = harvest(script, store, "2018-06-30", "cs")
    assert script.asked == ["2018-06-01 2018-06-30 cs", "a", "b", "2018-06-04 2018-06-30 cs"]
    assert [one.begun_again for one in told] == [False, False, True, False]
    assert store.checkpoint.records == 3


@pytest.mark.parametrize("where", ["in a page", "between pages"])
def test_the_first_day_where_there_is_no_order(store: HarvestStore, where: str) -> None:
    earlier, later = record(1, "2018-06-02"), record(2, "2018-06-04")
    before = (
        [page(later, earlier, token="b")]
        if where == "in a page"
        else [page(later, token="a"), page(earlier, token="b")]
    )
    script = Script(*before, EXPIRED, page(earlier, later))
    harvest(script, store)
    assert script.asked[-1] == "2018-06-01"
    assert store.checkpoint.records == 2


def test_the_first_day_where_no_day_is_told(store: HarvestStore) -> None:
    script = Script(page(record(1, ""), token="a"), EXPIRED, page(record(1, "")))
    harvest(script, store)
    assert script.asked == ["2018-06-01", "a", "2018-06-01"]


def test_order_is_judged_anew_when_begun_again(store: HarvestStore) -> None:
    script = Script(
        page(record(2, "2018-06-04"), record(1, "2018-06-02"), token="a"),
        EXPIRED,
        page(record(1, "2018-06-02"), record(2, "2018-06-04"), token="b"),
        page(record(3, "2018-06-05"), token="c"),
        EXPIRED,
        page(record(3, "2018-06-05")),
    )
    harvest(script, store)
    assert script.asked == ["2018-06-01", "a", "2018-06-01", "b", "c", "2018-06-05"]


def test_one_page_says_nothing_of_the_order(store: HarvestStore) -> None:
    script = Script(page(record(1, "2018-06-02"), record(2, "2018-06-20"), token="a"), EXPIRED, page(record(3)))
    harvest(script, store)
    assert script.asked == ["2018-06-01", "a", "2018-06-01"]


def test_a_day_beyond_the_list_is_not_gone_on_from(store: HarvestStore) -> None:
    far = [page(record(number, "2099-01-01"), token=token) for number, token in ((1, "a"), (2, "b"))]
    script = Script(*far, EXPIRED, page(record(3)))
    harvest(script, store, "2018-06-30")
    assert script.asked == ["2018-06-01 2018-06-30", "a", "b", "2018-06-01 2018-06-30"]


def test_a_list_that_ends_too_early(store: HarvestStore) -> None:
    with pytest.raises(SourceError) as caught:
        harvest(Script(attrs.evolve(page(record(1), token="a"), total=3), page(record(2))), store)
    assert (caught.value.code, store.checkpoint.done) == ("oai-short-list", False)
    script = Script(attrs.evolve(page(record(1), record(2), record(3)), total=3))
    harvest(script, store)
    assert (script.asked, store.checkpoint.records, store.checkpoint.done) == (["2018-06-01"], 3, True)


def test_fresh_tokens_and_nothing_new_for_ever(store: HarvestStore) -> None:
    tokens = map(str, count())
    records = [record(number) for number in range(500)]
    with pytest.raises(SourceError) as caught:
        harvest(Script(then=lambda asked: page(*records, token=next(tokens))), store)
    assert caught.value.code == "oai-stuck"


def test_a_lost_token_is_forgotten_even_where_it_ends_the_run(store: HarvestStore) -> None:
    """Run again, the list is begun again; otherwise the same token would be refused for ever."""
    with pytest.raises(SourceError) as caught:
        harvest(Script(then=lambda asked: EXPIRED if asked == "a" else page(record(1), token="a")), store)
    assert caught.value.code == "oai-token-expired"
    script = Script(then=lambda asked: EXPIRED if asked == "a" else page(record(1), record(2)))
    harvest(script, store)
    assert store.checkpoint.records == 2


def test_a_first_request_that_is_answered_with_an_expired_token(store: HarvestStore) -> None:
    with pytest.raises(SourceError) as caught:
        harvest(Script(EXPIRED), store)
    assert caught.value.code == "oai-token-expired"


def test_every_token_is_lost(store: HarvestStore) -> None:
    script = Script(then=lambda asked: EXPIRED if asked == "a" else page(record(1), token="a"))
    with pytest.raises(SourceError) as caught:
        harvest(script, store)
    assert caught.value.code == "oai-token-expired"
    assert len(script.asked) < 10


def test_the_same_token_again_and_again(store: HarvestStore) -> None:
    script = Script(then=lambda asked: page(record(1), token="a"))
    with pytest.raises(SourceError) as caught:
        harvest(script, store)
    assert caught.value.code == "oai-stuck"


def test_tokens_in_a_circle(store: HarvestStore) -> None:
    following = {"2018-06-01": "a", "a": "b", "b": "c", "c": "a"}
    script = Script(then=lambda asked: page(record(ord(asked[0])), token=following[asked]))
    with pytest.raises(SourceError) as caught:
        harvest(script, store)
    assert caught.value.code == "oai-stuck"


def test_many_pages_that_are_known(store: HarvestStore) -> None:
    """Begun again, a long list brings nothing new for long; that is no reason to give up."""
    many = [page(record(number), token=f"t{number}") for number in range(30)]
    harvest(Script(*many, EXPIRED, *many, page(record(31))), store)
    assert store.checkpoint.records == 31
    assert store.checkpoint.done


def test_what_has_changed_since(store: HarvestStore) -> None:
    harvest(Script(page(record(1), token="a"), page(record(2), at="2018-07-03T00:00:00Z")), store)
    script = Script(page(record(2), record(3), at="2018-07-05T00:00:00Z"))
    assert harvest(script, store) == [HarvestedPage(received=2, new=1, records=3)]
    assert script.asked == ["2018-07-01"], "the day on which the first page was answered"
    script = Script(page())
    harvest(script, store)
    assert script.asked == ["2018-07-05"]


@pytest.mark.parametrize("at", ["", "2018-05-01T00:00:00Z"])
def test_a_server_that_does_not_know_the_time(store: HarvestStore, at: str) -> None:
    harvest(Script(page(record(1), at=at)), store)
    script = Script(page(record(1), at=at))
    harvest(script, store)
    assert script.asked == ["2018-06-01"]


def test_ids_in_batches(store: HarvestStore) -> None:
    names = ["1805.00001", "1805.00002v1", "1805.00003"]
    script = Script(page(record(2)), page(record(3)))
    told = list(harvest_ids(script, store, names))
    assert script.asked == ["1805.00001,1805.00002v1", "1805.00003"]
    assert told == [
        HarvestedPage(received=1, new=1, records=1, total=3, missing=("1805.00001",)),
        HarvestedPage(received=1, new=1, records=2, total=3),
    ]
    assert store.checkpoint == Checkpoint(
        pages=2, records=2, window_records=2, position=3, missing="1805.00001", done=True
    )
    again = Script(page())  # what was not there is asked for once more
    (once_more,) = harvest_ids(again, store, names)
    assert (again.asked, once_more.missing, store.checkpoint.missing) == (["1805.00001"], ("1805.00001",), "1805.00001")
    list(harvest_ids(Script(page(record(1))), store, names))
    assert (store.checkpoint.records, store.checkpoint.missing) == (3, "")
    assert list(harvest_ids(Script(), store, names)) == []


def test_what_was_not_asked_for_is_not_kept(store: HarvestStore) -> None:
    list(harvest_ids(Script(page(record(1), record(7))), store, ["1805.00001"]))
    assert store.checkpoint.records == 1
