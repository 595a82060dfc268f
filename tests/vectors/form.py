"""Step 3: form, by schema, by character and by rule."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from gateway.edxml import Limits, NewAttachment, inline, write
from gateway.model.packet import Business, BusinessType, Content
from gateway.model.reasons import Reason
from tests.vectors.packets import (
    BORDER,
    DOCUMENT,
    OFFICE,
    PROVINCE,
    RECALL,
    REPLACEMENT,
    RUN_END,
    STATUS,
    Make,
    after,
    bare,
    document,
    status,
    swapped,
)
from tests.vectors.vector import Vector

HEADER = "<edXML:edXMLHeader>"
MESSAGE = "<edXML:MessageHeader>"
SUBJECT = "<edXML:Subject>"
_SCHEMA, _CHARACTERS, _MISMATCH = Reason.FORM_SCHEMA, Reason.FORM_CHARACTERS, Reason.FORM_MANIFEST_MISMATCH


def _written(content: Content) -> Make:
    return lambda: write(content)


def _without(element: str, packet: Make = bare) -> Make:
    """The packet without the first such element."""

    def make() -> bytes:
        good = packet().decode()
        start = good.index(f"<edXML:{element}>")
        end = good.index(f"</edXML:{element}>", start) + len(f"</edXML:{element}>")
        return (good[:start] + good[end:]).encode()

    return make


def _doubled(element: str, packet: Make = bare) -> Make:
    """The packet with the first such element standing twice."""

    def make() -> bytes:
        good = packet().decode()
        start = good.index(f"<edXML:{element}>")
        end = good.index(f"</edXML:{element}>", start) + len(f"</edXML:{element}>")
        return (good[:end] + good[start:end] + good[end:]).encode()

    return make


def _named(name: str) -> Make:
    """A document whose one attachment has this name, in the manifest and beside its bytes."""
    return lambda: b"".join(inline(write(DOCUMENT, (NewAttachment("209", "application/pdf", name),)), ((b"x",),)))


def _enclosed(*ids: str) -> Make:
    announced = [NewAttachment(one, "text/plain", f"tep-{rank}.txt") for rank, one in enumerate(ids)]
    return lambda: b"".join(inline(write(DOCUMENT, announced), [(b"x",)] * len(ids)))


def _no_attachments(packet: bytes) -> bytes:
    start, end = packet.index(b"<AttachmentEncoded>"), packet.index(b"</AttachmentEncoded>")
    return packet[:start] + packet[end + len(b"</AttachmentEncoded>") :]


def _status_with_attachment() -> bytes:
    enclosed = write(DOCUMENT, (NewAttachment("209", "text/plain", "a.txt"),))
    return status().replace(b"</edXML>", enclosed[enclosed.index(b"<AttachmentEncoded>") :])


def _reversed_message() -> bytes:
    """MessageHeader with its children in reverse order."""
    good = write(replace(DOCUMENT, addressees=(OFFICE,))).decode()
    start, end = good.index(MESSAGE) + len(MESSAGE), good.index("</edXML:MessageHeader>")
    children: list[str] = []
    for line in good[start:end].strip().split("\n"):
        depth = sum(one.count("<edXML:") - one.count("</edXML:") for one in children[-1:])
        if children and depth:
            children[-1] += "\n" + line
        else:
            children.append(line)
    return (good[:start] + "\n".join(reversed(children)) + good[end:]).encode()


def _attachments_first() -> bytes:
    good = document()
    start, end = good.index(b"<AttachmentEncoded>"), good.index(b"</edXML>")
    envelope = good.index(b"<edXML:edXMLEnvelope")
    return good[:envelope] + good[start:end] + good[envelope:start] + good[end:]


def _by_href() -> bytes:
    row = b"<edXML:Reference>\n<edXML:ContentId>cid:209</edXML:ContentId>"
    linked = b'<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="cid:209">'
    good = document()
    assert row in good
    return good.replace(row, linked)


def _subject(text: str) -> Make:
    return after(SUBJECT, text)


SCHEMA = [
    Vector(
        "another root in the right namespace",
        _SCHEMA,
        lambda: bare().replace(b"<edXML ", b"<eDoc ").replace(b"</edXML>", b"</eDoc>"),
    ),
    Vector("no envelope", _SCHEMA, lambda: b'<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"/>'),
    Vector("two envelopes", _SCHEMA, lambda: bare().replace(b"</edXML>", bare()[bare().index(b"<edXML:edXMLEnv") :])),
    Vector("no header", _SCHEMA, _without("edXMLHeader")),
    Vector("no message header", _SCHEMA, _without("MessageHeader")),
    Vector("two message headers", _SCHEMA, _doubled("MessageHeader")),
    Vector("no sender", _SCHEMA, _without("From")),
    Vector("two senders", _SCHEMA, _doubled("From")),
    Vector("no addressee", _SCHEMA, _written(replace(DOCUMENT, addressees=()))),
    Vector("no code of the sender", _SCHEMA, _without("OrganId")),
    Vector("two codes of the sender", _SCHEMA, _doubled("OrganId")),
    Vector("an empty code", _SCHEMA, swapped("<edXML:OrganId>G22<", "<edXML:OrganId><", bare)),
    Vector("the word null for a code", _SCHEMA, swapped("<edXML:OrganId>G22<", "<edXML:OrganId>null<", bare)),
    Vector("a code of 36 characters", _SCHEMA, swapped("<edXML:OrganId>G22<", f"<edXML:OrganId>{'G' * 36}<", bare)),
    Vector("a code of 35 characters", None, swapped("<edXML:OrganId>G22<", f"<edXML:OrganId>{'G' * 35}<", bare)),
    Vector("a document id of 201 characters", _SCHEMA, _written(replace(DOCUMENT, document_id="x" * 201))),
    Vector("two document ids", _SCHEMA, _doubled("DocumentId")),
    Vector("two subjects", _SCHEMA, _doubled("Subject")),
    Vector("two trace lists", _SCHEMA, _doubled("TraceHeaderList")),
    Vector("two business blocks", _SCHEMA, _doubled("Bussiness")),
    Vector("two types of business", _SCHEMA, _doubled("BussinessDocType")),
    Vector("no type of business", _SCHEMA, _without("BussinessDocType")),
    Vector(
        "an empty type of business", _SCHEMA, swapped("<edXML:BussinessDocType>0", "<edXML:BussinessDocType>", bare)
    ),
    Vector(
        "a type of business that is none",
        _SCHEMA,
        swapped("<edXML:BussinessDocType>0", "<edXML:BussinessDocType>4", bare),
    ),
    Vector("business spelt with one s", _SCHEMA, lambda: bare().replace(b"Bussiness", b"Business")),
    Vector("an unknown element of the namespace", _SCHEMA, after(MESSAGE, "<edXML:Signatory>x</edXML:Signatory>")),
    Vector(
        "an element of another namespace inside an agency", _SCHEMA, after("<edXML:From>", '<x:a xmlns:x="urn:x"/>')
    ),
    Vector("an element inside a value", _SCHEMA, after(SUBJECT, "<edXML:b>x</edXML:b>")),
    Vector("text between elements", _SCHEMA, after(MESSAGE, "G99")),
    Vector("text beside the envelope", _SCHEMA, swapped("</edXML:edXMLEnvelope>", "</edXML:edXMLEnvelope>x", bare)),
    Vector(
        "an extension beside the envelope",
        _SCHEMA,
        swapped("</edXML:edXMLEnvelope>", '</edXML:edXMLEnvelope><x:a xmlns:x="urn:x"/>', bare),
    ),
    Vector("an attribute nobody knows", _SCHEMA, swapped(SUBJECT, '<edXML:Subject lang="vi">', bare)),
    Vector("a second Id", _SCHEMA, swapped(MESSAGE, '<edXML:MessageHeader Id="envelope">', bare)),
    Vector("an Id that is no name", _SCHEMA, swapped('Id="envelope"', 'Id="1 2"', bare)),
    Vector("a status code of one digit", _SCHEMA, swapped("StatusCode>03<", "StatusCode>3<", status)),
    Vector("an empty status code", _SCHEMA, swapped("StatusCode>03<", "StatusCode><", status)),
    Vector("a status about nothing", _SCHEMA, _without("ResponseFor", status)),
    Vector("a status about two documents", _SCHEMA, _doubled("ResponseFor", status)),
    Vector(
        "a status with an addressee",
        _SCHEMA,
        after("</edXML:ResponseFor>", "<edXML:To><edXML:OrganId>H14</edXML:OrganId></edXML:To>", status),
    ),
    Vector("a document with a status code", _SCHEMA, after(MESSAGE, "<edXML:StatusCode>03</edXML:StatusCode>")),
    Vector("an attachment without an id", _SCHEMA, swapped("<ContentId>cid:209</ContentId>", "", document)),
    Vector(
        "an attachment with an empty id",
        _SCHEMA,
        swapped("<ContentId>cid:209</ContentId>", "<ContentId> </ContentId>", document),
    ),
    Vector(
        "an attachment without content",
        _SCHEMA,
        lambda: _enclosed("209")().replace(b"edXML:ContentTransferEncoded", b"edXML:Content"),
    ),
    Vector(
        "attachments of a home-made gateway",
        _SCHEMA,
        swapped("</edXML:edXMLHeader>", "</edXML:edXMLHeader><edXML:edXMLAttachments/>", bare),
    ),
    Vector(
        "base64 elsewhere in the namespace",
        _SCHEMA,
        after(MESSAGE, "<edXML:ContentTransferEncoded>QUJD</edXML:ContentTransferEncoded>", document),
    ),
]

CHARACTERS = [
    *(
        Vector(f"{unicodedata.name(one, f'U+{ord(one):04X}')} in a subject", _CHARACTERS, _subject(one))
        for one in "\x7f\x80\x85\x9f\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e"
        "\u2060\u2066\u2067\u2068\u2069\ufeff\ufdd0\ufdef\U0001fffe\U0010ffff\U000e0041"
    ),
    Vector("a hidden character by reference", _CHARACTERS, _subject("&#x200B;")),
    Vector("a decimal reference to the same", _CHARACTERS, _subject("&#8203;")),
    Vector(
        "a right-to-left override in a file name",
        _CHARACTERS,
        lambda: document().replace(b"7816-VPCP-KSTT.pdf", "cod\u202egpj.exe".encode()),
    ),
    Vector("a hidden character in an attribute", _CHARACTERS, after(HEADER, '<x:a xmlns:x="urn:x" b="&#x200B;"/>')),
    Vector("a hidden character in an extension", _CHARACTERS, after(HEADER, '<x:a xmlns:x="urn:x">\u200b</x:a>')),
    Vector(
        "decomposed text",
        _CHARACTERS,
        swapped("Văn phòng Chính phủ", unicodedata.normalize("NFD", "Văn phòng Chính phủ"), bare),
    ),
    Vector("one decomposed letter", _CHARACTERS, _subject("tỉ" + "nh o\u031b")),
    Vector("marks in another order", _CHARACTERS, _subject("e\u0302\u0323")),
    Vector("a decomposed letter by reference", _CHARACTERS, _subject("a&#x301;")),
    Vector("an Angstrom sign", _CHARACTERS, _subject("\u212b")),
    Vector("Đ and Ð are both letters", None, _subject("Đ Ð đ ð")),
    Vector("dashes, quotes and symbols", None, _subject("– — “ ” ‘ ’ … • № € ½ → ☑ 😀 \u00a0 \u00ad")),
    Vector(
        "every Vietnamese letter",
        None,
        _subject("aàảãáạăằẳẵắặâầẩẫấậ eèẻẽéẹêềểễếệ oòỏõóọôồổỗốộơờởỡớợ uùủũúụưừửữứự yỳỷỹýỵ iìỉĩíị Đđ"),
    ),
    Vector("line ends and tabs in a text", None, _subject("một\r\nhai\tba&#10;bốn&#13;")),
]

RULES = [
    Vector("two attachments of one id", Reason.FORM_DUPLICATE_CONTENT_ID, _enclosed("209", "209")),
    Vector(
        "the same id with and without cid:",
        Reason.FORM_DUPLICATE_CONTENT_ID,
        lambda: _enclosed("209", "210")().replace(b"cid:210", b"209"),
    ),
    Vector(
        "announced but not enclosed",
        _MISMATCH,
        lambda: document().replace(b"<ContentId>cid:209", b"<ContentId>cid:211"),
    ),
    Vector("enclosed but not announced", _MISMATCH, _without("edXMLBody", document)),
    Vector("announced, nothing enclosed", _MISMATCH, lambda: _no_attachments(document())),
    Vector(
        "another name in the manifest", _MISMATCH, swapped("<edXML:AttachmentName>7816", "<edXML:AttachmentName>7817")
    ),
    Vector(
        "another type in the manifest",
        _MISMATCH,
        swapped("<edXML:ContentType>application/pdf", "<edXML:ContentType>text/html"),
    ),
    Vector(
        "base64 in an extension of the header",
        _MISMATCH,
        after(HEADER, '<x:a xmlns:x="urn:x"><x:ContentTransferEncoded>QUJD</x:ContentTransferEncoded></x:a>', document),
    ),
    Vector("an attachment with a status", _MISMATCH, lambda: b"".join(inline(_status_with_attachment(), ((b"x",),)))),
    *(
        Vector(f"the file name {name!r}", Reason.FORM_FILE_NAME, _named(name))
        for name in (
            "../x.pdf",
            "C:\\x.pdf",
            "a/b.pdf",
            "..",
            "x.pdf.",
            "CON",
            "nul.txt",
            "a:b.pdf",
            "x?.pdf",
            "a|b",
            "x" * 501,
            "a\tb.pdf",
        )
    ),
    Vector("a file name of every allowed kind", None, _named("Phụ lục số 1 (bản cuối) – Sở TT&TT_v2.final.PDF")),
    Vector(
        "one addressee twice",
        Reason.FORM_DUPLICATE_ADDRESSEE,
        _written(replace(DOCUMENT, addressees=(PROVINCE, BORDER, PROVINCE))),
    ),
    Vector("one addressee too many", Reason.FORM_TOO_MANY_ADDRESSEES, bare, Limits(addressees_max=1)),
    Vector("a day that is none", Reason.FORM_DATE, _written(replace(DOCUMENT, promulgated_on="2026/02/30"))),
    Vector("a date with hyphens", Reason.FORM_DATE, _written(replace(DOCUMENT, promulgated_on="2026-11-20"))),
    Vector("the year 0000", Reason.FORM_DATE, _written(replace(DOCUMENT, promulgated_on="0000/01/01"))),
    Vector("promulgated tomorrow", Reason.FORM_DATE, _written(replace(DOCUMENT, promulgated_on="2026/11/24"))),
    Vector("promulgated today", None, _written(replace(DOCUMENT, promulgated_on="2026/11/23"))),
    Vector("due on a day that is none", Reason.FORM_DATE, _written(replace(DOCUMENT, due_on="2026/13/01"))),
    Vector(
        "an impossible date inside the document id", None, _written(replace(DOCUMENT, document_id="G22,2014/02/30,1/X"))
    ),
    Vector("a status code outside the table", Reason.FORM_STATUS_CODE, _written(replace(STATUS, status_code="07"))),
    Vector("a recall of nothing", Reason.FORM_CHANGE_TARGET, _written(replace(RECALL, response_for=()))),
    Vector(
        "a replacement of nothing",
        Reason.FORM_CHANGE_TARGET,
        _written(replace(REPLACEMENT, business=Business(BusinessType.REPLACE))),
    ),
    Vector(
        "a status to nobody",
        Reason.FORM_CHANGE_TARGET,
        _written(replace(STATUS, response_for=replace(STATUS.response_for, organ_id=None))),
    ),
    Vector("a recall", None, _written(RECALL)),
    Vector("a replacement", None, _written(REPLACEMENT)),
    Vector("a status", None, status),
]

ODDITIES = [
    Vector("elements in another order", None, _reversed_message),
    Vector("AttachmentEncoded before the envelope", None, _attachments_first),
    Vector("an empty ResponseFor", None, after(MESSAGE, "<edXML:ResponseFor/>")),
    Vector(
        "a trace of null",
        None,
        swapped(
            "<edXML:OrganId>G22</edXML:OrganId>\n<edXML:Timestamp>",
            "<edXML:OrganId>null</edXML:OrganId>\n<edXML:Timestamp>",
            bare,
        ),
    ),
    Vector(
        "a placeholder Signature",
        None,
        swapped(
            "</edXML:edXMLHeader>",
            "<edXML:Signature><edXML:SignedInfo a='b'>x</edXML:SignedInfo></edXML:Signature></edXML:edXMLHeader>",
            bare,
        ),
    ),
    Vector(
        "an empty DigitalSignature",
        None,
        swapped("</edXML:edXMLHeader>", "<edXML:DigitalSignature/></edXML:edXMLHeader>", bare),
    ),
    Vector(
        "extensions of vendors",
        None,
        after(
            MESSAGE,
            "<edXML:ApplicationType>1</edXML:ApplicationType><edXML:ResponseForTask><edXML:TaskCode>1</edXML:TaskCode></edXML:ResponseForTask>",
        ),
    ),
    Vector("extensions of another namespace", None, after(MESSAGE, '<x:a xmlns:x="urn:x" b="c"><x:d/>e</x:a>')),
    Vector(
        "attributes on the trace list",
        None,
        swapped(
            "<edXML:TraceHeaderList>", '<edXML:TraceHeaderList id="1" version="1" mustUnderstand="1" actor="x">', bare
        ),
    ),
    Vector("a content id by xlink:href", None, _by_href),
    Vector(
        "an empty AttachmentEncoded",
        None,
        swapped("</edXML:edXMLEnvelope>", "</edXML:edXMLEnvelope><AttachmentEncoded/>", bare),
    ),
    Vector("a self-closed ContentTransferEncoded", None, lambda: _enclosed("209")().replace(b">eA==" + RUN_END, b"/>")),
    Vector("white space around values", None, lambda: bare().replace(b">G22<", b">\r\n\t G22 \r\n<")),
    Vector("CDATA for a value", None, swapped("<edXML:Place>Hà Nội<", "<edXML:Place><![CDATA[Hà Nội]]><", bare)),
    Vector("CR LF as line ends", None, lambda: document().replace(b"\n", b"\r\n")),
]

VECTORS = [*SCHEMA, *CHARACTERS, *RULES, *ODDITIES]
