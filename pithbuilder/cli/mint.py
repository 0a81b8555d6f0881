"""``pithbuilder mint``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from pithbuilder.bulk.mint import Minter, MintResult, plan_mint
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    input_argument,
    json_option,
    out_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.output import tell
from pithbuilder.cli.session import issuing, looking_ahead, report_results
from pithbuilder.cli.times import clock_at
from pithbuilder.core.pith_number import DEFAULT_SHORT_LENGTH
from pithbuilder.sources.snapshot import read_snapshot
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.stores.workspace import Workspace


@click.command("mint", context_settings=CONTEXT_SETTINGS)
@input_argument
@workspace_option
@out_option
@clock_option
@click.option("--dry-run", is_flag=True, help="Say what would be minted; no key, nothing written.")
@passphrase_file_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    file: BinaryIO,
    workspace: Path,
    out: Path | None,
    clock: datetime | None,
    dry_run: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Mint papers: write signed bundles into a mirror.

    FILE is an arXiv metadata snapshot (JSON Lines), - is standard input. A paper that was minted before keeps its
    number, receipt and times, and no byte of it is written again; changed text under the same identifier and
    version is reported as drift and not minted. One bad line does not stop the others.
    """
    opened = Workspace.open(workspace)
    records = read_snapshot(file, file.name)
    tree = MirrorTree(opened.out if out is None else out)
    if dry_run:
        with looking_ahead(opened, tree) as ledger:
            failed = _report(plan_mint(records, ledger), as_json)
        ctx.exit(1 if failed else 0)
    chosen = clock_at(clock)
    if opened.profile.is_placeholder:
        tell(f"note: base_url is still the placeholder {opened.profile.base_url}")
    with issuing(opened, tree, chosen, passphrase_file) as session:
        minter = Minter(session.issuer, chosen, session.ledger, tree, session.chain)
        failed = _report(minter.mint_all(records), as_json)
        minter.write_manifest()
    ctx.exit(1 if failed else 0)


def _report(results: Iterable[MintResult], as_json: bool) -> int:
    return report_results(results, as_json, line=_line, idle="minted 0", note=_note)


def _line(result: MintResult) -> str:
    if result.paper is None or result.pith_number is None:
        return ""
    return f"{result.status.value:<10}  {result.pith_number}  {result.paper.arxiv_id}v{result.paper.version}"


def _note(result: MintResult) -> str:
    if result.pith_number is None or result.short_length <= DEFAULT_SHORT_LENGTH:
        return ""
    short = result.pith_number.short_form(result.short_length)
    return f"note: {result.pith_number}: a shorter alias is taken; its short number is {short}"
