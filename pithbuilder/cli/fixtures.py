"""``pithbuilder fixtures``: the group; the commands are in :mod:`pithbuilder.cli.fixtures_commands`."""

from __future__ import annotations

from typing import Final

import click

from pithbuilder.cli.lazy_group import LazyGroup
from pithbuilder.cli.options import CONTEXT_SETTINGS

COMMANDS: Final = {
    "generate": "Write the corpus: vectors for verifiers, resolvers and mirrors in other languages.",
    "check": "Compare a corpus with what is generated, byte for byte.",
    "lint": "Hold a corpus against its schemas, its names, its files and the list of codes.",
    "list": "List vectors.",
    "show": "Print one vector.",
    "explain": "Explain one vector, or one code: what it shows, and by which rule.",
    "new": "Begin the case of a new vector.",
    "run": "Ask a program all that the corpus asks, and tell where it answers differently.",
    "adapter": "Answer the corpus's questions: this project as a tool for 'run'.",
    "pack": "Pack a corpus into an archive, with checksums and a signed manifest.",
    "unpack": "Verify a packed corpus, and write its files.",
}
"""Command name to its one-line help."""


class _Fixtures(LazyGroup):
    summaries = COMMANDS
    package = "pithbuilder.cli.fixtures_commands"


@click.command("fixtures", cls=_Fixtures, context_settings=CONTEXT_SETTINGS)
def command() -> None:
    """Make test vectors for other tools, and drive those with them.

    The corpus tells verifiers, resolvers and mirrors in any language what is valid, what is not, with which code and
    where.
    """
