"""A property that is computed at its first use and then kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_T = TypeVar("_T")
_Property = TypeVar("_Property", bound="made_once[Any]")


class made_once(Generic[_T]):  # noqa: N801 - reads as a decorator
    """``functools.cached_property`` without the lock that Python 3.11 still takes at every first use.

    A bundle makes some sixty such values; the lock alone would cost a tenth of issuing it. Two threads that
    meet here both compute the value, which is a pure function of a frozen object, and keep one of the two.
    """

    def __init__(self, make: Callable[[Any], _T]) -> None:
        """Decorate a method without arguments."""
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self: _Property, instance: None, owner: type) -> _Property: ...

    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...

    def __get__(self, instance: object | None, owner: type) -> Any:
        """Compute the value and put it where the next look-up finds it without coming here."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._make(instance)
        return value
