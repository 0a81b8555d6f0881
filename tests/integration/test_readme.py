"""README's commands, word for word, in the order in which they stand, and its Python; and the quickstart."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PASSPHRASE = "correct horse battery staple"


def blocks(section: str, language: str = "") -> list[str]:
    text = README.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, f"no code in section {section}"
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copytree(ROOT / "tests" / "published", tmp_path / "tests" / "published")
    return tmp_path


def type_command(command: str, directory: Path) -> str:
    """Run a command in a terminal, answering every question for a passphrase, and return what it showed."""
    arguments = shlex.split(command)
    if arguments[0] == "cp":
        subprocess.run(arguments, cwd=directory, check=True)
        return ""
    assert arguments[0] == "pithbuilder", command
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "pithbuilder", *arguments[1:]],
        cwd=str(directory),
        env=environment,
        encoding="utf-8",
        timeout=120,
        dimensions=(40, 160),
    )
    shown = ""
    while child.expect(["(?i)(?:passphrase|confirmation)[^\n]*: ", pexpect.EOF]) == 0:
        shown += str(child.before)
        child.sendline(PASSPHRASE)
    shown += str(child.before)
    child.close()
    assert child.exitstatus == 0, f"{command}: {child.exitstatus}\n{shown}"
    assert PASSPHRASE not in shown
    return shown


def test_commands_word_for_word(directory: Path) -> None:
    shown = {
        command: type_command(command, directory)
        for section in ("Mint", "Verify", "Keys", "Rotation")
        for block in blocks(section)
        for command in block.strip().splitlines()
    }
    minted = shown["pithbuilder mint examples/papers.jsonl --workspace registry"]
    assert "minted 3, failed 0" in minted
    verified = shown["pithbuilder verify registry/mirror --trust registry/keys"]
    assert "trusted          mirror of 15 files" in verified
    assert "ENCRYPTED" in (next((directory / "registry" / "keys").glob("*.pem"))).read_text()
    assert "all is well" in shown["pithbuilder keys doctor --workspace registry"]
    assert "reissued 3, failed 0" in shown["pithbuilder reissue --all --workspace registry"]
    followed = shown["pithbuilder verify registry/mirror --trust pinned.json"]
    assert "trusted          mirror of 15 files" in followed
    assert len(json.loads((directory / "registry" / "mirror" / "pith-keys.json").read_bytes())["chain"]) == 1
    assert len(shown) >= 18


def test_python_says_what_the_comments_say(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(directory)
    (code,) = blocks("From Python", "python")
    namespace: dict[str, object] = {}
    checked = 0
    for statement in re.split(r"\n(?=[a-z])", code.strip()):
        match = re.fullmatch(r"(.*?)\s+# (.+)", statement, re.DOTALL)
        if match is None:
            exec(statement, namespace)
            continue
        body, expected = match.groups()
        head, _, last = body.rpartition("\n")
        if head:
            exec(f"{head}\n    result = {last.strip()}", namespace)
        else:
            namespace["result"] = eval(last, namespace)
        shown = namespace["result"]
        assert expected in (repr(shown), str(shown)), statement
        checked += 1
    assert checked == 4


def test_the_rotation_walk_through(tmp_path: Path) -> None:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        [str(ROOT / "examples" / "rotation"), str(tmp_path / "out")],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("trusted          mirror of 15 files") == 5
    assert "all is well" in done.stderr.splitlines()[-1]
    assert done.stdout.splitlines()[-1].startswith("trusted          keyring")


def test_quickstart(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    for attempt in ("first", "second"):
        done = subprocess.run(
            [str(ROOT / "examples" / "quickstart"), str(tmp_path / "out")],
            env={**environment, "PYTHON": sys.executable},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "trusted          mirror of 15 files" in done.stdout
        assert ("minted 3, failed 0" if attempt == "first" else "unchanged 3, failed 0") in done.stderr
