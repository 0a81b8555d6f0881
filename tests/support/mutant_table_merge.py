"""Mutants of merging: order, misfits, equivocation, supersession, copies, signers, several bundles."""

from __future__ import annotations

from typing import Final

from tests.support.mutants import Mutant

ORDER: Final = "pithbuilder.merge.order"
FOLD: Final = "pithbuilder.merge.fold"
REDUCERS: Final = "pithbuilder.merge.reducers"
MERGING: Final = "pithbuilder.verify.merging"

MERGE_MUTANTS: Final = (
    Mutant(
        "records-do-not-come-first",
        ORDER,
        "    return content.event_type != RECORD_CREATED, content.created_at, event_id",
        "    return False, content.created_at, event_id",
        "merge",
    ),
    Mutant(
        "ties-are-broken-by-the-larger-identifier",
        ORDER,
        "    return content.event_type != RECORD_CREATED, content.created_at, event_id",
        '    turned = event_id.translate(str.maketrans("0123456789abcdef", "fedcba9876543210"))\n'
        "    return content.event_type != RECORD_CREATED, content.created_at + turned, event_id",
        "merge",
    ),
    Mutant(
        "what-is-superseded-may-come-later",
        ORDER,
        "    names = set(content.supersedes)\n",
        "    names: set[str] = set()\n",
        "merge",
    ),
    Mutant(
        "anybody-supersedes-anything",
        ORDER,
        "        if content.supersedes and _supersedes_other_signer(content, contents)",
        "        if False",
        "merge",
    ),
    Mutant(
        "missing-predecessors-are-not-passed-on",
        ORDER,
        "            missing.extend(followers.get(event_id, ()))",
        "            pass",
        "merge",
    ),
    Mutant(
        "two-successors-do-not-contradict-each-other",
        ORDER,
        "        if len(ids) > 1",
        "        if len(ids) > 2",
        "merge",
    ),
    Mutant(
        "records-are-superseded-directly-or-not-at-all",
        ORDER,
        "        first = place.get(event_id, above.get(event_id, count))",
        "        first = place.get(event_id, count)",
        "merge",
    ),
    Mutant(
        "superseded-events-stay-in-force",
        REDUCERS,
        "        elif event_id not in superseded and (name",
        "        elif (name",
        "merge",
    ),
    Mutant(
        "equivocating-events-are-applied",
        FOLD,
        "    applied = [event_id for event_id in order if event_id not in equivocating]",
        "    applied = list(order)",
        "merge",
    ),
    Mutant(
        "of-two-bad-copies-the-last-gives-the-reason",
        FOLD,
        "reasons[event_id] = min(reason, reasons.get(event_id, reason))",
        "reasons[event_id] = reason",
        "bundles",
    ),
    Mutant(
        "any-key-signs-in-any-name",
        MERGING,
        "(SIGNER_KEY if standing is SignerStanding.UNPROVEN else None)",
        "None",
        "merge",
    ),
    Mutant(
        "aliases-of-other-papers-are-taken",
        MERGING,
        "        if own.get(alias.alias_kind, alias.alias_value) == alias.alias_value:",
        "        if True:",
        "merge",
    ),
)
