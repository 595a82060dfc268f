"""The hop of an intermediary, written into the skeleton of a packet that no real seal protects.

Every station of the field appends a TraceHeader (QCVN 102, 2.1). It is inserted as bytes, so that nothing else of the
packet changes: not the prefixes its writer chose, not the white space, not a place where an attachment belongs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape

from gateway.edxml.limits import Limits
from gateway.edxml.names import DS_SIGNATURE, Tag
from gateway.edxml.parse import parse
from gateway.model.packet import TraceHop

_HEADER = (Tag.ROOT, Tag.ENVELOPE, Tag.HEADER)
_MESSAGE = (*_HEADER, Tag.MESSAGE_HEADER)
_LIST = (*_HEADER, Tag.TRACE_HEADER_LIST)
_LAST_HOP = (*_LIST, Tag.TRACE_HEADER)

_TAG = re.compile(rb"<((?:[^\s<>/:]+:)?)(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")
"""A whole tag, its first group the prefix with the colon."""


@dataclass(slots=True)
class _Span:
    """Where an element's tags begin in the bytes: the same place twice where it is self-closed."""

    opens: int
    closes: int = 0


def with_hop(skeleton: bytes, hop: TraceHop, limits: Limits) -> bytes:
    """The skeleton with this hop behind the ones that are there; a list of hops is begun where there is none.

    Status packets have no hops, and what carries an XML signature is nobody's to change: both come back as they are.
    Refused where the skeleton is none that `parse` takes.
    """
    root = parse(skeleton, limits).root
    header = root.find(f"{Tag.ENVELOPE}/{Tag.HEADER}")
    if header is None or header.find(DS_SIGNATURE) is not None:
        return skeleton
    message = header.find(Tag.MESSAGE_HEADER)
    if message is None or message.find(Tag.STATUS_CODE) is not None:
        return skeleton
    spans = _spans(skeleton)
    if (hops := spans.get(_LIST)) is None:
        prefix, _ = _tag(skeleton, spans[_HEADER].opens)
        hops_begun = _element(prefix, "TraceHeaderList", _hop(prefix, hop))
        return _inserted(skeleton, _after(skeleton, spans[_MESSAGE]), hops_begun)
    prefix, tag_ends = _tag(skeleton, hops.opens)
    if hops.opens == hops.closes:
        opened = skeleton[:tag_ends].removesuffix(b"/>") + b">"
        return opened + _hop(prefix, hop) + b"</" + prefix + b"TraceHeaderList>" + skeleton[tag_ends:]
    last = spans.get(_LAST_HOP)
    return _inserted(skeleton, _after(skeleton, last) if last else hops.closes, _hop(prefix, hop))


def _spans(skeleton: bytes) -> dict[tuple[str, ...], _Span]:
    """Where the elements on the way to the hops stand; of several, the last."""
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator="}")
    path: list[str] = []
    spans: dict[tuple[str, ...], _Span] = {}

    def start(name: str, _attributes: dict[str, str]) -> None:
        path.append("{" + name)
        if len(path) <= len(_LAST_HOP):
            spans[tuple(path)] = _Span(parser.CurrentByteIndex)

    def end(_name: str) -> None:
        if len(path) <= len(_LAST_HOP):
            spans[tuple(path)].closes = parser.CurrentByteIndex
        path.pop()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(skeleton, True)
    return spans


def _tag(skeleton: bytes, at: int) -> tuple[bytes, int]:
    """The prefix of the tag at this place, with its colon, and where the tag ends. The prefix of a start tag is bound
    wherever that element's children stand."""
    tag = _TAG.match(skeleton, at)
    assert tag is not None, "expat saw a tag here"
    return tag[1], tag.end()


def _after(skeleton: bytes, span: _Span) -> int:
    return _tag(skeleton, span.closes)[1]


def _inserted(skeleton: bytes, at: int, piece: bytes) -> bytes:
    return skeleton[:at] + piece + skeleton[at:]


def _hop(prefix: bytes, hop: TraceHop) -> bytes:
    fields = (("OrganId", hop.organ_id), ("Timestamp", hop.at))
    return _element(
        prefix, "TraceHeader", *(_element(prefix, name, escape(said).encode()) for name, said in fields if said)
    )


def _element(prefix: bytes, name: str, *inside: bytes) -> bytes:
    named = prefix + name.encode()
    return b"<" + named + b">" + b"".join(inside) + b"</" + named + b">"
