"""Which keyrings say whose a key is: those that a person trusts, and none that a mirror brings."""

from __future__ import annotations

from pathlib import Path

from pithbuilder.documents.key_document import KeyDocument
from pithbuilder.signing.keyring import Keyring, public_key_of
from pithbuilder.stores.key_files import pinned_keyring, published_key_documents
from pithbuilder.verify.key_chain import KeyChain, follow
from tests.support.key_chains import ISSUER, key, rotation

STRANGER = "stranger.example"
KEYS = {number: public_key_of(key(number)) for number in (1, 2, 3, 4)}


def chain(issuer: str = ISSUER) -> KeyChain:
    begun = KeyChain.begin(issuer, key(1))
    return begun.extended(rotation(1, 1, 2, 2027)) if issuer == ISSUER else begun


def written(path: Path, made: KeyChain) -> Path:
    path.write_bytes(made.to_document().canonical_bytes)
    return path


def pinned(path: Path, document: KeyDocument) -> Path:
    path.write_bytes(document.canonical_bytes)
    return path


def test_successors_of_a_followed_chain_are_the_pinned_keys_signers() -> None:
    bound = Keyring([key(1)]).with_signer(ISSUER, [KEYS[1]])
    assert follow(bound, chain()).signer_keys(ISSUER) == {KEYS[1], KEYS[2]}
    from_second = Keyring([key(2)]).with_signer(ISSUER, [KEYS[2]])
    assert follow(from_second, chain()).signer_keys(ISSUER) == {KEYS[2]}, "what came before is not trusted for its sake"
    elsewhere = Keyring([key(1)]).with_signer(STRANGER, [KEYS[1]])
    followed = follow(elsewhere, chain())
    assert followed.signer_keys(STRANGER) == {KEYS[1], KEYS[2]}
    assert followed.signer_keys(ISSUER) == frozenset()


def test_what_a_mirror_brings_binds_nobody_by_itself(tmp_path: Path) -> None:
    mirror = written(tmp_path / "pith-keys.json", chain())
    document = pinned(tmp_path / "key.json", key(1))
    followed = pinned_keyring(document, followed=[mirror])
    assert followed.get("k2") == KEYS[2]
    assert followed.signer_keys(ISSUER) == frozenset()
    assert followed.signers_of(KEYS[2]) == frozenset()
    other = tmp_path / "other"
    other.mkdir()
    claims = written(other / "pith-keys.json", chain(STRANGER))
    trusted = written(tmp_path / "trusted.json", KeyChain.begin(ISSUER, key(1)))
    trusting = pinned_keyring(trusted, followed=[claims])
    assert trusting.signers_of(KEYS[1]) == {ISSUER}, "whoever names the key as his own"


def test_an_explicitly_trusted_one_does(tmp_path: Path) -> None:
    keyring = pinned_keyring(written(tmp_path / "any-name.json", chain()))
    assert keyring.signer_keys(ISSUER) == {KEYS[1], KEYS[2]}
    assert keyring.signers_of(KEYS[2]) == {ISSUER}
    directory = tmp_path / "keys"
    directory.mkdir()
    written(directory / "pith-keys.json", chain())
    pinned(directory / "k1.json", key(1))
    pinned(directory / "k3.json", key(3))
    keyring = pinned_keyring(directory)
    assert keyring.signer_keys(ISSUER) == {KEYS[1], KEYS[2]}
    assert (keyring.get("k3"), keyring.signers_of(KEYS[3])) == (KEYS[3], frozenset())


def test_nobody_becomes_the_published_registry_by_saying_so(tmp_path: Path) -> None:
    (published,) = published_key_documents()
    own = public_key_of(published)
    assert pinned_keyring().signers_of(own) == {"pith.science"}
    assert pinned_keyring().signer_keys("pith.science") == {own}
    claims = written(tmp_path / "pith-keys.json", chain("pith.science"))
    followed = pinned_keyring(pinned(tmp_path / "key.json", key(1)), followed=[claims])
    assert followed.signer_keys("pith.science") == {own}


def test_own_keys_are_the_issuers() -> None:
    own = chain().own_keys()
    assert own.signer_keys(ISSUER) == {KEYS[1], KEYS[2]}
    assert set(own) == {"k1", "k2"}
