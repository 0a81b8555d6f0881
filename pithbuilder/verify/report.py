"""What verifying finds out: every check with its outcome, and the verdict they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final, TypeVar

import attrs

from pithbuilder.core.canonical_json import JsonObject
from pithbuilder.errors import PithError

_E = TypeVar("_E", bound=PithError)


class Verdict(Enum):
    """How far a document can be relied on, from best to worst."""

    TRUSTED = "trusted"
    """Everything holds, by pinned keys: each of whoever is named as its signer, events by unknown signers aside."""

    SELF_CONSISTENT = "self-consistent"
    """Everything holds, but only under keys that the document brought along, or nothing is signed."""

    INVALID = "invalid"
    """Something does not hold."""

    @property
    def exit_code(self) -> int:
        """0 for trusted, 3 for self-consistent, 1 for invalid."""
        return {Verdict.TRUSTED: 0, Verdict.SELF_CONSISTENT: 3, Verdict.INVALID: 1}[self]


_WORSE: Final = {Verdict.TRUSTED: 0, Verdict.SELF_CONSISTENT: 1, Verdict.INVALID: 2}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts; ``trusted`` where there are none."""
    return max(verdicts, key=_WORSE.__getitem__, default=Verdict.TRUSTED)


class Outcome(Enum):
    """What came of one check."""

    PASSED = "passed"
    NOTED = "noted"
    """Worth knowing, not wrong."""

    FAILED = "failed"


@attrs.frozen(slots=False)  # made quicker than with slots, and a bundle makes some forty
class Check:
    """One thing that was looked at.

    Attributes:
        code: Stable name of the check, lower-case words joined by hyphens.
        path: JSON path of the field that was checked, or a path in a mirror.
        outcome: What came of it.
        message: What is wrong, or worth knowing; empty for a check that passed.
        expected: What would have been right; may be empty.
        found: What stood there, safe for a terminal; may be empty.
    """

    code: str
    path: str
    outcome: Outcome
    message: str = ""
    expected: str = ""
    found: str = ""

    @classmethod
    def failure(cls, error: PithError, path: str = "") -> Check:
        """Return the failed check that an error amounts to."""
        return cls(error.code, error.where or path, Outcome.FAILED, error.message, error.expected, error.found)

    def as_error(self, kind: type[_E], where: str = "") -> _E:
        """Return the error that a failed check amounts to.

        Args:
            kind: The error's class.
            where: What to call the document in front of the check's path.
        """
        place = f"{where}: {self.path}" if where else self.path
        return kind(self.code, self.message, where=place, expected=self.expected, found=self.found)

    def to_dict(self) -> JsonObject:
        """Return the check as a flat object; empty parts are left out."""
        parts: JsonObject = {"code": self.code, "path": self.path, "outcome": self.outcome.value}
        for name, text in (("message", self.message), ("expected", self.expected), ("found", self.found)):
            if text:
                parts[name] = text
        return parts


@attrs.frozen
class SignatureKey:
    """A key under which a signature was found good.

    Attributes:
        key_id: Its name.
        fingerprint: First 16 bytes of SHA-256 of the raw key, 32 hexadecimal digits.
        pinned: Whether it is pinned, or reached from a pinned key through its issuer's statements; else the document
            brought it along.
    """

    key_id: str
    fingerprint: str
    pinned: bool


@attrs.frozen(kw_only=True)
class VerificationReport:
    """What was found out about one document.

    Attributes:
        document_kind: ``bundle``, ``state``, ``record_document``, ``key_document``, ``keyring``, ``mirror_manifest``,
            ``credential``, or ``unknown``.
        verdict: What it adds up to.
        pith_number: The number that the document is about; empty where it could not be read.
        checks: Every check, in the order in which they were made.
        keys: The keys under which signatures were found good.
    """

    document_kind: str
    verdict: Verdict
    pith_number: str = ""
    checks: tuple[Check, ...] = ()
    keys: tuple[SignatureKey, ...] = ()

    @property
    def findings(self) -> tuple[Check, ...]:
        """The checks that did not simply pass."""
        return tuple(check for check in self.checks if check.outcome is not Outcome.PASSED)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome is Outcome.FAILED)

    def to_dict(self) -> JsonObject:
        """Return the report as a JSON object: verdict, findings, keys, how many checks passed."""
        return {
            "document_kind": self.document_kind,
            "verdict": self.verdict.value,
            "pith_number": self.pith_number,
            "checks_passed": len(self.checks) - len(self.findings),
            "findings": [finding.to_dict() for finding in self.findings],
            "keys": [{"key_id": key.key_id, "fingerprint": key.fingerprint, "pinned": key.pinned} for key in self.keys],
        }
