"""Changing the key that signs, and ending keys: a signed statement that reaches every place or none.

A statement is checked as a verifier would check it, then written down (``statement.pending``): that is the moment in
which it takes effect. What follows only repeats it, in the keyring, the public documents and the mirror, and can be
interrupted and done again as often as need be (:func:`complete`).
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime

import attrs

from pithbuilder.core.timestamps import Clock, cut_to_seconds, format_seconds
from pithbuilder.custody.making import KeyMaker, NewPassphrase, PreparedKey
from pithbuilder.custody.signers import KeyAccess, open_signer
from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.documents.key_statement import (
    COMPROMISED,
    LOST,
    SCHEDULED,
    KeyRevocationContent,
    KeyRotationContent,
    KeyStatement,
)
from pithbuilder.documents.mirror import bundle_path
from pithbuilder.documents.preimage import Preimage
from pithbuilder.errors import KeyMaterialError, MintError, RotationError
from pithbuilder.signing.keyring import public_key_of
from pithbuilder.signing.rotation import key_commitment, sign_statement
from pithbuilder.signing.signer import Signer
from pithbuilder.stores.ledger import Ledger
from pithbuilder.stores.mirror_tree import MirrorTree
from pithbuilder.stores.workspace import Workspace
from pithbuilder.verify.key_chain import ChainKey, KeyChain


@attrs.frozen(kw_only=True)
class RotationRequest:
    """What a rotation is to be.

    Attributes:
        reason: ``scheduled``, ``compromised`` or ``lost``.
        to: The prepared key that is to follow; None for the one that was promised, or a fresh one.
        effective_at: When the old key's window ends; None for now. Not in the future.
        commit_next: Whether to promise the key after the new one.
        next_key: The prepared key to promise; None for a fresh one.
        expires: The planned end of a fresh key's window; None where none is set.
    """

    reason: str = SCHEDULED
    to: str | None = None
    effective_at: datetime | None = None
    commit_next: bool = False
    next_key: str | None = None
    expires: str | None = None


def rotate(
    workspace: Workspace,
    request: RotationRequest,
    clock: Clock,
    *,
    access: KeyAccess,
    new_access: KeyAccess,
    new_passphrase: NewPassphrase,
) -> KeyStatement:
    """Let another key sign from now on; hold the workspace's lock.

    Args:
        workspace: The workspace.
        request: What is to be done.
        clock: The time.
        access: What opening the old key may need.
        new_access: What opening the new key may need.
        new_passphrase: Asked for each fresh key.

    Returns:
        The statement, in effect and published.

    Raises:
        KeyMaterialError: ``rotation-pending``, ``no-active-key``, ``clock-set-back``; a key cannot be opened.
        RotationError: The statement would break the chain, with the codes of
            :meth:`~pithbuilder.verify.key_chain.KeyChain.extended`; ``rotation-future``, ``rotation-backdated``.
        MintError: ``mint-unfinished``; the last paper waits for its bundle, which only the old key can sign.
        SigningError: A signer did not sign.
        StoreError: ``write-failed``.
    """
    keys, chain, now = workspace.keys, workspace.keys.load_chain(), clock.now()
    old = _signing_key(workspace, chain, clock)
    effective_at = _effective_at(request.effective_at, now)
    if request.reason == SCHEDULED:
        _refuse_unfinished(workspace)
    maker = KeyMaker(workspace, chain, now, new_access, new_passphrase)
    try:
        with ExitStack() as opened:
            signers: list[Signer] = []
            if request.reason != LOST:  # before anything is made, for it may not open
                signers.append(opened.enter_context(open_signer(keys, old.key_id, access)))
            new = _new_key(maker, request)
            commitment = _commitment(maker, request, new.document)
            signers.append(opened.enter_context(new.signer(keys, new_access)))
            content = KeyRotationContent(
                issuer=chain.issuer,
                previous_key_id=old.key_id,
                new_key=new.document,
                reason=request.reason,
                effective_at=effective_at,
                next_key_commitment_sha256=commitment,
                sequence=len(chain.statements) + 1,
            )
            statement = sign_statement(content, *signers, signed_at=now)
        check_statement(workspace, chain, statement)
    except BaseException:
        maker.undo()
        raise
    keys.save_pending(statement)  # from here on it has come about, and is never undone
    complete(workspace)
    return statement


def end_key(
    workspace: Workspace,
    key_id: str,
    reason: str,
    clock: Clock,
    *,
    access: KeyAccess,
    effective_at: datetime | None = None,
    close: bool = False,
) -> KeyStatement:
    """Retire the last key, or revoke any key; hold the workspace's lock.

    Args:
        workspace: The workspace.
        key_id: The key that comes to its end.
        reason: ``compromised``; or ``scheduled``, only for the key that signs, after which nothing is signed any more.
        clock: The time.
        access: What opening the key that signs may need.
        effective_at: When the key ended, or was compromised; None for now. Not in the future.
        close: Whether the key that signs may end without a successor, and the issuer with it.

    Raises:
        RotationError: ``rotation-closes``; the key signs, and ``close`` was not said.
        PithError: As for :func:`rotate`.
    """
    chain = workspace.keys.load_chain()
    now = clock.now()
    active = _signing_key(workspace, chain, clock)
    if key_id == active.key_id and not close:
        raise RotationError(
            "rotation-closes",
            "this key signs, and no key would follow it",
            where=key_id,
            hint="replace it with 'keys rotate' (a stolen one with --reason compromised); --close ends the issuer",
        )
    if chain.find(key_id) is None:
        workspace.keys.load_document(key_id)  # a key that is not there at all has its own error
        raise RotationError(
            "rotation-unknown-key",
            "the key has never signed: it is not in the keyring",
            where=key_id,
            hint="a prepared key needs no statement: leave it, or delete its files",
        )
    content = KeyRevocationContent(
        issuer=chain.issuer,
        key_id=key_id,
        reason=reason,
        effective_at=_effective_at(effective_at, now),
        sequence=len(chain.statements) + 1,
    )
    with open_signer(workspace.keys, active.key_id, access) as signer:
        statement = sign_statement(content, signer, signed_at=now)
    check_statement(workspace, chain, statement)
    workspace.keys.save_pending(statement)
    complete(workspace)
    return statement


def check_statement(workspace: Workspace, chain: KeyChain, statement: KeyStatement) -> None:
    """Check a signed statement as a verifier would, and that nothing that was published speaks against it.

    Raises:
        RotationError: It would break the chain; ``rotation-backdated``: the old key has signed since then.
        KeyMaterialError: ``keyring-behind``.
    """
    MirrorTree(workspace.out).check_keys(chain.extended(statement))
    content = statement.content
    if content.reason == COMPROMISED or not workspace.ledger.exists():
        return
    with Ledger(workspace.ledger, read_only=True) as ledger:
        written = ledger.latest_time()
    latest = cut_to_seconds(written) if written else ""
    if latest > content.effective_at:
        raise RotationError(
            "rotation-backdated",
            "the old key has signed since then",
            where="effective_at",
            expected=f"{latest} or later",
            found=content.effective_at,
            hint="set the clock right; what was signed at a wrong time is mended by --reason compromised and 'reissue'",
        )


def complete(workspace: Workspace) -> KeyStatement | None:
    """Bring a change of keys that was interrupted into every place; hold the workspace's lock.

    Returns:
        The statement; None where nothing was pending.

    Raises:
        PithError: The keyring cannot be read or written.
    """
    keys = workspace.keys
    statement = keys.load_pending()
    if statement is None:
        return None
    chain = keys.load_chain()
    if statement.content.digest not in chain.digests:
        chain = chain.extended(statement)
        keys.save_chain(chain)
    publish(workspace, chain)
    keys.clear_pending()
    return statement


def publish(workspace: Workspace, chain: KeyChain) -> bool:
    """Bring public documents and mirror in line with the keyring, and say whether anything was written.

    Raises:
        StoreError: ``write-failed``.
        PithError: A public document cannot be read.
    """
    changed = False
    for key in chain.keys:
        path = workspace.keys.public_path(key.key_id)
        if not path.exists() or workspace.keys.load_document(key.key_id) != key.entry.key:
            workspace.keys.write_document(key.entry.key)
            changed = True
    return MirrorTree(workspace.out).write_keys(chain) or changed


def _refuse_unfinished(workspace: Workspace) -> None:
    tree = MirrorTree(workspace.out)
    if not workspace.ledger.exists() or next(tree.bundle_suffixes(), None) is None:
        return  # nothing was minted, or into another mirror
    with Ledger(workspace.ledger, read_only=True) as ledger:
        row = ledger.last_row()
    if row is not None and tree.read_if_there(bundle_path(row.pith_number.suffix)) is None:
        raise MintError(
            "mint-unfinished",
            "the paper that was minted last has no bundle yet, and only the old key can sign it",
            where=f"{row.source_id}v{row.source_version}",
            expected=bundle_path(row.pith_number.suffix),
            hint="run the same 'pithbuilder mint FILE' again first, or restore the mirror",
        )


def _signing_key(workspace: Workspace, chain: KeyChain, clock: Clock) -> ChainKey:
    """Return the key that signs; one that has expired is told by the chain's own rules."""
    try:
        return workspace.signing_key(chain, clock)
    except KeyMaterialError as error:
        if error.code != "key-expired" or chain.active is None:
            raise
        return chain.active


def _effective_at(asked: datetime | None, now: datetime) -> str:
    if asked is not None and asked > now:
        raise RotationError(
            "rotation-future",
            "a change of keys cannot be dated ahead",
            expected=f"{format_seconds(now)} or earlier",
            found=format_seconds(asked),
            hint="rotate when the time has come; 'keys doctor' reminds of a key's planned end",
        )
    return format_seconds(asked or now)


def _new_key(maker: KeyMaker, request: RotationRequest) -> PreparedKey:
    chain, wanted = maker.chain, request.to
    if chain.commitment is not None and wanted is None:
        wanted = _promised_key(maker.workspace, chain.commitment)
    if request.expires is not None and wanted is not None:
        raise RotationError(
            "rotation-expires-set",
            "the end of a prepared key was planned when it was made",
            where=wanted,
            hint="leave --expires away, or rotate to a fresh key",
        )
    prepared = maker.prepare(wanted, expires=request.expires)
    _refuse_known(chain, prepared.document)
    found = key_commitment(public_key_of(prepared.document))
    if chain.commitment is not None and found != chain.commitment:
        raise RotationError(
            "rotation-commitment",
            "not the key that was promised",
            where=prepared.document.key_id,
            expected=f"a key with SHA-256 {chain.commitment}",
            found=found,
            hint="leave --to away: the promised key is found by itself",
        )
    return prepared


def _promised_key(workspace: Workspace, promised: str) -> str:
    for document in workspace.keys.documents():
        if key_commitment(public_key_of(document)) == promised:
            return document.key_id
    raise RotationError(
        "rotation-commitment",
        "the key that was promised is not here",
        where=str(workspace.keys.root),
        expected=f"a key with SHA-256 {promised}",
        hint="restore it from your backup with 'pithbuilder keys restore'",
    )


def _commitment(maker: KeyMaker, request: RotationRequest, new: KeyDocument) -> str | None:
    if not request.commit_next and request.next_key is None:
        return None
    prepared = maker.prepare(request.next_key, other_than=new.key_id)
    if prepared.document.key_id == new.key_id or prepared.document.public_key_hex == new.public_key_hex:
        raise RotationError(
            "rotation-same-key", "the key that is to follow cannot be promised too", where=prepared.document.key_id
        )
    _refuse_known(maker.chain, prepared.document)
    with prepared.signer(maker.workspace.keys, maker.access) as signer:
        signer.sign(Preimage.probe())  # a promise that cannot be kept would end the issuer
    return key_commitment(public_key_of(prepared.document))


def _refuse_known(chain: KeyChain, document: KeyDocument) -> None:
    """Refuse a key whose id or bytes were in the chain before, as the chain itself would."""
    for key in chain.keys:
        if key.key_id == document.key_id:
            code, message = "rotation-key-id-reused", "a key of this id has signed already"
        elif key.key.raw.hex() == document.public_key_hex:
            code, message = "rotation-same-key", f"this key has signed already, as {key.key_id}"
        else:
            continue
        raise RotationError(code, message, where=document.key_id, hint="take a fresh key")
