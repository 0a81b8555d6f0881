"""Nothing that is printed can command a terminal."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pithbuilder.cli.output import complain, print_json, print_line, safe_text, tell
from pithbuilder.errors import PithError

ANY = st.text(st.characters(exclude_categories=()) | st.sampled_from("\x1b\x9b\u202e\u2066\x7f\n\r\u2028\ud800"))
HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e\u2066\x7f\r\n\u2028\ud800"


def is_harmless(text: str) -> bool:
    return all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp") for character in text)


@given(ANY)
def test_safe_text_is_harmless(text: str) -> None:
    assert is_harmless(safe_text(text))


@given(st.text(st.characters(categories=("L", "M", "N", "P", "S", "Zs"))))
def test_harmless_text_stays(text: str) -> None:
    assert safe_text(text) == text


def test_all_the_ways_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_line(HOSTILE)
    tell(HOSTILE)
    complain(PithError("code", HOSTILE, where=HOSTILE, expected=HOSTILE, found=HOSTILE, hint=HOSTILE))
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    assert captured.err.count("\n") == 2
    assert is_harmless(captured.out.replace("\n", "") + captured.err.replace("\n", ""))


@pytest.mark.parametrize("text", [HOSTILE[:-1], "Größe 数 😀", '"\\'], ids=ascii)
def test_json_is_one_line_with_the_same_value_and_commands_nothing(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_json({"text": text, text: 1})
    out = capsys.readouterr().out
    assert out.endswith("\n")
    assert json.loads(out) == {"text": text, text: 1}
    assert not any(unicodedata.category(character) in ("Cc", "Cf") for character in out[:-1])
