"""Any chain of rotations leads from the first key to exactly one; whatever is done to it, it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pithbuilder.core.canonical_json import MAX_INTEGER
from pithbuilder.documents.key_statement import COMPROMISED, LOST, SCHEDULED, KeyStatement
from pithbuilder.documents.keyring_document import KeyringDocument
from pithbuilder.errors import DocumentError, KeyMaterialError, PithError, RotationError
from pithbuilder.signing.keyring import Keyring
from pithbuilder.verify.key_chain import KeyChain
from tests.support.key_chains import chain_of, follow, keyring, pinned, revocation, rotation, signer

Path_: TypeAlias = tuple[str | int, ...]

UNSIGNED: Final = ("signed_at",)
"""What nothing covers in a signature: when it was made, as it says itself."""
OF_THE_FIRST_KEY: Final = ("url", "notes")
"""What stands nowhere but in the first key's document, and says nothing about its time."""
MAX_ROTATIONS: Final = 5


@st.composite
def histories(draw: st.DrawFn, *, minimum: int = 0, revoke: bool = True) -> tuple[KeyStatement, ...]:
    """Generate statements that hold: rotations for any reason, and retired keys that are found compromised."""
    statements: list[KeyStatement] = []
    promised, at = False, 2000
    retired: list[tuple[int, int]] = []
    begins = 1900
    for old in range(1, 1 + draw(st.integers(minimum, MAX_ROTATIONS))):
        at += draw(st.integers(0, 3))
        reason = draw(st.sampled_from((SCHEDULED, COMPROMISED, LOST) if promised else (SCHEDULED, COMPROMISED)))
        promised = draw(st.booleans())
        signers = (signer(old + 1),) if reason == LOST else None
        promise = old + 2 if promised else None
        statements.append(rotation(len(statements) + 1, old, old + 1, at, reason, promise=promise, by=signers))
        if reason != COMPROMISED:
            retired.append((old, begins))
        begins = at
        if revoke and retired and draw(st.booleans()):
            ended, earliest = retired.pop(draw(st.integers(0, len(retired) - 1)))
            since = draw(st.integers(earliest, at + 3))
            statements.append(revocation(len(statements) + 1, ended, since, by=old + 1))
    return tuple(statements)


def refusal(value: Any, trusted: Keyring) -> PithError | None:
    try:
        follow(trusted, KeyringDocument.from_dict(value))
    except (DocumentError, KeyMaterialError, RotationError) as error:
        return error
    return None


def leaves(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, step))
    else:
        yield path


def counts(path: Path_) -> bool:
    """Say whether anything hangs on what stands at a path of a keyring."""
    return path[-1] not in UNSIGNED and not (path[:3] == ("keys", 0, "key") and path[-1] in OF_THE_FIRST_KEY)


def put(value: Any, path: Path_, new: Any) -> None:
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = new


def look_up(value: Any, path: Path_) -> Any:
    for step in path:
        value = value[step]
    return value


def resealed(value: Any) -> Any:
    """Return the keyring with the digest of each statement stated anew, as a forger would."""
    for statement in value["chain"]:
        statement["statement_sha256"] = KeyStatement.from_dict(statement).content.digest.hex()
    return value


def values_near(old: Any) -> st.SearchStrategy[Any]:
    """Generate values in place of another: of its kind, and others."""
    near: st.SearchStrategy[Any] = st.none() | st.booleans() | st.text(max_size=5)
    if isinstance(old, int):
        near |= st.integers(0, 7) | st.integers(0, MAX_INTEGER)
    if isinstance(old, str):
        spots = st.integers(0, max(0, len(old) - 1))
        near |= st.builds(lambda spot, new: old[:spot] + new + old[spot + 1 :], spots, st.sampled_from("0aAb1+/=Z-"))
        near |= st.sampled_from(("active", "retired", "revoked", "scheduled", "compromised", "lost", "k1", "k2", "k3"))
        near |= st.sampled_from(("2000-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "0" * 64))
    return near.filter(lambda new: (type(new), new) != (type(old), old))


@settings(deadline=None, max_examples=150)
@given(statements=histories())
def test_exactly_one_key_is_active_and_it_is_the_newest(statements: tuple[KeyStatement, ...]) -> None:
    chain = KeyChain.read(KeyringDocument.from_dict(keyring(*statements).to_dict()))
    active = [item.key_id for item in chain.keys if item.is_active]
    rotations = sum("new_key" in statement.content.to_dict() for statement in statements)
    assert active == [f"k{rotations + 1}"]
    reached = follow(pinned(1), chain.to_document())
    assert list(reached) == [f"k{number}" for number in range(1, rotations + 2)]
    without_end = [key_id for key_id in reached if reached.window(key_id).valid_until is None]
    assert without_end == active
    for earlier, later in zip(chain.keys, chain.keys[1:], strict=False):
        begins, ends = later.window.valid_from, earlier.window.valid_until
        assert begins is not None
        assert ends is not None
        assert ends <= begins, "two keys never sign in the same time, but for the second in which one follows"
        assert earlier.window.valid_from is None or earlier.window.valid_from <= ends


@settings(deadline=None, max_examples=100)
@given(statements=histories(minimum=1), data=st.data())
def test_a_later_pin_reaches_the_same_keys_from_there_on(statements: tuple[KeyStatement, ...], data: Any) -> None:
    document = keyring(*statements)
    number = data.draw(st.integers(1, len(document.keys)))
    whole, part = follow(pinned(1), document), follow(pinned(number), document)
    assert list(part) == [f"k{later}" for later in range(number, len(document.keys) + 1)]
    assert all(part.window(key_id) == whole.window(key_id) for key_id in part)


@settings(deadline=None, max_examples=150)
@given(statements=histories(minimum=1), data=st.data())
def test_statements_dropped_swapped_or_repeated_are_refused(statements: tuple[KeyStatement, ...], data: Any) -> None:
    value: Any = keyring(*statements).to_dict()
    chain = value["chain"]
    change = data.draw(st.sampled_from(("drop", "swap", "repeat")))
    first, second = (data.draw(st.integers(0, len(chain) - 1)) for _ in range(2))
    if change == "drop":
        del chain[first]
    elif change == "swap":
        assume(first != second)
        chain[first], chain[second] = chain[second], chain[first]
    else:
        chain.insert(second, chain[first])
    error = refusal(value, pinned(1))
    assert error is not None
    assert error.code in ("rotation-sequence", "rotation-fork", "keyring-entries")


@settings(deadline=None, max_examples=100)
@given(statements=histories(minimum=1), data=st.data())
def test_a_tail_that_was_dropped_is_only_seen_by_who_knew_it(statements: tuple[KeyStatement, ...], data: Any) -> None:
    kept = data.draw(st.integers(0, len(statements) - 1))
    rolled_back = keyring(*statements[:kept])
    follow(pinned(1), rolled_back)
    for pin in range(1, len(rolled_back.keys) + 1):
        error = refusal(rolled_back.to_dict(), follow(pinned(pin), keyring(*statements)))
        assert error is not None
        assert (error.code, error.where) == ("rotation-rolled-back", "$.chain")


@settings(deadline=None, max_examples=600)
@given(statements=histories(minimum=1), data=st.data())
def test_any_altered_field_is_refused(statements: tuple[KeyStatement, ...], data: Any) -> None:
    value: Any = keyring(*statements).to_dict()
    path = data.draw(st.sampled_from([path for path in leaves(value) if counts(path)]))
    put(value, path, data.draw(values_near(look_up(value, path))))
    error = refusal(value, pinned(1))
    assert error is not None
    assert error.where.startswith("$")
    if data.draw(st.booleans()):
        try:
            value = resealed(value)
        except DocumentError:
            return
        if path[-1] != "statement_sha256":
            assert refusal(value, pinned(1)) is not None, "a forger who states the digest anew gets no further"


@settings(deadline=None, max_examples=100)
@given(statements=histories(minimum=1), data=st.data())
def test_any_missing_field_is_refused(statements: tuple[KeyStatement, ...], data: Any) -> None:
    value: Any = keyring(*statements).to_dict()
    path = data.draw(st.sampled_from([path for path in leaves(value) if isinstance(path[-1], str)]))
    del look_up(value, path[:-1])[path[-1]]
    error = refusal(value, pinned(1))
    assert error is not None
    assert (error.code, error.where.rpartition(".")[2]) == ("field-missing", path[-1])


@settings(deadline=None, max_examples=100)
@given(statements=histories(minimum=2, revoke=False), data=st.data())
def test_a_replaced_key_cannot_fork_what_is_known(statements: tuple[KeyStatement, ...], data: Any) -> None:
    """A key that once signed leads a chain of its own: only who never saw the real one follows it."""
    place = data.draw(st.integers(0, len(statements) - 1))
    before = statements[:place]
    promised = chain_of(*before).commitment is not None
    if promised:
        with pytest.raises(RotationError) as caught:
            chain_of(*before, rotation(place + 1, place + 1, 99, 2040))
        assert caught.value.code == "rotation-commitment"
        return
    forked = keyring(*before, rotation(place + 1, place + 1, 99, 2040))
    assert "k99" in follow(pinned(1), forked)
    error = refusal(forked.to_dict(), follow(pinned(1), keyring(*statements)))
    assert error is not None
    assert (error.code, error.where) == ("rotation-fork", f"$.chain[{place}]")
