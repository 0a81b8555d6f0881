"""The house: imports go down, never up, never sideways; each foreign library has one door; rooms stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pithbuilder"
FLOORS = {
    "core": 0,
    "documents": 1,
    "signing": 2,
    "merge": 3,
    "issuing": 4,
    "verify": 4,
    "sources": 5,
    "stores": 5,
    "bulk": 6,
    "custody": 6,
    "interop": 6,
    "fixtures": 7,
    "cli": 8,
}
# Library to the only files, or folders, that may import it.
DOORS = {
    "jcs": ["core/canonical_json.py"],
    "orjson": ["core/canonical_json.py"],
    "jiter": ["documents/wire.py"],
    "base58": ["core/encoding.py"],
    "cryptography": ["signing/ed25519.py", "signing/pkcs8.py"],
    "nacl": ["signing/backends/sodium.py"],
    "pkcs11": ["signing/backends/pkcs11.py"],
    "pyrage": ["stores/archive.py"],
    "click": ["cli/"],
    "rich": ["cli/"],
    "sqlite3": ["stores/"],
    "tomllib": ["stores/"],
    "socket": ["signing/backends/ssh_agent.py"],
    "subprocess": [
        "signing/backends/external.py",
        "interop/history_graph.py",
        "fixtures/conformance/tool_process.py",
    ],
    "graphviz": ["interop/history_graph.py"],
    "urllib.request": [],
    "urllib3": ["sources/http.py"],
    "tenacity": ["sources/http.py"],
    "xml.parsers": ["sources/xml_outline.py"],
    "gzip": ["sources/compressed.py", "stores/corpus_archive.py"],
    "zlib": ["sources/compressed.py", "stores/corpus_archive.py"],
    "jsonschema": ["fixtures/corpus/lint.py"],
    "backports": ["sources/compressed.py"],
    "compression": ["sources/compressed.py"],
    "lxml": ["sources/xml_records.py"],
}
# What only stores/ (and the command line, for its help text) may call.
DISK = {"open", "mkdir", "unlink", "rename", "replace_file", "read_bytes", "read_text", "write_bytes", "write_text"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node, name.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield node, node.module or ""


def test_the_package_is_there() -> None:
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_go_down(path: Path) -> None:
    parts = path.relative_to(PACKAGE).parts
    if len(parts) == 1:
        return  # the package's own front door: errors.py imports nothing, __init__ loads lazily
    floor = FLOORS[parts[0]]
    for _, name in imports(ast.parse(path.read_text())):
        steps = name.split(".")
        if steps[0] == "pithbuilder" and len(steps) > 1 and steps[1] in FLOORS:
            assert steps[1] == parts[0] or FLOORS[steps[1]] < floor, f"{relative(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_foreign_libraries_have_one_door(path: Path) -> None:
    for _, name in imports(ast.parse(path.read_text())):
        for library, doors in DOORS.items():
            if name == library or name.startswith(f"{library}."):
                assert any(relative(path).startswith(door) for door in doors), f"{relative(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_import_hides_in_a_function_to_break_a_circle(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for _, name in imports(function):
                hidden = name.startswith("pithbuilder") and relative(path) != "cli/main.py"
                assert not hidden, f"{relative(path)}: {function.name} imports {name}"


def test_modules_form_no_circle() -> None:
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        name = ".".join(("pithbuilder", *path.relative_to(PACKAGE).with_suffix("").parts))
        graph[name] = {
            target for node, target in imports(ast.parse(path.read_text())) if target.startswith("pithbuilder.")
        }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for target in graph.get(name, ()):
                walk(target, (*trail, name))
            done.add(name)

    for name in graph:
        if name != "pithbuilder.__init__":
            walk(name, ())


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_only_stores_touch_the_disk(path: Path) -> None:
    inside = ("documents/schemas/", "fixtures/format_document.py", "fixtures/scene/published.py")
    if relative(path).startswith(("stores/", "cli/main.py", *inside)):
        return  # schemas, documents and published seeds are read from inside the package
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            owner = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
            allowed = owner in ("Workspace", "os") and relative(path).startswith("cli/")
            allowed |= owner.endswith("Signer")  # opens a connection, a token, a program: no file
            assert name not in DISK or allowed, f"{relative(path)}:{node.lineno} calls {name}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_rooms_stay_small(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= 500, "split before 500 lines"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 70, f"{node.name} is too long"


def test_a_room_above_would_be_noticed() -> None:
    """The check itself can fail."""
    tree = ast.parse("def f():\n    from pithbuilder.cli.app import app\n")
    assert [name for _, name in imports(tree)] == ["pithbuilder.cli.app"]
