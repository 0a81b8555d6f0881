"""``pithbuilder verify``: verdicts and exit statuses, trust, tampering."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import (
    PUBLISHED,
    SNAPSHOT,
    bundles,
    code_of,
    line,
    lines,
    make_workspace,
    mint,
    only_bundle,
    paper,
    run,
    signing_key,
)

TRUSTED = [PUBLISHED / "bundle-1805.08469v1.json", PUBLISHED / "bundle-2410.05985v4.json"]
STATE = PUBLISHED / "state-1710.02368v1.json"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
STATUS = {"trusted": 0, "self-consistent": 3, "invalid": 1}

SMALL_ORDER = {
    "order 1": bytes([1]) + bytes(31),
    "order 2": bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    "order 4": bytes(32),
    "order 8": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
}


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one paper minted; not to be changed."""
    root = make_workspace(tmp_path_factory.mktemp("issued") / "w")
    assert mint(root, lines(1)).returncode == 0
    return root


@pytest.fixture
def workspace(issued: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(issued, tmp_path / "w"))


def codes(path: Path, *options: str | Path) -> tuple[int, set[str]]:
    """Return the exit status, and the codes of all findings that failed."""
    done = run("verify", path, "--json", *options)
    found = {
        finding["code"] for row in done.lines() for finding in row.get("findings", ()) if finding["outcome"] == "failed"
    }
    return done.returncode, found


def key_document_of(raw: bytes, like: Path) -> dict[str, Any]:
    document = json.loads(like.read_bytes())
    digest = hashlib.sha256(raw).digest()
    document["public_key_b64"] = base64.b64encode(raw).decode()
    document["public_key_hex"] = raw.hex()
    document["fingerprint_sha256_hex"] = digest[:16].hex()
    document["fingerprint_sha256_b32_first128bits"] = base64.b32encode(digest).decode()[:26]
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("path", TRUSTED, ids=lambda path: path.stem)
def test_published_bundles_are_trusted(path: Path) -> None:
    done = run("verify", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("trusted ")
    (row,) = run("verify", path, "--json").lines()
    assert (row["verdict"], row["document_kind"], row["findings"]) == ("trusted", "bundle", [])
    assert all(key["pinned"] for key in row["keys"])


def test_a_published_state_is_self_consistent() -> None:
    done = run("verify", STATE)
    assert done.returncode == 3
    assert done.stdout.startswith("self-consistent ")
    (row,) = run("verify", STATE, "--json").lines()
    assert (row["verdict"], row["document_kind"]) == ("self-consistent", "state")


def test_the_worst_of_several_paths_counts(tmp_path: Path) -> None:
    invalid = tmp_path / "invalid.json"
    invalid.write_bytes(b"{}")
    for paths, verdicts in (
        (TRUSTED, ["trusted", "trusted"]),
        ([STATE, TRUSTED[0]], ["self-consistent", "trusted"]),
        ([TRUSTED[0], STATE], ["trusted", "self-consistent"]),
        ([TRUSTED[0], invalid, STATE], ["trusted", "invalid", "self-consistent"]),
        ([STATE, invalid], ["self-consistent", "invalid"]),
    ):
        done = run("verify", *paths, "--json")
        assert [row["verdict"] for row in done.lines()] == verdicts
        assert [row["path"] for row in done.lines()] == [str(path) for path in paths]
        assert done.returncode == max((STATUS[verdict] for verdict in verdicts), key=[0, 3, 1].index)


def test_a_missing_path_is_wrong_usage(tmp_path: Path) -> None:
    done = run("verify", TRUSTED[0], tmp_path / "missing")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_directory_without_a_mirror(tmp_path: Path) -> None:
    (tmp_path / "pith").mkdir()
    (tmp_path / "pith" / "readme.txt").write_text("no mirror")
    done = run("verify", tmp_path, TRUSTED[0])
    assert (done.returncode, done.stderr) == (1, "")
    invalid, failed, trusted = done.stdout.splitlines()
    assert invalid.split() == ["invalid", "mirror", "-", str(tmp_path)]
    assert failed.split()[:2] == ["FAILED", "no-mirror"]
    assert trusted.startswith("trusted ")
    done = run("verify", tmp_path, TRUSTED[0], "--json")
    assert (done.returncode, done.stderr) == (1, "")
    directory, bundle = done.lines()
    assert (directory["path"], directory["document_kind"], directory["verdict"]) == (str(tmp_path), "mirror", "invalid")
    assert [finding["code"] for finding in directory["findings"]] == ["no-mirror"]
    assert bundle["verdict"] == "trusted"


def test_a_file_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(2**30)
    done = run("verify", large, TRUSTED[0], "--json")
    assert done.returncode == 1
    assert code_of(done) == "file-too-large"
    assert [row["verdict"] for row in done.lines()] == ["trusted"]


def test_a_mirror_is_trusted_with_its_key_and_self_consistent_without(issued: Path) -> None:
    mirror = issued / "mirror"
    for trust in (issued / "keys", signing_key(issued), mirror / "pith-signing-key.json"):
        done = run("verify", mirror, "--trust", trust)
        assert (done.returncode, done.stderr) == (0, "")
        assert "not pinned" not in done.stdout
    done = run("verify", mirror)
    assert done.returncode == 3
    assert "is not pinned; pin it with --trust" in done.stdout
    rows = run("verify", mirror, "--trust", issued / "keys", "--json").lines()
    assert {Path(row["path"]).relative_to(mirror).as_posix(): row["verdict"] for row in rows[:-1]} == {
        path.relative_to(mirror).as_posix(): "self-consistent" if path.name == "pith-mirrors.json" else "trusted"
        for path in mirror.rglob("*.json")
    }
    assert rows[-1] == {"path": str(mirror), "document_kind": "mirror", "verdict": "trusted", "files": 7}


def test_trust_is_repeatable_and_wants_the_right_key(issued: Path, tmp_path: Path) -> None:
    other = make_workspace(tmp_path / "other", "--key-id", "theirs")
    bundle = only_bundle(issued / "mirror")
    assert run("verify", bundle, "--trust", other / "keys").returncode == 3
    assert run("verify", bundle, "--trust", other / "keys", "--trust", issued / "keys").returncode == 0


def test_a_key_of_the_same_id_does_not_help(issued: Path, tmp_path: Path) -> None:
    key_id = json.loads(signing_key(issued).read_bytes())["key_id"]
    impostor = make_workspace(tmp_path / "impostor", "--key-id", key_id)
    bundle = only_bundle(issued / "mirror")
    status, found = codes(bundle, "--trust", impostor / "keys")
    assert status == 1
    assert "key-conflict" in found
    done = run("verify", bundle, "--trust", impostor / "keys", "--trust", issued / "keys")
    assert (done.returncode, done.stdout) == (1, "")
    assert code_of(done) == "key-conflict"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("pith-keys.json", 0), ("state.json", 3), ("record", 0), ("pith-signing-key.json", 0), ("pith-mirrors.json", 3)],
)
def test_single_files_of_a_mirror(issued: Path, kind: str, expected: int) -> None:
    mirror = issued / "mirror"
    directory = only_bundle(mirror).parent
    path = {"state.json": directory / kind, "record": directory.with_suffix(".json")}.get(kind, mirror / kind)
    assert run("verify", path, "--trust", issued / "keys").returncode == expected
    assert run("verify", path).returncode == 3


def _cut(data: bytes) -> bytes:
    return data[:-1]


def _appended(data: bytes) -> bytes:
    return data + b"{}"


def _emptied(data: bytes) -> bytes:
    return data[:0]


def _not_utf8(data: bytes) -> bytes:
    return data.replace(b'":"', b'":"\xff', 1)


def _duplicate_member(data: bytes) -> bytes:
    first = data[1:].partition(b":")[0]
    return b"{" + first + b':"",' + data[1:]


def _byte_order_mark(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def _constant_changed(data: bytes) -> bytes:
    return data.replace(b"pith_", b"pitj_").replace(b'"ed25519"', b'"ed25518"', 1)


def _digit_changed(data: bytes) -> bytes:
    """Change one character of what the file is about: a digest, or the version of the manifest."""
    for mark in (b'"canonical_sha256":"', b'"public_key_hex":"', b'"manifest_version":"'):
        place = data.find(mark) + len(mark)
        if place >= len(mark):
            return data[:place] + (b"0" if data[place : place + 1] != b"0" else b"f") + data[place + 1 :]
    raise AssertionError("nothing to change")


@pytest.mark.parametrize(
    "tamper",
    [
        _cut,
        _appended,
        _emptied,
        _not_utf8,
        _duplicate_member,
        _byte_order_mark,
        _constant_changed,
        _digit_changed,
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "pith/{}/bundle.json",
        "pith/{}/state.json",
        "pith/{}.json",
        ".well-known/pith/{}/bundle.json",
        "pith-signing-key.json",
        "pith-mirrors.json",
    ],
)
def test_tampering_with_any_file_of_a_mirror_makes_it_invalid(
    workspace: Path, name: str, tamper: Callable[[bytes], bytes]
) -> None:
    mirror = workspace / "mirror"
    path = mirror / name.format(only_bundle(mirror).parent.name)
    data = path.read_bytes()
    assert tamper(data) != data
    path.write_bytes(tamper(data))
    done = run("verify", mirror, "--trust", workspace / "keys", "--json")
    assert done.returncode == 1
    assert str(path) in {row["path"] for row in done.lines() if row["verdict"] == "invalid"}
    assert done.lines()[-1]["verdict"] == "invalid"
    if tamper is _digit_changed:
        text = run("verify", mirror, "--trust", workspace / "keys")
        assert text.returncode == 1
        assert "FAILED" in text.stdout


@pytest.mark.parametrize("field", ["signed_at", "signature_b64", "bundle_sha256", "key_id", "public_key_fingerprint"])
def test_copies_that_disagree_make_a_mirror_invalid(workspace: Path, field: str) -> None:
    mirror = workspace / "mirror"
    bundle = only_bundle(mirror)
    value = json.loads(bundle.read_bytes())
    value["bundle_signature"][field] = value["events"][0]["signature"].get(field, "00" * 32)
    if field in ("signed_at", "key_id", "public_key_fingerprint"):
        value["bundle_signature"]["extra"] = "a field that no digest covers"
    bundle.write_bytes(json.dumps(value).encode())
    status, found = codes(mirror, "--trust", workspace / "keys")
    assert status == 1
    assert "copies" in found


@pytest.mark.parametrize("which", ["state", "record"])
def test_files_of_two_bundles_of_one_number_do_not_mix(tmp_path: Path, which: str) -> None:
    first = make_workspace(tmp_path / "w")
    second = Path(shutil.copytree(first, tmp_path / "v"))
    mint(first, lines(1))
    mint(second, lines(1), clock="2026-06-01T00:00:00Z")
    suffix = only_bundle(first / "mirror").parent.name
    name = {"state": f"pith/{suffix}/state.json", "record": f"pith/{suffix}.json"}[which]
    shutil.copy(second / "mirror" / name, first / "mirror" / name)
    assert run("verify", second / "mirror", "--trust", first / "keys").returncode == 0
    status, found = codes(first / "mirror", "--trust", first / "keys")
    assert (status, found) == (1, {"copies"})


def test_a_number_moved_under_another_suffix_is_invalid(workspace: Path) -> None:
    mirror = workspace / "mirror"
    bundle = only_bundle(mirror)
    suffix = bundle.parent.name
    other = ("A" if suffix[0] != "A" else "B") + suffix[1:]
    (mirror / ".well-known" / "pith" / suffix).rename(mirror / ".well-known" / "pith" / other)
    (mirror / "pith" / f"{suffix}.json").rename(mirror / "pith" / f"{other}.json")
    bundle.parent.rename(mirror / "pith" / other)
    done = run("verify", mirror, "--trust", workspace / "keys", "--json")
    assert done.returncode == 1
    wrong = [row for row in done.lines() if any(item["code"] == "mirror-path" for item in row.get("findings", ()))]
    assert len(wrong) >= 3
    assert all(row["verdict"] == "invalid" for row in wrong)


def test_two_numbers_swapped_are_invalid(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    mint(workspace, lines(1, 2))
    one, two = bundles(workspace / "mirror").values()
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)
    status, found = codes(workspace / "mirror", "--trust", workspace / "keys")
    assert status == 1
    assert "mirror-path" in found


def test_a_mirror_of_several_papers_names_the_one_that_is_wrong(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    mint(workspace, SNAPSHOT)
    state = next(iter(bundles(workspace / "mirror").values())).with_name("state.json")
    state.write_bytes(state.read_bytes().replace(b'"valid_event_count":2', b'"valid_event_count":3'))
    done = run("verify", workspace / "mirror", "--trust", workspace / "keys")
    assert done.returncode == 1
    assert [row.split()[0] for row in done.stdout.splitlines() if str(state) in row] == ["invalid"]
    assert sum(row.startswith("trusted ") for row in done.stdout.splitlines()) == 3


def test_files_that_are_no_part_of_a_mirror_are_passed_over(workspace: Path) -> None:
    mirror = workspace / "mirror"
    (mirror / "index.html").write_text("hello")
    (mirror / "robots.json").write_text("not json")
    (mirror / "pith" / ".X.json.tmp").write_text('{"half')
    assert run("verify", mirror, "--trust", workspace / "keys").returncode == 0


@pytest.mark.parametrize("order", SMALL_ORDER)
def test_a_small_order_key_is_not_taken_with_trust(issued: Path, tmp_path: Path, order: str) -> None:
    document = tmp_path / "key.json"
    document.write_text(json.dumps(key_document_of(SMALL_ORDER[order], signing_key(issued))))
    for trust in (document, tmp_path):
        done = run("verify", TRUSTED[0], "--trust", trust)
        assert (done.returncode, done.stdout) == (1, "")
        assert code_of(done) == "key-small-order"
        assert str(document) in done.stderr
    assert codes(document) == (1, {"key-small-order"})


@pytest.mark.parametrize("order", SMALL_ORDER)
def test_a_small_order_key_in_a_bundle_is_invalid(issued: Path, tmp_path: Path, order: str) -> None:
    bundle = json.loads(only_bundle(issued / "mirror").read_bytes())
    document = tmp_path / "key"
    document.write_text(json.dumps(bundle["public_keys"][0]))
    bundle["public_keys"][0] = key_document_of(SMALL_ORDER[order], document)
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(bundle))
    status, found = codes(path)
    assert status == 1
    assert "key-small-order" in found
    assert codes(path, "--trust", issued / "keys")[0] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"public_key_hex": "00" * 32},
        {"fingerprint_sha256_hex": "00" * 16},
        {"fingerprint_sha256_b32_first128bits": "A" * 26},
        {"algorithm": "rsa"},
        {"public_key_b64": "AAAA"},
        {"public_key_b64": 7},
        {"key_id": None},
    ],
    ids=lambda change: f"{next(iter(change))}",
)
def test_a_key_document_that_contradicts_itself_is_not_taken_with_trust(
    issued: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    document = tmp_path / "key.json"
    document.write_text(json.dumps({**json.loads(signing_key(issued).read_bytes()), **change}))
    done = run("verify", TRUSTED[0], "--trust", document)
    assert (done.returncode, done.stdout) == (1, "")
    assert str(document) in done.stderr
    assert run("verify", document).returncode == 1


def test_a_directory_without_keys_is_not_taken_with_trust(tmp_path: Path) -> None:
    done = run("verify", TRUSTED[0], "--trust", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert code_of(done) == "no-keys"


def _loose(signature: str) -> str:
    """Return another spelling of the same 64 bytes: four bits that stand for nothing are set."""
    last = BASE64.index(signature[-3])
    changed = signature[:-3] + BASE64[last | 1] + signature[-2:]
    assert base64.b64decode(changed) == base64.b64decode(signature)
    return changed


@pytest.mark.parametrize(
    "respell",
    [
        _loose,
        lambda text: text.rstrip("="),
        lambda text: text + "\n",
        lambda text: text[:44] + "\n" + text[44:],
        lambda text: " " + text,
        lambda text: text + "=",
        lambda text: text.translate(str.maketrans("+/", "-_")) + "" if set("+/") & set(text) else text[:-2] + "==\0",
    ],
    ids=["loose bits", "no padding", "line end", "line break", "blank", "more padding", "other alphabet"],
)
@pytest.mark.parametrize("where", ["bundle", "receipt"])
def test_a_signature_spelt_otherwise_is_a_matter_of_its_encoding(
    issued: Path, tmp_path: Path, respell: Callable[[str], str], where: str
) -> None:
    mirror = issued / "mirror"
    if where == "bundle":
        value = json.loads(only_bundle(mirror).read_bytes())
        holder = value["bundle_signature"]
    else:
        value = json.loads(only_bundle(mirror).parent.with_suffix(".json").read_bytes())
        holder = value["receipt"]
    changed = respell(holder["signature_b64"])
    assert changed != holder["signature_b64"]
    holder["signature_b64"] = changed
    path = tmp_path / "document.json"
    path.write_text(json.dumps(value))
    assert codes(path, "--trust", issued / "keys") == (1, {"signature-encoding"})


def test_other_member_order_and_spacing_do_no_harm_to_a_bundle(issued: Path, tmp_path: Path) -> None:
    value = json.loads(only_bundle(issued / "mirror").read_bytes())
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(dict(reversed(value.items())), indent=7, ensure_ascii=True))
    assert run("verify", path, "--trust", issued / "keys").returncode == 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json-syntax"),
        (b"nonsense", "json-syntax"),
        (b"[]", "json-not-an-object"),
        (b"{}", "document-kind"),
        (b'{"bundle_type":1}', "field-missing"),
        (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", "json-depth"),
        (b'{"a":1.5}', "json-float"),
        (b'{"a":NaN}', "json-float"),
        (b'{"a":9007199254740992}', "json-integer-range"),
        (b'{"a":1,"a":1}', "json-duplicate-key"),
        (b'{"a":"\\udc00"}', "json-surrogate"),
        (b'{"a":"\xc3"}', "json-encoding"),
        (b"\xef\xbb\xbf{}", "json-encoding"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_document_is_invalid(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert codes(path) == (1, {code})


def test_a_file_that_is_too_large_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    path, peak = tmp_path / "large.json", tmp_path / "peak"
    with path.open("wb") as file:
        file.truncate(2**30)
    done = run("verify", path, peak_memory=peak)
    assert done.returncode == 1
    assert code_of(done) == "file-too-large"
    assert int(peak.read_text()) < 300 * 1024


def test_paths_may_be_odd(issued: Path, tmp_path: Path) -> None:
    for name in ("a b", "é", "\x1b[31mred\x9b1m", "line\nbreak", "\u202eright", "\udcff", "-x.json"):
        path = tmp_path / name
        shutil.copy(only_bundle(issued / "mirror"), path)
        for arguments in ((path,), ("--", name)):
            done = run("verify", *arguments, cwd=tmp_path)
            assert done.returncode == 3
            assert not any(mark in done.stdout for mark in ("\x1b", "\x9b", "\u202e"))
            assert sum(row.startswith("self-consistent ") for row in done.stdout.splitlines()) == 1
        (row,) = run("verify", path, "--json").lines()
        assert row["verdict"] == "self-consistent"


def test_hostile_values_in_a_document_do_not_reach_the_terminal(issued: Path, tmp_path: Path) -> None:
    hostile = "\x1b]0;owned\x07\x9b31m\u202e\u2066\x7f\n"
    value = json.loads(only_bundle(issued / "mirror").read_bytes())
    value["pith_number"] = hostile
    value["bundle_type"] = hostile
    value["links"]["resolver"] = hostile
    value["bundle_signature"]["key_id"] = hostile
    value[hostile] = hostile
    value["state"]["current"][hostile] = hostile
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(value))
    done = run("verify", path)
    assert done.returncode == 1
    assert not any(mark in done.stdout + done.stderr for mark in hostile if mark != "\n" and not mark.isprintable())


def test_a_paper_minted_with_hostile_text_verifies(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w")
    mint(workspace, line(paper(1, title="\x1b]0;owned\x07 \u202e \x00", authors="\x9b31m", license="\x1b[31m")))
    assert run("verify", workspace / "mirror", "--trust", workspace / "keys").returncode == 0
