"""``pithbuilder log``."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from pithbuilder.cli.history_text import history_lines
from pithbuilder.cli.merged_again import merged_again
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option, keyring_option, trust_option
from pithbuilder.cli.output import json_line, print_bytes, print_text
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.state import State
from pithbuilder.errors import DocumentError
from pithbuilder.interop.history_graph import draw_dot, draw_svg
from pithbuilder.merge.history import HistoryEntry, Standing, read_history
from pithbuilder.stores.atomic import write_file
from pithbuilder.stores.graph_files import read_bundle_or_state
from pithbuilder.stores.key_files import pinned_keyring

_COLOURS = {
    Standing.IN_FORCE: "green",
    Standing.APPLIED: "blue",
    Standing.SUPERSEDED: "bright_black",
    Standing.EQUIVOCATING: "yellow",
    Standing.INVALID: "red",
}


@click.command("log", context_settings=CONTEXT_SETTINGS)
@click.argument("path", metavar="BUNDLE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dot", "form", flag_value="dot", help="Print the graph in the DOT language of Graphviz.")
@click.option("--svg", "form", flag_value="svg", help="Draw the graph as SVG; needs the program dot (Graphviz).")
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of standard output.",
)
@trust_option
@keyring_option
@json_option
def command(
    path: Path,
    form: str | None,
    out: Path | None,
    trust: tuple[Path, ...],
    keyrings: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Show the history of a number: every event, and what has become of it.

    The events are judged and merged again; that the bundle's own state says otherwise is told on standard error. In
    the text, a line leads from each event to those that it follows (--) or replaces (==); it counts (*), or it is
    superseded (o), contradicted by its own signer (?) or invalid (x).
    """
    if as_json and form:
        raise click.UsageError(f"--json and --{form} exclude each other.")
    bundle, _ = read_bundle_or_state(path)
    if isinstance(bundle, State):
        raise DocumentError(
            "document-kind",
            "a state does not hold its events",
            where=str(path),
            expected="a bundle",
            found="a state",
            hint="give the bundle: in a mirror, bundle.json in the same directory",
        )
    content = bundle.content
    merged = merged_again(path, bundle, pinned_keyring(*trust, followed=keyrings))
    entries = read_history(content.events, merged)
    if as_json:
        data = b"".join(json_line(_row(entry)) for entry in entries)
    elif form == "svg":
        data = draw_svg(content.pith_number, entries)
    elif form == "dot":
        data = draw_dot(content.pith_number, entries).encode("utf-8")
    else:
        data = _text(content.pith_number, entries, in_colour=out is None and _has_colours()).encode("utf-8")
    if out is not None:
        write_file(out, data)
    elif as_json or form:
        print_bytes(data)
    else:
        print_text(data.decode("utf-8"))


def _row(entry: HistoryEntry) -> JsonObject:
    content = entry.event.content
    return {
        "event_id": entry.event_id,
        "event_type": content.event_type,
        "target": content.target,
        "signer_id": content.signer.signer_id,
        "key_id": content.signer.key_id,
        "created_at": content.created_at,
        "prev_event": content.prev_event,
        "supersedes": list(content.supersedes),
        "standing": entry.standing.value,
        "reason": entry.reason,
        "superseded_by": list(entry.superseded_by),
    }


def _text(pith_number: str, entries: tuple[HistoryEntry, ...], *, in_colour: bool) -> str:
    lines = history_lines(pith_number, entries, shutil.get_terminal_size().columns)
    if not in_colour:
        return "".join(f"{line}\n" for line in lines)
    return "".join(
        f"{line.graph} {click.style(line.text, fg=_COLOURS[line.standing], bold=True)}\n"
        if line.standing
        else f"{line}\n"
        for line in lines
    )


def _has_colours() -> bool:
    from rich.console import Console

    console = Console()
    return console.color_system is not None and not console.no_color
