"""Any one document, this project's or a credential, told apart by what is in it."""

from __future__ import annotations

from pithbuilder.documents.wire import parse_object
from pithbuilder.errors import WireError
from pithbuilder.interop.data_integrity import verify_credential
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.document import verify_document, verify_value
from pithbuilder.verify.report import VerificationReport


def verify_any(data: bytes, keyring: Keyring) -> VerificationReport:
    """Verify a document of this project, anything that carries a W3C Data Integrity proof, or what is both.

    Args:
        data: The document's bytes.
        keyring: The trusted keys.

    Returns:
        The report; bad input makes an ``invalid`` report, not an exception.
    """
    try:
        value = parse_object(data)
    except WireError:
        return verify_document(data, keyring)  # says what is wrong
    return verify_credential(value, keyring) if "proof" in value else verify_value(value, keyring)
