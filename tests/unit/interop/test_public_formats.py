"""What holds of every format for public keys: round trips, one spelling each, no key that must not be used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.core.digest import sha256
from pithbuilder.core.encoding import decode_base64, encode_base58, encode_base64
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.errors import PithError
from pithbuilder.interop.data_integrity import verify_credential
from pithbuilder.interop.did_web import base_url_of, did_web, did_web_method, key_id_of_method
from pithbuilder.interop.export import EXPORT_FORMATS, export_keys
from pithbuilder.interop.jwk import decode_jwk, decode_private_jwk, encode_base64url, encode_jwk
from pithbuilder.interop.multikey import (
    decode_did_key,
    decode_did_key_method,
    decode_multikey,
    did_key,
    did_key_method,
    encode_multikey,
)
from pithbuilder.interop.openssh import decode_openssh, encode_openssh
from pithbuilder.interop.vkey import decode_vkey, encode_vkey
from pithbuilder.signing.ed25519 import PrivateKey, PublicKey
from pithbuilder.signing.keyring import Keyring, public_key_of

NAME = "example.com/keys"
KEYS = st.binary(min_size=32, max_size=32).map(lambda seed: PrivateKey.from_seed(seed).public_key)
SSH_HEAD = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
MULTIKEY_HEAD = b"\xed\x01"


class Format(NamedTuple):
    write: Callable[[PublicKey], str]
    read: Callable[[str], Any]
    """Everything that the text says: the key, and its comment or name."""

    forge: Callable[[bytes], str]
    """Write 32 bytes as if they were a key, without the package's encoder."""


def read_jwk(x: str) -> PublicKey:
    return decode_jwk({"kty": "OKP", "crv": "Ed25519", "x": x})


def forge_vkey(raw: bytes) -> str:
    key_hash = sha256(NAME.encode() + b"\n\1" + raw)[:4].hex()
    return f"{NAME}+{key_hash}+" + encode_base64(b"\1" + raw)


def forge_multikey(raw: bytes) -> str:
    return "z" + encode_base58(MULTIKEY_HEAD + raw)


FORMATS = {
    "multikey": Format(encode_multikey, decode_multikey, forge_multikey),
    "did-key": Format(did_key, decode_did_key, lambda raw: f"did:key:{forge_multikey(raw)}"),
    "did-key-method": Format(
        did_key_method, decode_did_key_method, lambda raw: f"did:key:{forge_multikey(raw)}#{forge_multikey(raw)}"
    ),
    "openssh": Format(
        lambda key: encode_openssh(key, "a-key"),
        decode_openssh,
        lambda raw: f"ssh-ed25519 {encode_base64(SSH_HEAD + raw)} a-key",
    ),
    "vkey": Format(lambda key: encode_vkey(NAME, key), decode_vkey, forge_vkey),
    "jwk": Format(lambda key: str(encode_jwk(key)["x"]), read_jwk, encode_base64url),
}
EVERY_FORMAT = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)


def key_in(read: Any) -> PublicKey:
    """Return the key of what ``Format.read`` has returned."""
    parts = read if isinstance(read, tuple) else (read,)
    return next(part for part in parts if isinstance(part, PublicKey))


def code_of(refused: Callable[[], object]) -> str:
    with pytest.raises(PithError) as caught:
        refused()
    return caught.value.code


# ---- Round trips and spellings -----------------------------------------------------------------------------------


@EVERY_FORMAT
@settings(max_examples=40, deadline=None)
@given(key=KEYS)
def test_round_trip(form: Format, key: PublicKey) -> None:
    text = form.write(key)
    assert text == form.forge(key.raw)
    assert key_in(form.read(text)) == key


@EVERY_FORMAT
@settings(max_examples=60, deadline=None)
@given(data=st.data(), key=KEYS)
def test_another_text_is_refused_or_says_something_else(form: Format, data: st.DataObject, key: PublicKey) -> None:
    text = form.write(key)
    right = form.read(text)
    at = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("\0\t\n\r +/-_=AZaz019#:%.é０ǅ") | st.characters())
    edits = {
        "replace": text[:at] + character + text[at + 1 :],
        "insert": text[:at] + character + text[at:],
        "append": text + character,
        "delete": text[:at] + text[at + 1 :],
        "case": text[:at] + text[at].swapcase() + text[at + 1 :],
    }
    changed = edits[data.draw(st.sampled_from(sorted(edits)))]
    if changed == text:
        return
    try:
        read = form.read(changed)
    except PithError as error:
        assert error.code
        assert error.message
        return
    assert read != right


@EVERY_FORMAT
def test_every_single_change_of_one_text(form: Format) -> None:
    text = form.write(PrivateKey.from_seed(bytes(range(32))).public_key)
    right = form.read(text)
    for at in range(len(text)):
        for character in "1Az+/=- \n":
            changed = text[:at] + character + text[at + 1 :]
            try:
                assert changed == text or form.read(changed) != right
            except PithError:
                continue


@EVERY_FORMAT
def test_nothing_and_blanks_are_refused(form: Format) -> None:
    text = form.write(PrivateKey.from_seed(bytes(32)).public_key)
    for wrong in ("", " ", "z", f" {text}", f"{text}\n", f"{text} ", text.upper()):
        with pytest.raises(PithError):
            form.read(wrong)


# ---- Keys that must not be used ----------------------------------------------------------------------------------

# The points whose order divides 8, and every other spelling of them that a lenient decoder takes.
BAD_KEYS = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
REFUSALS = {"key-small-order", "key-not-canonical"}


def document_of(raw: bytes) -> KeyDocument:
    return KeyDocument.of(raw, key_id="a-key", url="https://example.com/key.json", notes="")


def import_forged(form: Format, raw: bytes) -> object:
    return form.read(form.forge(raw))


def export_document(name: str, raw: bytes) -> object:
    return export_keys(name, [document_of(raw)], base_url="https://example.com", name=NAME)


IMPORTS: dict[str, Callable[[bytes], object]] = {
    **{name: partial(import_forged, form) for name, form in FORMATS.items()},
    "key-document": lambda raw: public_key_of(document_of(raw)),
    "keyring": lambda raw: Keyring([document_of(raw)]),
    "private-jwk": lambda raw: decode_private_jwk(
        {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(raw), "d": encode_base64url(bytes(32))}
    ),
    **{f"export-{name}": partial(export_document, name) for name in EXPORT_FORMATS},
}


def test_the_list_is_whole() -> None:
    assert len(set(BAD_KEYS)) == 14
    assert all(len(bytes.fromhex(text)) == 32 for text in BAD_KEYS)


@pytest.mark.parametrize("path", IMPORTS)
@pytest.mark.parametrize("raw", BAD_KEYS)
def test_no_way_in_takes_them(path: str, raw: str) -> None:
    expected = {"jwk-mismatch"} if path == "private-jwk" else REFUSALS  # no private key has such a public one
    assert code_of(lambda: IMPORTS[path](bytes.fromhex(raw))) in expected


@pytest.mark.parametrize("raw", BAD_KEYS)
def test_no_credential_is_good_under_them(raw: str) -> None:
    """Under the neutral element, one fixed signature would be good for every document."""
    method = FORMATS["did-key-method"].forge(bytes.fromhex(raw))
    forged = "z" + encode_base58(bytes.fromhex(BAD_KEYS[2]) + bytes(32))
    proof: dict[str, Any] = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-11-21T00:00:00Z",
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
        "proofValue": forged,
    }
    report = verify_credential({"name": "anything", "proof": proof}, Keyring())
    assert report.verdict.value == "invalid"
    assert [check.code for check in report.failures] == ["proof-method"]


# ---- Refusals of each format -------------------------------------------------------------------------------------

GOOD = PrivateKey.from_seed(b"\1" * 32).public_key
LINE = encode_openssh(GOOD)
VKEY = encode_vkey(NAME, GOOD)


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (lambda: decode_multikey("M" + encode_multikey(GOOD)[1:]), "multikey-encoding"),
        (lambda: decode_multikey("z0OIl"), "multikey-encoding"),
        (lambda: decode_multikey("z" * 10**6), "multikey-encoding"),
        (lambda: decode_multikey("z" + encode_base58(b"\xec\x01" + GOOD.raw)), "multikey-algorithm"),
        (lambda: decode_multikey("z" + encode_base58(b"\xed\x01" + GOOD.raw[:31])), "key-length"),
        (lambda: decode_multikey("z" + encode_base58(b"\xed\x01" + GOOD.raw + b"\0")), "key-length"),
        (lambda: decode_did_key(did_key_method(GOOD)), "did-key-format"),
        (lambda: decode_did_key("did:web:example.com"), "did-key-format"),
        (lambda: decode_did_key_method(did_key(GOOD)), "did-key-format"),
        (lambda: decode_did_key_method(f"{did_key(GOOD)}#key-1"), "did-key-format"),
        (lambda: decode_openssh(LINE.replace("ssh-ed25519", "ssh-rsa")), "openssh-algorithm"),
        (lambda: decode_openssh(f"restrict {LINE}"), "openssh-algorithm"),
        (lambda: decode_openssh(LINE.replace(" ", "  ")), "openssh-encoding"),
        (lambda: decode_openssh(f"{LINE} "), "openssh-comment"),
        (lambda: decode_openssh(f"{LINE} a\nssh-ed25519"), "openssh-comment"),
        (lambda: decode_openssh(f"{LINE[:-4]}"), "openssh-encoding"),
        (lambda: decode_openssh(f"ssh-ed25519 {encode_base64(SSH_HEAD + GOOD.raw + b'x')}"), "openssh-encoding"),
        (lambda: decode_openssh("ssh-ed25519 not-base64"), "openssh-encoding"),
        (lambda: encode_openssh(GOOD, "two\nlines"), "openssh-comment"),
        (lambda: encode_openssh(GOOD, " blank"), "openssh-comment"),
        (lambda: encode_vkey("", GOOD), "vkey-name"),
        (lambda: encode_vkey("a name", GOOD), "vkey-name"),
        (lambda: encode_vkey("a\u3000name", GOOD), "vkey-name"),
        (lambda: encode_vkey("a+name", GOOD), "vkey-name"),
        (lambda: encode_vkey("a\ud800", GOOD), "vkey-name"),
        (lambda: decode_vkey(VKEY[VKEY.index("+") :]), "vkey-name"),
        (lambda: decode_vkey(NAME), "vkey-format"),
        (lambda: decode_vkey(f"{VKEY}="), "vkey-format"),
        (lambda: decode_vkey(VKEY.replace(NAME, "example.com/other")), "vkey-hash"),
        (lambda: decode_vkey(f"{NAME}+00000000+" + encode_base64(b"\2" + GOOD.raw)), "vkey-algorithm"),
        (lambda: decode_vkey(f"{NAME}+00000000+"), "vkey-algorithm"),
        (lambda: decode_vkey(f"{NAME}+00000000+" + encode_base64(b"\1" + GOOD.raw + b"\0")), "vkey-algorithm"),
    ],
)
def test_refusals(refused: Callable[[], object], code: str) -> None:
    assert code_of(refused) == code


def test_a_private_multikey_is_not_shown() -> None:
    """The W3C's form for private keys looks much like the public one."""
    text = "z" + encode_base58(b"\x80\x26" + bytes(range(32)))
    with pytest.raises(PithError) as caught:
        decode_multikey(text)
    assert caught.value.code == "multikey-algorithm"
    assert text[8:] not in str(caught.value) + repr(caught.value)


def test_the_example_of_the_signed_note_specification() -> None:
    text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    name, key = decode_vkey(text)
    assert name == "example.com/foo"
    assert encode_vkey(name, key) == text
    raw = decode_base64("Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=")
    assert raw[:4].hex() == "530d903a"
    assert key.verify(raw[4:], b"This is an example message.\n")
    assert not key.verify(raw[4:], b"This is an example message.")


# ---- did:key and did:web -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "did"),
    list(
        enumerate(
            [
                "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
                "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG",
                "did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf",
                "did:key:z6MkvqoYXQfDDJRv8L4wKzxYeuKyVZBfi9Qo6Ro8MiLH3kDQ",
                "did:key:z6MkwW6aqMnjgrhJXFUko3NnZPGzVpkNzhYK7yEhnsibmLwL",
            ]
        )
    ),
)
def test_vectors_of_the_did_key_method(seed: int, did: str) -> None:
    key = PrivateKey.from_seed(seed.to_bytes(32, "big")).public_key
    assert did_key(key) == did
    assert decode_did_key(did) == key
    assert did_key_method(key) == f"{did}#{did.removeprefix('did:key:')}"
    assert decode_did_key_method(did_key_method(key)) == key


@pytest.mark.parametrize(
    "did",
    [
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        "did:key:z6Mkf5rGMoatrSj1f4CyvuHBeXJELe9RPdzo2PKGNCKVtZxP",
    ],
)
def test_examples_of_the_did_key_specification(did: str) -> None:
    assert did_key(decode_did_key(did)) == did


@pytest.mark.parametrize(
    ("base_url", "did"),
    [
        ("https://w3c-ccg.github.io", "did:web:w3c-ccg.github.io"),
        ("https://w3c-ccg.github.io/user/alice", "did:web:w3c-ccg.github.io:user:alice"),
        ("https://example.com:3000", "did:web:example.com%3A3000"),
        ("https://example.com:3000/user/alice", "did:web:example.com%3A3000:user:alice"),
        ("https://example.com/u/bob", "did:web:example.com:u:bob"),
        ("https://example.com/~bob", "did:web:example.com:%7Ebob"),
    ],
)
def test_examples_of_the_did_web_specification(base_url: str, did: str) -> None:
    assert did_web(base_url) == did
    assert base_url_of(did) == base_url
    assert key_id_of_method(did_web_method(base_url, "key-0")) == "key-0"


LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
SEGMENT = st.from_regex(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,8}", fullmatch=True)


@settings(max_examples=100, deadline=None)
@given(st.lists(LABEL, min_size=1, max_size=4), st.none() | st.integers(1, 65535), st.lists(SEGMENT, max_size=4))
def test_did_web_round_trip(labels: list[str], port: int | None, segments: list[str]) -> None:
    base_url = "https://" + ".".join(labels) + (f":{port}" if port else "") + "".join(f"/{part}" for part in segments)
    did = did_web(base_url)
    assert base_url_of(did) == base_url
    assert "/" not in did
    assert did.count(":") == 2 + len(segments)


@pytest.mark.parametrize(
    "base_url",
    "http://example.com|https://example.com/|https://Example.com|https://127.0.0.1|https://[::1]|https://|example.com|"
    "https://example.com:0|https://example.com:65536|https://example.com:080|https://example.com//a|"
    "https://example.com/../a|https://example.com/a/.|https://example.com?a|https://example.com/a#b|https://a..b|"
    "https://user@example.com|https://example.com/a b|https://-a.com|https://example.com\n|https://exämple.com".split(
        "|"
    ),
)
def test_addresses_that_no_did_web_has(base_url: str) -> None:
    assert code_of(lambda: did_web(base_url)) == "did-web-url"


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("did:web:example.com", "did-web-format"),
        ("did:web:example.com%3a3000#a", "did-web-format"),
        ("did:web:example.com%3A99999#a", "did-web-format"),
        ("did:web:example.com/a#a", "did-web-format"),
        ("did:web:example.com::a#a", "did-web-format"),
        ("did:web:example.com:..#a", "did-web-format"),
        ("did:web:10.0.0.1#a", "did-web-format"),
        ("did:web:#a", "did-web-format"),
        ("did:web:example.com#", "did-web-key-id"),
        ("did:web:example.com#a#b", "did-web-key-id"),
        ("did:web:example.com#a b", "did-web-key-id"),
    ],
)
def test_methods_that_name_no_key(method: str, code: str) -> None:
    assert code_of(lambda: key_id_of_method(method)) == code
