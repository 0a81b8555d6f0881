"""The commands, each loaded only when it is run."""

from __future__ import annotations

from typing import Any, Final

import click

from pithbuilder.cli.lazy_group import LazyGroup
from pithbuilder.cli.output import complain
from pithbuilder.errors import PithError

CONTEXT_SETTINGS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"]}

COMMANDS: Final = {
    "init": "Make a workspace: issuer profile, signing key, .gitignore.",
    "harvest": "Fetch paper metadata from arXiv: OAI-PMH or the query API.",
    "derive": "Derive canonical records and Pith Numbers from paper metadata.",
    "number": "Derive Pith Numbers and aliases from canonical records.",
    "mint": "Mint papers: write signed bundles into a mirror.",
    "reissue": "Sign bundles again with the key that signs now.",
    "event": "Add signed events to bundles: one's own, or what others have signed.",
    "merge": "Merge the events of bundles of one number, from mirrors that disagree.",
    "verify": "Verify bundles, other documents, keys, credentials or whole mirrors.",
    "show": "Show a bundle for a person's eyes.",
    "log": "Show the history of a number: every event, and what has become of it.",
    "diff": "Tell what two bundles or states of one number say differently.",
    "sign-credential": "Sign a credential or record document (W3C Data Integrity).",
    "fixtures": "Make test vectors for other tools, and drive those with them.",
    "keys": "Make, rotate, examine, export and back up signing keys.",
}
"""Command name to its one-line help; the module of the same name holds the command ``command``."""


class App(LazyGroup):
    """The whole program: it turns refusals into messages and exit status 1."""

    summaries = COMMANDS
    package = "pithbuilder.cli"

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error of this project ends the program with status 1."""
        try:
            return super().invoke(ctx)
        except PithError as error:
            complain(error)
            ctx.exit(1)


@click.command(cls=App, context_settings=CONTEXT_SETTINGS)
@click.version_option(package_name="pithbuilder", message="%(prog)s %(version)s")
def app() -> None:
    """Issue and verify Pith Numbers: content-derived identifiers for papers, with signed bundles around them.

    Data goes to standard output, everything else to standard error. Exit status: 0 done, 1 failed or invalid,
    2 wrong usage, 3 self-consistent but not trusted.
    """
