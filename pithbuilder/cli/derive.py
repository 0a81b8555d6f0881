"""``pithbuilder derive``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.bulk.gather import WantedVersion, gather_papers
from pithbuilder.cli.options import CONTEXT_SETTINGS, complete_from_option, ids_option, json_option, sources_argument
from pithbuilder.cli.output import complain, print_json, tell
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.issuing.derivation import describe_record


@click.command("derive", context_settings=CONTEXT_SETTINGS)
@sources_argument
@complete_from_option
@ids_option("--id", "Derive these papers only; with a version (…v2) that version or none.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[Path, ...],
    complete_from: tuple[Path, ...],
    wanted: tuple[WantedVersion, ...],
    as_json: bool,
) -> None:
    """Derive canonical records and Pith Numbers from paper metadata.

    Sources are those of 'pithbuilder mint'. Each paper gives one line of JSON: the canonical record, its digest,
    number and aliases. No key is needed. The output is JSON with or without --json.
    """
    derived = failed = 0
    for item in gather_papers(sources, complete_from=complete_from, wanted=wanted):
        if item.paper is None:
            if item.error is not None:
                failed += 1
                complain(item.error)
            else:
                tell(f"note: {item.deleted_id} is deleted at its source")
            continue
        derived += 1
        print_json(describe_record(CanonicalRecord.derive(item.paper)))
    tell(f"derived {derived}, failed {failed}")
    ctx.exit(1 if failed else 0)
