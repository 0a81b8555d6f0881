"""Proofs ``eddsa-jcs-2022`` against the W3C's vectors; what is signed, by whom, and what is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.core.canonical_json import canonicalize
from pithbuilder.core.digest import sha256
from pithbuilder.core.encoding import decode_base58, encode_base58
from pithbuilder.core.timestamps import FixedClock
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.paper import PaperMetadata
from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import PithError
from pithbuilder.interop.any_document import verify_any
from pithbuilder.interop.data_integrity import sign_credential, verify_credential
from pithbuilder.interop.did_web import did_web, did_web_method
from pithbuilder.interop.multikey import decode_multikey, did_key, did_key_method, encode_multikey
from pithbuilder.issuing.issuer import IssuedBundle, Issuer
from pithbuilder.issuing.profile import IssuerProfile
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring, KeyWindow
from pithbuilder.verify.document import verify_value
from pithbuilder.verify.key_chain import KeyChain
from pithbuilder.verify.report import VerificationReport

VECTORS = Path(__file__).parents[2] / "vectors/vc-di-eddsa"
SUITE = VECTORS / "eddsa-jcs-2022"
CREATED = "2023-02-24T23:36:38Z"


def text_of(name: str) -> str:
    return (SUITE / name).read_text(encoding="utf-8").strip()


def json_of(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


PAIR = json_of(VECTORS / "keyPair.json")
UNSIGNED = json_of(VECTORS / "unsigned.json")
SIGNED = json_of(SUITE / "signedJCS.json")
W3C_KEY = PrivateKey.from_seed(decode_base58(PAIR["privateKeyMultibase"][1:])[2:])
W3C_SIGNER = LocalSigner("w3c", W3C_KEY)
W3C_METHOD = SIGNED["proof"]["verificationMethod"]

SIGNER = LocalSigner("a-key", PrivateKey.from_seed(b"\7" * 32))
WEB = did_web_method("https://registry.example", "a-key")
ADDRESS = "https://registry.example/pith-signing-key.json"
NOBODY = Keyring()


def pinned(*signers: LocalSigner, key_id: str = "", url: str = ADDRESS) -> Keyring:
    return Keyring(
        KeyDocument.of(signer.public_key.raw, key_id=key_id or signer.key_id, url=url, notes="") for signer in signers
    )


def sign(value: dict[str, Any], method: str = WEB, **options: Any) -> dict[str, Any]:
    return sign_credential(value, SIGNER, **{"verification_method": method, "created": CREATED, **options})


def resigned(value: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the document with changes to its proof, signed again; None removes a member."""
    options = {name: member for name, member in {**value["proof"], **changes}.items() if member is not None}
    options.pop("proofValue", None)
    unsecured = {name: member for name, member in value.items() if name != "proof"}
    if "@context" in options:
        unsecured["@context"] = options["@context"]
    signature = SIGNER.sign(Preimage.of_proof(canonicalize(options), canonicalize(unsecured)))
    return {**value, "proof": {**options, "proofValue": "z" + encode_base58(signature)}}


def codes(report: VerificationReport) -> list[str]:
    return [check.code for check in report.failures]


def notes(report: VerificationReport) -> list[str]:
    return [check.code for check in report.findings if check not in report.failures]


# ---- The W3C's vectors -------------------------------------------------------------------------------------------


def test_w3c_keys() -> None:
    assert decode_multikey(PAIR["publicKeyMultibase"]) == W3C_KEY.public_key
    assert encode_multikey(W3C_KEY.public_key) == PAIR["publicKeyMultibase"]
    assert did_key_method(W3C_KEY.public_key) == W3C_METHOD


def test_w3c_intermediate_values() -> None:
    options = json_of(SUITE / "proofConfigJCS.json")
    assert canonicalize(UNSIGNED).decode() == text_of("canonDocJCS.txt")
    assert canonicalize(options).decode() == text_of("proofCanonJCS.txt")
    preimage = Preimage.of_proof(canonicalize(options), canonicalize(UNSIGNED))
    assert preimage.digest.hex() == text_of("combinedHashJCS.txt")
    assert preimage.digest.hex() == text_of("proofHashJCS.txt") + text_of("docHashJCS.txt")
    assert preimage.signed_message == "eddsa-jcs-2022"
    signature = W3C_SIGNER.sign(preimage)
    assert signature.hex() == text_of("sigHexJCS.txt")
    assert "z" + encode_base58(signature) == text_of("sigBTC58JCS.txt")


def test_w3c_credential_is_signed_as_published() -> None:
    before = copy.deepcopy(UNSIGNED)
    signed = sign_credential(UNSIGNED, W3C_SIGNER, verification_method=W3C_METHOD, created=CREATED)
    assert signed == SIGNED
    assert list(signed["proof"]) == list(SIGNED["proof"])  # type: ignore[arg-type]
    assert before == UNSIGNED


def test_w3c_credential_is_verified() -> None:
    alone = verify_credential(SIGNED, NOBODY)
    assert (alone.document_kind, alone.verdict.value, codes(alone)) == ("credential", "self-consistent", [])
    assert [(key.key_id, key.pinned) for key in alone.keys] == [(did_key(W3C_KEY.public_key), False)]
    assert notes(alone) == ["credential-issuer"]
    trusted = verify_credential(SIGNED, pinned(W3C_SIGNER, key_id="any-name"))
    assert trusted.verdict.value == "self-consistent", "its issuer is not the key"
    assert codes(trusted) == []
    assert [(key.key_id, key.pinned) for key in trusted.keys] == [("any-name", True)]
    assert verify_credential(SIGNED, pinned(SIGNER)).verdict.value == "self-consistent"
    assert [check.code for check in trusted.checks if check.code != "credential-issuer"] == [
        "proof-type",
        "proof-cryptosuite",
        "proof-purpose",
        "proof-created",
        "proof-context",
        "proof-method",
        "proof-signature",
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_w3c_credential_with_any_member_changed_is_not_good(data: st.DataObject) -> None:
    value = copy.deepcopy(SIGNED)
    spot: Any = value
    while True:
        step = data.draw(st.sampled_from(sorted(spot) if isinstance(spot, dict) else range(len(spot))))
        if not isinstance(spot[step], dict | list):
            break
        spot = spot[step]
    text = spot[step]
    at = data.draw(st.integers(0, len(text) - 1))
    spot[step] = text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]
    assert verify_credential(value, pinned(W3C_SIGNER)).verdict.value == "invalid"


# ---- Our own -----------------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
# These names have a meaning of their own.
OBJECTS = st.dictionaries(
    st.text(max_size=6).filter(lambda name: name not in ("proof", "issuer", "@context")), VALUES, max_size=4
)


@settings(max_examples=60, deadline=None)
@given(OBJECTS, st.none() | st.text(max_size=5) | st.lists(VALUES, max_size=3), st.booleans())
def test_round_trip(value: dict[str, Any], context: Any, by_did_key: bool) -> None:
    if context is not None:
        value = {**value, "@context": context}
    signed = sign(value, did_key_method(SIGNER.public_key) if by_did_key else WEB)
    assert {name: member for name, member in signed.items() if name != "proof"} == value
    assert ("@context" in signed["proof"]) == ("@context" in value)
    signed = json.loads(canonicalize(signed))
    assert verify_credential(signed, pinned(SIGNER)).verdict.value == "trusted"
    assert verify_credential({**signed, "added": 1}, pinned(SIGNER)).verdict.value == "invalid"
    other = pinned(LocalSigner("a-key", PrivateKey.from_seed(b"\1" * 32)))
    assert verify_credential(signed, other).verdict.value == ("self-consistent" if by_did_key else "invalid")


def test_the_context_in_the_proof_is_a_copy() -> None:
    value: dict[str, Any] = {"@context": ["a", {"b": "c"}]}
    signed = sign(value)
    value["@context"].append("d")
    assert signed["proof"]["@context"] == ["a", {"b": "c"}]


def test_did_web_is_looked_up_by_key_id() -> None:
    signed = sign({"name": "x"})
    report = verify_credential(signed, pinned(SIGNER))
    assert [(key.key_id, key.pinned) for key in report.keys] == [("a-key", True)]
    unknown = verify_credential(signed, NOBODY)
    assert (unknown.verdict.value, codes(unknown)) == ("invalid", ["proof-key"])
    assert "--trust" in unknown.failures[0].expected
    other = LocalSigner("a-key", PrivateKey.from_seed(b"\1" * 32))
    assert codes(verify_credential(signed, pinned(other))) == ["proof-signature"]


@pytest.mark.parametrize(
    ("value", "options", "code"),
    [
        ({"proof": {}}, {}, "credential-has-proof"),
        ({"proof": None}, {}, "credential-has-proof"),
        (SIGNED, {}, "credential-has-proof"),
        ({"a": {"b": [1, 0.5]}}, {}, "credential-number"),
        ({"a": 2**53}, {}, "credential-number"),
        ({"@context": [1.0]}, {}, "credential-number"),
        ({"a": "\ud800"}, {}, "credential-value"),
        ({}, {"proof_purpose": "\ud800"}, "credential-value"),
        ({}, {"created": "2023-02-24T23:36:38.5Z"}, "credential-created"),
        ({}, {"created": "2023-02-30T00:00:00Z"}, "credential-created"),
        ({}, {"verification_method": did_key_method(W3C_KEY.public_key)}, "credential-method"),
        ({}, {"verification_method": did_web_method("https://registry.example", "b-key")}, "credential-method"),
        ({}, {"verification_method": "https://registry.example/key#a-key"}, "credential-method"),
        ({}, {"verification_method": did_key(SIGNER.public_key)}, "did-key-format"),
        ({}, {"verification_method": "did:web:registry.example"}, "did-web-format"),
    ],
)
def test_what_is_not_signed(value: dict[str, Any], options: dict[str, Any], code: str) -> None:
    with pytest.raises(PithError) as caught:
        sign(value, **options)
    assert caught.value.code == code


def test_a_float_is_named_with_its_place() -> None:
    with pytest.raises(PithError) as caught:
        sign({"a": {"b": [1, 0.5]}})
    assert caught.value.where == "$.a.b[1]"
    assert "string" in caught.value.hint


BASE = sign({"@context": ["a", "b"], "name": "x"})


def test_resigning_without_changes_is_good() -> None:
    assert resigned(BASE) == BASE
    assert verify_credential(BASE, pinned(SIGNER)).verdict.value == "trusted"


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"type": "Ed25519Signature2020"}, ["proof-type"]),
        ({"type": ["DataIntegrityProof"]}, ["proof-type"]),
        ({"type": None}, ["proof-type"]),
        ({"cryptosuite": "eddsa-rdfc-2022"}, ["proof-cryptosuite"]),
        ({"cryptosuite": None}, ["proof-cryptosuite"]),
        ({"proofPurpose": "authentication"}, ["proof-purpose"]),
        ({"proofPurpose": None}, ["proof-purpose"]),
        ({"created": "2023-02-24"}, ["proof-created"]),
        ({"created": "2023-02-24T23:36:38"}, ["proof-created"]),
        ({"created": "2023-02-24 23:36:38Z"}, ["proof-created"]),
        ({"created": "2023-13-24T23:36:38Z"}, ["proof-created"]),
        ({"created": 20230224}, ["proof-created"]),
        ({"created": None}, []),
        ({"created": "2023-02-24T23:36:38.125Z"}, []),
        ({"created": "2023-02-24T23:36:38+01:00"}, []),
        ({"@context": ["a"]}, []),
        ({"@context": "a"}, []),
        ({"@context": []}, []),
        ({"@context": None}, []),
        ({"@context": ["b"]}, ["proof-context"]),
        ({"@context": ["b", "a"]}, ["proof-context"]),
        ({"@context": ["a", "b", "c"]}, ["proof-context"]),
        ({"verificationMethod": did_key(SIGNER.public_key)}, ["proof-method"]),
        ({"verificationMethod": "did:web:registry.example"}, ["proof-method"]),
        ({"verificationMethod": "did:example:a#a-key"}, ["proof-method"]),
        ({"verificationMethod": {"id": WEB}}, ["proof-method"]),
        ({"verificationMethod": None}, ["proof-method"]),
        ({"verificationMethod": W3C_METHOD}, ["proof-signature"]),
        ({"verificationMethod": f"{WEB}x"}, ["proof-key"]),
        ({"previousProof": "urn:uuid:1"}, ["proof-chain"]),
        ({"expires": "2030-01-01T00:00:00Z"}, []),
        ({"domain": "registry.example"}, []),
    ],
)
def test_proofs_that_say_something_else(changes: dict[str, Any], failed: list[str]) -> None:
    """Each is signed by the right key, over just what it says."""
    report = verify_credential(resigned(BASE, **changes), pinned(SIGNER))
    assert codes(report) == failed
    assert report.verdict.value == ("invalid" if failed else "trusted")


@pytest.mark.parametrize(
    "proof_value",
    [
        None,
        7,
        "",
        "z",
        BASE["proof"]["proofValue"][1:],
        "u" + BASE["proof"]["proofValue"][1:],
        BASE["proof"]["proofValue"] + " ",
        BASE["proof"]["proofValue"][:-1],
        "z" + encode_base58(bytes(63)),
        "z" + encode_base58(bytes(65)),
        "z0OIl",
        "z" * 10**6,
    ],
)
def test_proof_values_that_are_no_signature(proof_value: Any) -> None:
    value = {**BASE, "proof": {**BASE["proof"], "proofValue": proof_value}}
    assert codes(verify_credential(value, pinned(SIGNER))) == ["proof-value"]


@pytest.mark.parametrize(
    ("proof", "code"),
    [([], "proof-several"), ([BASE["proof"]], "proof-several"), (None, "proof-missing"), ("x", "proof-missing")],
)
def test_documents_without_the_one_proof(proof: Any, code: str) -> None:
    report = verify_credential({**BASE, "proof": proof}, pinned(SIGNER))
    assert (report.verdict.value, codes(report)) == ("invalid", [code])
    assert codes(verify_credential({"name": "x"}, pinned(SIGNER))) == ["proof-missing"]


def test_other_findings() -> None:
    found = {
        "unsigned": resigned(BASE, **{"@context": ["a"]}),
        "proof-context": resigned(BASE, **{"@context": None}),
        "proof-created": resigned(BASE, created=None),
        "proof-expires": resigned(BASE, expires="2030-01-01T00:00:00Z"),
        "credential-issuer": sign({"issuer": {"id": "did:web:another.example"}}),
    }
    for code, value in found.items():
        report = verify_credential(value, pinned(SIGNER))
        assert notes(report) == [code]
        assert report.verdict.value == ("self-consistent" if code == "credential-issuer" else "trusted")
    assert notes(verify_credential(sign({"issuer": "did:web:registry.example"}), pinned(SIGNER))) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pith-signing-key.json",
        "https://another.example/pith-signing-key.json",
        "https://registry.example/a/pith-signing-key.json",
        "https://registry.example:8443/pith-signing-key.json",
        "http://registry.example/pith-signing-key.json",
        "https://REGISTRY.example/pith-signing-key.json",
        "https://registry.example/pith-signing-key.json/",
        "https://registry.example//pith-signing-key.json",
        "https://registry.example/key.json",
        "https://registry.example",
        "https://10.0.0.1/pith-signing-key.json",
    ],
)
def test_a_key_signs_for_its_own_address_only(url: str) -> None:
    report = verify_credential(sign({"issuer": "did:web:registry.example"}), pinned(SIGNER, url=url))
    assert (report.verdict.value, codes(report)) == ("invalid", ["proof-controller"])
    assert report.failures[0].path == "$.proof.verificationMethod"
    by_itself = verify_credential(sign({"a": 1}, did_key_method(SIGNER.public_key)), pinned(SIGNER, url=url))
    assert by_itself.verdict.value == "trusted"


@pytest.mark.parametrize("base", ["https://registry.example:8443", "https://registry.example/~a/b"])
def test_addresses_with_a_port_or_a_path(base: str) -> None:
    signed = sign({"issuer": did_web(base)}, did_web_method(base, "a-key"))
    report = verify_credential(signed, pinned(SIGNER, url=f"{base}/pith-signing-key.json"))
    assert (report.verdict.value, report.findings) == ("trusted", ())
    assert codes(verify_credential(signed, pinned(SIGNER))) == ["proof-controller"]


@pytest.mark.parametrize(
    "issuer",
    [
        "did:web:another.example",
        {"id": "did:web:another.example"},
        {"name": "x"},
        "",
        "did:web:registry.example#a-key",
        None,
        ["did:web:registry.example"],
        7,
    ],
)
@pytest.mark.parametrize("method", [WEB, did_key_method(SIGNER.public_key)])
def test_nobody_is_trusted_as_another_issuer(issuer: Any, method: str) -> None:
    report = verify_credential(sign({"issuer": issuer}, method), pinned(SIGNER))
    assert (report.verdict.value, codes(report), notes(report)) == ("self-consistent", [], ["credential-issuer"])
    own = method.partition("#")[0]
    for right in (own, {"id": own, "name": "x"}):
        report = verify_credential(sign({"issuer": right}, method), pinned(SIGNER))
        assert (report.verdict.value, report.findings) == ("trusted", ())


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        (lambda value: value.update({"a": 0.5}), "credential-number"),
        (lambda value: value.update({"a": 2**60}), "credential-number"),
        (lambda value: value["proof"].update({"a": 0.5}), "credential-number"),
        (lambda value: value.update({"a": "\udfff"}), "credential-value"),
        (lambda value: value["proof"].update({"@context": [0.5]}), "proof-context"),
        (lambda value: value.update({"@context": [True]}) or value["proof"].update({"@context": [1]}), "proof-context"),
        (lambda value: value.pop("@context"), "proof-context"),
        (lambda value: value.update({"@context": "a"}), "proof-context"),
    ],
)
def test_documents_that_cannot_have_been_signed(change: Callable[[Any], None], failed: str) -> None:
    value = copy.deepcopy(BASE)
    change(value)
    assert codes(verify_credential(value, pinned(SIGNER))) == [failed]


# ---- When a key signs --------------------------------------------------------------------------------------------


def windowed(window: KeyWindow) -> Keyring:
    keys = {"a-key": (SIGNER.public_key, window)}
    return Keyring().with_chain(SIGNER.public_key, keys, (), addresses={"a-key": ADDRESS})


class Proofs:
    """Proves that one document was there, whenever."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.digest = sha256(canonicalize(document))

    def existed_before(self, digest: bytes, instant: datetime) -> bool:
        return digest == self.digest


@pytest.mark.parametrize("method", [WEB, did_key_method(SIGNER.public_key)])
def test_the_window_of_a_key(method: str) -> None:
    first, last = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 12, 31, tzinfo=UTC)
    for created, failed in (
        ("2023-01-01T00:00:00Z", []),
        ("2022-12-31T23:59:59Z", ["key-window"]),
        ("2024-01-01T00:00:00Z", ["key-window"]),
    ):
        report = verify_credential(sign({"a": "b"}, method, created=created), windowed(KeyWindow(first, last)))
        assert codes(report) == failed
        assert report.verdict.value == ("invalid" if failed else "trusted")
    signed = sign({"a": "b"}, method)
    with_offset = resigned(signed, created="2022-12-31T23:30:00.5-01:00")
    assert codes(verify_credential(with_offset, windowed(KeyWindow(first, last)))) == []
    assert codes(verify_credential(resigned(signed, created=None), windowed(KeyWindow(first)))) == ["key-window"]
    assert codes(verify_credential(resigned(signed, created=None), windowed(KeyWindow()))) == []
    for extreme in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"):
        assert "proof-created" in codes(verify_credential(resigned(signed, created=extreme), pinned(SIGNER)))


def test_a_compromised_key_needs_a_proof_of_time() -> None:
    compromised = windowed(KeyWindow(None, datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)))
    signed = sign({"a": "b"})
    assert codes(verify_credential(signed, compromised)) == ["compromised-key"]
    assert verify_credential(signed, compromised).failures[0].path == "$.proof.verificationMethod"
    assert verify_credential(signed, compromised, Proofs({"a": "b"})).verdict.value == "trusted"
    assert codes(verify_credential(signed, compromised, Proofs({"a": "c"}))) == ["compromised-key"]


# ---- This project's own documents --------------------------------------------------------------------------------


def issuer() -> Issuer:
    return Issuer(
        IssuerProfile(signer_id="registry.example", mirror_name="Example", base_url="https://registry.example"),
        SIGNER,
        FixedClock(datetime(2026, 11, 21, tzinfo=UTC)),
    )


def issued() -> IssuedBundle:
    return issuer().issue(
        PaperMetadata(
            arxiv_id="1805.08469",
            version=1,
            title="Gradient Energy Matching for Distributed Asynchronous Gradient Descent",
            abstract="Distributed asynchronous SGD has become widely used.",
            authors="Joeri Hermans and Gilles Louppe",
            categories=("cs.LG", "cs.DC", "stat.ML"),
            license="http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
            submitted_at=datetime(2018, 5, 22, 9, 32, 21, tzinfo=UTC),
        )
    )


def record_document() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(issued().record_document_bytes)
    return value


def manifest() -> dict[str, Any]:
    value: dict[str, Any] = issuer().build_manifest(datetime(2026, 11, 21, tzinfo=UTC)).to_dict()
    return value


def key_document() -> KeyDocument:
    return KeyDocument.of(SIGNER.public_key.raw, key_id="a-key", url=ADDRESS, notes="")


KINDS: dict[str, tuple[Callable[[], dict[str, Any]], tuple[str | int, ...], str]] = {
    "bundle": (lambda: issued().bundle.to_dict(), ("canonical_sha256",), "trusted"),
    "state": (lambda: issued().bundle.content.state.to_dict(), ("state_sha256",), "self-consistent"),
    "record document": (record_document, ("receipt", "canonical_sha256"), "trusted"),
    "manifest": (manifest, ("manifest_version",), "self-consistent"),
    "keyring": (
        lambda: KeyChain.begin("did:web:registry.example", key_document()).to_document().to_dict(),
        ("keyring_version",),
        "trusted",
    ),
    "key document": (lambda: key_document().to_dict(), ("public_key_hex",), "trusted"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_proof_does_not_stand_in_for_a_documents_own_checks(kind: str) -> None:
    make, path, expected = KINDS[kind]
    value = make()
    assert verify_value(value, pinned(SIGNER)).verdict.value == expected
    report = verify_credential(sign(value), pinned(SIGNER))
    assert (report.document_kind, report.verdict.value) == ("credential", expected)
    assert not report.findings
    inner: Any = value
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = "0" * 64
    own = verify_value(value, pinned(SIGNER))
    assert own.failures
    for method in (WEB, did_key_method(SIGNER.public_key)):
        report = verify_any(canonicalize(sign(value, method)), pinned(SIGNER))
        assert report.verdict.value == "invalid"
        assert report.failures == own.failures
        assert report.pith_number == own.pith_number
        assert "proof-signature" in {check.code for check in report.checks}


def test_what_the_proof_covers_is_not_called_unsigned() -> None:
    record = record_document()
    assert "unsigned" in notes(verify_value(record, pinned(SIGNER)))
    by_itself = sign(record, did_key_method(SIGNER.public_key))
    for signed, trusted in ((sign(record), pinned(SIGNER)), (by_itself, pinned(SIGNER))):
        assert notes(verify_credential(signed, trusted)) == []
    forged = resigned(sign(record), created="2023-02-24T23:36:38.5Z")
    forged["proof"]["created"] = CREATED
    report = verify_credential(forged, pinned(SIGNER))
    assert (codes(report), "unsigned" in notes(report)) == (["proof-signature"], True)


def test_contexts_that_the_proof_does_not_cover_are_still_called_unsigned() -> None:
    signed = resigned(sign({**record_document(), "@context": ["a", "b"]}), **{"@context": ["a"]})
    report = verify_credential(signed, pinned(SIGNER))
    assert [check.path for check in report.findings if check.code == "unsigned"] == ['$["@context"]']


def test_a_bundle_signed_with_a_key_that_was_compromised_needs_its_proofs_too() -> None:
    end = datetime(2030, 1, 1, tzinfo=UTC)
    signed = sign(issued().bundle.to_dict())
    assert set(codes(verify_credential(signed, windowed(KeyWindow(None, end, end))))) == {"compromised-key"}
    assert verify_credential(signed, windowed(KeyWindow(None, end, end)), AllProofs()).verdict.value == "trusted"


class AllProofs:
    """Proves anything."""

    def existed_before(self, digest: bytes, instant: datetime) -> bool:
        return True


def test_record_document() -> None:
    record = record_document()
    signed = sign(record)
    report = verify_credential(signed, pinned(SIGNER))
    assert (report.document_kind, report.verdict.value) == ("credential", "trusted")
    assert report.pith_number == record["pith_number"]
    made = {check.code for check in report.checks}
    assert {"proof-signature", "signature", "pith-number", "record-document-type"} <= made
    assert [key.key_id for key in report.keys] == ["a-key"]


def test_record_document_whose_receipt_cannot_be_checked() -> None:
    """The proof alone is good; the verdict is that of the record document."""
    other = LocalSigner("b-key", PrivateKey.from_seed(b"\1" * 32))
    method = did_web_method("https://registry.example", "b-key")
    signed = sign_credential(record_document(), other, verification_method=method, created=CREATED)
    report = verify_credential(signed, pinned(other))
    assert (report.verdict.value, codes(report)) == ("self-consistent", [])
    assert verify_credential(signed, pinned(SIGNER, other)).verdict.value == "trusted"
    assert codes(verify_credential(signed, pinned(SIGNER))) == ["proof-key"]


def test_record_document_that_does_not_hold_though_its_proof_does() -> None:
    record = record_document()
    record["canonical_record"]["license"] = "another"
    report = verify_credential(sign(record), pinned(SIGNER))
    assert report.verdict.value == "invalid"
    assert "proof-signature" not in codes(report)
    assert codes(report)
    broken = verify_credential(sign({"record_type": "x"}), pinned(SIGNER))
    assert (broken.verdict.value, codes(broken)) == ("invalid", ["field-missing"])


def test_record_document_without_proof() -> None:
    report = verify_credential(record_document(), pinned(SIGNER))
    assert (report.verdict.value, codes(report)) == ("invalid", ["proof-missing"])
