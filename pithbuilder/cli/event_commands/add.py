"""``pithbuilder event add``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from pithbuilder.cli.event_commands.extending import bundle_argument, extending, report
from pithbuilder.cli.event_commands.families import EventDraft, family_commands, linked, payload_of
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    json_option,
    keyring_option,
    passphrase_file_option,
    trust_option,
    workspace_option,
)


@click.group("add", context_settings=CONTEXT_SETTINGS)
def command() -> None:
    """Add an event of this workspace's signer to a bundle.

    The bundle is merged and signed again; every event that was there stays, byte for byte. A bundle in the
    workspace's mirror is written with everything that follows from it; one elsewhere is written in place.
    """


def _add(
    draft: EventDraft,
    *,
    bundle_path: Path,
    workspace: Path,
    clock: datetime | None,
    trust: tuple[Path, ...],
    keyrings: tuple[Path, ...],
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    with extending(bundle_path, workspace, clock, trust, keyrings, passphrase_file) as (extender, place, bundle):
        draft = linked(draft, bundle)
        payload = payload_of(draft, bundle, extender.builder_version)
        extended = extender.add_own(
            place, bundle, draft.event_type, payload, supersedes=draft.supersedes, prev_event=draft.prev_event
        )
    report(extended, as_json)


for _made in family_commands(
    [
        bundle_argument,
        workspace_option,
        clock_option,
        trust_option,
        keyring_option,
        passphrase_file_option,
        json_option,
    ],
    _add,
    "Add an event",
):
    command.add_command(_made)
