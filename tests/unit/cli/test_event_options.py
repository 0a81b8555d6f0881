"""The options of ``event add`` and ``event sign`` against what the families' payloads hold, field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from pithbuilder.cli.event_commands import families
from pithbuilder.core.canonical_json import JsonObject, JsonValue
from pithbuilder.documents.event import GRAPH_SNAPSHOT
from pithbuilder.documents.event_family import EVENT_FAMILIES
from pithbuilder.documents.schemas import load_schema
from pithbuilder.errors import DocumentError
from pithbuilder.issuing.payloads import OPTIONAL_MEMBERS

EXAMPLES: Final = Path(__file__).parents[3] / "examples" / "events"
FAMILIES: Final = tuple(EVENT_FAMILIES)
WITHOUT_AN_OPTION: Final = {
    "record_created": {  # follows from the bundle
        *("canonical_record", "canonical_sha256", "receipt", "attestation_state"),
        *("source_kind", "source_id", "source_version"),
    },
    "graph_snapshot": {"graph_snapshot", "verdict_id"},  # built from data of another shape
    "mirror_hint": {"mirror_type", "bundle_url", "state_url", "well_known_bundle_url"},  # follow from base_url
}
OF_THE_SNAPSHOTS_DATA: Final = {"headline"}
MUST_BE_SAID: Final = {"mirror_hint": {"name", "base_url", "status"}}
"""Texts that may be empty, and are not where nothing is said: status is ``mirror`` then."""


def members_of(family: str) -> set[str]:
    """Return the wire fields of a family's payload."""
    return {field.name for field in attrs.fields(EVENT_FAMILIES[family].payload)} - {"extra"}


def options_of(family: str) -> set[str]:
    """Return the members that are given by an option of their own."""
    return {field.member for field in families._FIELDS[family]}


def from_file(family: str) -> set[str]:
    """Return the member that follows from a file, if any."""
    return {families._FILES[family][1]} if family in families._FILES else set()


def properties(schema: str) -> dict[str, Any]:
    found: Any = load_schema(schema)["properties"]
    return dict(found)


def example(family: str) -> JsonObject:
    value: JsonObject = json.loads((EXAMPLES / f"{family}.json").read_bytes())
    return value


def reads(family: str, member: str, value: JsonValue) -> bool:
    """Say whether a payload with this value is one of the family."""
    try:
        EVENT_FAMILIES[family].payload.from_dict({**example(family), member: value})
    except DocumentError as error:
        assert error.where == f"$.{member}"
        return False
    return True


def test_every_family_has_its_options() -> None:
    assert set(families._FIELDS) == set(FAMILIES)
    assert set(families._FILES) <= set(FAMILIES)
    assert set(OPTIONAL_MEMBERS) <= set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_option_is_a_field_and_every_field_has_an_option(family: str) -> None:
    by_option, by_file = options_of(family), from_file(family)
    assert len(by_option) == len(families._FIELDS[family]), "no option stands there twice"
    if family == GRAPH_SNAPSHOT:
        assert by_option == OF_THE_SNAPSHOTS_DATA <= set(properties("graph_snapshot_data"))
        by_option = set()
    without = WITHOUT_AN_OPTION.get(family, set())
    assert by_option | by_file | without == members_of(family)
    assert without.isdisjoint(by_option | by_file)
    assert members_of(family) == set(properties(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_an_options_choices_and_kind_are_the_schemas(family: str) -> None:
    of_schema = properties("graph_snapshot_data" if family == GRAPH_SNAPSHOT else family)
    for field in families._FIELDS[family]:
        schema = of_schema[field.member]
        assert field.choices == tuple(schema.get("enum", ())), field.member
        named = schema.get("type", "string")  # a reference leads to a text with a pattern
        assert (field.kind is int) == ("integer" in named), field.member


@pytest.mark.parametrize("family", FAMILIES)
def test_what_may_be_left_out_says_nothing_and_may_be_so(family: str) -> None:
    left_out = OPTIONAL_MEMBERS.get(family, {})
    assert set(left_out) <= options_of(family)
    for member, value in left_out.items():
        assert value is None or value == "", member
        assert reads(family, member, value), member


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {GRAPH_SNAPSHOT}))
def test_what_may_say_nothing_may_be_left_out(family: str) -> None:
    may_be_nothing = {
        member for member in options_of(family) if any(reads(family, member, value) for value in (None, ""))
    }
    assert may_be_nothing - MUST_BE_SAID.get(family, set()) == set(OPTIONAL_MEMBERS.get(family, {}))
