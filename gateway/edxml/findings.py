"""How this room words a finding: the reason, which of its faults, where, and the values that show it."""

from __future__ import annotations

from lxml import etree

from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, found
from gateway.model.words import shown

VALUE_CHARS_MAX = 80
"""Values quoted from a packet are cut to this many characters."""


def explained(reason: Reason, fault: str, path: str = "", line: int | None = None, **values: object) -> Finding:
    """A refusing finding; its detail is the catalogue's `reason.<code>.detail_<fault>`, filled with `values`."""
    return found(reason, path, line, fault=fault, **{name: quoted(str(value)) for name, value in values.items()})


def quoted(value: str) -> str:
    """A value of the packet, safe to show: one line, short, without characters that steer a terminal or the reading
    direction."""
    return shown(value, VALUE_CHARS_MAX)


def local_name(tag: object) -> str:
    """The name of an element without its namespace."""
    return str(tag).rpartition("}")[2]


def path_of(element: etree._Element) -> str:
    """Where an element is: local names, with [n] where it has siblings of its name (`/edXML/…/MessageHeader/To[2]`)."""
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None:
        parent = node.getparent()
        twins = [] if parent is None else [one for one in parent if one.tag == node.tag]
        position = f"[{twins.index(node) + 1}]" if len(twins) > 1 else ""
        steps.append(quoted(local_name(node.tag)) + position)
        node = parent
    return "/" + "/".join(reversed(steps))
