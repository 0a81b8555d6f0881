"""``keys new``, ``keys import``, ``keys passwd``: keys come into a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    expires_option,
    input_argument,
    json_option,
    new_passphrase_file_option,
    no_passphrase_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.cli.passphrase import existing_passphrase, key_access, new_passphrase
from pithbuilder.custody.making import complete_key, fresh_key, is_half_written, referenced_key
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.interop.private_keys import MAX_KEY_FILE_BYTES, needs_passphrase, read_private_key
from pithbuilder.stores.key_store import check_key_id
from pithbuilder.stores.workspace import Workspace


@click.command("new", context_settings=CONTEXT_SETTINGS)
@click.argument("key_id", metavar="KEY_ID")
@workspace_option
@click.option(
    "--key",
    "reference",
    metavar="REFERENCE",
    help="Take a key that is kept elsewhere: ssh-agent:…, pkcs11:…, exec:…, file:…  [default: a fresh key file]",
)
@expires_option
@passphrase_file_option
@no_passphrase_option
@json_option
def new(
    key_id: str,
    workspace: Path,
    reference: str | None,
    expires: str | None,
    passphrase_file: Path | None,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Prepare a key in the workspace.

    It is a fresh key file, or one that is kept elsewhere. The key does not sign before 'keys rotate --to KEY_ID'
    lets it.
    """
    opened = Workspace.open(workspace)
    check_key_id(key_id)
    if reference is None and is_half_written(opened.keys, key_id):
        with opened.lock():
            completed = complete_key(opened, key_id, key_access(passphrase_file), expires=expires)
        tell("note: the private half was there already, from an interrupted run; its public document was added")
        _print_new(completed.document, as_json)
        return
    opened.keys.check_free(key_id)
    if reference is None:
        passphrase = new_passphrase(passphrase_file, no_passphrase)
        made = fresh_key(opened.profile, key_id, passphrase, expires=expires)
    else:
        access = key_access(passphrase_file)
        made = referenced_key(opened.profile, key_id, reference, access, opened.root, expires=expires)
    with opened.lock():
        opened.keys.add(made)
    _print_new(made.document, as_json)


@click.command("import", context_settings=CONTEXT_SETTINGS)
@click.argument("key_id", metavar="KEY_ID")
@input_argument
@workspace_option
@expires_option
@passphrase_file_option
@new_passphrase_file_option
@no_passphrase_option
@json_option
def import_key(
    key_id: str,
    file: BinaryIO,
    workspace: Path,
    expires: str | None,
    passphrase_file: Path | None,
    new_passphrase_file: Path | None,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Take a private key in: PEM, OpenSSH or JWK.

    FILE holds PKCS#8 PEM, an OpenSSH private key or a JWK. The passphrase opens FILE, if it is encrypted; the new
    passphrase encrypts the copy in the workspace. FILE stays as it is. The key does not sign before 'keys rotate
    --to KEY_ID' lets it.
    """
    opened = Workspace.open(workspace)
    opened.keys.check_free(key_id)
    data = file.read(MAX_KEY_FILE_BYTES + 1)
    passphrase = existing_passphrase(passphrase_file, needs_passphrase(data), file.name)
    key = read_private_key(data, passphrase)
    again = new_passphrase_file or (None if no_passphrase else passphrase_file)
    made = fresh_key(opened.profile, key_id, new_passphrase(again, no_passphrase), key=key, expires=expires)
    with opened.lock():
        opened.keys.add(made)
    _print_new(made.document, as_json)


@click.command("passwd", context_settings=CONTEXT_SETTINGS)
@click.argument("key_id", metavar="[KEY_ID]", required=False)
@workspace_option
@passphrase_file_option
@new_passphrase_file_option
@no_passphrase_option
@json_option
def passwd(
    key_id: str | None,
    workspace: Path,
    passphrase_file: Path | None,
    new_passphrase_file: Path | None,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Change the passphrase of a key file.

    It is that of the key that signs, unless KEY_ID names another. The file is replaced in one step; until then the
    old one is whole. Backups keep the passphrase they had.
    """
    opened = Workspace.open(workspace)
    with opened.lock():
        name = key_id or opened.keys.signing_key_id()
        encrypted = opened.keys.is_encrypted(name)
        key = opened.keys.load_private(name, existing_passphrase(passphrase_file, encrypted, name))
        opened.keys.replace_private(
            name, key.to_pem(new_passphrase(new_passphrase_file, no_passphrase, f"New passphrase of the key {name}"))
        )
    if as_json:
        print_json({"key_id": name, "encrypted": not no_passphrase})
    tell(f"{name}: {'written in the clear' if no_passphrase else 'passphrase changed'}")


def _print_new(document: KeyDocument, as_json: bool) -> None:
    key_id, fingerprint = document.key_id, document.fingerprint_sha256_hex
    if as_json:
        print_json({"key_id": key_id, "fingerprint": fingerprint})
    else:
        print_line(f"{key_id}  {fingerprint}")
    tell(f"prepared; to sign with it, run 'pithbuilder keys rotate --to {key_id}'")


COMMANDS = (new, import_key, passwd)
