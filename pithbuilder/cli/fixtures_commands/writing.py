"""How the commands of ``pithbuilder fixtures`` write files."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.fixtures.corpus.check import WritePlan
from pithbuilder.stores.corpus_tree import CorpusTree


def carry_out(tree: CorpusTree, steps: WritePlan, *, last: str) -> None:
    """Write and remove what a plan says.

    Args:
        tree: Where.
        steps: What.
        last: The file that is written after all others.

    Raises:
        StoreError: ``write-failed``.
    """
    for path in steps.remove:
        tree.remove(path)
    for path, data in sorted(steps.write.items(), key=lambda item: (item[0] == last, item[0])):
        tree.write(path, data)


def refuse_inside(path: Path, corpus: Path, option: str) -> None:
    """Refuse an output that would become a part of a corpus, or take the place of one.

    Raises:
        click.BadParameter: It would.
    """
    if path.resolve().is_relative_to(corpus.resolve()):
        raise click.BadParameter(f"{path} is inside the corpus, which is not written to", param_hint=option)
