"""``pithbuilder mint``: which files, which bytes, and that nothing is ever made twice."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from pithbuilder.core.pith_number import PithNumber
from pithbuilder.stores.ledger import Ledger, LedgerRow
from tests.support.cli import (
    CLOCK,
    OTHER_CLOCK,
    SNAPSHOT,
    bundles,
    code_of,
    contents,
    finish,
    identities,
    line,
    lines,
    make_workspace,
    mint,
    only_bundle,
    paper,
    run,
    start,
)

FILES = ("pith/{}/bundle.json", "pith/{}/state.json", "pith/{}.json", ".well-known/pith/{}/bundle.json")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which nothing was minted; not to be changed."""
    return make_workspace(tmp_path_factory.mktemp("fresh") / "w")


@pytest.fixture(scope="module")
def minted_once(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the first paper was minted; not to be changed."""
    root = Path(shutil.copytree(fresh, tmp_path_factory.mktemp("minted") / "w"))
    assert mint(root, lines(1)).returncode == 0
    return root


@pytest.fixture
def workspace(fresh: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(fresh, tmp_path / "w"))


@pytest.fixture
def minted(minted_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(minted_once, tmp_path / "w"))


ROOT_FILES = ("pith-keys.json", "pith-mirrors.json", "pith-signing-key.json")


def expected_paths(*numbers: str) -> list[str]:
    paths = [path.format(number.rpartition(":")[2]) for number in numbers for path in FILES]
    return sorted([*paths, *ROOT_FILES])


def receipt_of(bundle: Path) -> dict[str, Any]:
    document = json.loads(bundle.read_bytes())
    (event,) = (event for event in document["events"] if event["event_type"] == "record_created")
    receipt = event["payload"]["receipt"]
    assert isinstance(receipt, dict)
    return receipt


def test_exactly_these_files_in_canonical_form(workspace: Path) -> None:
    done = mint(workspace, SNAPSHOT)
    assert done.returncode == 0
    assert "minted 3, failed 0" in done.stderr.splitlines()
    mirror = workspace / "mirror"
    numbers = json.loads((SNAPSHOT.parent / "snapshot.expected.json").read_bytes()).values()
    files = contents(mirror)
    assert sorted(files) == expected_paths(*numbers)
    for name, data in files.items():
        assert rfc8785.dumps(json.loads(data)) == data, name
    for number in numbers:
        suffix = number.rpartition(":")[2]
        bundle = json.loads(files[f"pith/{suffix}/bundle.json"])
        assert bundle["pith_number"] == number
        assert files[f".well-known/pith/{suffix}/bundle.json"] == files[f"pith/{suffix}/bundle.json"]
        assert json.loads(files[f"pith/{suffix}/state.json"]) == bundle["state"]
        record = json.loads(files[f"pith/{suffix}.json"])
        assert record["pith_number"] == number
        assert record["receipt"] == receipt_of(mirror / f"pith/{suffix}/bundle.json")
        assert record["receipt"]["first_computed_at"] == CLOCK
    for row, number in zip(done.stdout.splitlines(), numbers, strict=True):
        assert row.split()[:2] == ["minted", number]


def test_json_prints_json_lines_only(workspace: Path) -> None:
    done = mint(workspace, lines(1) + b"{}\n" + lines(2), "--json")
    assert done.returncode == 1
    assert [(row["status"], row["place"]) for row in done.lines()] == [
        ("minted", "<stdin>:1"),
        ("failed", "<stdin>:2"),
        ("minted", "<stdin>:3"),
    ]
    assert done.lines()[0]["source_id"] == "2001.00001"
    assert done.lines()[0]["source_version"] == 1
    assert done.lines()[1]["error"]["code"] == "field-missing"


def test_out_takes_the_place_of_the_mirror(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    done = mint(workspace, lines(1), "--out", out, "--json")
    assert done.returncode == 0
    assert sorted(contents(out)) == expected_paths(done.lines()[0]["pith_number"])
    assert not (workspace / "mirror").exists()


def test_mirror_out_of_the_profile_is_below_the_workspace(workspace: Path) -> None:
    profile = workspace / "pith.toml"
    profile.write_text(profile.read_text().replace('out = "mirror"', 'out = "public/files"'))
    assert mint(workspace, lines(1)).returncode == 0
    assert len(contents(workspace / "public" / "files")) == 7
    assert not (workspace / "mirror").exists()


def test_the_current_directory_is_the_default_workspace(workspace: Path) -> None:
    done = run("mint", "-", stdin=lines(1), cwd=workspace)
    assert done.returncode == 0
    assert len(contents(workspace / "mirror")) == 7


def test_minting_again_touches_nothing(workspace: Path) -> None:
    first = mint(workspace, SNAPSHOT, "--json")
    mirror = workspace / "mirror"
    files, before = contents(mirror), identities(mirror)
    for clock in (CLOCK, OTHER_CLOCK):
        again = mint(workspace, SNAPSHOT, "--json", clock=clock)
        assert again.returncode == 0
        assert [row["status"] for row in again.lines()] == ["unchanged"] * 3
        assert [row["pith_number"] for row in again.lines()] == [row["pith_number"] for row in first.lines()]
        assert contents(mirror) == files
        assert identities(mirror) == before
    assert "unchanged 3, failed 0" in again.stderr.splitlines()


def test_more_papers_leave_the_old_ones_alone(workspace: Path) -> None:
    mint(workspace, lines(1, 2))
    mirror = workspace / "mirror"
    before = {name: data for name, data in identities(mirror).items() if name.endswith(".json")}
    done = mint(workspace, lines(3, 1, 2), "--json", clock=OTHER_CLOCK)
    assert [row["status"] for row in done.lines()] == ["minted", "unchanged", "unchanged"]
    assert identities(mirror).items() >= before.items()
    new = mirror / FILES[0].format(done.lines()[0]["pith_number"].rpartition(":")[2])
    assert receipt_of(new)["first_computed_at"] == OTHER_CLOCK


def test_the_same_paper_twice_in_one_file(workspace: Path) -> None:
    done = mint(workspace, lines(1, 1), "--json")
    assert done.returncode == 0
    assert [row["status"] for row in done.lines()] == ["minted", "unchanged"]


def test_a_new_version_has_its_own_number(workspace: Path) -> None:
    versions = [
        {"version": "v1", "created": "Wed, 1 Jan 2020 12:34:56 GMT"},
        {"version": "v2", "created": "Thu, 2 Jan 2020 12:34:56 GMT"},
    ]
    done = mint(workspace, lines(1) + line(paper(1, versions=versions)), "--json")
    assert [(row["status"], row["source_version"]) for row in done.lines()] == [("minted", 1), ("minted", 2)]
    assert len({row["pith_number"] for row in done.lines()}) == 2


@pytest.mark.parametrize("name", [*FILES, *ROOT_FILES])
@pytest.mark.parametrize("damage", ["deleted", "emptied", "changed", "half a file"])
def test_one_missing_or_damaged_file_is_restored_to_the_byte(minted: Path, name: str, damage: str) -> None:
    mirror = minted / "mirror"
    files, before = contents(mirror), identities(mirror)
    suffix = only_bundle(mirror).parent.name
    path = mirror / name.format(suffix)
    if damage == "deleted":
        path.unlink()
    else:
        data = path.read_bytes()
        damaged = {"emptied": b"", "changed": data.replace(b"pith", b"pjth", 1), "half a file": data[: len(data) // 2]}[
            damage
        ]
        path.write_bytes(damaged)
    done = mint(minted, lines(1), "--json")
    if damage != "deleted" and name == FILES[0]:
        assert done.returncode == 1
        assert done.lines()[0]["error"]["code"] == "stored-bundle"
        assert path.read_bytes() == damaged
        path.unlink()
        done = mint(minted, lines(1), "--json")
    assert done.returncode == 0
    assert done.lines()[0]["status"] == ("restored" if name in FILES else "unchanged")
    assert contents(mirror) == files
    touched = {path.relative_to(mirror).as_posix(), path.parent.relative_to(mirror).as_posix()}
    after = identities(mirror)
    assert {entry for entry in before if after[entry] != before[entry]} <= touched


@pytest.mark.parametrize("gone", ["bundle", "both copies", "the whole number", "the whole mirror"])
def test_what_is_gone_is_made_again_with_its_first_time(workspace: Path, gone: str) -> None:
    mint(workspace, lines(1, 2))
    mirror = workspace / "mirror"
    files = contents(mirror)
    suffix = next(iter(bundles(mirror)))
    if gone == "the whole mirror":
        shutil.rmtree(mirror)
    else:
        count = {"bundle": 1, "both copies": 4, "the whole number": 4}[gone]
        for name in FILES[:count]:
            if gone != "both copies" or name.endswith("bundle.json"):
                (mirror / name.format(suffix)).unlink()
    done = mint(workspace, lines(1, 2), "--json", clock=OTHER_CLOCK)
    assert done.returncode == 0
    assert sorted(row["status"] for row in done.lines()) == (
        ["restored", "restored"] if gone == "the whole mirror" else ["restored", "unchanged"]
    )
    after = contents(mirror)
    if gone == "the whole mirror":  # only the ledger and the key know anything; the manifest has a new time
        files.pop("pith-mirrors.json")
        after.pop("pith-mirrors.json")
    assert after == files


def _without_ledger(workspace: Path) -> None:
    for path in workspace.glob("ledger.sqlite3*"):
        path.unlink()


def _with_ledger(workspace: Path) -> None:
    assert (workspace / "ledger.sqlite3").exists()


@pytest.mark.parametrize("prepare", [_with_ledger, _without_ledger])
@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another title"},
        {"abstract": "Another abstract"},
        {"categories": "cs.LG"},
        {"license": "http://creativecommons.org/licenses/by/4.0/"},
        {"versions": [{"version": "v1", "created": "Wed, 1 Jan 2020 12:34:57 GMT"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_changed_text_is_drift(minted: Path, change: dict[str, Any], prepare: Callable[[Path], None]) -> None:
    prepare(minted)
    mirror = minted / "mirror"
    before = identities(mirror)
    files = contents(mirror)
    source = line(paper(1, **change)) + lines(2)
    done = mint(minted, source, "--json", clock=OTHER_CLOCK)
    assert done.returncode == 1
    drifted, other = done.lines()
    assert (drifted["status"], other["status"]) == ("failed", "minted")
    assert drifted["error"]["code"] == "drift"
    assert "<stdin>:1: paper 2001.00001v1" in drifted["error"]["where"]
    after = contents(mirror)
    assert {name: after[name] for name in files} == files
    assert {name for name, data in identities(mirror).items() if before.get(name, data) != data} <= {
        "pith",
        ".well-known/pith",
    }
    suffix = other["pith_number"].rpartition(":")[2]
    assert sorted(after.keys() - files.keys()) == sorted(path.format(suffix) for path in FILES)
    assert "minted 1, failed 1" in done.stderr.splitlines()
    assert mint(minted, lines(1, 2)).returncode == 0


def test_what_does_not_belong_to_the_record_is_no_drift(minted: Path) -> None:
    files = contents(minted / "mirror")
    source = line(paper(1, submitter="Someone", title="ON  PROBLEM 1 of the theory\n of tests", comments="9 pages"))
    assert mint(minted, source).returncode == 0
    assert contents(minted / "mirror") == files


def test_a_ledger_that_is_gone_is_rebuilt_from_the_mirror(workspace: Path) -> None:
    mint(workspace, lines(1, 2, 3))
    mirror = workspace / "mirror"
    before = identities(mirror)
    with sqlite3.connect(workspace / "ledger.sqlite3") as connection:
        rows = connection.execute("SELECT * FROM records").fetchall()
    connection.close()
    _without_ledger(workspace)
    done = mint(workspace, lines(1, 2, 3), "--json", clock=OTHER_CLOCK)
    assert done.returncode == 0
    assert [row["status"] for row in done.lines()] == ["unchanged"] * 3
    assert "took 3 numbers from it" in done.stderr
    assert identities(mirror) == before
    with sqlite3.connect(workspace / "ledger.sqlite3") as connection:
        assert sorted(connection.execute("SELECT * FROM records").fetchall()) == sorted(rows)
    connection.close()


def test_a_ledger_is_not_rebuilt_from_somebody_elses_mirror(workspace: Path, tmp_path: Path) -> None:
    other = make_workspace(tmp_path / "other", "--key-id", "theirs")
    mint(other, lines(1))
    files = contents(other / "mirror")
    done = mint(workspace, lines(1), "--out", other / "mirror")
    assert done.returncode == 1
    assert code_of(done) == "stored-bundle"
    assert contents(other / "mirror") == files


def test_a_damaged_ledger_is_reported_and_can_be_moved_away(minted: Path) -> None:
    before = identities(minted / "mirror")
    ledger = minted / "ledger.sqlite3"
    ledger.write_bytes(b"this is no database" * 1000)
    for options in ((), ("--dry-run",)):
        done = mint(minted, lines(1), *options)
        assert done.returncode == 1
        assert code_of(done) == "ledger-unreadable"
        assert "hint: " in done.stderr
    _without_ledger(minted)
    assert mint(minted, lines(1), clock=OTHER_CLOCK).returncode == 0
    assert identities(minted / "mirror") == before


def test_a_ledger_of_a_later_version_is_left_alone(minted: Path) -> None:
    ledger = minted / "ledger.sqlite3"
    connection = sqlite3.connect(ledger)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    done = mint(minted, lines(2))
    assert done.returncode == 1
    assert code_of(done) == "ledger-newer"
    assert len(bundles(minted / "mirror")) == 1


def test_a_clock_makes_it_reproducible_to_the_byte(workspace: Path, tmp_path: Path) -> None:
    copies = [Path(shutil.copytree(workspace, tmp_path / name)) for name in ("one", "two")]
    for copy in copies:
        assert mint(copy, SNAPSHOT).returncode == 0
    one, two = (contents(copy / "mirror") for copy in copies)
    assert one == two
    third = Path(shutil.copytree(workspace, tmp_path / "three"))
    assert mint(third, SNAPSHOT, clock=OTHER_CLOCK).returncode == 0
    changed = contents(third / "mirror")
    assert sorted(changed) == sorted(one)
    assert [name for name in one if one[name] == changed[name]] == ["pith-keys.json", "pith-signing-key.json"]


@pytest.mark.parametrize("text", ["2026-05-18T00:15:26Z", "2026-05-18T00:15:26.000000Z"])
def test_a_clock_in_seconds_or_microseconds(workspace: Path, text: str) -> None:
    assert mint(workspace, lines(1), clock=text).returncode == 0
    assert receipt_of(only_bundle(workspace / "mirror"))["first_computed_at"] == "2026-05-18T00:15:26.000000Z"


def test_two_minters_at_once(workspace: Path) -> None:
    first = start("mint", "-", "--workspace", workspace, "--clock", CLOCK)
    try:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write(lines(1))
        first.stdin.flush()
        assert first.stdout.readline().startswith(b"minted")
        files = contents(workspace / "mirror")
        second = mint(workspace, lines(2))
        assert second.returncode == 1
        assert second.stdout == ""
        assert code_of(second) == "workspace-busy"
        assert contents(workspace / "mirror") == files
        assert mint(workspace, lines(2), "--dry-run").returncode == 0
        done = finish(first, lines(3))
    finally:
        first.kill()
    assert done.returncode == 0
    assert "minted 2, failed 0" in done.stderr
    assert mint(workspace, lines(2)).returncode == 0
    assert len(bundles(workspace / "mirror")) == 3


def _taken(workspace: Path, suffix: str, shared: int) -> None:
    """Let the ledger know an older number that shares so many characters with this one."""
    other = "A" if suffix[shared] != "A" else "B"
    with Ledger(workspace / "ledger.sqlite3") as ledger:
        ledger.add(
            LedgerRow(
                source_id=f"1901.{shared:05d}",
                source_version=1,
                canonical_sha256="00" * 32,
                pith_number=PithNumber(2019, suffix[:shared] + other + suffix[shared + 1 :]),
                short_length=8,
                first_computed_at=CLOCK,
                key_id="older",
            )
        )


@pytest.mark.parametrize(
    ("shared", "short_length"),
    [((7,), 8), ((8,), 12), ((12,), 16), ((15,), 16), ((16,), 26), ((8, 12, 16, 25), 26)],
    ids=repr,
)
def test_a_short_alias_that_is_taken_is_left_out(workspace: Path, shared: tuple[int, ...], short_length: int) -> None:
    number = mint(workspace, lines(1), "--dry-run", "--json").lines()[0]["pith_number"]
    suffix = number.rpartition(":")[2]
    for length in shared:
        _taken(workspace, suffix, length)
    short = f"pith:{suffix[:short_length]}"
    foretold = mint(workspace, lines(1), "--dry-run", "--json")
    done = mint(workspace, lines(1), "--json")
    assert done.returncode == 0
    for said in (foretold, done):
        assert said.lines()[0]["short_pith_number"] == short
        assert (f"its short number is {short}" in said.stderr) == (short_length > 8)
    mirror = workspace / "mirror"
    bundle = json.loads(only_bundle(mirror).read_bytes())
    assert bundle["short_pith_number"] == short
    kept = {f"pith_short_{length}": suffix[:length] for length in (8, 12, 16) if length >= short_length}
    aliases = {alias["alias_kind"]: alias["alias_value"] for alias in bundle["source_aliases"]}
    assert {kind: value for kind, value in aliases.items() if kind.startswith("pith_short")} == kept
    record = json.loads((mirror / FILES[2].format(suffix)).read_bytes())
    assert record["short_pith_number"] == short
    verified = run("verify", mirror, "--trust", workspace / "keys", "--json")
    assert verified.returncode == 0, verified.stdout
    before = identities(mirror)
    again = mint(workspace, lines(1), "--json")
    assert again.lines()[0]["status"] == "unchanged"
    assert again.lines()[0]["short_pith_number"] == short
    _without_ledger(workspace)
    rebuilt = mint(workspace, lines(1), "--json")
    assert rebuilt.lines()[0]["status"] == "unchanged"
    assert rebuilt.lines()[0]["short_pith_number"] == short
    assert identities(mirror) == before


def test_a_files_name_may_be_odd(workspace: Path, tmp_path: Path) -> None:
    for name in ("-", "a b", "é\n", "\x1b[31mred", "$(x)", "\udcff", "%s {}"):
        path = tmp_path / name
        path.write_bytes(line(paper(1, title="")))
        done = (
            mint(workspace, path, "--json")
            if name != "-"
            else run("mint", "./-", "--workspace", workspace, cwd=tmp_path)
        )
        assert done.returncode == 1
        assert code_of(done) == "field-empty"
        assert "\x1b" not in done.stderr
        assert len([row for row in done.stderr.splitlines() if row.startswith("error: ")]) == 1


@pytest.mark.parametrize("blocker", ["pith", ".well-known", *ROOT_FILES])
def test_something_in_the_way_is_reported(workspace: Path, blocker: str) -> None:
    (workspace / "mirror").mkdir()
    path = workspace / "mirror" / blocker
    if blocker.endswith(".json"):
        path.mkdir()
    else:
        path.write_text("in the way")
    done = mint(workspace, lines(1))
    assert done.returncode == 1
    assert code_of(done) in ("write-failed", "read-failed")
    assert blocker in done.stderr
    path.rmdir() if path.is_dir() else path.unlink()
    assert mint(workspace, lines(1)).returncode == 0
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0
