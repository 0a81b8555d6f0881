"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, Any

import click

from pithbuilder.cli.app import CONTEXT_SETTINGS
from pithbuilder.errors import StoreError

__all__ = [
    "CONTEXT_SETTINGS",
    "input_argument",
    "json_option",
    "no_passphrase_option",
    "passphrase_file_option",
    "trust_option",
    "workspace_option",
]


class _Input(click.File):
    """A file to read; - is standard input, where there is one."""

    def convert(
        self, value: str | os.PathLike[str] | IO[Any], param: click.Parameter | None, ctx: click.Context | None
    ) -> IO[Any]:
        """Open the file."""
        if value == "-" and sys.stdin is None:
            raise StoreError("read-failed", "cannot read: standard input is closed", where="<stdin>")
        return super().convert(value, param, ctx)


input_argument = click.argument("file", metavar="FILE|-", type=_Input("rb"))

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

trust_option = click.option(
    "--trust",
    metavar="FILE|DIR",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Pin this public key document too, or all in this directory (the keys/ of a workspace).",
)
