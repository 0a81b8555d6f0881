"""``pithbuilder fixtures adapter``."""

from __future__ import annotations

import sys

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS
from pithbuilder.cli.output import complain
from pithbuilder.errors import PithError, naming
from pithbuilder.fixtures.operations.adapter import answer_line


@click.command("adapter", context_settings=CONTEXT_SETTINGS)
def command() -> None:
    """Answer the corpus's questions: this project as a tool for 'run'.

    Reads a request from each line of standard input, and prints an answer to each, until the input ends. A line that is
    no request is told of on standard error, and the next one is read; the exit status is then 1.
    """
    output = sys.stdout.buffer
    failed = False
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            with naming(f"line {number}"):
                answered = answer_line(line)
        except PithError as error:
            complain(error)
            failed = True
            continue
        output.write(answered)
        output.flush()
    if failed:
        click.get_current_context().exit(1)
