"""The commands ``pithbuilder fixtures …``, on the whole corpus."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pithbuilder.fixtures.format_document import code_list
from pithbuilder.fixtures.scene import keys
from pithbuilder.stores.key_files import pinned_keyring
from tests.support.cli import Result, run

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpus"
VECTOR = "canonical-json/empty-object"
ADAPTER = f"{sys.executable} -m pithbuilder fixtures adapter"


def fixtures(*arguments: str | Path, cwd: Path | None = ROOT, stdin: bytes = b"") -> Result:
    return run("fixtures", *arguments, cwd=cwd, stdin=stdin)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(CORPUS, tmp_path / "corpus")
    return tmp_path / "corpus"


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_corpus_is_as_it_is_generated() -> None:
    result = fixtures("check")
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr
    assert "files are as they were generated" in result.stderr


def test_nothing_is_wrong_with_the_corpus() -> None:
    result = fixtures("lint")
    assert (result.returncode, result.stdout) == (0, ""), result.stdout[:2000]


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONHASHSEED": "0", "TZ": "UTC"},
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "4242", "PYTHONOPTIMIZE": "1", "LC_ALL": "tr_TR.UTF-8"},
    ],
    ids=["seed-0", "seed-1", "seed-4242"],
)
def test_the_same_bytes_whatever_the_environment(tmp_path: Path, env: dict[str, str]) -> None:
    result = run("fixtures", "generate", "--out", tmp_path / "new", env=env, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert digests(tmp_path / "new") == digests(CORPUS)


def test_generating_again_writes_nothing(copied: Path) -> None:
    (summary,) = fixtures("generate", "--out", copied, "--json").lines()
    assert (summary["written"], summary["removed"]) == (0, 0)


def test_every_change_is_named_and_mended(copied: Path) -> None:
    edited, gone = copied / "bundles" / "vectors.json", copied / "aliases" / "README.md"
    edited.write_bytes(edited.read_bytes().replace(b"bundles/", b"bundle/", 1))
    gone.unlink()
    (copied / "merge" / "mine.txt").write_text("mine")
    result = fixtures("check", "--corpus", copied)
    assert result.returncode == 1
    told = [line.split()[:2] for line in result.stdout.splitlines()]
    assert told == [["missing", "aliases/README.md"], ["edited", "bundles/vectors.json"], ["extra", "merge/mine.txt"]]
    refused = fixtures("generate", "--out", copied)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "corpus-edited" in refused.stderr and "bundles/vectors.json" in refused.stderr
    assert f"pithbuilder fixtures generate --out {copied} --discard-edits\n" in result.stderr
    mended = fixtures(*mending(result))
    assert mended.returncode == 0
    assert "mine.txt is no part of the corpus" in mended.stderr
    assert (copied / "merge" / "mine.txt").read_text() == "mine"
    assert [line.split()[:2] for line in fixtures("check", "--corpus", copied).stdout.splitlines()] == [
        ["extra", "merge/mine.txt"]
    ]


def mending(checked: Result) -> list[str]:
    (line,) = (line for line in checked.stderr.splitlines() if line.startswith("to mend it: "))
    return shlex.split(line)[5:]


def remove_file(copied: Path) -> None:
    (copied / "README.md").unlink()


def edit_file(copied: Path) -> None:
    (copied / "README.md").write_text("edited")


def make_stale(copied: Path) -> None:
    """What an older case wrote: listed, and otherwise."""
    manifest = json.loads((copied / "manifest.json").read_text())
    (copied / "README.md").write_text("old")
    manifest["files"]["README.md"] = hashlib.sha256(b"old").hexdigest()
    (copied / "manifest.json").write_text(json.dumps(manifest))


def damage_manifest(copied: Path) -> None:
    (copied / "manifest.json").write_text("{")


@pytest.mark.parametrize("change", [remove_file, edit_file, make_stale, damage_manifest])
def test_the_command_that_is_told_mends_it(copied: Path, change: Callable[[Path], None]) -> None:
    change(copied)
    result = fixtures("check", "--corpus", copied)
    assert result.returncode == 1
    assert ("--discard-edits" in result.stderr) is (change in (edit_file, damage_manifest))
    assert fixtures(*mending(result)).returncode == 0
    assert fixtures("check", "--corpus", copied).returncode == 0


def test_what_no_command_replaces_is_told(copied: Path) -> None:
    (copied / "README.md").unlink()
    (copied / "README.md").mkdir()
    result = fixtures("check", "--corpus", copied)
    assert result.stdout.split() == ["edited", "README.md"]
    assert f"no generation replaces {copied / 'README.md'}: move it away first" in result.stderr
    assert fixtures(*mending(result)).returncode == 1
    (copied / "README.md").rmdir()
    assert fixtures(*mending(result)).returncode == 0
    assert digests(copied) == digests(CORPUS)


def test_generating_goes_on_where_it_was_interrupted(copied: Path) -> None:
    """Killed before the manifest was written, in the middle of a file; somebody else's temporary file stays."""
    (copied / "manifest.json").unlink()
    shutil.rmtree(copied / "merge")
    (copied / "bundles" / "README.md").rename(copied / "bundles" / ".README.md.0123456789abcdef.tmp")
    result = fixtures("generate", "--out", copied)
    assert result.returncode == 0, result.stderr
    assert digests(copied) == digests(CORPUS)
    (copied / ".README.md.tmp").write_text("mine")
    (copied / "README.md").unlink()
    assert fixtures("generate", "--out", copied).returncode == 0
    assert (copied / ".README.md.tmp").read_text() == "mine"


def test_two_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pithbuilder", "fixtures", "generate", "--out", str(tmp_path / "new")]
    both = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate()[1] for process in both]
    assert 0 in (process.returncode for process in both)
    for process, text in zip(both, told, strict=True):
        assert process.returncode == 0 or "corpus-busy" in text
    assert digests(tmp_path / "new") == digests(CORPUS)


def test_generating_without_docstrings(tmp_path: Path) -> None:
    result = run("fixtures", "generate", "--out", tmp_path / "new", env={"PYTHONOPTIMIZE": "2"}, cwd=tmp_path)
    assert result.returncode == 1
    assert "fixture-purpose" in result.stderr and "-OO" in result.stderr
    assert not (tmp_path / "new").exists()


def test_a_byte_that_is_no_utf8(copied: Path) -> None:
    with (copied / "bundles" / "vectors.json").open("ab") as file:
        file.write(b"\xff")
    result = fixtures("lint", "--corpus", copied)
    assert result.returncode == 1
    assert "[lint-json]" in result.stdout
    assert "Traceback" not in result.stderr


def test_an_edited_corpus_is_not_believed(copied: Path) -> None:
    path = copied / "bundles" / "vectors.json"
    path.write_text(path.read_text().replace('"invalid"', '"valid"', 1))
    for command in (["list"], ["show", VECTOR], ["explain", VECTOR], ["run", "--tool", "false"]):
        result = fixtures(*command, "--corpus", copied)
        assert result.returncode == 1
        assert "corpus-file-digest" in result.stderr
        assert "pithbuilder fixtures check" in result.stderr


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    result = fixtures("generate", "--out", tmp_path)
    assert result.returncode == 1
    assert "corpus-foreign" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        ("aliases/vectors.json", '"rule": "5.', '"rule": "55.', "lint-manifest"),
        ("aliases/vectors.json", '"expect": {', '"expects": {', "lint-schema"),
        ("aliases/vectors.json", "  ", "   ", "lint-format"),
        ("aliases/vectors.json", "{", "[", "lint-json"),
        ("manifest.json", '"README.md": "', '"README.md": "x', "field-format"),
    ],
)
def test_what_lint_finds(copied: Path, path: str, old: str, new: str, code: str) -> None:
    text = (copied / path).read_text()
    assert old in text
    (copied / path).write_text(text.replace(old, new, 1))
    result = fixtures("lint", "--corpus", copied)
    assert result.returncode == 1
    assert f"[{code}]" in result.stdout + result.stderr


def test_lint_finds_orphans_and_missing_files(copied: Path) -> None:
    (copied / "bundles" / "files" / "orphan.json").write_text("{}")
    named = next(path for path in sorted((copied / "events" / "files").iterdir()))
    named.unlink()
    found = {(line["code"], line["where"]) for line in fixtures("lint", "--corpus", copied, "--json").lines()}
    assert ("lint-orphan", "bundles/files/orphan.json") in found
    assert ("lint-file", f"events/files/{named.name}") in found


def test_a_corpus_that_leads_out_of_its_folder(copied: Path) -> None:
    path = copied / "bundles" / "vectors.json"
    edited = path.read_bytes().replace(b'"file": "bundles/', b'"file": "a/../../bundles/', 1)
    manifest = (copied / "manifest.json").read_text()
    old, new = (hashlib.sha256(data).hexdigest() for data in (path.read_bytes(), edited))
    path.write_bytes(edited)
    (copied / "manifest.json").write_text(manifest.replace(old, new))
    result = fixtures("list", "--corpus", copied)
    assert result.returncode == 1
    assert "not a path below the directory" in result.stderr


def test_list() -> None:
    listed = fixtures("list", "--json").lines()
    manifest = json.loads((CORPUS / "manifest.json").read_text())
    assert len(listed) == manifest["vectors"]
    assert len({vector["id"] for vector in listed}) == len(listed)
    some = fixtures("list", "--family", "bundles", "--code", "bundle-digest", "--json").lines()
    assert some and all("bundle-digest" in vector["codes"] for vector in some)
    by_rule = fixtures("list", "--rule", "1.2", "--flag", "security", "--json").lines()
    assert by_rule and all(vector["rule"].startswith("1.2") and "security" in vector["flags"] for vector in by_rule)
    assert fixtures("list", "--code", "no-such-code").returncode == 1


def test_show() -> None:
    (shown,) = fixtures("show", VECTOR).lines()
    spelt = json.loads((CORPUS / "canonical-json" / "vectors.json").read_text())["vectors"]
    assert shown == next(vector for vector in spelt if vector["id"] == VECTOR)
    (request,) = fixtures("show", VECTOR, "--request").lines()
    assert '{"base64": "eyB9"}' in (CORPUS / "README.md").read_text()
    assert request == {"id": VECTOR, "operation": "canonicalize", "input": {"json": {"base64": "eyB9"}}}


def test_show_of_a_vector_with_a_file_names_the_same_file() -> None:
    spelt = json.loads((CORPUS / "bundles" / "vectors.json").read_text())["vectors"][0]
    assert fixtures("show", spelt["id"]).lines() == [spelt]


def test_an_unknown_vector() -> None:
    result = fixtures("show", "canonical-json/empty-objekt")
    assert result.returncode == 1
    assert f"hint: perhaps {VECTOR}" in result.stderr


def test_explain_a_vector() -> None:
    result = fixtures("explain", VECTOR)
    assert result.returncode == 0
    assert "docs/format/01-json.md" in result.stdout


def test_explain_a_code() -> None:
    (told,) = fixtures("explain", "bundle-digest", "--json").lines()
    assert told["purpose"] == code_list()["bundle-digest"]
    assert any(value.startswith("bundles/") for value in told["facts"]["decided by"])


def test_new(tmp_path: Path) -> None:
    arguments = ("new", "bundles/a-new-one", "--rule", "10.3", "--code", "links")
    printed = fixtures(*arguments)
    assert printed.returncode == 0
    assert 'def a_new_one() -> Draft:\n    """' in printed.stdout
    assert 'return invalid("verify", "links"' in printed.stdout
    module = tmp_path / "more.py"
    for name in ("a-new-one", "another"):
        assert fixtures("new", f"bundles/{name}", "--rule", "10.3", "--module", module).returncode == 0
    compile(module.read_text(), "more.py", "exec")
    assert module.read_text().count("@vector(") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere/name", "--rule", "10.3"], "fixture-family"),
        (["bundles/Bad_Name", "--rule", "10.3"], "fixture-name"),
        (["bundles/name", "--rule", "99.9"], "fixture-rule"),
        (["bundles/name", "--rule", "10.3", "--operation", "fly"], "fixture-operation"),
        (["bundles/name", "--rule", "10.3", "--code", "no-such-code"], "fixture-code"),
        (["name", "--rule", "10.3"], "FAMILY/NAME"),
        ([VECTOR, "--rule", "1.1"], "already"),
    ],
)
def test_a_new_vector_that_cannot_be(arguments: list[str], told: str) -> None:
    result = fixtures("new", *arguments)
    assert result.returncode in (1, 2)
    assert told in result.stderr


def test_the_adapter_passes_everything() -> None:
    result = fixtures("run", "--tool", ADAPTER, "--json")
    assert result.returncode == 0, result.stdout[-3000:]


def test_the_adapter_with_a_process_for_each_vector() -> None:
    command = ("run", "--tool", ADAPTER, "--per-vector", "--family", "aliases")
    assert fixtures(*command).returncode == 0


def test_a_request_that_is_none() -> None:
    result = fixtures("adapter", stdin=b'{"id": "x", "operation": "canonicalize", "input": {}}\n')
    assert result.returncode == 1
    assert "fixture-input" in result.stderr


def test_garbage_does_not_keep_the_adapter_from_the_next_request() -> None:
    request = b'{"id": "%s", "operation": "category", "input": {"text": "cs.LG"}}\n'
    asked = request % b"a" + b'garbage\n{"id": "x"}\n\n' + request % b"b"
    result = fixtures("adapter", stdin=asked)
    assert result.returncode == 1
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["a", "b"]
    told = result.stderr.splitlines()
    assert [line.split(":")[1].strip() for line in told] == ["line 2", "line 3", "line 4"]


def test_no_key_of_the_corpus_is_trusted_unasked() -> None:
    pinned = pinned_keyring()
    assert all(key.key_id not in pinned for key in keys.ALL)
    assert all(not pinned.names(key.private.public_key) for key in keys.ALL)
    assert all("test-only" in key.key_id and "TEST ONLY" in str(key.value["notes"]) for key in keys.ALL)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    arguments = ("--signer-id", "registry.example", "--base-url", "https://registry.example", "--no-passphrase")
    result = run("init", folder, *arguments)
    assert result.returncode == 0, result.stderr
    return folder


def test_pack_and_unpack(tmp_path: Path, workspace: Path) -> None:
    archives = [tmp_path / name for name in ("one.tar.gz", "two.tar.gz")]
    for archive in archives:
        result = fixtures("pack", "--workspace", workspace, "--out", archive)
        assert result.returncode == 0, result.stderr
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with tarfile.open(archives[0]) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert {(member.mtime, member.uid, member.uname, member.mode) for member in members} == {(0, 0, "", 0o644)}
    assert fixtures("unpack", archives[0]).returncode == 3
    trusted = fixtures("unpack", archives[0], "--trust", workspace / "keys", "--out", tmp_path / "out")
    assert trusted.returncode == 0, trusted.stdout
    there = digests(tmp_path / "out")
    assert there.items() >= digests(CORPUS).items()
    assert there.keys() - digests(CORPUS).keys() == {"SHA256SUMS", "manifest.signature.json"}
    (tmp_path / "out" / "merge" / "README.md").unlink()
    again = fixtures("unpack", archives[0], "--trust", workspace / "keys", "--out", tmp_path / "out")
    assert again.returncode == 0
    assert "wrote 1 files" in again.stderr
    assert digests(tmp_path / "out") == there
    (tmp_path / "out" / "merge" / "README.md").write_text("mine")
    again = fixtures("unpack", archives[0], "--trust", workspace / "keys", "--out", tmp_path / "out")
    assert again.returncode == 1
    assert "corpus-foreign" in again.stderr
    sums = (tmp_path / "out" / "SHA256SUMS").read_text().splitlines()
    assert {line[66:]: line[:64] for line in sums} == {path: d for path, d in there.items() if path != "SHA256SUMS"}


def test_an_archive_is_not_written_into_the_corpus(copied: Path, workspace: Path) -> None:
    before = digests(copied)
    for name in ("README.md", "new.tar.gz"):
        result = fixtures("pack", "--corpus", copied, "--workspace", workspace, "--out", copied / name)
        assert result.returncode == 2
        assert "is inside the corpus" in result.stderr
    assert digests(copied) == before


def test_a_corpus_that_drifted_is_not_packed(copied: Path, workspace: Path, tmp_path: Path) -> None:
    (copied / "README.md").write_text("edited")
    result = fixtures("pack", "--corpus", copied, "--workspace", workspace, "--out", tmp_path / "x.tar.gz")
    assert result.returncode == 1
    assert "corpus-drift" in result.stderr
    assert not (tmp_path / "x.tar.gz").exists()
