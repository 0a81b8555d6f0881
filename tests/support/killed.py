"""Kills a command at its n-th step on the disk, as ``kill -9`` would, and counts its steps."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = ("open", "fsync", "replace", "rename", "link", "unlink", "mkdir", "rmdir")


def run_until_step(step: int, *arguments: str | Path) -> int | None:
    """Run the program in a child process and kill it right before its n-th step on the disk.

    Args:
        step: Which step, counted from 0.
        arguments: The command line.

    Returns:
        The exit status; None if it was killed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _run_and_end(step, arguments)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    return os.WEXITSTATUS(status)


def _run_and_end(step: int, arguments: tuple[str | Path, ...]) -> None:
    from pithbuilder.cli.app import app

    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    seen = 0

    def counted(function: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            nonlocal seen
            writes = name != "open" or bool(values[1] & os.O_CREAT)
            if writes:
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                seen += 1
            return function(*values, **named)

        return call

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name), name))
    status = 1
    try:
        app.main([str(argument) for argument in arguments], prog_name="pithbuilder")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(status)
