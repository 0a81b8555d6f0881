"""``keys rotate``, ``keys retire``, ``keys revoke``, ``keys publish``: signed statements about keys."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import attrs
import click

from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    expires_option,
    instant_option,
    json_option,
    new_passphrase_file_option,
    no_passphrase_option,
    out_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.cli.passphrase import key_access, new_passphrase
from pithbuilder.cli.times import past_clock_at
from pithbuilder.custody.listing import PREPARED, list_keys
from pithbuilder.custody.rotation import RotationRequest, complete, end_key, publish, rotate
from pithbuilder.documents.key_statement import (
    COMPROMISED,
    REASONS,
    SCHEDULED,
    KeyRotationContent,
    KeyStatement,
)
from pithbuilder.stores.workspace import Workspace

effective_at_option = instant_option(
    "--effective-at",
    "When the key ended, or from when on others may have had it; not in the future.  [default: now]",
)


@click.command("rotate", context_settings=CONTEXT_SETTINGS)
@workspace_option
@click.option(
    "--to", metavar="KEY_ID", help="The prepared key that is to sign.  [default: the promised, or a fresh one]"
)
@click.option("--reason", type=click.Choice(REASONS), default=SCHEDULED, show_default=True, help="Why.")
@effective_at_option
@click.option("--commit-next", is_flag=True, help="Make the key after the new one too, and publish its hash.")
@click.option("--next", "next_key", metavar="KEY_ID", help="Publish the hash of this prepared key instead.")
@expires_option
@passphrase_file_option
@new_passphrase_file_option
@no_passphrase_option
@clock_option
@json_option
def rotate_command(
    workspace: Path,
    to: str | None,
    reason: str,
    effective_at: datetime | None,
    commit_next: bool,
    next_key: str | None,
    expires: str | None,
    passphrase_file: Path | None,
    new_passphrase_file: Path | None,
    no_passphrase: bool,
    clock: datetime | None,
    as_json: bool,
) -> None:
    """Let another key sign from now on.

    Old key and new key both sign the statement that says so; the keyring and the mirror get it, and the old key's
    document its end. What the old key signed stays good, unless it was compromised. A lost key does not sign: it can
    only be followed by a key whose hash was published before (--commit-next). The new key's passphrase is the old
    one's if that comes from a file, unless a new one is given. An interrupted rotation is completed by running the
    command again; then nothing else is done.
    """
    opened = Workspace.open(workspace)
    request = RotationRequest(
        reason=reason,
        to=to,
        effective_at=effective_at,
        commit_next=commit_next,
        next_key=next_key,
        expires=expires,
    )
    new_file = new_passphrase_file or (None if no_passphrase else passphrase_file)
    with opened.lock():
        if _completed(opened, as_json):
            return
        prepared = {key.key_id for key in list_keys(opened) if key.status == PREPARED}
        statement = rotate(
            opened,
            request,
            past_clock_at(clock),
            access=key_access(passphrase_file),
            new_access=key_access(new_passphrase_file or passphrase_file, several=True),
            new_passphrase=lambda key_id: new_passphrase(
                new_file, no_passphrase, f"Passphrase for the new key {key_id}"
            ),
        )
        promised = [key for key in list_keys(opened) if key.promised]
    _print_statement(statement, as_json)
    content = statement.content
    if to is None and isinstance(content, KeyRotationContent) and content.new_key.key_id in prepared:
        tell(f"note: {content.new_key.key_id} had been prepared before, and was taken up")
    for key in promised:
        tell(f"promised: {key.key_id}; move its private half, {key.reference}, off this machine until it is needed")
    tell("publish the mirror, make a backup ('keys backup'), and sign the bundles again ('pithbuilder reissue --all')")


@click.command("retire", context_settings=CONTEXT_SETTINGS)
@click.argument("key_id", metavar="KEY_ID")
@click.option("--close", is_flag=True, help="Yes: no key follows, and this workspace signs nothing any more.")
@workspace_option
@effective_at_option
@passphrase_file_option
@clock_option
@json_option
def retire(
    key_id: str,
    close: bool,
    workspace: Path,
    effective_at: datetime | None,
    passphrase_file: Path | None,
    clock: datetime | None,
    as_json: bool,
) -> None:
    """Retire the last key: the issuer ends.

    What it signed stays good. A key that is to be followed by another one is retired by 'keys rotate'.
    """
    _end(workspace, key_id, SCHEDULED, effective_at, passphrase_file, clock, close, as_json)


@click.command("revoke", context_settings=CONTEXT_SETTINGS)
@click.argument("key_id", metavar="KEY_ID")
@click.option("--close", is_flag=True, help="Revoke the key that signs too: no key follows, the issuer ends.")
@workspace_option
@effective_at_option
@passphrase_file_option
@clock_option
@json_option
def revoke(
    key_id: str,
    close: bool,
    workspace: Path,
    effective_at: datetime | None,
    passphrase_file: Path | None,
    clock: datetime | None,
    as_json: bool,
) -> None:
    """Say that a key was compromised.

    Nothing that it signed is good any more without an independent proof of time from before. The key that signs now
    is better replaced, by 'keys rotate --reason compromised'.
    """
    _end(workspace, key_id, COMPROMISED, effective_at, passphrase_file, clock, close, as_json)
    if not close:
        tell("sign again what rested on it: 'pithbuilder reissue --all'")


@click.command("publish", context_settings=CONTEXT_SETTINGS)
@workspace_option
@out_option
@json_option
def publish_command(workspace: Path, out: Path | None, as_json: bool) -> None:
    """Write keyring and signing key into the mirror.

    A change of keys that was interrupted is completed first.
    """
    opened = Workspace.open(workspace)
    with opened.lock():
        completed = complete(opened)
        there = opened if out is None else attrs.evolve(opened, out=out)
        changed = publish(there, opened.load_chain_with_addresses()) or completed is not None
    if as_json:
        print_json({"mirror": str(there.out), "changed": changed})
    tell(f"{'written' if changed else 'unchanged'}: {there.out}")


def _end(
    workspace: Path,
    key_id: str,
    reason: str,
    effective_at: datetime | None,
    passphrase_file: Path | None,
    clock: datetime | None,
    close: bool,
    as_json: bool,
) -> None:
    opened = Workspace.open(workspace)
    with opened.lock():
        if _completed(opened, as_json):
            return
        statement = end_key(
            opened,
            key_id,
            reason,
            past_clock_at(clock),
            access=key_access(passphrase_file),
            effective_at=effective_at,
            close=close,
        )
    _print_statement(statement, as_json)


def _completed(opened: Workspace, as_json: bool) -> bool:
    """Complete a change of keys that was interrupted, and say whether there was one."""
    statement = complete(opened)
    if statement is None:
        return False
    _print_statement(statement, as_json)
    tell("completed the change of keys that was interrupted; nothing else was done")
    return True


def _print_statement(statement: KeyStatement, as_json: bool) -> None:
    if as_json:
        print_json(statement.to_dict())
        return
    content = statement.content
    if isinstance(content, KeyRotationContent):
        what = f"{content.previous_key_id} -> {content.new_key.key_id}  {content.new_key.fingerprint_sha256_hex}"
    else:
        what = f"{content.key_id} ended"
    print_line(f"{content.sequence}  {what}  {content.reason}  {content.effective_at}")


COMMANDS = (rotate_command, retire, revoke, publish_command)
