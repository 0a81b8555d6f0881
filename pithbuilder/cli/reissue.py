"""``pithbuilder reissue``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import click

from pithbuilder.bulk.reissue import Reissuer, ReissueResult
from pithbuilder.bulk.stored import find_rows
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    json_option,
    out_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.session import issuing, looking_ahead, report_results
from pithbuilder.cli.times import clock_at
from pithbuilder.stores.ledger import Ledger, LedgerRow
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.stores.workspace import Workspace


@click.command("reissue", context_settings=CONTEXT_SETTINGS)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "all_ids", is_flag=True, help="Sign every bundle again.")
@workspace_option
@out_option
@clock_option
@click.option("--dry-run", is_flag=True, help="Say what would be signed again; no key, nothing written.")
@passphrase_file_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    ids: tuple[str, ...],
    all_ids: bool,
    workspace: Path,
    out: Path | None,
    clock: datetime | None,
    dry_run: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Sign bundles again with the key that signs now.

    After a change of keys every bundle rests on the new key from then on. ID is a Pith Number, its suffix or an
    arXiv identifier, with or without a version. Number, record and the time of the first computation stay; a new
    record_created event supersedes the old one. A bundle that rests on the key that signs is left as it is, so that
    an interrupted run can be run again.
    """
    if all_ids == bool(ids):
        raise click.UsageError("Name the bundles by ID, or say --all.")
    opened = Workspace.open(workspace)
    tree, chosen = MirrorTree(opened.out if out is None else out), clock_at(clock)
    if dry_run:
        with looking_ahead(opened, tree) as ledger:
            reissuer = Reissuer(None, chosen, ledger, tree, opened.keys.load_chain())
            failed = _report(reissuer.reissue_all(_rows(ledger, ids)), as_json)
        ctx.exit(1 if failed else 0)
    with issuing(opened, tree, chosen, passphrase_file) as session:
        reissuer = Reissuer(session.issuer, chosen, session.ledger, tree, session.chain)
        failed = _report(reissuer.reissue_all(_rows(session.ledger, ids)), as_json)
    ctx.exit(1 if failed else 0)


def _rows(ledger: Ledger, ids: tuple[str, ...]) -> Iterator[LedgerRow]:
    if not ids:
        yield from list(ledger.rows())  # the ledger is written to meanwhile
    for name in ids:
        yield from find_rows(ledger, name)


def _report(results: Iterable[ReissueResult], as_json: bool) -> int:
    return report_results(results, as_json, line=_line, idle="reissued 0")


def _line(result: ReissueResult) -> str:
    if result.error is not None:
        return ""
    row = result.row
    return f"{result.status.value:<13}  {row.pith_number}  {row.source_id}v{row.source_version}"
