"""``pithbuilder fixtures check``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from pithbuilder.cli.fixtures_commands.options import corpus_option
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.fixtures.corpus.check import Drift, DriftedFile, check
from pithbuilder.fixtures.corpus.files import GENERATE, generate
from pithbuilder.stores.corpus_tree import CorpusTree


@click.command("check", context_settings=CONTEXT_SETTINGS)
@corpus_option
@json_option
@click.pass_context
def command(ctx: click.Context, corpus: Path, as_json: bool) -> None:
    """Compare a corpus with what is generated, byte for byte.

    Every file that is missing, extra, stale or edited by hand is named. Exit status 1 where there is one.
    """
    files = generate()
    drifted = check(CorpusTree(corpus), files)
    for item in drifted:
        if as_json:
            told: JsonObject = {"path": item.path, "drift": item.drift.value}
            print_json(told if item.at is None else {**told, "at": item.at})
        else:
            place = "" if item.at is None else f"  from byte {item.at}"
            print_line(f"{item.drift.value:<8} {item.path}{place}")
    if not drifted:
        tell(f"{len(files)} files are as they were generated")
        return
    _tell_what_mends_it(corpus, drifted)
    ctx.exit(1)


def _tell_what_mends_it(corpus: Path, drifted: list[DriftedFile]) -> None:
    for item in drifted:
        if item.in_the_way:
            tell(f"no generation replaces {corpus / item.path}: move it away first")
    if any(item.drift is not Drift.EXTRA for item in drifted):
        are_edited = any(item.drift is Drift.EDITED and not item.in_the_way for item in drifted)
        option = " --discard-edits" if are_edited else ""
        tell(f"to mend it: {GENERATE} {shlex.quote(str(corpus))}{option}")
    if any(item.drift is Drift.EXTRA for item in drifted):
        tell("extra files are removed by whoever put them there; what an earlier generation wrote, by generating again")
