"""The clock that a command works by."""

from __future__ import annotations

from datetime import datetime

from pithbuilder.core.timestamps import Clock, FixedClock, SystemClock


def clock_at(instant: object) -> Clock:
    """Return a clock that stands at the instant of ``--clock``, or the machine's."""
    return FixedClock(instant) if isinstance(instant, datetime) else SystemClock()
