"""One writer at a time, also among processes: what a crash leaves behind holds nobody up."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pithbuilder.errors import StoreError
from pithbuilder.stores.atomic import write_failed


@contextmanager
def one_writer(place: Path, flags: int, busy: StoreError) -> Iterator[None]:
    """Hold a file or directory for the length of a block.

    Args:
        place: What is locked (``flock``); nothing is written into it.
        flags: How it is opened, and whether it is made.
        busy: Raised where another process holds it.

    Raises:
        StoreError: ``busy``; ``write-failed``: it cannot be opened.
    """
    try:
        descriptor = os.open(place, flags, 0o600)
    except OSError as error:
        raise write_failed(place, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise busy from error
        yield
    finally:
        os.close(descriptor)
