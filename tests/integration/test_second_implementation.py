"""A verifier in another language, written from the format document alone, against the whole corpus."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pithbuilder.fixtures.corpus import read_corpus
from pithbuilder.stores.corpus_tree import CorpusTree
from tests.support.cli import run

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "second_implementation"
MAIN = FOLDER / "main.mjs"
ISSUERS = ("issuing", "key-formats", "credentials")
"""The families in which some vectors ask for what a verifier does not do: to sign, to mint, to write keys."""


@pytest.fixture(autouse=True)
def node() -> str:
    program = shutil.which("node")
    if program is None:
        pytest.skip("NODE IS NOT INSTALLED: the second implementation was not run")
    return program


def test_it_passes_all_that_a_verifier_is_asked() -> None:
    report = run(
        "fixtures",
        "run",
        "--tool",
        f"node {MAIN}",
        "--expected-failures",
        FOLDER / "expected-failures.txt",
        "--json",
        cwd=ROOT,
    )
    assert report.returncode == 0, report.stdout[-3000:]


def test_what_it_does_not_do_is_issuing_alone() -> None:
    patterns = [
        line.split("#")[0].strip() for line in (FOLDER / "expected-failures.txt").read_text().splitlines() if line
    ]
    operations = {
        vector.operation
        for vector in read_corpus(CorpusTree(ROOT / "tests" / "corpus"))
        for pattern in patterns
        if pattern and Path(vector.id).match(pattern)
    }
    assert operations <= {
        "accept-events", "add-event", "sign-event", "reissue", "signing-key", "mint", "build-snapshot", "build-record",
        "compare", "history", "event-name", "read-answer", "export-key", "encrypt-key", "did-web", "key-id",
        "sign-credential",
    }  # fmt: skip


def test_it_is_independent() -> None:
    for path in FOLDER.rglob("*.mjs"):
        imported = re.findall(r"""(?:from|import)\s*\(?\s*["']([^"']+)["']""", path.read_text())
        assert all(name.startswith(("node:", "./", "../")) for name in imported), path
        assert path.read_text().count("\n") <= 500, path
        assert "child_process" not in path.read_text(), path


def test_one_process_for_each_vector() -> None:
    command = ("run", "--tool", f"node {MAIN}", "--per-vector", "--family", "aliases", "--json")
    result = run("fixtures", *command, cwd=ROOT)
    assert result.returncode == 0, result.stdout[-2000:]
    assert json.loads(result.stdout.splitlines()[-1])
