"""Where a private key is, as one line of text: ``file:…``, ``ssh-agent:…``, ``pkcs11:…`` or ``exec:…``.

Such a line is put into profiles and on command lines. So it never holds a secret, and no error shows more of a bad
one than its scheme or the name of an attribute.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

import attrs

from pithbuilder.core.encoding import decode_base64
from pithbuilder.errors import EncodingError, KeyMaterialError

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,19}(?=:)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_FINGERPRINT: Final = re.compile(r"SHA256:([A-Za-z0-9+/]{43})")

# RFC 7512, section 2.3: what may stand in a value as it is; everything else is percent-encoded.
_PLAIN: Final = "A-Za-z0-9._~:\\[\\]@!$'()*+,=\\-"
_PATH_VALUE: Final = re.compile(rf"(?:[{_PLAIN}&]|%[0-9A-Fa-f]{{2}})*")
_QUERY_VALUE: Final = re.compile(rf"(?:[{_PLAIN}/?|]|%[0-9A-Fa-f]{{2}})*")
_ENCODED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PIN_VALUE: Final = re.compile(r"pin-value\s*=", re.IGNORECASE)
_DIGITS: Final = re.compile(r"[0-9]{1,20}")
_VERSION: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?")


@attrs.frozen
class FileReference:
    """A private key file.

    Attributes:
        path: As written, not percent-decoded; a relative one is relative to the workspace.
    """

    path: str

    def __str__(self) -> str:
        return f"file:{self.path}"


@attrs.frozen
class AgentReference:
    """A key that an ``ssh-agent`` holds.

    Attributes:
        selector: OpenSSH's fingerprint of the key, ``SHA256:`` and 43 characters, as ``ssh-add -l`` shows it.
    """

    selector: str

    def __str__(self) -> str:
        return f"ssh-agent:{self.selector}"


@attrs.frozen(kw_only=True)
class Pkcs11Reference:
    """A private key in a PKCS#11 token (RFC 7512). What is None may be anything.

    Attributes:
        token: The token's label.
        serial: The token's serial number.
        manufacturer: The token's manufacturer.
        model: The token's model.
        object: The key's label (``CKA_LABEL``).
        id: The key's identifier (``CKA_ID``).
        slot_id: The slot's number.
        slot_description: The slot's description.
        slot_manufacturer: The slot's manufacturer.
        library_description: The module's description of itself.
        library_manufacturer: The module's manufacturer.
        library_version: ``2.6``, or only ``2``.
        module_path: The module, a shared library; absolute.
        pin_source: Where the PIN is: ``file:/path`` or a path.
    """

    token: str | None = None
    serial: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    object: str | None = None
    id: bytes | None = None
    slot_id: int | None = None
    slot_description: str | None = None
    slot_manufacturer: str | None = None
    library_description: str | None = None
    library_manufacturer: str | None = None
    library_version: str | None = None
    module_path: str | None = None
    pin_source: str | None = None

    @property
    def pin_path(self) -> str | None:
        """The path of the file that holds the PIN, where one is named."""
        return None if self.pin_source is None else self.pin_source.removeprefix("file:")

    def __str__(self) -> str:
        path = [f"{name}={_encode(getattr(self, _field(name)))}" for name in _PATH_NAMES if self._has(name)]
        query = [f"{name}={_encode(getattr(self, _field(name)), '/')}" for name in _QUERY_NAMES if self._has(name)]
        return f"pkcs11:{';'.join([*path, 'type=private'])}" + ("?" + "&".join(query) if query else "")

    def _has(self, name: str) -> bool:
        return getattr(self, _field(name)) is not None


@attrs.frozen
class ExecReference:
    """A program that signs.

    Attributes:
        argv: The program and its arguments. No shell ever sees them.
    """

    argv: tuple[str, ...]

    def __str__(self) -> str:
        return f"exec:{shlex.join(self.argv)}"


KeyReference = FileReference | AgentReference | Pkcs11Reference | ExecReference

_PATH_NAMES: Final = (
    "library-manufacturer",
    "library-description",
    "library-version",
    "slot-id",
    "slot-description",
    "slot-manufacturer",
    "manufacturer",
    "model",
    "serial",
    "token",
    "id",
    "object",
)
_QUERY_NAMES: Final = ("module-path", "pin-source")


def parse_key_reference(text: str) -> KeyReference:
    """Return what a key reference says.

    ``str`` of the result is a reference to the same key, in normal form: it gives the same result again.

    Args:
        text: ``file:PATH``, ``ssh-agent:SHA256:FINGERPRINT``, ``pkcs11:`` with a URI of RFC 7512, or
            ``exec:PROGRAM ARGUMENTS``, split as a shell splits words.

    Raises:
        KeyMaterialError: ``key-reference``, or ``pin-in-reference``.
    """
    scheme, _, rest = text.partition(":")
    if scheme == "pkcs11":
        return _parse_pkcs11(rest)
    if scheme == "file":
        if not rest or _CONTROL.search(rest):
            raise _refused("path", "file: and a path without control characters")
        return FileReference(rest)
    if scheme == "ssh-agent":
        return AgentReference(_checked_fingerprint(rest))
    if scheme == "exec":
        return ExecReference(_split(rest))
    shown = _SCHEME.match(text)
    raise KeyMaterialError(
        "key-reference",
        "not a reference to a private key",
        expected="file:PATH, ssh-agent:SHA256:FINGERPRINT, pkcs11:URI or exec:PROGRAM ARGUMENTS",
        found=f"{shown[0]}:" if shown else "no scheme",
    )


def _checked_fingerprint(text: str) -> str:
    expected = "SHA256: and 43 characters of base64, as `ssh-add -l` shows them"
    match = _FINGERPRINT.fullmatch(text)
    if match is None:
        raise _refused("ssh-agent selector", expected)
    try:
        decode_base64(match[1] + "=", 32)
    except EncodingError as error:
        raise _refused("ssh-agent selector", expected) from error
    return text


def _split(text: str) -> tuple[str, ...]:
    expected = "exec: and a program with its arguments; quotes as in a shell, no control characters"
    try:
        argv = tuple(shlex.split(text))
    except ValueError as error:
        raise _refused("command", expected) from error
    if not argv or not argv[0] or _CONTROL.search(text):
        raise _refused("command", expected)
    return argv


def _parse_pkcs11(rest: str) -> Pkcs11Reference:
    """Take a URI apart.

    What is not known is refused: an attribute of the path that were passed over would let more keys match than were
    meant, and one of the query might be the one that the user relies on.
    """
    if _PIN_VALUE.search(rest):
        raise KeyMaterialError(
            "pin-in-reference",
            "the key reference holds a PIN",
            where="pkcs11: pin-value",
            expected="a reference without secrets",
            hint="use pin-source=file:/path/to/pin, or leave it away to be asked; then change that PIN",
        )
    path, _, query = rest.partition("?")
    values: dict[str, str] = {}
    for part, separator, pattern, known in (
        (path, ";", _PATH_VALUE, (*_PATH_NAMES, "type")),
        (query, "&", _QUERY_VALUE, _QUERY_NAMES),
    ):
        for item in part.split(separator) if part else ():
            name, equals, value = item.partition("=")
            if name not in known or not equals:
                _refuse_name(name, known)
            if name in values:
                raise _refused(name, "each attribute once")
            if not pattern.fullmatch(value):
                raise _refused(name, "RFC 7512: blanks and other special characters as %XX")
            values[name] = value
    if values.pop("type", "private") != "private":
        raise _refused("type", "private")
    reference = Pkcs11Reference(**{_field(name): _decode(name, value) for name, value in values.items()})  # type: ignore[arg-type]
    _check_query(reference)
    return reference


def _refuse_name(name: str, known: tuple[str, ...]) -> None:
    hint = "use module-path with the module's absolute path" if name == "module-name" else ""
    shown = name if re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name) else ""
    raise KeyMaterialError(
        "key-reference",
        "attribute of a pkcs11: reference is not known, not supported, or at the wrong place",
        where=f"pkcs11: {shown}".strip(),
        expected=" ".join(known),
        hint=hint,
    )


def _decode(name: str, value: str) -> str | bytes | int:
    if name == "slot-id":
        if not _DIGITS.fullmatch(value):
            raise _refused(name, "a decimal number")
        return int(value)
    if name == "library-version" and not _VERSION.fullmatch(value):
        raise _refused(name, "a version such as 2.6")
    data = _ENCODED.sub(lambda match: bytes.fromhex(match[1].decode("ascii")), value.encode("ascii"))
    if name == "id":
        if not data:
            raise _refused(name, "at least one byte, as %XX")
        return data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(name, "UTF-8, percent-encoded") from error
    if "\0" in text:
        raise _refused(name, "text without the null character")
    return text


def _check_query(reference: Pkcs11Reference) -> None:
    if reference.module_path is not None and not reference.module_path.startswith("/"):
        raise _refused("module-path", "an absolute path")  # it is code, and must not depend on where one stands
    pin_path = reference.pin_path
    if pin_path is not None and (not pin_path or pin_path.startswith("|") or _SCHEME.match(pin_path)):
        raise _refused("pin-source", "file: and a path, or a path; no command and no other URI")


def _encode(value: str | bytes | int, plain: str = "") -> str:
    if isinstance(value, bytes):
        return "".join(f"%{byte:02X}" for byte in value)
    safe = _UNRESERVED | frozenset(plain.encode("ascii"))
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in str(value).encode("utf-8"))


def _field(name: str) -> str:
    return name.replace("-", "_")


def _refused(part: str, expected: str) -> KeyMaterialError:
    return KeyMaterialError("key-reference", "key reference has a bad part", where=part, expected=expected)
