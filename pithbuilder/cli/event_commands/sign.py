"""``pithbuilder event sign``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from pithbuilder.bulk.trusted import load_bundle_to_sign
from pithbuilder.cli.event_commands.extending import bundle_argument
from pithbuilder.cli.event_commands.families import EventDraft, family_commands, linked, payload_of
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    keyring_option,
    passphrase_file_option,
    trust_option,
    workspace_option,
)
from pithbuilder.cli.output import print_json
from pithbuilder.cli.passphrase import key_access
from pithbuilder.cli.times import clock_at
from pithbuilder.custody.signers import open_signer
from pithbuilder.documents.detached_event import DetachedEvent
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.stores.atomic import read_file
from pithbuilder.stores.key_files import pinned_keyring
from pithbuilder.stores.workspace import Workspace


@click.group("sign", context_settings=CONTEXT_SETTINGS)
def command() -> None:
    """Sign an event for a bundle that somebody else signs.

    The signed event goes to standard output, together with the key, as one JSON object: hand it to the registry,
    which takes it in with 'pithbuilder event accept'. BUNDLE is only read; of an invalid one nothing is signed.
    """


def _sign(
    draft: EventDraft,
    *,
    bundle_path: Path,
    workspace: Path,
    clock: datetime | None,
    trust: tuple[Path, ...],
    keyrings: tuple[Path, ...],
    passphrase_file: Path | None,
) -> None:
    opened, chosen = Workspace.open(workspace), clock_at(clock)
    data = read_file(bundle_path, MAX_DOCUMENT_BYTES)
    bundle = load_bundle_to_sign(data, pinned_keyring(*trust, followed=keyrings), str(bundle_path))
    draft = linked(draft, bundle)
    payload = payload_of(draft, bundle, opened.profile.builder_version)
    active = opened.signing_key(opened.keys.load_chain(), chosen)
    with open_signer(opened.keys, active.key_id, key_access(passphrase_file)) as signer:
        issuer = Issuer(opened.profile, signer, chosen, key_document=active.entry.key)
        event = issuer.sign_event(
            bundle,
            draft.event_type,
            payload,
            at=chosen.now(),
            supersedes=draft.supersedes,
            prev_event=draft.prev_event,
        )
    print_json(DetachedEvent(event=event, public_key=active.entry.key).to_dict())


for _made in family_commands(
    [bundle_argument, workspace_option, clock_option, trust_option, keyring_option, passphrase_file_option],
    _sign,
    "Sign an event",
):
    command.add_command(_made)
