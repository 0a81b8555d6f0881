"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from pithbuilder.cli.app import CONTEXT_SETTINGS
from pithbuilder.core.arxiv_id import split_version
from pithbuilder.core.timestamps import format_seconds, parse_instant
from pithbuilder.errors import FormatError, StoreError
from pithbuilder.stores.source_files import STANDARD_INPUT

_F = TypeVar("_F", bound=Callable[..., Any])

__all__ = [
    "CONTEXT_SETTINGS",
    "archive_passphrase_file_option",
    "clock_option",
    "complete_from_option",
    "expires_option",
    "ids_option",
    "input_argument",
    "input_type",
    "instant_option",
    "json_option",
    "keyring_option",
    "new_passphrase_file_option",
    "no_passphrase_option",
    "out_option",
    "passphrase_file_option",
    "sources_argument",
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


class _SourcePath(click.Path):
    """A path to read from; ``-`` is standard input where that is allowed, ``./-`` always a file."""

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path; that of a file of this name is absolute, for ``Path`` forgets the dot."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        is_standard_input = value == STANDARD_INPUT and self.allow_dash
        return path.absolute() if str(path) == STANDARD_INPUT and not is_standard_input else path


sources_argument = click.argument(
    "sources",
    metavar="FILE|DIR|-...",
    nargs=-1,
    required=True,
    type=_SourcePath(exists=True, allow_dash=True),
)

complete_from_option = click.option(
    "--complete-from",
    metavar="FILE|DIR",
    multiple=True,
    type=_SourcePath(exists=True),
    help="Complete records that do not tell all (Atom, OAI-PMH arXiv) from this snapshot or arXivRaw.",
)


def _parse_wanted(
    ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, int | None], ...]:
    try:
        return tuple(dict.fromkeys(split_version(value) for text in values for value in text.split(",")))
    except FormatError as error:
        raise click.BadParameter(
            f"{error.found}: {error.message}; expected {error.expected}", ctx, parameter
        ) from error


def ids_option(name: str, text: str, parameter: str = "wanted") -> Callable[[_F], _F]:
    """Return an option that takes arXiv identifiers, with or without a version.

    Args:
        name: The option, such as ``--id``.
        text: Its help.
        parameter: The parameter of the command that takes them.
    """
    return click.option(name, parameter, metavar="ID[,ID...]", multiple=True, callback=_parse_wanted, help=text)


input_type = _Input("rb")

input_argument = click.argument("file", metavar="FILE|-", type=input_type)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON Lines instead of text.")

workspace_option = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="this directory",
    help="The workspace that 'pithbuilder init' made.",
)


def _parse_instant(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    try:
        return None if value is None else parse_instant(value)
    except FormatError as error:
        raise click.BadParameter(f"expected {error.expected}", ctx, parameter) from error


def instant_option(name: str, text: str) -> Callable[[_F], _F]:
    """Return an option that takes an instant in UTC.

    Args:
        name: The option, such as ``--clock``.
        text: Its help.
    """
    return click.option(name, metavar="INSTANT", callback=_parse_instant, help=text)


def _take_descriptor(ctx: click.Context, parameter: click.Parameter, value: int | None) -> None:
    """Give the file of a descriptor to the option that takes a file."""
    if value is None:
        return
    name = str(parameter.name).removesuffix("_fd") + "_file"
    if ctx.params.get(name) is not None:
        raise click.UsageError(f"--{name.replace('_', '-')} and {parameter.opts[0]} exclude each other.")
    ctx.params[name] = Path(f"/dev/fd/{value}")


def _secret_options(name: str, what: str) -> Callable[[_F], _F]:
    """Return the two options that give a secret: ``--NAME-file`` and ``--NAME-fd``."""
    file_option = click.option(
        f"--{name}-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        is_eager=True,
        help=f"Read {what} from the first line of this file.",
    )
    descriptor_option = click.option(
        f"--{name}-fd",
        type=click.IntRange(min=0),
        metavar="N",
        expose_value=False,
        callback=_take_descriptor,
        help=f"Read {what} from this open file descriptor.",
    )
    return lambda command: file_option(descriptor_option(command))


passphrase_file_option = _secret_options("passphrase", "the key's passphrase")

new_passphrase_file_option = _secret_options("new-passphrase", "the new passphrase")

archive_passphrase_file_option = _secret_options("archive-passphrase", "the archive's passphrase")

clock_option = instant_option("--clock", "Work at this time, such as 2026-05-18T00:15:26Z.  [default: now]")

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="mirror.out of pith.toml",
    help="The mirror's directory.",
)


def _parse_end(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    instant = _parse_instant(ctx, parameter, value)
    return None if instant is None else format_seconds(instant)


expires_option = click.option(
    "--expires",
    metavar="INSTANT",
    callback=_parse_end,
    help="Plan the end of the new key: from then on it signs nothing.  [default: none]",
)

no_passphrase_option = click.option(
    "--no-passphrase", is_flag=True, help="Write the private key in the clear, for its owner only (mode 0600)."
)

keyring_option = click.option(
    "--keyring",
    "keyrings",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Follow this keyring (pith-keys.json) from a pinned key; a mirror brings its own.",
)

trust_option = click.option(
    "--trust",
    metavar="FILE|DIR",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Pin this public key document too, the first key of this keyring (pith-keys.json), or all in this directory.",
)
