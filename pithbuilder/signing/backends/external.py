"""A program of the user's that signs: protocol ``pith-signer-1``, JSON Lines over its standard streams.

The protocol is written down in ``docs/external-signer.md``. The program gets the kind of document and the digest, so
it can refuse what it does not want to sign; what it prints on standard error goes to ours.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from types import TracebackType
from typing import Final, Self

from pithbuilder.core.encoding import decode_base64
from pithbuilder.documents.preimage import Preimage
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import EncodingError, SigningError, WireError, printable
from pithbuilder.signing.ed25519 import PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, PublicKey, load_public_key

PROTOCOL: Final = "pith-signer-1"
TIMEOUT_SECONDS: Final = 60.0
"""How long an answer may take; the program may have to ask a person."""

_MAX_ANSWER: Final = 64 * 1024
_GRACE_SECONDS: Final = 2.0
_RUN_AGAIN: Final = "see what it printed, then run the same command again: what is done stays done"


class ExternalSigner:
    """Signs through one long-lived process. After any failure but a refusal it is ended and not started again."""

    def __init__(self, key_id: str, program: _Program, public_key: PublicKey) -> None:
        """Take a program that has told its public key; use :meth:`open`."""
        self.key_id: Final = key_id
        self._program = program
        self._public_key = public_key

    @classmethod
    def open(cls, key_id: str, argv: tuple[str, ...], *, timeout: float = TIMEOUT_SECONDS) -> Self:
        """Start a program and ask it for the public key. Nothing is signed.

        Args:
            key_id: The name to sign as.
            argv: The program and its arguments; no shell sees them. Others can: they are no place for a secret.
            timeout: How many seconds each answer may take.

        Raises:
            SigningError: ``signer-start``, ``signer-gone``, ``signer-timeout``, ``signer-protocol`` or
                ``signer-refused``.
            KeyMaterialError: What :class:`~pithbuilder.signing.ed25519.PublicKey` refuses.
        """
        program = _Program(argv, timeout)
        try:
            raw = program.ask({"request": "public-key", "key_id": key_id}, "public_key_b64", PUBLIC_KEY_LENGTH)
            return cls(key_id, program, load_public_key(raw))
        except BaseException:
            program.end(grace=0)
            raise

    @property
    def public_key(self) -> PublicKey:
        """The public half, as the program said when it was started."""
        return self._public_key

    def sign(self, preimage: Preimage) -> bytes:
        """Return the program's signature (64 bytes) over the preimage's digest bytes.

        Raises:
            SigningError: ``signer-refused``, ``signer-gone``, ``signer-timeout`` or ``signer-protocol``.
        """
        request = {
            "request": "sign",
            "key_id": self.key_id,
            "object_type": preimage.document_kind,
            "signed_message": preimage.signed_message,
            "message_hex": preimage.digest.hex(),
        }
        return self._program.ask(request, "signature_b64", SIGNATURE_LENGTH)

    def close(self) -> None:
        """Close the program's input and wait for its end; one that does not end is ended."""
        self._program.end(grace=_GRACE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ExternalSigner({self.key_id!r}, public={self.public_key.raw.hex()})"


class _Program:
    """A running program that is asked one question at a time."""

    def __init__(self, argv: tuple[str, ...], timeout: float) -> None:
        self._name = printable(argv[0])
        self._timeout = timeout
        try:
            self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)  # noqa: S603
        except (OSError, ValueError) as error:
            raise SigningError(
                "signer-start",
                "the signing program cannot be started",
                where=self._name,
                found=printable(getattr(error, "strerror", None) or str(error)),
                hint="does the file exist, and is it executable? No shell looks at the command",
            ) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        for stream in (self._stdin, self._stdout):
            os.set_blocking(stream.fileno(), False)

    def ask(self, request: dict[str, str], member: str, length: int) -> bytes:
        """Send a request and return the bytes that the answer's ``member`` spells in base64."""
        if self._stdin.closed:
            raise self._gone("it was ended before")
        line = json.dumps({"protocol": PROTOCOL, **request}).encode("ascii") + b"\n"
        try:
            answer = self._parse(self._exchange(line), member, length)
        except BaseException:  # an interrupt too: what comes next would be the answer to this question
            self.end(grace=0)
            raise
        if isinstance(answer, SigningError):
            raise answer
        return answer

    def _exchange(self, line: bytes) -> bytes:
        """Write the request while listening for the answer, so that neither side can wait for the other for ever."""
        deadline = time.monotonic() + self._timeout
        unsent, answer = memoryview(line), bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._stdin, selectors.EVENT_WRITE)
            while True:
                rest = deadline - time.monotonic()
                if rest <= 0:
                    raise self._timed_out()
                for key, _ in selector.select(rest):
                    if key.fileobj is self._stdin:
                        unsent = self._send(unsent)
                        if not unsent:
                            selector.unregister(self._stdin)
                    elif not (part := os.read(self._stdout.fileno(), 65536)):
                        raise self._gone(self._end_of_process())
                    else:
                        answer += part
                if len(answer) > _MAX_ANSWER:
                    raise self._protocol_error(f"a line of at most {_MAX_ANSWER} bytes", "a longer one")
                if b"\n" in answer:
                    if unsent or not answer.endswith(b"\n") or answer.count(b"\n") > 1:
                        raise self._protocol_error("one line for each request", "more, or before the request")
                    return bytes(answer)

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._stdin.fileno(), unsent) :]
        except BlockingIOError:
            return unsent
        except OSError as error:
            raise self._gone(self._end_of_process()) from error

    def _parse(self, line: bytes, member: str, length: int) -> bytes | SigningError:
        """Return the bytes, or the program's refusal; anything else is raised."""
        try:
            answer = parse_object(line, limit=_MAX_ANSWER)
        except WireError as error:
            raise self._protocol_error("a JSON object", error.message) from error
        refusal = answer.get("error")
        if isinstance(refusal, dict):
            return SigningError(
                "signer-refused",
                "the signing program refuses",
                where=self._name,
                found=f"{printable(refusal.get('code', ''))}: {printable(refusal.get('message', ''))}",
            )
        value = answer.get(member)
        if not isinstance(value, str):
            raise self._protocol_error(f"{member}, text", "none")
        try:
            return decode_base64(value, length)
        except EncodingError as error:
            raise self._protocol_error(f"{member}, {length} bytes in base64", error.message) from error

    def end(self, grace: float) -> None:
        """End the process if it is still there: by closing its input, by asking, by force."""
        if self._stdin.closed:
            return
        self._stdin.close()
        for stop, seconds in ((None, grace or 0.2), (self._process.terminate, grace or 0.2), (self._process.kill, 5.0)):
            if stop is not None:
                stop()
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            break
        self._stdout.close()

    def _end_of_process(self) -> str:
        try:
            status = self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return "it closed its output"
        return f"it ended with status {status}" if status >= 0 else f"it was ended by signal {-status}"

    def _gone(self, found: str) -> SigningError:
        return SigningError(
            "signer-gone", "the signing program has ended", where=self._name, found=found, hint=_RUN_AGAIN
        )

    def _timed_out(self) -> SigningError:
        return SigningError(
            "signer-timeout",
            "the signing program did not answer in time",
            where=self._name,
            expected=f"an answer within {self._timeout:g} seconds",
            hint=_RUN_AGAIN,
        )

    def _protocol_error(self, expected: str, found: str) -> SigningError:
        return SigningError(
            "signer-protocol",
            "the signing program gave an answer that is not of its protocol",
            where=self._name,
            expected=expected,
            found=found,
            hint=f"it must speak {PROTOCOL} (docs/external-signer.md) and print nothing else on standard output",
        )
