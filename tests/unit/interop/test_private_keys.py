"""Private keys of ssh-keygen, openssl and JWK files; damaged ones, whose errors show nothing of them."""

from __future__ import annotations

import base64
import json
import subprocess
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.errors import PithError
from pithbuilder.interop.jwk import encode_base64url, encode_jwk
from pithbuilder.interop.openssh import decode_openssh
from pithbuilder.interop.private_keys import MAX_KEY_FILE_BYTES, needs_passphrase, read_private_key
from pithbuilder.signing.ed25519 import PrivateKey

PASSPHRASE = b"correct horse"
KEY = PrivateKey.from_seed(bytes.fromhex("c2d7e0a14b9f35688ad13cf20176be5944e82f9a6b0cd35e71fa8643bd0592ce"))
JWK: dict[str, Any] = {**encode_jwk(KEY.public_key), "d": encode_base64url(KEY.to_seed())}


# PKCS#8 of a seed of 31 bytes, which makes OpenSSL and its Python binding stumble.
WRONG_LENGTH = (
    b"-----BEGIN PRIVATE KEY-----\n"
    + base64.b64encode(bytes.fromhex("302d020100300506032b65700421041f") + bytes(31))
    + b"\n-----END PRIVATE KEY-----\n"
)


def run(*command: str) -> bytes:
    """Run a real tool; a tool that is not installed fails the test."""
    result = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def ssh_keygen(path: Path, passphrase: bytes, kind: str = "ed25519", *options: str) -> bytes:
    run("ssh-keygen", "-q", "-t", kind, "-N", passphrase.decode(), "-C", "someone@example", "-f", str(path), *options)
    return path.read_bytes()


def as_openssh(key: PrivateKey, passphrase: bytes = b"") -> bytes:
    """Return a key in OpenSSH's format, which ssh-keygen offers only for keys of its own making."""
    encryption = (
        PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(2).build(passphrase) if passphrase else NoEncryption()
    )
    native = Ed25519PrivateKey.from_private_bytes(key.to_seed())
    return native.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption)


def refusal(data: bytes, passphrase: bytes | None = None) -> PithError:
    with pytest.raises(PithError) as caught:
        read_private_key(data, passphrase)
    return caught.value


# ---- Real tools --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passphrase", [b"", PASSPHRASE])
def test_a_key_of_ssh_keygen(tmp_path: Path, passphrase: bytes) -> None:
    path = tmp_path / "id_ed25519"
    data = ssh_keygen(path, passphrase, "ed25519", "-a", "2")
    assert needs_passphrase(data) == bool(passphrase)
    key = read_private_key(data, passphrase or None)
    public, comment = decode_openssh(path.with_suffix(".pub").read_text().rstrip("\n"))
    assert (key.public_key, comment) == (public, "someone@example")
    again = run("ssh-keygen", "-y", "-P", passphrase.decode(), "-f", str(path)).decode().rstrip("\n")
    assert decode_openssh(again)[0] == key.public_key
    if passphrase:
        assert refusal(data).code == "passphrase-needed"
        assert refusal(data, b"wrong").code == "passphrase-wrong"
    else:
        assert refusal(data, PASSPHRASE).code == "passphrase-not-needed"


@pytest.mark.parametrize("passphrase", [b"", PASSPHRASE])
def test_a_key_that_ssh_keygen_reads(tmp_path: Path, passphrase: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(as_openssh(KEY, passphrase))
    path.chmod(0o600)
    assert read_private_key(path.read_bytes(), passphrase or None).to_seed() == KEY.to_seed()
    shown = run("ssh-keygen", "-y", "-P", passphrase.decode(), "-f", str(path)).decode().rstrip("\n")
    assert decode_openssh(shown)[0] == KEY.public_key
    run("ssh-keygen", "-q", "-p", "-P", passphrase.decode(), "-N", "another", "-a", "2", "-f", str(path))
    assert read_private_key(path.read_bytes(), b"another").to_seed() == KEY.to_seed()


def test_a_key_of_openssl(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", str(path))
    data = path.read_bytes()
    assert not needs_passphrase(data)
    key = read_private_key(data, None)
    assert key.public_key.to_pem() == run("openssl", "pkey", "-in", str(path), "-pubout")
    assert refusal(data, PASSPHRASE).code == "passphrase-not-needed"
    with_text = run("openssl", "pkey", "-in", str(path), "-text")
    assert read_private_key(with_text, None).to_seed() == key.to_seed()


def test_an_encrypted_key_of_openssl(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    run("openssl", "genpkey", "-algorithm", "ed25519", "-aes-256-cbc", "-pass", "pass:correct horse", "-out", str(path))
    data = path.read_bytes()
    assert needs_passphrase(data)
    public = run("openssl", "pkey", "-in", str(path), "-passin", "pass:correct horse", "-pubout")
    assert read_private_key(data, PASSPHRASE).public_key.to_pem() == public
    assert refusal(data).code == "passphrase-needed"
    assert refusal(data, b"wrong").code == "passphrase-wrong"
    own = tmp_path / "own.pem"
    own.write_bytes(KEY.to_pem(PASSPHRASE))
    assert run("openssl", "pkey", "-in", str(own), "-passin", "pass:correct horse") == KEY.to_pem(None)
    assert read_private_key(own.read_bytes(), PASSPHRASE).to_seed() == KEY.to_seed()


def test_keys_for_other_algorithms(tmp_path: Path) -> None:
    rsa = tmp_path / "rsa.pem"
    run("openssl", "genrsa", "-out", str(rsa), "1024")
    files = {
        "rsa-pkcs8": rsa.read_bytes(),
        "rsa-traditional": run("openssl", "rsa", "-in", str(rsa), "-traditional"),
        "rsa-encrypted": run("openssl", "rsa", "-in", str(rsa), "-traditional", "-aes128", "-passout", "pass:x"),
        "ec": run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"),
        "x25519": run("openssl", "genpkey", "-algorithm", "x25519"),
        "ed448": run("openssl", "genpkey", "-algorithm", "ed448"),
        "ssh-ecdsa": ssh_keygen(tmp_path / "ecdsa", b"", "ecdsa"),
    }
    for name, data in files.items():
        assert refusal(data).code == "key-algorithm", name


def test_files_without_a_private_key(tmp_path: Path) -> None:
    path, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    path.write_bytes(KEY.to_pem(None))
    run("openssl", "req", "-x509", "-key", str(path), "-subj", "/CN=a", "-out", str(certificate))
    request = run("openssl", "req", "-new", "-key", str(path), "-subj", "/CN=a")
    ssh_keygen(tmp_path / "id", b"")
    for data, found in (
        (certificate.read_bytes(), "CERTIFICATE"),
        (request, "CERTIFICATE REQUEST"),
        (KEY.public_key.to_pem(), "PUBLIC KEY"),
        ((tmp_path / "id.pub").read_bytes(), "an OpenSSH public key"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "another kind of PEM"),
    ):
        error = refusal(data)
        assert (error.code, error.found) == ("private-key-kind", found)
    assert refusal(certificate.read_bytes()).hint
    assert refusal(path.read_bytes() + certificate.read_bytes()).code == "private-key-several"
    assert refusal(path.read_bytes() * 2).code == "private-key-several"
    der = tmp_path / "key.der"
    run("openssl", "pkey", "-in", str(path), "-outform", "DER", "-out", str(der))
    assert refusal(der.read_bytes()).code == "private-key-unknown"
    assert "DER" in refusal(der.read_bytes()).hint


# ---- By hand -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code", "hint"),
    [
        (b"", "private-key-unknown", "empty"),
        (b" \n", "private-key-unknown", "empty"),
        (b"\0\1\2", "private-key-unknown", "right file"),
        (b"-----BEGIN pRIVATE KEY-----", "private-key-unknown", "right file"),
        (b"PuTTY-User-Key-File-3: ssh-ed25519\n", "private-key-unknown", "PuTTY"),
        (b"x" * (MAX_KEY_FILE_BYTES + 1), "private-key-size", ""),
        (b"{", "jwk-syntax", "damaged"),
        (b"{}", "jwk-field", ""),
        (b'{"keys":[]}', "jwks-one-key", "file of its own"),
        (b'{"kty":"OKP","kty":"OKP"}', "jwk-syntax", "damaged"),
        (b'{"kty":"RSA"}', "jwk-kty", "only Ed25519"),
        (b'{"kty":"OKP","crv":"Ed448"}', "jwk-crv", "only Ed25519"),
        (json.dumps(encode_jwk(KEY.public_key)).encode(), "jwk-public-only", "never published"),
        (KEY.to_pem(None)[:-20], "private-key-truncated", "not whole"),
        (KEY.to_pem(None).partition(b"\n")[0], "private-key-truncated", "not whole"),
        (KEY.to_pem(PASSPHRASE)[:120], "private-key-truncated", "not whole"),
    ],
)
def test_refusals(data: bytes, code: str, hint: str) -> None:
    error = refusal(data)
    assert error.code == code
    assert hint in error.hint
    assert not needs_passphrase(data) or b"ENCRYPTED" in data


def test_a_key_of_31_bytes() -> None:
    """The library raises an error of its own kind for it, or a ValueError, depending on its version."""
    assert refusal(WRONG_LENGTH).code in {"private-key-damaged", "key-file-format"}


def test_an_openssh_file_with_another_public_key() -> None:
    data = as_openssh(KEY)
    body = base64.b64decode(b"".join(data.splitlines()[1:-1]))
    other = PrivateKey.from_seed(b"\5" * 32).public_key.raw
    changed = base64.encodebytes(body.replace(KEY.public_key.raw, other))
    lines = data.splitlines()
    assert refusal(lines[0] + b"\n" + changed + lines[-1] + b"\n").code == "private-key-mismatch"


def test_jwk_and_passphrase() -> None:
    data = json.dumps(JWK).encode()
    assert not needs_passphrase(data)
    assert read_private_key(data, None).to_seed() == KEY.to_seed()
    assert read_private_key(b"\n " + json.dumps({"keys": [JWK]}).encode(), None).to_seed() == KEY.to_seed()
    assert refusal(data, PASSPHRASE).code == "passphrase-not-needed"


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_round_trip(seed: bytes) -> None:
    key = PrivateKey.from_seed(seed)
    jwk = json.dumps({**encode_jwk(key.public_key), "d": encode_base64url(seed)}, indent=2).encode()
    for data in (key.to_pem(None), key.to_pem(None).replace(b"\n", b"\r\n"), jwk):
        assert read_private_key(data, None).to_seed() == seed


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
def test_rubbish_is_refused_in_order(data: bytes) -> None:
    for body in (data, b"{" + data, b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.b64encode(data) + b"\n"):
        assert isinstance(needs_passphrase(body), bool)
        assert refusal(body).code
        whole = (
            b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.b64encode(data) + b"\n-----END OPENSSH PRIVATE KEY-----"
        )
        assert refusal(whole).code


# ---- Secrets -----------------------------------------------------------------------------------------------------

WINDOW = 8


def spellings(seed: bytes) -> list[str]:
    """Return every text in which the seed may show, base64 at each of its three alignments."""
    texts = [seed.hex(), seed.hex(":"), repr(seed)[2:-1], str(list(seed))[1:-1], seed.decode("latin-1")]
    for shift in range(3):
        core = base64.b64encode(bytes(shift) + seed).decode().rstrip("=")[(shift * 8 + 5) // 6 : -1]
        texts += [core, core.replace("+", "-").replace("/", "_")]
    return texts


PIECES = {text[at : at + WINDOW] for text in spellings(KEY.to_seed()) for at in range(len(text) - WINDOW + 1)}


def everything_of(error: BaseException) -> Iterator[str]:
    """Yield all that an error, those behind it and their attributes say, as a traceback or a debugger shows it."""
    pending: list[BaseException] = [error]
    seen: list[BaseException] = []
    while pending:
        one = pending.pop()
        if one in seen:
            continue
        seen.append(one)
        yield from traceback.format_exception(one)
        yield repr(one)
        yield str(one)
        yield repr(one.args)
        yield repr(vars(one))
        yield from (repr(getattr(one, name, "")) for name in ("doc", "object", "to_dict"))
        yield from ([json.dumps(one.to_dict())] if isinstance(one, PithError) else [])
        pending += [behind for behind in (one.__cause__, one.__context__) if behind is not None]


def assert_silent(data: bytes, passphrase: bytes | None) -> bool:
    """Assert that reading says nothing of the seed if it fails; return whether it failed."""
    try:
        read_private_key(data, passphrase)
    except PithError as error:
        said = "\n".join(everything_of(error))
        assert not [piece for piece in PIECES if piece in said], data
        return True
    return False


def damaged(data: bytes, step: int) -> Iterator[bytes]:
    for at in range(0, len(data), step):
        yield data[:at]
        yield data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        yield data[:at] + b"\xff" + data[at + 1 :]
        yield data[:at] + b'"' + data[at:]
        yield data[:at] + data[at + 1 :]


def test_the_check_of_secrets_can_fail() -> None:
    for text in (f"x{KEY.to_seed()!r}", KEY.to_pem(None).decode(), json.dumps(JWK), KEY.to_seed().hex()):
        said = "\n".join(everything_of(PithError("a-code", "message", found=text)))
        assert [piece for piece in PIECES if piece in said]
    try:
        json.loads(json.dumps(JWK)[:-1])
    except json.JSONDecodeError as error:
        assert [piece for piece in PIECES if piece in "\n".join(everything_of(error))]


@pytest.mark.parametrize("indent", [None, 2])
def test_damaged_jwk_is_not_shown(indent: int | None) -> None:
    data = json.dumps(JWK, indent=indent).encode()
    assert sum(assert_silent(text, None) for text in damaged(data, 1)) > len(data)
    swapped = [
        {**JWK, "x": JWK["d"]},
        {**JWK, "kty": JWK["d"]},
        {**JWK, "crv": JWK["d"]},
        {**JWK, "d": [JWK["d"]]},
        {**JWK, JWK["d"]: 1.5},
        {**JWK, "d": KEY.to_seed().hex()},
        {"keys": [JWK, JWK]},
        {"keys": [JWK["d"]]},
    ]
    for value in swapped:
        assert assert_silent(json.dumps(value, indent=indent).encode(), None)
    assert assert_silent(data, PASSPHRASE)
    twice = json.dumps(JWK, indent=indent)[:-1] + f', "{JWK["d"]}": 1, "{JWK["d"]}": 2}}'
    assert assert_silent(twice.encode(), None)


def test_damaged_pem_is_not_shown() -> None:
    data = KEY.to_pem(None)
    assert sum(assert_silent(text, None) for text in damaged(data, 1)) > len(data)
    assert assert_silent(data, PASSPHRASE)
    for label in (b"OPENSSH PRIVATE KEY", b"RSA PRIVATE KEY", b"CERTIFICATE", b"ENCRYPTED PRIVATE KEY"):
        assert assert_silent(data.replace(b"PRIVATE KEY", label), None)
        assert assert_silent(data.replace(b"PRIVATE KEY", label), PASSPHRASE)
    assert assert_silent(data.splitlines()[1], None)
    assert assert_silent(KEY.to_seed(), None)


def test_damaged_openssh_is_not_shown() -> None:
    data = as_openssh(KEY)
    assert sum(assert_silent(text, None) for text in damaged(data, 1)) > len(data)
    assert assert_silent(data, PASSPHRASE)


def test_damaged_encrypted_files_are_not_shown() -> None:
    """Few positions: each try costs what deriving a key from a passphrase costs."""
    for data in (KEY.to_pem(PASSPHRASE), as_openssh(KEY, PASSPHRASE)):
        assert needs_passphrase(data)
        assert sum(assert_silent(text, PASSPHRASE) for text in damaged(data, 67)) > 5
        assert assert_silent(data, None)
        assert assert_silent(data, b"wrong")
        assert assert_silent(data, KEY.to_seed())


def test_no_single_change_gives_the_same_key_as_openssh_or_jwk() -> None:
    """A changed ``d``, ``x`` or OpenSSH body is noticed, for the public key stands beside the private one."""
    for name in ("d", "x"):
        for at in range(len(JWK[name])):
            for character in "Az1_=+":
                text = JWK[name][:at] + character + JWK[name][at + 1 :]
                assert text == JWK[name] or assert_silent(json.dumps({**JWK, name: text}).encode(), None)
    data = as_openssh(KEY)
    body = bytearray(base64.b64decode(b"".join(data.splitlines()[1:-1])))
    first = body.index(KEY.to_seed())
    for at in range(first, first + 64):  # the seed, and the public key behind it
        body[at] ^= 4
        lines = [data.splitlines()[0], base64.b64encode(body), data.splitlines()[-1]]
        assert assert_silent(b"\n".join(lines), None)
        body[at] ^= 4
