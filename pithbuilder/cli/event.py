"""``pithbuilder event``: the group; the commands are in :mod:`pithbuilder.cli.event_commands`."""

from __future__ import annotations

import click

from pithbuilder.cli.event_commands import accept, add, sign
from pithbuilder.cli.options import CONTEXT_SETTINGS


@click.group("event", context_settings=CONTEXT_SETTINGS)
def command() -> None:
    """Add signed events to bundles: one's own, or what others have signed."""


for _module in (add, sign, accept):
    command.add_command(_module.command)
