"""Where bundles are found: paths in a mirror, hints and links inside a bundle, the mirror manifest."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import attrs

from pithbuilder.documents.base import Document, Reader, SmallDocument
from pithbuilder.documents.state import MERGE_VERSION

SIGNING_KEY_PATH: Final = "pith-signing-key.json"
KEYRING_PATH: Final = "pith-keys.json"
MANIFEST_PATH: Final = "pith-mirrors.json"
MANIFEST_TYPE: Final = "pith_mirror_manifest"
MANIFEST_VERSION: Final = "1.0"


def bundle_path(suffix: str) -> str:
    """Return the path of a bundle in a mirror; ``suffix`` is the 26 characters of a Pith Number."""
    return f"pith/{suffix}/bundle.json"


def state_path(suffix: str) -> str:
    """Return the path of a state in a mirror."""
    return f"pith/{suffix}/state.json"


def record_path(suffix: str) -> str:
    """Return the path of a record document in a mirror."""
    return f"pith/{suffix}.json"


def well_known_bundle_path(suffix: str) -> str:
    """Return the path of the bundle's second copy in a mirror."""
    return f".well-known/pith/{suffix}/bundle.json"


@attrs.frozen(kw_only=True, slots=False)
class MirrorHint(SmallDocument):
    """A place where the bundle can be had (wire field ``mirror_hints[]``)."""

    document_kind: ClassVar[str] = "mirror_hint"

    mirror_type: str = "https"
    name: str
    base_url: str
    bundle_url: str
    state_url: str
    well_known_bundle_url: str
    status: str = "primary"

    @classmethod
    def of(cls, suffix: str, *, name: str, base_url: str) -> MirrorHint:
        """Return the hint for one number at a mirror with the usual paths; ``base_url`` ends without a slash."""
        return cls(
            name=name,
            base_url=base_url,
            bundle_url=f"{base_url}/{bundle_path(suffix)}",
            state_url=f"{base_url}/{state_path(suffix)}",
            well_known_bundle_url=f"{base_url}/{well_known_bundle_path(suffix)}",
        )

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            mirror_type=reader.text("mirror_type"),
            name=reader.text("name"),
            base_url=reader.text("base_url"),
            bundle_url=reader.text("bundle_url"),
            state_url=reader.text("state_url"),
            well_known_bundle_url=reader.text("well_known_bundle_url"),
            status=reader.text("status"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class BundleLinks(SmallDocument):
    """The resolver's addresses for one number (wire field ``links``)."""

    document_kind: ClassVar[str] = "bundle_links"

    resolver: str
    bundle: str
    state: str
    well_known_bundle: str

    @classmethod
    def of(cls, suffix: str, *, base_url: str) -> BundleLinks:
        """Return the links for one number at a resolver with the usual paths."""
        return cls(
            resolver=f"{base_url}/pith/{suffix}",
            bundle=f"{base_url}/{bundle_path(suffix)}",
            state=f"{base_url}/{state_path(suffix)}",
            well_known_bundle=f"{base_url}/{well_known_bundle_path(suffix)}",
        )

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            resolver=reader.text("resolver"),
            bundle=reader.text("bundle"),
            state=reader.text("state"),
            well_known_bundle=reader.text("well_known_bundle"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class MirrorEntry(SmallDocument):
    """One mirror in a manifest; the patterns carry ``{suffix}``."""

    document_kind: ClassVar[str] = "mirror_entry"

    name: str
    mirror_type: str = "https"
    base_url: str
    bundle_pattern: str
    state_pattern: str
    well_known_pattern: str
    public_key: str
    status: str = "primary"

    @classmethod
    def of(cls, *, name: str, base_url: str) -> MirrorEntry:
        """Return the entry of a mirror with the usual paths."""
        return cls(
            name=name,
            base_url=base_url,
            bundle_pattern=f"{base_url}/{bundle_path('{suffix}')}",
            state_pattern=f"{base_url}/{state_path('{suffix}')}",
            well_known_pattern=f"{base_url}/{well_known_bundle_path('{suffix}')}",
            public_key=f"{base_url}/{SIGNING_KEY_PATH}",
        )

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            name=reader.text("name"),
            mirror_type=reader.text("mirror_type"),
            base_url=reader.text("base_url"),
            bundle_pattern=reader.text("bundle_pattern"),
            state_pattern=reader.text("state_pattern"),
            well_known_pattern=reader.text("well_known_pattern"),
            public_key=reader.text("public_key"),
            status=reader.text("status"),
            extra=reader.extra(cls),
        )


@attrs.frozen(kw_only=True, slots=False)
class MirrorManifest(Document):
    """The list of an issuer's mirrors (``pith-mirrors.json``); unsigned."""

    document_kind: ClassVar[str] = "mirror_manifest"

    generated_at: str
    mirrors: tuple[MirrorEntry, ...]
    notes: str = ""
    merge_version: str = MERGE_VERSION
    manifest_type: str = MANIFEST_TYPE
    manifest_version: str = MANIFEST_VERSION

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Return the document that ``reader`` stands on."""
        return cls(
            generated_at=reader.instant("generated_at"),
            mirrors=reader.documents("mirrors", MirrorEntry),
            notes=reader.text("notes"),
            merge_version=reader.text("merge_version"),
            manifest_type=reader.text("manifest_type"),
            manifest_version=reader.text("manifest_version"),
            extra=reader.extra(cls),
        )
