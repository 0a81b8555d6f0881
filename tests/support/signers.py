"""Real signers for the tests and the benchmark: an ssh-agent, a SoftHSM2, the example of an external signer.

SEED is that of the corpus's registry (RFC 8032, section 7.1, TEST 1). TEST ONLY: all the world knows it.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
import traceback
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from pithbuilder.documents.preimage import Preimage
from pithbuilder.fixtures.scene.keys import REGISTRY
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.key_reference import Pkcs11Reference

SEED = bytes.fromhex(REGISTRY.seed_hex)  # TEST ONLY
KEY = REGISTRY.private
PIN = "7391-pin-of-tests"
EXAMPLE = Path(__file__).parents[2] / "examples" / "external-signer"
SOFTHSM = next(
    (
        path
        for path in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/lib/libsofthsm2.so")
        if Path(path).exists()
    ),
    "",
)


def preimage(number: int = 0) -> Preimage:
    return Preimage.of_bytes("canonical_record", b"{%d}" % number)


def missing_for(back_end: str) -> list[str]:
    """Return the programs that a back end's tests need and that are not installed."""
    programs = {"ssh-agent": ("ssh-agent", "ssh-add", "ssh-keygen"), "pkcs11": ("softhsm2-util",)}[back_end]
    missing = [program for program in programs if shutil.which(program) is None]
    return [*missing, "libsofthsm2.so"] if back_end == "pkcs11" and not SOFTHSM else missing


def need(back_end: str) -> None:
    """Skip loudly, or fail where CI is set: there nothing may be left out."""
    if missing := missing_for(back_end):
        reason = f"NOT TESTED: {back_end}, because {', '.join(missing)} is not installed (see tests/run)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


class Agent:
    """A running ssh-agent with its socket in a directory."""

    def __init__(self, directory: Path) -> None:
        self.socket = str(directory / "agent")
        self.process = subprocess.Popen(["ssh-agent", "-D", "-a", self.socket], stdout=subprocess.DEVNULL)
        for _ in range(500):
            if Path(self.socket).exists():
                return
            time.sleep(0.01)
        raise AssertionError("no agent")

    def run(self, *command: str | Path, stdin: bytes = b"") -> str:
        environment = {**os.environ, "SSH_AUTH_SOCK": self.socket}
        done = subprocess.run(command, input=stdin, capture_output=True, env=environment, check=True, timeout=30)
        return done.stdout.decode()

    def add(self, path: Path) -> str:
        """Load a key file and return its fingerprint as OpenSSH tells it."""
        self.run("ssh-add", "-q", path)
        return self.run("ssh-keygen", "-lf", path).split()[1]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running_agent() -> Iterator[Agent]:
    with tempfile.TemporaryDirectory(prefix="agent") as directory:  # tmp_path is too long for a socket's address
        agent = Agent(Path(directory))
        try:
            yield agent
        finally:
            agent.stop()


def write_openssh_key(path: Path, seed: bytes = SEED) -> Path:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(seed)
    path.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.OpenSSH, form.NoEncryption()))
    path.chmod(0o600)
    return path


def write_pem_key(path: Path, seed: bytes = SEED) -> Path:
    path.write_bytes(PrivateKey.from_seed(seed).to_pem(None))
    return path


@lru_cache(maxsize=1)
def softhsm() -> str:
    """Make tokens and keys in a SoftHSM2 of this process's own, once (a module is initialised once); return its path.

    Tokens: ``pith`` (keys ``signing`` and ``raw-point``; twice ``twin``; ``alone`` without a public key; ``rsa``;
    ``mute``, which may not sign), ``doomed`` (``signing``), and twice ``double``.
    """
    import pkcs11
    from pkcs11 import Attribute, KeyType, ObjectClass

    root = Path(tempfile.mkdtemp(prefix="softhsm"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    (root / "tokens").mkdir()
    (root / "softhsm2.conf").write_text(f"directories.tokendir = {root}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(root / "softhsm2.conf")
    for label in ("pith", "doomed", "double", "double"):
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "55555555"],
            check=True,
            capture_output=True,
        )
    lib = pkcs11.lib(os.path.realpath(SOFTHSM))
    common = {Attribute.KEY_TYPE: KeyType.EC_EDWARDS, Attribute.EC_PARAMS: bytes.fromhex("06032b6570")}
    raw = KEY.public_key.raw
    keys = [
        ("pith", "signing", b"\1", True, b"\4\x20" + raw),
        ("pith", "twin", b"\3", True, b"\4\x20" + raw),
        ("pith", "twin", b"\4", True, b"\4\x20" + raw),
        ("pith", "alone", b"\5", True, None),
        ("pith", "mute", b"\6", False, b"\4\x20" + raw),
        ("doomed", "signing", b"\1", True, b"\4\x20" + raw),
    ]
    for token in ("pith", "doomed"):
        with lib.get_token(token_label=token).open(rw=True, user_pin=PIN) as session:
            for _, label, number, signs, point in (key for key in keys if key[0] == token):
                names = {Attribute.TOKEN: True, Attribute.LABEL: label, Attribute.ID: number, **common}
                private = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.VALUE: SEED, Attribute.SIGN: signs}
                session.create_object(names | private | {Attribute.PRIVATE: True, Attribute.SENSITIVE: True})
                if point is not None:
                    session.create_object(names | {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.EC_POINT: point})
            if token == "pith":
                session.generate_keypair(KeyType.RSA, 2048, store=True, label="rsa", id=b"\x07")
    return SOFTHSM


def token_reference(**changes: object) -> Pkcs11Reference:
    named: dict[str, object] = {"token": "pith", "object": "signing", "module_path": softhsm(), **changes}
    return Pkcs11Reference(**named)  # type: ignore[arg-type]


SECRETS = (PIN, SEED.hex(), base64.b64encode(SEED).decode(), repr(SEED)[2:-1])


def assert_no_secret(*shown: object) -> None:
    """Look for secrets in values' texts, and in errors' tracebacks with the package's local variables."""
    for value in shown:
        texts = [str(value), repr(value)]
        if isinstance(value, BaseException):
            texts += traceback.format_exception(value)
            cause: BaseException | None = value
            while cause is not None:
                for frame, _ in traceback.walk_tb(cause.__traceback__):
                    if "/pithbuilder/signing/" in frame.f_code.co_filename:
                        texts += [f"{name}={_shown(local)}" for name, local in frame.f_locals.items()]
                cause = cause.__cause__
        for text in texts:
            assert not [secret for secret in SECRETS if secret in text], text


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # python-pkcs11's objects ask the token, which may be gone
        return repr(error)


def assert_no_secret_in_process(pid: int) -> None:
    """Look at what `ps` shows of a process, and at its environment."""
    for name in ("cmdline", "environ"):
        data = Path(f"/proc/{pid}/{name}").read_bytes()
        assert SEED not in data
        assert not [secret for secret in SECRETS if secret.encode() in data]
