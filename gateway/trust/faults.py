"""How this room says no: a Reason, the place in the packet, and the exact fault in both languages.

One Reason of the seal covers many faults, so the detail text is chosen here, from the catalogue `reason-seal.po`.
"""

from __future__ import annotations

from lxml import etree

from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, Place, Refused
from gateway.model.words import LANGUAGES, text


def refusal(reason: Reason, fault: str, element: etree._Element | None = None, /, **values: str) -> Refused:
    """A refusal that explains itself: `fault` is the catalogue key of its detail, `values` fill the placeholders."""
    details = tuple((f"detail_{lang}", text(lang, fault, **values)) for lang in LANGUAGES)
    place = Place() if element is None else Place(_path(element), element.sourceline)
    return Refused(Finding(reason, place, details))


def local_name(element: etree._Element) -> str:
    return etree.QName(element).localname


def qualified_name(element: etree._Element) -> bytes:
    """The name as it stands in the bytes, prefix and all."""
    return f"{element.prefix}:{local_name(element)}".encode() if element.prefix else local_name(element).encode()


def _path(element: etree._Element) -> str:
    lineage = [*reversed(list(element.iterancestors())), element]
    return "".join(f"/{local_name(one)}" for one in lineage)
