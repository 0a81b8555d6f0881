"""A verifier in another language, written from the format document alone, against the whole corpus."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.cli import run

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "second_implementation"
MAIN = FOLDER / "main.mjs"


@pytest.fixture(autouse=True)
def node() -> str:
    program = shutil.which("node")
    if program is None:
        pytest.skip("NODE IS NOT INSTALLED: the second implementation was not run")
    return program


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
    command = ("run", "--tool", f"node {MAIN}", "--per-vector", "--family", "aliases", "--json")
    result = run("fixtures", *command, cwd=ROOT)
    assert result.returncode == 0, result.stdout[-2000:]
    assert json.loads(result.stdout.splitlines()[-1])
