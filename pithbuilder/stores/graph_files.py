"""Files of the open graph: bundles and states, told apart by what is in them."""

from __future__ import annotations

from pathlib import Path

from pithbuilder.documents.bundle import Bundle
from pithbuilder.documents.graph_document import parse_bundle_or_state
from pithbuilder.documents.state import State
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES
from pithbuilder.stores.atomic import read_file


def read_bundle_or_state(path: Path) -> tuple[Bundle | State, bytes]:
    """Return the bundle or state in a file, and the file's bytes.

    Args:
        path: The file; errors name it in front of their JSON path.

    Raises:
        StoreError: ``read-failed``, or ``file-too-large``.
        WireError: It is not JSON as it is accepted here.
        DocumentError: ``document-kind``: neither a bundle nor a state; or what is wrong with its fields.
    """
    data = read_file(path, MAX_DOCUMENT_BYTES)
    return parse_bundle_or_state(data, str(path)), data
