"""``pithbuilder init``."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    expires_option,
    json_option,
    no_passphrase_option,
    passphrase_file_option,
)
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.cli.passphrase import key_access, new_passphrase
from pithbuilder.core.timestamps import SystemClock
from pithbuilder.custody.making import default_key_id, fresh_key, referenced_key
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.stores.key_store import check_key_id
from pithbuilder.stores.workspace import Workspace


@click.command("init", context_settings=CONTEXT_SETTINGS)
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--base-url",
    default="https://registry.example",
    show_default=True,
    help="Where the mirror will be published, without a slash at the end.",
)
@click.option("--signer-id", help="The issuer's name in events.  [default: the host of --base-url]")
@click.option(
    "--signer-type",
    default="pith_registry",
    show_default=True,
    help="What kind of signer: pith_registry, author, journal …",
)
@click.option("--name", help="The mirror's name, for people.  [default: the signer id]")
@click.option("--key-id", help="The new key's name.  [default: the signer id and the month]")
@click.option("--old-snapshots", is_flag=True, help="Leave the integrity block out, as before June 2026.")
@click.option(
    "--key",
    "reference",
    metavar="REFERENCE",
    help="Sign with a key that is kept elsewhere: ssh-agent:…, pkcs11:…, exec:…  [default: a fresh key file]",
)
@expires_option
@passphrase_file_option
@no_passphrase_option
@json_option
def command(
    directory: Path,
    base_url: str,
    signer_id: str | None,
    signer_type: str,
    name: str | None,
    key_id: str | None,
    old_snapshots: bool,
    reference: str | None,
    expires: str | None,
    passphrase_file: Path | None,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Make a workspace: issuer profile, signing key, .gitignore.

    DIR gets pith.toml (the issuer profile, to be read and edited before the first mint), a fresh Ed25519 key in
    keys/ (private half PKCS#8 PEM, mode 0600, encrypted unless --no-passphrase says otherwise), and a .gitignore
    for the private files.
    """
    signer = signer_id or urlsplit(base_url).hostname or ""
    profile = IssuerProfile(
        signer_id=signer,
        signer_type=signer_type,
        mirror_name=name or signer,
        base_url=base_url,
        integrity=not old_snapshots,
    )
    key_id = check_key_id(key_id or default_key_id(signer, SystemClock().now()))
    Workspace.check_free(directory)
    if reference is None:
        key = fresh_key(profile, key_id, new_passphrase(passphrase_file, no_passphrase), expires=expires)
    else:
        key = referenced_key(profile, key_id, reference, key_access(passphrase_file), directory, expires=expires)
    Workspace.create(directory, profile, key)
    fingerprint = key.document.fingerprint_sha256_hex
    if as_json:
        print_json({"workspace": str(directory), "key_id": key_id, "fingerprint": fingerprint})
    else:
        print_line(f"{key_id}  {fingerprint}")
    tell(f"workspace ready in {directory}: read pith.toml, then run 'pithbuilder mint FILE --workspace {directory}'")
    if profile.is_placeholder:
        tell(f"note: {base_url} is a placeholder; set base_url in pith.toml before you mint for others")
