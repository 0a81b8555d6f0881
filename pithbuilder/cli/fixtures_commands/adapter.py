"""``pithbuilder fixtures adapter``."""

from __future__ import annotations

import sys

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS
from pithbuilder.fixtures.operations.adapter import answer_line


@click.command("adapter", context_settings=CONTEXT_SETTINGS)
def command() -> None:
    """Answer the corpus's questions: this project as a tool for 'run'.

    Reads a request from each line of standard input, and prints an answer to each, until the input ends.
    """
    output = sys.stdout.buffer
    for line in sys.stdin.buffer:
        output.write(answer_line(line))
        output.flush()
