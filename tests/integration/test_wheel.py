"""The built wheel, alone in a clean environment, verifies a published bundle with the key that it carries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "tests" / "published"
BUNDLES = ("bundle-1805.08469v1.json", "bundle-2410.05985v4.json")


def run(*command: str | Path, cwd: Path, expected: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout


def test_wheel_in_a_clean_environment(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    for name in ("pithbuilder", "keys", "docs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, source, cwd=tmp_path)
    (wheel,) = tmp_path.glob("pithbuilder-*.whl")

    names = zipfile.ZipFile(wheel).namelist()
    assert "pithbuilder/keys/pith-v1-2026-05.json" in names
    assert "pithbuilder/documents/schemas/bundle.json" in names
    assert "pithbuilder/py.typed" in names
    assert "pithbuilder/cli/help.txt" in names
    assert "pithbuilder/docs/format/07-events.md" in names
    assert not [name for name in names if name.endswith(".pem") or name.startswith("tests/")]

    run(sys.executable, "-m", "venv", tmp_path / "clean", cwd=tmp_path)
    python = tmp_path / "clean" / "bin" / "python"
    constraints = ROOT / "tests" / "constraints.txt"
    run(python, "-m", "pip", "install", "--quiet", "-c", constraints, wheel, cwd=tmp_path)
    program = tmp_path / "clean" / "bin" / "pithbuilder"
    for name in BUNDLES:
        shown = run(program, "verify", PUBLISHED / name, cwd=tmp_path)
        assert shown.startswith("trusted"), shown
    assert "pithbuilder" in run(program, "--version", cwd=tmp_path)

    run(program, "fixtures", "generate", "--out", tmp_path / "corpus", cwd=tmp_path)
    assert files_of(tmp_path / "corpus") == files_of(ROOT / "tests" / "corpus")
    lint = subprocess.run(
        [program, "fixtures", "lint", "--corpus", "corpus"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (lint.returncode, "pithbuilder[fixtures]" in lint.stderr) == (1, True), lint.stderr


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
