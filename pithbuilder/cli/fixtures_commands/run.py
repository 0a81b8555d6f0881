"""``pithbuilder fixtures run``."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Final

import click

from pithbuilder.cli.fixtures_commands.options import corpus_option, families_option
from pithbuilder.cli.fixtures_commands.writing import refuse_inside
from pithbuilder.cli.options import CONTEXT_SETTINGS, json_option
from pithbuilder.cli.output import print_json, print_line, tell
from pithbuilder.errors import ConformanceError
from pithbuilder.fixtures.conformance.compare import Level
from pithbuilder.fixtures.conformance.expected_failures import MAX_LIST_BYTES, ExpectedFailures
from pithbuilder.fixtures.conformance.matrix import GIVEN_UP, matrix_lines
from pithbuilder.fixtures.conformance.outcome import Outcome, Standing, all_as_expected
from pithbuilder.fixtures.conformance.questions import question_of
from pithbuilder.fixtures.conformance.reports import json_report, junit_report
from pithbuilder.fixtures.conformance.runner import PATIENCE, TIMEOUT_SECONDS, not_asked, run_tool
from pithbuilder.fixtures.corpus.files import read_corpus
from pithbuilder.fixtures.vectors.vector import Vector
from pithbuilder.stores.atomic import read_file, write_file
from pithbuilder.stores.corpus_tree import CorpusTree

_LEVELS: Final = {level.name.lower(): level for level in Level}
_LONGEST_TIMEOUT: Final = 24 * 60 * 60
_FILE: Final = click.Path(dir_okay=False, path_type=Path)


def _split_command(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(value))
    except ValueError as error:
        raise click.BadParameter(f"{error}".lower(), ctx, parameter) from error
    if not words:
        raise click.BadParameter("expected a program, and perhaps arguments", ctx, parameter)
    return words


@click.command("run", context_settings=CONTEXT_SETTINGS)
@click.option(
    "--tool",
    "argv",
    metavar="CMD",
    required=True,
    callback=_split_command,
    help="The program and its arguments, quoted as for a shell; no shell sees them.",
)
@corpus_option
@families_option
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=os.cpu_count() or 1,
    show_default="processors",
    help="How many processes of the tool run at once.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.IntRange(1, _LONGEST_TIMEOUT),
    default=int(TIMEOUT_SECONDS),
    show_default=True,
    help="How long a process may take from one answer to the next.",
)
@click.option(
    "--patience",
    metavar="N",
    type=click.IntRange(min=1),
    default=PATIENCE,
    show_default=True,
    help="Give the program up after so many time-outs in a row: ask it nothing more.",
)
@click.option("--per-vector", is_flag=True, help="Start a process for each vector: one request, one answer.")
@click.option(
    "--level",
    type=click.Choice(list(_LEVELS)),
    default="output",
    show_default=True,
    help="Compare this much: the verdict; also the code; also the path; also the output.",
)
@click.option(
    "--expected-failures",
    "expected_failures",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Vectors that are known to be answered differently: an id or pattern on each line, # and the reason.",
)
@click.option("--junit", metavar="FILE", type=_FILE, help="Write a JUnit report (XML) to this file too.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    argv: tuple[str, ...],
    corpus: Path,
    families: tuple[str, ...],
    jobs: int,
    timeout: int,
    patience: int,
    per_vector: bool,
    level: str,
    expected_failures: Path | None,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Ask a program all that the corpus asks, and tell where it answers differently.

    The program gets a request on each line of its standard input, and prints an answer to each on a line of its
    standard output, in any order (the corpus's README says how). Whatever else it does is told of the vectors, and the
    run goes on: a crash, garbage or a time-out is a failure that no list can expect.

    Exit status: 0 if every vector passes or is expected to fail and does; else 1.
    """
    if junit is not None:
        refuse_inside(junit, corpus, "--junit")
    vectors = read_corpus(CorpusTree(corpus))
    expected = ExpectedFailures()
    if expected_failures is not None:
        expected = ExpectedFailures.parse(read_file(expected_failures, MAX_LIST_BYTES), str(expected_failures))
        expected.check(vector.id for vector in vectors)
    questions = [question_of(vector) for vector in _wanted(vectors, families, corpus)]
    if junit is not None:  # so that it is known to be writable, and never tells of another run
        write_file(junit, junit_report([not_asked(question) for question in questions]))
    outcomes = run_tool(
        argv,
        questions,
        jobs=jobs,
        timeout=timeout,
        patience=patience,
        per_vector=per_vector,
        level=_LEVELS[level],
    )
    outcomes = [outcome.told_by(expected) for outcome in outcomes]
    _print(outcomes, level, as_json)
    if junit is not None:
        write_file(junit, junit_report(outcomes))
    ctx.exit(0 if all_as_expected(outcomes) else 1)


def _wanted(vectors: list[Vector], families: tuple[str, ...], corpus: Path) -> list[Vector]:
    """Return the vectors of some families, or all; none of those that are asked for may be empty."""
    for family in families:
        if all(vector.family != family for vector in vectors):
            raise ConformanceError("vector-none", "the family has no vectors", where=f"{corpus / family}")
    if not vectors:
        raise ConformanceError("vector-none", "there is no vector to ask", where=str(corpus))
    return [vector for vector in vectors if not families or vector.family in families]


def _print(outcomes: list[Outcome], level: str, as_json: bool) -> None:
    if as_json:
        print_json(json_report(outcomes, level=level))
        if any(outcome.standing is Standing.NOT_ASKED for outcome in outcomes):
            tell(f"warning: {GIVEN_UP}")
    else:
        for line in matrix_lines(outcomes):
            print_line(line)
