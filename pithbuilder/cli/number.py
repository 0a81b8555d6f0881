"""``pithbuilder number``."""

from __future__ import annotations

from typing import BinaryIO

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS, input_argument, json_option
from pithbuilder.cli.output import complain, print_json
from pithbuilder.errors import FormatError
from pithbuilder.issuing.derivation import describe_number
from pithbuilder.sources.records import read_records


@click.command("number", context_settings=CONTEXT_SETTINGS)
@input_argument
@json_option
@click.pass_context
def command(ctx: click.Context, file: BinaryIO, as_json: bool) -> None:
    """Derive Pith Numbers and aliases from canonical records.

    FILE holds canonical records, one JSON object or JSON Lines; - is standard input. Each gives one line of JSON:
    canonical_sha256, pith_number, short_pith_number, aliases. The output is JSON with or without --json.
    """
    failed = 0
    for item in read_records(file, file.name):
        try:
            if item.record is not None:
                print_json(describe_number(item.record))
                continue
        except FormatError as error:
            error.where = f"{item.place}: {error.where}"
            complain(error)
        if item.error is not None:
            complain(item.error)
        failed += 1
    ctx.exit(1 if failed else 0)
