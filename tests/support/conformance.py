"""Questions for the tool of ``bad_tools.py``, and runs of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.fixtures.conformance.outcome import Outcome, Standing
from pithbuilder.fixtures.conformance.protocol import ExpectedAnswer, Question
from pithbuilder.fixtures.conformance.runner import run_tool
from pithbuilder.fixtures.vectors.result import Result

SCRIPT = Path(__file__).with_name("bad_tools.py")
VALID: JsonObject = {"result": "valid"}


def tool(manner: str = "plain", number: int = 0) -> list[str]:
    """Return the command line of the tool."""
    return [sys.executable, "-I", "-S", str(SCRIPT), manner, str(number)]


def question(name: str, operation: str = "answer", given: JsonObject = VALID, **expected: Any) -> Question:
    """Return a question that is answered with ``given``, by default as expected."""
    expectation = ExpectedAnswer(expected.pop("result", Result.VALID), **expected)
    return Question(f"{name.partition('/')[0]}/{name}", name.partition("/")[0], operation, lambda: given, expectation)


def good(count: int, start: int = 0) -> list[Question]:
    """Return questions that are answered as expected."""
    return [question(f"good/{number}") for number in range(start, start + count)]


def ask(questions: Sequence[Question], manner: str = "plain", number: int = 0, **settings: Any) -> list[Outcome]:
    """Run the tool; every question must have come back, in its order."""
    options: dict[str, Any] = {"timeout": 10.0, "jobs": 1, **settings}
    outcomes = run_tool(tool(manner, number), questions, **options)
    assert [outcome.vector_id for outcome in outcomes] == [asked.id for asked in questions]
    return outcomes


def told(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Return the defects of a run: vector to code; everything else must have passed."""
    bad = {}
    for outcome in outcomes:
        if outcome.defect is not None:
            assert outcome.standing is Standing.FAILED
            bad[outcome.vector_id] = outcome.defect.code.value
        else:
            assert outcome.standing is Standing.PASSED, outcome
    return bad
