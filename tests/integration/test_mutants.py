"""The mutation proof: the product is broken on purpose, one piece at a time, and the corpus catches each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.cli import environment

ROOT = Path(__file__).parents[2]


class Mutant(NamedTuple):
    """A piece of source, what stands in its place, and the families of which one vector at least must notice."""

    name: str
    module: str
    old: str
    new: str
    families: tuple[str, ...]


MUTANTS = (
    Mutant(
        "the-signature-is-not-verified",
        "pithbuilder.verify.signatures",
        "    if not key.verify(raw, digest):",
        "    if False:",
        ("receipts",),
    ),
    Mutant(
        "the-event-digest-covers-its-signature",
        "pithbuilder.documents.preimage",
        'frozenset({"signature", "content_sha256", "event_id"})',
        'frozenset({"content_sha256", "event_id"})',
        ("events",),
    ),
)


def ask(mutant: Mutant) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.support.mutants"],
        input=json.dumps(mutant._asdict()),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=120,
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_corpus_catches(mutant: Mutant) -> None:
    result = ask(mutant)
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.strip().partition("/")[0] in mutant.families, "the mutant lives"


def test_what_is_not_broken_is_not_caught() -> None:
    families = tuple(dict.fromkeys(family for mutant in MUTANTS for family in mutant.families))
    same = Mutant(
        "same",
        "pithbuilder.verify.signatures",
        "    if not key.verify(raw, digest):",
        "    if not key.verify(raw, digest):",
        families,
    )
    result = ask(same)
    assert (result.returncode, result.stdout.strip()) == (0, ""), result.stderr[-2000:]


def test_there_are_enough() -> None:
    assert len({(mutant.module, mutant.old, mutant.new) for mutant in MUTANTS}) >= 30
