"""Where a passphrase comes from: a file, a file descriptor or a prompt; never an argument or the environment."""

from __future__ import annotations

import locale
import os
from functools import lru_cache
from pathlib import Path

import click

from pithbuilder.custody.signers import KeyAccess
from pithbuilder.errors import KeyMaterialError
from pithbuilder.stores.key_files import read_secret


def new_passphrase(
    file: Path | None, no_passphrase: bool, question: str = "Passphrase for the new key"
) -> bytes | None:
    """Return a new passphrase; None where ``--no-passphrase`` says so.

    Args:
        file: The file, or ``/dev/fd/N``; None to ask.
        no_passphrase: Whether ``--no-passphrase`` was said.
        question: What to ask for.

    Raises:
        KeyMaterialError: ``passphrase-needed``: there is neither a terminal nor an option; ``passphrase-empty``,
            ``passphrase-encoding``.
        click.UsageError: Both options were given.
    """
    if file is not None and no_passphrase:
        raise click.UsageError("A passphrase and --no-passphrase exclude each other.")
    if no_passphrase:
        return None
    if file is not None:
        return _first_line(file)
    if not _has_terminal():
        raise _needed("give --passphrase-file, or --new-passphrase-file where there is one; or say --no-passphrase")
    return _asked(question, twice=True)


def existing_passphrase(file: Path | None, encrypted: bool, key_id: str = "") -> bytes | None:
    """Return the passphrase of an existing key; None for a key in the clear.

    Args:
        file: The file, or ``/dev/fd/N``; None to ask.
        encrypted: Whether the key is encrypted.
        key_id: The key's name, for the question.

    Raises:
        KeyMaterialError: ``passphrase-needed``, ``passphrase-empty``, ``passphrase-encoding``.
    """
    if file is not None:
        return _first_line(file)
    if not encrypted:
        return None
    if not _has_terminal():
        raise _needed("give --passphrase-file FILE or --passphrase-fd N")
    return _asked(f"Passphrase of the key {key_id}".rstrip(), twice=False)


def key_access(file: Path | None, *, several: bool = False) -> KeyAccess:
    """Return how a command opens private halves: with a passphrase from a file, or by asking.

    A token's PIN comes from its reference's ``pin-source``, or is asked for: a passphrase is never tried as a PIN,
    for after some wrong ones a token locks itself.

    Args:
        file: The file, or ``/dev/fd/N``; None to ask.
        several: Whether the command opens several keys: the passphrase is then only for those that are encrypted.
    """

    def passphrase(key_id: str, encrypted: bool) -> bytes | None:
        return None if several and not encrypted else existing_passphrase(file, encrypted, key_id)

    return KeyAccess(
        passphrase=passphrase,
        pin=_pin,
        agent_socket=os.environ.get("SSH_AUTH_SOCK", ""),
    )


def archive_passphrase(file: Path | None, *, new: bool) -> bytes:
    """Return the passphrase of an archive.

    Args:
        file: The file, or ``/dev/fd/N``; None to ask.
        new: Whether the archive is about to be made.

    Raises:
        KeyMaterialError: ``passphrase-needed``, ``passphrase-empty``, ``passphrase-encoding``.
    """
    if file is not None:
        return _first_line(file)
    if not _has_terminal():
        raise _needed("give --archive-passphrase-file FILE or --archive-passphrase-fd N")
    return _asked("Passphrase for the new archive" if new else "Passphrase of the archive", twice=new)


def _pin(token: str) -> str:
    if not _has_terminal():
        raise _needed("name a file with the PIN in the key's reference: pin-source=file:/path")
    return _asked(f"PIN of {token}", twice=False).decode("utf-8")


@lru_cache(maxsize=8)  # a pipe can be read once, and a command may open several keys
def _first_line(file: Path) -> bytes:
    return read_secret(file)


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
        raise KeyMaterialError(
            "passphrase-empty",
            "the passphrase is empty",
            hint="choose one, or say --no-passphrase when making the key",
        )
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
