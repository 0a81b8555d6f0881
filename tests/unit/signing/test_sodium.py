"""libsodium gives the same signatures as OpenSSL."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import SigningError
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.backends.sodium import SodiumSigner, sodium_is_installed
from pithbuilder.signing.ed25519 import PrivateKey
from tests.support.signers import KEY, assert_no_secret, preimage


@given(seed=st.binary(min_size=32, max_size=32), content=st.binary(), proof=st.binary())
def test_the_same_signatures(seed: bytes, content: bytes, proof: bytes) -> None:
    key = PrivateKey.from_seed(seed)
    with SodiumSigner("k", key) as sodium, LocalSigner("k", key) as local:
        assert sodium.public_key == local.public_key
        for one in (Preimage.of_bytes("event", content), Preimage.of_proof(proof, content)):
            signature = sodium.sign(one)
            assert type(signature) is bytes
            assert signature == local.sign(one)


def test_no_secret_is_shown() -> None:
    signer = SodiumSigner("k", KEY)
    signer.sign(preimage())
    assert_no_secret(signer)
    assert repr(signer) == f"SodiumSigner('k', public={KEY.public_key.raw.hex()})"


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sodium_is_installed()
    monkeypatch.setitem(sys.modules, "nacl.bindings", None)
    with pytest.raises(SigningError) as caught:
        SodiumSigner("k", KEY)
    assert caught.value.code == "backend-not-installed"
    assert "pithbuilder[fast]" in caught.value.hint
    assert_no_secret(caught.value)
