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

    __slots__ = ("_element", "_found", "_prefix", "_repeated", "path")

    def __init__(self, element: Element, namespace: str, path: str) -> None:
        self.path = path
        self._element = element
        self._prefix = f"{{{namespace}}}"
        found = self._found = dict[str, Element]()
        self._repeated = set[str]()
        for child in element:
            tag = child.tag
            if tag in found:
                self._repeated.add(tag)
            else:
                found[tag] = child

    def all(self, name: str) -> list[Element]:
        """Return the children of that name, in their order."""
        return list(self._element.iterchildren(self._prefix + name))

    def only(self, name: str) -> Element:
        """Return the child of that name.

        Raises:
            DocumentError: ``field-missing`` or ``field-repeated``.
        """
        return only_child(self._element, self._prefix + name, self.path)

    def text(self, name: str) -> str:
        """Return the text of the child of that name, as it came.

        Raises:
            DocumentError: ``field-missing``, ``field-repeated`` or ``field-markup``.
        """
        tag = self._prefix + name
        found = self._found.get(tag)
        if found is None or tag in self._repeated or len(found):
            return only_text(self._element, tag, self.path)
        return found.text or ""

    def text_or_none(self, name: str) -> str | None:
        """Return the text of the child of that name, if there is one.

        Raises:
            DocumentError: ``field-repeated`` or ``field-markup``.
        """
        return self.text(name) if self._prefix + name in self._found else None


def only_child(parent: Element, tag: str, path: str) -> Element:
    """Return the child with that tag; for elements of which little is read, faster than :class:`XmlFields`.

    Args:
        parent: The element.
        tag: ``{namespace}name``.
        path: Where the parent stands, for error messages.

    Raises:
        DocumentError: ``field-missing`` or ``field-repeated``.
    """
    found = None
    for child in parent:
        if child.tag == tag:
            if found is not None:
                raise _repeated(parent, tag, path)
            found = child
    if found is None:
        name = tag.rpartition("}")[2]
        raise DocumentError(
            "field-missing", "a field is missing", where=f"{path}/{name}", expected=f"an element {name!r}"
        )
    return found


def _repeated(parent: Element, tag: str, path: str) -> DocumentError:
    return DocumentError(
        "field-repeated",
        "a field stands there more than once",
        where=f"{path}/{tag.rpartition('}')[2]}",
        expected="each field once",
        found=f"{len(list(parent.iterchildren(tag)))} of them",
    )


def only_text(parent: Element, tag: str, path: str) -> str:
    """Return the text of the child with that tag, as it came; an element inside it would hide a part of it.

    Raises:
        DocumentError: ``field-missing``, ``field-repeated`` or ``field-markup``.
    """
    found = only_child(parent, tag, path)
    if len(found):
        raise DocumentError(
            "field-markup",
            "a field of text has markup inside it",
            where=f"{path}/{tag.rpartition('}')[2]}",
            expected="text alone",
            found=printable(found[0].tag),
        )
    return found.text or ""


def attribute(element: Element, name: str, path: str) -> str:
    """Return an attribute's value.

    Raises:
        DocumentError: ``field-missing``.
    """
    value = element.get(name)
    if value is None:
        raise DocumentError(
            "field-missing", "a field is missing", where=f"{path}/@{name}", expected=f"an attribute {name!r}"
        )
    return value
