"""A private key that an ``ssh-agent`` holds; it never leaves the agent.

A small client of the agent's protocol (draft-ietf-sshm-ssh-agent): it lists keys and asks for signatures, nothing
else. The agent's signature with an ``ssh-ed25519`` key is the plain Ed25519 signature over the bytes it is given.
"""

from __future__ import annotations

import base64
import socket
import time
from types import TracebackType
from typing import Final, NoReturn, Self

import attrs

from pithbuilder.core.digest import sha256
from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import KeyMaterialError, SigningError, printable
from pithbuilder.signing.ed25519 import PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, PublicKey, load_public_key

TIMEOUT_SECONDS: Final = 60.0
"""How long an answer may take; a person may have to confirm (``ssh-add -c``)."""

_FAILURE: Final = 5
_REQUEST_IDENTITIES: Final = 11
_IDENTITIES_ANSWER: Final = 12
_SIGN_REQUEST: Final = 13
_SIGN_RESPONSE: Final = 14
_ED25519: Final = b"ssh-ed25519"
_MAX_ANSWER: Final = 256 * 1024  # OpenSSH's own limit for a message
_MAX_KEYS: Final = 2048


@attrs.frozen
class AgentKey:
    """A key that an agent offers.

    Attributes:
        fingerprint: ``SHA256:`` and 43 characters, as OpenSSH writes it.
        algorithm: The agent's name for it, such as ``ssh-ed25519``.
        comment: The agent's comment; not to be trusted.
        blob: The public key in SSH's wire format.
    """

    fingerprint: str
    algorithm: str
    comment: str
    blob: bytes


class AgentSigner:
    """Signs through an agent, over one connection that stays open.

    A connection that fails is not made anew in mid-run: another agent may listen there by then. One process at a
    time may use it; after a fork, the child must not.
    """

    def __init__(self, key_id: str, agent: _Connection, blob: bytes, public_key: PublicKey) -> None:
        """Take what :meth:`open` has found; use that."""
        self.key_id: Final = key_id
        self._agent = agent
        self._request_begin = bytes((_SIGN_REQUEST,)) + _string(blob)
        self._public_key = public_key

    @classmethod
    def open(cls, key_id: str, selector: str, socket_path: str, *, timeout: float = TIMEOUT_SECONDS) -> Self:
        """Find a key in an agent. Nothing is signed.

        Args:
            key_id: The name to sign as.
            selector: The key's fingerprint, ``SHA256:…``.
            socket_path: Where the agent listens (the value of ``SSH_AUTH_SOCK``).
            timeout: How many seconds each answer may take.

        Raises:
            SigningError: ``agent-unreachable``, ``agent-key-missing``, ``agent-timeout``, ``agent-gone``,
                ``agent-refused`` or ``agent-protocol``.
            KeyMaterialError: ``key-algorithm``, or what :class:`~pithbuilder.signing.ed25519.PublicKey` refuses.
        """
        agent = _Connection(socket_path, timeout)
        try:
            keys = agent.list_keys()
            key = next((key for key in keys if key.fingerprint == selector), None)
            if key is None:
                raise SigningError(
                    "agent-key-missing",
                    "the ssh-agent does not offer this key",
                    where=f"key {key_id}",
                    expected=selector,
                    found=f"{len(keys)} other keys",
                    hint="load it with `ssh-add FILE` (`ssh-add -l` lists); a locked agent, `ssh-add -X`, offers none",
                )
            return cls(key_id, agent, key.blob, _public_key_of(key))
        except BaseException:
            agent.close()
            raise

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public_key

    def sign(self, preimage: Preimage) -> bytes:
        """Return the agent's signature (64 bytes) over the preimage's digest bytes.

        Raises:
            SigningError: ``agent-refused``, ``agent-gone``, ``agent-timeout`` or ``agent-protocol``.
        """
        answer = self._agent.ask(self._request_begin + _string(preimage.digest) + bytes(4), _SIGN_RESPONSE)
        reader = _Reader(answer)
        outer = _Reader(reader.string())
        algorithm, signature = outer.string(), outer.string()
        if algorithm != _ED25519 or len(signature) != SIGNATURE_LENGTH or not (outer.at_end and reader.at_end):
            raise _protocol_error("an Ed25519 signature of 64 bytes", f"{printable(algorithm)}, {len(signature)} bytes")
        return signature

    def close(self) -> None:
        """Close the connection; the agent keeps the key."""
        self._agent.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AgentSigner({self.key_id!r}, public={self.public_key.raw.hex()})"


def list_agent_keys(socket_path: str, *, timeout: float = TIMEOUT_SECONDS) -> tuple[AgentKey, ...]:
    """Return the keys that an agent offers, of every kind.

    Raises:
        SigningError: As for :meth:`AgentSigner.open`.
    """
    agent = _Connection(socket_path, timeout)
    try:
        return agent.list_keys()
    finally:
        agent.close()


class _Connection:
    """One connection to an agent: a question, its answer, and so on. After any failure it is closed for good."""

    def __init__(self, path: str, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
        except (OSError, ValueError) as error:  # ValueError: a null byte; OSError: also a path too long
            self._socket.close()
            raise SigningError(
                "agent-unreachable",
                "the ssh-agent cannot be reached",
                where=printable(path),
                found=printable(getattr(error, "strerror", None) or str(error)),
                hint='start one: eval "$(ssh-agent)"; ssh-add FILE; SSH_AUTH_SOCK must name its socket',
            ) from error

    def close(self) -> None:
        self._socket.close()

    def list_keys(self) -> tuple[AgentKey, ...]:
        reader = _Reader(self.ask(bytes((_REQUEST_IDENTITIES,)), _IDENTITIES_ANSWER))
        count = reader.number()
        if count > _MAX_KEYS:
            raise _protocol_error(f"at most {_MAX_KEYS} keys", str(count))
        keys = tuple(_agent_key(reader.string(), reader.string()) for _ in range(count))
        if not reader.at_end:
            raise _protocol_error("nothing after the last key", "more bytes")
        return keys

    def ask(self, request: bytes, expected: int) -> bytes:
        """Send a request and return what follows the answer's type byte."""
        if self._socket.fileno() < 0:
            raise self._gone("the connection was closed before")
        deadline = time.monotonic() + self._timeout
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(len(request).to_bytes(4, "big") + request)
            answer = self._read_answer(deadline)
        except TimeoutError as error:
            self.close()
            raise SigningError(
                "agent-timeout",
                "the ssh-agent did not answer in time",
                where=printable(self._path),
                expected=f"an answer within {self._timeout:g} seconds",
                hint="is it waiting for a confirmation (ssh-add -c)? Answer it and run again",
            ) from error
        except OSError as error:
            self.close()
            raise self._gone(error.strerror or "connection lost") from error
        except BaseException:  # an interrupt too: what comes next would be the answer to this question
            self.close()
            raise
        if answer[0] == _FAILURE:
            self._refused()
        if answer[0] != expected:
            self.close()
            raise _protocol_error(f"message {expected}", f"message {answer[0]}")
        return answer[1:]

    def _read_answer(self, deadline: float) -> bytes:
        received = self._receive(deadline)
        while len(received) < 4:
            received += self._receive(deadline)
        length = int.from_bytes(received[:4], "big")
        if not 1 <= length <= _MAX_ANSWER:
            raise _protocol_error(f"1 to {_MAX_ANSWER} bytes", f"an answer of {length} bytes")
        while len(received) < 4 + length:
            received += self._receive(deadline)
        if len(received) > 4 + length:
            raise _protocol_error("one answer", "bytes behind it")
        return bytes(received[4:])

    def _receive(self, deadline: float) -> bytearray:
        rest = deadline - time.monotonic()
        if rest <= 0:
            raise TimeoutError
        self._socket.settimeout(rest)
        received = bytearray(self._socket.recv(65536))
        if not received:
            raise self._gone("connection closed by the agent")
        return received

    def _gone(self, found: str) -> SigningError:
        return SigningError(
            "agent-gone",
            "the ssh-agent has gone away",
            where=printable(self._path),
            found=found,
            hint="start it again, `ssh-add FILE`, then run the same command again: what is done stays done",
        )

    def _refused(self) -> NoReturn:
        raise SigningError(
            "agent-refused",
            "the ssh-agent refuses",
            where=printable(self._path),
            hint="unlock it (`ssh-add -X`), load the key again (`ssh-add FILE`), or confirm when it asks (-c)",
        )


class _Reader:
    """Reads SSH's wire format: numbers of four bytes, and strings with their length in front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def at_end(self) -> bool:
        return self._position == len(self._data)

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def string(self) -> bytes:
        return self._take(self.number())

    def _take(self, length: int) -> bytes:
        end = self._position + length
        if end > len(self._data):
            raise _protocol_error(f"{length} bytes", f"{len(self._data) - self._position} bytes")
        taken = self._data[self._position : end]
        self._position = end
        return taken


def _agent_key(blob: bytes, comment: bytes) -> AgentKey:
    algorithm = _Reader(blob).string().decode("utf-8", "replace")
    fingerprint = base64.b64encode(sha256(blob)).decode("ascii").rstrip("=")
    return AgentKey(f"SHA256:{fingerprint}", algorithm, comment.decode("utf-8", "replace"), blob)


def _public_key_of(key: AgentKey) -> PublicKey:
    reader = _Reader(key.blob)
    if reader.string() != _ED25519:
        raise KeyMaterialError(
            "key-algorithm",
            "the agent's key is not for Ed25519",
            where=key.fingerprint,
            expected="ssh-ed25519",
            found=printable(key.algorithm),
            hint="make one: ssh-keygen -t ed25519",
        )
    raw = reader.string()
    if len(raw) != PUBLIC_KEY_LENGTH or not reader.at_end:
        raise _protocol_error(f"a public key of {PUBLIC_KEY_LENGTH} bytes", f"{len(raw)} bytes")
    return load_public_key(raw)


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _protocol_error(expected: str, found: str) -> SigningError:
    return SigningError(
        "agent-protocol",
        "the ssh-agent gave an answer that makes no sense",
        expected=expected,
        found=found,
        hint="is that socket really an ssh-agent's?",
    )
