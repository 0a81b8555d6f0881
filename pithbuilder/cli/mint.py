"""``pithbuilder mint``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from pithbuilder.bulk.mint import Minter, MintResult, plan_mint
from pithbuilder.bulk.stored import recover_ledger
from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    clock_option,
    input_argument,
    json_option,
    out_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.output import complain, json_line, print_bytes, tell
from pithbuilder.cli.passphrase import key_access
from pithbuilder.core.pith_number import DEFAULT_SHORT_LENGTH
from pithbuilder.core.timestamps import Clock, FixedClock, SystemClock
from pithbuilder.custody.signers import open_signer
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.sources.snapshot import read_snapshot
from pithbuilder.stores.ledger import Ledger
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
        with Ledger(opened.ledger, read_only=True) as ledger:
            if not opened.ledger.exists() and tree.root.exists():  # then the ledger is one in memory
                recover_ledger(ledger, tree, opened.keys.load_chain())
            failed = _report(plan_mint(records, ledger), as_json)
        ctx.exit(1 if failed else 0)
    chosen: Clock = SystemClock() if clock is None else FixedClock(clock)
    if opened.profile.is_placeholder:
        tell(f"note: base_url is still the placeholder {opened.profile.base_url}")
    with opened.lock(), Ledger(opened.ledger) as ledger:
        chain = opened.load_chain_with_addresses()
        active = opened.signing_key(chain, chosen)
        tree.check_keys(chain)
        with open_signer(opened.keys, active.key_id, key_access(passphrase_file)) as signer:
            recovered = recover_ledger(ledger, tree, chain)
            if recovered:
                tell(f"note: the mirror was new to the ledger; took {recovered} numbers from it")
            issuer = Issuer(opened.profile, signer, chosen, key_document=active.entry.key)
            minter = Minter(issuer, chosen, ledger, tree, chain)
            failed = _report(minter.mint_all(records), as_json)
        tree.write_keys(chain)
        minter.write_manifest()
    ctx.exit(1 if failed else 0)


def _line(result: MintResult, as_json: bool) -> bytes:
    if as_json:
        return json_line(result.to_dict())
    if result.paper is None or result.pith_number is None:
        return b""
    return f"{result.status.value:<10}  {result.pith_number}  {result.paper.arxiv_id}v{result.paper.version}\n".encode()


def _report(results: Iterable[MintResult], as_json: bool) -> int:
    """Print each result and, whatever happens, the counts; return how many failed."""
    counts: Counter[str] = Counter()
    try:
        for result in results:
            if result.error is not None:
                complain(result.error)
            line = _line(result, as_json)
            counts[result.status.value] += 1  # right before it is printed, so that Ctrl-C does not come between
            print_bytes(line)
            if result.pith_number is not None and result.short_length > DEFAULT_SHORT_LENGTH:
                tell(
                    f"note: {result.pith_number}: a shorter alias is taken; "
                    f"its short number is {result.pith_number.short_form(result.short_length)}"
                )
    finally:
        failed = counts.pop("failed", 0)
        done = ", ".join(f"{status} {count}" for status, count in sorted(counts.items())) or "minted 0"
        tell(f"{done}, failed {failed}")
    return failed
