"""States: their own digest, and whether the events really amount to them."""

from __future__ import annotations

from collections.abc import Mapping

from pithbuilder.core.canonical_json import JsonObject, JsonValue
from pithbuilder.core.json_difference import first_difference
from pithbuilder.core.json_path import ROOT
from pithbuilder.core.pith_number import SHORT_LENGTHS, SUFFIX_LENGTH
from pithbuilder.documents.payloads import RecordCreated
from pithbuilder.documents.state import MERGE_VERSION, STATE_TYPE, STATE_VERSION, State, StateContent
from pithbuilder.errors import DocumentError, printable
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.record import check_aliases, check_receipt, check_record
from pithbuilder.verify.report import VerificationReport
from pithbuilder.verify.signatures import KnownKeys


def check_state_itself(checks: Checks, state: State, path: str) -> None:
    """Check a state's constants, counts and digest.

    Args:
        checks: Takes ``state-type``, ``state-version``, ``merge-version``, ``state-counts``, ``state-digest``.
        state: The state.
        path: JSON path of the state.
    """
    content = state.content
    for code, name, found, expected in (
        ("state-type", "state_type", content.state_type, STATE_TYPE),
        ("state-version", "state_version", content.state_version, STATE_VERSION),
        ("merge-version", "merge_version", content.merge_version, MERGE_VERSION),
        ("state-counts", "invalid_event_count", content.invalid_event_count, len(content.invalid_events)),
        ("state-counts", "equivocation_count", content.equivocation_count, len(content.equivocations)),
        (
            "state-counts",
            "event_count",
            content.event_count,
            content.valid_event_count + content.invalid_event_count,
        ),
    ):
        checks.equal(code, f"{path}.{name}", found, expected, "not what a state of this project says")
    equivocating = {event_id for group in content.equivocations for event_id in group.event_ids}
    checks.equal(
        "state-counts",
        f"{path}.applied_event_ids",
        len(content.applied_event_ids),
        content.valid_event_count - len(equivocating),
        "not every valid event that does not equivocate is applied",
    )
    applied = set(content.applied_event_ids)
    unapplied = [event.event_id for event in content.current.events() if event.event_id not in applied]
    checks.equal("state-counts", f"{path}.current", unapplied, [], "events are in force that were not applied")
    checks.equal(
        "state-digest",
        f"{path}.state_sha256",
        state.stated_state_sha256,
        content.state_sha256,
        "stated digest is not that of the state",
    )


def check_merge(checks: Checks, state: State, merged: StateContent, path: str) -> bool:
    """Check that a state is what its events amount to, and say whether it is.

    Args:
        checks: Takes ``state-merge``, at the first difference.
        state: The state in the document.
        merged: The state that merging the document's events gave.
        path: JSON path of the state.
    """
    if state.content.canonical_bytes == merged.canonical_bytes:
        checks.passed("state-merge", path)
        return True
    difference = first_difference(state.content.to_dict(), merged.to_dict(), path)
    place, found, expected = difference if difference is not None else (path, "", "")
    checks.fail(
        "state-merge", place, "state is not what the events amount to", expected=printable(expected), found=found
    )
    return False


def verify_state(value: JsonObject, keyring: Keyring) -> VerificationReport:
    """Verify a state that stands alone: it is not signed, so ``self-consistent`` is the best verdict.

    Its receipt's signature is checked where the key is pinned; the report's ``keys`` then name it.

    Args:
        value: The state as parsed from the wire.
        keyring: The pinned keys.
    """
    checks = Checks()
    try:
        state = State.from_dict(value)
        check_state_itself(checks, state, ROOT)
        _check_current(checks, state, keyring)
    except DocumentError as error:
        checks.refused(error)
    return checks.report("state", printable_number(value), unsigned=True)


def printable_number(value: Mapping[str, JsonValue]) -> str:
    """Return the number that a document is about, as it states it; empty where that is no ASCII text."""
    number = value.get("pith_number")
    return number if isinstance(number, str) and number.isascii() and number.isprintable() else ""


def _check_current(checks: Checks, state: State, keyring: Keyring) -> None:
    content = state.content
    applied = content.current.record_created
    record = content.current.canonical_record
    if applied is None or record is None:
        checks.fail("record-created", "$.current.record_created", "state has no record")
        return
    path = "$.current.record_created.payload"
    created = applied.payload.read_as(RecordCreated, path)
    check_record(checks, created.canonical_record, created.canonical_sha256, path)
    number = created.canonical_record.pith_number
    checks.equal("pith-number", "$.pith_number", content.pith_number, str(number), "number is not the record's")
    checks.equal(
        "record-copies",
        "$.current.canonical_record",
        record.digest,
        created.canonical_record.digest,
        "not the record that was created",
    )
    kinds = {alias.alias_kind for alias in content.current.source_aliases}
    short_length = next((length for length in SHORT_LENGTHS if f"pith_short_{length}" in kinds), SUFFIX_LENGTH)
    check_aliases(
        checks,
        content.current.source_aliases,
        number,
        record.source,
        short_length,
        "$.current.source_aliases",
    )
    check_receipt(
        checks,
        created.receipt,
        created.canonical_record,
        KnownKeys(keyring),
        f"{path}.receipt",
        key_may_be_unknown=True,
    )
