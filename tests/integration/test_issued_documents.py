"""What issuing composes as plain fields is, field for field, what the typed documents read and would write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import attrs
import pytest

from papers import made_up_papers
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.alias import SourceAliases
from pithbuilder.documents.base import Document, OpaqueDocument
from pithbuilder.documents.mirror import BundleLinks, MirrorHint
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.payloads import GraphSnapshotPayload, RecordCreated
from pithbuilder.documents.record import CanonicalRecord
from pithbuilder.documents.record_document import RecordDocument
from pithbuilder.issuing.issuer import IssuedBundle, Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.merge.fold import fold_events
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey

BASE_URL = "https://registry.example/pith"
NAME = "Registre d’exemple"
PAPERS = [PaperMetadata(**paper) for paper in made_up_papers(60)]


@pytest.fixture(params=[True, False], ids=["integrity", "no-integrity"])
def issuer(request: pytest.FixtureRequest) -> Issuer:
    profile = IssuerProfile(
        signer_id="registry.example", mirror_name=NAME, base_url=BASE_URL, integrity=request.param, key_notes="TEST"
    )
    clock = FixedClock(datetime(2026, 11, 21, 9, 8, 7, 60504, tzinfo=UTC))
    return Issuer(profile, LocalSigner("test-key", PrivateKey.generate()), clock)


def payloads(issued: IssuedBundle) -> tuple[RecordCreated, GraphSnapshotPayload]:
    created, snapshot = (event.content.payload for event in issued.bundle.content.events)
    return created.read_as(RecordCreated), snapshot.read_as(GraphSnapshotPayload)


def documents_in(value: object) -> Iterator[Document]:
    if isinstance(value, Document):
        yield value
    kind = type(value)
    if attrs.has(kind):
        for field in attrs.fields(kind):
            yield from documents_in(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from documents_in(item)


def test_every_document_is_read_back_without_a_field_too_many_or_too_few(issuer: Issuer) -> None:
    kinds = set()
    for paper in PAPERS:
        issued = issuer.issue(paper)
        created, snapshot = payloads(issued)
        for whole in (issued.bundle, issued.record_document, created, snapshot):
            for document in documents_in(whole):
                kinds.add(document.document_kind)
                if not isinstance(document, OpaqueDocument):
                    assert document.extra == {}, document.document_kind
        # The readers keep no members of what they have read here: these bytes are composed from the known fields.
        assert issued.bundle.canonical_bytes == issued.bundle_bytes
        assert issued.bundle.content.state.canonical_bytes == issued.state_bytes
        assert issued.record_document.canonical_bytes == issued.record_document_bytes
        for event, payload in zip(issued.bundle.content.events, (created, snapshot), strict=True):
            assert payload.canonical_bytes == event.content.payload.canonical_bytes
    assert kinds >= {"sealed_state", "signed_event", "receipt", "paper_summary", "verification_status", "applied_event"}
    assert ("integrity" in kinds) is issuer.profile.integrity


@pytest.mark.parametrize("short_length", [8, 12, 26])
def test_every_document_is_the_one_that_its_type_makes(issuer: Issuer, short_length: int) -> None:
    for paper in PAPERS:
        issued = issuer.issue(paper, short_length=short_length)
        number, bundle, content = issued.pith_number, issued.bundle, issued.bundle.content
        created, snapshot = payloads(issued)
        record = CanonicalRecord.derive(paper)
        aliases: Mapping[str, str] = number.aliases(paper.arxiv_id, paper.version, short_length=short_length)
        assert record.pith_number == number
        assert content.canonical_record == created.canonical_record == record
        assert content.source == snapshot.graph_snapshot.source == record.source
        assert content.source_aliases == SourceAliases.of(aliases, content.built_at)
        assert content.links == BundleLinks.of(number.suffix, base_url=BASE_URL)
        assert content.mirror_hints == (MirrorHint.of(number.suffix, name=NAME, base_url=BASE_URL),)
        assert content.public_keys == (issuer.key_document,)
        assert issued.record_document_bytes == RecordDocument.of(bundle, issuer.profile.schema_url).canonical_bytes
        for event in content.events:
            assert event.stated_event_id == event.content.event_id


def test_the_state_is_what_the_typed_events_amount_to(issuer: Issuer) -> None:
    for paper in PAPERS:
        issued = issuer.issue(paper)
        content = issued.bundle.content
        for arrived in (content.events, content.events[::-1]):
            state = fold_events(
                content.pith_number, arrived, check=lambda _: None, source_aliases=content.source_aliases
            )
            assert state.canonical_bytes == issued.state_bytes
