"""``pithbuilder diff``."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from pithbuilder.cli.difference_text import difference_lines
from pithbuilder.cli.merged_again import merged_again
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option, keyring_option, trust_option
from pithbuilder.cli.output import print_json, print_text
from pithbuilder.documents.state import State
from pithbuilder.merge.difference import Side, compare, refuse_other_numbers
from pithbuilder.stores.graph_files import read_bundle_or_state
from pithbuilder.stores.key_files import pinned_keyring

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("diff", context_settings=CONTEXT_SETTINGS)
@click.argument("first", metavar="A", type=_FILE)
@click.argument("second", metavar="B", type=_FILE)
@click.option("--exit-code", "exit_code", is_flag=True, help="End with status 1 where the two differ.")
@trust_option
@keyring_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    first: Path,
    second: Path,
    exit_code: bool,
    trust: tuple[Path, ...],
    keyrings: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Tell what two bundles or states of one number say differently.

    Events are compared by what they are and what has become of them, not by their order; a bundle's events are judged
    and merged again. A bundle that was only signed again is told as such. Against a state, which has no events and no
    signatures, a bundle is its own state.
    """
    keyring = pinned_keyring(*trust, followed=keyrings)
    paths = (first, second)
    read = [read_bundle_or_state(path) for path in paths]
    refuse_other_numbers((document.content.pith_number for document, _ in read), [str(path) for path in paths])
    sides = [
        Side(
            document=document,
            state=document.content if isinstance(document, State) else merged_again(path, document, keyring),
            data=data,
        )
        for path, (document, data) in zip(paths, read, strict=True)
    ]
    difference = compare(*sides)
    if as_json:
        print_json(difference.to_dict())
    else:
        lines = difference_lines(difference, shutil.get_terminal_size().columns)
        print_text("".join(f"{line}\n" for line in lines))
    ctx.exit(1 if exit_code and not difference.relation.says_the_same else 0)
