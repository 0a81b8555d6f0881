"""How long ``pithbuilder --help`` takes, as a multiple of ``python -c pass``. Run by hand; at most 3 is wanted.

Usage: python tests/benchmarks/startup.py [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "pithbuilder --help": [str(Path(sys.executable).with_name("pithbuilder")), "--help"],
    "pithbuilder mint --help": [str(Path(sys.executable).with_name("pithbuilder")), "mint", "--help"],
}


def main() -> None:
    """Time each command in turn, round after round, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds + 1):
        for name, command in COMMANDS.items():
            begin = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[name].append(time.perf_counter() - begin)
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}
    limit = medians["python -c pass"]
    for name, median in medians.items():
        print(f"{name:<26} {median * 1000:8.1f} ms {median / limit:6.2f} x")
    print(json.dumps({"ratio_to_limit": round(medians["pithbuilder --help"] / limit, 2)}))


if __name__ == "__main__":
    main()
