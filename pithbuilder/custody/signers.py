"""From a key's name to something that signs with it, wherever its private half is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import attrs

from pithbuilder.errors import KeyMaterialError
from pithbuilder.signing.backends.external import ExternalSigner
from pithbuilder.signing.backends.local import LocalSigner
from pithbuilder.signing.backends.pkcs11 import Pkcs11Signer
from pithbuilder.signing.backends.sodium import SodiumSigner, sodium_is_installed
from pithbuilder.signing.backends.ssh_agent import AgentSigner
from pithbuilder.signing.checked import CheckedSigner
from pithbuilder.signing.ed25519 import PrivateKey
from pithbuilder.signing.key_reference import (
    AgentReference,
    ExecReference,
    FileReference,
    KeyReference,
    Pkcs11Reference,
    parse_key_reference,
)
from pithbuilder.signing.signer import ClosableSigner, Signer
from pithbuilder.stores.key_files import is_encrypted, load_private_key_file, read_secret
from pithbuilder.stores.key_store import KeyStore


@attrs.frozen
class KeyAccess:
    """What opening a private half may need of a person or of the process.

    Attributes:
        passphrase: Asked with the key's name and whether its file is encrypted; returns the passphrase, or None.
        pin: Asked with the token's name; returns the PIN.
        agent_socket: Path of the ssh-agent's socket; empty where none is known.
    """

    passphrase: Callable[[str, bool], bytes | None]
    pin: Callable[[str], str]
    agent_socket: str = ""


@contextmanager
def open_signer(keys: KeyStore, key_id: str, access: KeyAccess) -> Iterator[Signer]:
    """Open a workspace's key for signing; every signature is checked before it is handed out.

    Args:
        keys: The workspace's keys.
        key_id: Which of them.
        access: What opening it may need.

    Raises:
        KeyMaterialError: ``private-half-missing``; ``key-conflict``: what opened is another key than the public
            document says; what reading a key file raises.
        SigningError: The agent, token or program cannot be reached.
    """
    reference = keys.reference(key_id)
    if not reference:
        raise KeyMaterialError(
            "private-half-missing",
            "the private half of this key is not here",
            where=key_id,
            expected=f"{keys.private_path(key_id)} or {keys.reference_path(key_id)}",
            hint="restore it from your backup with 'pithbuilder keys restore'",
        )
    with open_reference(parse_key_reference(reference), key_id, keys.root.parent, access) as signer:
        keys.check_belongs(key_id, signer.public_key)
        yield signer


@contextmanager
def open_reference(reference: KeyReference, key_id: str, base: Path, access: KeyAccess) -> Iterator[Signer]:
    """Open the key that a reference leads to; see :func:`open_signer`.

    Args:
        reference: Where the private half is.
        key_id: The name to sign under.
        base: The directory below which relative paths are.
        access: What opening it may need.
    """
    with closing(_open(reference, key_id, base, access)) as signer:
        yield signer


def signer_of(key_id: str, key: PrivateKey) -> CheckedSigner:
    """Return a signer with a key in this process's memory; through libsodium where that is installed."""
    against = LocalSigner(key_id, PrivateKey.from_seed(key.to_seed()))
    if sodium_is_installed():
        return CheckedSigner(SodiumSigner(key_id, key), against=against)
    return CheckedSigner(LocalSigner(key_id, key), against=against)


def _open(reference: KeyReference, key_id: str, base: Path, access: KeyAccess) -> CheckedSigner:
    if isinstance(reference, FileReference):
        path = base / reference.path
        return signer_of(key_id, load_private_key_file(path, access.passphrase(key_id, is_encrypted(path))))
    return CheckedSigner(_open_elsewhere(reference, key_id, access))


def _open_elsewhere(
    reference: AgentReference | Pkcs11Reference | ExecReference, key_id: str, access: KeyAccess
) -> ClosableSigner:
    if isinstance(reference, AgentReference):
        return AgentSigner.open(key_id, reference.selector, access.agent_socket)
    if isinstance(reference, ExecReference):
        return ExternalSigner.open(key_id, reference.argv)
    pin = _pin_of(reference, access) if Pkcs11Signer.needs_pin(reference) else None  # a token may have a keypad
    return Pkcs11Signer.open(key_id, reference, pin)


def _pin_of(reference: Pkcs11Reference, access: KeyAccess) -> str:
    if reference.pin_path is None:
        return access.pin(reference.token or str(reference))
    try:
        return read_secret(Path(reference.pin_path)).decode("utf-8")
    except UnicodeDecodeError:
        raise KeyMaterialError(
            "passphrase-encoding", "PIN is not text", where=reference.pin_path, expected="UTF-8"
        ) from None  # the cause holds the PIN
