"""``pithbuilder mint``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import click

from pithbuilder.bulk.gather import WantedVersion, gather_papers
from pithbuilder.bulk.mint import Minter, MintResult, plan_mint
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    complete_from_option,
    ids_option,
    json_option,
    out_option,
    passphrase_file_option,
    sources_argument,
    workspace_option,
)
from pithbuilder.cli.output import tell
from pithbuilder.cli.session import issuing, looking_ahead, report_results
from pithbuilder.cli.times import clock_at
from pithbuilder.core.pith_number import DEFAULT_SHORT_LENGTH
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.stores.workspace import Workspace


@click.command("mint", context_settings=CONTEXT_SETTINGS)
@sources_argument
@complete_from_option
@ids_option("--id", "Mint these papers only; with a version (…v2) that version or none.")
@workspace_option
@out_option
@clock_option
@click.option("--dry-run", is_flag=True, help="Say what would be minted; no key, nothing written.")
@passphrase_file_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[Path, ...],
    complete_from: tuple[Path, ...],
    wanted: tuple[WantedVersion, ...],
    workspace: Path,
    out: Path | None,
    clock: datetime | None,
    dry_run: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Mint papers: write signed bundles into a mirror.

    Sources are told apart by their content: arXiv's snapshot (JSON Lines), OAI-PMH (arXivRaw or arXiv), Atom, and
    what 'pithbuilder harvest' wrote; as they are, in .gz or .zst, or in a directory; - is standard input. A paper
    that was minted before keeps its number, receipt and times, and no byte of it is written again; changed text
    under the same identifier and version is reported as drift and not minted. One bad record does not stop the
    others.
    """
    opened = Workspace.open(workspace)
    records = gather_papers(sources, complete_from=complete_from, wanted=wanted)
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
    if result.deleted_id:
        return f"{result.status.value:<10}  {result.deleted_id} at its source"
    if result.paper is None or result.pith_number is None:
        return ""
    return f"{result.status.value:<10}  {result.pith_number}  {result.paper.arxiv_id}v{result.paper.version}"


def _note(result: MintResult) -> str:
    if result.pith_number is None or result.short_length <= DEFAULT_SHORT_LENGTH:
        return ""
    short = result.pith_number.short_form(result.short_length)
    return f"note: {result.pith_number}: a shorter alias is taken; its short number is {short}"
