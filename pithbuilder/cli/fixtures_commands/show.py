"""``pithbuilder fixtures show``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.fixtures_commands.options import corpus_option
from pithbuilder.cli.options import CONTEXT_SETTINGS
from pithbuilder.cli.output import print_bytes, print_json
from pithbuilder.fixtures.conformance.protocol import request_line
from pithbuilder.fixtures.conformance.questions import question_of
from pithbuilder.fixtures.corpus.files import find_vector, read_corpus
from pithbuilder.fixtures.vectors.spelling import FileNames, spell_vector
from pithbuilder.stores.corpus_tree import CorpusTree


@click.command("show", context_settings=CONTEXT_SETTINGS)
@click.argument("vector_id", metavar="ID")
@corpus_option
@click.option("--request", is_flag=True, help="Print the line that a tool is asked, every byte string written out.")
def command(vector_id: str, corpus: Path, request: bool) -> None:
    """Print one vector.

    It is one line of JSON: the vector as the corpus spells it, or the request as a tool is asked it.
    """
    vector = find_vector(read_corpus(CorpusTree(corpus)), vector_id)
    if request:
        print_bytes(request_line(question_of(vector)))
    else:
        print_json(spell_vector(vector, FileNames()))
