"""A form with a token and one packet file, as a browser sends it: read in pieces, never whole in memory."""

from __future__ import annotations

import hmac

import multipart  # type: ignore[import-untyped]

from gateway.edxml import Cutter, Limits, Received
from gateway.http.faults import fault
from gateway.http.packaging import PART_HEADER_BYTES_MAX, PART_HEADERS_MAX, OpenSink
from gateway.model.reasons import Reason

TOKEN_CHARS_MAX = 128


class Upload:
    """The body of such a form: first its token, then its file, and nothing else."""

    def __init__(self, content_type: str, token: str, limits: Limits, open_sink: OpenSink) -> None:
        kind, options = multipart.parse_options_header(content_type)
        if kind != "multipart/form-data" or not options.get("boundary"):
            raise fault(Reason.CONTENT_TYPE, "content_type", written=content_type)
        self._parser = multipart.PushMultipartParser(
            options["boundary"], max_header_size=PART_HEADER_BYTES_MAX, max_header_count=PART_HEADERS_MAX
        )
        self._expected = token.encode()
        self._token = b""
        self._names: list[str] = []
        self._cutter = Cutter(limits, open_sink)

    def feed(self, data: bytes) -> None:
        """Take the next piece of the form."""
        try:
            for event in self._parser.parse(data) if data else ():
                match event:
                    case multipart.MultipartSegment():
                        self._begin(event.name or "")
                    case None:
                        self._end()
                    case piece if self._names == ["token"]:
                        self._token = (self._token + piece)[:TOKEN_CHARS_MAX]
                    case piece:
                        self._cutter.feed(piece)
        except multipart.MultipartError as error:
            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what=str(error)) from error

    def finish(self) -> Received:
        """The packet; the form must be complete."""
        try:
            self._parser.close()
        except multipart.MultipartError as error:
            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what=str(error)) from error
        if self._names != ["token", "file"]:
            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="form")
        return self._cutter.received()

    def _begin(self, name: str) -> None:
        self._names.append(name)
        if self._names not in (["token"], ["token", "file"]):
            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="form")

    def _end(self) -> None:
        if self._names == ["token"] and not hmac.compare_digest(self._token, self._expected):
            raise fault(Reason.PERSON_NOT_ALLOWED, "form_token")
