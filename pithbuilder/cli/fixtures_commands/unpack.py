"""``pithbuilder fixtures unpack``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.fixtures_commands.writing import carry_out
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option, keyring_option, trust_option
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.fixtures.corpus.check import first_plan
from pithbuilder.fixtures.corpus.files import MANIFEST
from pithbuilder.fixtures.corpus.pack import verify_pack
from pithbuilder.stores.corpus_archive import open_corpus
from pithbuilder.stores.corpus_tree import CorpusTree
from pithbuilder.stores.key_files import pinned_keyring
from pithbuilder.verify.report import Verdict


@click.command("unpack", context_settings=CONTEXT_SETTINGS)
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the files to this directory, which must be empty, or hold the beginning of them.  "
    "[default: only verify]",
)
@trust_option
@keyring_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    archive: Path,
    out: Path | None,
    trust: tuple[Path, ...],
    keyrings: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Verify a packed corpus, and write its files.

    Every file is held against the checksums and the manifest, and the manifest against its signature. Without --out
    nothing is written, and of an archive that is invalid nothing ever.
    """
    opened = open_corpus(archive)
    files = opened.files
    report = verify_pack(files, opened.folder, pinned_keyring(*trust, followed=keyrings))
    if as_json:
        print_json({"path": str(archive), **report.to_dict()})
    else:
        print_line(f"{report.verdict.value:<15}  corpus of {len(files)} files  {archive}")
        for finding in report.findings:
            print_line(f"  FAILED  {finding.code}  {finding.path}: {finding.message}")
    if out is not None and report.verdict is not Verdict.INVALID:
        tree = CorpusTree(out)
        with tree.lock():
            steps = first_plan(tree, files)
            carry_out(tree, steps, last=MANIFEST)
        tell(f"wrote {len(steps.write)} files to {out}")
    ctx.exit(report.verdict.exit_code)
