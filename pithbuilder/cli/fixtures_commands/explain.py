"""``pithbuilder fixtures explain``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.fixtures_commands.options import corpus_option
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option
from pithbuilder.cli.output import print_json, print_line
from pithbuilder.fixtures.corpus.files import find_vector, read_corpus
from pithbuilder.fixtures.explain import Explanation, explain_code, explain_vector
from pithbuilder.fixtures.format_document import code_list
from pithbuilder.stores.corpus_tree import CorpusTree


@click.command("explain", context_settings=CONTEXT_SETTINGS)
@click.argument("name", metavar="ID|CODE")
@corpus_option
@json_option
def command(name: str, corpus: Path, as_json: bool) -> None:
    """Explain one vector, or one code: what it shows, and by which rule."""
    vectors = read_corpus(CorpusTree(corpus))
    is_code = "/" not in name and name in code_list()
    explanation = explain_code(name, vectors) if is_code else explain_vector(find_vector(vectors, name))
    if as_json:
        print_json(explanation.to_dict())
    else:
        _print(explanation)


def _print(explanation: Explanation) -> None:
    print_line(explanation.name)
    print_line(f"  {explanation.purpose}")
    for title, text in explanation.facts:
        print_line(f"  {title:<11}{text}")
    for heading, text in explanation.rules:
        print_line("")
        print_line(heading)
        for line in text.splitlines():
            print_line(f"  {line}" if line else "")
