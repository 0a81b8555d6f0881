"""The issuer profile on disk: ``pith.toml``."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Final

import attrs

from pithbuilder.errors import PithError, ProfileError
from pithbuilder.issuing.profile import DEFAULT_KEY_NOTES, IssuerProfile
from pithbuilder.stores.atomic import read_file

_MAX_PROFILE_BYTES: Final = 2**20
_TABLES: Final = frozenset({"issuer", "snapshot", "mirror"})
_PROFILE_FIELDS: Final = frozenset(
    attribute.name for attribute in attrs.fields(IssuerProfile) if attribute.name != "integrity"
)


def load_profile(path: Path) -> tuple[IssuerProfile, str]:
    """Return the issuer profile in a file, and where mirrors go, below the file's directory.

    Raises:
        ProfileError: ``profile-syntax`` or ``profile-value``; ``where`` names file and setting.
        StoreError: ``read-failed``, ``file-too-large``.
    """
    try:
        tables = tomllib.loads(read_file(path, _MAX_PROFILE_BYTES).decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileError("profile-syntax", f"not TOML: {error}", where=str(path)) from error
    try:
        return _profile_from(tables), _out_from(tables)
    except PithError as error:
        error.where = f"{path}: {error.where}" if error.where else str(path)
        raise


def format_profile(profile: IssuerProfile) -> str:
    """Write a profile as commented TOML; a JSON string without control characters is a TOML string."""

    def text(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)

    more = "".join(
        f"{name} = {text(getattr(profile, name))}\n"
        for name, default in (("key_notes", DEFAULT_KEY_NOTES), ("record_schema_url", ""))
        if getattr(profile, name) != default
    )
    return f"""\
# Issuer profile. Everything here goes into signed documents: change it before the first mint, not after.
[issuer]
signer_id = {text(profile.signer_id)}  # the issuer's name in events; stays when keys change
signer_type = {text(profile.signer_type)}
mirror_name = {text(profile.mirror_name)}  # for people
base_url = {text(profile.base_url)}  # where the mirror is published, without a slash at the end
builder_version = {text(profile.builder_version)}
{more}
[snapshot]
integrity = {"true" if profile.integrity else "false"}  # false: the shape of snapshots before June 2026

[mirror]
out = "mirror"  # where 'pithbuilder mint' writes, below this directory
"""


def _profile_from(tables: dict[str, object]) -> IssuerProfile:
    issuer, snapshot = _table(tables, "issuer"), _table(tables, "snapshot")
    unknown = [f"issuer.{name}" for name in issuer if name not in _PROFILE_FIELDS]
    if unknown:
        raise ProfileError(
            "profile-value", "no such setting", where=unknown[0], expected=", ".join(sorted(_PROFILE_FIELDS))
        )
    values = {name: issuer[name] for name in _PROFILE_FIELDS if name in issuer}
    values["integrity"] = snapshot.get("integrity", True)
    for name in ("signer_id", "mirror_name", "base_url"):
        if name not in values:
            raise ProfileError("profile-value", "a setting is missing", where=f"issuer.{name}")
    unknown = [name for name in tables if name not in _TABLES]
    if unknown:
        raise ProfileError(
            "profile-value",
            "no such table",
            where=unknown[0],
            expected=", ".join(f"[{name}]" for name in sorted(_TABLES)),
            hint="which key signs is not set here: 'pithbuilder keys list' says it, 'keys rotate' changes it"
            if unknown[0] == "key"
            else "",
        )
    return IssuerProfile(**values)  # type: ignore[arg-type]  # the profile checks every value's type


def _out_from(tables: dict[str, object]) -> str:
    out = _table(tables, "mirror").get("out", "mirror")
    if not isinstance(out, str) or not out:
        raise ProfileError("profile-value", "no usable output directory", where="mirror.out")
    return out


def _table(tables: dict[str, object], name: str) -> dict[str, object]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise ProfileError("profile-value", "not a table", where=name, expected=f"[{name}]")
    return table
