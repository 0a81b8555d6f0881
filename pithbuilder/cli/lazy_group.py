"""Groups of commands that are loaded when they are called: what a command needs is read by that one alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar, cast

import click


class LazyGroup(click.Group):
    """A group whose commands are in modules of their own, each as ``command``.

    Attributes:
        summaries: Command name to its one-line help, in the order in which they are used.
        package: Where the modules are; a hyphen in a name is an underscore there.
    """

    summaries: ClassVar[Mapping[str, str]]
    package: ClassVar[str]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are used."""
        return list(self.summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in self.summaries:
            return None
        return cast(click.Command, import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.summaries.items()))
