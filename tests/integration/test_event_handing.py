"""``pithbuilder event sign`` and ``accept``: what others say gets in, what they must not say does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from pithbuilder.documents.bundle import Bundle
from pithbuilder.stores.ledger import Ledger
from pithbuilder.verify.key_chain import KeyChain
from tests.support.cli import PUBLISHED, bundles, code_of, lines, make_workspace, mint, only_bundle, run
from tests.support.events import (
    AUTHOR,
    JOURNAL,
    KEYS,
    REGISTRY,
    author_claim,
    bundle_with,
    correction,
    key_document,
    key_id_of,
    signed_event,
)
from tests.support.extending import (
    ADDED_AT,
    CORRECTION,
    EXAMPLES,
    LATER,
    accept,
    added,
    bundle_value,
    copy_of,
    detached,
    event_add,
    refused,
    sign_event,
    verified,
    visible,
)
from tests.support.rotations import REISSUED_AT, ROTATED_AT, reissue, rotate

ORCID = "orcid:0000-0002-1825-0097"
CLAIM = (
    *("--claimant-name", "Josiah Carberry", "--identity-provider", "orcid"),
    *("--identifier", "0000-0002-1825-0097", "--strength", "strong"),
)
CREATED_AT = "2026-05-18T12:00:00Z"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with one paper, an author, a journal, another registry, a stranger; not to be changed."""
    directory = tmp_path_factory.mktemp("home")
    registry = make_workspace(directory / "registry", "--base-url", "https://registry.example")
    assert mint(registry, lines(1)).returncode == 0
    author = ("--base-url", "https://author.example", "--signer-id", ORCID, "--signer-type", "author")
    make_workspace(directory / "author", *author, "--key-id", "josiah-1")
    make_workspace(directory / "journal", "--base-url", "https://journal.example", "--signer-type", "journal")
    make_workspace(directory / "other", "--base-url", "https://other.example")
    stranger = ("--base-url", "https://registry.example", "--key-id", "registry-stranger")
    make_workspace(directory / "stranger", *stranger)
    return directory


@pytest.fixture
def registry(home: Path, tmp_path: Path) -> Path:
    return copy_of(home / "registry", tmp_path / "registry")


@pytest.fixture
def bundle(registry: Path) -> Path:
    return only_bundle(registry / "mirror")


def number_of(bundle: Path) -> str:
    return str(json.loads(bundle.read_bytes())["pith_number"])


def by(signer_id: str, bundle: Path, **named: Any) -> Any:
    """Return a hand-made correction for the bundle."""
    content = {"pith_number": number_of(bundle), "created_at": CREATED_AT, **named}
    return signed_event("correction", correction(), signer_id=signer_id, **content)


def test_an_author_a_journal_and_another_registry(home: Path, registry: Path, bundle: Path, tmp_path: Path) -> None:
    files = [
        sign_event(home / "author", bundle, tmp_path / "1", "author_attestation", *CLAIM),
        sign_event(home / "journal", bundle, tmp_path / "2"),
        sign_event(home / "other", bundle, tmp_path / "3", "record_created", "--trust", registry / "keys"),
    ]
    earlier = bundle_value(registry)["events"]
    done = accept(registry, *files, "--json")
    assert [row["standing"] for row in done.lines()] == ["in-force", "in-force", "applied"]
    value = bundle_value(registry)
    assert value["events"][:2] == earlier
    assert [event["signer"]["signer_type"] for event in value["events"][2:]] == ["author", "journal", "pith_registry"]
    assert [event["signer"]["signer_id"] for event in value["events"][2:4]] == [ORCID, "journal.example"]
    assert len(value["public_keys"]) == 4
    assert value["state"]["current"]["record_created"]["event_id"] == earlier[0]["event_id"]
    mirror = registry / "mirror"
    assert verified(mirror, registry / "keys").count("signer-unknown") == 3
    assert verified(mirror, registry / "keys", home / "author" / "keys").count("signer-unknown") == 2
    everybody = [home / name / "keys" for name in ("author", "journal", "other")]
    assert "note" not in verified(mirror, registry / "keys", *everybody)
    before = visible(registry)
    again = accept(registry, *files)
    assert (again.returncode, again.stdout) == (0, "")
    assert "nothing new" in again.stderr
    assert visible(registry) == before
    assert mint(registry, lines(1), "--json", clock=LATER).lines()[0]["status"] == "unchanged"


def test_another_registrys_record_does_not_take_the_place_of_what_is_issued_again(
    home: Path, registry: Path, bundle: Path, tmp_path: Path
) -> None:
    """The new record is younger than the other registry's, and has the place of the one that it supersedes."""
    signed = sign_event(home / "other", bundle, tmp_path / "1", "record_created", "--trust", registry / "keys")
    assert accept(registry, signed).returncode == 0
    rotate(registry)
    done = run("reissue", "--all", "--workspace", registry, "--clock", REISSUED_AT, "--json")
    assert (done.returncode, done.lines()[0]["status"]) == (0, "reissued")
    recorded = json.loads(bundle.read_bytes())["state"]["current"]["record_created"]
    assert recorded["created_at"] == REISSUED_AT[: len("2026-05-18T00:15:26")] + "Z"
    assert recorded["signer"]["signer_id"] == json.loads(bundle.read_bytes())["events"][0]["signer"]["signer_id"]


def test_an_earlier_record_of_another_registry_takes_no_place(
    home: Path, registry: Path, bundle: Path, tmp_path: Path
) -> None:
    clock = "2020-01-01T00:00:00Z"
    trusting = ("--trust", registry / "keys")
    signed = sign_event(home / "other", bundle, tmp_path / "1", "record_created", *trusting, clock=clock)
    before = visible(registry)
    refused(registry, accept(registry, signed), "record-displaced", before)
    refused(registry, accept(registry, signed, "--trust", home / "other" / "keys"), "record-displaced", before)


def test_a_stranger_in_the_registrys_name(home: Path, registry: Path, bundle: Path, tmp_path: Path) -> None:
    before = visible(registry)
    signed = sign_event(home / "stranger", bundle, tmp_path / "1")
    refused(registry, accept(registry, signed), "signer-key", before)
    refused(registry, accept(registry, signed, "--trust", home / "author" / "keys"), "signer-key", before)
    refused(
        registry,
        accept(registry, signed, "--trust", home / "stranger" / "keys" / "registry-stranger.json"),
        "signer-key",
        before,
    )


def test_a_stranger_in_the_name_of_the_published_registry(registry: Path, bundle: Path, tmp_path: Path) -> None:
    forged = detached(by("pith.science", bundle, key=KEYS[JOURNAL]), KEYS[JOURNAL], tmp_path / "1")
    refused(registry, accept(registry, forged), "signer-key", visible(registry))


def test_a_bundle_with_a_strangers_event_is_not_trusted(tmp_path: Path) -> None:
    forged = signed_event("correction", correction(), signer_id=REGISTRY, key=KEYS[JOURNAL])
    file = tmp_path / "bundle.json"
    file.write_bytes(bundle_with([forged]).canonical_bytes)
    chain = KeyChain.begin("registry.example", key_document(KEYS[REGISTRY]))
    keyring = tmp_path / "pith-keys.json"
    keyring.write_bytes(chain.to_document().canonical_bytes)
    said = verified(file, keyring, status=3)
    assert said.startswith("self-consistent ")
    assert said.count("signer-key") == 1
    file.write_bytes(bundle_with([]).canonical_bytes)
    assert verified(file, keyring).startswith("trusted ")


def test_a_key_id_that_the_registry_has(registry: Path, bundle: Path, tmp_path: Path) -> None:
    (key_id,) = {key["key_id"] for key in bundle_value(registry)["public_keys"]}
    thief = make_workspace(tmp_path / "t", "--base-url", "https://t.example", "--key-id", key_id)
    refused(registry, accept(registry, sign_event(thief, bundle, tmp_path / "1")), "key-conflict", visible(registry))


def test_the_published_key_id_and_that_of_another_author(
    home: Path, registry: Path, bundle: Path, tmp_path: Path
) -> None:
    assert accept(registry, sign_event(home / "author", bundle, tmp_path / "0")).returncode == 0
    before = visible(registry)
    for number, key_id in enumerate(("pith-v1-2026-05", "josiah-1")):
        thief = make_workspace(tmp_path / f"t{number}", "--base-url", "https://t.example", "--key-id", key_id)
        signed = sign_event(thief, bundle, tmp_path / "1")
        refused(registry, accept(registry, signed), "key-conflict", before)


def test_somebody_takes_the_id_of_the_next_key(registry: Path, bundle: Path, tmp_path: Path) -> None:
    """Anybody may guess how it will be called, and would make the bundle invalid under that key."""
    squatter = make_workspace(tmp_path / "t", "--base-url", "https://t.example", "--key-id", "registry.example-2026-06")
    refused(registry, accept(registry, sign_event(squatter, bundle, tmp_path / "1")), "key-conflict", visible(registry))


def test_what_was_signed_in_the_future(home: Path, registry: Path, bundle: Path, tmp_path: Path) -> None:
    before = visible(registry)
    signed = sign_event(home / "author", bundle, tmp_path / "1", clock="2026-05-20T00:00:01Z")
    refused(registry, accept(registry, signed), "event-future", before)
    assert accept(registry, signed, clock="2026-05-20T00:00:01Z").returncode == 0


def test_an_event_of_another_number(home: Path, registry: Path, tmp_path: Path) -> None:
    first = only_bundle(registry / "mirror")
    assert mint(registry, lines(2)).returncode == 0
    (second,) = set(bundles(registry / "mirror").values()) - {first}
    signed = sign_event(home / "author", first, tmp_path / "1")
    before = visible(registry)
    refused(registry, accept(registry, signed, bundle=second), "event-subject", before)
    refused(registry, accept(registry, first, bundle=second), "event-subject", before)
    value = json.loads(signed.read_bytes())
    value["event"]["subject_pith_number"] = number_of(second)
    signed.write_text(json.dumps(value))
    refused(registry, accept(registry, signed, bundle=second), "event-digest", before)


def tampered(value: Any) -> list[tuple[str, Any, str]]:
    """Return what an attacker may change in a detached event, to what, and which code tells."""
    fingerprint = "0" * 32
    return [
        ("event.payload.what", "everything", "event-digest"),
        ("event.created_at", "2026-05-18T01:00:00Z", "event-digest"),
        ("event.signer.signer_id", "pith.science", "signer-key"),
        ("event.signer.signer_type", "pith_registry", "event-digest"),
        ("event.signer.public_key_fingerprint", fingerprint, "event-digest"),
        ("event.supersedes", [value["event"]["event_id"]], "event-digest"),
        ("event.event_id", "sha256:" + "0" * 64, "event-id"),
        ("event.content_sha256", "0" * 64, "event-digest"),
        ("event.schema_version", "2.0", "event-digest"),
        ("event.signature.signature_b64", "A" * 86 + "==", "signature"),
        ("event.signature.key_id", "registry.example", "event-signer"),
        ("event.signature.signed_message", "something", "signature-message"),
        ("event.signature.algorithm", "none", "signature-algorithm"),
        ("public_key.key_id", "another", "event-key-missing"),
        ("public_key.public_key_b64", "A" * 43 + "=", "key-encoding"),
        ("public_key.fingerprint_sha256_hex", fingerprint, "key-fingerprint"),
        ("document_type", "pith_event", "field-format"),
        ("document_version", "2.0", "field-format"),
        ("event", None, "field-type"),
    ]


def test_tampering(home: Path, registry: Path, bundle: Path, tmp_path: Path) -> None:
    signed = sign_event(home / "author", bundle, tmp_path / "1")
    before = visible(registry)
    for place, value, code in tampered(json.loads(signed.read_bytes())):
        document = json.loads(signed.read_bytes())
        *way, last = place.split(".")
        part = document
        for name in way:
            part = part[name]
        part[last] = value
        file = tmp_path / "tampered.json"
        file.write_text(json.dumps(document))
        done = accept(registry, file)
        assert code_of(done) == code, place
        refused(registry, done, code, before)


def test_another_key_of_the_same_id_comes_with_it(home: Path, registry: Path, bundle: Path, tmp_path: Path) -> None:
    event = by(AUTHOR, bundle)
    document = json.loads(detached(event, KEYS[AUTHOR], tmp_path / "1").read_bytes())
    document["public_key"] = attrs.evolve(key_document(KEYS[JOURNAL]), key_id=key_id_of(KEYS[AUTHOR])).to_dict()
    (tmp_path / "1").write_text(json.dumps(document))
    refused(registry, accept(registry, tmp_path / "1"), "signature-fingerprint", visible(registry))


def test_all_or_none(home: Path, registry: Path, bundle: Path, tmp_path: Path) -> None:
    good = sign_event(home / "author", bundle, tmp_path / "1")
    bad = detached(by(JOURNAL, bundle, prev_event="sha256:" + "0" * 64), KEYS[JOURNAL], tmp_path / "2")
    before = visible(registry)
    for files in ((good, bad), (bad, good)):
        refused(registry, accept(registry, *files), "predecessor-missing", before)
    (tmp_path / "3").write_text("{")
    refused(registry, accept(registry, good, tmp_path / "3"), "json-syntax", before)
    assert accept(registry, good, tmp_path / "no").returncode == 2
    assert accept(registry).returncode == 2
    assert visible(registry) == before
    twice = accept(registry, good, good, "--json")
    assert len(twice.lines()) == 1


def test_an_event_and_the_one_that_it_follows(registry: Path, bundle: Path, tmp_path: Path) -> None:
    first = by(AUTHOR, bundle)
    second = by(AUTHOR, bundle, prev_event=first.content.event_id, supersedes=[first.content.event_id])
    files = [detached(event, KEYS[AUTHOR], tmp_path / str(place)) for place, event in enumerate((second, first))]
    done = accept(registry, *files, "--json")
    assert [row["standing"] for row in done.lines()] == ["in-force", "superseded"]
    verified(registry / "mirror", registry / "keys")


def test_what_an_author_contradicts_is_told(registry: Path, bundle: Path, tmp_path: Path) -> None:
    record = bundle_value(registry)["events"][0]["event_id"]
    files = []
    for number in range(2):
        event = signed_event(
            "author_attestation",
            author_claim(f"Author {number}"),
            signer_id=AUTHOR,
            prev_event=record,
            pith_number=number_of(bundle),
            created_at=CREATED_AT,
        )
        files.append(detached(event, KEYS[AUTHOR], tmp_path / str(number)))
    done = accept(registry, *files, "--json")
    assert [row["standing"] for row in done.lines()] == ["equivocating", "equivocating"]
    verified(registry / "mirror", registry / "keys")


def test_another_bundle_of_the_same_number(home: Path, registry: Path, bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes(bundle.read_bytes())
    arguments = ("event", "add", "correction", copy, *CORRECTION, "--workspace", home / "author", "--clock", ADDED_AT)
    before = visible(home / "author")
    added(run(*arguments, "--trust", registry / "keys", "--json"))
    assert visible(home / "author") == before
    done = accept(registry, copy, "--json")
    assert [row["event_type"] for row in done.lines()] == ["correction"]
    assert bundle_value(registry)["events"] == json.loads(copy.read_bytes())["events"]
    verified(registry / "mirror", registry / "keys")
    published = accept(registry, PUBLISHED / "bundle-1805.08469v1.json")
    refused(registry, published, "event-subject", visible(registry))


def test_the_example_goes_into_the_published_bundle(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle.json"
    copy.write_bytes((PUBLISHED / "bundle-1805.08469v1.json").read_bytes())
    example = EXAMPLES.parent / "detached-event.json"
    arguments = ("event", "accept", copy, example, "--workspace", home / "other", "--json")
    assert code_of(run(*arguments, "--clock", "2026-07-05T11:59:59Z")) == "event-future"
    event_id = added(run(*arguments, "--clock", "2026-07-05T12:00:00Z"))
    bundle = json.loads(copy.read_bytes())
    assert bundle["events"][-1] == json.loads(example.read_bytes())["event"]
    assert [event["event_id"] for event in bundle["state"]["current"]["author_attestations"]] == [event_id]
    assert verified(copy, home / "other" / "keys").count("signer-unknown") == 1


def test_a_bundle_that_hides_a_key_or_has_no_events(registry: Path, bundle: Path, tmp_path: Path) -> None:
    value = json.loads(bundle.read_bytes())
    for member, code in (("public_keys", "event-key-missing"), ("events", "event-none")):
        file = tmp_path / "bundle.json"
        file.write_text(json.dumps({**value, member: []}))
        refused(registry, accept(registry, file), code, visible(registry))


def test_a_snapshot_of_another_paper(registry: Path, bundle: Path, tmp_path: Path) -> None:
    """It is a valid event, but would make the bundle invalid for everybody."""
    published = Bundle.from_dict(json.loads((PUBLISHED / "bundle-1805.08469v1.json").read_bytes()))
    payload = published.content.events[1].content.payload.to_dict()
    named: Any = {"pith_number": number_of(bundle), "created_at": CREATED_AT}
    event = signed_event("graph_snapshot", payload, signer_id=AUTHOR, **named)
    file = detached(event, KEYS[AUTHOR], tmp_path / "1")
    refused(registry, accept(registry, file), "bundle-untrusted", visible(registry))


def test_a_type_that_nobody_knows_is_no_command_to_the_terminal(registry: Path, bundle: Path, tmp_path: Path) -> None:
    named: Any = {"pith_number": number_of(bundle), "created_at": CREATED_AT}
    event = signed_event("\x1b]0;owned\x07\n\u202e", {"a": "\x9b31m"}, signer_id="\x1b[2J", key=KEYS[AUTHOR], **named)
    done = accept(registry, detached(event, KEYS[AUTHOR], tmp_path / "1"))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.rstrip("\n").isprintable()
    assert all(line.isprintable() for line in verified(registry / "mirror", registry / "keys").splitlines())


def test_the_registrys_own_compromised_key(registry: Path, tmp_path: Path) -> None:
    thief = copy_of(registry, tmp_path / "thief")
    rotate(registry, "--reason", "compromised")
    assert reissue(registry) == {"reissued": 1}
    signed = sign_event(thief, only_bundle(thief / "mirror"), tmp_path / "1", clock="2026-05-18T00:15:27Z")
    done = accept(registry, signed, clock="2026-06-02T00:00:00Z")
    refused(registry, done, "compromised-key", visible(registry))


def test_an_authors_key_that_no_longer_signs(home: Path, registry: Path, bundle: Path, tmp_path: Path) -> None:
    author = copy_of(home / "author", tmp_path / "author")
    Ledger(author / "ledger.sqlite3").close()  # an author's has no rows, which says nothing against a new key
    rotate(author)
    trust = ("--trust", author / "keys")
    late = sign_event(home / "author", bundle, tmp_path / "1", clock="2026-06-02T00:00:00Z")
    clock = "2026-06-03T00:00:00Z"
    refused(registry, accept(registry, late, *trust, clock=clock), "key-window", visible(registry))
    early = sign_event(home / "author", bundle, tmp_path / "2")
    after = sign_event(author, bundle, tmp_path / "3", clock="2026-06-02T00:00:00Z")
    done = accept(registry, early, after, *trust, clock=clock)
    assert done.returncode == 0, done.stderr
    assert "note" not in verified(registry / "mirror", registry / "keys", author / "keys")
    pinned_first = home / "author" / "keys"
    known_keys = ("--trust", registry / "keys", "--trust", pinned_first)
    said = run("verify", registry / "mirror", *known_keys)
    assert said.returncode == 3
    assert "signer-key" in said.stdout
    followed = run("verify", registry / "mirror", *known_keys, "--keyring", author / "keys" / "pith-keys.json")
    assert followed.returncode == 0, followed.stdout
    assert ROTATED_AT in (author / "keys" / "pith-keys.json").read_text()


def test_signing_of_an_invalid_bundle_or_after_nothing(home: Path, bundle: Path, tmp_path: Path) -> None:
    value = json.loads(bundle.read_bytes())
    broken = tmp_path / "bundle.json"
    broken.write_text(json.dumps({**value, "short_pith_number": "pith:AAAAAAAA"}))
    before = visible(home)
    common = ("--workspace", home / "author", "--clock", ADDED_AT)
    refused(home, run("event", "sign", "correction", broken, *CORRECTION, *common), "bundle-invalid", before)
    for option in ("--prev", "--supersedes"):
        done = run("event", "sign", "correction", bundle, *CORRECTION, option, "nonsense", *common)
        assert done.returncode == 2
        assert visible(home) == before


def test_adding_where_others_have_signed(home: Path, registry: Path, bundle: Path, tmp_path: Path) -> None:
    assert accept(registry, sign_event(home / "author", bundle, tmp_path / "1")).returncode == 0
    theirs = bundle_value(registry)["events"][-1]["event_id"]
    mine = added(event_add(registry, "correction", *CORRECTION, "--prev", theirs, "--json", clock=LATER))
    assert bundle_value(registry)["state"]["applied_event_ids"][-2:] == [theirs, mine]
    verified(registry / "mirror", registry / "keys")
