"""``pithbuilder sign-credential``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    input_argument,
    instant_option,
    json_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.output import print_json
from pithbuilder.cli.passphrase import key_access
from pithbuilder.cli.times import clock_at
from pithbuilder.core.timestamps import format_seconds
from pithbuilder.custody.signers import open_signer
from pithbuilder.documents.mirror import SIGNING_KEY_PATH
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES, parse_object
from pithbuilder.interop.data_integrity import sign_credential
from pithbuilder.interop.did_web import did_web_method
from pithbuilder.interop.multikey import did_key_method
from pithbuilder.stores.workspace import Workspace
from pithbuilder.verify.key_chain import ChainKey

_DID_KEY, _DID_WEB = "did:key", "did:web"


def _address(key: ChainKey) -> str:
    """Return the address at which the key is published: it is in the key's document, whatever the profile says now."""
    return key.entry.key.url.removesuffix(f"/{SIGNING_KEY_PATH}")


@click.command("sign-credential", context_settings=CONTEXT_SETTINGS)
@input_argument
@workspace_option
@click.option(
    "--method",
    type=click.Choice([_DID_KEY, _DID_WEB]),
    default=_DID_KEY,
    show_default=True,
    help="How the proof names the key: by itself, or by the issuer's address ('keys export --format did-web').",
)
@instant_option("--created", "The proof's time, such as 2026-05-18T00:15:26Z.  [default: now]")
@passphrase_file_option
@json_option
def command(
    file: BinaryIO,
    workspace: Path,
    method: str,
    created: datetime | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Sign a credential or record document (W3C Data Integrity).

    FILE is one JSON object, - is standard input; it gets a proof with the cryptosuite eddsa-jcs-2022. The signed
    document goes to standard output, as JSON with or without --json; 'pithbuilder verify' checks it.
    """
    opened = Workspace.open(workspace)
    value = parse_object(file.read(MAX_DOCUMENT_BYTES + 1), where=file.name)
    clock = clock_at(created)
    active = opened.signing_key(opened.keys.load_chain(), clock)
    named = did_key_method(active.key) if method == _DID_KEY else did_web_method(_address(active), active.key_id)
    with open_signer(opened.keys, active.key_id, key_access(passphrase_file)) as signer:
        signed = sign_credential(value, signer, verification_method=named, created=format_seconds(clock.now()))
    print_json(signed)
