"""``pithbuilder derive``."""

from __future__ import annotations

from typing import BinaryIO

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS, input_argument, json_option
from pithbuilder.cli.output import complain, print_json, tell
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.issuing.derivation import describe_record
from pithbuilder.sources.snapshot import read_snapshot


@click.command("derive", context_settings=CONTEXT_SETTINGS)
@input_argument
@json_option
@click.pass_context
def command(ctx: click.Context, file: BinaryIO, as_json: bool) -> None:
    """Derive canonical records and Pith Numbers from paper metadata.

    FILE is an arXiv metadata snapshot (JSON Lines), - is standard input. Each paper gives one line of JSON: the
    canonical record, its digest, number and aliases. No key is needed. The output is JSON with or without --json.
    """
    derived = failed = 0
    for item in read_snapshot(file, file.name):
        if item.paper is None:
            failed += 1
            if item.error is not None:
                complain(item.error)
            continue
        derived += 1
        print_json(describe_record(CanonicalRecord.derive(item.paper)))
    tell(f"derived {derived}, failed {failed}")
    ctx.exit(1 if failed else 0)
