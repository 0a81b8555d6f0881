"""All back ends give the same signature for the same key and document: that of RFC 8032, which is only one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pithbuilder.documents.preimage import PREIMAGE_RULES, Preimage
from pithbuilder.signing.backends.external import ExternalSigner
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.backends.pkcs11 import Pkcs11Signer
from pithbuilder.signing.backends.sodium import SodiumSigner
from pithbuilder.signing.backends.ssh_agent import AgentSigner
from pithbuilder.signing.checked import CheckedSigner
from pithbuilder.signing.signer import ClosableSigner
from tests.support import edwards25519 as curve
from tests.support.signers import (
    EXAMPLE,
    KEY,
    PIN,
    SEED,
    need,
    running_agent,
    token_reference,
    write_openssh_key,
    write_pem_key,
)


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ClosableSigner]]:
    need("ssh-agent")
    need("pkcs11")
    directory: Path = tmp_path_factory.mktemp("keys")
    with contextlib.ExitStack() as stack:
        agent = stack.enter_context(running_agent())
        fingerprint = agent.add(write_openssh_key(directory / "openssh"))
        opened: list[ClosableSigner] = [
            LocalSigner("k", KEY),
            CheckedSigner(LocalSigner("k", KEY), against=LocalSigner("k", KEY)),
            SodiumSigner("k", KEY),
            CheckedSigner(SodiumSigner("k", KEY)),
            AgentSigner.open("k", fingerprint, agent.socket),
            Pkcs11Signer.open("k", token_reference(), PIN),
            ExternalSigner.open("k", (sys.executable, str(EXAMPLE), str(write_pem_key(directory / "pem")))),
        ]
        for signer in opened:
            stack.callback(signer.close)
        yield opened


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from([kind for kind, rule in PREIMAGE_RULES.items() if rule.signed_message]),
    content=st.binary(),
    proof=st.none() | st.binary(),
)
def test_one_key_one_document_one_signature(
    signers: list[ClosableSigner], kind: str, content: bytes, proof: bytes | None
) -> None:
    preimage = Preimage.of_bytes(kind, content) if proof is None else Preimage.of_proof(proof, content)
    signatures = {signer.sign(preimage) for signer in signers}
    assert signatures == {KEY.sign(preimage.digest)}
    assert {signer.public_key for signer in signers} == {KEY.public_key}


def test_it_is_that_of_the_arithmetic(signers: list[ClosableSigner]) -> None:
    preimage = Preimage.of_bytes("bundle", b"{}")
    assert {signer.sign(preimage) for signer in signers} == {curve.sign(SEED, preimage.digest)}
