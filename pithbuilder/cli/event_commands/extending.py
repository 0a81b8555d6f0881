"""What ``event add`` and ``event accept`` share: the workspace that is held, and what is told afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from pithbuilder.bulk.extend import Extended, Extender
from pithbuilder.bulk.trusted import refuse_other_mirror
from pithbuilder.cli.output import print_json, print_line, tell, tell_unknown
from pithbuilder.cli.session import issuing
from pithbuilder.cli.times import clock_at
from pithbuilder.documents.bundle import Bundle
from pithbuilder.stores.bundle_place import BundlePlace
from pithbuilder.stores.key_files import pinned_keyring
from pithbuilder.stores.workspace import Workspace

bundle_argument = click.argument(
    "bundle_path", metavar="BUNDLE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


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
    tell_unknown(extended.unknown_signers)
    if extended.unchanged:
        tell("nothing new: the bundle has these events already")
