"""No wrong signature gets past CheckedSigner."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import SigningError
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.checked import CheckedSigner
from pithbuilder.signing.ed25519 import PrivateKey
from tests.support.signers import KEY, assert_no_secret, preimage

COPY = LocalSigner("k", PrivateKey.from_seed(KEY.to_seed()))


class Faulty(LocalSigner):
    """Gives what ``fault`` makes of a signature, once, after ``good`` good ones; or from then on."""

    def __init__(self, fault: Callable[[bytes], bytes], good: int = 0, once: bool = True) -> None:
        super().__init__("k", KEY)
        self.fault, self.good, self.once, self.calls, self.closed = fault, good, once, 0, 0

    def sign(self, preimage: Preimage) -> bytes:
        self.calls += 1
        signature = super().sign(preimage)
        faulty = self.calls == self.good + 1 if self.once else self.calls > self.good
        return self.fault(signature) if faulty else signature

    def close(self) -> None:
        self.closed += 1


FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "short": lambda signature: signature[:-1],
    "long": lambda signature: signature + b"\0",
    "zero": lambda _: bytes(64),
    "one bit": lambda signature: bytes((signature[0] ^ 1,)) + signature[1:],
    "last bit": lambda signature: signature[:-1] + bytes((signature[-1] ^ 0x80,)),
    "another document's": lambda _: KEY.sign(b"x" * 32),
    "another key's": lambda _: PrivateKey.from_seed(bytes(32)).sign(preimage().digest),
}


@pytest.mark.parametrize(
    ("again", "once"),
    [(False, False), (False, True), (True, False), (True, True)],
    ids=["for good", "once", "for good, against a copy", "once, against a copy"],
)
@pytest.mark.parametrize("good", [0, 1, 2, 3])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_wrong_signature_is_never_returned(
    fault: Callable[[bytes], bytes], good: int, again: bool, once: bool
) -> None:
    signer = CheckedSigner(Faulty(fault, good, once), against=COPY if again else None)
    with pytest.raises(SigningError) as caught:
        for _ in range(4):
            assert signer.sign(preimage()) == KEY.sign(preimage().digest)
    assert caught.value.code == "signature-wrong"
    assert_no_secret(caught.value, signer)


@pytest.mark.parametrize(("again", "calls"), [(False, 0), (True, 2)])
def test_good_signatures_pass(again: bool, calls: int) -> None:
    inner, copy = Faulty(lambda _: b"", good=99), Faulty(lambda _: b"", good=99)
    with CheckedSigner(inner, against=copy if again else None) as signer:
        assert inner.calls == copy.calls == 0, "nothing is signed at opening"
        for number in range(3):
            assert signer.sign(preimage(number)) == KEY.sign(preimage(number).digest)
        assert (signer.key_id, signer.public_key) == ("k", KEY.public_key)
    assert (inner.calls, copy.calls) == (3, calls)
    assert (inner.closed, copy.closed) == (1, int(again))


def test_a_public_key_that_is_not_the_private_ones() -> None:
    class Liar(LocalSigner):
        public_key = PrivateKey.from_seed(bytes(32)).public_key

    for again in (False, True):
        with pytest.raises(SigningError, match="signature-wrong"):
            CheckedSigner(Liar("k", KEY), against=COPY if again else None).sign(preimage())


def test_a_failure_goes_through_unchanged() -> None:
    def gone(_: bytes) -> bytes:
        raise SigningError("agent-gone", "gone")

    with pytest.raises(SigningError, match="agent-gone"):
        CheckedSigner(Faulty(gone)).sign(preimage())
