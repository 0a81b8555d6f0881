"""``keys list``, ``keys show``, ``keys export``, ``keys doctor``: nothing is changed."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    json_option,
    out_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.output import print_json, print_line, print_text, tell
from pithbuilder.cli.passphrase import key_access
from pithbuilder.cli.times import clock_at
from pithbuilder.custody.doctor import examine
from pithbuilder.custody.listing import list_keys
from pithbuilder.documents.keyring_document import REVOKED
from pithbuilder.interop.export import EXPORT_FORMATS, export_keys
from pithbuilder.stores.workspace import Workspace


@click.command("list", context_settings=CONTEXT_SETTINGS)
@workspace_option
@json_option
def list_command(workspace: Path, as_json: bool) -> None:
    """List the keys: which one is where, and what it is.

    Each with id, fingerprint, status (active, retired, revoked, prepared), where the private half is kept, and the
    end of its window.
    """
    for key in list_keys(Workspace.open(workspace)):
        if as_json:
            print_json(key.to_dict())
        else:
            end = "" if key.valid_until is None else f"  until {key.valid_until}"
            print_line(f"{key.key_id}  {key.fingerprint}  {key.status:<8}  {key.reference or 'public half only'}{end}")


@click.command("show", context_settings=CONTEXT_SETTINGS)
@click.argument("key_id", metavar="[KEY_ID]", required=False)
@workspace_option
@json_option
def show(key_id: str | None, workspace: Path, as_json: bool) -> None:
    """Show a public key document.

    It is that of the key that signs, unless KEY_ID names another. The output is JSON with or without --json.
    """
    keys = Workspace.open(workspace).keys
    print_json(keys.load_document(key_id or keys.signing_key_id()).to_dict())


@click.command("export", context_settings=CONTEXT_SETTINGS)
@click.argument("key_ids", metavar="[KEY_ID]...", nargs=-1)
@workspace_option
@click.option(
    "--format",
    "export_format",
    type=click.Choice(list(EXPORT_FORMATS)),
    default="key-document",
    show_default=True,
    help="Which format.",
)
@click.option("--all", "all_keys", is_flag=True, help="Export every key of the keyring that is not revoked.")
def export(key_ids: tuple[str, ...], workspace: Path, export_format: str, all_keys: bool) -> None:
    """Export public keys in any of several formats.

    It is the key that signs, unless KEY_IDs name others. Private halves never leave the workspace this way: 'keys
    backup' is for them.
    """
    opened = Workspace.open(workspace)
    if all_keys and key_ids:
        raise click.UsageError("--all and KEY_ID exclude each other.")
    if all_keys:
        documents = [key.entry.key for key in opened.keys.load_chain().keys if key.entry.status != REVOKED]
    else:
        documents = [opened.keys.load_document(name) for name in key_ids or (opened.keys.signing_key_id(),)]
    profile = opened.profile
    print_text(export_keys(export_format, documents, base_url=profile.base_url, name=profile.signer_id))


@click.command("doctor", context_settings=CONTEXT_SETTINGS)
@workspace_option
@out_option
@clock_option
@click.option("--open", "open_keys", is_flag=True, help="Open every private half too, and sign a probe with it.")
@passphrase_file_option
@json_option
@click.pass_context
def doctor(
    ctx: click.Context,
    workspace: Path,
    out: Path | None,
    clock: object,
    open_keys: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Examine the keys, and say what mends them.

    Each finding comes with the command that mends it, or with what to do where none can. Looked at are file modes,
    private halves that are missing or damaged, planned ends that come near, whether the mirror shows the keyring
    and the key that signs, changes of keys and minting that were interrupted, bundles that rest on a compromised
    key, and the clock. An encrypted private half is only proved by --open. Exit status 1 if anything is wrong.
    """
    opened = Workspace.open(workspace)
    access = key_access(passphrase_file, several=True) if open_keys else None
    findings = examine(opened, clock_at(clock), out or opened.out, access)
    for finding in findings:
        if as_json:
            print_json(finding.to_dict())
        else:
            print_line(f"{finding.code}  {finding.where}: {finding.message}")
            if finding.command:
                print_line(f"  mend it: {finding.command}")
            if finding.hint:
                print_line(f"  hint: {finding.hint}")
    tell(f"{len(findings)} wrong" if findings else "all is well")
    ctx.exit(1 if findings else 0)


COMMANDS = (list_command, show, export, doctor)
