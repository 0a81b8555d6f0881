"""How the time of a merge grows: 100,000 events against 50,000, with and without their signatures.

Run by hand, in a checkout, with the package installed: ``python tests/benchmarks/merge.py [--rounds N]``.

Three things are timed, over the same mixed events (chains, supersessions, several signers, equivocations, unknown
types, misfits, duplicates, bad signatures), made and signed once:

- the rules alone, over what the merge needs to know of the events;
- from parsed JSON to the state's bytes, every identifier and digest recomputed, no signature checked;
- from a bundle's bytes to the report, every signature checked.

Then the worst cases of the rules. Growth as n log n makes a ratio of 2.13 at most; time on this machine says nothing,
only the ratios do. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any, Final

import attrs

from measure import format_table, interleaved_rounds, median_ratio
from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.core.encoding import encode_base64
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.base import OpaqueDocument
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.event import Event, EventContent
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.signature import BundleSignature, EventSignature, EventSigner
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.merge.event import MergeEvent
from pithbuilder.merge.fold import fold_events, merge_events
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.report import Verdict

HALF: Final = 50_000
WHOLE: Final = 2 * HALF
TARGET_RATIO: Final = 2.2

TEST_ONLY_SEED: Final = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032
NOW: Final = datetime(2026, 11, 21, 10, 11, 12, 131415, tzinfo=UTC)
CREATED_AT: Final = "2026-11-21T10:11:12Z"
SIGNED_AT: Final = "2026-11-21T10:11:12.131415Z"
PAPER: Final = PaperMetadata(
    arxiv_id="2501.00001",
    version=1,
    title="On Merging Many Events",
    abstract="We merge many events.",
    authors="A. Author",
    categories=("cs.DL",),
    license="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    submitted_at=datetime(2025, 1, 1, tzinfo=UTC),
)


class Scribe:
    """Signs events about one number as one signer."""

    def __init__(self, signer_id: str, number: str) -> None:
        self.signer = LocalSigner(f"{signer_id}-key", PrivateKey.generate())
        self.document = KeyDocument.of(
            self.signer.public_key.raw, key_id=self.signer.key_id, url=f"https://{signer_id}.example/key", notes=""
        )
        self.who = EventSigner(
            signer_id=signer_id,
            signer_type="pith_registry",
            key_id=self.signer.key_id,
            public_key_fingerprint=self.document.fingerprint_sha256_hex,
        )
        self._number = number
        self.written: list[Event] = []

    def write(
        self,
        what: int,
        event_type: str = "correction",
        *,
        prev_event: str | None = None,
        supersedes: tuple[str, ...] = (),
        good: bool = True,
    ) -> Event:
        payload: JsonObject = {
            "what": f"equation {what}",
            "reason": "a sign is wrong",
            "url": "https://example.org/errata",
            "corrected_pith_number": None,
        }
        content = EventContent(
            event_type=event_type,
            subject_pith_number=self._number,
            target="record",
            payload=OpaqueDocument.from_dict(payload),
            signer=self.who,
            created_at=f"2026-11-20T{what // 3600 % 24:02}:{what // 60 % 60:02}:{what % 60:02}Z",
            supersedes=supersedes,
            prev_event=prev_event,
        )
        preimage = Preimage.of(content)
        raw = self.signer.sign(preimage)
        signature = EventSignature(
            key_id=self.who.key_id,
            public_key_fingerprint=self.who.public_key_fingerprint,
            signature_b64=encode_base64(raw if good else raw[::-1]),
            signed_message=preimage.signed_message,
            signed_at=SIGNED_AT,
        )
        event = Event.sealed(content, signature)
        if good:
            self.written.append(event)
        return event


def mixed_events(count: int, number: str) -> tuple[list[Event], list[Scribe], set[str]]:
    """Return events of every kind, shuffled; who signed them; and the identifiers of those with a bad signature."""
    source = random.Random(count)
    scribes = [Scribe(f"signer-{index}", number) for index in range(4)]
    events: list[Event] = []
    forged: set[str] = set()
    kinds = Counter(chain=45, loose=23, supersede=14, equivocate=4, unknown=4, missing=3, stranger=2, forged=2, copy=3)
    for what, kind in enumerate(source.choices(list(kinds), list(kinds.values()), k=count)):
        scribe, other = source.sample(scribes, 2)
        last = scribe.written[-1] if scribe.written else None
        if kind == "copy" and events:
            events.append(source.choice(events))
        elif kind == "forged":
            events.append(scribe.write(what, good=False))
            forged.add(events[-1].content.event_id)
        elif kind == "missing":
            events.append(scribe.write(what, prev_event="sha256:" + f"{what:064}"))
        elif kind == "stranger" and other.written:
            events.append(scribe.write(what, supersedes=(other.written[-1].content.event_id,)))
        elif kind == "supersede" and last is not None:
            events.append(scribe.write(what, supersedes=(source.choice(scribe.written).content.event_id,)))
        elif kind == "equivocate" and last is not None:
            events.append(scribe.write(what, prev_event=last.content.prev_event or last.content.event_id))
        elif kind == "chain" and last is not None:
            events.append(scribe.write(what, prev_event=last.content.event_id))
        else:
            events.append(scribe.write(what, "made_up_in_2050" if kind == "unknown" else "correction"))
    source.shuffle(events)
    return events, scribes, forged


def make_bundle(issuer: Issuer, signer: LocalSigner, count: int) -> tuple[bytes, list[JsonObject], set[str]]:
    """Return a bundle of mixed events, the events as plain objects, and the forged ones' identifiers."""
    content = issuer.issue(PAPER).bundle.content
    events, scribes, forged = mixed_events(count - len(content.events), content.pith_number)
    events += content.events
    state = fold_events(
        content.pith_number,
        events,
        check=lambda event: "signature" if event.content.event_id in forged else None,
        source_aliases=content.source_aliases,
    )
    keys = (*content.public_keys, *(scribe.document for scribe in scribes))
    content = attrs.evolve(content, events=tuple(events), public_keys=keys, state=state)
    preimage = Preimage.of(content)
    signature = BundleSignature(
        bundle_sha256=preimage.digest.hex(),
        key_id=signer.key_id,
        public_key_fingerprint=content.public_keys[0].fingerprint_sha256_hex,
        signature_b64=encode_base64(signer.sign(preimage)),
        signed_message=preimage.signed_message,
        signed_at=SIGNED_AT,
    )
    bundle = Bundle(content=content, bundle_signature=signature)
    return bundle.canonical_bytes, [event.to_dict() for event in events], forged


def rule_events(events: list[JsonObject]) -> dict[str, MergeEvent[None]]:
    """Return what the rules need to know of some events."""
    found: dict[str, MergeEvent[None]] = {}
    for value in events:
        event = Event.from_dict(value).content
        found[event.event_id] = MergeEvent(
            event.event_type,
            event.target,
            event.signer.signer_id,
            event.created_at,
            event.supersedes,
            event.prev_event,
            None,
        )
    return found


def name(index: object) -> str:
    return f"sha256:{index!s:>064}"


def worst_cases(count: int) -> dict[str, dict[str, MergeEvent[None]]]:
    """Return events on which a careless merge takes quadratic time, memory, or stack."""

    def event(event_type: str = "correction", prev: int | None = None, *supersedes: int) -> MergeEvent[None]:
        prev_event = None if prev is None else name(prev)
        return MergeEvent(event_type, "record", "a", CREATED_AT, tuple(map(name, supersedes)), prev_event, None)

    created = "record_created"
    every = range(1, count)
    return {
        "one chain": {name(0): event()} | {name(n): event("correction", n - 1) for n in every},
        "one chain of supersessions": {name(0): event()} | {name(n): event("correction", None, n - 1) for n in every},
        "one supersedes all": {name(n): event() for n in every} | {name(0): event("correction", None, *every)},
        "one group of equivocations": {name(0): event()} | {name(n): event("correction", 0) for n in every},
        "records of one signer": {name(n): event(created) for n in range(count)},
        "records superseding in a row": {name(0): event(created)}
        | {name(n): event(created, None, n - 1) for n in every},
        "all on one missing event": {name(n): event("correction", n - 1) for n in every},
        "one circle": {name(n): event("correction", (n - 1) % count) for n in range(count)},
    }


def megabytes() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how the time of a merge grows.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--verify-rounds", type=int, default=1, help="the same with signatures (default: %(default)s)")
    arguments = parser.parse_args()
    signer = LocalSigner("test-only", PrivateKey.from_seed(TEST_ONLY_SEED))
    profile = IssuerProfile(signer_id="registry.example", mirror_name="Example", base_url="https://registry.example")
    issuer = Issuer(profile, signer, FixedClock(NOW))
    keyring = Keyring([issuer.key_document])
    content = issuer.issue(PAPER).bundle.content
    made = {count: make_bundle(issuer, signer, count) for count in (HALF, WHOLE)}
    before = megabytes()

    def from_json(count: int) -> Any:
        _, events, forged = made[count]
        return fold_events(
            content.pith_number,
            map(Event.from_dict, events),
            check=lambda event: "signature" if event.content.event_id in forged else None,
            source_aliases=content.source_aliases,
        ).canonical_bytes

    def verified(count: int) -> None:
        report = verify_bundle(made[count][0], keyring)
        assert report.verdict is Verdict.TRUSTED, report.failures[:3]

    rules = {count: rule_events(events) for count, (_, events, _) in made.items()}
    worst = {count: worst_cases(count) for count in (HALF, WHOLE)}
    gc.collect()
    gc.freeze()  # what has been prepared is not to be looked through again by every collection that is timed
    ratios: dict[str, float] = {}
    rows: list[tuple[str, ...]] = []

    def compare(title: str, rounds: int, run: Callable[[int], object]) -> None:
        def round_of(count: int) -> Callable[[int], object]:
            return lambda _: run(count)

        seconds = interleaved_rounds({str(count): round_of(count) for count in (HALF, WHOLE)}, rounds)
        ratios[title] = round(median_ratio(seconds, str(WHOLE), str(HALF)), 2)
        times = (f"{median(seconds[str(count)]):.2f}" for count in (HALF, WHOLE))
        rows.append((title, *times, f"{ratios[title]:.2f}"))

    def merge_worst(title: str, count: int) -> object:
        return merge_events(worst[count][title], {})

    compare("mixed: the rules alone", arguments.rounds, lambda count: merge_events(rules[count], {}))
    compare("mixed: from JSON to state", arguments.rounds, from_json)
    compare("mixed: verify_bundle, signatures and all", arguments.verify_rounds, verified)
    for title in worst[HALF]:
        compare(title, arguments.rounds, partial(merge_worst, title))
    print(f"{HALF} and {WHOLE} events; medians of {arguments.rounds} rounds, processor time in seconds\n")
    print(format_table(("merging", f"{HALF}", f"{WHOLE}", "ratio"), rows))
    sizes = {count: round(len(data) / 2**20, 1) for count, (data, _, _) in made.items()}
    print(f"\nthe bundles: {sizes[HALF]} and {sizes[WHOLE]} MiB; asked for: a ratio of at most {TARGET_RATIO}")
    print(
        json.dumps(
            {
                "benchmark": "merge",
                "ratio_rules": ratios["mixed: the rules alone"],
                "ratio_without_signatures": ratios["mixed: from JSON to state"],
                "ratio_with_signatures": ratios["mixed: verify_bundle, signatures and all"],
                "ratio_worst_case": max(ratios[title] for title in worst[HALF]),
                "target_ratio": TARGET_RATIO,
                "events": [HALF, WHOLE],
                "bundle_mebibytes": sizes[WHOLE],
                "memory_mebibytes": [round(before), round(megabytes())],
                "rounds": [arguments.rounds, arguments.verify_rounds],
            }
        )
    )


if __name__ == "__main__":
    main()
