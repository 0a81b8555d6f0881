"""``pithbuilder derive``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from pithbuilder.bulk.gather import WantedVersion, gather_papers
from pithbuilder.cli.explaining import print_comparison, print_explanation, print_explanation_json
from pithbuilder.cli.options import CONTEXT_SETTINGS, complete_from_option, ids_option, json_option, sources_argument
from pithbuilder.cli.output import complain, print_json, tell
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES, parse_object
from pithbuilder.errors import PithError
from pithbuilder.issuing.derivation import describe_record
from pithbuilder.issuing.explanation import compare, explain, read_published
from pithbuilder.sources.source_paper import SourcePaper
from pithbuilder.stores.atomic import read_file


@click.command("derive", context_settings=CONTEXT_SETTINGS)
@sources_argument
@complete_from_option
@ids_option("--id", "Derive these papers only; with a version (…v2) that version or none.")
@ids_option("--explain", "Say which bytes of these papers are hashed, field by field.", "explained")
@click.option(
    "--against",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --explain: the first difference from this bundle, record document or record; it is not verified.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    sources: tuple[Path, ...],
    complete_from: tuple[Path, ...],
    wanted: tuple[WantedVersion, ...],
    explained: tuple[WantedVersion, ...],
    against: Path | None,
    as_json: bool,
) -> None:
    """Derive canonical records and Pith Numbers from paper metadata.

    Sources are those of 'pithbuilder mint'. Each paper gives one line of JSON: the canonical record, its digest,
    number and aliases. No key is needed. The output is JSON with or without --json.

    With --explain, the output is for people without --json, and exit status 1 also says that a record differs from
    the one of --against.
    """
    if wanted and explained:
        raise click.UsageError("--id and --explain exclude each other.")
    if against and len(explained) != 1:
        raise click.UsageError("--against goes with --explain and one identifier.")
    items = gather_papers(sources, complete_from=complete_from, wanted=wanted or explained)
    ctx.exit(0 if (_explain(items, against, as_json) if explained else _derive(items)) else 1)


def _derive(items: Iterable[SourcePaper]) -> bool:
    derived = failed = 0
    for item in items:
        if item.paper is None:
            failed += item.error is not None
            _tell_of(item)
            continue
        derived += 1
        print_json(describe_record(CanonicalRecord.derive(item.paper)))
    tell(f"derived {derived}, failed {failed}")
    return not failed


def _explain(items: Iterable[SourcePaper], against: Path | None, as_json: bool) -> bool:
    published = None
    if against is not None:
        value = parse_object(read_file(against, MAX_DOCUMENT_BYTES), where=str(against))
        try:
            published = read_published(value)
        except PithError as error:
            error.where = f"{against}: {error.where}"
            raise
    good = True
    for item in items:
        if item.paper is None:
            good = good and item.error is None
            _tell_of(item)
            continue
        explanation = explain(item.paper)
        difference = None if published is None else compare(explanation, published)
        good = good and difference is None
        if as_json:
            print_explanation_json(item, explanation, published is not None, difference)
            continue
        print_explanation(item, explanation)
        if published is not None:
            print_comparison(difference, str(against))
    return good


def _tell_of(item: SourcePaper) -> None:
    """Say why a record gives no paper."""
    if item.error is not None:
        complain(item.error)
    else:
        tell(f"note: {item.deleted_id} is deleted at its source")
