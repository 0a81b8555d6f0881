"""Runs the program as a person would, without a terminal, and looks at what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parents[1] / "published"
SNAPSHOT = PUBLISHED / "arxiv" / "snapshot.jsonl"
CLOCK = "2026-05-18T00:15:26.123456Z"
OTHER_CLOCK = "2027-01-02T03:04:05.000006Z"
TIMEOUT = 120

_WITH_LIMIT = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
os.execv(sys.executable, [sys.executable, "-m", "pithbuilder", *sys.argv[2:]])
"""

_WITH_PEAK_MEMORY = """
import resource, subprocess, sys
status = subprocess.run([sys.executable, "-m", "pithbuilder", *sys.argv[2:]]).returncode
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""


@dataclass(frozen=True)
class Result:
    """What a run of the program came to."""

    returncode: int
    stdout: str
    stderr: str

    def lines(self) -> list[dict[str, Any]]:
        """Return standard output as JSON Lines; anything else there is an error."""
        values = [json.loads(line) for line in self.stdout.splitlines()]
        assert all(isinstance(value, dict) for value in values), self.stdout
        return values


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without what changes the program's output, and with ``changes``."""
    hidden = ("COLUMNS", "LINES", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "LC_ALL")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **(changes or {})}


def run(
    *arguments: str | Path | bytes,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    largest_file: int | None = None,
    peak_memory: Path | None = None,
    umask: int = 0o022,
) -> Result:
    """Run the program without a controlling terminal, so that it has nobody to ask for anything.

    Args:
        arguments: The command line.
        stdin: Standard input.
        cwd: Where to run.
        env: Changes to the environment.
        largest_file: No file may grow beyond this many bytes: the next write fails, as on a full disk.
        peak_memory: A file that takes the peak memory in KiB.
        umask: The mode bits that new files are not given.
    """
    command: list[str | Path | bytes] = [sys.executable, "-m", "pithbuilder"]
    if largest_file is not None:
        command = [sys.executable, "-c", _WITH_LIMIT, str(largest_file)]
    elif peak_memory is not None:
        command = [sys.executable, "-c", _WITH_PEAK_MEMORY, peak_memory]
    done = subprocess.run(
        [*command, *arguments],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment(env),
        start_new_session=True,
        timeout=TIMEOUT,
        umask=umask,
        check=False,
    )
    stderr = done.stderr.decode("utf-8", "backslashreplace")
    assert "Traceback" not in stderr, stderr
    return Result(done.returncode, done.stdout.decode("utf-8"), stderr)


def start(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start the program with pipes for its three streams, and without a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "pithbuilder", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(env),
        start_new_session=True,
    )


def finish(process: subprocess.Popen[bytes], stdin: bytes = b"") -> Result:
    """Give a started program the rest of its input and wait until it has ended."""
    stdout, stderr = process.communicate(stdin, timeout=TIMEOUT)
    text = stderr.decode("utf-8", "backslashreplace")
    assert "Traceback" not in text, text
    return Result(process.returncode, stdout.decode("utf-8"), text)


def make_workspace(root: Path, *options: str | Path) -> Path:
    """Make a workspace, its key in the clear unless the options say otherwise."""
    chosen = options if "--passphrase-file" in options else (*options, "--no-passphrase")
    done = run("init", root, *chosen)
    assert done.returncode == 0, done.stderr
    return root


def mint(workspace: Path, source: Path | bytes, *options: str | Path, clock: str = CLOCK) -> Result:
    """Mint a file, or bytes on standard input."""
    arguments = ("--workspace", workspace, "--clock", clock, *options)
    if isinstance(source, bytes):
        return run("mint", "-", *arguments, stdin=source)
    return run("mint", source, *arguments)


def paper(number: int, **changes: Any) -> dict[str, Any]:
    """Return a record of a snapshot, another one for each number; a change to ``...`` leaves the field out."""
    record: dict[str, Any] = {
        "id": f"2001.{number:05d}",
        "submitter": None,
        "authors": f"Ada Lovelace, Author N. {number} and Émilie du Châtelet",
        "title": f"On problem {number}\n  of the theory of tests",
        "categories": "cs.LG math.CO",
        "license": None,
        "abstract": f"  We treat problem {number}.\n",
        "versions": [{"version": "v1", "created": "Wed, 1 Jan 2020 12:34:56 GMT"}],
        **changes,
    }
    return {name: value for name, value in record.items() if value is not ...}


def line(record: Mapping[str, Any]) -> bytes:
    """Return a record as one line of JSON."""
    return json.dumps(record, ensure_ascii=False).encode("utf-8") + b"\n"


def lines(*numbers: int) -> bytes:
    """Return the papers of these numbers as JSON Lines."""
    return b"".join(line(paper(number)) for number in numbers)


def contents(root: Path) -> dict[str, bytes]:
    """Return every file below a directory, hidden ones too: path to bytes."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def identities(root: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of change of everything below a directory: what no rewriting leaves alone."""
    found = {path.relative_to(root).as_posix(): path.lstat() for path in sorted(root.rglob("*"))}
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in found.items()}


def code_of(result: Result) -> str:
    """Return the code of the only error on standard error."""
    errors = [text for text in result.stderr.splitlines() if text.startswith("error: ")]
    assert len(errors) == 1, result.stderr
    return errors[0].partition(" [")[2].partition("]")[0]


def signing_key(workspace: Path) -> Path:
    """Return the public key document of a workspace that has one key."""
    (path,) = {*(workspace / "keys").glob("*.json")} - {workspace / "keys" / "pith-keys.json"}
    return path


def private_key(workspace: Path) -> Path:
    """Return the private key file of a workspace that has one key."""
    (path,) = (workspace / "keys").glob("*.pem")
    return path


def bundles(mirror: Path) -> dict[str, Path]:
    """Return the bundles of a mirror: suffix to path."""
    return {path.parent.name: path for path in sorted((mirror / "pith").glob("*/bundle.json"))}


def only_bundle(mirror: Path) -> Path:
    """Return the bundle of a mirror that holds one."""
    (path,) = bundles(mirror).values()
    return path
