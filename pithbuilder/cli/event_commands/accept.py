"""``pithbuilder event accept``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from pithbuilder.bulk.arriving import read_all_arriving
from pithbuilder.cli.event_commands.extending import bundle_argument, extending, report
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    json_option,
    keyring_option,
    passphrase_file_option,
    trust_option,
    workspace_option,
)
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES
from pithbuilder.stores.atomic import read_file


@click.command("accept", context_settings=CONTEXT_SETTINGS)
@bundle_argument
@click.argument(
    "arriving",
    metavar="EVENT...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@workspace_option
@clock_option
@trust_option
@keyring_option
@passphrase_file_option
@json_option
def command(
    bundle_path: Path,
    arriving: tuple[Path, ...],
    workspace: Path,
    clock: datetime | None,
    trust: tuple[Path, ...],
    keyrings: tuple[Path, ...],
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Take events that others have signed into a bundle.

    EVENT is what 'pithbuilder event sign' has printed, or another bundle of the same number: then its events are
    taken that are not there yet. All of them go in, or none.
    """
    with extending(bundle_path, workspace, clock, trust, keyrings, passphrase_file) as (extender, place, bundle):
        files = ((str(path), read_file(path, MAX_DOCUMENT_BYTES)) for path in arriving)
        extended = extender.accept(place, bundle, read_all_arriving(files))
    report(extended, as_json)
