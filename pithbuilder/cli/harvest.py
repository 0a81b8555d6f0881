"""``pithbuilder harvest``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import click

from pithbuilder.bulk.gather import WantedVersion
from pithbuilder.bulk.harvest import HarvestedPage, harvest_ids, harvest_list
from pithbuilder.cli.options import CONTEXT_SETTINGS, ids_option, json_option
from pithbuilder.cli.output import complain, print_json, tell
from pithbuilder.core.timestamps import SystemClock, parse_day
from pithbuilder.errors import FormatError, SourceError
from pithbuilder.sources.endpoints import ATOM_ENDPOINT, OAI_ENDPOINT, AtomEndpoint, OaiEndpoint
from pithbuilder.sources.http import HttpClient
from pithbuilder.stores.harvest_store import HarvestStore

_ENDPOINTS: Final = {"oai": OAI_ENDPOINT, "atom": ATOM_ENDPOINT}


def _parse_day(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str:
    try:
        return "" if value is None else parse_day(value).isoformat()
    except FormatError as error:
        raise click.BadParameter(f"expected {error.expected}", ctx, parameter) from error


class _Seconds(click.FloatRange):
    """A number of seconds; ``nan`` would pass any comparison."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        seconds = float(super().convert(value, param, ctx))
        if not math.isfinite(seconds):
            self.fail(f"{value} is not a number of seconds.", param, ctx)
        return seconds


@click.command("harvest", context_settings=CONTEXT_SETTINGS)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The directory to write into; 'mint' and 'derive' read it.",
)
@click.option("--from", "first", metavar="DATE", callback=_parse_day, help="Records that changed on this day or later.")
@click.option("--until", "last", metavar="DATE", callback=_parse_day, help="… and on this day or before.")
@click.option("--set", "set_spec", metavar="SET", default="", help="Only this set, such as cs or math:math:AG.")
@ids_option("--ids", "These papers instead; with --api atom also older versions (…v2).")
@click.option("--api", type=click.Choice(list(_ENDPOINTS)), default="oai", show_default=True, help="What to ask.")
@click.option("--endpoint", metavar="URL", show_default="arXiv's", help="Where to ask.")
@click.option("--delay", type=_Seconds(min=0, max=3600), default=3, show_default=True, help="Seconds between requests.")
@click.option(
    "--backoff",
    type=_Seconds(min=0, min_open=True, max=3600),
    default=10,
    show_default=True,
    help="Seconds to wait after a failure; doubled each time. A server's Retry-After goes first.",
)
@click.option(
    "--tries", type=click.IntRange(min=1), default=6, show_default=True, help="How often to make a request that fails."
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    out: Path,
    first: str,
    last: str,
    set_spec: str,
    wanted: tuple[WantedVersion, ...],
    api: str,
    endpoint: str | None,
    delay: float,
    backoff: float,
    tries: int,
    as_json: bool,
) -> None:
    """Fetch paper metadata from arXiv: OAI-PMH or the query API.

    Give --from, or --ids; 'mint' and 'derive' read the directory. Each record is kept with its bytes as they came,
    where and when they were fetched, and their SHA-256. Interrupted, the same command goes on where it was and repeats
    nothing; complete, and without --until, it fetches what has changed since.
    """
    _check_usage(first, last, set_spec, wanted, api)
    address = endpoint or _ENDPOINTS[api]
    ids = [arxiv_id if number is None else f"{arxiv_id}v{number}" for arxiv_id, number in wanted]
    request = {"api": api, "endpoint": address, "--from": first, "--until": last, "--set": set_spec}
    http = HttpClient(
        address,
        user_agent=f"pithbuilder/{version('pithbuilder')}",
        clock=SystemClock(),
        delay=delay,
        backoff=backoff,
        tries=tries,
        tell=tell,
    )
    with closing(http), HarvestStore(out, {**request, "--ids": ",".join(ids)}) as store:
        if not ids:
            pages = harvest_list(OaiEndpoint(http), store, first=first, last=last, set_spec=set_spec)
        elif api == "atom":
            pages = harvest_ids(AtomEndpoint(http), store, ids)
        else:
            pages = harvest_ids(OaiEndpoint(http), store, ids)
        failed = _report(pages, store, as_json)
    ctx.exit(1 if failed else 0)


def _check_usage(first: str, last: str, set_spec: str, wanted: tuple[WantedVersion, ...], api: str) -> None:
    if bool(first) == bool(wanted):
        raise click.UsageError("Give either --from or --ids.")
    if not first and (last or set_spec):
        raise click.UsageError("--until and --set go with --from.")
    if last and last < first:
        raise click.UsageError("--until is before --from.")
    if first and api == "atom":
        raise click.UsageError("The query API is asked for papers by --ids; use --api oai with --from.")
    if api == "oai" and any(number is not None for _, number in wanted):
        raise click.UsageError("OAI-PMH has the newest version of each paper only; ask --api atom for others.")


def _report(pages: Iterator[HarvestedPage], store: HarvestStore, as_json: bool) -> int:
    """Tell of each page and, whatever happens, where the harvest is; return how many papers were not there."""
    try:
        for page in pages:
            if page.begun_again:
                tell("note: the server no longer knows where the list was; it is begun again, repeating nothing")
            else:
                total = "" if page.total is None else f"; the list has {page.total}"
                tell(f"received {page.received}, new {page.new}; {page.records} records in all{total}")
            if as_json:
                print_json(page.to_dict())
    finally:
        missing = [paper_id for paper_id in store.checkpoint.missing.split(",") if paper_id]
        for paper_id in missing:
            complain(SourceError("paper-not-there", "the server does not have the paper", where=f"paper {paper_id}"))
        done = "complete" if store.checkpoint.done else "not complete: the same command goes on"
        tell(f"{store.checkpoint.records} records in {store.root}, {done}")
    return len(missing)
