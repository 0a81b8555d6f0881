"""Collects checks while a document is being verified."""

from __future__ import annotations

from functools import lru_cache

from pithbuilder.errors import PithError, printable
from pithbuilder.verify.report import Check, Outcome, SignatureKey, Verdict, VerificationReport


@lru_cache(maxsize=1024)
def _passed(code: str, path: str) -> Check:
    """Return the check that passed; bundle after bundle passes the same ones."""
    return Check(code, path, Outcome.PASSED)


class Checks:
    """The checks of one document so far."""

    def __init__(self) -> None:
        self.made: list[Check] = []
        self.keys: dict[SignatureKey, None] = {}
        self.failed = False

    def add(self, check: Check) -> None:
        """Keep a check."""
        self.made.append(check)
        if check.outcome is Outcome.FAILED:
            self.failed = True

    def passed(self, code: str, path: str) -> None:
        """Keep a check that passed."""
        self.made.append(_passed(code, path))

    def fail(self, code: str, path: str, message: str, *, expected: str = "", found: object = None) -> None:
        """Keep a check that failed."""
        self.add(Check(code, path, Outcome.FAILED, message, expected, "" if found is None else printable(found)))

    def note(self, code: str, path: str, message: str) -> None:
        """Keep something that is worth knowing, and not wrong."""
        self.made.append(Check(code, path, Outcome.NOTED, message))

    def equal(self, code: str, path: str, found: object, expected: object, message: str) -> bool:
        """Keep the check that ``found`` is ``expected``, and say whether it is."""
        if found == expected:
            self.made.append(_passed(code, path))
            return True
        self.fail(code, path, message, expected=printable(expected), found=found)
        return False

    @property
    def failures(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.made if check.outcome is Outcome.FAILED]

    def refused(self, error: PithError) -> None:
        """Keep the failed check that an error amounts to."""
        self.add(Check.failure(error))

    def signed_by(self, key: SignatureKey) -> None:
        """Keep a key under which a signature was found good."""
        self.keys[key] = None

    def report(self, document_kind: str, pith_number: str, *, unsigned: bool = False) -> VerificationReport:
        """Return the report that the checks add up to.

        Args:
            document_kind: What was verified.
            pith_number: What it is about.
            unsigned: The document is not signed: its verdict is ``self-consistent`` at best.
        """
        if self.failed:
            verdict = Verdict.INVALID
        elif unsigned or not self.keys or not all(key.pinned for key in self.keys):
            verdict = Verdict.SELF_CONSISTENT
        else:
            verdict = Verdict.TRUSTED
        return VerificationReport(
            document_kind=document_kind,
            verdict=verdict,
            pith_number=pith_number,
            checks=tuple(self.made),
            keys=tuple(self.keys),
        )
