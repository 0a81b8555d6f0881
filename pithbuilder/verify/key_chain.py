"""The chain of an issuer's keys: from the first one through every statement, each break with its own code.

A statement is believed because the key before it signed it. Whoever pins one key of a chain can follow it from
there to the key that signs today, offline, and knows of each key when it signed and what became of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import attrs

from pithbuilder.core.json_difference import first_difference
from pithbuilder.core.json_path import ROOT
from pithbuilder.core.timestamps import format_seconds, parse_instant, parse_seconds
from pithbuilder.documents.key_document import KeyDocument, fingerprint_hex
from pithbuilder.documents.key_statement import (
    COMPROMISED,
    LOST,
    REASONS,
    STATEMENT_VERSION,
    KeyRevocationContent,
    KeyRotationContent,
    KeyStatement,
)
from pithbuilder.documents.keyring_document import (
    ACTIVE,
    KEYRING_TYPE,
    KEYRING_VERSION,
    RETIRED,
    REVOKED,
    KeyringDocument,
    KeyringEntry,
)
from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import KeyMaterialError, RotationError, printable
from pithbuilder.signing.ed25519 import PublicKey
from pithbuilder.signing.keyring import Keyring, KeyWindow, public_key_of
from pithbuilder.signing.rotation import key_commitment
from pithbuilder.verify.report import Check
from pithbuilder.verify.signatures import find_fault_under_key

CHAIN: Final = "$.chain"


@attrs.frozen
class ChainKey:
    """A key in a chain.

    Attributes:
        entry: What the keyring says of it.
        key: The key.
        compromised_at: From when on others may have had it, as the statement says; None where nobody had.
    """

    entry: KeyringEntry
    key: PublicKey
    compromised_at: str | None = None

    @property
    def key_id(self) -> str:
        """Its name."""
        return self.entry.key.key_id

    @property
    def is_active(self) -> bool:
        """Whether it is the one that signs."""
        return self.entry.status == ACTIVE

    @property
    def window(self) -> KeyWindow:
        """When it signs, as the verifier asks for it."""
        return KeyWindow(
            valid_from=_instant_or_none(self.entry.valid_from),
            valid_until=_instant_or_none(self.entry.valid_until),
            compromised_at=_instant_or_none(self.compromised_at),
        )

    def ended(self, status: str, at: str) -> ChainKey:
        """Return the key with the end of its window and its new status; an end that was earlier stays."""
        end = self.window.valid_until
        until = at if end is None or parse_seconds(at) <= end else self.entry.valid_until
        document = attrs.evolve(self.entry.key, rotates_at=until)
        return attrs.evolve(
            self,
            entry=attrs.evolve(self.entry, key=document, valid_until=until, status=status),
            compromised_at=at if status == REVOKED else None,
        )


@attrs.frozen
class KeyChain:
    """An issuer's keys and the statements that link them; only ever made of what holds.

    Attributes:
        issuer: The issuer's ``signer_id``.
        keys: In the order in which they came into use; one of them at most is active.
        statements: By sequence.
    """

    issuer: str
    keys: tuple[ChainKey, ...]
    statements: tuple[KeyStatement, ...] = ()

    @classmethod
    def begin(cls, issuer: str, first: KeyDocument, path: str = "$.keys[0].key") -> KeyChain:
        """Return the chain of one key.

        Args:
            issuer: The issuer's ``signer_id``.
            first: Its document; ``rotates_at`` is the planned end of its window.
            path: Where it stands, for error messages.

        Raises:
            KeyMaterialError: The document's fields contradict each other, or the key must not be used.
        """
        return cls(issuer, (_new_key(first, None, path),))

    @classmethod
    def read(cls, document: KeyringDocument) -> KeyChain:
        """Return the chain that a keyring document holds, every statement checked and everything derived again.

        Raises:
            KeyMaterialError: A key must not be used, or its document contradicts itself.
            RotationError: The first break in the chain, as for :meth:`extended`; ``keyring-type``;
                ``keyring-entries``: what the document says of its keys is not what follows from the statements.
        """
        for name, found, expected in (
            ("keyring_type", document.keyring_type, KEYRING_TYPE),
            ("keyring_version", document.keyring_version, KEYRING_VERSION),
        ):
            if found != expected:
                raise _broken("keyring-type", f"$.{name}", "not a keyring that is known here", expected, found)
        if not document.keys:
            raise _broken("keyring-entries", "$.keys", "keyring holds no key", "at least the first key", "[]")
        first = document.keys[0].key
        if document.chain:  # the first statement ends the first key, and what end was planned before shows nowhere
            first = attrs.evolve(first, rotates_at=None)
        chain = cls.begin(document.issuer, first)
        for index, statement in enumerate(document.chain):
            chain = chain.extended(statement, f"{CHAIN}[{index}]")
        for index, (entry, key) in enumerate(zip(document.keys, chain.keys, strict=False)):
            difference = first_difference(entry.to_dict(), key.entry.to_dict(), f"$.keys[{index}]")
            if difference is not None:
                where, stated, derived = difference
                raise _broken("keyring-entries", where, "not what follows from the statements", derived, stated)
        if len(document.keys) != len(chain.keys):
            raise _broken(
                "keyring-entries",
                "$.keys",
                "not the keys that follow from the statements",
                len(chain.keys),
                len(document.keys),
            )
        return chain

    @property
    def active(self) -> ChainKey | None:
        """The key that signs, always the newest; None after that one was retired or revoked."""
        return self.latest if self.latest.is_active else None

    @property
    def latest(self) -> ChainKey:
        """The key that signs, or the one that signed last."""
        return self.keys[-1]

    @property
    def commitment(self) -> str | None:
        """The promise of the next key that is still to be kept: 64 hexadecimal digits, or None."""
        contents = (item.content for item in reversed(self.statements))
        last = next((content for content in contents if isinstance(content, KeyRotationContent)), None)
        return None if last is None else last.next_key_commitment_sha256

    @property
    def digests(self) -> tuple[bytes, ...]:
        """Digest of every statement, 32 raw bytes each."""
        return tuple(statement.content.digest for statement in self.statements)

    def find(self, key_id: str) -> ChainKey | None:
        """Return the key of that id, or None."""
        return next((key for key in reversed(self.keys) if key.key_id == key_id), None)

    @property
    def compromised_ids(self) -> frozenset[str]:
        """The ids of the keys that others may have had."""
        return frozenset(key.key_id for key in self.keys if key.compromised_at is not None)

    def own_keys(self) -> Keyring:
        """Return all keys as an issuer knows its own: whatever has become of them, it signed with them."""
        keyring = Keyring(attrs.evolve(key.entry.key, rotates_at=None) for key in self.keys)
        return keyring.with_signer(self.issuer, (key.key for key in self.keys))

    def to_document(self) -> KeyringDocument:
        """Return the keyring as it is published."""
        return KeyringDocument(issuer=self.issuer, keys=tuple(key.entry for key in self.keys), chain=self.statements)

    def extended(self, statement: KeyStatement, path: str = ROOT) -> KeyChain:
        """Return the chain with one more statement.

        Args:
            statement: The next statement.
            path: Where it stands, for error messages.

        Raises:
            KeyMaterialError: The new key must not be used, or its document contradicts itself.
            RotationError: ``rotation-version``, ``rotation-digest``, ``rotation-issuer``, ``rotation-reason``,
                ``rotation-sequence``, ``rotation-fork``, ``rotation-unknown-key``, ``rotation-closed``,
                ``rotation-revoked-key``, ``rotation-time``, ``rotation-expired``, ``rotation-same-key``,
                ``rotation-key-id-reused``, ``rotation-commitment``, ``rotation-lost-uncommitted``,
                ``rotation-not-by-old``, ``rotation-not-by-new``, ``rotation-extra-signature``.
        """
        self._check_envelope(statement, path)
        content = statement.content
        if isinstance(content, KeyRotationContent):
            return self._rotated(statement, content, path)
        return self._revoked(statement, content, path)

    def _check_envelope(self, statement: KeyStatement, path: str) -> None:
        content = statement.content
        if content.reason not in REASONS:
            raise _broken("rotation-reason", f"{path}.reason", "no such reason", ", ".join(REASONS), content.reason)
        for code, name, found, expected, message in (
            ("rotation-version", "statement_version", content.statement_version, STATEMENT_VERSION, "unknown version"),
            (
                "rotation-digest",
                "statement_sha256",
                statement.stated_statement_sha256,
                content.digest.hex(),
                "stated digest is not that of the statement",
            ),
            ("rotation-issuer", "issuer", content.issuer, self.issuer, "statement of another issuer"),
        ):
            if found != expected:
                raise _broken(code, f"{path}.{name}", message, expected, found)
        next_sequence = len(self.statements) + 1
        if 1 <= content.sequence < next_sequence:
            known = self.statements[content.sequence - 1].content.digest
            if known != content.digest:
                raise _broken(
                    "rotation-fork",
                    f"{path}.sequence",
                    "two different statements have the same place in the chain",
                    known.hex(),
                    content.digest.hex(),
                )
        if content.sequence != next_sequence:
            where = f"{path}.sequence"
            raise _broken("rotation-sequence", where, "statement is out of sequence", next_sequence, content.sequence)

    def _rotated(self, statement: KeyStatement, content: KeyRotationContent, path: str) -> KeyChain:
        old = self._key_that_may_sign(content.previous_key_id, f"{path}.previous_key_id")
        self._check_time(old, content.effective_at, path)
        new = _new_key(content.new_key, content.effective_at, f"{path}.new_key")
        if new.window.is_empty:
            where, begins = f"{path}.new_key.rotates_at", f"later than {content.effective_at}"
            raise _broken("rotation-time", where, "the new key ends before it begins", begins, new.entry.valid_until)
        self._check_new_key(new, content, path)
        self._check_commitment(new, content, path)
        signers = [(new.key, "rotation-not-by-new", content.new_key.key_id)]
        if content.reason != LOST:
            signers.insert(0, (old.key, "rotation-not-by-old", old.key_id))
        _check_signatures(statement, signers, path)
        ended = old.ended(REVOKED if content.reason == COMPROMISED else RETIRED, content.effective_at)
        return attrs.evolve(self, keys=(*self.keys[:-1], ended, new), statements=(*self.statements, statement))

    def _revoked(self, statement: KeyStatement, content: KeyRevocationContent, path: str) -> KeyChain:
        key = self.find(content.key_id)
        if key is None:
            raise _unknown_key(content.key_id, f"{path}.key_id")
        signer = self.active
        if signer is None:
            raise _closed(f"{path}.key_id", content.key_id)
        if key.entry.status == REVOKED:
            raise _broken("rotation-revoked-key", f"{path}.key_id", "key is revoked already", ACTIVE, content.key_id)
        if key is not signer and content.reason != COMPROMISED:
            raise _broken(
                "rotation-reason",
                f"{path}.reason",
                "a key that no longer signs can only be found compromised",
                COMPROMISED,
                content.reason,
            )
        self._check_time(key, content.effective_at, path)
        _check_signatures(statement, [(signer.key, "rotation-not-by-old", signer.key_id)], path)
        ended = key.ended(REVOKED if content.reason == COMPROMISED else RETIRED, content.effective_at)
        keys = tuple(ended if item is key else item for item in self.keys)
        return attrs.evolve(self, keys=keys, statements=(*self.statements, statement))

    def _key_that_may_sign(self, key_id: str, path: str) -> ChainKey:
        key = self.find(key_id)
        if key is None:
            raise _unknown_key(key_id, path)
        if key.is_active:
            return key
        active = self.active
        if active is None:
            raise _closed(path, key_id)
        if key.entry.status == REVOKED:
            raise _broken(
                "rotation-revoked-key", path, "a revoked key names its successor", f"the key {active.key_id}", key_id
            )
        raise _broken("rotation-fork", path, "a key that was replaced names another successor", active.key_id, key_id)

    def _check_time(self, key: ChainKey, effective_at: str, path: str) -> None:
        window, instant = key.window, parse_seconds(effective_at)
        if window.valid_from is not None and instant < window.valid_from:
            raise _broken(
                "rotation-time",
                f"{path}.effective_at",
                "the key ends before it began",
                f"{key.entry.valid_from} or later",
                effective_at,
            )
        if key.is_active and not window.holds(instant):
            raise _broken(
                "rotation-expired",
                f"{path}.effective_at",
                "the key had expired when it was replaced",
                f"{key.entry.valid_until} or earlier",
                effective_at,
            )

    def _check_new_key(self, new: ChainKey, content: KeyRotationContent, path: str) -> None:
        for key in self.keys:
            if key.key == new.key:
                raise _broken(
                    "rotation-same-key",
                    f"{path}.new_key.public_key_b64",
                    "the new key was in the chain before",
                    "a fresh key",
                    f"the key of {key.key_id}",
                )
            if key.key_id == new.key_id:
                raise _broken(
                    "rotation-key-id-reused",
                    f"{path}.new_key.key_id",
                    "the new key has the id of an earlier one",
                    "a fresh key id",
                    new.key_id,
                )

    def _check_commitment(self, new: ChainKey, content: KeyRotationContent, path: str) -> None:
        found = key_commitment(new.key)
        if self.commitment is not None and found != self.commitment:
            raise _broken(
                "rotation-commitment",
                f"{path}.new_key",
                "not the key that was promised",
                f"a key with SHA-256 {self.commitment}",
                found,
            )
        if self.commitment is None and content.reason == LOST:
            raise _broken(
                "rotation-lost-uncommitted",
                f"{path}.reason",
                "a lost key has no say in its successor, and none was promised",
                "next_key_commitment_sha256 in the statement before",
                LOST,
            )


def follow(keyring: Keyring, chain: KeyChain) -> Keyring:
    """Return a keyring with the keys that a published chain reaches from a pinned key, under whatever id it is pinned.

    Keys that came before the pinned one are not trusted for its sake. A key's window ends no later than was pinned.
    A key that is reached has the address of the pinned one, if its document says so, and else none: whoever signs
    statements can name any address in them.

    Args:
        keyring: The pinned keys, and chains that were followed before.
        chain: The published chain, as :meth:`KeyChain.read` returns it.

    Raises:
        KeyMaterialError: ``key-conflict``: the chain gives a pinned key's id to another key.
        RotationError: ``rotation-unpinned``: no key of the chain is pinned; ``rotation-rolled-back``: statements are
            missing that were known; ``rotation-fork``: other statements stand in their place; ``rotation-expired``: a
            key signed a statement after the end that was pinned.
    """
    _check_known(keyring, chain)
    pinned: int | None = None
    home, addresses = "", {}
    for index, key in enumerate(chain.keys):
        trusted = keyring.get(key.key_id)
        if trusted is not None and trusted != key.key:
            raise KeyMaterialError(
                "key-conflict",
                "the chain gives the id of a pinned key to another key",
                where=f"$.keys[{index}].key.public_key_b64",
                expected=f"the pinned key, fingerprint {fingerprint_hex(trusted.raw)}",
                found=key.entry.key.fingerprint_sha256_hex,
            )
        # Without any statement, nobody but the publisher says how the one key is called.
        names = keyring.names(key.key) if chain.statements or trusted is not None else ()
        if names:
            pinned = index if pinned is None else pinned
            home = next(filter(None, map(keyring.address, (key.key_id, *names))), home)
        if pinned is not None:
            addresses[key.key_id] = home if key.entry.key.url == home else ""
    if pinned is None:
        first = chain.keys[0].key_id
        raise _broken("rotation-unpinned", "$.keys", "no key of the chain is pinned", "a pinned key", first)
    reached = {
        key.key_id: (key.key, _narrowed(keyring.window_of(key.key), key, f"$.keys[{index}]"))
        for index, key in enumerate(chain.keys[pinned:], pinned)
    }
    return keyring.with_chain(chain.keys[0].key, reached, chain.digests, addresses=addresses)


def _check_known(keyring: Keyring, chain: KeyChain) -> None:
    """Refuse a chain that lacks, or contradicts, statements that were known.

    It may be known by any of its keys: the keys before a pinned one are only named, and anybody can make others up.
    """
    known, digests = max((keyring.known_statements(key.key) for key in chain.keys), key=len), chain.digests
    for index, (found, expected) in enumerate(zip(digests, known, strict=False)):
        if found != expected:
            where = f"{CHAIN}[{index}]"
            raise _broken(
                "rotation-fork", where, "another statement was known in this place", expected.hex(), found.hex()
            )
    if len(digests) < len(known):
        at_least = f"at least {len(known)} statements"
        raise _broken(
            "rotation-rolled-back", CHAIN, "statements are missing that were known", at_least, str(len(digests))
        )


def _narrowed(pinned: KeyWindow, key: ChainKey, path: str) -> KeyWindow:
    """Return a key's window in a chain, which ends no later than what was pinned says."""
    window, end = key.window, pinned.valid_until
    if end is None or window.ends_by(end):
        return window
    if key.is_active:
        return attrs.evolve(window, valid_until=end)
    raise _broken(
        "rotation-expired",
        f"{path}.valid_until",
        "the pinned key had expired before it was replaced or revoked",
        f"{format_seconds(end)} or earlier",
        key.entry.valid_until,
    )


def _new_key(document: KeyDocument, valid_from: str | None, path: str) -> ChainKey:
    key = public_key_of(document, path)
    entry = KeyringEntry(key=document, valid_from=valid_from, valid_until=document.rotates_at, status=ACTIVE)
    return ChainKey(entry, key)


def _check_signatures(statement: KeyStatement, signers: list[tuple[PublicKey, str, str]], path: str) -> None:
    preimage = Preimage.of(statement.content)
    by_key_id = {item.key_id: (index, item) for index, item in enumerate(statement.signatures)}
    for key, code, key_id in signers:
        index, signature = by_key_id.get(key_id, (0, None))
        if signature is None:
            raise _broken(code, f"{path}.signatures", "a signature is missing", f"a signature by {key_id}", "none")
        place = f"{path}.signatures[{index}]"
        fault = find_fault_under_key(signature, preimage.digest, preimage.signed_message, key, place)
        if isinstance(fault, Check):
            raise _broken(code, fault.path, f"{fault.message} ({fault.code})", fault.expected, fault.found)
    if len(statement.signatures) != len(signers):
        raise _broken(
            "rotation-extra-signature",
            f"{path}.signatures",
            "statement carries signatures that it does not need",
            f"{len(signers)}",
            f"{len(statement.signatures)}",
        )


def _unknown_key(key_id: str, path: str) -> RotationError:
    return _broken("rotation-unknown-key", path, "no key of the chain", "a key id of the chain", key_id)


def _closed(path: str, key_id: str) -> RotationError:
    return _broken("rotation-closed", path, "the last key has ended; nothing can follow", "an active key", key_id)


def _broken(code: str, where: str, message: str, expected: object, found: object) -> RotationError:
    plain = isinstance(expected, str) and len(expected) < 200 and expected.isascii() and expected.isprintable()
    return RotationError(
        code, message, where=where, expected=str(expected) if plain else printable(expected), found=printable(found)
    )


def _instant_or_none(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)
