"""What an issuer has minted before, as mirror and ledger have it."""

from __future__ import annotations

import re
from typing import Final

from pithbuilder.core.pith_number import SHORT_LENGTHS, SUFFIX_LENGTH, PithNumber
from pithbuilder.core.timestamps import cut_to_seconds, format_microseconds, parse_seconds
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.mirror import bundle_path
from pithbuilder.documents.payloads import RecordCreated
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import MintError, printable
from pithbuilder.issuing.issuer import MINTED_EVENTS
from pithbuilder.signing.keyring import Keyring
from pithbuilder.stores.ledger import LaterIssue, Ledger, LedgerRow
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.report import Verdict

_VERSIONED: Final = re.compile(r"(.+)v([1-9][0-9]{0,4})", re.ASCII)


def recover_ledger(ledger: Ledger, tree: MirrorTree, chain: KeyChain) -> int:
    """Take the numbers of a mirror that the ledger has not met into it, and return how many were new to it.

    So a ledger that was lost comes back, and a mirror from elsewhere is not minted into a second time.

    Args:
        ledger: Open for writing.
        tree: The mirror.
        chain: The issuer's keys; every bundle must be signed by one of them.

    Raises:
        MintError: ``stored-bundle``: a bundle is not this issuer's; ``drift``: it is of a paper that has another
            number in the ledger; ``unvouched-bundle``: it rests on a key that others may have had, and without the
            ledger nothing tells the issuer's bundles from theirs.
        StoreError: The mirror cannot be read, or the ledger not written.
    """
    path = tree.root.absolute().as_uri()  # a path need not be text, its address is
    if ledger.knows_mirror(path):
        return 0
    rows, later = [], []
    own_keys, compromised = chain.own_keys(), chain.compromised_ids
    for suffix in tree.bundle_suffixes():
        if ledger.knows_number(suffix):
            continue  # a mirror that was only moved; its bundles are looked at when their papers come up
        bundle = load_own_bundle(tree, suffix, tree.read(bundle_path(suffix)), own_keys)
        row = ledger.find(bundle.content.source.id, bundle.content.source.version)
        if row is None:
            refuse_unvouched(bundle, compromised, str(tree.root / bundle_path(suffix)))
            row = row_of(bundle)
            rows.append(row)
            later.extend(later_issues_of(bundle))
        else:
            refuse_drift(row, str(tree.root / bundle_path(suffix)), bundle.content.canonical_record)
    ledger.add_mirror(path, sorted(rows, key=lambda row: (row.first_computed_at, row.pith_number.suffix)), later)
    return len(rows)


def refuse_unvouched(bundle: Bundle, compromised: frozenset[str], where: str) -> None:
    """Refuse a bundle that rests on a compromised key.

    Raises:
        MintError: ``unvouched-bundle``.
    """
    used = {bundle.bundle_signature.key_id, *keys_in_force(bundle)}
    if used & compromised:
        raise MintError(
            "unvouched-bundle",
            "the bundle rests on a key that others may have had, and the ledger does not know it",
            where=where,
            expected="a bundle that was issued in this workspace, byte for byte",
            found=", ".join(sorted(used & compromised)),
            hint="it may be forged: restore it or the ledger from a backup, or move it away and mint the paper again",
        )


def refuse_clock_set_back(bundle: Bundle, now: str) -> None:
    """Refuse to issue a bundle again at a time before its last issue.

    Args:
        bundle: As it is.
        now: The time at which it would be issued: UTC, microseconds with six digits.

    Raises:
        MintError: ``clock-set-back``.
    """
    content = bundle.content
    created = content.state.content.current.record_created
    signed_at = "" if created is None else created.payload.read_as(RecordCreated).receipt.signed_at
    if now < signed_at or cut_to_seconds(now) < content.built_at:
        raise MintError(
            "clock-set-back",
            "the clock stands before the last issue of this bundle",
            where=content.pith_number,
            expected=f"{max(signed_at, content.built_at, key=lambda text: text[:19])} or later",
            found=now,
            hint="set the clock right",
        )


def keys_in_force(bundle: Bundle) -> frozenset[str]:
    """Return the ids of the keys that signed the events in force of a bundle."""
    return frozenset(event.signer.key_id for event in bundle.content.state.content.current.events())


def load_own_bundle(tree: MirrorTree, suffix: str, data: bytes, own_keys: Keyring) -> Bundle:
    """Return a bundle of the mirror, if it is one that this issuer signed.

    Args:
        tree: The mirror.
        suffix: The 26 characters of its number.
        data: The bundle's bytes.
        own_keys: The issuer's own keys, whatever has become of them.

    Raises:
        MintError: ``stored-bundle``.
    """
    report = verify_bundle(data, own_keys)
    if report.verdict is not Verdict.TRUSTED or not report.pith_number.endswith(f":{suffix}"):
        finding = report.failures[0] if report.failures else None
        raise MintError(
            "stored-bundle",
            "the bundle in the mirror is not one that this issuer signed; nothing was changed",
            where=str(tree.root / bundle_path(suffix)),
            expected="a bundle of this number under one of the workspace's keys",
            found=f"{finding.code} at {finding.path}" if finding else report.verdict.value,
            hint="move it away to have it made again",
        )
    return Bundle.from_dict(parse_object(data))


def refuse_drift(row: LedgerRow, place: str, record: CanonicalRecord) -> None:
    """Refuse a record that is not the one in the ledger.

    Raises:
        MintError: ``drift``; the text, categories, license or date changed under the same id and version.
    """
    if row.canonical_sha256 == record.digest.hex():
        return
    raise MintError(
        "drift",
        "metadata changed under the same identifier and version; not minted",
        where=f"{place}: paper {record.source.id}v{record.source.version}",
        expected=str(row.pith_number),
        found=str(record.pith_number),
        hint="find out which text is right; the number that was published stays",
    )


def row_of(bundle: Bundle) -> LedgerRow:
    """Return the ledger's row of a bundle that was found in a mirror."""
    content = bundle.content
    created = content.state.content.current.record_created
    assert created is not None  # a trusted bundle has one
    receipt = created.payload.read_as(RecordCreated).receipt
    number = PithNumber.parse(content.pith_number)
    return LedgerRow(
        source_id=content.source.id,
        source_version=content.source.version,
        canonical_sha256=content.canonical_sha256,
        pith_number=number,
        short_length=next(
            length
            for length in (*SHORT_LENGTHS, SUFFIX_LENGTH)
            if content.short_pith_number == number.short_form(length)
        ),
        first_computed_at=receipt.first_computed_at,
        key_id=receipt.key_id,
        bundle_sha256=content.bundle_sha256,
    )


def later_issues_of(bundle: Bundle) -> list[LaterIssue]:
    """Return what goes into the ledger besides its row of a bundle that was found in a mirror: nothing if as minted."""
    content, row, key_ids = bundle.content, row_of(bundle), keys_in_force(bundle)
    if key_ids == {row.key_id} and len(content.events) <= MINTED_EVENTS:
        return []
    last = max(row.first_computed_at, format_microseconds(parse_seconds(content.built_at)))
    suffix = row.pith_number.suffix
    return [LaterIssue(suffix=suffix, issued_at=last, key_ids=key_ids, bundle_sha256=content.bundle_sha256)]


def find_rows(ledger: Ledger, name: str) -> list[LedgerRow]:
    """Return the rows that a name stands for.

    Args:
        ledger: The ledger.
        name: A Pith Number, its suffix (26 characters), or an arXiv identifier with or without a version; without
            one it stands for every version.

    Raises:
        MintError: ``not-minted``; the ledger knows nothing of that name.
    """
    suffix = name.rpartition(":")[2]
    row = ledger.find_number(suffix)
    if row is not None and name in (suffix, str(row.pith_number)):
        return [row]
    versioned = _VERSIONED.fullmatch(name)
    if versioned is None:
        rows = ledger.find_versions(name)
    else:
        found = ledger.find(versioned[1], int(versioned[2]))
        rows = [] if found is None else [found]
    if not rows:
        raise MintError(
            "not-minted",
            "nothing of that name was minted in this workspace",
            expected="a Pith Number, its suffix, or an arXiv identifier",
            found=printable(name),
        )
    return rows
