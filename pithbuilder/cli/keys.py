"""``pithbuilder keys``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    json_option,
    no_passphrase_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.cli.passphrase import new_passphrase
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.stores.key_files import load_key_document
from pithbuilder.stores.workspace import Workspace, check_key_id


@click.group("keys", context_settings=CONTEXT_SETTINGS)
def command() -> None:
    """Make, list and show signing keys."""


@command.command("new", context_settings=CONTEXT_SETTINGS)
@click.argument("key_id", metavar="KEY_ID")
@workspace_option
@passphrase_file_option
@no_passphrase_option
@json_option
def new(key_id: str, workspace: Path, passphrase_file: Path | None, no_passphrase: bool, as_json: bool) -> None:
    """Make a new key in the workspace.

    The key does not sign until key.reference in pith.toml names it.
    """
    opened = Workspace.open(workspace)
    check_key_id(key_id)
    passphrase = new_passphrase(passphrase_file, no_passphrase)
    document = opened.add_key(key_id, PrivateKey.generate(), passphrase)
    if as_json:
        print_json({"key_id": key_id, "fingerprint": document.fingerprint_sha256_hex})
    else:
        print_line(f"{key_id}  {document.fingerprint_sha256_hex}")
    if opened.key_id != key_id:
        tell(f'to sign with it, set reference = "file:keys/{key_id}.pem" under [key] in pith.toml')


@command.command("list", context_settings=CONTEXT_SETTINGS)
@workspace_option
@json_option
def list_keys(workspace: Path, as_json: bool) -> None:
    """List the workspace's keys: id, fingerprint, whether the private half is here, which one signs."""
    opened = Workspace.open(workspace)
    for document in opened.key_documents():
        private = opened.private_key_path(document.key_id).exists()
        signs = document.key_id == opened.key_id
        if as_json:
            print_json(
                {
                    "key_id": document.key_id,
                    "fingerprint": document.fingerprint_sha256_hex,
                    "private": private,
                    "signs": signs,
                }
            )
        else:
            notes = ["private half here" if private else "public half only", *(["signs"] if signs else [])]
            print_line(f"{document.key_id}  {document.fingerprint_sha256_hex}  {', '.join(notes)}")


@command.command("show", context_settings=CONTEXT_SETTINGS)
@click.argument("key_id", metavar="[KEY_ID]", required=False)
@workspace_option
@json_option
def show(key_id: str | None, workspace: Path, as_json: bool) -> None:
    """Show a public key document, of the key that signs unless KEY_ID names another.

    The output is JSON with or without --json.
    """
    opened = Workspace.open(workspace)
    document = load_key_document(opened.public_key_path(key_id or opened.key_id))
    print_json(document.to_dict())
