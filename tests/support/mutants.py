"""Runs the corpus against the product with one piece of its source replaced: a mutant.

As a program, it reads a :class:`Mutant` as one JSON object from standard input. It puts the mutant in its place before
anything of the product is imported, asks vectors, and prints a :class:`Found`. The corpus is read here by hand, for the
mutant could also break what the product reads it with.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
CORPUS: Final = ROOT / "tests" / "corpus"
TIMEOUT: Final = 120

# Where a valid vector is looked for that a mutant leaves as it was, if there is none in its own family.
OTHER_FAMILIES: Final = ("text-and-authors", "canonical-json", "receipts")


class Mutant(NamedTuple):
    """A piece of source, what stands in its place, and who must notice.

    Attributes:
        name: What is broken, in words joined by hyphens.
        module: The module, with dots.
        old: The piece, which stands in the module exactly once.
        new: What replaces it.
        family: The family of the corpus of which one vector at least is answered otherwise.
    """

    name: str
    module: str
    old: str
    new: str
    family: str


class Found(NamedTuple):
    """What became of a mutant.

    Attributes:
        caught: The first vector that is answered otherwise than it must be; empty where the mutant lives.
        crashed: The first vector at which it died instead of answering; that alone does not catch it.
        unharmed: A valid vector that is answered as it must be; empty where there is none: then all is broken.
        loaded: Whether the mutant was imported at all.
    """

    caught: str = ""
    crashed: str = ""
    unharmed: str = ""
    loaded: bool = False


class MutantLoader(SourceFileLoader):
    """Loads a module whose source has been changed; no byte code is written or read."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class MutantFinder(MetaPathFinder):
    """Finds the mutant in the place of one module."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self._name = name
        self._path = str(path)
        self._source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = MutantLoader(fullname, self._path, self._source)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=loader)


def mutate(mutant: Mutant) -> None:
    """Replace a piece of a module's source, which must stand there exactly once."""
    path = ROOT.joinpath(*mutant.module.split(".")).with_suffix(".py")
    source = path.read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.module}: the piece stands there {source.count(mutant.old)} times:\n{mutant.old}")
    changed = source.replace(mutant.old, mutant.new)
    compile(changed, str(path), "exec", dont_inherit=True)
    sys.meta_path.insert(0, MutantFinder(mutant.module, path, changed))


def is_loaded(module: str) -> bool:
    """Say whether a module was loaded, and from the changed source."""
    return module in sys.modules and isinstance(sys.modules[module].__loader__, MutantLoader)


def vectors_of(family: str) -> Iterator[dict[str, Any]]:
    """Yield the vectors of a family but for the large ones, every byte string as a question has it."""
    listed = json.loads((CORPUS / family / "vectors.json").read_text(encoding="utf-8"))["vectors"]
    for vector in listed:
        if "large" not in vector["flags"]:
            expect = dict(vector["expect"])
            if "output" in expect:
                expect["output"] = members_of(expect["output"])
            yield {**vector, "input": members_of(vector["input"]), "expect": expect}


def members_of(value: dict[str, Any]) -> dict[str, Any]:
    return {name: written_out(member) for name, member in value.items()}


def written_out(value: Any) -> Any:
    """Return a value of a vector with every byte string as ``{"base64": …}``."""
    if isinstance(value, list):
        return [written_out(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"text": str(text)} if len(value) == 1:
            return in_base64(text.encode())
        case {"file": str(path), "sha256": str()} if len(value) == 2:
            return in_base64((CORPUS / path).read_bytes())
        case {"repeat": {"before": str(before), "unit": str(unit), "times": int(times), "after": str(after)}}:
            return in_base64((before + unit * times + after).encode())
    return members_of(value)


def in_base64(data: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(data).decode("ascii")}


def is_answered(vector: dict[str, Any]) -> bool:
    """Say whether the product answers a vector as it must."""
    from pithbuilder.fixtures.operations.dispatch import answer

    told, expect = answer(vector["operation"], vector["input"]), vector["expect"]
    same = (told.result, told.code or None) == (expect["result"], expect.get("code"))
    same = same and ("path" not in expect or expect["path"] == told.path)
    return same and ("output" not in expect or expect["output"] == told.output)


def look_for(mutant: Mutant) -> Found:
    """Ask the vectors of the mutant's family until it is caught, and then those that may still be answered well."""
    caught = crashed = unharmed = ""
    for family in dict.fromkeys((mutant.family, *OTHER_FAMILIES)):
        for vector in vectors_of(family):
            is_valid = vector["expect"]["result"] == "valid"
            if (caught and not is_valid) or (caught and unharmed):
                continue
            try:
                answered = is_answered(vector)
            except Exception:
                crashed = crashed or vector["id"]
                continue
            if answered and is_valid:
                unharmed = unharmed or vector["id"]
            elif not answered and family == mutant.family:
                caught = caught or vector["id"]
        if unharmed:
            break
    return Found(caught, crashed, unharmed, is_loaded(mutant.module))


def run_mutant(mutant: Mutant, environment: dict[str, str]) -> Found:
    """Return what becomes of a mutant in a process of its own.

    Raises:
        AssertionError: That process ended otherwise than it should; with what it said.
    """
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.mutants"],
        input=json.dumps(mutant._asdict()),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=TIMEOUT,
    )
    assert result.returncode == 0, f"{mutant.name}: {result.stderr[-2000:]}"
    return Found(**json.loads(result.stdout))


if __name__ == "__main__":
    asked = Mutant(**json.load(sys.stdin))
    mutate(asked)
    print(json.dumps(look_for(asked)._asdict()))
