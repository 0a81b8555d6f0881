"""``pithbuilder event add``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from pithbuilder.bulk.extend import Extended, Extender, refuse_other_mirror
from pithbuilder.cli.event_commands.payloads import EventDraft, family_commands, linked, payload_of
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    json_option,
    keyring_option,
    passphrase_file_option,
    trust_option,
    workspace_option,
)
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.cli.session import issuing
from pithbuilder.cli.times import clock_at
from pithbuilder.documents.bundle import Bundle
from pithbuilder.stores.bundle_place import BundlePlace
from pithbuilder.stores.key_files import pinned_keyring
from pithbuilder.stores.workspace import Workspace

bundle_argument = click.argument(
    "bundle_path", metavar="BUNDLE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@click.group("add", context_settings=CONTEXT_SETTINGS)
def add() -> None:
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


@contextmanager
def extending(
    bundle_path: Path,
    workspace: Path,
    clock: datetime | None,
    trust: tuple[Path, ...],
    keyrings: tuple[Path, ...],
    passphrase_file: Path | None,
) -> Iterator[tuple[Extender, BundlePlace, Bundle]]:
    """Hold the workspace for extending one bundle; give what extends it, its place and the bundle."""
    opened, place, chosen = Workspace.open(workspace), BundlePlace.of(bundle_path), clock_at(clock)
    refuse_other_mirror(place, opened.keys.load_chain())
    keyring = pinned_keyring(*trust, followed=keyrings)
    with issuing(opened, place.tree, chosen, passphrase_file) as session:
        extender = Extender(session.issuer, chosen, session.ledger, session.chain, keyring)
        yield extender, place, extender.load(place)


def report(extended: Extended, as_json: bool) -> None:
    """Print what became of each event that was new to a bundle."""
    number = extended.bundle.content.pith_number
    for entry in extended.added:
        event_type = entry.event.content.event_type
        if as_json:
            print_json(
                {
                    "status": "added",
                    "pith_number": number,
                    "event_id": entry.event_id,
                    "event_type": event_type,
                    "standing": entry.standing.value,
                }
            )
        else:
            print_line(f"added  {entry.event_id}  {event_type}  {entry.standing.value}")
    if extended.unchanged:
        tell("nothing new: the bundle has these events already")


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
    add.add_command(_made)
