"""Merging the events of many bundles of one number, as disagreeing mirrors have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import attrs

from pithbuilder.core.arxiv_id import is_arxiv_id
from pithbuilder.core.json_path import ROOT
from pithbuilder.documents.alias import SourceAlias, SourceAliases
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import Event
from pithbuilder.documents.state import State
from pithbuilder.errors import MergeError
from pithbuilder.merge.difference import refuse_other_numbers
from pithbuilder.merge.fold import EventCheck, fold_events
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.event import judge_event
from pithbuilder.verify.record import SOURCE_KIND, check_number
from pithbuilder.verify.signatures import SIGNER_KEY, KnownKeys, SignerStanding


@attrs.frozen(kw_only=True)
class MergedBundles:
    """What the events of some bundles amount to.

    Attributes:
        state: The state.
        events: Every event once, a valid copy where there is one, by its recomputed identifier.
        holders: Identifier of an event to the bundles that hold it, by their place among those that were merged.
        unknown_signers: Signer ids of valid events of which nothing is known here, sorted.
        doubtful: Identifier of an event in force to the code that speaks against its key (``compromised-key``,
            ``key-window``).
    """

    state: State
    events: Mapping[str, Event]
    holders: Mapping[str, tuple[int, ...]]
    unknown_signers: tuple[str, ...]
    doubtful: Mapping[str, str]


def merge_bundles(bundles: Sequence[Bundle], keyring: Keyring) -> MergedBundles:
    """Return what the events of some bundles amount to; the order of the bundles does not matter.

    Each event is judged under the keys that its own bundle lists. An event in the name of a signer whose keys are
    known here, by a key that is none of them, is invalid (``signer-key``): else any mirror could contradict, and so
    undo, what another signer said. Events by unknown signers count, and are reported.

    Args:
        bundles: At least one; their signatures and states are not looked at.
        keyring: The trusted keys, and whose they are.

    Raises:
        MergeError: ``merge-numbers``: the bundles are of different numbers; ``pith-number``: a bundle's number is not
            its record's.
    """
    number = refuse_other_numbers(bundle.content.pith_number for bundle in bundles)
    valid: dict[str, Event] = {}
    others: dict[str, tuple[str, Event]] = {}
    holders: dict[str, dict[int, None]] = {}
    unknown: set[str] = set()
    doubts: dict[str, str] = {}
    for place, bundle in enumerate(bundles):
        _refuse_another_record(bundle)
        keys = KnownKeys(keyring)
        keys.bring(bundle.content.public_keys, Checks(), "$.public_keys")
        for event in bundle.content.events:
            event_id = event.content.event_id
            holders.setdefault(event_id, {})[place] = None
            if event_id in valid:
                continue
            signer = event.content.signer
            standing = keys.signer_standing(signer.signer_id, signer.key_id)
            judged = judge_event(event, number, keys, ROOT)
            reason = judged.reason or (SIGNER_KEY if standing is SignerStanding.UNPROVEN else None)
            if reason is None:
                valid[event_id] = event
                doubts.update((event_id, fault.code) for fault in judged.standing_faults)
                others.pop(event_id, None)
                if standing is SignerStanding.UNKNOWN:
                    unknown.add(signer.signer_id)
            elif event_id not in others or reason < others[event_id][0]:
                others[event_id] = reason, event
    reasons = {event_id: reason for event_id, (reason, _) in others.items()}
    events = {**valid, **{event_id: event for event_id, (_, event) in others.items()}}
    state = fold_events(
        number,
        events.values(),
        check=lambda event: reasons.get(event.content.event_id),
        source_aliases=_united(map(_own_aliases, bundles)),
    )
    in_force = {event.event_id for event in state.content.current.events()}
    return MergedBundles(
        state=state,
        events=MappingProxyType(events),
        holders=MappingProxyType({event_id: tuple(places) for event_id, places in holders.items()}),
        unknown_signers=tuple(sorted(unknown)),
        doubtful=MappingProxyType({event_id: doubts[event_id] for event_id in sorted(in_force & doubts.keys())}),
    )


def merge_bundle(bundle: Bundle, keyring: Keyring) -> State:
    """Return what the events of one bundle amount to, as verifying it finds: whoever they are by.

    Args:
        bundle: The bundle; its signature and state are not looked at.
        keyring: The pinned keys, whose ids no key of the bundle can have.
    """
    keys = KnownKeys(keyring)
    keys.bring(bundle.content.public_keys, Checks(), "$.public_keys")
    number = bundle.content.pith_number
    check = event_check(number, keys)
    return fold_events(number, bundle.content.events, check=check, source_aliases=bundle.content.source_aliases)


def event_check(pith_number: str, keys: KnownKeys) -> EventCheck:
    """Return the check of single events that :func:`~pithbuilder.verify.event.judge_event` makes.

    Args:
        pith_number: The number that the events must be about.
        keys: The keys that the events' bundle lists.
    """

    def check(event: Event) -> str | None:
        return judge_event(event, pith_number, keys, ROOT).reason

    return check


def _refuse_another_record(bundle: Bundle) -> None:
    checks = Checks()
    content = bundle.content
    check_number(checks, content.canonical_record, content.pith_number, content.short_pith_number, ROOT)
    for fault in checks.failures:
        if fault.code == "pith-number":  # a wrong short number is no reason not to merge
            raise fault.as_error(MergeError)


def _by_time(alias: SourceAlias) -> tuple[str, bytes]:
    return alias.created_at, alias.canonical_bytes


def _own_aliases(bundle: Bundle) -> Iterator[SourceAlias]:
    """Yield a bundle's aliases but for the names of other papers, which any mirror could add.

    What follows from an alias of a kind that is not known here is not known either: it stays.
    """
    record = bundle.content.canonical_record
    own: dict[str, str] = {}
    if record.source.kind == SOURCE_KIND and is_arxiv_id(record.source.id):
        own = record.pith_number.aliases(record.source.id, record.source.version)
    for alias in bundle.content.source_aliases:
        if own.get(alias.alias_kind, alias.alias_value) == alias.alias_value:
            yield alias


def _united(lists: Iterable[Iterable[SourceAlias]]) -> SourceAliases:
    """Return every alias once, sorted by kind and value, with the earliest of its times."""
    earliest: dict[tuple[str, str], SourceAlias] = {}
    for aliases in lists:
        for alias in aliases:
            name = alias.alias_kind, alias.alias_value
            earliest[name] = min(alias, earliest.get(name, alias), key=_by_time)
    return SourceAliases(tuple(earliest[name] for name in sorted(earliest)))
