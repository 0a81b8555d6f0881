"""``pithbuilder fixtures generate``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.fixtures_commands.options import CORPUS
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.fixtures.corpus.check import Drift, check, plan
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
@json_option
def command(out: Path, as_json: bool) -> None:
    """Write the corpus: vectors for verifiers, resolvers and mirrors in other languages.

    It is the same to the byte on every machine. Files that no generation has written are never touched; what an
    earlier one wrote, and no case makes any more, is removed.
    """
    tree = CorpusTree(out)
    files = generate()
    steps = plan(tree, files)
    for item in check(tree, files) if MANIFEST in set(tree.paths()) else ():
        if item.drift is Drift.EDITED:
            tell(f"note: {out / item.path} was edited by hand, and is written again")
    for path in steps.left:
        tell(f"note: {out / path} is no part of the corpus, and is left as it is")
    for path in steps.remove:
        tree.remove(path)
    for path, data in sorted(steps.write.items(), key=lambda item: item[0] == MANIFEST):  # what is listed comes first
        tree.write(path, data)
    if as_json:
        print_json({"files": len(files), "written": len(steps.write), "removed": len(steps.remove)})
    else:
        print_line(f"{len(files)} files in {out}: {len(steps.write)} written, {len(steps.remove)} removed")
