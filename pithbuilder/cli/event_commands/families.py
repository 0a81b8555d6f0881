"""One subcommand for each event family, with options for its fields; ``event add`` and ``event sign`` share them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final, NamedTuple

import click

from pithbuilder.cli.options import CONTEXT_SETTINGS, input_type
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.digest import sha256_hex
from pithbuilder.core.encoding import encode_base64
from pithbuilder.documents.base import Document
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import GRAPH_SNAPSHOT, RECORD_CREATED
from pithbuilder.documents.event_family import EVENT_FAMILIES, EventFamily
from pithbuilder.documents.payloads import (
    ANCHOR_METHODS,
    ANCHOR_STATUSES,
    IDENTITY_PROVIDERS,
    RELATIONSHIPS,
    REPLICATION_KINDS,
    STRENGTHS,
)
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES, parse_object
from pithbuilder.errors import naming, printable
from pithbuilder.issuing.payloads import build_payload
from pithbuilder.merge.history import long_name
from pithbuilder.stores.atomic import read_file


class EventDraft(NamedTuple):
    """What a person asks for.

    Attributes:
        event_type: The family.
        data: What it says, as far as it is given.
        supersedes: Identifiers of events that it replaces.
        prev_event: Identifier of the event that it follows.
        file: Where the data come from; None where they are all from options.
    """

    event_type: str
    data: JsonObject
    supersedes: tuple[str, ...]
    prev_event: str | None
    file: Path | None


class _EventId(click.types.StringParamType):
    """The identifier of an event, or enough of its beginning."""

    name = "ID"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what cannot be one."""
        if _EVENT_ID.fullmatch(value) is None:
            self.fail(f"{printable(value)} is no event identifier: expected 8 to 64 hexadecimal digits", param, ctx)
        return str(value)


class _Field(NamedTuple):
    """An option for one member of a payload."""

    member: str
    help: str
    choices: tuple[str, ...] = ()
    kind: type[str] | type[int] = str

    def option(self) -> click.Option:
        kind = click.Choice(self.choices) if self.choices else {str: click.STRING, int: click.INT}[self.kind]
        return click.Option([f"--{self.member.replace('_', '-')}"], type=kind, help=self.help)


_FIELDS: Final[Mapping[str, tuple[_Field, ...]]] = MappingProxyType(
    {
        RECORD_CREATED: (),
        GRAPH_SNAPSHOT: (_Field("headline", "One line about the paper."),),
        "author_attestation": (
            _Field("claimant_name", "The author's name."),
            _Field("identity_provider", "Who knows the author.", IDENTITY_PROVIDERS),
            _Field("identifier", "The author at that provider, such as an ORCID iD."),
            _Field("strength", "strong where the provider showed that it is the author.", STRENGTHS),
        ),
        "timestamp_anchor": (
            _Field("method", "How the time is proved.", ANCHOR_METHODS),
            _Field("digest_sha256", "What was stamped: 64 hexadecimal digits.  [default: the record's digest]"),
            _Field("status", "Whether the time is fixed yet.", ANCHOR_STATUSES),
            _Field("block_height", "The Bitcoin block that fixes it.", kind=int),
            _Field("authority", "The authority's or calendar's name."),
        ),
        "storage_attestation": (
            _Field("url", "Where the copy can be had."),
            _Field("archive", "The archive's name."),
            _Field("captured_at", "When it was taken, such as 2026-05-18T00:15:26Z."),
            _Field("content_sha256", "Digest of the copy: 64 hexadecimal digits."),
        ),
        "citation_signature": (
            _Field("cited_pith_number", "The other paper's number, in full."),
            _Field("relationship", "What this paper does to it.", RELATIONSHIPS),
        ),
        "replication_record": (
            _Field("kind", "What was done.", REPLICATION_KINDS),
            _Field("outcome", "What came of it, in words."),
            _Field("url", "Where the report or proof is."),
            _Field("artifact_sha256", "Digest of what is there: 64 hexadecimal digits."),
            _Field("system", "What it was done with, such as lean or coq."),
        ),
        "correction": (
            _Field("what", "What is wrong."),
            _Field("reason", "Why, and what is right."),
            _Field("url", "Where it is put right."),
            _Field("corrected_pith_number", "The number of the corrected paper, in full."),
        ),
        "mirror_hint": (
            _Field("name", "The mirror's name, for people."),
            _Field("base_url", "The mirror's address, without a slash at the end."),
            _Field("status", "Such as primary or mirror."),
        ),
    }
)

_FILES: Final[Mapping[str, tuple[str, str, str, Callable[[bytes], str]]]] = MappingProxyType(
    {
        "timestamp_anchor": (
            "--proof-file",
            "proof_b64",
            "The proof: an .ots file or a time-stamp token.",
            encode_base64,
        ),
        "storage_attestation": ("--content-file", "content_sha256", "The copy itself, to take its digest.", sha256_hex),
        "replication_record": ("--artifact-file", "artifact_sha256", "What is there, to take its digest.", sha256_hex),
    }
)
"""Event type to an option that takes a file: the option, the member that follows from it, its help, and how."""

_EVENT_ID: Final = re.compile(r"(?:sha256:)?[0-9a-f]{8,64}", re.ASCII)


def family_commands(common: list[Callable[[Any], Any]], run: Callable[..., None], verb: str) -> list[click.Command]:
    """Return one command for each event family.

    Args:
        common: Decorators of the options and arguments that every command has.
        run: Called with the draft and the values of the common parameters.
        verb: What the commands do, for their help.
    """
    return [_family_command(family, common, run, verb) for family in EVENT_FAMILIES.values()]


def _family_command(
    family: EventFamily, common: list[Callable[[Any], Any]], run: Callable[..., None], verb: str
) -> click.Command:
    fields = _FIELDS[family.event_type]
    members = [field.member for field in fields]

    def call(
        *, supersedes: tuple[str, ...], prev_event: str | None, data: IO[bytes] | None = None, **values: Any
    ) -> None:
        given: JsonObject = {} if data is None else parse_object(data.read(MAX_DOCUMENT_BYTES + 1), where=data.name)
        for member in members:
            value = values.pop(member)
            if value is not None:
                given[member] = value
        content_file = values.pop("content_file", None)
        if content_file is not None:
            _, member, _, of = _FILES[family.event_type]
            given[member] = of(read_file(content_file, MAX_DOCUMENT_BYTES))
        file = None if data is None else Path(data.name)
        run(EventDraft(family.event_type, given, supersedes, prev_event, file), **values)

    made = click.Command(
        family.event_type,
        context_settings=CONTEXT_SETTINGS,
        callback=call,
        help=f"{verb}: {family.summary}.",
        short_help=family.summary,
        params=[field.option() for field in fields],
    )
    if family.event_type in _FILES:
        name, _, text, _ = _FILES[family.event_type]
        path = click.Path(exists=True, dir_okay=False, path_type=Path)
        made.params.append(click.Option([name, "content_file"], metavar="FILE", type=path, help=text))
    if family.event_type != RECORD_CREATED:  # which follows from the bundle
        text = "What it says, as one JSON object, - for standard input; options go before its members."
        made.params.append(click.Option(["--data"], metavar="FILE|-", type=input_type, help=text))
    made.params.append(
        click.Option(["--supersedes"], type=_EventId(), multiple=True, help="An event of this signer that it replaces.")
    )
    made.params.append(click.Option(["--prev", "prev_event"], type=_EventId(), help="The event that it follows."))
    for decorate in common:
        decorate(made)
    return made


def linked(draft: EventDraft, bundle: Bundle) -> EventDraft:
    """Return a draft with the identifiers of other events in full.

    Args:
        draft: What is asked for.
        bundle: The bundle that it is about.

    Raises:
        EventError: ``event-unknown``; none of the bundle's events, or several, are called so.
    """
    known = [event.content.event_id for event in bundle.content.events]
    return draft._replace(
        supersedes=tuple(long_name(text, known) for text in draft.supersedes),
        prev_event=None if draft.prev_event is None else long_name(draft.prev_event, known),
    )


def payload_of(draft: EventDraft, bundle: Bundle, builder_version: str) -> Document | None:
    """Return what an event is to say; see :func:`~pithbuilder.issuing.payloads.build_payload`.

    Raises:
        DocumentError: The data lacks a member, or has one of no use; ``where`` names file and member.
        EventError: ``event-no-snapshot``.
    """
    with nullcontext() if draft.file is None else naming(draft.file):
        return build_payload(draft.event_type, draft.data, bundle, builder_version=builder_version)
