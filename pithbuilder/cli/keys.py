"""``pithbuilder keys``: the group; the commands are in :mod:`pithbuilder.cli.key_commands`."""

from __future__ import annotations

import click

from pithbuilder.cli.key_commands import changing, keeping, looking, making
from pithbuilder.cli.options import CONTEXT_SETTINGS


@click.group("keys", context_settings=CONTEXT_SETTINGS)
def command() -> None:
    """Make, rotate, examine, export and back up signing keys."""


for _command in (*making.COMMANDS, *looking.COMMANDS, *changing.COMMANDS, *keeping.COMMANDS):
    command.add_command(_command)
