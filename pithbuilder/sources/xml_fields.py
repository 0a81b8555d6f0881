"""Takes fields out of one XML element and says exactly what is wrong with them."""

from __future__ import annotations

from pithbuilder.errors import DocumentError, printable
from pithbuilder.sources.xml_records import Element


class XmlFields:
    """The children of an element, by their names, which are ``{namespace}name``.

    Args:
        element: The element; its children are gone through once, here.
        path: Where the element stands, for error messages: local names joined by slashes.
    """

    __slots__ = ("_path", "_repeated", "_single")

    def __init__(self, element: Element, path: str) -> None:
        single: dict[str, Element] = {}  # dict[str, Element]() would take several times as long
        repeated: dict[str, list[Element]] = {}
        for child in element:
            name = child.tag
            if name in single:
                repeated.setdefault(name, [single[name]]).append(child)
            else:
                single[name] = child
        for name in repeated:
            del single[name]
        self._path = path
        self._single = single
        self._repeated = repeated

    def all(self, name: str) -> list[Element]:
        """Return the children of that name, in their order."""
        found = self._single.get(name)
        return self._repeated.get(name, []) if found is None else [found]

    def only(self, name: str) -> Element:
        """Return the child of that name.

        Raises:
            DocumentError: ``field-missing`` or ``field-repeated``.
        """
        found = self._single.get(name)
        if found is None:
            raise self._refusal(name)
        return found

    def text(self, name: str) -> str:
        """Return the text of the child of that name, as it came; an element inside it would hide a part of it.

        Raises:
            DocumentError: ``field-missing``, ``field-repeated`` or ``field-markup``.
        """
        found = self._single.get(name)
        if found is None or len(found):
            raise self._refusal(name)
        return found.text or ""

    def text_or_none(self, name: str) -> str | None:
        """Return the text of the child of that name, if there is one.

        Raises:
            DocumentError: ``field-repeated`` or ``field-markup``.
        """
        return self.text(name) if name in self._single or name in self._repeated else None

    def _refusal(self, name: str) -> DocumentError:
        """Return why there is not one child of that name, or no text alone in it."""
        found = self.all(name)
        local = name.rpartition("}")[2]
        where = f"{self._path}/{local}"
        if not found:
            return _missing(where, f"an element {local!r}")
        if len(found) > 1:
            return DocumentError(
                "field-repeated",
                "a field stands there more than once",
                where=where,
                expected="each field once",
                found=f"{len(found)} of them",
            )
        return DocumentError(
            "field-markup",
            "a field of text has markup inside it",
            where=where,
            expected="text alone",
            found=printable(found[0][0].tag),
        )


def only_text(element: Element, name: str, path: str) -> str:
    """Return the text of an element's child of that name, as :meth:`XmlFields.text` does; faster for one field alone.

    Raises:
        DocumentError: As for :meth:`XmlFields.text`.
    """
    found = [*element.iterchildren(name)]
    if len(found) == 1 and not len(found[0]):
        return found[0].text or ""
    return XmlFields(element, path).text(name)


def attribute(element: Element, name: str, path: str) -> str:
    """Return an attribute's value.

    Raises:
        DocumentError: ``field-missing``.
    """
    value = element.get(name)
    if value is None:
        raise _missing(f"{path}/@{name}", f"an attribute {name!r}")
    return value


def _missing(where: str, expected: str) -> DocumentError:
    return DocumentError("field-missing", "a field is missing", where=where, expected=expected)
