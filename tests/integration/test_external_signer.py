"""ExternalSigner with the example program, and with programs that misbehave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pithbuilder.core.encoding import encode_base64
from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import KeyMaterialError, SigningError
from pithbuilder.signing.backends.external import ExternalSigner
from pithbuilder.signing.checked import CheckedSigner
from tests.support.signers import (
    EXAMPLE,
    KEY,
    assert_no_secret,
    assert_no_secret_in_process,
    preimage,
    write_pem_key,
)

PUBLIC = json.dumps({"public_key_b64": encode_base64(KEY.public_key.raw)})


@pytest.fixture
def example(tmp_path: Path) -> tuple[str, ...]:
    assert os.access(EXAMPLE, os.X_OK)
    return (sys.executable, str(EXAMPLE), str(write_pem_key(tmp_path / "key.pem")))


def bad_program(code: str) -> tuple[str, ...]:
    """A program that tells its public key as it must, and then does something of its own."""
    return (sys.executable, "-c", f"import sys, time, os\nsys.stdin.readline()\nprint({PUBLIC!r}, flush=True)\n{code}")


def refusal(argv: tuple[str, ...], timeout: float = 5) -> SigningError:
    with pytest.raises(SigningError) as caught, ExternalSigner.open("k", argv, timeout=timeout) as signer:
        signer.sign(preimage())
    assert_no_secret(caught.value)
    return caught.value


# ---- The example -------------------------------------------------------------------------------------------------


def test_it_signs(example: tuple[str, ...]) -> None:
    with CheckedSigner(ExternalSigner.open("k", example)) as signer:
        assert signer.public_key == KEY.public_key
        assert [signer.sign(preimage(n)) for n in range(20)] == [KEY.sign(preimage(n).digest) for n in range(20)]
        assert_no_secret(signer)


def test_the_example_runs_by_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLE, write_pem_key(tmp_path / "k")],
        input=b'{"protocol":"pith-signer-1","request":"public-key","key_id":"k"}\n'
        b'{"protocol":"pith-signer-2","request":"public-key","key_id":"k"}\n'
        b'{"protocol":"pith-signer-1","request":"dance","key_id":"k"}\n',
        capture_output=True,
        check=True,
    )
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert first == json.loads(PUBLIC)
    assert [second["error"]["code"], third["error"]["code"]] == ["unknown-protocol", "unknown-request"]


def test_a_refusal_is_told_and_nothing_breaks(example: tuple[str, ...]) -> None:
    with ExternalSigner.open("k", example) as signer:
        with pytest.raises(SigningError) as caught:
            signer.sign(Preimage("tax_return", "tax_sha256_bytes", bytes(32)))
        assert caught.value.code == "signer-refused"
        assert "not-signed-here" in caught.value.found
        assert signer.sign(preimage()) == KEY.sign(preimage().digest)


def test_the_process_and_its_end(example: tuple[str, ...]) -> None:
    signer = ExternalSigner.open("k", example)
    process = signer._program._process
    signer.sign(preimage())
    assert_no_secret_in_process(process.pid)
    signer.close()
    signer.close()
    assert process.returncode == 0, "it ended by itself when its input was closed"
    with pytest.raises(SigningError, match="signer-gone"):
        signer.sign(preimage())


def test_a_program_that_is_killed_in_mid_run(example: tuple[str, ...]) -> None:
    with ExternalSigner.open("k", example) as signer:
        signer.sign(preimage())
        signer._program._process.kill()
        signer._program._process.wait()
        with pytest.raises(SigningError) as caught:
            signer.sign(preimage())
        assert (caught.value.code, caught.value.found) == ("signer-gone", "it was ended by signal 9")
        assert "stays done" in caught.value.hint
        with pytest.raises(SigningError, match="signer-gone"):
            signer.sign(preimage())
        assert_no_secret(caught.value)


# ---- Programs that misbehave -------------------------------------------------------------------------------------

NO_ANSWERS = {
    "ends": ("sys.stdin.readline(); sys.exit(3)", "signer-gone"),
    "closes its output": ("os.close(1); time.sleep(9)", "signer-gone"),
    "half a line": ("sys.stdin.readline(); os.write(1, b'{'); sys.exit(0)", "signer-gone"),
    "not JSON": ("sys.stdin.readline(); print('Signing...', flush=True); time.sleep(9)", "signer-protocol"),
    "not an object": ("print('[1]', flush=True); time.sleep(9)", "signer-protocol"),
    "nothing in it": ("print('{}', flush=True); time.sleep(9)", "signer-protocol"),
    "a number": ("print('{\"signature_b64\": 1}', flush=True); time.sleep(9)", "signer-protocol"),
    "not base64": ('print(\'{"signature_b64": "!"}\', flush=True); time.sleep(9)', "signer-protocol"),
    "short": ('print(\'{"signature_b64": "AAAA"}\', flush=True); time.sleep(9)', "signer-protocol"),
    "not UTF-8": ("os.write(1, b'\\xff\\n'); time.sleep(9)", "signer-protocol"),
    "two lines": ("os.write(1, b'{}\\n{}\\n'); time.sleep(9)", "signer-protocol"),
    "a huge line": ("[os.write(1, b'x' * 65536) for _ in range(999)]; time.sleep(9)", "signer-protocol"),
    "a line without end": ("while True: os.write(1, b' ' * 1000)", "signer-protocol"),
    "deeply nested": ("print('[' * 9999, flush=True); time.sleep(9)", "signer-protocol"),
}


@pytest.mark.parametrize(("code", "expected"), NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_answers_that_make_no_sense(code: str, expected: str) -> None:
    error = refusal(bad_program(code))
    assert error.code == expected
    assert error.hint


@pytest.mark.parametrize("code", ["time.sleep(60)", "sys.stdin.readline(); time.sleep(60)"])
def test_one_that_hangs(code: str) -> None:
    assert refusal(bad_program(code), timeout=1).code == "signer-timeout"


def test_one_that_drips_and_will_not_be_ended() -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    argv = bad_program(stubborn + "os.read(0, 1)\nwhile True: os.write(1, b' '); time.sleep(.05)")
    signer = ExternalSigner.open("k", argv, timeout=5)  # a busy machine needs its time to start it
    with pytest.raises(SigningError, match="signer-timeout"):
        signer.sign(preimage())
    assert signer._program._process.returncode == -9


def test_one_that_never_reads_does_not_block() -> None:
    """A request longer than any pipe holds."""
    with (
        pytest.raises(SigningError, match="signer-timeout"),
        ExternalSigner.open("k", bad_program("time.sleep(60)"), timeout=5) as signer,
    ):
        signer.sign(Preimage("event", "x" * (1 << 20), bytes(32)))


def test_a_wrong_signature_is_not_used() -> None:
    answer = json.dumps({"signature_b64": "A" * 86 + "=="})
    argv = bad_program(f"sys.stdin.readline(); print({answer!r}, flush=True); sys.stdin.readline()")
    with CheckedSigner(ExternalSigner.open("k", argv)) as signer, pytest.raises(SigningError, match="signature-wrong"):
        signer.sign(preimage())


def test_a_public_key_that_must_not_be_trusted() -> None:
    small = json.dumps({"public_key_b64": "AQ" + "A" * 41 + "="})
    with pytest.raises(KeyMaterialError, match="key-small-order"):
        ExternalSigner.open("k", (sys.executable, "-c", f"input(); print({small!r}, flush=True); input()"))


@pytest.mark.parametrize("argv", [("/nonexistent",), ("/etc/passwd",), ("/",), ("a\0b",), ("$(true)",)])
def test_programs_that_do_not_start(argv: tuple[str, ...]) -> None:
    error = refusal(argv)
    assert error.code == "signer-start"
    assert error.hint


def test_what_it_prints_on_standard_error_goes_to_ours(capfd: pytest.CaptureFixture[str]) -> None:
    refusal(bad_program("print('the smart card is out', file=sys.stderr); sys.exit(1)"))
    assert capfd.readouterr().err == "the smart card is out\n"
