"""``pithbuilder fixtures generate``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.fixtures_commands.options import CORPUS
from pithbuilder.cli.fixtures_commands.writing import carry_out
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.fixtures.corpus.check import plan
from pithbuilder.fixtures.corpus.files import MANIFEST, generate
from pithbuilder.stores.corpus_tree import CorpusTree


@click.command("generate", context_settings=CONTEXT_SETTINGS)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=CORPUS,
    show_default=True,
    help="Where to; a corpus that is there is brought up to date.",
)
@click.option("--discard-edits", is_flag=True, help="Write over files of the corpus that were edited by hand.")
@json_option
def command(out: Path, discard_edits: bool, as_json: bool) -> None:
    """Write the corpus: vectors for verifiers, resolvers and mirrors in other languages.

    It is the same to the byte on every machine. Files that no generation has written are never touched, and those that
    were edited by hand since only with --discard-edits. What an earlier generation wrote, and no case makes any more,
    is removed. One that was interrupted is taken up where it stopped.
    """
    tree = CorpusTree(out)
    files = generate()
    with tree.lock():
        steps = plan(tree, files, discard_edits=discard_edits)
        for path in steps.left:
            tell(f"note: {out / path} is no part of the corpus, and is left as it is")
        carry_out(tree, steps, last=MANIFEST)  # what is listed comes first
    if as_json:
        print_json({"files": len(files), "written": len(steps.write), "removed": len(steps.remove)})
    else:
        print_line(f"{len(files)} files in {out}: {len(steps.write)} written, {len(steps.remove)} removed")
