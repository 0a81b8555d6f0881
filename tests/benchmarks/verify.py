"""How long verifying a bundle takes, next to the work that no verifier can avoid.

Run by hand, in a checkout, with the package installed: ``python tests/benchmarks/verify.py [--rounds N]``.

The limit is, for each bundle: four Ed25519 verifications (receipt, two events, bundle), SHA-256 over the bytes
that verifying must hash (record, both events' contents, state's content, bundle's content), and one ``json.loads``.
The naive verifier does the digests and signatures only, with ``json``, ``jcs`` and ``cryptography`` used directly.
All three go over the same bundles in turn, round after round; what counts is the ratio of the medians. The last
line is one JSON object.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import jcs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from measure import format_table, interleaved_rounds, median_ratio
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.wire import parse_object
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.report import Verdict

ROOT = Path(__file__).resolve().parents[2]
TEST_ONLY_SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032, 7.1

LEFT_OUT_OF_EVENT = ("signature", "content_sha256", "event_id")
TEXT = (
    "we study the asymptotic behaviour of a family of $\\Gamma$-convergent functionals under weak assumptions on data "
    "and show that Erd\u0151s\u2013R\u00e9nyi graphs of bounded degree admit $O(n^{2})$ algorithms, in contrast to "
    'earlier work; our "generic" approach is evaluated on large benchmarks with state-of-the-art models and yields'
)
WORDS = TEXT.split()


@dataclass(frozen=True)
class Case:
    """One bundle, and what the limit needs of it."""

    data: bytes
    key: Ed25519PublicKey
    signed: tuple[tuple[bytes, bytes], ...]
    hashed: tuple[bytes, ...]


def make_paper(number: int) -> PaperMetadata:
    """Return a made-up paper; the same for the same number."""
    source = random.Random(number)
    abstract = " ".join(source.choices(WORDS, k=source.randint(90, 220)))
    return PaperMetadata(
        arxiv_id=f"{source.randint(10, 25):02d}{source.randint(1, 12):02d}.{number + 10000:05d}",
        version=source.randint(1, 4),
        title=" ".join(source.choices(WORDS, k=source.randint(5, 14))),
        abstract=abstract,
        authors=", ".join(f"Author{source.randint(1, 999)} M\u00fcller" for _ in range(source.randint(1, 7))),
        categories=tuple(source.sample(["cs.LG", "stat.ML", "math.CO", "hep-th"], k=source.randint(1, 4))),
        license="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
        submitted_at=datetime(2010, 1, 1, tzinfo=UTC) + timedelta(seconds=source.randint(0, 480_000_000)),
    )


def issue_bundles(count: int) -> tuple[list[bytes], KeyDocument]:
    """Return bundles of made-up papers, and the key document that they are to be verified with."""
    profile = IssuerProfile(signer_id="registry.example", mirror_name="Example", base_url="https://registry.example")
    signer = LocalSigner("test-only", PrivateKey.from_seed(TEST_ONLY_SEED))
    issuer = Issuer(profile, signer, FixedClock(datetime(2026, 11, 21, 10, 11, 12, 131415, tzinfo=UTC)))
    return [issuer.issue(make_paper(number)).bundle_bytes for number in range(count)], issuer.key_document


def prepare(data: bytes) -> Case:
    """Take one bundle apart."""
    bundle = json.loads(data)
    events = [without(event, *LEFT_OUT_OF_EVENT) for event in bundle["events"]]
    state = without(bundle["state"], "state_sha256")
    content = without(bundle, "bundle_signature")
    record, *rest = (bytes(jcs.canonicalize(value)) for value in (bundle["canonical_record"], *events, state, content))
    receipt = bundle["events"][0]["payload"]["receipt"]
    signatures = (receipt, *(event["signature"] for event in bundle["events"]), bundle["bundle_signature"])
    signed_bytes = (record, *rest[: len(events)], rest[-1])
    return Case(
        data=data,
        key=Ed25519PublicKey.from_public_bytes(bytes.fromhex(bundle["public_keys"][0]["public_key_hex"])),
        signed=tuple(
            (base64.b64decode(signature["signature_b64"]), hashlib.sha256(message).digest())
            for signature, message in zip(signatures, signed_bytes, strict=True)
        ),
        hashed=(record, *rest),
    )


def without(members: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return an object without some of its members."""
    return {name: value for name, value in members.items() if name not in names}


def check_signatures(case: Case) -> None:
    """Do the signature part of the limit."""
    for signature, message in case.signed:
        case.key.verify(signature, message)


def hash_all(case: Case) -> None:
    """Do the SHA-256 part of the limit."""
    for message in case.hashed:
        hashlib.sha256(message).digest()


def parse(case: Case) -> None:
    """Do the parsing part of the limit, as cheaply as the standard library can: no strictness."""
    json.loads(case.data)


def do_limit(case: Case) -> None:
    """Do what no verifier can avoid."""
    for signature, message in case.signed:
        case.key.verify(signature, message)
    for message in case.hashed:
        hashlib.sha256(message).digest()
    json.loads(case.data)


def verify_naively(case: Case) -> None:
    """Verify digests and signatures the short way; fewer checks than the package's."""
    bundle = json.loads(case.data)
    keys = {
        key["key_id"]: Ed25519PublicKey.from_public_bytes(base64.b64decode(key["public_key_b64"]))
        for key in bundle["public_keys"]
    }

    def check(signature: dict[str, Any], digest: bytes) -> None:
        keys[signature["key_id"]].verify(base64.b64decode(signature["signature_b64"]), digest)

    def digest_of(value: object) -> bytes:
        return hashlib.sha256(jcs.canonicalize(value)).digest()

    record = digest_of(bundle["canonical_record"])
    assert record.hex() == bundle["canonical_sha256"]
    for event in bundle["events"]:
        digest = digest_of(without(event, *LEFT_OUT_OF_EVENT))
        assert digest.hex() == event["content_sha256"]
        check(event["signature"], digest)
        if event["event_type"] == "record_created":
            check(event["payload"]["receipt"], digest_of(event["payload"]["canonical_record"]))
    assert digest_of(without(bundle["state"], "state_sha256")).hex() == bundle["state"]["state_sha256"]
    digest = digest_of(without(bundle, "bundle_signature"))
    assert digest.hex() == bundle["bundle_signature"]["bundle_sha256"]
    check(bundle["bundle_signature"], digest)


def take_turns(
    tasks: dict[str, Callable[[Case], object]], cases: Sequence[Case], rounds: int
) -> dict[str, list[float]]:
    """Return the seconds that each task took for all cases, one figure a round."""

    def for_all(task: Callable[[Case], object]) -> Callable[[int], object]:
        return lambda number: [task(case) for case in cases]

    return interleaved_rounds({name: for_all(task) for name, task in tasks.items()}, rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure verify_bundle against its limit.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--bundles", type=int, default=300, help="how many bundles to issue")
    arguments = parser.parse_args()
    issued, issuer_key = issue_bundles(arguments.bundles)
    published = [path.read_bytes() for path in sorted((ROOT / "tests/published").glob("bundle-*.json"))]
    pinned = KeyDocument.from_dict(parse_object((ROOT / "keys/pith-v1-2026-05.json").read_bytes()))
    keyring = Keyring([issuer_key, pinned])

    def verify(case: Case) -> None:
        assert verify_bundle(case.data, keyring).verdict is Verdict.TRUSTED

    tasks: dict[str, Callable[[Case], object]] = {
        "verify_bundle": verify,
        "limit": do_limit,
        "  4 Ed25519 verifications": check_signatures,
        "  SHA-256": hash_all,
        "  json.loads": parse,
        "naive verifier": verify_naively,
    }
    ratios: dict[str, float] = {}
    times_naive: list[float] = []
    for kind, datas in (("issued", issued), ("published", published * max(1, arguments.bundles // 10))):
        seconds = take_turns(tasks, [prepare(data) for data in datas], arguments.rounds)
        ratios[kind] = median_ratio(seconds, "verify_bundle", "limit")
        times_naive.append(median_ratio(seconds, "naive verifier", "verify_bundle"))
        rows = [
            (name, f"{median(spent) / len(datas) * 1e6:.1f}", f"{median_ratio(seconds, name, 'limit'):.2f}")
            for name, spent in seconds.items()
        ]
        size = sum(len(data) for data in datas) / len(datas)
        print(f"{kind} bundles: {len(set(datas))} different ones, {size:.0f} bytes on average; medians, processor time")
        print(format_table(("from bytes to report", "µs per bundle", "× limit"), rows), end="\n\n")
    print(
        json.dumps(
            {
                "benchmark": "verify",
                "ratio_to_limit": round(max(ratios.values()), 3),
                "ratio_to_limit_issued": round(ratios["issued"], 3),
                "ratio_to_limit_published": round(ratios["published"], 3),
                "times_naive": round(min(times_naive), 2),
                "rounds": arguments.rounds,
            }
        )
    )


if __name__ == "__main__":
    main()
