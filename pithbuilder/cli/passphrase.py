"""Where a passphrase comes from: a file, or a prompt in a terminal; never an argument or the environment."""

from __future__ import annotations

import locale
import os
from pathlib import Path

import click

from pithbuilder.errors import KeyMaterialError
from pithbuilder.stores.atomic import read_file

_MAX_PASSPHRASE_FILE_BYTES = 2**16


def new_passphrase(file: Path | None, no_passphrase: bool) -> bytes | None:
    """Return the passphrase for a new key; None where ``--no-passphrase`` says so.

    Raises:
        KeyMaterialError: ``passphrase-needed``: there is neither a terminal nor an option; ``passphrase-empty``,
            ``passphrase-encoding``.
        click.UsageError: Both options were given.
    """
    if file is not None and no_passphrase:
        raise click.UsageError("--passphrase-file and --no-passphrase exclude each other.")
    if no_passphrase:
        return None
    if file is not None:
        return _first_line(file)
    if not _has_terminal():
        raise _needed("give --passphrase-file FILE, or --no-passphrase for a key in the clear")
    return _asked("Passphrase for the new key", twice=True)


def existing_passphrase(file: Path | None, encrypted: bool) -> bytes | None:
    """Return the passphrase of an existing key; None for a key in the clear.

    Raises:
        KeyMaterialError: ``passphrase-needed``, ``passphrase-empty``, ``passphrase-encoding``.
    """
    if file is not None:
        return _first_line(file)
    if not encrypted:
        return None
    if not _has_terminal():
        raise _needed("give --passphrase-file FILE")
    return _asked("Passphrase of the key", twice=False)


def _first_line(file: Path) -> bytes:
    line = read_file(file, _MAX_PASSPHRASE_FILE_BYTES).split(b"\n", 1)[0].rstrip(b"\r")
    if not line:
        raise _empty(str(file))
    return line


def _asked(question: str, *, twice: bool) -> bytes:
    try:
        text = click.prompt(question, hide_input=True, confirmation_prompt=twice, err=True)
        passphrase = str(text).encode("utf-8")
    except UnicodeError:
        raise KeyMaterialError(
            "passphrase-encoding",
            "what was typed is not text in the terminal's encoding",
            expected=f"text in {locale.getpreferredencoding(False)}",
            hint="set LC_ALL to the terminal's encoding, or give --passphrase-file FILE",
        ) from None  # the cause holds the passphrase
    if not passphrase:
        raise _empty("")
    return passphrase


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _needed(hint: str) -> KeyMaterialError:
    return KeyMaterialError(
        "passphrase-needed", "a passphrase is needed, and there is no terminal to ask for it", hint=hint
    )


def _empty(where: str) -> KeyMaterialError:
    return KeyMaterialError(
        "passphrase-empty",
        "the passphrase is empty",
        where=where,
        hint="choose one, or say --no-passphrase when making the key",
    )
