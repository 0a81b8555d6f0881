"""``pithbuilder fixtures lint``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.fixtures_commands.options import corpus_option
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.fixtures.corpus.lint import lint
from pithbuilder.stores.corpus_tree import CorpusTree


@click.command("lint", context_settings=CONTEXT_SETTINGS)
@corpus_option
@json_option
@click.pass_context
def command(ctx: click.Context, corpus: Path, as_json: bool) -> None:
    """Hold a corpus against its schemas, its names, its files and the list of codes.

    Needs the extra 'fixtures'. Exit status 1 where something is wrong.
    """
    faults = lint(CorpusTree(corpus))
    for fault in faults:
        if as_json:
            print_json({"code": fault.code, "where": fault.where, "message": fault.message})
        else:
            print_line(f"{fault.where}: {fault.message} [{fault.code}]")
    tell(f"{len(faults)} faults" if faults else "nothing is wrong with the corpus")
    ctx.exit(1 if faults else 0)
