"""``pithbuilder verify``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option, keyring_option, trust_option
from pithbuilder.cli.output import complain, print_json, print_line
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES
from pithbuilder.errors import StoreError
from pithbuilder.interop.any_document import verify_any
from pithbuilder.signing.keyring import Keyring
from pithbuilder.stores.atomic import read_file
from pithbuilder.stores.key_files import pinned_keyring
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.verify.report import Outcome, SignatureKey, Verdict, VerificationReport, worst
from pithbuilder.verify.tree import NO_MIRROR, TreeEntry, tree_verdict, verify_tree


@click.command("verify", context_settings=CONTEXT_SETTINGS)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@trust_option
@keyring_option
@json_option
@click.pass_context
def command(
    ctx: click.Context, paths: tuple[Path, ...], trust: tuple[Path, ...], keyrings: tuple[Path, ...], as_json: bool
) -> None:
    """Verify bundles, other documents, keys, credentials or whole mirrors.

    Each PATH is a file, told apart by what is in it, or the directory of a mirror. The keys published for
    pith.science are pinned by default; keys inside documents never override a pinned one. From a pinned key a
    mirror's keyring leads to the keys that followed it. Verdicts: trusted (every
    signature is by a pinned key), self-consistent (holds, but only under keys that the document brought along),
    invalid. Exit status 0, 3 or 1: the worst of all.
    """
    keyring = pinned_keyring(*trust, followed=keyrings)
    verdicts = []
    for path in paths:
        try:
            verify = _verify_directory if path.is_dir() else _verify_file
            verdicts.append(verify(path, keyring, as_json))
        except StoreError as error:  # that one cannot be read says nothing of the others
            complain(error)
            verdicts.append(Verdict.INVALID)
    ctx.exit(worst(verdicts).exit_code)


def _verify_file(path: Path, keyring: Keyring, as_json: bool) -> Verdict:
    report = verify_any(read_file(path, MAX_DOCUMENT_BYTES), keyring)
    _print_report(path, report, as_json)
    return report.verdict


def _verify_directory(root: Path, keyring: Keyring, as_json: bool) -> Verdict:
    """Verify a mirror and print what is worth printing: in text, one line a bundle and whatever is wrong."""
    count, failed = 0, False
    unpinned: dict[SignatureKey, None] = {}

    def printed() -> Iterator[TreeEntry]:
        nonlocal count, failed
        for entry in verify_tree(MirrorTree(root), keyring):
            count += 1
            failed = failed or bool(entry.report.failures)
            unpinned.update(dict.fromkeys(key for key in entry.report.keys if not key.pinned))
            if as_json:
                print_json({"path": str(root / entry.path), **entry.report.to_dict()})
            elif entry.report.failures or (entry.path.startswith("pith/") and entry.path.endswith("/bundle.json")):
                _print_text(str(root / entry.path), entry.report)
            yield entry

    verdict = tree_verdict(printed())
    if verdict is Verdict.INVALID and not failed:
        _print_report(root, VerificationReport(document_kind="mirror", verdict=verdict, checks=(NO_MIRROR,)), as_json)
    elif as_json:
        print_json({"path": str(root), "document_kind": "mirror", "verdict": verdict.value, "files": count})
    else:
        print_line(f"{verdict.value:<15}  mirror of {count} files  {root}")
        _print_unpinned(unpinned)
    return verdict


def _print_report(path: Path, report: VerificationReport, as_json: bool) -> None:
    if as_json:
        print_json({"path": str(path), **report.to_dict()})
    else:
        _print_text(str(path), report)
        _print_unpinned(key for key in report.keys if not key.pinned)


def _print_text(path: str, report: VerificationReport) -> None:
    kind = report.document_kind.replace("_", " ")
    print_line(f"{report.verdict.value:<15}  {kind}  {report.pith_number or '-'}  {path}")
    for finding in report.findings:
        mark = "note" if finding.outcome is Outcome.NOTED else "FAILED"
        line = f"  {mark}  {finding.code}  {finding.path}: {finding.message}"
        if finding.expected:
            line += f"; expected {finding.expected}"
        if finding.found:
            line += f"; found {finding.found}"
        print_line(line)


def _print_unpinned(keys: Iterable[SignatureKey]) -> None:
    for key in keys:
        print_line(f"  note  key {key.key_id} ({key.fingerprint}) is not pinned; pin it with --trust")
