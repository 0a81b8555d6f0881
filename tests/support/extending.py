"""What the tests of added events do again and again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

from pithbuilder.documents.detached_event import DetachedEvent
from pithbuilder.documents.event import Event
from pithbuilder.signing.ed25519 import PrivateKey
from tests.support.cli import Result, code_of, contents, only_bundle, run
from tests.support.events import key_document

EXAMPLES: Final = Path(__file__).parents[2] / "examples" / "events"
ADDED_AT: Final = "2026-05-19T00:00:00.000000Z"
LATER: Final = "2026-05-20T00:00:00.000000Z"
CORRECTION: Final = ("--what", "the title", "--reason", "a slip of the pen", "--url", "https://registry.example/1")


def copy_of(workspace: Path, to: Path) -> Path:
    """Return a copy of a workspace."""
    return Path(shutil.copytree(workspace, to))


def event_add(workspace: Path, family: str, *options: str | Path, clock: str = ADDED_AT, stdin: bytes = b"") -> Result:
    """Add an event to the only bundle of a workspace's mirror."""
    bundle = only_bundle(workspace / "mirror")
    return run("event", "add", family, bundle, "--workspace", workspace, "--clock", clock, *options, stdin=stdin)


def added(result: Result) -> str:
    """Return the id of the one event that was added, in force or applied."""
    assert result.returncode == 0, result.stderr
    (row,) = result.lines()
    assert row["status"] == "added"
    return str(row["event_id"])


def sign_event(
    workspace: Path, bundle: Path, to: Path, family: str = "correction", *options: str | Path, clock: str = ADDED_AT
) -> Path:
    """Write what ``event sign`` prints to a file."""
    chosen = options or CORRECTION
    done = run("event", "sign", family, bundle, "--workspace", workspace, "--clock", clock, *chosen)
    assert done.returncode == 0, done.stderr
    to.write_text(done.stdout, encoding="utf-8")
    return to


def accept(workspace: Path, *arriving: str | Path, bundle: Path | None = None, clock: str = LATER) -> Result:
    """Take events into the only bundle of a workspace's mirror, or another one."""
    place = bundle or only_bundle(workspace / "mirror")
    return run("event", "accept", place, *arriving, "--workspace", workspace, "--clock", clock)


def detached(event: Event, key: PrivateKey, to: Path) -> Path:
    """Write a hand-made event with a key to a file."""
    to.write_bytes(DetachedEvent(event=event, public_key=key_document(key)).canonical_bytes)
    return to


def refused(workspace: Path, result: Result, code: str, before: dict[str, bytes]) -> str:
    """Check that a command was refused with a code, and wrote nothing; return what it said."""
    assert result.returncode != 0
    assert result.stdout == ""
    assert code_of(result) == code, result.stderr
    assert visible(workspace) == before
    return result.stderr


def visible(workspace: Path) -> dict[str, bytes]:
    """Return every file of a workspace but for the ledger, which is merged from its log as SQLite likes."""
    return {
        name: data for name, data in contents(workspace).items() if "ledger" not in name and not name.endswith(".lock")
    }


def bundle_value(workspace: Path) -> Any:
    """Return the only bundle of a workspace's mirror."""
    return json.loads(only_bundle(workspace / "mirror").read_bytes())


def verified(mirror: Path, *trusted: Path, status: int = 0) -> str:
    """Verify a mirror or document, and return what was said."""
    options = [option for path in trusted for option in ("--trust", path)]
    done = run("verify", mirror, *options)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout
