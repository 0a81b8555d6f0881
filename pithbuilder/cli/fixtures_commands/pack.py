"""``pithbuilder fixtures pack``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.fixtures_commands.options import corpus_option
from pithbuilder.cli.fixtures_commands.writing import refuse_inside
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option, passphrase_file_option, workspace_option
from pithbuilder.cli.output import print_json, print_line
from pithbuilder.cli.passphrase import key_access
from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.timestamps import SystemClock
from pithbuilder.custody.signers import open_signer
from pithbuilder.errors import FixtureError
from pithbuilder.fixtures.corpus.check import check
from pithbuilder.fixtures.corpus.files import generate
from pithbuilder.fixtures.corpus.pack import folder_of, pack
from pithbuilder.stores.atomic import write_file
from pithbuilder.stores.corpus_archive import seal_corpus
from pithbuilder.stores.corpus_tree import CorpusTree
from pithbuilder.stores.workspace import Workspace


@click.command("pack", context_settings=CONTEXT_SETTINGS)
@corpus_option
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to.  [default: pith-corpus-SCHEMA-VERSION.tar.gz here]",
)
@workspace_option
@passphrase_file_option
@json_option
def command(corpus: Path, out: Path | None, workspace: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Pack a corpus into an archive, with checksums and a signed manifest.

    The archive is a .tar.gz. Only a corpus that is as it is generated is packed. The workspace's signing key vouches
    for it; no time is in it, so that the same corpus and key give the same archive. 'pithbuilder fixtures unpack'
    verifies it.
    """
    tree = CorpusTree(corpus)
    files = generate()
    folder = folder_of(files)
    place = out or Path(f"{folder}.tar.gz")
    refuse_inside(place, corpus, "--out")
    drifted = check(tree, files)
    if drifted:
        raise FixtureError(
            "corpus-drift",
            "the corpus is not as it is generated, and is not packed",
            where=str(corpus / drifted[0].path),
            found=f"{len(drifted)} files that differ",
            hint="'pithbuilder fixtures check' names them, and what mends it",
        )
    opened = Workspace.open(workspace)
    active = opened.signing_key(opened.keys.load_chain(), SystemClock())
    with open_signer(opened.keys, active.key_id, key_access(passphrase_file)) as signer:
        packed = pack(files, signer, active.entry.key)
    data = seal_corpus(packed, folder)
    write_file(place, data)
    digest = sha256_hex(data)
    if as_json:
        print_json({"path": str(place), "sha256": digest, "files": len(packed), "bytes": len(data)})
    else:
        print_line(f"{digest}  {place}")
