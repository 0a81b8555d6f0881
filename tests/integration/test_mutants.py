"""The mutation proof: the product is broken on purpose, one piece at a time, and the corpus catches each."""

from __future__ import annotations

import pytest

from tests.support.cli import environment
from tests.support.mutant_table import MUTANTS
from tests.support.mutants import Mutant, run_mutant

MODULE = "pithbuilder.verify.event"
PIECE = "event.stated_content_sha256, content.content_sha256,"


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_corpus_catches(mutant: Mutant) -> None:
    found = run_mutant(mutant, environment())
    assert found.loaded, "the mutant was never imported"
    assert found.unharmed, "everything is broken, not one rule"
    assert found.caught, f"the mutant lives; it died at: {found.crashed or 'no vector'}"
    assert found.caught.partition("/")[0] == mutant.family


@pytest.mark.parametrize("family", sorted({mutant.family for mutant in MUTANTS}))
def test_what_is_not_broken_is_not_caught(family: str) -> None:
    found = run_mutant(Mutant("same", MODULE, PIECE, PIECE, family), environment())
    assert (found.caught, found.crashed, found.loaded) == ("", "", True)
    assert found.unharmed.partition("/")[0] == family


def test_a_mutant_that_dies_is_not_caught_by_that() -> None:
    found = run_mutant(Mutant("dying", MODULE, PIECE, "1 // 0, 1 // 0,", "events"), environment())
    assert found.caught == ""
    assert found.crashed.startswith("events/")


def test_a_piece_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AssertionError, match="stands there 0 times"):
        run_mutant(Mutant("misspelt", MODULE, "no such piece", "", "events"), environment())


def test_there_are_enough() -> None:
    assert len({(mutant.module, mutant.old, mutant.new) for mutant in MUTANTS}) >= 30
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
