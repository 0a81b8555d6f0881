"""``pithbuilder fixtures list``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.fixtures_commands.options import corpus_option, families_option
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.fixtures.corpus.files import read_corpus
from pithbuilder.fixtures.vectors.vector import FLAGS, Vector
from pithbuilder.stores.corpus_tree import CorpusTree


@click.command("list", context_settings=CONTEXT_SETTINGS)
@corpus_option
@families_option
@click.option("--code", "codes", metavar="CODE", multiple=True, help="Only vectors that decide this code.")
@click.option("--rule", "rules", metavar="NUMBER", multiple=True, help="Only vectors of this section, or below it.")
@click.option("--flag", "flags", multiple=True, type=click.Choice(list(FLAGS)), help="Only vectors with this flag.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    corpus: Path,
    families: tuple[str, ...],
    codes: tuple[str, ...],
    rules: tuple[str, ...],
    flags: tuple[str, ...],
    as_json: bool,
) -> None:
    """List vectors.

    Each line has the id, the answer and the purpose. Exit status 1 where none is found.
    """
    found = [
        vector
        for vector in read_corpus(CorpusTree(corpus))
        if (not families or vector.family in families)
        and (not codes or set(codes) & set(vector.decided_codes()))
        and (not rules or any(_is_below(vector.rule, rule) for rule in rules))
        and set(flags) <= set(vector.flags)
    ]
    width = max((len(vector.id) for vector in found), default=0)
    for vector in found:
        if as_json:
            print_json(
                {
                    "id": vector.id,
                    "purpose": vector.purpose,
                    "rule": vector.rule,
                    "operation": vector.operation,
                    "result": vector.expect.result,
                    "codes": list(dict.fromkeys(vector.decided_codes())),
                    "flags": list(vector.flags),
                }
            )
        else:
            print_line(f"{vector.id:<{width}}  {_answer(vector)}  {vector.purpose}")
    tell(f"{len(found)} vectors, {sum(vector.is_negative for vector in found)} negative")
    ctx.exit(0 if found else 1)


def _is_below(rule: str, section: str) -> bool:
    return rule == section or rule.startswith(f"{section}.")


def _answer(vector: Vector) -> str:
    return vector.expect.code or vector.expect.result
