"""Private keys in PEM: what is read, what is refused and why, and that no secret ever shows."""

from __future__ import annotations

import base64
import pickle
import traceback
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.errors import KeyMaterialError
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PASSPHRASE = b"correct horse battery staple"
PLAIN = PrivateKey.from_seed(SEED).to_pem(None)
ENCRYPTED = PrivateKey.from_seed(SEED).to_pem(PASSPHRASE)


def refusal_of(pem: bytes, passphrase: bytes | None) -> KeyMaterialError:
    with pytest.raises(KeyMaterialError) as caught:
        PrivateKey.from_pem(pem, passphrase)
    return caught.value


def other_keys() -> Iterator[tuple[str, Callable[[], object]]]:
    yield "rsa", lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    yield "x25519", x25519.X25519PrivateKey.generate
    yield "ed448", ed448.Ed448PrivateKey.generate
    yield "p256", lambda: ec.generate_private_key(ec.SECP256R1())


def pem_of(key: object, passphrase: bytes | None, form: serialization.PrivateFormat) -> bytes:
    assert isinstance(
        key,
        rsa.RSAPrivateKey
        | x25519.X25519PrivateKey
        | ed448.Ed448PrivateKey
        | ec.EllipticCurvePrivateKey
        | Ed25519PrivateKey,
    )
    protection: serialization.KeySerializationEncryption = (
        serialization.NoEncryption() if passphrase is None else serialization.BestAvailableEncryption(passphrase)
    )
    return key.private_bytes(serialization.Encoding.PEM, form, protection)


def test_a_plain_key_comes_back() -> None:
    """RFC 8410, section 7: sixteen bytes of structure, then the seed."""
    assert PLAIN.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    body = base64.b64decode(b"".join(PLAIN.splitlines()[1:-1]))
    assert body == bytes.fromhex("302e020100300506032b657004220420") + SEED
    assert PrivateKey.from_pem(PLAIN, None).sign(b"m") == PrivateKey.from_seed(SEED).sign(b"m")


def test_an_encrypted_key_comes_back() -> None:
    assert ENCRYPTED.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert SEED not in base64.b64decode(b"".join(ENCRYPTED.splitlines()[1:-1]))
    key = PrivateKey.from_pem(ENCRYPTED, PASSPHRASE)
    assert key.sign(b"m") == PrivateKey.from_seed(SEED).sign(b"m")


@settings(max_examples=8, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=1, max_size=40))
def test_any_seed_under_any_passphrase_comes_back(seed: bytes, passphrase: bytes) -> None:
    key = PrivateKey.from_seed(seed)
    assert PrivateKey.from_pem(key.to_pem(passphrase), passphrase).public_key == key.public_key
    assert PrivateKey.from_pem(key.to_pem(None), None).public_key == key.public_key


def test_two_encryptions_differ() -> None:
    assert PrivateKey.from_seed(SEED).to_pem(PASSPHRASE) != ENCRYPTED


def test_a_passphrase_is_given_exactly_where_there_is_one() -> None:
    assert refusal_of(ENCRYPTED, None).code == "passphrase-needed"
    assert refusal_of(PLAIN, PASSPHRASE).code == "passphrase-not-needed"
    assert refusal_of(PLAIN, b"").code == "passphrase-not-needed"


@pytest.mark.parametrize(
    "wrong", [b"", b"wrong", PASSPHRASE + b"\n", PASSPHRASE[:-1], PASSPHRASE.upper(), b"\0", b"x" * 1000]
)
def test_a_wrong_passphrase(wrong: bytes) -> None:
    assert refusal_of(ENCRYPTED, wrong).code == "passphrase-wrong"


def without_last_line(pem: bytes) -> bytes:
    return b"".join(pem.splitlines(keepends=True)[:-1])


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"\n",
        b"garbage",
        b"\x00\xff" * 100,
        b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        SEED,
        SEED.hex().encode(),
        base64.b64encode(SEED),
        PLAIN[:40],
        PLAIN[: len(PLAIN) // 2],
        without_last_line(PLAIN),
        PLAIN.replace(b"PRIVATE", b"PUBLIC"),
        b"".join(PLAIN.splitlines()[1:-1]),
    ],
    ids=lambda pem: ascii(pem)[:30],
)
def test_what_is_no_key_file(pem: bytes) -> None:
    assert refusal_of(pem, None).code == "key-file-format"


def test_every_truncation_of_a_plain_key_is_refused() -> None:
    whole = PLAIN.rstrip()
    for length in range(len(whole)):
        assert refusal_of(whole[:length], None).code == "key-file-format"


def test_truncations_of_an_encrypted_key_are_refused() -> None:
    whole = ENCRYPTED.rstrip()
    start = whole.index(b"ENCRYPTED") + len(b"ENCRYPTED")
    for length in range(start, len(whole), 7):
        assert refusal_of(whole[:length], PASSPHRASE).code == "key-file-format"
        assert refusal_of(whole[:length], None).code == "passphrase-needed"


def test_a_damaged_encrypted_key_is_told_like_a_wrong_passphrase() -> None:
    lines = ENCRYPTED.splitlines(keepends=True)
    damaged = b"".join([*lines[:-2], lines[-2][:8][::-1] + lines[-2][8:], lines[-1]])
    assert damaged != ENCRYPTED
    assert refusal_of(damaged, PASSPHRASE).code == "passphrase-wrong"


@pytest.mark.parametrize(
    ("name", "generate"), list(other_keys()), ids=lambda item: item if isinstance(item, str) else ""
)
def test_keys_of_other_algorithms(name: str, generate: Callable[[], object]) -> None:
    key = generate()
    for passphrase in (None, PASSPHRASE):
        error = refusal_of(pem_of(key, passphrase, serialization.PrivateFormat.PKCS8), passphrase)
        assert error.code == "key-algorithm", name


def test_an_rsa_key_in_its_old_form() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert refusal_of(pem_of(key, None, serialization.PrivateFormat.TraditionalOpenSSL), None).code == "key-algorithm"


def test_public_keys_are_no_private_keys() -> None:
    pem = (
        Ed25519PrivateKey.from_private_bytes(SEED)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert refusal_of(pem, None).code == "key-file-format"


def test_an_empty_passphrase_makes_no_file() -> None:
    """An empty passphrase must never end in a key in the clear."""
    with pytest.raises(KeyMaterialError) as caught:
        PrivateKey.from_seed(SEED).to_pem(b"")
    assert caught.value.code == "passphrase-empty"


def test_the_longest_passphrase() -> None:
    key = PrivateKey.from_seed(SEED)
    assert PrivateKey.from_pem(key.to_pem(b"x" * 1023), b"x" * 1023).public_key == key.public_key
    with pytest.raises(KeyMaterialError) as caught:
        key.to_pem(b"x" * 1024)
    assert caught.value.code == "passphrase-too-long"
    assert "xxx" not in str(caught.value)
    assert refusal_of(ENCRYPTED, b"x" * 1024).code == "passphrase-too-long"


# ---- No secret shows ---------------------------------------------------------------------------------------------


def spellings_of(secret: bytes) -> list[str]:
    """Return how a secret might show: hexadecimal, base64, repr, and parts of these."""
    text = base64.b64encode(secret).decode()
    pem_line = PLAIN.splitlines()[1].decode()
    return [
        secret.hex(),
        secret.hex()[:16],
        secret.hex()[-16:],
        text,
        text[:16],
        repr(secret),
        pem_line,
        pem_line[-20:],
    ]


def assert_hidden(shown: str) -> None:
    for spelling in spellings_of(SEED):
        assert spelling.lower() not in shown.lower()
    assert PASSPHRASE.decode() not in shown


def test_neither_repr_nor_str_shows_a_secret() -> None:
    key = PrivateKey.from_seed(SEED)
    signer = LocalSigner("key-1", key)
    for shown in (
        repr(key),
        str(key),
        f"{key}",
        repr([key]),
        repr(signer),
        str(signer),
        f"{signer!r:>500}",
        repr(vars(signer)),
        repr(key.public_key),
    ):
        assert_hidden(shown)
    assert key.public_key.raw.hex() in repr(key)
    assert key.public_key.raw.hex() in repr(signer)


@pytest.mark.parametrize(
    ("pem", "passphrase"),
    [
        (ENCRYPTED, None),
        (ENCRYPTED, PASSPHRASE[:-1]),
        (PLAIN, PASSPHRASE),
        (PLAIN[:-30], None),
        (without_last_line(PLAIN), None),
        (PLAIN.replace(b"BEGIN PRIVATE", b"BEGIN RSA PRIVATE"), None),
        (without_last_line(ENCRYPTED), PASSPHRASE),
        (SEED, None),
        (SEED.hex().encode(), None),
    ],
)
def test_no_error_shows_a_secret(pem: bytes, passphrase: bytes | None) -> None:
    error = refusal_of(pem, passphrase)
    assert_hidden(str(error))
    assert_hidden(repr(error))
    assert_hidden(repr(error.to_dict()))
    lines = "".join(traceback.format_exception(error))
    assert_hidden(lines.replace('b"correct horse battery staple"', ""))


def test_a_seed_of_a_wrong_length_is_not_shown() -> None:
    with pytest.raises(KeyMaterialError) as caught:
        PrivateKey.from_seed(SEED + b"\0")
    assert_hidden(str(caught.value))
    assert_hidden(repr(caught.value))


def test_private_keys_cannot_be_pickled_by_accident() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(PrivateKey.from_seed(SEED))
