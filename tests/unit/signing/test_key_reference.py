"""Key references: what they say, what they give back, what they refuse, and that they never repeat a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.errors import KeyMaterialError
from pithbuilder.signing.key_reference import (
    AgentReference,
    ExecReference,
    FileReference,
    KeyReference,
    Pkcs11Reference,
    parse_key_reference,
)

FINGERPRINT = "SHA256:2l1yDjHiFkIHQRjlgRTeNmf8rQB8cDgdZhLdM7OxhC8"

GOOD = [
    ("file:keys/key.pem", FileReference("keys/key.pem")),
    ("file:/a b/c%20;?.pem", FileReference("/a b/c%20;?.pem")),
    (f"ssh-agent:{FINGERPRINT}", AgentReference(FINGERPRINT)),
    ("exec:signer --key 'a b'", ExecReference(("signer", "--key", "a b"))),
    ("exec:/bin/echo '$HOME;' '|'", ExecReference(("/bin/echo", "$HOME;", "|"))),
    ("pkcs11:type=private", Pkcs11Reference()),
    (
        "pkcs11:slot-id=7;serial=0a;token=My%20HSM;id=%01%FF;object=k%C3%A9y;type=private"
        "?module-path=/usr/lib/x.so&pin-source=file%3A/run/pin",
        Pkcs11Reference(
            slot_id=7,
            serial="0a",
            token="My HSM",
            id=b"\x01\xff",
            object="kéy",
            module_path="/usr/lib/x.so",
            pin_source="file:/run/pin",
        ),
    ),
]

SAME = [
    ("pkcs11:", Pkcs11Reference()),
    ("pkcs11:object=A;token=b", Pkcs11Reference(object="A", token="b")),
    ("pkcs11:token=%41", Pkcs11Reference(token="A")),
    ("pkcs11:token=a+b:c&d", Pkcs11Reference(token="a+b:c&d")),
    ("pkcs11:id=ab", Pkcs11Reference(id=b"ab")),
    ("pkcs11:?pin-source=file:/a?b", Pkcs11Reference(pin_source="file:/a?b")),
    ('exec:signer "a b"', ExecReference(("signer", "a b"))),
]

BAD = [
    "",
    "keys/key.pem",
    "FILE:a",
    "http://a",
    "file:",
    "file:a\nb",
    "file:a\0",
    "ssh-agent:",
    "ssh-agent:MD5:00:11",
    f"ssh-agent:{FINGERPRINT}=",
    f"ssh-agent:{FINGERPRINT[:-1]}",
    f"ssh-agent:{FINGERPRINT[:-1]}9",
    "ssh-agent:name@host",
    "exec:",
    "exec: ",
    "exec:''",
    "exec:a 'b",
    "exec:a\nb",
    "pkcs11:token",
    "pkcs11:token=a;token=a",
    "pkcs11:token=a;",
    "pkcs11:token=a b",
    "pkcs11:token=%4",
    "pkcs11:token=%zz",
    "pkcs11:token=%FF",
    "pkcs11:token=%00",
    "pkcs11:token=a/b",
    "pkcs11:token=é",
    "pkcs11:id=",
    "pkcs11:x-vendor=1",
    "pkcs11:Token=a",
    "pkcs11:type=public",
    "pkcs11:slot-id=x",
    "pkcs11:slot-id=٣",
    "pkcs11:library-version=a",
    "pkcs11:module-path=/a",
    "pkcs11:?token=a",
    "pkcs11:?module-path=a.so",
    "pkcs11:?module-name=softhsm2",
    "pkcs11:?module-path=/a&module-path=/a",
    "pkcs11:?pin-source=|command",
    "pkcs11:?pin-source=%7Ccommand",
    "pkcs11:?pin-source=https://a",
    "pkcs11:?pin-source=",
    "pkcs11:?x-vendor=1",
]


@pytest.mark.parametrize(("text", "reference"), GOOD)
def test_it_says_what_it_says_and_gives_it_back(text: str, reference: KeyReference) -> None:
    assert parse_key_reference(text) == reference
    shown = str(reference)
    assert shown.replace("%3A", ":") == text.replace("%3A", ":")
    assert parse_key_reference(shown) == reference


@pytest.mark.parametrize(("text", "reference"), SAME)
def test_other_spellings(text: str, reference: KeyReference) -> None:
    assert parse_key_reference(text) == reference
    assert parse_key_reference(str(reference)) == reference


@pytest.mark.parametrize("text", BAD)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        parse_key_reference(text)
    assert caught.value.code == "key-reference"
    assert caught.value.expected


@pytest.mark.parametrize(
    "text",
    [
        "pkcs11:token=a?pin-value=geheim",
        "pkcs11:pin-value=geheim",
        "pkcs11:token=%zz?pin-value=geheim",
        "pkcs11:?x=1&PIN-VALUE = geheim",
    ],
)
def test_a_pin_does_not_belong_there(text: str) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        parse_key_reference(text)
    assert caught.value.code == "pin-in-reference"
    assert "pin-source" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["{}", "x:{}", "pkcs11:{}", "pkcs11:token={} ", "pkcs11:{}=1", "exec:'{}", "ssh-agent:{}"]
)
def test_no_error_repeats_what_may_be_a_secret(text: str) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        parse_key_reference(text.format("Geheim_123"))
    assert "Geheim" not in str(caught.value)


def test_where_the_pin_is() -> None:
    assert Pkcs11Reference(pin_source="file:/run/pin").pin_path == "/run/pin"
    assert Pkcs11Reference(pin_source="pin").pin_path == "pin"
    assert Pkcs11Reference().pin_path is None


texts = st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]))


@given(token=texts, label=texts, number=st.none() | st.binary(min_size=1), slot=st.none() | st.integers(0, 2**32))
def test_every_pkcs11_reference_comes_back(token: str, label: str, number: bytes, slot: int) -> None:
    reference = Pkcs11Reference(token=token, object=label, id=number, slot_id=slot, module_path="/m o&d;?.so")
    assert str(reference).isascii()
    assert parse_key_reference(str(reference)) == reference


@given(st.lists(WORDS, min_size=1).filter(lambda words: words[0] != ""))
def test_every_command_comes_back(words: list[str]) -> None:
    reference = ExecReference(tuple(words))
    assert parse_key_reference(str(reference)) == reference
