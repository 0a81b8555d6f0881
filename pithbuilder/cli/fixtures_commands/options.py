"""Options that several commands of ``pithbuilder fixtures`` have."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from pithbuilder.fixtures.vectors.families import FAMILIES

CORPUS: Final = Path("tests/corpus")

corpus_option = click.option(
    "--corpus",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=CORPUS,
    show_default=True,
    help="What 'pithbuilder fixtures generate' wrote.",
)

families_option = click.option(
    "--family",
    "families",
    metavar="NAME",
    multiple=True,
    type=click.Choice([family.name for family in FAMILIES]),
    help="Only the vectors of this family; may be given several times.  [default: all]",
)
