"""``pithbuilder init``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option, no_passphrase_option, passphrase_file_option
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.cli.passphrase import new_passphrase
from pithbuilder.core.timestamps import SystemClock
from pithbuilder.documents.key_document import fingerprint_hex
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.stores.workspace import Workspace, check_key_id

_OTHER_THAN_KEY_NAME: Final = re.compile(r"[^a-z0-9._-]+")
_LONGEST_NAME: Final = 56  # leaves room for the month in the 64 characters of a key id


@click.command("init", context_settings=CONTEXT_SETTINGS)
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--base-url",
    default="https://registry.example",
    show_default=True,
    help="Where the mirror will be published, without a slash at the end.",
)
@click.option("--signer-id", help="The issuer's name in events.  [default: the host of --base-url]")
@click.option("--name", help="The mirror's name, for people.  [default: the signer id]")
@click.option("--key-id", help="The new key's name.  [default: the signer id and the month]")
@click.option("--old-snapshots", is_flag=True, help="Leave the integrity block out, as before June 2026.")
@passphrase_file_option
@no_passphrase_option
@json_option
def command(
    directory: Path,
    base_url: str,
    signer_id: str | None,
    name: str | None,
    key_id: str | None,
    old_snapshots: bool,
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
        signer_id=signer, mirror_name=name or signer, base_url=base_url, integrity=not old_snapshots
    )
    key_id = check_key_id(key_id or f"{_key_name(signer)}-{SystemClock().now():%Y-%m}")
    Workspace.check_free(directory)
    passphrase = new_passphrase(passphrase_file, no_passphrase)
    key = PrivateKey.generate()
    Workspace.create(directory, profile, key_id, key, passphrase)
    fingerprint = fingerprint_hex(key.public_key.raw)
    if as_json:
        print_json({"workspace": str(directory), "key_id": key_id, "fingerprint": fingerprint})
    else:
        print_line(f"{key_id}  {fingerprint}")
    tell(f"workspace ready in {directory}: read pith.toml, then run 'pithbuilder mint FILE --workspace {directory}'")
    if profile.is_placeholder:
        tell(f"note: {base_url} is a placeholder; set base_url in pith.toml before you mint for others")


def _key_name(signer_id: str) -> str:
    """Make a signer id the beginning of a key id, which takes fewer characters."""
    name = _OTHER_THAN_KEY_NAME.sub("-", signer_id.lower()).lstrip("._-")[:_LONGEST_NAME]
    return name.rstrip("._-") or "key"
