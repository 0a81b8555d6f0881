"""``pithbuilder fixtures``: the group; the commands are in :mod:`pithbuilder.cli.fixtures_commands`."""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS

_COMMANDS: Final = {
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


class _LazyGroup(click.Group):
    """A group that loads a command when it is called: cases and schemas are read by those alone that need them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are used."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"pithbuilder.cli.fixtures_commands.{cmd_name}")
        return cast(click.Command, module.command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.command("fixtures", cls=_LazyGroup, context_settings=CONTEXT_SETTINGS)
def command() -> None:
    """Make test vectors for other tools, and drive those with them.

    The corpus tells verifiers, resolvers and mirrors in any language what is valid, what is not, with which code and
    where.
    """
