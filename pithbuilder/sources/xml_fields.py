"""Takes fields out of one XML element and says exactly what is wrong with them."""

from __future__ import annotations

from pithbuilder.errors import DocumentError, printable
from pithbuilder.sources.xml_records import Element


class XmlFields:
    """The children of an element, by local name, all in one namespace; those of other namespaces are passed over.

    Args:
        element: The element.
        namespace: The namespace of the children.
        path: Where the element stands, for error messages: local names joined by slashes.
    """

    __slots__ = ("_elements", "path")

    def __init__(self, element: Element, namespace: str, path: str) -> None:
        self.path = path
        self._elements: dict[str, list[Element]] = {}
        for child in element.children:
            space, _, name = child.name.rpartition(" ")
            if space == namespace:
                self._elements.setdefault(name, []).append(child)

    def all(self, name: str) -> list[Element]:
        """Return the children of that name, in their order."""
        return self._elements.get(name, [])

    def only_or_none(self, name: str) -> Element | None:
        """Return the child of that name, if there is one.

        Raises:
            DocumentError: ``field-repeated``.
        """
        found = self._elements.get(name)
        if found is None:
            return None
        if len(found) > 1:
            raise DocumentError(
                "field-repeated",
                "a field stands there more than once",
                where=f"{self.path}/{name}",
                expected="each field once",
                found=f"{len(found)} of them",
            )
        return found[0]

    def only(self, name: str) -> Element:
        """Return the child of that name.

        Raises:
            DocumentError: ``field-missing`` or ``field-repeated``.
        """
        found = self.only_or_none(name)
        if found is None:
            raise DocumentError(
                "field-missing",
                "a field is missing",
                where=f"{self.path}/{name}",
                expected=f"an element {name!r}",
            )
        return found

    def text(self, name: str) -> str:
        """Return the text of the child of that name, as it came.

        Raises:
            DocumentError: ``field-missing``, ``field-repeated`` or ``field-markup``.
        """
        return plain_text(self.only(name), f"{self.path}/{name}")

    def text_or_none(self, name: str) -> str | None:
        """Return the text of the child of that name, if there is one.

        Raises:
            DocumentError: ``field-repeated`` or ``field-markup``.
        """
        found = self.only_or_none(name)
        return None if found is None else plain_text(found, f"{self.path}/{name}")


def attribute(element: Element, name: str, path: str) -> str:
    """Return an attribute's value.

    Raises:
        DocumentError: ``field-missing``.
    """
    value = element.attributes.get(name)
    if value is None:
        raise DocumentError(
            "field-missing", "a field is missing", where=f"{path}/@{name}", expected=f"an attribute {name!r}"
        )
    return value


def plain_text(element: Element, path: str) -> str:
    """Return an element's text, which must have no element inside it: a part of it would be lost.

    Raises:
        DocumentError: ``field-markup``.
    """
    if element.children:
        raise DocumentError(
            "field-markup",
            "a field of text has markup inside it",
            where=path,
            expected="text alone",
            found=printable(element.children[0].local_name),
        )
    return element.text
