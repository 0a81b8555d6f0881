"""What becomes of bundles when keys come and go: signatures that are good, and whether they still count."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import COMPROMISED, KeyStatement
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.payloads import RecordCreated
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.keyring import Keyring, KeyWindow
from pithbuilder.verify.bundle import verify_bundle
from pithbuilder.verify.report import Outcome, VerificationReport
from pithbuilder.verify.signatures import NO_TIME_PROOFS, STANDING_CODES, TimeProofs
from tests.support.key_chains import ISSUER, follow, key, keyring, pinned, revocation, rotation, signer, year

PAPER = PaperMetadata(
    arxiv_id="1805.08469",
    version=1,
    title="Gradient Energy Matching for Distributed Asynchronous Gradient Descent",
    abstract="Distributed asynchronous SGD has become widely used.",
    authors="Joeri Hermans and Gilles Louppe",
    categories=("cs.LG", "cs.DC", "stat.ML"),
    license="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    submitted_at=datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC),
)
PROFILE = IssuerProfile(signer_id=ISSUER, mirror_name="Example", base_url="https://registry.example")
RETIRED = (rotation(1, 1, 2, 2027),)
STOLEN = (rotation(1, 1, 2, 2027, COMPROMISED),)
RECEIPT = "$.events[0].payload.receipt.key_id"
EVENTS = ("$.events[0].signature.key_id", "$.events[1].signature.key_id")
BUNDLE = "$.bundle_signature.key_id"


def issuer(number: int) -> Issuer:
    return Issuer(PROFILE, signer(number), FixedClock(year(2026)))


def issued(number: int, at: int | datetime) -> Bundle:
    """A bundle that key ``number`` signed."""
    return issuer(number).issue(PAPER, at=year(at) if isinstance(at, int) else at).bundle


def reissued(bundle: Bundle, number: int, at: int, *distrusted: str) -> Bundle:
    return issuer(number).reissue(bundle, at=year(at), distrusted=frozenset(distrusted)).bundle


def trusted_after(*statements: KeyStatement, pins: tuple[int, ...] = (1,)) -> Keyring:
    return follow(pinned(*pins), keyring(*statements))


def report_on(bundle: Bundle, trusted: Keyring, proofs: TimeProofs = NO_TIME_PROOFS) -> VerificationReport:
    return verify_bundle(bundle.canonical_bytes, trusted, time_proofs=proofs)


def failures(report: VerificationReport) -> list[tuple[str, str]]:
    return [(check.code, check.path) for check in report.failures]


def notes(report: VerificationReport) -> list[tuple[str, str]]:
    return [(check.code, check.path) for check in report.findings if check.outcome is Outcome.NOTED]


def everywhere(code: str) -> list[tuple[str, str]]:
    """What a bundle fails with that is signed by one key throughout."""
    return [(code, path) for path in (EVENTS[0], RECEIPT, EVENTS[1], BUNDLE)]


def test_without_rotation() -> None:
    report = report_on(issued(1, 2026), pinned(1))
    assert report.verdict.value == "trusted"
    assert report.findings == ()


# ---- Retired keys ------------------------------------------------------------------------------------------------


def test_a_retired_keys_signatures_stay_good() -> None:
    report = report_on(issued(1, 2026), trusted_after(*RETIRED))
    assert report.verdict.value == "trusted"
    assert report.findings == ()


@pytest.mark.parametrize("rotations", [2, 3, 4])
def test_every_key_of_a_long_chain_has_its_time(rotations: int) -> None:
    statements = [rotation(number, number, number + 1, 2026 + number) for number in range(1, rotations + 1)]
    trusted = trusted_after(*statements)
    for number in range(1, rotations + 2):
        for at in range(2024, 2035):
            begins, ends = 2025 + number, 2026 + number
            in_time = (number == 1 or begins <= at) and (number == rotations + 1 or at <= ends)
            report = report_on(issued(number, at), trusted)
            assert failures(report) == ([] if in_time else everywhere("key-window"))
            assert report.verdict.value == ("trusted" if in_time else "invalid")


@pytest.mark.parametrize(
    ("number", "at", "in_time"),
    [
        pytest.param(1, datetime(2027, 1, 1, 0, 0, 0, 999999, tzinfo=UTC), True, id="in the old key's last second"),
        pytest.param(1, datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC), False, id="a second after the old key's end"),
        pytest.param(1, datetime(2035, 1, 1, tzinfo=UTC), False, id="long after the old key's end"),
        pytest.param(2, datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), False, id="before the new key begins"),
        pytest.param(2, datetime(2027, 1, 1, tzinfo=UTC), True, id="when the new key begins"),
    ],
)
def test_the_edges_of_a_window(number: int, at: datetime, in_time: bool) -> None:
    report = report_on(issued(number, at), trusted_after(*RETIRED))
    assert failures(report) == ([] if in_time else everywhere("key-window"))


def test_a_planned_end_counts_without_any_statement() -> None:
    trusted = Keyring([key(1, until=2027)])
    assert report_on(issued(1, 2026), trusted).verdict.value == "trusted"
    report = report_on(issued(1, 2028), trusted)
    assert (failures(report), report.verdict.value) == (everywhere("key-window"), "invalid")


def test_reissued_after_a_planned_rotation() -> None:
    """What the retired key signed in its time goes on to count beside what the new one signs."""
    bundle = reissued(issued(1, 2026), 2, 2028)
    report = report_on(bundle, trusted_after(*RETIRED))
    assert report.verdict.value == "trusted"
    assert report.findings == ()
    assert [item.key_id for item in bundle.content.public_keys] == ["k1", "k2"]
    assert {item.key_id for item in report.keys} == {"k1", "k2"}


def test_reissued_before_the_new_key_begins() -> None:
    report = report_on(reissued(issued(1, 2025), 2, 2026), trusted_after(*RETIRED))
    assert {code for code, _ in failures(report)} == {"key-window"}
    assert BUNDLE in [path for _, path in failures(report)]


def test_pinned_in_the_middle_earlier_keys_are_not_trusted() -> None:
    trusted = trusted_after(*RETIRED, pins=(2,))
    assert report_on(issued(1, 2026), trusted).verdict.value == "self-consistent"
    assert report_on(issued(2, 2028), trusted).verdict.value == "trusted"
    assert report_on(reissued(issued(1, 2026), 2, 2028), trusted).verdict.value == "self-consistent"


# ---- Compromised keys --------------------------------------------------------------------------------------------


class Proved:
    """Proves that some digests were there from an instant on."""

    def __init__(self, since: datetime, *digests: bytes) -> None:
        self.since = since
        self.digests = digests

    @classmethod
    def all_of(cls, bundle: Bundle, since: datetime) -> Proved:
        content = bundle.content
        events = [event.content.digest for event in content.events]
        return cls(since, content.digest, content.canonical_record.digest, *events)

    def existed_before(self, digest: bytes, instant: datetime) -> bool:
        return digest in self.digests and self.since < instant


@pytest.mark.parametrize("at", [2025, 2026, 2027, 2030])
def test_a_compromised_keys_bundle_is_not_trusted_whatever_its_date_says(at: int) -> None:
    report = report_on(issued(1, at), trusted_after(*STOLEN))
    assert failures(report) == everywhere("compromised-key")
    assert report.verdict.value == "invalid"
    assert all("2027-01-01T00:00:00Z" in check.expected for check in report.failures)


def test_a_retired_key_that_is_found_compromised_later() -> None:
    trusted = trusted_after(*RETIRED, revocation(2, 1, 2026, by=2))
    assert failures(report_on(issued(1, 2025), trusted)) == everywhere("compromised-key")
    assert report_on(issued(2, 2028), trusted).verdict.value == "trusted"


def test_the_revoked_last_key() -> None:
    trusted = trusted_after(revocation(1, 1, 2030, by=1))
    assert failures(report_on(issued(1, 2026), trusted)) == everywhere("compromised-key")


def test_a_proof_of_time_before_the_compromise_saves_a_signature() -> None:
    bundle, trusted = issued(1, 2026), trusted_after(*STOLEN)
    report = report_on(bundle, trusted, Proved.all_of(bundle, year(2026)))
    assert report.verdict.value == "trusted"
    assert report.findings == ()


def test_a_proof_of_time_after_the_compromise_saves_nothing() -> None:
    bundle, trusted = issued(1, 2026), trusted_after(*STOLEN)
    for since in (year(2027), year(2028)):
        report = report_on(bundle, trusted, Proved.all_of(bundle, since))
        assert failures(report) == everywhere("compromised-key")


def test_every_signature_needs_its_own_proof() -> None:
    bundle, trusted = issued(1, 2026), trusted_after(*STOLEN)
    digests = Proved.all_of(bundle, year(2026)).digests
    assert len(digests) == 4
    for missing in range(4):
        proofs = Proved(year(2026), *digests[:missing], *digests[missing + 1 :])
        report = report_on(bundle, trusted, proofs)
        assert [code for code, _ in failures(report)] == ["compromised-key"]
        assert report.verdict.value == "invalid"


def test_a_proof_of_time_does_not_widen_a_window() -> None:
    """Dated after the compromise, or before the key began: then the date, at least, is a lie."""
    for bundle in (issued(2, 2026), issued(2, 2029)):
        trusted = trusted_after(*RETIRED, rotation(2, 2, 3, 2028, COMPROMISED))
        report = report_on(bundle, trusted, Proved.all_of(bundle, year(2020)))
        assert failures(report) == everywhere("key-window")


def test_a_compromised_key_without_an_end_needs_its_proof_too() -> None:
    window = KeyWindow(compromised_at=year(2025))
    trusted = Keyring().with_chain(signer(1).public_key, {"k1": (signer(1).public_key, window)}, ())
    bundle = issued(1, 2026)
    for proved, failed in ((2024, []), (2026, everywhere("compromised-key"))):
        report = report_on(bundle, trusted, Proved.all_of(bundle, year(proved)))
        assert failures(report) == failed


def test_the_proof_precedes_the_compromise_not_the_retirement() -> None:
    """Retired in 2027, compromised from 2029 on: a proof from 2028 is early enough."""
    trusted = trusted_after(*RETIRED, revocation(2, 1, "2029-01-01T00:00:00Z", by=2))
    bundle = issued(1, 2026)
    for proved, failed in ((2028, []), (2029, everywhere("compromised-key"))):
        report = report_on(bundle, trusted, Proved.all_of(bundle, year(proved)))
        assert failures(report) == failed


# ---- Re-issued after a compromise --------------------------------------------------------------------------------


def test_reissued_after_a_compromise() -> None:
    """Everything was said again under the new key; what the old one signed is only noted."""
    old = issued(1, 2026)
    bundle = reissued(old, 2, 2028, "k1")
    report = report_on(bundle, trusted_after(*STOLEN))
    assert report.verdict.value == "trusted"
    assert failures(report) == []
    assert notes(report) == [("compromised-key", path) for path in (EVENTS[0], RECEIPT, EVENTS[1])]
    content = bundle.content
    assert content.events[:2] == old.content.events
    assert [event.content.signer.key_id for event in content.events] == ["k1", "k1", "k2", "k2"]
    assert [event.content.event_type for event in content.events[2:]] == ["record_created", "graph_snapshot"]
    in_force = [event.event_id for event in content.state.content.current.events()]
    assert set(in_force) == {event.content.event_id for event in content.events[2:]}
    assert content.pith_number == old.content.pith_number
    first = content.events[2].content.payload.read_as(RecordCreated).receipt.first_computed_at
    assert first == "2026-01-01T00:00:00.000000Z"


def test_without_distrust_the_old_snapshot_stays_in_force_and_fails() -> None:
    report = report_on(reissued(issued(1, 2026), 2, 2028), trusted_after(*STOLEN))
    assert failures(report) == [("compromised-key", EVENTS[1])]
    assert notes(report) == [("compromised-key", path) for path in (EVENTS[0], RECEIPT)]
    assert report.verdict.value == "invalid"


def test_a_proof_saves_the_old_snapshot() -> None:
    old = issued(1, 2026)
    report = report_on(reissued(old, 2, 2028), trusted_after(*STOLEN), Proved.all_of(old, year(2026)))
    assert report.verdict.value == "trusted"


def test_reissued_twice_after_two_compromises() -> None:
    statements = (*STOLEN, rotation(2, 2, 3, 2029, COMPROMISED))
    bundle = reissued(reissued(issued(1, 2026), 2, 2028, "k1"), 3, 2030, "k1", "k2")
    report = report_on(bundle, trusted_after(*statements))
    assert report.verdict.value == "trusted"
    assert {code for code, _ in notes(report)} == {"compromised-key"}
    assert [event.content.signer.key_id for event in bundle.content.events] == ["k1", "k1", "k2", "k2", "k3", "k3"]


def test_who_has_the_stolen_key_cannot_reissue() -> None:
    """A bundle that the stolen key signed again, over a good re-issue."""
    good = reissued(issued(1, 2026), 2, 2028, "k1")
    for at in (2026, 2029):
        report = report_on(reissued(good, 1, at, "k2"), trusted_after(*STOLEN))
        assert report.verdict.value == "invalid"
        assert ("compromised-key", BUNDLE) in failures(report)


# ---- What does not depend on keys --------------------------------------------------------------------------------


def test_validity_and_state_do_not_depend_on_the_keyring() -> None:
    """Whatever is known of the keys, every machine merges the same events to the same state."""
    keyrings = [
        Keyring(),
        pinned(1),
        pinned(2),
        pinned(9),
        trusted_after(*RETIRED),
        trusted_after(*STOLEN),
        trusted_after(*RETIRED, pins=(2,)),
        trusted_after(*RETIRED, rotation(2, 2, 3, 2027, COMPROMISED)),
        Keyring([KeyDocument.of(signer(1).public_key.raw, key_id="other", url="", notes="")]),
    ]
    for bundle in (issued(1, 2026), reissued(issued(1, 2026), 2, 2028), reissued(issued(1, 2026), 2, 2028, "k1")):
        found = set()
        for trusted in keyrings:
            report = report_on(bundle, trusted)
            assert {code for code, _ in failures(report)} <= STANDING_CODES
            found.add(frozenset(check for check in report.checks if check.code not in {*STANDING_CODES}))
        assert len(found) == 1
        assert bundle.content.state.content.invalid_event_count == 0


def test_a_compromised_key_under_another_name() -> None:
    """What became of a key is asked of the key, whatever a bundle or a pin calls it."""
    trusted = follow(Keyring([key(1), key(1, "again")]), keyring(*STOLEN))
    for key_id in ("again", "never-pinned"):
        bundle = Issuer(PROFILE, signer(1, key_id), FixedClock(year(2026))).issue(PAPER, at=year(2026)).bundle
        assert failures(report_on(bundle, trusted)) == everywhere("compromised-key")
