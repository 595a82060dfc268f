"""Cutting: attachments leave the XML while the body arrives, so that what is parsed stays small.

Base64 holds no markup, so taking it out of `<ContentTransferEncoded>` cannot change the structure of the document; what
stays is the skeleton. The cutter knows just enough of XML to tell a tag from a comment, a CDATA section or a processing
instruction. It may be wrong only about text that is not well-formed, which the parser then refuses; and `read` requires
that the emptied elements match the cuts one to one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.edxml.base64_run import WHITE_SPACE, Base64Run, Damaged
from gateway.edxml.encoding import HEAD_BYTES, check_family
from gateway.edxml.enveloped import EnvelopedDigest
from gateway.edxml.findings import explained
from gateway.edxml.limits import Limits
from gateway.edxml.parse import fault_before
from gateway.edxml.part import Part, PartWriter, Received, Sink, received
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found

_PREFIX_BYTES_MAX = 512
"""A longer prefix is no name we accept (`name_chars_max`), so its element is left uncut and refused in reading."""
_TOKEN = re.compile(
    rb"<(?:(!--)|(!\[CDATA\[)|(\?)|(!DOCTYPE)"
    rb"|(?:[^\s<>/:!?\"'=&]{1,%d}+:)?ContentTransferEncoded(?=[\s/>]))" % _PREFIX_BYTES_MAX
)
_TOKEN_BYTES_MAX = 1 + _PREFIX_BYTES_MAX + len(b":ContentTransferEncoded>")
_COMMENT, _CDATA, _INSTRUCTION, _DOCTYPE = 1, 2, 3, 4
_ENDINGS = {_COMMENT: b"-->", _CDATA: b"]]>", _INSTRUCTION: b"?>"}
_IN_TAG = re.compile(rb"[\"'<>]")


class Cutter:
    """Streams one `.edxml` file: base64 runs go decoded to sinks, the rest is kept as the skeleton.

    With `inline=False` (multipart: the attachments come as parts of their own) every run must be empty. Memory is
    bounded by `envelope_bytes_max` and the size of the chunks fed. After `Refused`, or after `finish`, it is used up.
    """

    def __init__(self, limits: Limits, open_sink: Callable[[], Sink], inline: bool = True) -> None:
        self._limits = limits
        self._open_sink = open_sink
        self._inline = inline
        self._state = Cutter._start
        """A plain function: a bound method would be a reference to itself, which only the garbage collector ends."""
        self._carry = b""
        self._body_bytes = 0
        self._skeleton = bytearray()
        self._lines_cut = 0
        self._ending = b""
        """What ends the comment, section, instruction or attribute value we are in."""
        self._run: Base64Run | None = None
        self._parts: list[Part] = []
        self.places: list[int | None] = []
        """Where in the skeleton each run was cut out; None for a self-closed element."""
        self._enveloped = EnvelopedDigest()

    def feed(self, data: bytes) -> None:
        """The next bytes of the body; where they are split changes nothing.

        Refused(receive.*, XML_ENCODING, XML_DOCTYPE); XML_MALFORMED where an attachment is damaged and the XML before
        it is not well-formed, since the earlier fault explains the later one.
        """
        self._body_bytes += len(data)
        if self._body_bytes > self._limits.body_bytes_max:
            raise Refused(explained(Reason.BODY_TOO_LARGE, "limit", limit=self._limits.body_bytes_max))
        if self._carry:
            data, self._carry = self._carry + data, b""
        at = 0
        while at < len(data):
            at = self._state(self, data, at)

    def finish(self) -> tuple[bytes, tuple[Part, ...]]:
        """The skeleton and its parts in file order. Refused(BODY_TRUNCATED) where the body ended inside a run."""
        if self._state == Cutter._in_run:
            raise self._refused(Reason.BODY_TRUNCATED, "inside_attachment")
        if self._state == Cutter._start:
            check_family(self._carry)
        self._keep(self._carry)
        return bytes(self._skeleton), tuple(self._parts)

    def received(self) -> Received:
        """`finish`, put together. Of a file fed whole, with the digest an old signature over it was made over."""
        skeleton, parts = self.finish()
        return received(skeleton, parts, self.enveloped)

    @property
    def enveloped(self) -> str | None:
        """Once finished: the digest of the whole file that an old signature covers (hex). None where there is no such
        signature, where attachments come apart, or where it could not be taken on the way."""
        return self._enveloped.finish(self._skeleton) if self._inline or not self.places else None

    # Each state consumes `data` from `at` on and says where it stopped; what cannot be judged yet waits in `_carry`.

    def _start(self, data: bytes, at: int) -> int:
        if len(data) - at < HEAD_BYTES:
            return self._wait(data, at)
        check_family(data[at : at + HEAD_BYTES])
        self._state = Cutter._between
        return at

    def _between(self, data: bytes, at: int) -> int:
        token = _TOKEN.search(data, at)
        if token is None:
            opened = data.rfind(b"<", max(at, len(data) - _TOKEN_BYTES_MAX))
            if opened < 0:
                return self._keep_until(data, at, len(data))
            self._keep_until(data, at, opened)
            return self._wait(data, opened)
        match token.lastindex:
            case None:
                self._state = Cutter._in_tag
            case index if index == _DOCTYPE:
                self._keep_until(data, at, token.start())
                raise Refused(found(Reason.XML_DOCTYPE, line=self._line()))
            case index:
                self._ending = _ENDINGS[index]
                self._state = Cutter._skipping
        return self._keep_until(data, at, token.end())

    def _skipping(self, data: bytes, at: int) -> int:
        end = data.find(self._ending, at)
        if end < 0:
            waiting = max(at, len(data) - len(self._ending) + 1)
            self._keep_until(data, at, waiting)
            return self._wait(data, waiting)
        self._state = Cutter._between
        return self._keep_until(data, at, end + len(self._ending))

    def _in_tag(self, data: bytes, at: int) -> int:
        mark = _IN_TAG.search(data, at)
        if mark is None:
            return self._keep_until(data, at, len(data))
        self._keep_until(data, at, mark.start())
        match mark[0]:
            case b"<":  # not well-formed: for the parser to say
                self._state = Cutter._between
                return mark.start()
            case b">":
                self._open_run(self_closed=self._skeleton.endswith(b"/"))
            case quote:
                self._ending = quote
                self._state = Cutter._in_value
        return self._keep_until(data, mark.start(), mark.end())

    def _in_value(self, data: bytes, at: int) -> int:
        end = data.find(self._ending, at)
        if end < 0:
            return self._keep_until(data, at, len(data))
        self._state = Cutter._in_tag
        return self._keep_until(data, at, end + 1)

    def _in_run(self, data: bytes, at: int) -> int:
        end = data.find(b"<", at)
        self._take(data[at:] if end < 0 else data[at:end])
        if end < 0:
            return len(data)
        if end + 1 == len(data):
            return self._wait(data, end)
        if data[end + 1 : end + 2] != b"/":
            raise self._damaged(Damaged("markup"))
        self._enveloped.run_ends()
        if self._run is not None:
            try:
                self._parts.append(self._run.finish())
            except Damaged as damage:
                raise self._damaged(damage) from damage
        self._state = Cutter._between
        return end

    def _take(self, run: bytes) -> None:
        if b"\n" in run:
            self._lines_cut += run.count(b"\n")
        if self._run is None:
            if run.strip(WHITE_SPACE):
                raise self._refused(Reason.MULTIPART_MALFORMED, "run_not_empty")
            return
        self._enveloped.text(run)
        try:
            self._run.write(run)
        except Damaged as damage:
            raise self._damaged(damage) from damage

    def _open_run(self, self_closed: bool) -> None:
        if len(self.places) == self._limits.attachments_max:
            raise Refused(explained(Reason.TOO_MANY_ATTACHMENTS, "limit", limit=self._limits.attachments_max))
        self.places.append(None if self_closed else len(self._skeleton) + 1)
        if not self_closed:
            self._state = Cutter._in_run
            if self._inline:
                self._enveloped.run_begins(self._skeleton)
                self._run = Base64Run(PartWriter(self._limits, self._open_sink()))
            return
        if not self._inline:
            raise self._refused(Reason.MULTIPART_MALFORMED, "self_closed")
        self._parts.append(PartWriter(self._limits, self._open_sink()).finish())
        self._state = Cutter._between

    def _keep_until(self, data: bytes, at: int, end: int) -> int:
        self._keep(data[at:end])
        return end

    def _keep(self, piece: bytes) -> None:
        self._skeleton += piece
        if len(self._skeleton) > self._limits.envelope_bytes_max:
            raise Refused(explained(Reason.ENVELOPE_TOO_LARGE, "limit", limit=self._limits.envelope_bytes_max))

    def _wait(self, data: bytes, at: int) -> int:
        self._carry = data[at:]
        return len(data)

    def _damaged(self, damage: Damaged) -> Refused:
        earlier = fault_before(bytes(self._skeleton))
        return Refused(earlier) if earlier else self._refused(Reason.BASE64_DAMAGED, damage.fault, **damage.values)

    def _refused(self, reason: Reason, fault: str, **values: str) -> Refused:
        number = len(self.places)
        path = f"/edXML/AttachmentEncoded/Attachment[{number}]/ContentTransferEncoded"
        return Refused(explained(reason, fault, path, self._line(), number=number, **values))

    def _line(self) -> int:
        return self._skeleton.count(b"\n") + self._lines_cut + 1
