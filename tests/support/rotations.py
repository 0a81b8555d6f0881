"""What the tests of rotation do again and again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from pithbuilder.core.timestamps import FixedClock, parse_instant
from pithbuilder.issuing.issuer import Issuer
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.sources.json_lines import read_json_lines
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.stores.workspace import Workspace
from tests.support.cli import bundles, line, paper, run

MINTED_AT = "2026-05-18T00:15:26.123456Z"
ROTATED_AT = "2026-06-01T12:00:00Z"
REISSUED_AT = "2026-06-01T12:00:07.000008Z"
LATER = "2026-07-01T12:00:00Z"
LAST = "2026-08-01T12:00:00Z"


def rotate(workspace: Path, *options: str, clock: str = ROTATED_AT) -> list[dict[str, Any]]:
    done = run("keys", "rotate", "--workspace", workspace, "--no-passphrase", "--clock", clock, "--json", *options)
    assert done.returncode == 0, done.stderr
    return done.lines()


def reissue(workspace: Path, *options: str, clock: str = REISSUED_AT) -> dict[str, int]:
    done = run("reissue", *(options or ("--all",)), "--workspace", workspace, "--clock", clock, "--json")
    assert done.returncode == 0, done.stderr
    statuses = [row["status"] for row in done.lines()]
    return {status: statuses.count(status) for status in statuses}


def doctor(workspace: Path, *options: str, clock: str = REISSUED_AT) -> list[str]:
    done = run("keys", "doctor", "--workspace", workspace, "--clock", clock, "--json", *options)
    findings = done.lines()
    assert done.returncode == (1 if findings else 0)
    assert all(finding["message"] and finding["where"] for finding in findings)
    assert all(finding["command"] or finding["hint"] for finding in findings)
    return [finding["code"] for finding in findings]


def keyring(workspace: Path) -> Any:
    return json.loads((workspace / "mirror" / "pith-keys.json").read_bytes())


def statuses(workspace: Path) -> dict[str, str]:
    return {row["key_id"]: row["status"] for row in run("keys", "list", "--workspace", workspace, "--json").lines()}


def verify(mirror: Path, pinned: Path, *options: str | Path) -> int:
    return run("verify", mirror, "--trust", pinned, *options).returncode


def bundle_of(workspace: Path) -> Any:
    return json.loads(next(iter(bundles(workspace / "mirror").values())).read_bytes())


def keyring_of_workspace(workspace: Path) -> list[Any]:
    value = json.loads((workspace / "keys" / "pith-keys.json").read_bytes())
    return list(value["chain"])


def forge(workspace: Path, private_key: Path, at: str) -> None:
    """Put a bundle into a mirror as a thief with the key would: same number, other authors and times."""
    key = PrivateKey.from_pem(private_key.read_bytes(), None)
    opened = Workspace.open(workspace)
    clock = FixedClock(parse_instant(at))
    issuer = Issuer(opened.profile, LocalSigner("first", key), clock)
    (record,) = read_json_lines(io.BytesIO(line(paper(1, authors="Mallory Thief"))), "x")
    assert record.paper is not None
    issued = issuer.issue(record.paper)
    MirrorTree(workspace / "mirror").write_number(
        issued.pith_number.suffix,
        bundle=issued.bundle_bytes,
        state=issued.state_bytes,
        record_document=issued.record_document_bytes,
    )
