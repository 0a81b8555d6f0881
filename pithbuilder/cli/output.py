"""Printing: data to standard output, the rest to standard error, nothing that could command a terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable
from typing import TextIO

import click

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.errors import PithError


def safe_text(text: str) -> str:
    r"""Return ``text`` with control, format, surrogate and unassigned characters written as escapes.

    Control characters could command a terminal; format characters can hide or reorder text.

    >>> safe_text("a\x1b[31mb\u202ec")
    'a\\x1b[31mb\\u202ec'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_harmless(character) else _escaped(character) for character in text)


def print_json(value: JsonObject) -> None:
    """Print one line of JSON, in UTF-8, to standard output; what could command a terminal is escaped."""
    print_bytes(json_line(value))


def json_line(value: JsonObject) -> bytes:
    """Return the line that :func:`print_json` prints."""
    line = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if not line.isprintable():  # such characters can only stand inside strings
        line = "".join(character if _is_harmless(character) else json.dumps(character)[1:-1] for character in line)
    return line.encode("utf-8") + b"\n"


def print_bytes(data: bytes) -> None:
    """Print bytes to standard output, as they are."""
    click.echo(data, nl=False)


def print_line(text: str) -> None:
    """Print one line of data for people to standard output."""
    print_text(safe_text(text) + "\n")


def print_text(text: str) -> None:
    """Print text that is safe for a terminal to standard output, as it is."""
    _write(sys.stdout, text)


def tell(text: str) -> None:
    """Print one line that is not data to standard error."""
    _write(sys.stderr, safe_text(text) + "\n")


def tell_unknown(signer_ids: Iterable[str]) -> None:
    """Name signers of whom nothing is known here, whose events count all the same."""
    for signer_id in signer_ids:
        tell(f"note: nothing is known here of the signer {safe_text(signer_id)}; --trust takes its keyring")


def complain(error: PithError) -> None:
    """Print an error to standard error."""
    tell(f"error: {error}")


def _write(stream: TextIO | None, text: str) -> None:
    """Write through Python's own stream: click would take another encoding than the terminal's."""
    if stream is not None:
        stream.write(text)
        stream.flush()


def _is_harmless(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] != "C" and category not in ("Zl", "Zp")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
