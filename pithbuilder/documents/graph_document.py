"""A bundle or a state, told apart by what is in it."""

from __future__ import annotations

from pithbuilder.core.json_path import ROOT
from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import DocumentError, printable


def parse_bundle_or_state(data: bytes, where: str) -> Bundle | State:
    """Return the bundle or state that some bytes hold.

    Args:
        data: The bytes.
        where: What to call them in errors.

    Raises:
        WireError: It is not JSON as it is accepted here.
        DocumentError: ``document-kind``: neither a bundle nor a state; or what is wrong with its fields.
    """
    value = parse_object(data, where=where)
    place = f"{where}: {ROOT}"
    if "bundle_type" in value:
        return Bundle.from_dict(value, place)
    if "state_type" in value:
        return State.from_dict(value, place)
    raise DocumentError(
        "document-kind",
        "neither a bundle nor a state",
        where=where,
        expected="a bundle or a state of an open graph",
        found=printable(", ".join(sorted(value)[:5])),
    )
