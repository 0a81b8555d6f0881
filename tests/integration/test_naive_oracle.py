"""The issuer writes the bytes that a builder written from the description of the format alone writes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from naive import Profile, build_bundle
from papers import Paper, made_up_papers
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey

PAPERS = 1000
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")  # RFC 8032: TEST ONLY
KEY_ID = "rfc8032-test-only"
NOW = datetime(2026, 11, 21, 9, 8, 7, 60504, tzinfo=UTC)
PROFILE: Profile = {
    "signer_id": "registry.example",
    "signer_type": "pith_registry",
    "mirror_name": "Registre d’exemple",
    "base_url": "https://registry.example/pith",
    "builder_version": "oracle-1",
    "integrity": True,
    "key_notes": "TEST ONLY",
}


@pytest.mark.parametrize("integrity", [True, False])
def test_issued_bytes_are_those_of_the_naive_builder(integrity: bool) -> None:
    profile: Profile = {**PROFILE, "integrity": integrity}
    issuer = Issuer(IssuerProfile(**profile), LocalSigner(KEY_ID, PrivateKey.from_seed(SEED)), FixedClock(NOW))
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    for paper in made_up_papers(PAPERS):
        expected = build_bundle(paper, profile, KEY_ID, key, NOW)
        assert issuer.issue(PaperMetadata(**paper)).bundle_bytes == expected, paper


def test_the_papers_have_what_real_papers_have() -> None:
    """A generator that has lost a case would let the comparison above pass without it."""
    seen = Counter(trait for paper in made_up_papers(PAPERS) for trait, has in _traits(paper).items() if has)
    assert {trait for trait in _traits(next(made_up_papers(1))) if seen[trait] < 20} == set()


def _traits(paper: Paper) -> dict[str, bool]:
    abstract = paper["abstract"].strip()
    return {
        "old id": "/" in paper["arxiv_id"],
        "id of nine": len(paper["arxiv_id"]) == 9,
        "id of ten": len(paper["arxiv_id"]) == 10,
        "TeX in title": "\\" in paper["title"],
        "accents in title": not paper["title"].isascii(),
        "wrapped title": "\n" in paper["title"],
        "long abstract": len(abstract) > 600,
        "short abstract": len(abstract) < 600,
        "paragraphs": "\n  " in abstract,
        "and": " and " in paper["authors"],
        "many authors": paper["authors"].count(",") > 10,
        "five categories": len(paper["categories"]) == 5,
        "primary category twice": paper["categories"].count(paper["categories"][0]) == 2,
        "no license": paper["license"] == "",
    }
