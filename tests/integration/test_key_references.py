"""A whole issuer whose keys are in an ssh-agent, in a token, or behind a program; and moving from one to the other."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pithbuilder.signing.ed25519 import PrivateKey
from tests.support.cli import bundles, code_of, contents, lines, make_workspace, mint, run
from tests.support.signers import (
    EXAMPLE,
    KEY,
    PIN,
    SEED,
    Agent,
    need,
    running_agent,
    softhsm,
    token_reference,
    write_openssh_key,
    write_pem_key,
)

OTHER_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")  # TEST ONLY
NOW = "2026-06-01T12:00:00Z"


@pytest.fixture
def agent() -> Iterator[Agent]:
    need("ssh-agent")
    with running_agent() as running:
        yield running


def reference_to(kind: str, tmp_path: Path, agent: Agent) -> tuple[str, dict[str, str]]:
    """Return a reference to the test key in one of the back ends, and what the environment must say."""
    if kind == "ssh-agent":
        fingerprint = agent.add(write_openssh_key(tmp_path / "openssh"))
        return f"ssh-agent:{fingerprint}", {"SSH_AUTH_SOCK": agent.socket}
    if kind == "exec":
        pem = write_pem_key(tmp_path / "pem")
        return f"exec:{shlex.join([sys.executable, str(EXAMPLE), str(pem)])}", {}
    if kind == "file":
        path = tmp_path / "elsewhere.pem"
        path.write_bytes(KEY.to_pem(None))
        path.chmod(0o600)
        return f"file:{path}", {}
    need("pkcs11")
    pin = tmp_path / "pin"
    pin.write_text(f"{PIN}\n")
    softhsm()
    return str(token_reference(pin_source=f"file:{pin}")), {"SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"]}


@pytest.mark.parametrize("kind", ["file", "ssh-agent", "exec", "pkcs11"])
def test_an_issuer_whose_key_is_elsewhere(kind: str, tmp_path: Path, agent: Agent) -> None:
    reference, env = reference_to(kind, tmp_path, agent)
    workspace = tmp_path / "w"
    done = run("init", workspace, "--key", reference, "--key-id", "first", env=env)
    assert done.returncode == 0, done.stderr
    assert not list(workspace.rglob("*.pem"))
    assert json.loads((workspace / "keys" / "first.json").read_bytes())["public_key_hex"] == KEY.public_key.raw.hex()
    changed = run("keys", "passwd", "--workspace", workspace, "--no-passphrase")
    assert (changed.returncode, code_of(changed)) == (1, "key-elsewhere")
    (row,) = run("keys", "list", "--workspace", workspace, "--json").lines()
    assert row["reference"].startswith(f"{kind}:")
    minted = run("mint", "-", "--workspace", workspace, "--clock", NOW, stdin=lines(1, 2), env=env)
    assert minted.returncode == 0, minted.stderr
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0

    in_file = make_workspace(tmp_path / "file", "--key-id", "first")
    (in_file / "keys" / "first.pem").unlink()
    for name in ("first.json", "pith-keys.json"):
        shutil.copy(workspace / "keys" / name, in_file / "keys" / name)
    (in_file / "keys" / "first.pem").write_bytes(KEY.to_pem(None))
    (in_file / "keys" / "first.pem").chmod(0o600)
    assert mint(in_file, lines(1, 2), clock=NOW).returncode == 0
    left, right = contents(workspace / "mirror"), contents(in_file / "mirror")
    assert left == right, "the same bytes, wherever the key is"


@pytest.mark.parametrize("kind", ["ssh-agent", "exec", "pkcs11"])
def test_from_a_file_to_elsewhere_and_back(kind: str, tmp_path: Path, agent: Agent) -> None:
    reference, env = reference_to(kind, tmp_path, agent)
    workspace = make_workspace(tmp_path / "w", "--key-id", "first")
    assert mint(workspace, lines(1), clock=NOW).returncode == 0
    pin = Path(shutil.copy(workspace / "mirror" / "pith-signing-key.json", tmp_path / "pinned.json"))
    for step, command in enumerate(
        (
            ("keys", "new", "second", "--key", reference),
            ("keys", "rotate", "--to", "second", "--clock", "2026-06-01T12:00:01Z"),
            ("reissue", "--all", "--clock", "2026-06-01T12:00:02Z"),
            ("keys", "rotate", "--no-passphrase", "--clock", "2026-06-01T12:00:03Z"),
            ("reissue", "--all", "--clock", "2026-06-01T12:00:04Z"),
            ("keys", "doctor", "--open", "--clock", "2026-06-01T12:00:05Z"),
        )
    ):
        done = run(*command, "--workspace", workspace, env=env)
        assert done.returncode == 0, (step, done.stderr)
        assert run("verify", workspace / "mirror", "--trust", pin).returncode == 0
    bundle = json.loads(next(iter(bundles(workspace / "mirror").values())).read_bytes())
    assert len(bundle["public_keys"]) == 3


def test_the_agent_is_gone_before_a_rotation(tmp_path: Path, agent: Agent) -> None:
    reference, env = reference_to("ssh-agent", tmp_path, agent)
    workspace = tmp_path / "w"
    assert run("init", workspace, "--key", reference, "--key-id", "first", env=env).returncode == 0
    agent.stop()
    before = contents(workspace)
    for command in (("keys", "rotate", "--no-passphrase"), ("mint", "-")):
        done = run(*command, "--workspace", workspace, stdin=lines(1), env=env)
        assert (done.returncode, code_of(done)) == (1, "agent-unreachable")
        after = contents(workspace)
        assert {name: after[name] for name in before} == before
        assert not [name for name in after if name.startswith(("keys/", "mirror/")) and name not in before]


def test_the_agent_goes_in_mid_run(tmp_path: Path, agent: Agent) -> None:
    """Papers are minted until the agent is gone; the rest fails, and nothing is half there."""
    reference, env = reference_to("ssh-agent", tmp_path, agent)
    workspace = tmp_path / "w"
    assert run("init", workspace, "--key", reference, "--key-id", "first", env=env).returncode == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "pithbuilder", "mint", "-", "--workspace", workspace, "--clock", NOW],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **env},
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(lines(1, 2))
    process.stdin.flush()
    assert process.stdout.readline().startswith(b"minted")
    assert process.stdout.readline().startswith(b"minted")
    agent.stop()
    _, stderr = process.communicate(lines(3, 4))
    assert process.returncode == 1
    assert b"[agent-gone]" in stderr
    assert b"Traceback" not in stderr
    assert len(bundles(workspace / "mirror")) == 2
    with running_agent() as second:
        second.add(tmp_path / "openssh")
        done = run(
            "mint",
            "-",
            "--workspace",
            workspace,
            "--clock",
            NOW,
            stdin=lines(1, 2, 3, 4),
            env={"SSH_AUTH_SOCK": second.socket},
        )
    assert done.returncode == 0
    assert len(bundles(workspace / "mirror")) == 4
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0


def test_a_passphrase_is_never_tried_as_a_pin(tmp_path: Path) -> None:
    """After some wrong ones a token locks itself; a PIN comes from the reference, or is asked for."""
    need("pkcs11")
    softhsm()
    env = {"SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"]}
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    for options in ((), ("--passphrase-file", str(pin))):
        done = run("init", tmp_path / "w", "--key", str(token_reference()), *options, env=env)
        assert (done.returncode, code_of(done)) == (1, "passphrase-needed")
        assert "pin-source" in done.stderr
    pin.write_text("a wrong one")
    done = run("init", tmp_path / "w", "--key", str(token_reference(pin_source=str(pin))), env=env)
    assert (done.returncode, code_of(done)) == (1, "hsm-pin-wrong")
    assert "a wrong one" not in done.stderr
    assert not (tmp_path / "w").exists()


def test_another_key_behind_the_same_reference(tmp_path: Path, agent: Agent) -> None:
    """The program was given another key: what is there now is not what the public document says."""
    pem = write_pem_key(tmp_path / "pem")
    reference = f"exec:{shlex.join([sys.executable, str(EXAMPLE), str(pem)])}"
    workspace = tmp_path / "w"
    assert run("init", workspace, "--key", reference, "--key-id", "first").returncode == 0
    write_pem_key(pem, OTHER_SEED)
    done = run("mint", "-", "--workspace", workspace, stdin=lines(1))
    assert (done.returncode, code_of(done)) == (1, "key-conflict")


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        ("env:KEY", "key-reference"),
        ("pkcs11:token=x;object=y?pin-value=1234&module-path=/nowhere.so", "pin-in-reference"),
        ("exec:/nowhere/signer", "signer-start"),
        ("ssh-agent:comment", "key-reference"),
        ("file:nowhere.pem", "key-file-missing"),
    ],
)
def test_a_reference_that_leads_nowhere(tmp_path: Path, reference: str, code: str) -> None:
    done = run("init", tmp_path / "w", "--key", reference)
    assert (done.returncode, done.stdout, code_of(done)) == (1, "", code)
    assert "1234" not in done.stderr
    assert not (tmp_path / "w").exists()


# ---- Import and export with the real tools -----------------------------------------------------------------------


def test_import_from_ssh_keygen_and_openssl(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w", "--key-id", "first")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "ssh"], check=True)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", tmp_path / "pem"], check=True)
    subprocess.run(["openssl", "genrsa", "-out", tmp_path / "rsa", "2048"], check=True, capture_output=True)
    for name in ("ssh", "pem"):
        done = run("keys", "import", name, tmp_path / name, "--workspace", workspace, "--no-passphrase")
        assert done.returncode == 0, done.stderr
    line = run("keys", "export", "ssh", "--format", "openssh", "--workspace", workspace).stdout.split()
    assert line[:2] == (tmp_path / "ssh.pub").read_text().split()[:2]
    public = subprocess.run(["openssl", "pkey", "-in", tmp_path / "pem", "-pubout"], check=True, capture_output=True)
    assert run("keys", "export", "pem", "--format", "pem", "--workspace", workspace).stdout == public.stdout.decode()
    done = run("keys", "import", "rsa", tmp_path / "rsa", "--workspace", workspace, "--no-passphrase")
    assert (done.returncode, code_of(done)) == (1, "key-algorithm")
    done = run("keys", "import", "ssh", tmp_path / "ssh", "--workspace", workspace, "--no-passphrase")
    assert (done.returncode, code_of(done)) == (1, "key-file-exists")
    assert run("keys", "rotate", "--to", "ssh", "--workspace", workspace).returncode == 0
    exported = run("keys", "export", "--all", "--format", "jwks", "--workspace", workspace)
    assert len(json.loads(exported.stdout)["keys"]) == 2


def test_export_all_formats(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w", "--key-id", "first")
    for name in ("key-document", "did-key", "multikey", "did-web", "jwk", "jwks", "openssh", "pem", "vkey"):
        done = run("keys", "export", "--format", name, "--workspace", workspace)
        assert (done.returncode, done.stderr) == (0, ""), name
        assert done.stdout.endswith("\n")
    assert run("keys", "export", "--format", "x509", "--workspace", workspace).returncode == 2
    assert run("keys", "export", "first", "--all", "--workspace", workspace).returncode == 2


# ---- Credentials ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["did:key", "did:web"])
def test_a_credential_is_signed_and_verified(tmp_path: Path, method: str) -> None:
    workspace = make_workspace(tmp_path / "w", "--key-id", "first")
    assert mint(workspace, lines(1), clock=NOW).returncode == 0
    credential = tmp_path / "credential.json"
    credential.write_text(
        json.dumps({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"]})
    )
    record = next((workspace / "mirror" / "pith").glob("*.json"))
    for source in (credential, record):
        done = run("sign-credential", source, "--workspace", workspace, "--method", method, "--created", NOW)
        assert done.returncode == 0, done.stderr
        assert (
            done.stdout
            == run("sign-credential", source, "--workspace", workspace, "--method", method, "--created", NOW).stdout
        )
        signed = tmp_path / "signed.json"
        signed.write_text(done.stdout)
        assert run("verify", signed, "--trust", workspace / "keys").returncode == 0
        assert run("verify", signed).returncode == (3 if method == "did:key" else 1)
        value = json.loads(done.stdout)
        value["title"] = "forged"
        signed.write_text(json.dumps(value))
        forged = run("verify", signed, "--trust", workspace / "keys")
        assert forged.returncode == 1
        assert "proof-signature" in forged.stdout
        again = run("sign-credential", signed, "--workspace", workspace)
        assert (again.returncode, code_of(again)) == (1, "credential-has-proof")


def test_the_test_seeds_are_those_of_rfc_8032() -> None:
    vectors = json.loads((Path(__file__).parents[1] / "vectors" / "rfc8032-ed25519.json").read_bytes())
    text = json.dumps(vectors)
    assert SEED.hex() in text and OTHER_SEED.hex() in text
    assert PrivateKey.from_seed(SEED).public_key == KEY.public_key
