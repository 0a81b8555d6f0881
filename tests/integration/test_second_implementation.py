"""A verifier in another language, written from the format document alone, against the whole corpus."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pithbuilder.fixtures.conformance.outcome import all_as_expected
from pithbuilder.fixtures.conformance.questions import question_of
from pithbuilder.fixtures.conformance.runner import run_tool
from pithbuilder.fixtures.corpus.files import read_corpus
from pithbuilder.stores.corpus_tree import CorpusTree
from tests.support.cli import run
from tests.support.programs import need_program

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "second_implementation"
MAIN = FOLDER / "main.mjs"


@pytest.fixture(autouse=True)
def _node() -> None:
    need_program("node")


def test_it_passes_everything() -> None:
    report = run("fixtures", "run", "--tool", f"node {MAIN}", "--json", cwd=ROOT)
    assert report.returncode == 0, report.stdout[-3000:]
    counts = json.loads(report.stdout.splitlines()[-1])["counts"]
    manifest = json.loads((ROOT / "tests" / "corpus" / "manifest.json").read_text())
    assert (counts["passed"], counts["unsupported"]) == (manifest["vectors"], 0)


def test_it_is_independent() -> None:
    modules = sorted(FOLDER.rglob("*.mjs"))
    assert len(modules) > 20
    for path in modules:
        text = path.read_text()
        imported = re.findall(r"""^(?:import|export)\b[^"';]*\bfrom\s*["']([^"']+)""", text, re.MULTILINE)
        imported += re.findall(r"""^import\s*["']([^"']+)""", text, re.MULTILINE)
        assert all(name.startswith(("node:", "./", "../")) for name in imported), path
        assert not re.search(r"\brequire\s*\(|(?:await|return|=)\s+import\s*\(|child_process|node:fs", text), path
        assert text.count("\n") <= 500, path


def test_one_process_for_each_vector() -> None:
    vectors = read_corpus(CorpusTree(ROOT / "tests" / "corpus"))
    some = vectors[:: len(vectors) // 9]
    assert len({vector.family for vector in some}) > 5
    outcomes = run_tool(["node", str(MAIN)], map(question_of, some), per_vector=True)
    assert all_as_expected(outcomes), [outcome for outcome in outcomes if outcome.text]
