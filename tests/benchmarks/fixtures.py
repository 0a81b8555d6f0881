"""Times the corpus: generating, checking and linting it, and asking the product's own adapter all of it.

The ratios are of the program's own start in the same run; the seconds are of this machine, as it was busy then.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 3


def seconds(command: Callable[[Path], Sequence[str | Path]]) -> float:
    """Return the shortest wall time of a command of three runs, each of which gets an empty folder."""
    best = float("inf")
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            arguments = [sys.executable, "-m", "pithbuilder", *map(str, command(Path(folder)))]
            start = time.perf_counter()
            done = subprocess.run(arguments, capture_output=True, cwd=ROOT, text=True)
            best = min(best, time.perf_counter() - start)
        if done.returncode != 0:
            raise SystemExit(done.stdout + done.stderr)
    return best


def main() -> None:
    """Print a table, and one JSON object as the last line."""
    adapter = f"{sys.executable} -m pithbuilder fixtures adapter"
    start = seconds(lambda folder: ["--version"])
    commands = {
        "generate": seconds(lambda folder: ["fixtures", "generate", "--out", folder / "corpus"]),
        "check": seconds(lambda folder: ["fixtures", "check"]),
        "lint": seconds(lambda folder: ["fixtures", "lint"]),
        "run": seconds(lambda folder: ["fixtures", "run", "--tool", adapter]),
    }
    vectors = json.loads((ROOT / "tests" / "corpus" / "manifest.json").read_text())["vectors"]
    print(f"{vectors} vectors; the program's start takes {start:.2f} s")
    for name, taken in commands.items():
        print(f"{name:<9} {taken:6.2f} s  {taken / start:5.1f} of the start")
    print(json.dumps({"vectors": vectors, "start": start, **commands}))


if __name__ == "__main__":
    main()
