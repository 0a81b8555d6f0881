"""JSON Schemas (draft 2020-12) of the documents, one file each, for readers in other languages.

They say what the types of this folder's parent read: fields, types and spellings. Constants, digests and
signatures are the verifier's business. A schema names the others by ``$id`` (``urn:pith:schema:NAME:1``).
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import DocumentError, printable

_SUFFIX: Final = ".json"


def schema_names() -> tuple[str, ...]:
    """Return the names of all schemas, sorted: file names without ``.json``.

    >>> "bundle" in schema_names()
    True
    """
    names = (entry.name for entry in files(__name__).iterdir() if entry.name.endswith(_SUFFIX))
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names))


def load_schema(name: str) -> JsonObject:
    """Return one schema, a new object at every call.

    Args:
        name: One of :func:`schema_names`, such as ``bundle``.

    Raises:
        DocumentError: ``schema-unknown``; there is no schema of that name.

    >>> load_schema("bundle")["$id"]
    'urn:pith:schema:bundle:1'
    """
    names = schema_names()
    if name not in names:
        raise DocumentError(
            "schema-unknown",
            "there is no schema of this name",
            expected=", ".join(names),
            found=printable(name),
        )
    return parse_object((files(__name__) / f"{name}{_SUFFIX}").read_bytes(), where=f"{name}{_SUFFIX}")
