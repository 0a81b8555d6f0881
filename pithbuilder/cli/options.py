"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.app import CONTEXT_SETTINGS

__all__ = [
    "CONTEXT_SETTINGS",
    "input_argument",
    "json_option",
    "no_passphrase_option",
    "passphrase_file_option",
    "workspace_option",
]

input_argument = click.argument("file", metavar="FILE|-", type=click.File("rb"))

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON Lines instead of text.")

workspace_option = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="this directory",
    help="The workspace that 'pithbuilder init' made.",
)

passphrase_file_option = click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the key's passphrase from the first line of this file.",
)

no_passphrase_option = click.option(
    "--no-passphrase", is_flag=True, help="Write the private key in the clear, for its owner only (mode 0600)."
)
