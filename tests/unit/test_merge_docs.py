"""docs/merge.md: its example is carried out, and every reason that the code can give stands in it, in order."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import re
from pathlib import Path
from typing import Any

import rfc8785

from pithbuilder.core.pith_number import PithNumber
from pithbuilder.documents.alias import SourceAlias, SourceAliases
from pithbuilder.documents.event import Event
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.state import CurrentState, StateContent
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES, MAX_PARTS
from pithbuilder.merge.fold import fold_events
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.checks import Checks
from pithbuilder.verify.merging import event_check
from pithbuilder.verify.signatures import STANDING_CODES, KnownKeys
from tests.support.merge_oracle import Draft, merge
from tests.support.signers import SEED

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "merge.md").read_text(encoding="utf-8")
STEP_2 = TEXT[TEXT.index("## Step 2") : TEXT.index("## Step 3")]
EVENTS: list[dict[str, Any]] = [
    json.loads(line) for line in re.findall(r"```jsonl\n(.*?)\n```", TEXT, re.DOTALL)[0].splitlines()
]
PREIMAGE, STATE = re.findall(r"```json\n(.*?)\n```", TEXT, re.DOTALL)
NUMBER = "pith:2018:BXU6BBAINAUL6MJJTMDWTOJBR6"
ALIAS: dict[str, Any] = {"alias_kind": "arxiv", "alias_value": "1805.08469", "created_at": "2026-11-01T00:00:00Z"}
# Where the checks of a single event are made, in the order in which they are: file, functions.
CHECKED_IN = {
    "verify/event.py": None,
    "verify/record.py": ("check_record", "check_receipt"),
    "verify/signatures.py": ("find_fault_under_key", "_unknown_key"),
}


def rows(text: str) -> list[list[str]]:
    """Return the rows of a page's tables, without their heads."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines]


def test_the_example_is_what_the_merge_makes_of_its_events() -> None:
    assert NUMBER in TEXT
    assert json.dumps(ALIAS, separators=(",", ":")) in TEXT
    PithNumber.parse(NUMBER)
    keys = KnownKeys(Keyring())
    key = PrivateKey.from_seed(SEED).public_key.raw
    keys.bring([KeyDocument.of(key, key_id="k", url="", notes="")], Checks(), "$")
    events = [Event.from_dict(value) for value in EVENTS]
    aliases = SourceAliases((SourceAlias(**ALIAS),))
    for seed in range(5):
        random.Random(seed).shuffle(events)
        state = fold_events(NUMBER, events, check=event_check(NUMBER, keys), source_aliases=aliases)
        assert state.canonical_bytes.decode() == STATE
    assert f"`{state.content.state_sha256}`" in TEXT


def test_the_example_is_what_the_oracle_makes_of_its_events() -> None:
    drafts: dict[str, Draft] = {}
    for value in EVENTS:
        hashed = {name: value[name] for name in value if name not in ("signature", "content_sha256", "event_id")}
        event_id = "sha256:" + hashlib.sha256(rfc8785.dumps(hashed)).hexdigest()
        known = drafts[event_id].copies if event_id in drafts else ()
        drafts[event_id] = Draft(
            event_id=event_id,
            event_type=value["event_type"],
            target=value["target"],
            signer_id=value["signer"]["signer_id"],
            created_at=value["created_at"],
            prev_event=value["prev_event"],
            supersedes=tuple(value["supersedes"]),
            copies=(*known, None if value["event_id"] == event_id else "event-id"),
        )
    expected, found = merge(drafts.values(), [ALIAS]), json.loads(STATE)
    for name in ("applied_event_ids", "equivocations", "invalid_events", "event_count", "valid_event_count"):
        assert found[name] == expected[name]
    assert [event["event_id"] for event in found["current"]["corrections"]] == [
        event["event_id"] for event in expected["current"]["corrections"]
    ]


def test_what_is_hashed_of_the_example() -> None:
    hashed = json.loads(PREIMAGE)
    assert rfc8785.dumps(hashed).decode() == PREIMAGE
    digest = hashlib.sha256(PREIMAGE.encode()).hexdigest()
    assert f"`sha256:{digest}`" in TEXT
    assert EVENTS[5] == {**hashed, **{name: EVENTS[5][name] for name in ("signature", "content_sha256", "event_id")}}
    assert EVENTS[5]["content_sha256"] == digest


def test_the_table_of_the_example() -> None:
    table = TEXT[TEXT.index("| line | identifier") : TEXT.index("What is hashed of line 6")]
    cells = [line.strip("|").split("|")[:2] for line in table.splitlines()[2:] if line]
    said = {
        int(line): event_id
        for lines, names in cells
        for line, event_id in zip(lines.split(","), re.findall(r"`(\w+)…`", names), strict=True)
    }
    assert said == {line: event["content_sha256"][:8] for line, event in enumerate(EVENTS, 1)}


def reasons_in_code(only: str | None = None) -> list[str]:
    """Return every code of a check of a single event, or of one of the functions, as they stand in the files."""
    codes = []
    for file, names in CHECKED_IN.items():
        tree = ast.parse((ROOT / "pithbuilder" / file).read_text(encoding="utf-8"))
        functions = [
            node for node in tree.body if isinstance(node, ast.FunctionDef) and (names is None or node.name in names)
        ]
        assert names is None or len(functions) == len(names)
        for function in functions:
            if only not in (None, function.name):
                continue
            body = function.body[1:] if ast.get_docstring(function) is not None else function.body
            codes += [
                node.value
                for statement in body
                for node in ast.walk(statement)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(
                    r"(event|record|receipt|signature|snapshot)(-[a-z]+)+|signature|pith-number", node.value
                )
            ]
    return codes


def test_every_reason_is_there_and_no_other() -> None:
    codes = set(reasons_in_code()) - STANDING_CODES
    assert len(codes) > 20
    listed = {code for row in rows(STEP_2) for code in re.findall(r"`([a-z-]+)`", row[0])} - {*EVENT_FAMILIES}
    assert listed == codes
    step_4 = TEXT[TEXT.index("## Step 4") : TEXT.index("## Step 5")]
    order = ast.parse((ROOT / "pithbuilder/merge/order.py").read_text(encoding="utf-8"))
    misfits = {
        node.value.value
        for node in order.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant)
    }
    assert len(misfits) == 3
    assert set(re.findall(r"^\d\. `([a-z-]+)`", step_4, re.MULTILINE)) == misfits


def test_the_reasons_stand_in_the_order_in_which_they_count() -> None:
    listed = [row[0].strip("`") for row in rows(STEP_2)]
    envelope = dict.fromkeys(reasons_in_code("_envelope_faults"))
    assert [code for code in listed if code.startswith("event-")] == [*envelope, "event-target", "event-payload"]
    signatures = [code for code in listed if code.startswith("signature")][:7]
    assert signatures.index("signature-key") == 4
    signatures.remove("signature-key")
    assert signatures == [*dict.fromkeys(reasons_in_code("find_fault_under_key"))]
    record = [code for code in listed[listed.index("record-schema-version") :] if code.startswith("record-")]
    assert [*dict.fromkeys(record)] == [*dict.fromkeys(reasons_in_code("check_record"))]


def test_the_families_are_those_of_the_table() -> None:
    table = {row[0].strip("`"): row[1:] for row in rows(STEP_2) if row[0].strip("`") in EVENT_FAMILIES}
    assert [*table] == [*EVENT_FAMILIES]
    for name, family in EVENT_FAMILIES.items():
        target, shown = (cell.strip("`") for cell in table[name])
        assert target == family.target
        assert shown == (family.state_list or "none: `record_created")


def test_the_members_of_a_state_are_those_of_the_table() -> None:
    members = {row[0].strip("`") for row in rows(TEXT[TEXT.index("## Step 8") : TEXT.index("## Merging mirrors")])}
    top = {name for name in members if "." not in name}
    assert top == StateContent.known_fields() | {"state_sha256"} == {*json.loads(STATE)}
    lists = {family.state_list for family in EVENT_FAMILIES.values() if family.state_list}
    assert {name.removeprefix("current.") for name in members - top} | lists == CurrentState.known_fields()
    assert len(lists) == 8


def test_the_limits() -> None:
    assert f"more than {MAX_DOCUMENT_BYTES // 2**20} MiB, or of more than {MAX_PARTS:,} commas" in " ".join(
        TEXT.split()
    )
