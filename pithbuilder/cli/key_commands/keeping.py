"""``keys backup``, ``keys restore``: an encrypted archive of the keys, and the proof that it restores."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from pithbuilder.cli.options import (
    CONTEXT_SETTINGS,
    archive_passphrase_file_option,
    clock_option,
    json_option,
    passphrase_file_option,
    workspace_option,
)
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.cli.passphrase import archive_passphrase, key_access
from pithbuilder.cli.times import clock_at
from pithbuilder.custody.backup import (
    FAILED,
    INSIDE,
    NOT_PROVED,
    PROVED,
    ArchivedKey,
    BackupReport,
    RehearsalReport,
    RestoreReport,
    back_up,
    rehearse,
)
from pithbuilder.custody.backup import restore as restore_archive
from pithbuilder.stores.archive_files import check_free
from pithbuilder.stores.workspace import Workspace

archive_argument = click.argument("archive", metavar="ARCHIVE", type=click.Path(dir_okay=False, path_type=Path))
_ENDS: Final = (signal.SIGTERM, signal.SIGHUP)


@click.command("backup", context_settings=CONTEXT_SETTINGS)
@archive_argument
@workspace_option
@archive_passphrase_file_option
@clock_option
@json_option
def backup(
    archive: Path, workspace: Path, archive_passphrase_file: Path | None, clock: datetime | None, as_json: bool
) -> None:
    """Write profile, keyring and private keys into one encrypted file.

    ARCHIVE is a new file: an age file with a passphrase, and a tar inside, so that 'age -d ARCHIVE | tar x' opens it
    too. It is read back and opened before this command says that it is there. Private keys keep their own passphrase
    inside. Keys that an agent, a token or a program keeps are not in it. Neither is the mirror, which is public.
    """
    opened = Workspace.open(workspace)
    check_free(archive)
    passphrase = archive_passphrase(archive_passphrase_file, new=True)
    report = back_up(opened, archive, passphrase, clock_at(clock))
    _print_backup(report, as_json)
    for name in report.left_out:
        tell(f"note: not in the archive, for it belongs to no key: {name}")
    _tell_what_is_elsewhere(report.keys)
    tell(f"prove that it restores: pithbuilder keys restore {archive} --rehearse")
    tell("keep a copy in another building, and its passphrases in another place; make a new one after every change")


@click.command("restore", context_settings=CONTEXT_SETTINGS)
@archive_argument
@click.argument(
    "directory", metavar="[DIR]", required=False, type=click.Path(file_okay=False, path_type=Path), default=None
)
@click.option(
    "--rehearse",
    "is_rehearsal",
    is_flag=True,
    help="Without DIR: restore into a private temporary directory, sign a probe with every key, remove it again.",
)
@archive_passphrase_file_option
@passphrase_file_option
@json_option
def restore(
    archive: Path,
    directory: Path | None,
    is_rehearsal: bool,
    archive_passphrase_file: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Restore a workspace from a backup, or rehearse that.

    DIR gets pith.toml, keys/ and .gitignore; nothing there is ever overwritten, and the keyring is checked before
    anything is written. A rehearsal needs the keys' own passphrases: --passphrase-file gives one to all of them, but
    to no token. A key that is kept elsewhere is tried where it is; if that is not within reach, it is told as not
    proved. Exit status of a rehearsal: 0 if everything that can be proved here was proved, 1 if not.
    """
    if is_rehearsal == (directory is not None):
        raise click.UsageError("Give either DIR or --rehearse.")
    if directory is not None:
        if passphrase_file is not None:
            raise click.UsageError("--passphrase-file is for --rehearse: restoring opens no key.")
        Workspace.check_free(directory)
    passphrase = archive_passphrase(archive_passphrase_file, new=False)
    if directory is not None:
        _print_restored(restore_archive(archive, directory, passphrase), as_json)
        return
    access = key_access(passphrase_file, several=True)
    with _tidy_end():
        report = rehearse(archive, passphrase, access)
    _print_rehearsal(report, as_json)
    if not report.holds:
        click.get_current_context().exit(1)


@contextmanager
def _tidy_end() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the program as an error does, so that what is temporary is removed."""
    before = {number: signal.getsignal(number) for number in _ENDS}
    for number in _ENDS:
        if before[number] is signal.SIG_DFL:
            signal.signal(number, lambda received, _: sys.exit(128 + received))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_backup(report: BackupReport, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "archive": str(report.archive),
                "size": report.size,
                "sha256": report.sha256,
                "files": list(report.files),
                "keys": [key.to_dict() for key in report.keys],
                "left_out": list(report.left_out),
            }
        )
        return
    for key in report.keys:
        print_line(_described(key))
    print_line(f"{report.archive}  {report.size} bytes  SHA-256 {report.sha256}")


def _print_restored(report: RestoreReport, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "workspace": str(report.workspace),
                "files": list(report.files),
                "keys": [key.to_dict() for key in report.keys],
                "rotation_pending": report.pending,
            }
        )
    else:
        for key in report.keys:
            print_line(_described(key))
    _tell_what_is_elsewhere(report.keys)
    if report.pending:
        tell(f"a change of keys was under way: complete it with 'pithbuilder keys publish' in {report.workspace}")
    tell(
        f"workspace restored in {report.workspace}; see 'pithbuilder keys doctor --workspace {report.workspace} --open'"
    )
    tell("copy the published mirror to where pith.toml says (mirror.out) before you mint: it holds what was minted")


def _print_rehearsal(report: RehearsalReport, as_json: bool) -> None:
    counts = {result: sum(proof.result == result for proof in report.proofs) for result in (PROVED, NOT_PROVED, FAILED)}
    for proof in report.proofs:
        if as_json:
            print_json(proof.to_dict())
        else:
            reason = f": {proof.message} [{proof.code}]" if proof.code else ""
            print_line(f"{proof.result}  {_described(proof.key)}{reason}")
    summary = ", ".join(f"{result} {count}" for result, count in counts.items())
    tell(f"restored {len(report.files)} files of {report.issuer}, keyring with {report.statements} statements: good")
    tell(f"keys: {summary}")
    if counts[NOT_PROVED]:
        tell(
            "not proved: make those keys reachable (agent, token, program) and rehearse again; this archive lacks them"
        )
    if counts[FAILED]:
        tell("failed: do not rely on this archive for those keys; mend them in the workspace and make a new backup")


def _described(key: ArchivedKey) -> str:
    if key.private_half == INSIDE:
        half = "inside, with a passphrase of its own" if key.encrypted else "inside, in the clear"
    else:
        half = f"NOT INSIDE, kept at {key.reference}" if key.reference else "NOT INSIDE, not in the workspace"
    return f"{key.key_id}  {key.status}  {half}"


def _tell_what_is_elsewhere(keys: tuple[ArchivedKey, ...]) -> None:
    names = [key.key_id for key in keys if key.private_half != INSIDE]
    if names:
        tell(
            f"warning: the archive does not hold the private half of {', '.join(names)}; back that up where it is kept"
        )


COMMANDS: Final = (backup, restore)
