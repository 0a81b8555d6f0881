"""The program ``pithbuilder``.

Its help is asked for more often than anything else, and loading click alone takes longer than three starts of
Python; so the text of ``pithbuilder --help`` lies ready in ``help.txt``. A test compares it with what click says.
"""

from __future__ import annotations

import os
import sys

_HELP_COLUMNS = 80


def run() -> int:
    """Run the program with the process's arguments and return its exit status."""
    if sys.argv[1:] in (["-h"], ["--help"]) and _is_wide_enough():
        path = os.path.join(os.path.dirname(__file__), "help.txt")  # noqa: PTH118, PTH120 - pathlib loads slowly
        with open(path, encoding="utf-8") as text:  # noqa: PTH123
            sys.stdout.write(text.read())
        return 0
    from pithbuilder.cli.app import app

    app.main(prog_name="pithbuilder")
    return 0


def _is_wide_enough() -> bool:
    try:
        return os.get_terminal_size(1).columns >= _HELP_COLUMNS
    except OSError:  # not a terminal
        return True


if __name__ == "__main__":
    sys.exit(run())
