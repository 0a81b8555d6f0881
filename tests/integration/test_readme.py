"""README's commands, word for word, in the order in which they stand, and its Python; and the quickstart."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pexpect
import pytest

from tests.support.feed_server import FeedServer
from tests.support.feeds import FeedPaper

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PASSPHRASE = "correct horse battery staple"
PUBLISHED_YESTERDAY = [
    FeedPaper(
        arxiv_id=f"2611.{number:05}",
        title=f"On the reading of manuals, part {number}",
        abstract="  We follow a manual, word for word.\n",
        authors="Ada Lovelace and Charles Babbage",
        categories=("cs.SE",),
        license=None,
        versions=(datetime(2026, 11, 19, 12, tzinfo=UTC),),
        datestamp="2026-11-20",
        sets=("cs:cs:SE",),
    )
    for number in (1, 2)
]
FILES = 4 * (3 + 3 + 2) + 3
"""For each paper four; the signing key, the keyring and the manifest."""


def blocks(section: str, language: str = "") -> list[str]:
    text = README.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, f"no code in section {section}"
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for name in ("published", "corpus", "second_implementation"):
        shutil.copytree(ROOT / "tests" / name, tmp_path / "tests" / name)
    return tmp_path


def type_command(command: str, directory: Path) -> str:
    """Run a command in a terminal, answering every question for a passphrase, and return what it showed."""
    arguments = shlex.split(command)
    if arguments[0] == "cp":
        subprocess.run(arguments, cwd=directory, check=True)
        return ""
    assert "pithbuilder" in arguments, command
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f'pithbuilder() {{ "{sys.executable}" -m pithbuilder "$@"; }}\n{command}'],
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
    shown: dict[str, str] = {}
    with FeedServer(PUBLISHED_YESTERDAY) as server:
        for section in ("Mint", "Sources", "Verify", "Events", "Keys", "Rotation", "Fixtures for other tools"):
            for block in blocks(section):
                for command in block.strip().splitlines():
                    here = f" --endpoint {server.oai_url} --delay 0" if " harvest --from" in command else ""
                    text = type_command(command + here, directory)
                    shown[command] = shown.get(command, "") + text
    again = shown["pithbuilder mint examples/papers.jsonl --workspace registry"]  # it stands there twice
    assert again.index("minted 3, failed 0") < again.index("unchanged 3, failed 0")
    verified = shown["pithbuilder verify registry/mirror --trust registry/keys"]
    assert "trusted          mirror of 15 files" in verified
    assert "2 records in harvest, complete" in shown["pithbuilder harvest --from 2026-11-20 --set cs --out harvest"]
    assert "minted 2, failed 0" in shown["pithbuilder mint harvest --workspace registry"]
    raw, completed, other = (line for line in shown if "oai-arxivraw.xml" in line and " mint " in line)
    assert "minted 3, failed 0" in shown[raw]
    assert "unchanged 3, failed 0" in shown[completed]
    assert "unchanged 3, failed 0" in shown[other]
    (explained,) = (line for line in shown if " derive " in line and "--explain" in line)
    assert "the same record, byte for byte" in shown[explained]
    assert "ENCRYPTED" in (next((directory / "registry" / "keys").glob("*.pem"))).read_text()
    assert "all is well" in shown["pithbuilder keys doctor --workspace registry"]
    assert "reissued 8, failed 0" in shown["pithbuilder reissue --all --workspace registry"]
    followed = shown["pithbuilder verify registry/mirror --trust pinned.json"]
    assert f"trusted          mirror of {FILES} files" in followed
    assert len(json.loads((directory / "registry" / "mirror" / "pith-keys.json").read_bytes())["chain"]) == 1
    (history,) = (text for command, text in shown.items() if command.startswith("pithbuilder log "))
    assert "4 events: 4 in force" in history
    (accepted,) = (text for command, text in shown.items() if " event accept " in command)
    assert "author_attestation  in-force" in accepted
    (explained,) = (text for command, text in shown.items() if " merge " in command)
    assert "merged: 6 events, 6 applied, 0 invalid, 0 equivocations" in explained
    assert "nothing is wrong with the corpus" in shown["pithbuilder fixtures lint"]
    (unpacked,) = (text for command, text in shown.items() if " fixtures unpack " in command)
    assert unpacked.startswith("trusted")
    assert len(shown) >= 44


def test_the_number_of_vectors() -> None:
    manifest = json.loads((ROOT / "tests" / "corpus" / "manifest.json").read_text())
    assert f"{manifest['vectors']:,} of them, {manifest['negative']:,} negative" in " ".join(README.split())


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
