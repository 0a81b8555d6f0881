"""Pkcs11Signer against a real SoftHSM2.

SoftHSM2 never locks a PIN, however often a wrong one is given. What a token that does lock says is therefore proven
with a stand-in token that raises the library's own exceptions and shows the flags of PKCS#11.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pkcs11
import pytest

from pithbuilder.errors import KeyMaterialError, PithError, SigningError
from pithbuilder.signing.backends import pkcs11 as back_end
from pithbuilder.signing.backends.pkcs11 import Pkcs11Signer
from pithbuilder.signing.checked import CheckedSigner
from pithbuilder.signing.key_reference import Pkcs11Reference, parse_key_reference
from tests.support.signers import (
    KEY,
    PIN,
    assert_no_secret,
    assert_no_secret_in_process,
    need,
    preimage,
    softhsm,
    token_reference,
)


@pytest.fixture(autouse=True)
def module() -> str:
    need("pkcs11")
    return softhsm()


def refusal(reference: Pkcs11Reference, pin: str | None = PIN) -> PithError:
    with pytest.raises(PithError) as caught:
        Pkcs11Signer.open("k", reference, pin)
    assert not back_end._SESSIONS, "nothing stays open"
    assert_no_secret(caught.value)
    return caught.value


def test_it_signs() -> None:
    reference = parse_key_reference(str(token_reference()))
    assert isinstance(reference, Pkcs11Reference)
    assert Pkcs11Signer.needs_pin(reference)
    with CheckedSigner(Pkcs11Signer.open("k", reference, PIN)) as signer:
        assert signer.public_key == KEY.public_key
        assert [signer.sign(preimage(n)) for n in range(20)] == [KEY.sign(preimage(n).digest) for n in range(20)]
        assert_no_secret(signer)
        assert_no_secret([vars(inner) for inner in signer._signers])
    assert not back_end._SESSIONS


@pytest.mark.parametrize(
    "changes",
    [
        {"object": None, "id": b"\1"},
        {"object": "twin", "id": b"\4"},
        {"manufacturer": "SoftHSM project", "model": "SoftHSM v2", "library_version": "2"},
        {"library_manufacturer": "SoftHSM"},
    ],
)
def test_other_ways_to_name_the_key(changes: dict[str, object]) -> None:
    with Pkcs11Signer.open("k", token_reference(**changes), PIN) as signer:
        assert signer.public_key == KEY.public_key


def test_the_token_by_serial_number_and_slot() -> None:
    (token,) = pkcs11.lib(str(Path(softhsm()).resolve())).get_tokens(token_label="pith")
    for changes in ({"serial": token.serial.decode()}, {"slot_id": token.slot.slot_id}):
        with Pkcs11Signer.open("k", token_reference(token=None, **changes), PIN) as signer:
            assert signer.public_key == KEY.public_key


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "nobody"}, "hsm-token-missing"),
        ({"slot_id": 1}, "hsm-token-missing"),
        ({"library_version": "9"}, "hsm-token-missing"),
        ({"library_description": "other"}, "hsm-token-missing"),
        ({"token": "double"}, "hsm-token-ambiguous"),
        ({"token": None}, "hsm-token-ambiguous"),
        ({"object": "nobody"}, "hsm-key-missing"),
        ({"id": b"\x63"}, "hsm-key-missing"),
        ({"object": "alone"}, "hsm-key-missing"),
        ({"object": "twin"}, "hsm-key-ambiguous"),
        ({"object": "mute"}, "hsm-key-unusable"),
        ({"object": "rsa"}, "key-algorithm"),
        ({"module_path": "/nonexistent/module.so"}, "hsm-module"),
        ({"module_path": "/etc/passwd"}, "hsm-module"),
        ({"module_path": "relative.so"}, "hsm-module"),
        ({"module_path": None}, "hsm-module"),
    ],
)
def test_what_is_not_there(changes: dict[str, object], code: str) -> None:
    error = refusal(token_reference(**changes))
    assert error.code == code
    assert error.hint or error.expected


def test_pins() -> None:
    assert refusal(token_reference(), None).code == "hsm-pin-needed"
    for pin in ("", "wrong-pin", PIN + "x", "x" * 300, "é"):
        assert refusal(token_reference(), pin).code == "hsm-pin-wrong"
    with Pkcs11Signer.open("k", token_reference(), PIN) as signer:
        signer.sign(preimage())


def test_two_signers_of_one_token_share_a_login() -> None:
    first = Pkcs11Signer.open("a", token_reference(), PIN)
    second = Pkcs11Signer.open("b", token_reference(object="twin", id=b"\3"), PIN)
    assert not Pkcs11Signer.needs_pin(token_reference())
    first.close()
    first.close()
    assert second.sign(preimage()) == KEY.sign(preimage().digest)
    with pytest.raises(SigningError, match="hsm-gone"):
        first.sign(preimage())
    second.close()
    assert Pkcs11Signer.needs_pin(token_reference())
    assert refusal(token_reference(), None).code == "hsm-pin-needed", "the last one has logged out"


def test_one_module_under_two_names(tmp_path: Path) -> None:
    """Initialising a module twice fails; a second name of it is the same module."""
    (tmp_path / "link.so").symlink_to(softhsm())
    with (
        Pkcs11Signer.open("a", token_reference(), PIN),
        Pkcs11Signer.open("b", token_reference(module_path=str(tmp_path / "link.so")), PIN) as signer,
    ):
        assert signer.sign(preimage()) == KEY.sign(preimage().digest)


def test_a_key_that_goes_in_mid_run() -> None:
    reference = token_reference(token="doomed")
    with Pkcs11Signer.open("k", reference, PIN) as signer:
        signer.sign(preimage())
        with pkcs11.lib(str(Path(softhsm()).resolve())).get_token(token_label="doomed").open(rw=True) as session:
            for key in list(session.get_objects({pkcs11.Attribute.LABEL: "signing"})):
                key.destroy()
        with pytest.raises(SigningError) as caught:
            signer.sign(preimage())
        assert caught.value.code == "hsm-gone"
        assert "stays done" in caught.value.hint
        assert_no_secret(caught.value)


def test_nothing_of_the_pin_is_to_be_seen_from_outside() -> None:
    import os

    with Pkcs11Signer.open("k", token_reference(), PIN):
        assert_no_secret_in_process(os.getpid())


# ---- What SoftHSM2 does not do -----------------------------------------------------------------------------------


class Token:
    """A token that answers a login with an exception."""

    label, serial, manufacturer_id, model = "pith", b"1", "", ""

    def __init__(self, error: type[Exception] | None, more: int = 0) -> None:
        self.error, self.tries = error, 0
        self.flags = pkcs11.TokenFlag.TOKEN_INITIALIZED | pkcs11.TokenFlag.LOGIN_REQUIRED | pkcs11.TokenFlag(more)
        self.slot = SimpleNamespace(slot_id=1, slot_description="", manufacturer_id="", get_token=lambda: self)

    def open(self, **_: object) -> Any:
        self.tries += 1
        assert self.error is not None
        raise self.error


FLAGS = pkcs11.TokenFlag


@pytest.mark.parametrize(
    ("token", "code", "hint", "tries"),
    [
        (Token(pkcs11.PinLocked), "hsm-pin-locked", "security officer", 1),
        (Token(None, FLAGS.USER_PIN_LOCKED), "hsm-pin-locked", "security officer", 0),
        (Token(pkcs11.PinIncorrect), "hsm-pin-wrong", "a few wrong ones lock", 1),
        (Token(pkcs11.PinIncorrect, FLAGS.USER_PIN_FINAL_TRY), "hsm-pin-wrong", "one more wrong PIN locks", 1),
        (Token(pkcs11.UserPinNotInitialized), "hsm-pin-unset", "security officer", 1),
        (Token(pkcs11.DeviceRemoved), "hsm-gone", "stays done", 1),
        (Token(pkcs11.TokenNotPresent), "hsm-gone", "stays done", 1),
        (Token(pkcs11.DeviceError), "hsm-failed", "log", 1),
        (Token(pkcs11.PinExpired), "hsm-failed", "log", 1),
    ],
)
def test_tokens_that_do_lock(token: Token, code: str, hint: str, tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(library_description="", manufacturer_id="", get_slots=lambda token_present: [token.slot])
    monkeypatch.setattr(pkcs11, "lib", lambda path: module)
    error = refusal(token_reference())
    assert (error.code, token.tries) == (code, tries)
    assert hint in error.hint


@pytest.mark.parametrize("point", [KEY.public_key.raw, b"\4\x20" + KEY.public_key.raw])
def test_both_forms_of_a_point(point: bytes) -> None:
    assert back_end._point_to_key(point) == KEY.public_key


@pytest.mark.parametrize("point", [b"", b"\4\x20", b"\3\x21\0" + KEY.public_key.raw, b"\4\x39" + bytes(57)])
def test_other_points_are_refused(point: bytes) -> None:
    with pytest.raises(KeyMaterialError, match="key-length"):
        back_end._point_to_key(point)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    error = refusal(Pkcs11Reference(module_path="/m.so"))
    assert error.code == "backend-not-installed"
    assert "pithbuilder[pkcs11]" in error.hint
