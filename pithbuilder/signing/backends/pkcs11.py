"""A private key in a PKCS#11 token (a hardware security module), through python-pkcs11 (extra ``pkcs11``).

A module is initialised once a process, and a login is valid for the whole process: signers of one token share one
session, which the last of them closes. After a fork, the child must open its own.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any, Final, NoReturn, Self

from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import KeyMaterialError, SigningError, printable
from pithbuilder.signing.ed25519 import PUBLIC_KEY_LENGTH, PublicKey, load_public_key
from pithbuilder.signing.key_reference import Pkcs11Reference

_OCTET_STRING_32: Final = bytes((0x04, PUBLIC_KEY_LENGTH))
_TRY_AGAIN: Final = "put the token back, then run the same command again: what is done stays done"


class _Shared:
    """A session that the signers of one token have in common."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.users = 0


_SESSIONS: Final[dict[tuple[str, int], _Shared]] = {}  # module and slot number


class Pkcs11Signer:
    """Signs with ``CKM_EDDSA`` inside a token."""

    def __init__(self, key_id: str, place: tuple[str, int], key: Any, mechanism: Any, public_key: PublicKey) -> None:
        """Take what :meth:`open` has found; use that."""
        self.key_id: Final = key_id
        self._place: tuple[str, int] | None = place
        self._key = key
        self._mechanism = mechanism
        self._public_key = public_key

    @classmethod
    def open(cls, key_id: str, reference: Pkcs11Reference, pin: str | None) -> Self:
        """Log in to the only token that fits, and find the only private key that does. Nothing is signed.

        Args:
            key_id: The name to sign as.
            reference: Which token and which key.
            pin: The user's PIN; None where the token needs none or asks for it itself. A process that is logged in
                to the token already stays so, whatever the PIN.

        Raises:
            SigningError: ``backend-not-installed``, ``hsm-module``, ``hsm-token-missing``, ``hsm-token-ambiguous``,
                ``hsm-pin-needed``, ``hsm-pin-wrong``, ``hsm-pin-locked``, ``hsm-pin-unset``, ``hsm-key-missing``,
                ``hsm-key-ambiguous``, ``hsm-key-unusable``, ``hsm-gone`` or ``hsm-failed``.
            KeyMaterialError: ``key-algorithm``, or what :class:`~pithbuilder.signing.ed25519.PublicKey` refuses.
        """
        try:
            pkcs11 = _library()
            module, path = _load_module(pkcs11, reference)
            with _failures(pkcs11, key_id):
                token = _find_token(pkcs11, module, reference)
                place = (path, token.slot.slot_id)
                session = _enter(pkcs11, place, token, pin)
        finally:
            del pin  # a traceback that shows local variables does not show it
        try:
            with _failures(pkcs11, key_id):
                key = _find_private_key(pkcs11, session, reference)
                public_key = _read_public_key(pkcs11, session, key)
            return cls(key_id, place, key, pkcs11.Mechanism.EDDSA, public_key)
        except BaseException:
            _leave(place)
            raise

    @classmethod
    def needs_pin(cls, reference: Pkcs11Reference) -> bool:
        """Say whether a PIN has to be given to :meth:`open`: the token wants one, and has no keypad of its own.

        Raises:
            SigningError: As for :meth:`open`.
        """
        pkcs11 = _library()
        module, path = _load_module(pkcs11, reference)
        with _failures(pkcs11, "?"):
            token = _find_token(pkcs11, module, reference)
            return (path, token.slot.slot_id) not in _SESSIONS and _wants_pin(pkcs11, token)

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public_key

    def sign(self, preimage: Preimage) -> bytes:
        """Return the token's signature (64 bytes) over the preimage's digest bytes.

        Raises:
            SigningError: ``hsm-gone`` or ``hsm-failed``.
        """
        if self._place is None:
            raise _gone(self.key_id, "the session was closed before")
        try:
            signature: bytes = self._key.sign(preimage.digest, mechanism=self._mechanism)
        except RuntimeError as error:  # every error of python-pkcs11 is one
            _raise_failure(_library(), error, self.key_id)
        return signature

    def close(self) -> None:
        """Leave the session; the last signer to leave logs out."""
        place, self._place = self._place, None
        if place is not None:
            _leave(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Pkcs11Signer({self.key_id!r}, public={self.public_key.raw.hex()})"


def _library() -> ModuleType:
    try:
        import pkcs11  # an optional extra
    except ImportError as error:
        raise SigningError(
            "backend-not-installed", "python-pkcs11 is not installed", hint="pip install 'pithbuilder[pkcs11]'"
        ) from error
    return pkcs11


def _load_module(pkcs11: ModuleType, reference: Pkcs11Reference) -> tuple[Any, str]:
    """Return the module and its real path: a second name of one module would initialise it twice, which fails."""
    named = reference.module_path
    if named is None or not named.startswith("/"):
        raise SigningError(
            "hsm-module",
            "no PKCS#11 module is named",
            expected="the absolute path of a shared library",
            found=printable(named) if named else "",
            hint="add ?module-path=/path/to/module.so to the key reference",
        )
    path = os.path.realpath(named)
    try:
        return pkcs11.lib(path), path
    except (RuntimeError, ValueError) as error:
        raise SigningError(
            "hsm-module",
            "the PKCS#11 module cannot be loaded or does not start",
            where=printable(named),
            found=_name(error),
            hint="is it the right file, for this machine, and is its own configuration in order?",
        ) from error


def _find_token(pkcs11: ModuleType, module: Any, reference: Pkcs11Reference) -> Any:
    wanted_module = {
        "library_description": (reference.library_description, module.library_description),
        "library_manufacturer": (reference.library_manufacturer, module.manufacturer_id),
    }
    fits = all(wanted in (None, found) for wanted, found in wanted_module.values())
    if reference.library_version is not None:
        version = ".".join(map(str, module.library_version))
        fits = fits and f"{version}.".startswith(f"{reference.library_version}.")
    tokens = []
    for slot in module.get_slots(token_present=True) if fits else ():
        try:
            token = slot.get_token()
        except (pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised):
            continue
        if pkcs11.TokenFlag.TOKEN_INITIALIZED in token.flags and _token_fits(reference, slot, token):
            tokens.append(token)
    if len(tokens) == 1:
        return tokens[0]
    if not tokens:
        raise SigningError(
            "hsm-token-missing",
            "no token fits the key reference",
            where=str(reference),
            hint="is the token in its slot? `pkcs11-tool --module MODULE --list-token-slots` shows what is there",
        )
    raise SigningError(
        "hsm-token-ambiguous",
        "more than one token fits the key reference",
        where=str(reference),
        expected="exactly one",
        found=f"{len(tokens)} tokens",
        hint="add serial= or slot-id= to the key reference",
    )


def _token_fits(reference: Pkcs11Reference, slot: Any, token: Any) -> bool:
    pairs = (
        (reference.token, token.label),
        (reference.serial, token.serial.decode("utf-8", "replace").rstrip(" \0")),
        (reference.manufacturer, token.manufacturer_id),
        (reference.model, token.model),
        (reference.slot_id, slot.slot_id),
        (reference.slot_description, slot.slot_description),
        (reference.slot_manufacturer, slot.manufacturer_id),
    )
    return all(wanted in (None, found) for wanted, found in pairs)


def _wants_pin(pkcs11: ModuleType, token: Any) -> bool:
    flags, kinds = token.flags, pkcs11.TokenFlag
    return kinds.LOGIN_REQUIRED in flags and kinds.PROTECTED_AUTHENTICATION_PATH not in flags


def _enter(pkcs11: ModuleType, place: tuple[str, int], token: Any, pin: str | None) -> Any:
    """Return the session of this token, logged in; each call wants one of :func:`_leave`."""
    try:
        shared = _SESSIONS.get(place)
        if shared is None:
            shared = _SESSIONS[place] = _Shared(_log_in(pkcs11, token, pin))
        shared.users += 1
        return shared.session
    finally:
        del pin


def _log_in(pkcs11: ModuleType, token: Any, pin: str | None) -> Any:
    open_session = token.open
    try:
        if pkcs11.TokenFlag.USER_PIN_LOCKED in token.flags:
            raise _pin_locked(token)
        if pkcs11.TokenFlag.LOGIN_REQUIRED not in token.flags:
            return open_session()
        if pin is not None:
            return open_session(user_pin=pin)
        if _wants_pin(pkcs11, token):
            raise SigningError(
                "hsm-pin-needed",
                "the token wants a PIN",
                where=f"token {printable(token.label)}",
                hint="run in a terminal to be asked for it, or add pin-source=file:/path/to/pin to the key reference",
            )
        return open_session(user_pin=pkcs11.types.PROTECTED_AUTH)
    except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange) as error:
        raise _pin_wrong(pkcs11, token) from error
    except pkcs11.PinLocked as error:
        raise _pin_locked(token) from error
    except pkcs11.UserPinNotInitialized as error:
        raise SigningError(
            "hsm-pin-unset",
            "the token has no user PIN yet",
            where=f"token {printable(token.label)}",
            hint="its security officer has to set one (pkcs11-tool --init-pin)",
        ) from error
    finally:
        del pin


def _leave(place: tuple[str, int]) -> None:
    shared = _SESSIONS[place]
    shared.users -= 1
    if not shared.users:
        del _SESSIONS[place]
        try:
            shared.session.close()
        except RuntimeError:
            return  # the token is gone, and the session with it


def _find_private_key(pkcs11: ModuleType, session: Any, reference: Pkcs11Reference) -> Any:
    template: dict[Any, Any] = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
    if reference.object is not None:
        template[pkcs11.Attribute.LABEL] = reference.object
    if reference.id is not None:
        template[pkcs11.Attribute.ID] = reference.id
    keys = _objects(pkcs11, session, template)
    if not keys and list(session.get_objects(template)):
        raise KeyMaterialError(
            "key-algorithm",
            "the token's key is not for Ed25519",
            where=str(reference),
            expected="CKK_EC_EDWARDS",
            hint="make one: pkcs11-tool --keypairgen --key-type EC:edwards25519",
        )
    if not keys:
        raise SigningError(
            "hsm-key-missing",
            "the token holds no such private key",
            where=str(reference),
            hint="`pkcs11-tool --module MODULE --login --list-objects` shows labels (object=) and identifiers (id=)",
        )
    if len(keys) > 1:
        raise SigningError(
            "hsm-key-ambiguous",
            "more than one key of the token fits the key reference",
            where=str(reference),
            expected="exactly one",
            found=f"{len(keys)} keys",
            hint="add id=%XX to the key reference (`pkcs11-tool --list-objects` shows it)",
        )
    if not hasattr(keys[0], "sign"):
        raise SigningError(
            "hsm-key-unusable",
            "the token does not let this key sign",
            where=str(reference),
            expected="a private key with CKA_SIGN",
        )
    return keys[0]


def _read_public_key(pkcs11: ModuleType, session: Any, key: Any) -> PublicKey:
    """Return the public key that has the private key's identifier, else its label, else what the key says itself."""
    names = pkcs11.Attribute
    for name in (names.ID, names.LABEL):
        value = _read(pkcs11, key, name)
        if value:
            template = {names.CLASS: pkcs11.ObjectClass.PUBLIC_KEY, name: value}
            points = {_read(pkcs11, found, names.EC_POINT) for found in _objects(pkcs11, session, template)}
            if len(points) > 1:
                raise SigningError(
                    "hsm-key-ambiguous",
                    "more than one public key of the token fits the private key",
                    where=f"{'id' if name is names.ID else 'label'} {printable(value)}",
                    expected="exactly one",
                    hint="give each key pair an identifier (CKA_ID) of its own",
                )
            if points and (point := points.pop()) is not None:
                return _point_to_key(point)
    point = _read(pkcs11, key, names.EC_POINT)
    if point is None:
        raise SigningError(
            "hsm-key-missing",
            "the token does not hold the public half of the key",
            expected="a public key object with the same CKA_ID",
            hint="import the public key into the token, with the private key's identifier and label",
        )
    return _point_to_key(point)


def _objects(pkcs11: ModuleType, session: Any, template: dict[Any, Any]) -> list[Any]:
    # A list at once: while a search is under way, a session does nothing else.
    return list(session.get_objects({**template, pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.EC_EDWARDS}))


def _read(pkcs11: ModuleType, found: Any, name: Any) -> Any:
    try:
        return found[name]
    except (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive):
        return None


def _point_to_key(point: bytes) -> PublicKey:
    """PKCS#11 3.0 has the point bare, 2.40 and 3.1 in an OCTET STRING; modules do either."""
    if len(point) == 2 + PUBLIC_KEY_LENGTH and point.startswith(_OCTET_STRING_32):
        point = point[2:]
    return load_public_key(bytes(point))


@contextmanager
def _failures(pkcs11: ModuleType, key_id: str) -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except pkcs11.PKCS11Error as error:
        _raise_failure(pkcs11, error, key_id)


def _raise_failure(pkcs11: ModuleType, error: RuntimeError, key_id: str) -> NoReturn:
    gone = (pkcs11.DeviceRemoved, pkcs11.TokenNotPresent, pkcs11.SessionHandleInvalid, pkcs11.SessionClosed)
    if isinstance(error, (*gone, pkcs11.KeyHandleInvalid, pkcs11.ObjectHandleInvalid, pkcs11.SlotIDInvalid)):
        raise _gone(key_id, _name(error)) from error
    hint = "see the token's own log; run the same command again: what is done stays done"
    if isinstance(error, pkcs11.UserNotLoggedIn):
        hint = (
            "the token was logged out, or the key wants its PIN each time (CKA_ALWAYS_AUTHENTICATE), which is not done"
        )
    raise SigningError(
        "hsm-failed", "the token failed", where=f"key {key_id}", found=_name(error), hint=hint
    ) from error


def _gone(key_id: str, found: str) -> SigningError:
    return SigningError(
        "hsm-gone", "the token or its key has gone away", where=f"key {key_id}", found=found, hint=_TRY_AGAIN
    )


def _pin_wrong(pkcs11: ModuleType, token: Any) -> SigningError:
    hint = "check the PIN: a few wrong ones lock the token"
    if pkcs11.TokenFlag.USER_PIN_FINAL_TRY in token.slot.get_token().flags:
        hint = "one more wrong PIN locks the token: make sure before the next try"
    return SigningError(
        "hsm-pin-wrong", "the token refuses the PIN", where=f"token {printable(token.label)}", hint=hint
    )


def _pin_locked(token: Any) -> SigningError:
    return SigningError(
        "hsm-pin-locked",
        "the token's PIN is locked",
        where=f"token {printable(token.label)}",
        hint="its security officer has to set a new one (pkcs11-tool --init-pin); more tries do not help",
    )


def _name(error: Exception) -> str:
    """Return the name of PKCS#11's error, with the library's text where there is one."""
    text = str(error)
    return f"{type(error).__name__}: {printable(text)}" if text else type(error).__name__
