"""XML that is its own exclusive canonical form (C14N 1.0): what is written is what a seal digests, byte for byte.

Only the part of XML such a document needs: elements in one default namespace, attributes in order of name, text. No
declaration, comment, prefix or empty-element tag, and no way to write one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field


class NotCanonicalError(ValueError):
    """Text that XML cannot hold, or bytes that are not in the form written here. The message says where."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element: attributes by name, then text or children, never both."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: tuple[Element, ...] = ()
    text: str = ""

    def __getitem__(self, name: str) -> Element:
        """The one child of this name. NotCanonicalError where there is none, or more than one."""
        ones = self.all(name)
        if len(ones) != 1:
            raise NotCanonicalError(f"{self.name}/{name}: {len(ones)}")
        return ones[0]

    def all(self, name: str) -> tuple[Element, ...]:
        return tuple(one for one in self.children if one.name == name)

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    def need(self, name: str) -> str:
        """An attribute. NotCanonicalError where it is missing."""
        if name not in self.attributes:
            raise NotCanonicalError(f"{self.name}/@{name}")
        return self.attributes[name]


def write(root: Element, namespace: str) -> bytes:
    """The document, UTF-8. NotCanonicalError for text that XML cannot hold."""
    pieces: list[str] = []
    _write(root, pieces, f' xmlns="{namespace}"')
    return "".join(pieces).encode()


def _write(one: Element, pieces: list[str], declared: str = "") -> None:
    attributes = [f' {name}="{attribute(one.attributes[name])}"' for name in sorted(one.attributes)]
    pieces.append(f"<{one.name}{declared}{''.join(attributes)}>{text(one.text) if one.text else ''}")
    for child in one.children:
        _write(child, pieces)
    pieces.append(f"</{one.name}>")


def read(document: bytes, namespace: str) -> Element:
    """The element `write` wrote. NotCanonicalError for bytes it never writes."""
    try:
        written = document.decode()
    except UnicodeDecodeError as wrong:
        raise NotCanonicalError("UTF-8") from wrong
    declared = f' xmlns="{namespace}"'
    start = re.match(f"<[A-Za-z]+{re.escape(declared)}", written)
    if start is None:
        raise NotCanonicalError(namespace)
    root = _read(written[: start.end() - len(declared)] + written[start.end() :])
    if write(root, namespace) != document:
        raise NotCanonicalError("C14N")
    return root


_TOKEN = re.compile(
    r'<(?P<name>[A-Za-z]+)(?P<attributes>(?: [A-Za-z][A-Za-z0-9_]*="[^"<]*")*)>|</(?P<end>[A-Za-z]+)>|(?P<text>[^<]+)'
)
_ATTRIBUTE = re.compile(r' ([A-Za-z][A-Za-z0-9_]*)="([^"<]*)"')
DEPTH_MAX = 16


@dataclass(slots=True)
class _Open:
    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""


def _read(written: str) -> Element:
    around = _Open("", {})
    path = [around]
    for token in _tokens(written):
        inner = path[-1]
        if token["name"] is not None:
            if len(path) > DEPTH_MAX:
                raise NotCanonicalError(f"> {DEPTH_MAX}")
            attributes = {name: plain(value) for name, value in _ATTRIBUTE.findall(token["attributes"])}
            path.append(_Open(token["name"], attributes))
        elif token["end"] is not None:
            if len(path) == 1 or inner.name != token["end"]:
                raise NotCanonicalError(f"</{token['end']}>")
            path.pop()
            path[-1].children.append(Element(inner.name, inner.attributes, tuple(inner.children), inner.text))
        else:
            inner.text += plain(token["text"])
    if len(path) != 1 or len(around.children) != 1 or around.text:
        raise NotCanonicalError("/")
    return around.children[0]


def _tokens(written: str) -> Iterator[re.Match[str]]:
    place = 0
    while place < len(written):
        token = _TOKEN.match(written, place)
        if token is None:
            raise NotCanonicalError(f"@{place}")
        yield token
        place = token.end()


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNTOUCHED = re.compile('[^&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]*')
"""Nearly every value: nothing to escape, nothing to refuse."""
_TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_ATTRIBUTE_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)
"""Canonical XML 1.0 §2.3: what is escaped in text and in attribute values, and how."""
_ESCAPE = re.compile("&(amp|lt|gt|quot|#x9|#xA|#xD);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "#x9": "\t", "#xA": "\n", "#xD": "\r"}


def text(value: str) -> str:
    """A value as text of an element. NotCanonicalError for what XML cannot hold."""
    return value if _UNTOUCHED.fullmatch(value) else _xml(value).translate(_TEXT_ESCAPES)


def attribute(value: str) -> str:
    """A value as an attribute's. NotCanonicalError for what XML cannot hold."""
    return value if _UNTOUCHED.fullmatch(value) else _xml(value).translate(_ATTRIBUTE_ESCAPES)


def plain(escaped: str) -> str:
    """The inverse of both."""
    return _ESCAPE.sub(lambda match: _CHARACTERS[match[1]], escaped)


def _xml(value: str) -> str:
    if _NOT_XML.search(value):
        raise NotCanonicalError(repr(value[:40]))
    return value
