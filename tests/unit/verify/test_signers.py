"""Whose keys are whose: what a signature in somebody's name is worth."""

from __future__ import annotations

import attrs
import pytest

from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.report import Outcome, Verdict
from pithbuilder.verify.signatures import KnownKeys, SignerStanding
from tests.support.events import (
    AUTHOR,
    CLAIM,
    FORGED,
    JOURNAL,
    KEYS,
    OWN,
    REGISTRY,
    bundle_with,
    correction,
    key_document,
    key_id_of,
    signed_event,
)

DOCUMENTS = {name: key_document(key) for name, key in KEYS.items()}
PUBLIC = {name: key.public_key for name, key in KEYS.items()}


@pytest.mark.parametrize(
    ("keyring", "signer_id", "key", "expected"),
    [
        (OWN, REGISTRY, REGISTRY, SignerStanding.KNOWN),
        (OWN, REGISTRY, AUTHOR, SignerStanding.UNPROVEN),
        (OWN, AUTHOR, AUTHOR, SignerStanding.UNKNOWN),
        (OWN, AUTHOR, REGISTRY, SignerStanding.UNKNOWN),
        (Keyring(), REGISTRY, REGISTRY, SignerStanding.UNKNOWN),
        (Keyring([DOCUMENTS[REGISTRY]]), REGISTRY, REGISTRY, SignerStanding.KNOWN),
        (Keyring([DOCUMENTS[REGISTRY]]), AUTHOR, REGISTRY, SignerStanding.KNOWN),
        (Keyring().with_signer(AUTHOR, [PUBLIC[AUTHOR]]), AUTHOR, AUTHOR, SignerStanding.KNOWN),
        (Keyring().with_signer(AUTHOR, [PUBLIC[AUTHOR]]), AUTHOR, JOURNAL, SignerStanding.UNPROVEN),
        (OWN.with_signer(AUTHOR, [PUBLIC[AUTHOR]]), REGISTRY, AUTHOR, SignerStanding.UNPROVEN),
        (OWN.with_signer(AUTHOR, [PUBLIC[AUTHOR]]), AUTHOR, REGISTRY, SignerStanding.UNPROVEN),
        (OWN.with_signer(AUTHOR, [PUBLIC[REGISTRY]]), AUTHOR, REGISTRY, SignerStanding.KNOWN),
        # pinned, and nobody said whose it is: not in the name of a signer whose keys are known
        (
            Keyring([DOCUMENTS[AUTHOR]]).with_signer(REGISTRY, [PUBLIC[REGISTRY]]),
            REGISTRY,
            AUTHOR,
            SignerStanding.UNPROVEN,
        ),
    ],
)
def test_standings(keyring: Keyring, signer_id: str, key: str, expected: SignerStanding) -> None:
    known = KnownKeys(keyring)
    known.bring(DOCUMENTS.values(), Checks(), "$.public_keys")
    assert known.signer_standing(signer_id, key_id_of(KEYS[key])) is expected
    assert known.signer_standing(signer_id, "no such key") is SignerStanding.UNKNOWN


def findings(keyring: Keyring, *events: object, **changes: object) -> tuple[Verdict, list[tuple[str, str]]]:
    report = verify_bundle(bundle_with(events, **changes).canonical_bytes, keyring)  # type: ignore[arg-type]
    codes = ("signer-key", "signer-unknown", "event-future")
    made = [(check.code, check.path) for check in report.checks if check.code in codes]
    assert all(check.outcome is Outcome.NOTED for check in report.checks if check.code in codes)
    return report.verdict, made


def test_an_unknown_signer_takes_no_trust_away_and_gives_none() -> None:
    assert findings(OWN) == (Verdict.TRUSTED, [])
    assert findings(OWN, CLAIM) == (Verdict.TRUSTED, [("signer-unknown", "$.events[2].signer")])
    known = OWN.with_signer(AUTHOR, [PUBLIC[AUTHOR]])
    assert findings(known, CLAIM) == (Verdict.SELF_CONSISTENT, []), "whose key it is does not pin it"
    pinned = Keyring([DOCUMENTS[REGISTRY], DOCUMENTS[AUTHOR]]).with_signer(REGISTRY, [PUBLIC[REGISTRY]])
    assert findings(pinned, CLAIM) == (Verdict.TRUSTED, [])
    assert findings(Keyring(), CLAIM)[0] is Verdict.SELF_CONSISTENT
    authors_only = Keyring([DOCUMENTS[AUTHOR]]).with_signer(AUTHOR, [PUBLIC[AUTHOR]])
    assert findings(authors_only, CLAIM)[0] is Verdict.SELF_CONSISTENT


def test_in_the_name_of_a_signer_whose_keys_are_known() -> None:
    assert findings(OWN, FORGED) == (Verdict.SELF_CONSISTENT, [("signer-key", "$.events[2].signer")])
    bound = Keyring([DOCUMENTS[name] for name in KEYS]).with_signer(REGISTRY, [PUBLIC[REGISTRY]])
    bound = bound.with_signer(JOURNAL, [PUBLIC[JOURNAL]])
    expected = [("signer-key", "$.events[2].signer")]
    assert findings(bound, FORGED) == (Verdict.SELF_CONSISTENT, expected), "somebody else's pinned key is no better"


def test_a_record_by_somebody_unknown_is_never_trusted() -> None:
    stranger = Keyring([DOCUMENTS[JOURNAL]]).with_signer(JOURNAL, [PUBLIC[JOURNAL]])
    claim = signed_event("correction", correction(), signer_id=JOURNAL)
    assert findings(stranger, claim)[0] is Verdict.SELF_CONSISTENT


def test_dated_after_the_bundle() -> None:
    late = signed_event("correction", correction(), created_at="2026-05-18T00:15:27Z")
    assert findings(OWN, late) == (Verdict.TRUSTED, [("event-future", "$.events[2].created_at")])
    assert findings(OWN, signed_event("correction", correction())) == (Verdict.TRUSTED, [])


def test_a_whole_bundle_in_a_name_that_is_known_to_nobody_by_a_key_that_is_anothers() -> None:
    owned = Keyring([DOCUMENTS[REGISTRY]]).with_signer("orcid:0000-0002-1825-0097", [PUBLIC[REGISTRY]])
    verdict, made = findings(owned)
    assert (verdict, made) == (
        Verdict.SELF_CONSISTENT,
        [("signer-key", "$.events[0].signer"), ("signer-key", "$.events[1].signer")],
    )


def test_another_signers_ended_key_does_not_make_the_bundle_invalid() -> None:
    ended = attrs.evolve(DOCUMENTS[AUTHOR], rotates_at="2026-01-01T00:00:00Z")
    pinned = Keyring([DOCUMENTS[REGISTRY], ended]).with_signer(AUTHOR, [PUBLIC[AUTHOR]])
    report = verify_bundle(bundle_with([CLAIM]).canonical_bytes, pinned.with_signer(REGISTRY, [PUBLIC[REGISTRY]]))
    assert report.verdict is Verdict.SELF_CONSISTENT
    assert [(check.code, check.outcome) for check in report.findings] == [("key-window", Outcome.NOTED)]
    assert report.findings[0].path.startswith("$.events[2].signature")


def test_the_recorders_ended_key_does() -> None:
    ended = attrs.evolve(DOCUMENTS[REGISTRY], rotates_at="2026-01-01T00:00:00Z")
    report = verify_bundle(bundle_with([]).canonical_bytes, Keyring([ended]))
    assert report.verdict is Verdict.INVALID
    assert {check.code for check in report.failures} == {"key-window"}
