"""Mutants of merging: order, misfits, equivocation, supersession, copies, signers, several bundles."""

from __future__ import annotations

from typing import Final

from tests.support.mutants import Mutant

ORDER: Final = "pithbuilder.merge.order"
FOLD: Final = "pithbuilder.merge.fold"
REDUCERS: Final = "pithbuilder.merge.reducers"
MERGING: Final = "pithbuilder.verify.merging"
DIFFERENCE: Final = "pithbuilder.merge.difference"

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
        "    turned = event_id.translate(str.maketrans(\"0123456789abcdef\", \"fedcba9876543210\"))\n"
        "    return content.event_type != RECORD_CREATED, content.created_at, event_id, turned",
        "merge",
    ),
    Mutant(
        "time-does-not-order-events",
        ORDER,
        "    return content.event_type != RECORD_CREATED, content.created_at, event_id",
        '    return content.event_type != RECORD_CREATED, "", event_id',
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
        "predecessors-may-come-later",
        ORDER,
        "    if content.prev_event is not None:\n        names.add(content.prev_event)",
        "    if False:\n        names.add(str(content.prev_event))",
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
        "circles-vanish",
        ORDER,
        "        if count and event_id not in misfits:",
        "        if False:",
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
        "successors-with-other-targets-contradict-each-other",
        ORDER,
        "successors[signer_id, content.target, content.prev_event]",
        'successors[signer_id, "record", content.prev_event]',
        "merge",
    ),
    Mutant(
        "successors-of-other-signers-contradict-each-other",
        ORDER,
        "            successors[signer_id, content.target, content.prev_event].append(event_id)",
        '            successors["", content.target, content.prev_event].append(event_id)',
        "merge",
    ),
    Mutant(
        "two-records-of-one-signer-do-not-contradict-each-other",
        ORDER,
        "        if rivals:",
        "        if False:",
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
        "groups-are-in-the-order-in-which-they-are-found",
        ORDER,
        '    return sorted(groups, key=lambda group: (group.signer_id, group.target, group.prev_event or "", group.event_ids))',
        "    return groups",
        "merge",
    ),
    Mutant(
        "a-group-is-in-the-order-of-application",
        ORDER,
        "event_ids=tuple(sorted(ids))",
        "event_ids=tuple(ids)",
        "merge",
    ),
    Mutant(
        "rivals-are-in-the-order-of-application",
        ORDER,
        "event_ids=tuple(sorted(rivals))",
        "event_ids=tuple(rivals)",
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
        "a-superseded-record-counts",
        REDUCERS,
        "            if place < first and event_id not in superseded:",
        "            if place < first:",
        "merge",
    ),
    Mutant(
        "a-record-issued-again-loses-its-place",
        REDUCERS,
        "                place = min(place, places.get(earlier, index))",
        "                place = index",
        "merge",
    ),
    Mutant(
        "the-last-record-counts",
        REDUCERS,
        "            if place < first and event_id not in superseded:",
        "            if event_id not in superseded:",
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
        "invalid-events-are-in-the-order-of-arrival",
        FOLD,
        "in sorted({**reasons, **misfits}.items())",
        "in {**reasons, **misfits}.items()",
        "merge",
    ),
    Mutant(
        "misfits-are-left-out",
        FOLD,
        "in sorted({**reasons, **misfits}.items())",
        "in sorted(reasons.items())",
        "merge",
    ),
    Mutant(
        "a-bad-copy-spoils-a-good-one-behind-it",
        FOLD,
        "            reasons.pop(event_id, None)\n",
        "",
        "bundles",
    ),
    Mutant(
        "of-two-bad-copies-the-last-gives-the-reason",
        FOLD,
        "reasons[event_id] = min(reason, reasons.get(event_id, reason))",
        "reasons[event_id] = reason",
        "bundles",
    ),
    Mutant(
        "a-bad-copy-in-another-bundle-spoils-a-good-one",
        MERGING,
        "                others.pop(event_id, None)\n",
        "",
        "merge",
    ),
    Mutant(
        "of-two-bad-copies-in-bundles-the-last-gives-the-reason",
        MERGING,
        "            elif event_id not in others or reason < others[event_id][0]:",
        "            else:",
        "merge",
    ),
    Mutant(
        "any-key-signs-in-any-name",
        MERGING,
        "(SIGNER_KEY if standing is SignerStanding.UNPROVEN else None)",
        "None",
        "merge",
    ),
    Mutant(
        "bundles-are-merged-under-any-number",
        MERGING,
        "        _refuse_another_record(bundle)\n",
        "",
        "merge",
    ),
    Mutant(
        "aliases-of-other-papers-are-taken",
        MERGING,
        "        if own.get(alias.alias_kind, alias.alias_value) == alias.alias_value:",
        "        if True:",
        "merge",
    ),
    Mutant(
        "of-two-aliases-the-later-stays",
        MERGING,
        "            earliest[name] = min(alias, earliest.get(name, alias), key=_by_time)",
        "            earliest[name] = max(alias, earliest.get(name, alias), key=_by_time)",
        "merge",
    ),
    Mutant(
        "aliases-are-in-the-order-of-the-bundles",
        MERGING,
        "tuple(earliest[name] for name in sorted(earliest))",
        "tuple(earliest.values())",
        "merge",
    ),
    Mutant(
        "each-event-is-judged-under-the-keys-of-all-bundles",
        MERGING,
        '        keys = KnownKeys(keyring)\n        keys.bring(bundle.content.public_keys, Checks(), "$.public_keys")\n        for event',
        '        keys = KnownKeys(keyring)\n        for other in bundles:\n            keys.bring(other.content.public_keys, Checks(), "$.public_keys")\n        for event',
        "merge",
    ),
)
