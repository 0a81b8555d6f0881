"""What every command that issues has in common: one writer, the ledger, the keys, the signer, the mirror's keyring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from pithbuilder.bulk.stored import recover_ledger
from pithbuilder.cli.output import complain, json_line, print_bytes, tell
from pithbuilder.cli.passphrase import key_access
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.timestamps import Clock
from pithbuilder.custody.signers import open_signer
from pithbuilder.errors import PithError
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.stores.ledger import Ledger
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.stores.workspace import Workspace
from pithbuilder.verify.key_chain import KeyChain


class Session(NamedTuple):
    """What a command issues with."""

    issuer: Issuer
    ledger: Ledger
    chain: KeyChain


class Result(Protocol):
    """What became of one thing."""

    @property
    def status(self) -> Enum:
        """What became of it."""
        ...

    @property
    def error(self) -> PithError | None:
        """Why it failed."""
        ...

    def to_dict(self) -> JsonObject:
        """Return the result as a flat object for one line of JSON."""
        ...


_R = TypeVar("_R", bound=Result)


@contextmanager
def issuing(
    opened: Workspace, tree: MirrorTree | None, clock: Clock, passphrase_file: Path | None
) -> Iterator[Session]:
    """Hold the workspace for issuing into a mirror; at the end the mirror shows its keys.

    Args:
        opened: The workspace.
        tree: The mirror; None for a document that stands elsewhere.
        clock: Says which key signs.
        passphrase_file: Where the key's passphrase is.
    """
    with opened.lock(), Ledger(opened.ledger) as ledger:
        chain = opened.load_chain_with_addresses()
        active = opened.signing_key(chain, clock)
        if tree is not None:
            tree.check_keys(chain)  # before the first byte is written
        with open_signer(opened.keys, active.key_id, key_access(passphrase_file)) as signer:
            recovered = 0 if tree is None else recover_ledger(ledger, tree, chain)
            if recovered:
                tell(f"note: the mirror was new to the ledger; took {recovered} numbers from it")
            yield Session(Issuer(opened.profile, signer, clock, key_document=active.entry.key), ledger, chain)
        if tree is not None:
            tree.write_keys(chain)


@contextmanager
def looking_ahead(opened: Workspace, tree: MirrorTree) -> Iterator[Ledger]:
    """Open the ledger for a dry run; a lost one is made anew from the mirror, in memory."""
    with Ledger(opened.ledger, read_only=True) as ledger:
        if not opened.ledger.exists() and tree.root.exists():
            recover_ledger(ledger, tree, opened.keys.load_chain())
        yield ledger


def report_results(
    results: Iterable[_R],
    as_json: bool,
    *,
    line: Callable[[_R], str],
    idle: str,
    note: Callable[[_R], str] | None = None,
) -> int:
    """Print each result and, whatever happens, the counts; return how many failed.

    Args:
        results: They come about while they are printed.
        as_json: Whether JSON Lines are wanted.
        line: A result as text, without the end of the line; empty for none.
        idle: The counts' text where there is nothing to count.
        note: What else is to be told of a result, on standard error; empty for nothing.
    """
    counts: Counter[str] = Counter()
    try:
        for result in results:
            if result.error is not None:
                complain(result.error)
            text = line(result)
            shown = json_line(result.to_dict()) if as_json else f"{text}\n".encode() if text else b""
            counts[str(result.status.value)] += 1  # right before it is printed, so that Ctrl-C does not come between
            print_bytes(shown)
            told = note(result) if note is not None else ""
            if told:
                tell(told)
    finally:
        failed = counts.pop("failed", 0)
        done = ", ".join(f"{status} {count}" for status, count in sorted(counts.items())) or idle
        tell(f"{done}, failed {failed}")
    return failed
