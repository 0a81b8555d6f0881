"""How fast one core mints: from `PaperMetadata` to bundle bytes, against the limit and the naive builder.

The limit is what no builder can do without: four signatures with the signer in use, SHA-256 of every byte string
that issuing hashes, and one copy of the bundle. Only the ratios of one run mean anything.

    python tests/benchmarks/mint.py [--rounds N]

The last line of the output is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from measure import format_table, interleaved_rounds, median_ratio
from naive import Profile, build_bundle
from papers import Paper, made_up_papers
from pithbuilder.core.text import canonical_text
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.preimage import Preimage
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey, PublicKey
from pithbuilder.signing.signer import Signer

TARGET_RATIO_TO_LIMIT: Final = 1.7
TARGET_TIMES_NAIVE: Final = 5.0

PAPERS: Final = 600
PAPERS_PER_ROUND: Final = 30

SEED: Final = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032: TEST ONLY
KEY_ID: Final = "rfc8032-test-only"
NOW: Final = datetime(2026, 11, 21, 9, 8, 7, 60504, tzinfo=UTC)
PROFILE: Final[Profile] = {
    "signer_id": "registry.example",
    "signer_type": "pith_registry",
    "mirror_name": "Example registry",
    "base_url": "https://registry.example",
    "builder_version": "benchmark-1",
    "integrity": True,
    "key_notes": "TEST ONLY",
}


class SodiumSigner:
    """Signs with libsodium, to show what another signer does to the ratios."""

    def __init__(self, key_id: str, seed: bytes) -> None:
        from nacl.signing import SigningKey

        self.key_id: Final = key_id
        self._key = SigningKey(seed)
        self.public_key: Final = PublicKey(bytes(self._key.verify_key))

    def sign(self, preimage: Preimage) -> bytes:
        return bytes(self._key.sign(preimage.digest).signature)


class Needed(NamedTuple):
    """What one paper's bundle cannot be made without."""

    preimages: tuple[Preimage, ...]
    hashed: tuple[bytes, ...]
    bundle: bytes


def needed_for(issuer: Issuer, paper: PaperMetadata) -> Needed:
    """Return what the limit signs, hashes and copies for one paper."""
    bundle = issuer.issue(paper).bundle
    content = bundle.content
    created, snapshot = (event.content for event in content.events)
    signed = (content.canonical_record, created, snapshot, content)
    texts = [canonical_text(text).encode() for text in (paper.title, paper.abstract)]
    documents = [document.canonical_bytes for document in (*signed, content.state.content)]
    return Needed(tuple(map(Preimage.of, signed)), (*texts, *documents), bundle.canonical_bytes)


def run_limit(signer: Signer, needed: list[Needed]) -> None:
    sign = signer.sign
    sha256 = hashlib.sha256
    for preimages, hashed, bundle in needed:
        for preimage in preimages:
            sign(preimage)
        for data in hashed:
            sha256(data).digest()
        bytearray(bundle)


def run_issuer(issuer: Issuer, papers: list[PaperMetadata]) -> None:
    for paper in papers:
        issuer.issue(paper).bundle_bytes  # noqa: B018 - made at the first use


def run_naive(key: Ed25519PrivateKey, papers: list[Paper]) -> None:
    for paper in papers:
        build_bundle(paper, PROFILE, KEY_ID, key, NOW)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=100, help="how often everything is timed (default: %(default)s)")
    rounds: int = parser.parse_args().rounds

    raw_papers = list(made_up_papers(PAPERS))
    papers = [PaperMetadata(**paper) for paper in raw_papers]
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    signers: dict[str, Signer] = {"": LocalSigner(KEY_ID, PrivateKey.from_seed(SEED))}
    if importlib.util.find_spec("nacl") is not None:
        signers[", PyNaCl signer"] = SodiumSigner(KEY_ID, SEED)

    def share(number: int) -> slice:
        begin = number * PAPERS_PER_ROUND % PAPERS
        return slice(begin, begin + PAPERS_PER_ROUND)

    def limit_with(signer: Signer) -> Callable[[int], object]:
        return lambda number: run_limit(signer, needed[share(number)])

    def issuer_with(signer: Signer) -> Callable[[int], object]:
        issuer = Issuer(IssuerProfile(**PROFILE), signer, FixedClock(NOW))
        return lambda number: run_issuer(issuer, papers[share(number)])

    issuer = Issuer(IssuerProfile(**PROFILE), signers[""], FixedClock(NOW))
    needed = [needed_for(issuer, paper) for paper in papers]
    contenders: dict[str, Callable[[int], object]] = {}
    for name, signer in signers.items():
        contenders["limit" + name] = limit_with(signer)
        contenders["issuer" + name] = issuer_with(signer)
    contenders["naive"] = lambda number: run_naive(key, raw_papers[share(number)])

    seconds = interleaved_rounds(contenders, rounds)
    micros = {name: median(spent) / PAPERS_PER_ROUND * 1e6 for name, spent in seconds.items()}
    limit_of = {name: name.replace("issuer", "limit") if name != "naive" else "limit" for name in contenders}
    print(f"{PAPERS} papers, {rounds} rounds of {PAPERS_PER_ROUND}; medians, processor time\n")
    print(
        format_table(
            ("from metadata to bundle bytes", "µs per paper", "× its limit", "naive ×"),
            [
                (
                    name,
                    f"{micros[name]:.1f}",
                    f"{median_ratio(seconds, name, limit_of[name]):.2f}",
                    f"{median_ratio(seconds, 'naive', name):.2f}",
                )
                for name in contenders
            ],
        )
    )
    print(
        f"\nasked for: issuer at most {TARGET_RATIO_TO_LIMIT} × its limit, naive at least {TARGET_TIMES_NAIVE} × issuer"
    )
    result = {
        "benchmark": "mint",
        "ratio_to_limit": round(median_ratio(seconds, "issuer", "limit"), 3),
        "times_naive": round(median_ratio(seconds, "naive", "issuer"), 2),
        "target_ratio_to_limit": TARGET_RATIO_TO_LIMIT,
        "target_times_naive": TARGET_TIMES_NAIVE,
        "papers": PAPERS,
        "rounds": rounds,
        "micros_per_paper": {name: round(value, 1) for name, value in micros.items()},
    }
    if len(signers) > 1:
        other = ", PyNaCl signer"
        result["ratio_to_limit_pynacl"] = round(median_ratio(seconds, "issuer" + other, "limit" + other), 3)
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
