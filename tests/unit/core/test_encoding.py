"""Strict base32, base64, base58: one spelling for every sequence of bytes, every other one refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pithbuilder.core.encoding import (
    decode_base32,
    decode_base58,
    decode_base64,
    encode_base32,
    encode_base58,
    encode_base64,
)
from pithbuilder.errors import EncodingError

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
MANY = settings(max_examples=300, deadline=None)

NOT_ASCII = ["é", "\u0130", "\u017f", "\u212a", "\uff21", "\U0001d400", "\ud800", "\u0661", "\x00", "\u200b", "\ufeff"]


def by_bits(data: bytes, alphabet: str, width: int) -> str:
    """Write bytes as digits of some bits each, zeros behind the last bit: a slow, direct oracle."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % width)
    return "".join(alphabet[int(bits[at : at + width], 2)] for at in range(0, len(bits), width))


def by_division(data: bytes) -> str:
    """Write bytes as one number in base 58, a ``1`` for each zero byte in front: a slow, direct oracle."""
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def code_of(decode: object, text: str) -> str:
    assert callable(decode)
    with pytest.raises(EncodingError) as caught:
        decode(text)
    assert str(caught.value).isascii()
    return caught.value.code


@MANY
@given(st.binary(max_size=70))
@example(b"")
@example(b"\0" * 5)
@example(b"\xff" * 64)
def test_round_trips_and_oracles(data: bytes) -> None:
    assert encode_base32(data) == by_bits(data, BASE32, 5)
    plain = by_bits(data, BASE64, 6)
    assert encode_base64(data) == plain + "=" * (-len(plain) % 4)
    assert encode_base58(data) == by_division(data)
    assert decode_base32(encode_base32(data)) == data
    assert decode_base64(encode_base64(data)) == data
    assert decode_base58(encode_base58(data)) == data


@pytest.mark.parametrize(
    ("data", "base_32", "base_64"),
    [
        (b"", "", ""),
        (b"f", "MY", "Zg=="),
        (b"fo", "MZXQ", "Zm8="),
        (b"foo", "MZXW6", "Zm9v"),
        (b"foob", "MZXW6YQ", "Zm9vYg=="),
        (b"fooba", "MZXW6YTB", "Zm9vYmE="),
        (b"foobar", "MZXW6YTBOI", "Zm9vYmFy"),
    ],
)
def test_vectors_of_rfc_4648(data: bytes, base_32: str, base_64: str) -> None:
    """Section 10, base32 without its padding."""
    assert (encode_base32(data), encode_base64(data)) == (base_32, base_64)
    assert (decode_base32(base_32), decode_base64(base_64)) == (data, data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (bytes.fromhex("0000287fb4cd"), "11233QC4"),
        (b"", ""),
        (b"\0", "1"),
    ],
)
def test_known_base58(data: bytes, text: str) -> None:
    assert encode_base58(data) == text
    assert decode_base58(text) == data


@pytest.mark.parametrize("length", range(1, 11))
def test_of_all_final_characters_in_base32_only_those_without_loose_bits_are_taken(length: int) -> None:
    data = bytes(range(7, 7 + length))
    text = encode_base32(data)
    loose_bits = 5 * len(text) - 8 * length
    taken = set()
    for final in BASE32:
        try:
            decoded = decode_base32(text[:-1] + final)
        except EncodingError as error:
            assert error.code == "base32-format"
        else:
            taken.add(final)
            assert encode_base32(decoded) == text[:-1] + final
    assert taken == {BASE32[digit] for digit in range(0, 32, 2**loose_bits)}


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 6, 32, 64])
def test_of_all_final_characters_in_base64_only_those_without_loose_bits_are_taken(length: int) -> None:
    text = encode_base64(bytes(length))
    bare = text.rstrip("=")
    padding = text[len(bare) :]
    taken = set()
    for final in BASE64:
        try:
            decoded = decode_base64(bare[:-1] + final + padding, length)
        except EncodingError as error:
            assert error.code == "base64-format"
        else:
            taken.add(final)
            assert encode_base64(decoded) == bare[:-1] + final + padding
    assert taken == {BASE64[digit] for digit in range(0, 64, 2 ** (6 * len(bare) - 8 * length))}


def test_lengths_that_no_bytes_have_are_refused() -> None:
    for length in range(1, 40):
        if length % 8 in (1, 3, 6):
            assert code_of(decode_base32, "A" * length) == "base32-format"
        if length % 4:
            assert code_of(decode_base64, "A" * length) == "base64-format"


@MANY
@given(st.binary(min_size=1, max_size=40), st.data())
def test_base32_in_lower_case_or_with_anything_inside_is_refused(data: bytes, draw: st.DataObject) -> None:
    text = encode_base32(data)
    at = draw.draw(st.integers(0, len(text)))
    intruder = draw.draw(st.sampled_from([*" \t\r\n\v\f=-_0189+/,", *NOT_ASCII]))
    assert code_of(decode_base32, text[:at] + intruder + text[at:]) == "base32-format"
    if text.lower() != text:
        assert code_of(decode_base32, text.lower()) == "base32-format"
    padded = base64.b32encode(data).decode()
    if padded != text:
        assert code_of(decode_base32, padded) == "base32-format"


@MANY
@given(st.binary(min_size=1, max_size=70), st.data())
def test_base64_with_anything_inside_or_without_its_padding_is_refused(data: bytes, draw: st.DataObject) -> None:
    text = encode_base64(data)
    at = draw.draw(st.integers(0, len(text)))
    intruder = draw.draw(st.sampled_from([*" \t\r\n\v\f=-_,.", "\r\n", "====", *NOT_ASCII]))
    assert code_of(decode_base64, text[:at] + intruder + text[at:]) == "base64-format"
    if text.endswith("="):
        assert code_of(decode_base64, text.rstrip("=")) == "base64-format"
        assert code_of(decode_base64, text[:-1]) == "base64-format"
    if "+" in text or "/" in text:
        assert code_of(decode_base64, base64.urlsafe_b64encode(data).decode()) == "base64-format"


@pytest.mark.parametrize(
    "text",
    [
        "=",
        "==",
        "====",
        "A",
        "A===",
        "AA",
        "AA=",
        "AAA",
        "AA==AA==",
        "AA==A",
        "=AAA",
        "A=AA",
        "AAAA====",
        "AAAA=",
        "-_8=",
        "AAAA\n",
        "\nAAAA",
        "AA\r\nAA",
        " AAAA",
        "AAAA ",
        "AAAA\x00",
    ],
)
def test_loose_base64(text: str) -> None:
    assert code_of(decode_base64, text) == "base64-format"


def test_the_number_of_bytes_is_checked_where_it_is_known() -> None:
    assert decode_base64(encode_base64(bytes(64)), 64) == bytes(64)
    for length in (0, 31, 33, 63, 65):
        with pytest.raises(EncodingError) as caught:
            decode_base64(encode_base64(bytes(length)), 32 if length < 40 else 64)
        assert caught.value.code == "base64-length"
        assert f"{length} bytes" in caught.value.found


@MANY
@given(st.binary(max_size=40), st.data())
def test_base58_with_anything_inside_is_refused(data: bytes, draw: st.DataObject) -> None:
    text = encode_base58(data)
    at = draw.draw(st.integers(0, len(text)))
    intruder = draw.draw(st.sampled_from([*" \t\r\n0OIl+/=-_", *NOT_ASCII]))
    assert code_of(decode_base58, text[:at] + intruder + text[at:]) == "base58-format"


@MANY
@given(st.text(alphabet=BASE58, max_size=60))
def test_every_text_in_the_alphabet_of_base58_spells_bytes(text: str) -> None:
    assert encode_base58(decode_base58(text)) == text


def test_errors_do_not_repeat_a_long_text_or_what_a_terminal_would_obey() -> None:
    for decode in (decode_base32, decode_base58, decode_base64):
        with pytest.raises(EncodingError) as caught:
            decode("\x1b[31m!" + "A" * 10_000)
        assert len(str(caught.value)) < 300
        assert "\x1b" not in str(caught.value)
