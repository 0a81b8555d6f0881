"""Where one bundle stands: in a mirror, whose other files go with it, or alone."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from pithbuilder.documents.mirror import bundle_path, well_known_bundle_path
from pithbuilder.documents.wire import MAX_DOCUMENT_BYTES
from pithbuilder.stores.atomic import read_file, write_file
from pithbuilder.stores.mirror_tree import MirrorTree


@attrs.frozen
class BundlePlace:
    """The file of a bundle.

    Attributes:
        path: The file.
        tree: The mirror in which it stands; None for a file elsewhere.
        suffix: Whose bundle stands at that place of a mirror, 26 characters; empty for a file elsewhere.
    """

    path: Path
    tree: MirrorTree | None
    suffix: str = ""

    @classmethod
    def of(cls, path: Path) -> BundlePlace:
        """Return the place of a file; that it is in a mirror is told by its path, or by where its links lead."""
        for whole in (Path(os.path.abspath(path)), path.resolve()):  # noqa: PTH100 - without '..', links as they are
            suffix = whole.parent.name
            for inside in (well_known_bundle_path(suffix), bundle_path(suffix)):
                if whole.as_posix().endswith(f"/{inside}"):
                    return cls(path, MirrorTree(whole.parents[inside.count("/")]), suffix)
        return cls(path, None)

    def read(self) -> bytes:
        """Return the bundle's bytes: of a mirror's two copies the first, whichever is named; the second may be older.

        Raises:
            StoreError: ``read-failed``, ``file-too-large``.
        """
        first = None if self.tree is None else self.tree.read_if_there(bundle_path(self.suffix))
        return read_file(self.path, MAX_DOCUMENT_BYTES) if first is None else first

    def write(self, suffix: str, *, bundle: bytes, state: bytes, record_document: bytes) -> None:
        """Write a bundle here, in a mirror with everything that follows from it.

        Args:
            suffix: The 26 characters of its number.
            bundle: Canonical bytes of the bundle.
            state: Canonical bytes of its state.
            record_document: Canonical bytes of the record document.

        Raises:
            StoreError: ``write-failed``.
        """
        if self.tree is None:
            write_file(self.path.resolve(), bundle)  # a link stays a link
        else:
            self.tree.write_number(suffix, bundle=bundle, state=state, record_document=record_document)
