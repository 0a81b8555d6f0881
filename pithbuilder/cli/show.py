"""``pithbuilder show``."""

from __future__ import annotations

from pathlib import Path

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option, keyring_option, trust_option
from pithbuilder.cli.output import print_json, print_text, safe_text
from pithbuilder.core.canonical_json import JsonObject, JsonValue
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.payloads import GraphSnapshotPayload
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES, parse_object
from pithbuilder.stores.atomic import read_file
from pithbuilder.stores.key_files import pinned_keyring
from pithbuilder.verify.bundle import verify_bundle_value
from pithbuilder.verify.report import Verdict, VerificationReport

_STYLES = {Verdict.TRUSTED: "bold green", Verdict.SELF_CONSISTENT: "bold yellow", Verdict.INVALID: "bold red"}


@click.command("show", context_settings=CONTEXT_SETTINGS)
@click.argument("path", metavar="PATH", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@trust_option
@keyring_option
@json_option
@click.pass_context
def command(ctx: click.Context, path: Path, trust: tuple[Path, ...], keyrings: tuple[Path, ...], as_json: bool) -> None:
    """Show a bundle for a person's eyes.

    What paper, which number, by which keys, which events, and the verdict of verifying it. Exit status 1 where that
    is invalid.
    """
    value = parse_object(read_file(path, MAX_DOCUMENT_BYTES), where=str(path))
    bundle = Bundle.from_dict(value)
    report = verify_bundle_value(value, pinned_keyring(*trust, followed=keyrings))
    summary = _summary(bundle, report)
    if as_json:
        print_json(summary)
    else:
        _print_panel(summary, report)
    ctx.exit(1 if report.verdict is Verdict.INVALID else 0)


def _summary(bundle: Bundle, report: VerificationReport) -> JsonObject:
    content = bundle.content
    summary: JsonObject = {"verdict": report.verdict.value}
    snapshots = content.state.content.current.graph_snapshots
    if snapshots:
        paper = snapshots[-1].payload.read_as(GraphSnapshotPayload).graph_snapshot.paper
        summary["title"] = paper.title
        summary["authors"] = paper.authors_text
    metadata = content.canonical_record.metadata
    summary["source"] = f"{content.source.kind} {content.source.id}v{content.source.version}"
    summary["submitted"] = metadata.submitted_at
    summary["categories"] = " ".join([metadata.primary_cat, *metadata.cross_cats_sorted])
    summary["license"] = metadata.license
    summary["pith_number"] = content.pith_number
    summary["short_pith_number"] = content.short_pith_number
    summary["canonical_sha256"] = content.canonical_sha256
    summary["built_at"] = content.built_at
    summary["events"] = [
        {
            "event_type": event.content.event_type,
            "created_at": event.content.created_at,
            "signer_id": event.content.signer.signer_id,
            "event_id": event.stated_event_id,
        }
        for event in content.events
    ]
    summary["keys"] = [{"key_id": key.key_id, "fingerprint": key.fingerprint_sha256_hex} for key in content.public_keys]
    summary["findings"] = [finding.to_dict() for finding in report.findings]
    return summary


def _print_panel(summary: JsonObject, report: VerificationReport) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in summary.items():
        for index, line in enumerate(_lines(value)):
            style = _STYLES[report.verdict] if name == "verdict" else ""
            table.add_row("" if index else name.replace("_", " "), Text(safe_text(line), style=style))
    console = Console(highlight=False, emoji=False, markup=False)
    with console.capture() as captured:  # what cannot be written is then no business of rich's
        console.print(table)
    print_text(captured.get())


def _lines(value: JsonValue) -> list[str]:
    if isinstance(value, list):
        return [
            "  ".join(str(part) for part in item.values()) if isinstance(item, dict) else str(item) for item in value
        ] or ["none"]
    return [str(value) or "none"]
