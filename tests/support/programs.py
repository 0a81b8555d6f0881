"""Programs that some tests need."""

from __future__ import annotations

import os
import shutil

import pytest


def need_program(program: str) -> None:
    """Skip loudly, or fail where CI is set: there nothing may be left out."""
    if shutil.which(program) is None:
        reason = f"NOT TESTED: {program} is not installed (see tests/run)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
