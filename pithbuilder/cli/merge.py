"""``pithbuilder merge``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS, keyring_option, trust_option
from pithbuilder.cli.output import print_bytes, safe_text, tell, tell_unknown
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES, parse_object
from pithbuilder.errors import naming
from pithbuilder.merge.difference import refuse_other_numbers
from pithbuilder.merge.history import HistoryEntry, Standing, read_history
from pithbuilder.stores.atomic import read_file, write_file
from pithbuilder.stores.key_files import pinned_keyring
from pithbuilder.verify.merging import MergedBundles, merge_bundles


@click.command("merge", context_settings=CONTEXT_SETTINGS)
@click.argument(
    "paths",
    metavar="BUNDLE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "-o",
    "--out",
    metavar="STATE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the state to this file instead of standard output.",
)
@click.option("--explain", is_flag=True, help="Tell on standard error what was found where, and what became of it.")
@trust_option
@keyring_option
def command(
    paths: tuple[Path, ...], out: Path | None, explain: bool, trust: tuple[Path, ...], keyrings: tuple[Path, ...]
) -> None:
    """Merge the events of bundles of one number, from mirrors that disagree.

    The state that all their events amount to goes to standard output, as canonical JSON: the same bytes whatever
    the order of the bundles. It is not signed; 'pithbuilder event accept' takes the events of one bundle into
    another and signs that. An event in the name of a signer whose keys are pinned, by another key, is invalid.
    """
    bundles = [_read(path) for path in paths]
    refuse_other_numbers((bundle.content.pith_number for bundle in bundles), [str(path) for path in paths])
    merged = merge_bundles(bundles, pinned_keyring(*trust, followed=keyrings))
    if explain:
        _explain(paths, bundles, merged)
    for event_id, code in merged.doubtful.items():
        tell(f"note: {event_id} is in force, and its key speaks against it [{code}]; see 'pithbuilder verify'")
    tell_unknown(merged.unknown_signers)
    data = merged.state.canonical_bytes
    if out is None:
        print_bytes(data + b"\n")
    else:
        write_file(out, data)


def _read(path: Path) -> Bundle:
    with naming(path):
        return Bundle.from_dict(parse_object(read_file(path, MAX_DOCUMENT_BYTES)))


def _explain(paths: tuple[Path, ...], bundles: list[Bundle], merged: MergedBundles) -> None:
    content = merged.state.content
    for place, (path, bundle) in enumerate(zip(paths, bundles, strict=True)):
        held = [places for places in merged.holders.values() if place in places]
        alone = sum(places == (place,) for places in held) if len(paths) > 1 else 0
        repeated = len(bundle.content.events) - len(held)
        same = bundle.content.state.canonical_bytes == merged.state.canonical_bytes
        tell(
            f"{safe_text(str(path))}: {len(held)} events, {alone} in no other bundle, {repeated} repeated; "
            f"its state is {'the merged one' if same else 'another one'}"
        )
    tell(
        f"merged: {content.event_count} events, {len(content.applied_event_ids)} applied, "
        f"{content.invalid_event_count} invalid, {content.equivocation_count} equivocations"
    )
    for entry in read_history(merged.events.values(), content):
        tell(f"  {_line(entry, merged)}")


def _line(entry: HistoryEntry, merged: MergedBundles) -> str:
    event = entry.event.content
    standing = entry.standing.value
    if entry.standing is Standing.INVALID:
        standing += f" ({entry.reason})"
    if entry.superseded_by:
        standing += f" by {', '.join(entry.superseded_by)}"
    held = ", ".join(str(place + 1) for place in merged.holders[entry.event_id])
    what = safe_text(f"{event.event_type} of {event.created_at} by {event.signer.signer_id}")
    return f"{entry.event_id}  {what}: {standing}; in bundle {held}"
