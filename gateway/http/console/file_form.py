"""A form with a token, a few fields and one file, as a browser sends it: the file goes to the disk as it comes."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import BinaryIO

import multipart  # type: ignore[import-untyped]

from gateway.http.faults import fault
from gateway.http.packaging import PART_HEADER_BYTES_MAX, PART_HEADERS_MAX
from gateway.model.reasons import Reason

FIELD_BYTES_MAX = 4_096
FILE = "file"


class FileForm:
    """The body of such a form: its token first, fields of the names given, its file last."""

    def __init__(self, content_type: str, token: str, names: frozenset[str], sink: BinaryIO) -> None:
        kind, options = multipart.parse_options_header(content_type)
        if kind != "multipart/form-data" or not options.get("boundary"):
            raise fault(Reason.CONTENT_TYPE, "content_type", written=content_type)
        self._parser = multipart.PushMultipartParser(
            options["boundary"], max_header_size=PART_HEADER_BYTES_MAX, max_header_count=PART_HEADERS_MAX
        )
        self._expected, self._names, self._sink = token.encode(), names, sink
        self._fields: dict[str, bytes] = {}
        self._now = ""
        self.file_name = ""
        """As the sender calls the file; only its ending may be believed."""

    def feed(self, data: bytes) -> None:
        """Take the next piece of the form."""
        try:
            for event in self._parser.parse(data) if data else ():
                match event:
                    case multipart.MultipartSegment():
                        self._begin(event.name or "", event.filename or "")
                    case None:
                        self._end()
                    case piece if self._now == FILE:
                        self._sink.write(piece)
                    case piece:
                        self._fields[self._now] += piece
                        if len(self._fields[self._now]) > FIELD_BYTES_MAX:
                            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="form")
        except multipart.MultipartError as error:
            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what=str(error)) from error

    def finish(self) -> dict[str, str]:
        """The fields; the form must be complete."""
        try:
            self._parser.close()
            fields = {name: written.decode() for name, written in self._fields.items() if name != "token"}
        except (multipart.MultipartError, UnicodeDecodeError) as error:
            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what=str(error)) from error
        if self._now != FILE:
            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="form")
        return fields

    def _begin(self, name: str, file_name: str) -> None:
        first = not self._fields
        if self._now == FILE or name in self._fields or (name == "token") != first:
            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="form")
        if name not in {"token", FILE} | self._names:
            raise fault(Reason.REQUEST_MALFORMED, "body_wrong", what="form")
        self._now = name
        if name == FILE:
            self.file_name = Path(file_name).name
        else:
            self._fields[name] = b""

    def _end(self) -> None:
        if self._now == "token" and not hmac.compare_digest(self._fields["token"], self._expected):
            raise fault(Reason.PERSON_NOT_ALLOWED, "form_token")
