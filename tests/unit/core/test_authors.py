"""The author line: where it is split, what is dropped, how it is sorted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pithbuilder.core.authors import authors_text

PUBLISHED = Path(__file__).parents[2] / "published"
MANY = settings(max_examples=500, deadline=None)


def published_lines(name: str) -> list[dict[str, Any]]:
    lines = (PUBLISHED / name).read_text(encoding="utf-8").splitlines()
    assert lines, f"{name} is empty"
    return [json.loads(line) for line in lines]


PUBLISHED_LISTS = [
    line["authors_text"]
    for name in ("vectors/authors.jsonl", "vectors/records.jsonl")
    for line in published_lines(name)
    if "authors_text" in line
]


def oracle(line: str) -> str:
    """The rule written again: comma by comma, word by word."""
    names: list[str] = []
    for part in line.split(","):
        words: list[str] = []
        for word in [*part.split(), "and"]:
            if word == "and":
                if words and " ".join(words) not in names:
                    names.append(" ".join(words))
                words = []
            else:
                words.append(word)
    in_ascii = "0123456789abcdefghijklmnopqrstuvwxyz"
    names.sort()
    names.sort(key=lambda name: [character for character in name.lower() if character in in_ascii])
    return ", ".join(names)


def test_there_are_published_lists() -> None:
    assert len(PUBLISHED_LISTS) == 92


@pytest.mark.parametrize("line", PUBLISHED_LISTS, ids=lambda line: line[:30])
def test_every_published_list_is_a_fixed_point(line: str) -> None:
    assert authors_text(line) == line
    assert oracle(line) == line


@pytest.mark.parametrize("line", PUBLISHED_LISTS, ids=lambda line: line[:30])
def test_every_published_list_comes_out_of_any_order(line: str) -> None:
    names = line.split(", ")
    assert authors_text(", ".join(reversed(names))) == line
    assert authors_text(" and ".join(reversed(names))) == line
    assert authors_text(",\n  ".join(sorted(names, key=len)) + f" and {names[0]}") == line


def test_author_lines_of_the_snapshot_give_the_published_lists() -> None:
    papers = {paper["id"]: paper["authors"] for paper in published_lines("arxiv/snapshot.jsonl")}
    state = json.loads((PUBLISHED / "state-1710.02368v1.json").read_text(encoding="utf-8"))
    bundle = json.loads((PUBLISHED / "bundle-1805.08469v1.json").read_text(encoding="utf-8"))
    for arxiv_id, document in (("1710.02368", state), ("1805.08469", bundle["state"])):
        snapshot = document["current"]["graph_snapshots"][0]["payload"]["graph_snapshot"]
        assert authors_text(papers[arxiv_id]) == snapshot["paper"]["authors_text"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ""),
        (" , and ,and, ", ""),
        ("and", ""),
        ("A. Anderson and Brandon Sand", "A. Anderson, Brandon Sand"),
        ("Anderson", "Anderson"),
        ("Anderson and Landau", "Anderson, Landau"),
        ("Sand, A. and B.", "A., B., Sand"),
        ("B and A", "A, B"),
        ("B and\n  A", "A, B"),
        ("B\tand\u00a0A", "A, B"),
        ("B, and A", "A, B"),
        ("B,and A", "A, B"),
        ("B and, A", "A, B"),
        ("B and and A", "A, B"),
        ("and B", "B"),
        ("B and", "B"),
        ("B And A AND C", "B And A AND C"),
        ("B & A", "B & A"),
        ("B-and-A", "B-and-A"),
        ("A (and B)", "A (and B)"),
        ("A, B, A, A", "A, B"),
        ("a, A", "A, a"),
        ("A\n  B", "A B"),
        ("J. Smith (1, 2) and K. Lee (2) ((1) Here, (2) There)", "2), (2) There), J. Smith (1, K. Lee (2) ((1) Here"),
        ('Paul Erd\\H{o}s, Gerg\\"o Popping', 'Gerg\\"o Popping, Paul Erd\\H{o}s'),
        ("\\'Emile Borel, Eva Z, Emil A", "Emil A, \\'Emile Borel, Eva Z"),
        ("Élan, Zoe, Abe", "Abe, Élan, Zoe"),
        ("山田, 佐藤", "佐藤, 山田"),
        ("van der Waals, Van Aa", "Van Aa, van der Waals"),
        ("B 10, B 9", "B 10, B 9"),
    ],
)
def test_examples(line: str, expected: str) -> None:
    assert oracle(line) == expected
    assert authors_text(line) == expected


WORDS = st.sampled_from(
    [
        "and",
        "And",
        "AND",
        "Anderson",
        "Sand",
        "band",
        "and.",
        "(and",
        "A.",
        "B",
        "b",
        "É",
        "Erd\\H{o}s",
        "(1)",
        "İ",
        "K",
    ]
)
GLUE = st.sampled_from([" ", "  ", ",", ", ", " ,", "\n  ", "\u00a0", "\u001c", "\u2028", ",,", ""])
LINES = st.one_of(
    st.lists(st.tuples(GLUE, WORDS), max_size=10).map(lambda parts: "".join(glue + word for glue, word in parts)),
    st.text(st.sampled_from("and ,\nABab(1)\u00a0é"), max_size=30),
    st.text(max_size=20),
)


@MANY
@given(LINES)
@example("and,and and")
@example("A and")
def test_the_rule_against_an_oracle(line: str) -> None:
    assert authors_text(line) == oracle(line)


@MANY
@given(LINES)
def test_an_author_list_is_a_fixed_point(line: str) -> None:
    once = authors_text(line)
    assert authors_text(once) == once


@MANY
@given(st.lists(st.text(st.sampled_from("ABab .-'"), max_size=6), max_size=8), st.randoms(use_true_random=False))
def test_order_and_repetition_are_of_no_consequence(names: list[str], random: Any) -> None:
    shuffled = names * 2
    random.shuffle(shuffled)
    assert authors_text(", ".join(shuffled)) == authors_text(",".join(names))
