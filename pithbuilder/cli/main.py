"""The program ``pithbuilder``.

Its help is asked for more often than anything else, and loading click alone takes longer than three starts of
Python; so the text of ``pithbuilder --help`` lies ready in ``help.txt``. A test compares it with what click says.
"""

from __future__ import annotations

import io
import os
import sys

_HELP_COLUMNS = 80


def run() -> int:
    """Run the program with the process's arguments and return its exit status.

    Whatever becomes of the standard streams (closed, a full disk, a reader that has gone) ends in one line on
    standard error and status 1.
    """
    stdout = sys.stdout
    if stdout is None:  # Python's way to say that it was closed before the start
        return _report_failure(OSError("standard output is closed"))
    try:
        status = _run_command()
        stdout.flush()
    except OSError as error:
        return _report_failure(error)
    if sys.stdout is not stdout:  # click found that the reader has gone, and put something deaf in its place
        return _report_failure(BrokenPipeError("broken pipe"))
    return status


def _run_command() -> int:
    if sys.argv[1:] in (["-h"], ["--help"]) and _is_wide_enough():
        path = os.path.join(os.path.dirname(__file__), "help.txt")  # noqa: PTH118, PTH120 - pathlib loads slowly
        with open(path, encoding="utf-8") as text:  # noqa: PTH123
            sys.stdout.write(text.read())
        return 0
    if isinstance(sys.stdout, io.TextIOWrapper):  # a title is no reason to fail where the encoding lacks a letter
        sys.stdout.reconfigure(errors="backslashreplace")
    from pithbuilder.cli.app import app

    try:
        app.main(prog_name="pithbuilder")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _report_failure(error: OSError) -> int:
    """Say what went wrong with a standard stream; what is left in the streams is thrown away."""
    from pithbuilder.cli.output import complain
    from pithbuilder.errors import StoreError

    reason = (error.strerror or str(error)).lower()
    if error.filename is None:
        refusal = StoreError("write-failed", f"cannot write: {reason}", where="standard output")
    else:
        refusal = StoreError("read-failed", f"cannot read: {reason}", where=os.fsdecode(error.filename))
    _silence_if_broken(1)
    try:
        complain(refusal)
    except OSError:  # nobody is left to tell
        _silence_if_broken(2)
    return 1


def _silence_if_broken(descriptor: int) -> None:
    """Let a stream that fails end nowhere: Python would try once more at its end, and complain."""
    stream = sys.__stdout__ if descriptor == 1 else sys.__stderr__
    if stream is None:
        return
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def _is_wide_enough() -> bool:
    try:
        return os.get_terminal_size(1).columns >= _HELP_COLUMNS
    except OSError:  # not a terminal
        return True


if __name__ == "__main__":
    sys.exit(run())
