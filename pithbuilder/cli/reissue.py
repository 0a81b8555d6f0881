"""``pithbuilder reissue``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import click

from pithbuilder.bulk.reissue import Reissuer, ReissueResult
from pithbuilder.bulk.stored import find_rows, recover_ledger
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    json_option,
    out_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.output import complain, json_line, print_bytes, tell
from pithbuilder.cli.passphrase import key_access
from pithbuilder.cli.times import clock_at
from pithbuilder.custody.signers import open_signer
from pithbuilder.issuing.issuer import Issuer
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
        chain = opened.keys.load_chain()
        with Ledger(opened.ledger, read_only=True) as ledger:
            if not opened.ledger.exists() and tree.root.exists():  # then the ledger is one in memory
                recover_ledger(ledger, tree, chain)
            reissuer = Reissuer(None, chosen, ledger, tree, chain)
            failed = _report(reissuer.reissue_all(_rows(ledger, ids)), as_json)
        ctx.exit(1 if failed else 0)
    with opened.lock(), Ledger(opened.ledger) as ledger:
        chain = opened.load_chain_with_addresses()
        active = opened.signing_key(chain, chosen)
        tree.check_keys(chain)
        with open_signer(opened.keys, active.key_id, key_access(passphrase_file)) as signer:
            recovered = recover_ledger(ledger, tree, chain)
            if recovered:
                tell(f"note: the mirror was new to the ledger; took {recovered} numbers from it")
            issuer = Issuer(opened.profile, signer, chosen, key_document=active.entry.key)
            reissuer = Reissuer(issuer, chosen, ledger, tree, chain)
            failed = _report(reissuer.reissue_all(_rows(ledger, ids)), as_json)
        tree.write_keys(chain)
    ctx.exit(1 if failed else 0)


def _rows(ledger: Ledger, ids: tuple[str, ...]) -> Iterator[LedgerRow]:
    if not ids:
        yield from list(ledger.rows())  # the ledger is written to meanwhile
    for name in ids:
        yield from find_rows(ledger, name)


def _report(results: Iterable[ReissueResult], as_json: bool) -> int:
    """Print each result and, whatever happens, the counts; return how many failed."""
    counts: Counter[str] = Counter()
    try:
        for result in results:
            if result.error is not None:
                complain(result.error)
            counts[result.status.value] += 1
            row = result.row
            if as_json:
                print_bytes(json_line(result.to_dict()))
            elif result.error is None:
                line = f"{result.status.value:<13}  {row.pith_number}  {row.source_id}v{row.source_version}\n"
                print_bytes(line.encode())
    finally:
        failed = counts.pop("failed", 0)
        done = ", ".join(f"{status} {count}" for status, count in sorted(counts.items())) or "reissued 0"
        tell(f"{done}, failed {failed}")
    return failed
