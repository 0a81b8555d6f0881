"""No secret in any output, error, traceback, repr, log or process list, in any command that handles one."""

from __future__ import annotations

import base64
import io
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pithbuilder.cli.passphrase import key_access
from pithbuilder.custody.making import fresh_key
from pithbuilder.custody.signers import open_signer
from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import PithError
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.stores.workspace import Workspace
from tests.support.cli import environment, lines, make_workspace, run

OLD, NEW, ARCHIVE, WRONG = "old-zebra-passphrase", "new-quagga-passphrase", "archive-okapi-passphrase", "wrong-eland"
MINT = (sys.executable, "-m", "pithbuilder", "mint", "-", "--workspace")
PHRASES = (OLD, NEW, ARCHIVE, WRONG)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("phrases")
    found = {name: directory / name for name in PHRASES}
    for name, path in found.items():
        path.write_text(name + "\n")
    return found


@pytest.fixture
def workspace(tmp_path: Path, files: dict[str, Path]) -> Path:
    return make_workspace(tmp_path / "w", "--key-id", "first", "--passphrase-file", files[OLD])


def seeds(workspace: Path) -> Iterator[bytes]:
    """Yield the seed of every private key file of a workspace."""
    for path in (workspace / "keys").glob("*.pem"):
        for phrase in (None, OLD.encode(), NEW.encode()):
            try:
                key = load_pem_private_key(path.read_bytes(), phrase)
            except (ValueError, TypeError):
                continue
            yield key.private_bytes_raw()  # type: ignore[union-attr]
            break
        else:
            pytest.fail(f"{path} opens with no known passphrase")


def spellings(seed: bytes) -> set[bytes]:
    encoded = {base64.b64encode(seed), base64.urlsafe_b64encode(seed), seed.hex().encode(), seed.hex().upper().encode()}
    return {seed, repr(seed).encode(), *encoded, *(text.rstrip(b"=") for text in encoded)}


def assert_silent(data: bytes, workspace: Path) -> None:
    for phrase in PHRASES:
        assert phrase.encode() not in data
        assert base64.b64encode(phrase.encode()) not in data
    found = list(seeds(workspace))
    assert found
    for seed in found:
        assert not any(text in data for text in spellings(seed))


def test_no_command_says_a_secret(workspace: Path, files: dict[str, Path], tmp_path: Path) -> None:
    old, wrong = (("--passphrase-file", str(files[name])) for name in (OLD, WRONG))
    fresh = ("--new-passphrase-file", str(files[NEW]))
    sealed = ("--archive-passphrase-file", str(files[ARCHIVE]))
    source = tmp_path / "source.pem"
    source.write_bytes(PrivateKey.generate().to_pem(OLD.encode()))
    credential = tmp_path / "credential.json"
    credential.write_text('{"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"]}')
    damaged = tmp_path / "damaged.pem"
    damaged.write_bytes(source.read_bytes()[:100])
    key = PrivateKey.generate()
    clear = tmp_path / "clear.pem"
    clear.write_bytes(key.to_pem(None)[:-30])
    commands: list[tuple[tuple[str | Path, ...], int]] = [
        (("keys", "new", "second", *old), 0),
        (("keys", "import", "third", source, *old, *fresh), 0),
        (("keys", "import", "fourth", source, *wrong), 1),
        (("keys", "import", "fourth", damaged, *old), 1),
        (("keys", "import", "fourth", clear, *old), 1),
        (("keys", "passwd", "second", *old, *fresh), 0),
        (("keys", "passwd", "second", *old, *fresh), 1),
        (("mint", "-", *old), 0),
        (("mint", "-", *wrong), 1),
        (("sign-credential", credential, *old), 0),
        (("sign-credential", credential, *wrong), 1),
        (("keys", "backup", tmp_path / "a.age", *sealed), 0),
        (("keys", "doctor", "--open", *old), 1),
        (("keys", "rotate", *wrong), 1),
        (("keys", "rotate", "--commit-next", *old, *fresh), 0),
        (("reissue", "--all", *old), 1),
        (("reissue", "--all", "--passphrase-file", str(files[NEW])), 0),
        (("keys", "revoke", "first", "--passphrase-file", str(files[NEW])), 0),
        (("keys", "list"), 0),
        (("keys", "export", "--format", "jwks", "--all"), 0),
        (
            (
                "keys",
                "doctor",
            ),
            1,
        ),
    ]
    said = b""
    for arguments, status in commands:
        done = run(*arguments, "--workspace", workspace, stdin=lines(1))
        assert done.returncode == status, (arguments, done.stderr)
        said += done.stdout.encode() + done.stderr.encode()
    for options in (sealed, ("--archive-passphrase-file", str(files[WRONG]))):
        done = run("keys", "restore", tmp_path / "a.age", "--rehearse", *options, *old)
        said += done.stdout.encode() + done.stderr.encode()
    assert_silent(said, workspace)
    assert not any(text in said for text in spellings(key.to_seed()))
    for path in workspace.rglob("*"):
        if path.is_file() and path.suffix != ".pem":
            assert_silent(path.read_bytes(), workspace)


def test_no_secret_in_the_process_list(workspace: Path, files: dict[str, Path]) -> None:
    """Looked at while the key is open: the program waits for its input."""
    read, write = os.pipe()
    os.write(write, f"{OLD}\n".encode())
    os.close(write)
    process = subprocess.Popen(
        [*MINT, workspace, "--passphrase-fd", str(read)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        pass_fds=(read,),
    )
    os.close(read)
    try:
        assert process.stdin is not None
        process.stdin.write(lines(1))
        process.stdin.flush()
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"minted")
        listed = b"".join((Path(f"/proc/{process.pid}") / name).read_bytes() for name in ("cmdline", "environ", "comm"))
        assert_silent(listed, workspace)
    finally:
        stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert_silent(stdout + stderr, workspace)


def test_a_passphrase_on_a_descriptor(workspace: Path) -> None:
    def mint_with(phrase: str) -> int:
        read, write = os.pipe()
        os.write(write, f"{phrase}\n".encode())
        os.close(write)
        try:
            return subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "pithbuilder",
                    "mint",
                    "-",
                    "--workspace",
                    workspace,
                    "--passphrase-fd",
                    str(read),
                ],
                input=lines(1),
                capture_output=True,
                env=environment(),
                pass_fds=(read,),
                check=False,
            ).returncode
        finally:
            os.close(read)

    assert mint_with(OLD) == 0
    assert mint_with(WRONG) == 1
    both = run(
        "mint", "-", "--workspace", workspace, "--passphrase-fd", "0", "--passphrase-file", workspace / "pith.toml"
    )
    assert both.returncode == 2
    closed = run("mint", "-", "--workspace", workspace, "--passphrase-fd", "77")
    assert closed.returncode == 1
    assert "read-failed" in closed.stderr


def test_no_option_takes_a_secret_itself(workspace: Path) -> None:
    """A passphrase as an argument or in the environment is not taken."""
    for option in ("--passphrase", "--password", "--pin"):
        assert run("mint", "-", "--workspace", workspace, f"{option}={OLD}").returncode == 2
    names = ("PASSPHRASE", "PITH_PASSPHRASE", "PITHBUILDER_PASSPHRASE", "PITHBUILDER_MINT_PASSPHRASE")
    done = run("mint", "-", "--workspace", workspace, env=dict.fromkeys(names, OLD))
    assert done.returncode == 1
    assert "passphrase-needed" in done.stderr


def test_no_secret_in_a_repr_log_or_traceback(
    workspace: Path, files: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    opened = Workspace.open(workspace)
    access = key_access(files[OLD])
    shown = io.StringIO()
    key = opened.keys.load_private("first", OLD.encode())
    new = fresh_key(opened.profile, "k", NEW.encode(), key=key)
    with open_signer(opened.keys, "first", access) as signer:
        shown.write(repr([key, new, signer, access, opened, signer.sign(Preimage.probe()) and None]))
        shown.write(f"{key} {new} {signer} {access} {opened}")
    for phrase in (WRONG.encode(), b"", b"x" * 2000):
        try:
            opened.keys.load_private("first", phrase)
        except PithError as error:
            shown.write("".join(traceback.format_exception(error)))
            shown.write(repr(error) + str(error.to_dict()))
    try:
        with open_signer(opened.keys, "first", key_access(files[WRONG])):
            pytest.fail("opened with a wrong passphrase")
    except PithError as error:
        shown.write("".join(traceback.format_exception(error, chain=True)))
    assert caplog.text == ""
    assert_silent(shown.getvalue().encode(), workspace)
    assert len(shown.getvalue()) > 1000
