"""The clock that a command works by."""

from __future__ import annotations

from datetime import datetime

import click

from pithbuilder.core.timestamps import Clock, FixedClock, SystemClock


def clock_at(instant: object) -> Clock:
    """Return a clock that stands at the instant of ``--clock``, or the machine's."""
    return FixedClock(instant) if isinstance(instant, datetime) else SystemClock()


def past_clock_at(instant: datetime | None) -> Clock:
    """Return a clock as :func:`clock_at` does, but none that is ahead: a key that begins in 2062 signs nothing before.

    Raises:
        click.BadParameter: The instant is ahead of the machine's clock.
    """
    if instant is not None and instant > SystemClock().now():
        raise click.BadParameter("keys cannot change ahead of the machine's clock", param_hint="--clock")
    return clock_at(instant)
