"""``pithbuilder fixtures new``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS
from pithbuilder.cli.output import print_text, tell
from pithbuilder.fixtures.scaffold import module_head, scaffold
from pithbuilder.fixtures.vectors.collect import collect
from pithbuilder.fixtures.vectors.families import family_of
from pithbuilder.stores.atomic import is_taken, read_file, write_file

_LONGEST_MODULE = 2**20


@click.command("new", context_settings=CONTEXT_SETTINGS)
@click.argument("vector_id", metavar="FAMILY/NAME")
@click.option("--rule", required=True, metavar="NUMBER", help="The section of the format document that decides.")
@click.option("--operation", metavar="NAME", help="What is asked.  [default: the family's first]")
@click.option("--code", metavar="CODE", help="The code of what is invalid; without it the vector is valid.")
@click.option(
    "--module",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Add it to this module, which is made if need be.  [default: print it]",
)
def command(vector_id: str, rule: str, operation: str | None, code: str | None, module: Path | None) -> None:
    """Begin the case of a new vector.

    Prints the function, or adds it to a module of pithbuilder/fixtures/cases/FAMILY/. What is to be filled in is
    marked by '...', and 'generate' does not take it before that is done.
    """
    family_name, slash, name = vector_id.partition("/")
    if not slash:
        raise click.BadParameter("expected FAMILY/NAME, such as bundles/link-to-another-host", param_hint="FAMILY/NAME")
    family = family_of(family_name)
    source = scaffold(family, name, rule, operation or family.operations[0], code)
    if any(vector.id == vector_id for vector in collect([family])):
        raise click.BadParameter(f"there is a vector {vector_id} already", param_hint="FAMILY/NAME")
    if module is None:
        print_text(source)
        return
    before = read_file(module, _LONGEST_MODULE).decode() if is_taken(module) else module_head(family)
    write_file(module, f"{before.rstrip()}\n\n\n{source}".encode())
    tell(f"added to {module}; fill it in, then run 'pithbuilder fixtures generate'")
