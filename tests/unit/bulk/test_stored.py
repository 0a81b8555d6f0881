"""What mirror and ledger have: the times at which a bundle may be issued again."""

from __future__ import annotations

import attrs
import pytest

from pithbuilder.bulk.stored import refuse_clock_set_back
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.payloads import RecordCreated
from pithbuilder.errors import MintError
from pithbuilder.issuing.issuer import MINTED_EVENTS
from tests.support.events import ISSUED, bundle_with, signed_event


def with_times(signed_at: str, built_at: str) -> Bundle:
    """A bundle with these two times, and nothing else that would fit them."""
    created, snapshot = ISSUED.content.events
    payload = created.content.payload.read_as(RecordCreated)
    payload = attrs.evolve(payload, receipt=attrs.evolve(payload.receipt, signed_at=signed_at))
    events = (signed_event("record_created", payload.to_dict()), snapshot)
    bundle = bundle_with([], events=events)
    return attrs.evolve(bundle, content=attrs.evolve(bundle.content, built_at=built_at))


@pytest.mark.parametrize(
    ("signed_at", "built_at", "earliest"),
    [
        ("2026-05-18T00:15:26.500000Z", "2026-05-18T00:15:26Z", "2026-05-18T00:15:26.500000Z"),
        ("2026-05-18T00:15:26.500000Z", "2026-05-18T00:15:27Z", "2026-05-18T00:15:27.000000Z"),
        ("2026-05-18T00:15:26.000000Z", "2026-05-18T00:15:26Z", "2026-05-18T00:15:26.000000Z"),
        ("2026-05-18T00:15:27.000000Z", "2026-05-18T00:15:26Z", "2026-05-18T00:15:27.000000Z"),
    ],
)
def test_never_before_the_last_issue(signed_at: str, built_at: str, earliest: str) -> None:
    """A bundle is dated by whole seconds, its receipt by microseconds: the later of the two counts."""
    bundle = with_times(signed_at, built_at)
    for now in (earliest, earliest.replace("00Z", "01Z"), "2026-05-18T00:15:28.000000Z", "2027-01-01T00:00:00.000000Z"):
        refuse_clock_set_back(bundle, now)
    for now in ("2025-12-31T23:59:59.999999Z", "2026-05-18T00:15:25.999999Z", _one_before(earliest)):
        with pytest.raises(MintError) as caught:
            refuse_clock_set_back(bundle, now)
        error = caught.value
        assert (error.code, error.where, error.found) == ("clock-set-back", bundle.content.pith_number, now)
        assert error.expected in (f"{earliest} or later", f"{earliest[:19]}Z or later")


def test_a_bundle_without_a_record_has_its_own_time() -> None:
    bundle = bundle_with([], events=())
    refuse_clock_set_back(bundle, f"{bundle.content.built_at[:19]}.000000Z")
    with pytest.raises(MintError) as caught:
        refuse_clock_set_back(bundle, "2026-01-01T00:00:00.000000Z")
    assert caught.value.expected == f"{bundle.content.built_at} or later"


def test_as_many_events_as_a_bundle_is_minted_with() -> None:
    assert len(ISSUED.content.events) == MINTED_EVENTS


def _one_before(instant: str) -> str:
    """The microsecond before an instant that ends in ``00``."""
    whole, _, fraction = instant[:-1].partition(".")
    if int(fraction):
        return f"{whole}.{int(fraction) - 1:06}Z"
    return f"{whole[:-2]}{int(whole[-2:]) - 1:02}.999999Z"
