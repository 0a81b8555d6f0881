"""AgentSigner against a real ssh-agent, and against sockets that only look like one."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pithbuilder.errors import KeyMaterialError, SigningError
from pithbuilder.signing.backends.ssh_agent import AgentSigner, list_agent_keys
from pithbuilder.signing.checked import CheckedSigner
from pithbuilder.signing.ed25519 import PrivateKey
from tests.support.signers import (
    KEY,
    Agent,
    assert_no_secret,
    assert_no_secret_in_process,
    need,
    preimage,
    running_agent,
    write_openssh_key,
)

NOBODY = "SHA256:" + "A" * 43


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def string(data: bytes) -> bytes:
    return number(len(data)) + data


BLOB = string(b"ssh-ed25519") + string(KEY.public_key.raw)
KEYS = b"\x0c" + number(1) + string(BLOB) + string(b"comment \xff\x1b[31m")


def signed(signature: bytes, algorithm: bytes = b"ssh-ed25519") -> bytes:
    return b"\x0e" + string(string(algorithm) + string(signature))


# ---- A real agent ------------------------------------------------------------------------------------------------


@pytest.fixture
def agent() -> Iterator[Agent]:
    need("ssh-agent")
    with running_agent() as running:
        yield running


@pytest.fixture
def fingerprint(agent: Agent, tmp_path: Path) -> str:
    return agent.add(write_openssh_key(tmp_path / "key"))


def test_it_signs(agent: Agent, fingerprint: str) -> None:
    with CheckedSigner(AgentSigner.open("k", fingerprint, agent.socket)) as signer:
        assert signer.public_key == KEY.public_key
        assert [signer.sign(preimage(n)) for n in range(20)] == [KEY.sign(preimage(n).digest) for n in range(20)]
        assert_no_secret(signer)
        assert_no_secret_in_process(agent.process.pid)


def test_the_keys_of_an_agent(agent: Agent, fingerprint: str, tmp_path: Path) -> None:
    agent.run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", tmp_path / "rsa")
    rsa = agent.add(tmp_path / "rsa")
    second = agent.add(write_openssh_key(tmp_path / "second", bytes(32)))
    keys = {key.fingerprint: key.algorithm for key in list_agent_keys(agent.socket)}
    assert keys == {fingerprint: "ssh-ed25519", rsa: "ssh-rsa", second: "ssh-ed25519"}
    with AgentSigner.open("k", second, agent.socket) as signer:
        assert signer.public_key == PrivateKey.from_seed(bytes(32)).public_key
    with pytest.raises(KeyMaterialError) as caught:
        AgentSigner.open("k", rsa, agent.socket)
    assert (caught.value.code, caught.value.found) == ("key-algorithm", "'ssh-rsa'")


def test_a_key_that_is_not_there(agent: Agent, fingerprint: str) -> None:
    with pytest.raises(SigningError) as caught:
        AgentSigner.open("k", NOBODY, agent.socket)
    assert (caught.value.code, caught.value.expected) == ("agent-key-missing", NOBODY)
    assert "ssh-add" in caught.value.hint


def test_an_agent_that_is_locked_in_mid_run(agent: Agent, fingerprint: str, tmp_path: Path) -> None:
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho lock\n")
    ask.chmod(0o700)
    askpass = ("env", f"SSH_ASKPASS={ask}", "SSH_ASKPASS_REQUIRE=force", "ssh-add")
    with AgentSigner.open("k", fingerprint, agent.socket) as signer:
        good = signer.sign(preimage())
        agent.run(*askpass, "-x")
        with pytest.raises(SigningError) as caught:
            signer.sign(preimage())
        assert caught.value.code == "agent-refused"
        assert "ssh-add -X" in caught.value.hint
        with pytest.raises(SigningError, match="agent-key-missing"):
            AgentSigner.open("k", fingerprint, agent.socket)
        agent.run(*askpass, "-X")
        assert signer.sign(preimage()) == good, "a refusal leaves the connection as it was"
    assert_no_secret(caught.value)


def test_a_key_that_is_taken_out_in_mid_run(agent: Agent, fingerprint: str) -> None:
    with AgentSigner.open("k", fingerprint, agent.socket) as signer:
        agent.run("ssh-add", "-D")
        with pytest.raises(SigningError, match="agent-refused"):
            signer.sign(preimage())


def test_an_agent_that_goes_in_mid_run(agent: Agent, fingerprint: str) -> None:
    with AgentSigner.open("k", fingerprint, agent.socket) as signer:
        signer.sign(preimage())
        agent.stop()
        for _ in range(2):
            with pytest.raises(SigningError) as caught:
                signer.sign(preimage())
            assert caught.value.code == "agent-gone"
            assert "stays done" in caught.value.hint
            assert_no_secret(caught.value)
    with pytest.raises(SigningError, match="agent-unreachable"):
        AgentSigner.open("k", fingerprint, agent.socket)


@pytest.mark.parametrize("path", ["/nonexistent/agent", "/dev/null", "", "a" * 200, "a\0b"])
def test_no_agent(path: str) -> None:
    with pytest.raises(SigningError) as caught:
        list_agent_keys(path)
    assert caught.value.code == "agent-unreachable"
    assert "SSH_AUTH_SOCK" in caught.value.hint


# ---- What only looks like an agent -------------------------------------------------------------------------------


@contextlib.contextmanager
def fake_agent(*answers: bytes, pause: float = 0.0) -> Iterator[str]:
    """Answer each request with the next bytes, slowly if wanted, and then hang up."""
    with tempfile.TemporaryDirectory(prefix="fake") as directory, socket.socket(socket.AF_UNIX) as listener:
        path = f"{directory}/agent"
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            with listener.accept()[0] as connection, contextlib.suppress(OSError):
                for answer in answers:
                    if not connection.recv(65536):
                        return
                    for position in range(0, len(answer), 1 if pause else 1 << 20):
                        connection.sendall(answer[position : position + (1 if pause else 1 << 20)])
                        time.sleep(pause)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield path
        finally:
            thread.join(10)


def refusal(*answers: bytes, timeout: float = 5, pause: float = 0.0) -> SigningError:
    """Open a fake agent's only key and sign once; return the error."""
    with fake_agent(*answers, pause=pause) as path, pytest.raises(SigningError) as caught:
        if len(answers) == 1:
            list_agent_keys(path, timeout=timeout)
        else:
            with AgentSigner.open("k", fingerprint_of_blob(), path, timeout=timeout) as signer:
                signer.sign(preimage())
    assert caught.value.hint
    assert_no_secret(caught.value)
    return caught.value


def fingerprint_of_blob() -> str:
    with fake_agent(string(KEYS)) as path:
        return list_agent_keys(path)[0].fingerprint


LISTS = {
    "another message": (string(b"\x0e"), "agent-protocol"),
    "no message": (number(0), "agent-protocol"),
    "far too long": (number(2**32 - 1) + b"x", "agent-protocol"),
    "a little too long": (number(256 * 1024 + 1), "agent-protocol"),
    "HTTP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", "agent-protocol"),
    "too many keys": (string(b"\x0c" + number(2**31)), "agent-protocol"),
    "fewer keys than said": (string(b"\x0c" + number(2) + KEYS[5:]), "agent-protocol"),
    "bytes behind the keys": (string(KEYS + b"x"), "agent-protocol"),
    "bytes behind the message": (string(KEYS) + b"x", "agent-protocol"),
    "an empty key": (string(b"\x0c" + number(1) + string(b"") + string(b"")), "agent-protocol"),
    "a string that is too long": (string(b"\x0c" + number(1) + number(2**31)), "agent-protocol"),
    "cut off": (string(KEYS)[:-1], "agent-gone"),
    "cut off in the length": (b"\0\0", "agent-gone"),
    "failure": (string(b"\x05"), "agent-refused"),
}
SIGNATURES = {
    "short": (string(signed(bytes(63))), "agent-protocol"),
    "long": (string(signed(bytes(65))), "agent-protocol"),
    "of another kind": (string(signed(bytes(64), b"ssh-rsa")), "agent-protocol"),
    "bytes behind it": (string(signed(bytes(64)) + b"x"), "agent-protocol"),
    "keys again": (string(KEYS), "agent-protocol"),
    "failure": (string(b"\x05"), "agent-refused"),
    "cut off": (string(signed(bytes(64)))[:-1], "agent-gone"),
}


@pytest.mark.parametrize(("answer", "code"), LISTS.values(), ids=LISTS.keys())
def test_lists_that_make_no_sense(answer: bytes, code: str) -> None:
    assert refusal(answer).code == code


@pytest.mark.parametrize(("answer", "code"), SIGNATURES.values(), ids=SIGNATURES.keys())
def test_signatures_that_make_no_sense(answer: bytes, code: str) -> None:
    assert refusal(string(KEYS), answer).code == code


def test_a_wrong_signature_is_not_used() -> None:
    with (
        fake_agent(string(KEYS), string(signed(bytes(64)))) as path,
        CheckedSigner(AgentSigner.open("k", fingerprint_of_blob(), path)) as signer,
        pytest.raises(SigningError, match="signature-wrong"),
    ):
        signer.sign(preimage())


def test_a_drop_at_a_time_does_not_stretch_the_time_limit() -> None:
    assert refusal(string(KEYS), timeout=0.5, pause=0.05).code == "agent-timeout"


def test_a_drop_at_a_time_is_put_together() -> None:
    with fake_agent(string(KEYS), pause=0.001) as path:
        (key,) = list_agent_keys(path)
    assert (key.algorithm, key.comment) == ("ssh-ed25519", "comment \ufffd\x1b[31m")


def test_after_a_time_out_no_late_answer_is_taken() -> None:
    with (
        fake_agent(string(KEYS), b"", string(signed(bytes(64)))) as path,
        AgentSigner.open("k", fingerprint_of_blob(), path, timeout=0.3) as signer,
    ):
        with pytest.raises(SigningError, match="agent-timeout"):
            signer.sign(preimage())
        with pytest.raises(SigningError, match="agent-gone"):
            signer.sign(preimage())
