"""Who issues: every value that differs from one registry to the next."""

from __future__ import annotations

import re
from typing import Final

import attrs

from pithbuilder.errors import ProfileError, printable

DEFAULT_BUILDER_VERSION: Final = "pithbuilder-0.1"
DEFAULT_KEY_NOTES: Final = (
    "Ed25519 key that signs SHA-256 digests of canonical JSON. The message of a signature is the 32 digest bytes "
    "that its signed_message names; for a receipt: verify(public_key, canonical_sha256_bytes, signature_b64)."
)

_BASE_URL: Final = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
_PLACEHOLDER: Final = re.compile(r"https?://(?:[^/:]*\.)?example(?:\.com|\.org|\.net)?(?:[:/]|$)", re.ASCII)


@attrs.frozen(kw_only=True)
class IssuerProfile:
    """An issuer's own values.

    Attributes:
        signer_id: The issuer's name in events, such as ``pith.science``; stays when keys change.
        signer_type: ``pith_registry``.
        mirror_name: The name of the issuer's own mirror, for people.
        base_url: Where the mirror is published, without a slash at the end.
        builder_version: What stands as ``builder_version`` in receipts and snapshots.
        integrity: Whether snapshots carry the (empty) ``integrity`` block that came in after May 2026.
        key_notes: What stands as ``notes`` in the key document.
        record_schema_url: What stands as ``schema_url`` in record documents; by default below ``base_url``.

    Raises:
        ProfileError: ``profile-value``; ``where`` is the attribute.
    """

    signer_id: str
    mirror_name: str
    base_url: str
    signer_type: str = "pith_registry"
    builder_version: str = DEFAULT_BUILDER_VERSION
    integrity: bool = True
    key_notes: str = DEFAULT_KEY_NOTES
    record_schema_url: str = ""

    def __attrs_post_init__(self) -> None:
        """Refuse values that would make documents that nobody can use."""
        for name in ("signer_id", "signer_type", "mirror_name", "builder_version"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip() or not value.isprintable():
                raise _wrong(name, "printable text that is not blank", value)
        for name in ("key_notes", "record_schema_url"):
            if not isinstance(getattr(self, name), str):
                raise _wrong(name, "text", getattr(self, name))
        if not isinstance(self.base_url, str) or _BASE_URL.fullmatch(self.base_url) is None:
            raise _wrong("base_url", "an http or https address without a slash at the end", self.base_url)
        if type(self.integrity) is not bool:
            raise _wrong("integrity", "true or false", self.integrity)

    @property
    def schema_url(self) -> str:
        """Where the schema of record documents is published."""
        return self.record_schema_url or f"{self.base_url}/schemas/pith-number-record-v1.json"

    @property
    def is_placeholder(self) -> bool:
        """Whether ``base_url`` is below a name reserved for examples (RFC 2606), where nothing is ever published."""
        return _PLACEHOLDER.match(self.base_url) is not None


def _wrong(name: str, expected: str, found: object) -> ProfileError:
    return ProfileError(
        "profile-value",
        f"issuer profile has no usable {name}",
        where=name,
        expected=expected,
        found=printable(found),
    )
