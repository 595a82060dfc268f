"""Step 1: what is refused while the body arrives."""

from __future__ import annotations

import base64

from gateway.edxml import Limits, NewAttachment, inline, write
from gateway.model.reasons import Reason
from tests.vectors.packets import (
    ANNEX_BYTES,
    DOCUMENT,
    LETTER_BYTES,
    RUN_END,
    RUN_START,
    bare,
    document,
    form,
    swapped,
    with_run,
)
from tests.vectors.vector import Vector

_SIZE = len(document())
_DAMAGED, _TRUNCATED = Reason.BASE64_DAMAGED, Reason.BODY_TRUNCATED
_FORM_PARTS = (("209", LETTER_BYTES), ("210", ANNEX_BYTES))


def _cut_inside_run() -> bytes:
    packet = document()
    return packet[: packet.index(RUN_START) + len(RUN_START) + 100]


def _many(count: int) -> bytes:
    announced = [NewAttachment(str(number), "text/plain", f"tep-{number}.txt") for number in range(count)]
    return b"".join(inline(write(DOCUMENT, announced), [(b"x",)] * count))


VECTORS = [
    Vector("one byte over the body limit", Reason.BODY_TOO_LARGE, document, Limits(body_bytes_max=_SIZE - 1)),
    Vector("just at the body limit", None, document, Limits(body_bytes_max=_SIZE)),
    Vector(
        "one byte over the envelope limit", Reason.ENVELOPE_TOO_LARGE, bare, Limits(envelope_bytes_max=len(bare()) - 1)
    ),
    Vector("just at the envelope limit", None, bare, Limits(envelope_bytes_max=len(bare()))),
    Vector(
        "one byte over the attachment limit",
        Reason.ATTACHMENT_TOO_LARGE,
        document,
        Limits(attachment_bytes_max=len(LETTER_BYTES) - 1),
    ),
    Vector("just at the attachment limit", None, document, Limits(attachment_bytes_max=len(LETTER_BYTES))),
    Vector("29 attachments", Reason.TOO_MANY_ATTACHMENTS, lambda: _many(29)),
    Vector("28 attachments", None, lambda: _many(28)),
    Vector("cut short inside an attachment", _TRUNCATED, _cut_inside_run),
    Vector("a character of the URL alphabet", _DAMAGED, with_run(b"AAA-")),
    Vector("the other character of the URL alphabet", _DAMAGED, with_run(b"AAA_")),
    Vector("a NUL among the base64", _DAMAGED, with_run(b"AA\x00AA")),
    Vector("a byte over 127", _DAMAGED, with_run(b"AA\xc3\xa9A")),
    Vector("a form feed as white space", _DAMAGED, with_run(b"AAAA\x0cAAAA")),
    Vector("a vertical tab as white space", _DAMAGED, with_run(b"AAAA\x0bAAAA")),
    Vector("a no-break space as white space", _DAMAGED, with_run("AAAA\u00a0AAAA".encode())),
    Vector("a lone character", _DAMAGED, with_run(b"A")),
    Vector("padding missing", _DAMAGED, with_run(b"AAAAAA")),
    Vector("one of two paddings missing", _DAMAGED, with_run(b"AAAAAA=")),
    Vector("three paddings", _DAMAGED, with_run(b"A===")),
    Vector("padding only", _DAMAGED, with_run(b"====")),
    Vector("a group of padding after whole groups", _DAMAGED, with_run(b"AAAA====")),
    Vector("padding in the middle", _DAMAGED, with_run(b"AAA=AAAA")),
    Vector("padding inside a group", _DAMAGED, with_run(b"AA=A")),
    Vector("bits set under one padding", _DAMAGED, with_run(b"AAB=")),
    Vector("bits set under two paddings", _DAMAGED, with_run(b"AB==")),
    Vector("text instead of base64", _DAMAGED, with_run(b"${file}")),
    Vector("an element inside base64", _DAMAGED, with_run(b"AAAA<b/>AAAA")),
    Vector("a comment inside base64", _DAMAGED, with_run(b"AAAA<!-- -->AAAA")),
    Vector("CDATA around base64", _DAMAGED, with_run(b"<![CDATA[AAAA]]>")),
    Vector("a processing instruction inside base64", _DAMAGED, with_run(b"AAAA<?x?>AAAA")),
    Vector("a character reference inside base64", _DAMAGED, with_run(b"AAA&#65;")),
    Vector("base64 in lines", None, with_run(base64.encodebytes(LETTER_BYTES))),
    Vector("base64 in lines ended by CR LF, indented", None, with_run(b"\r\n\t  QUJD\r\n\t  REVG\r\n")),
    Vector("white space in every place", None, with_run(b" Q U\tJ\nD R\rE V G Q Q = = ")),
    Vector("an attachment of no bytes", None, with_run(b"")),
    Vector("an attachment of white space", None, with_run(b" \r\n\t ")),
    Vector("a form", None, form, parts=_FORM_PARTS),
    Vector("base64 inside a form's envelope", Reason.MULTIPART_MALFORMED, document, parts=_FORM_PARTS),
    Vector(
        "a self-closed element in a form",
        Reason.MULTIPART_MALFORMED,
        swapped(b">" + RUN_END, b"/>", form),
        parts=_FORM_PARTS,
    ),
    Vector("a form part too many", Reason.FORM_MANIFEST_MISMATCH, form, parts=(*_FORM_PARTS, ("211", b"x"))),
    Vector("a form part too few", Reason.FORM_MANIFEST_MISMATCH, form, parts=_FORM_PARTS[:1]),
    Vector("form parts in another order", Reason.FORM_MANIFEST_MISMATCH, form, parts=_FORM_PARTS[::-1]),
]
