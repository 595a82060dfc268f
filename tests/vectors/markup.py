"""Step 2: what is refused before anything is read from the XML."""

from __future__ import annotations

from gateway.edxml import Limits
from gateway.model.reasons import Reason
from tests.vectors.packets import Make, after, bare, document, status, swapped
from tests.vectors.vector import Vector

XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
SUBJECT = "<edXML:Subject>"
HEADER = "<edXML:edXMLHeader>"
FOREIGN = '<x:note xmlns:x="urn:x">'


def _encoded(encoding: str, declared: str = "") -> Make:
    def make() -> bytes:
        text = bare().decode().replace(DECLARATION, declared)
        return text.encode(encoding)

    return make


def _declared(declaration: str) -> Make:
    return swapped(DECLARATION, declaration, bare)


def _before(what: bytes, packet: Make = bare) -> Make:
    return lambda: what + packet()


def _behind(what: bytes, packet: Make = bare) -> Make:
    return lambda: packet() + what


def _cut(at: bytes) -> Make:
    return lambda: bare()[: bare().index(at)]


def _nested(levels: int) -> Make:
    """Elements inside each other under edXMLHeader, so that the deepest is at depth `levels`."""
    inside = levels - 3
    return after(HEADER, FOREIGN + "<a>" * (inside - 1) + "</a>" * (inside - 1) + "</x:note>")


def _attributes(count: int) -> Make:
    return after(HEADER, FOREIGN[:-1] + "".join(f' a{number}=""' for number in range(count)) + "/>")


ENCODING = [
    Vector("UTF-16 with a mark, little end first", Reason.XML_ENCODING, _encoded("utf-16-le", "\ufeff")),
    Vector("UTF-16 with a mark, big end first", Reason.XML_ENCODING, _encoded("utf-16-be", "\ufeff")),
    Vector("UTF-16 without a mark", Reason.XML_ENCODING, _encoded("utf-16-le")),
    Vector("UTF-16 without a mark, big end first", Reason.XML_ENCODING, _encoded("utf-16-be")),
    Vector(
        "UTF-16 with its declaration",
        Reason.XML_ENCODING,
        _encoded("utf-16", '<?xml version="1.0" encoding="UTF-16"?>'),
    ),
    Vector("UTF-32 with a mark", Reason.XML_ENCODING, _encoded("utf-32")),
    Vector("UTF-32 without a mark", Reason.XML_ENCODING, _encoded("utf-32-be")),
    Vector("EBCDIC", Reason.XML_ENCODING, lambda: '<?xml version="1.0"?><edXML/>'.encode("cp037")),
    Vector(
        "declared UTF-16 but written in UTF-8",
        Reason.XML_ENCODING,
        _declared('<?xml version="1.0" encoding="UTF-16"?>'),
    ),
    Vector("declared ISO-8859-1", Reason.XML_ENCODING, _declared('<?xml version="1.0" encoding="ISO-8859-1"?>')),
    Vector("declared windows-1258", Reason.XML_ENCODING, _declared("<?xml version='1.0' encoding='windows-1258'?>")),
    Vector("declared UTF-7", Reason.XML_ENCODING, _declared('<?xml version="1.0" encoding="UTF-7"?>')),
    Vector(
        "declared an encoding nobody knows", Reason.XML_ENCODING, _declared('<?xml version="1.0" encoding="x-none"?>')
    ),
    Vector("bytes of windows-1258", Reason.XML_ENCODING, swapped("Hà Nội", b"H\xe0 N\xf4\xf2i", bare)),
    Vector("an overlong form", Reason.XML_ENCODING, swapped("Hà Nội", b"\xc0\xbc", bare)),
    Vector("a lone surrogate", Reason.XML_ENCODING, swapped("Hà Nội", b"\xed\xa0\x80", bare)),
    Vector("a character beyond Unicode", Reason.XML_ENCODING, swapped("Hà Nội", b"\xf4\x90\x80\x80", bare)),
    Vector("a character cut in half", Reason.XML_ENCODING, swapped("Hà Nội", b"H\xc3 N", bare)),
    Vector("a byte order mark of UTF-8", None, _before(b"\xef\xbb\xbf")),
    Vector("no declaration", None, _declared("")),
    Vector("encoding in small letters", None, _declared("<?xml version='1.0' encoding='utf-8' standalone='yes'?>")),
    Vector("no encoding declared", None, _declared('<?xml version="1.0"?>')),
    Vector("version 1.1", Reason.XML_VERSION, _declared('<?xml version="1.1" encoding="UTF-8"?>')),
    Vector("version 2.0", Reason.XML_VERSION, _declared('<?xml version="2.0"?>')),
]

DOCTYPE = [
    Vector("DOCTYPE alone", Reason.XML_DOCTYPE, after(DECLARATION, "<!DOCTYPE edXML>")),
    Vector("DOCTYPE behind a comment", Reason.XML_DOCTYPE, after(DECLARATION, "<!-- x --><!DOCTYPE edXML>")),
    Vector("DOCTYPE without a declaration", Reason.XML_DOCTYPE, _declared("<!DOCTYPE edXML>")),
    Vector(
        "DOCTYPE of another computer",
        Reason.XML_DOCTYPE,
        after(DECLARATION, '<!DOCTYPE edXML SYSTEM "http://127.0.0.1/x">'),
    ),
    Vector(
        "an entity that reads a file",
        Reason.XML_DOCTYPE,
        lambda: after(DECLARATION, '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>')().replace(
            b"7816<", b"&x;<"
        ),
    ),
    Vector(
        "a billion laughs",
        Reason.XML_DOCTYPE,
        after(DECLARATION, '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'),
    ),
    Vector("a default attribute", Reason.XML_DOCTYPE, after(DECLARATION, "<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]>")),
    Vector("a parameter entity", Reason.XML_DOCTYPE, after(DECLARATION, "<!DOCTYPE a [<!ENTITY % p 'x'> %p;]>")),
]

BOMBS = [
    Vector(
        "one element too many", Reason.XML_TOO_MANY_ELEMENTS, after(HEADER, FOREIGN + "<a/>" * 20_000 + "</x:note>")
    ),
    Vector("elements at a small limit", Reason.XML_TOO_MANY_ELEMENTS, bare, Limits(elements_max=20)),
    Vector("65 namespaces", Reason.XML_TOO_MANY_NAMESPACES, after(HEADER, '<x:a xmlns:x="urn:x"/>' * 63)),
    Vector("64 namespaces", None, after(HEADER, '<x:a xmlns:x="urn:x"/>' * 62)),
    Vector("33 levels", Reason.XML_TOO_DEEP, _nested(33)),
    Vector("32 levels", None, _nested(32)),
    Vector("300 levels", Reason.XML_TOO_DEEP, _nested(300)),
    Vector("10,000 levels", Reason.XML_TOO_DEEP, _nested(10_000)),
    Vector("17 attributes", Reason.XML_TOO_MANY_ATTRIBUTES, _attributes(17)),
    Vector("16 attributes", None, _attributes(16)),
    Vector("10,000 attributes", Reason.XML_TOO_MANY_ATTRIBUTES, _attributes(10_000)),
    Vector(
        "an element name of 129 characters",
        Reason.XML_NAME_TOO_LONG,
        after(HEADER, f'<x:{"n" * 127} xmlns:x="urn:x"/>'),
    ),
    Vector("an element name of 128 characters", None, after(HEADER, f'<x:{"n" * 126} xmlns:x="urn:x"/>')),
    Vector(
        "an attribute name of 129 characters",
        Reason.XML_NAME_TOO_LONG,
        after(HEADER, f'{FOREIGN[:-1]} {"n" * 129}=""/>'),
    ),
    Vector(
        "an attribute name of 129 characters behind a > in a value",
        Reason.XML_NAME_TOO_LONG,
        after(HEADER, f'{FOREIGN[:-1]} a=">" {"n" * 129}=""/>'),
    ),
    Vector(
        "a name of 60,000 characters", Reason.XML_NAME_TOO_LONG, after(HEADER, f'<x:{"n" * 60_000} xmlns:x="urn:x"/>')
    ),
    Vector("a text of 65,537 characters", Reason.XML_TEXT_TOO_LONG, after(SUBJECT, "ă" * 65_537)),
    Vector(
        "an attribute of 65,537 characters",
        Reason.XML_TEXT_TOO_LONG,
        after(HEADER, f'{FOREIGN[:-1]} a="{"ă" * 65_537}"/>'),
    ),
    Vector("white space of 65,537 characters", Reason.XML_TEXT_TOO_LONG, after(HEADER, " " * 65_537)),
    Vector("a long but allowed text", None, after(SUBJECT, "ă" * 65_000)),
]

MALFORMED = [
    Vector("an empty body", Reason.XML_MALFORMED, lambda: b""),
    Vector("white space only", Reason.XML_MALFORMED, lambda: b" \r\n\t "),
    Vector("no XML at all", Reason.XML_MALFORMED, lambda: b"Kinh gui van phong"),
    Vector("text before the prolog", Reason.XML_MALFORMED, _before(b"1212")),
    Vector("a line before the declaration", Reason.XML_MALFORMED, _before(b"\n")),
    Vector("a second root", Reason.XML_MALFORMED, _behind(b"<edXML/>")),
    Vector("text behind the root", Reason.XML_MALFORMED, _behind(b"x")),
    Vector("a NUL behind the root", Reason.XML_MALFORMED, _behind(b"\x00")),
    Vector("cut short inside the header", Reason.XML_MALFORMED, _cut(b"<edXML:Subject>")),
    Vector("cut short inside a tag", Reason.XML_MALFORMED, _cut(b"XML:Subject>")),
    Vector("the first byte only", Reason.XML_MALFORMED, lambda: b"<"),
    Vector("an unbound prefix on an element", Reason.XML_MALFORMED, after(HEADER, "<y:a/>")),
    Vector("an unbound prefix on an attribute", Reason.XML_MALFORMED, after(HEADER, FOREIGN[:-1] + ' y:a=""/>')),
    Vector("two colons in a name", Reason.XML_MALFORMED, after(HEADER, '<x:a:b xmlns:x="urn:x"/>')),
    Vector("tags that do not match", Reason.XML_MALFORMED, swapped("</edXML:Subject>", "</edXML:Content>", bare)),
    Vector("an entity without a declaration", Reason.XML_MALFORMED, after(SUBJECT, "&nbsp;")),
    Vector("a bare ampersand", Reason.XML_MALFORMED, after(SUBJECT, "A & B")),
    Vector("a bare <", Reason.XML_MALFORMED, after(SUBJECT, "1 < 2")),
    Vector("a < in an attribute", Reason.XML_MALFORMED, after(HEADER, FOREIGN[:-1] + ' a="<"/>')),
    Vector("an attribute twice", Reason.XML_MALFORMED, swapped('Id="envelope"', 'Id="envelope" Id="envelope"', bare)),
    Vector(
        "an attribute twice by two prefixes",
        Reason.XML_MALFORMED,
        after(HEADER, '<x:a xmlns:x="urn:x" xmlns:y="urn:x" x:b="" y:b=""/>'),
    ),
    Vector("a control character", Reason.XML_MALFORMED, after(SUBJECT, "\x01")),
    Vector("a NUL", Reason.XML_MALFORMED, after(SUBJECT, "\x00")),
    Vector("a reference to a control character", Reason.XML_MALFORMED, after(SUBJECT, "&#1;")),
    Vector("a reference to a surrogate", Reason.XML_MALFORMED, after(SUBJECT, "&#xD800;")),
    Vector("U+FFFE", Reason.XML_MALFORMED, after(SUBJECT, "\ufffe")),
    Vector("a comment without end", Reason.XML_MALFORMED, after(HEADER, "<!-- ")),
    Vector("two hyphens in a comment", Reason.XML_MALFORMED, after(HEADER, "<!-- a -- b -->")),
    Vector("CDATA without end", Reason.XML_MALFORMED, after(SUBJECT, "<![CDATA[ ")),
    Vector("an instruction without end", Reason.XML_MALFORMED, after(HEADER, "<?x ")),
    Vector("a declaration in the middle", Reason.XML_MALFORMED, after(HEADER, DECLARATION)),
    Vector("an element declaration in the middle", Reason.XML_MALFORMED, after(HEADER, "<!ELEMENT a ANY>")),
    Vector("a DOCTYPE in lower case", Reason.XML_MALFORMED, after(DECLARATION, "<!doctype edXML>")),
    Vector("UTF-7 brackets", Reason.XML_MALFORMED, lambda: b"+ADw-edXML+AD4-"),
    Vector("a JSON body", Reason.XML_MALFORMED, lambda: b'{"packet": 1}'),
    Vector(
        "a damaged attachment behind an unbound prefix",
        Reason.XML_MALFORMED,
        lambda: after(HEADER, "<y:a/>", document)().replace(b"JVBERi", b"${file}"),
    ),
]

CONSTRUCTS = [
    Vector(
        "an instruction before the root",
        Reason.XML_PROCESSING_INSTRUCTION,
        after(DECLARATION, '<?xml-stylesheet href="http://127.0.0.1/x"?>'),
    ),
    Vector("an instruction inside the header", Reason.XML_PROCESSING_INSTRUCTION, after(HEADER, "<?php x ?>")),
    Vector(
        "an instruction inside a value",
        Reason.XML_PROCESSING_INSTRUCTION,
        swapped("7816-VPCP-KSTT.pdf", "7816<?x?>.pdf"),
    ),
    Vector("an instruction behind the root", Reason.XML_PROCESSING_INSTRUCTION, _behind(b"<?x?>")),
    Vector("an instruction without a declaration before it", Reason.XML_PROCESSING_INSTRUCTION, _declared("<?x?>")),
    Vector(
        "a comment inside an agency's code",
        Reason.XML_COMMENT,
        swapped("G22</edXML:OrganId>", "G2<!-- -->2</edXML:OrganId>", bare),
    ),
    Vector("a comment before a value", Reason.XML_COMMENT, after(SUBJECT, "<!-- x -->")),
    Vector(
        "a comment after a value", Reason.XML_COMMENT, swapped("</edXML:Subject>", "<!-- x --></edXML:Subject>", bare)
    ),
    Vector(
        "a comment alone in a value",
        Reason.XML_COMMENT,
        swapped("<edXML:DueDate>2026/12/01", "<edXML:DueDate><!-- x -->", bare),
    ),
    Vector(
        "a comment inside a content id",
        Reason.XML_COMMENT,
        swapped("cid:209</ContentId>", "cid:2<!-- -->09</ContentId>"),
    ),
    Vector("a comment between elements", None, after(HEADER, "<!-- gửi ngày 20/11 -->")),
    Vector("comments around the root", None, lambda: after(DECLARATION, "<!-- a -->")() + b"<!-- b -->"),
    Vector(
        "a comment holding a tag that is cut elsewhere",
        None,
        after(HEADER, "<!-- <ContentTransferEncoded>!</ContentTransferEncoded> -->", document),
    ),
    Vector(
        "XInclude",
        Reason.XML_FORBIDDEN_CONSTRUCT,
        after(HEADER, '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'),
    ),
    Vector(
        "XInclude by a reference in its namespace",
        Reason.XML_FORBIDDEN_CONSTRUCT,
        after(HEADER, '<xi:include xmlns:xi="http://www.w3.org/2001/XI&#110;clude" href="x"/>'),
    ),
    Vector(
        "xsi:schemaLocation",
        Reason.XML_FORBIDDEN_CONSTRUCT,
        swapped(
            "<edXML ",
            f'<edXML{XSI} xsi:schemaLocation="urn:x http://127.0.0.1/x.xsd" ',
            bare,
        ),
    ),
    Vector(
        "xsi:type",
        Reason.XML_FORBIDDEN_CONSTRUCT,
        swapped(
            SUBJECT,
            f'<edXML:Subject{XSI} xmlns:xs="http://www.w3.org/2001/XMLSchema" xsi:type="xs:string">',
            bare,
        ),
    ),
    Vector(
        "xsi:nil",
        Reason.XML_FORBIDDEN_CONSTRUCT,
        swapped(SUBJECT, f'<edXML:Subject{XSI} xsi:nil="true">', bare),
    ),
    Vector(
        "xml:base",
        Reason.XML_FORBIDDEN_CONSTRUCT,
        swapped(SUBJECT, '<edXML:Subject xml:base="http://127.0.0.1/">', bare),
    ),
    Vector("xml:id", Reason.XML_FORBIDDEN_CONSTRUCT, swapped(SUBJECT, '<edXML:Subject xml:id="envelope">', bare)),
    Vector("xml:space", Reason.XML_FORBIDDEN_CONSTRUCT, swapped(SUBJECT, '<edXML:Subject xml:space="preserve">', bare)),
    Vector(
        "xsi declared but not used",
        None,
        swapped("<edXML ", f"<edXML{XSI} ", bare),
    ),
]

NAMESPACES = [
    Vector("no namespace", Reason.XML_NAMESPACE, lambda: b"<edXML><edXMLEnvelope/></edXML>"),
    Vector("edXML 1.0", Reason.XML_NAMESPACE, swapped(QCVN, "http://www.e-doc.vn/Schema/", bare, 9)),
    Vector("the invented one", Reason.XML_NAMESPACE, swapped(QCVN, "http://www.go.vn/eDoc", bare, 9)),
    Vector("malware reports", Reason.XML_NAMESPACE, swapped(QCVN, "http://edxml.gov.vn/schema", bare, 9)),
    Vector("a slash at the end", Reason.XML_NAMESPACE, swapped(QCVN, QCVN + "/", status, 9)),
    Vector("https", Reason.XML_NAMESPACE, swapped(QCVN, QCVN.replace("http", "https"), bare, 9)),
    Vector(
        "a SOAP envelope",
        Reason.XML_NAMESPACE,
        lambda: b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
    ),
    Vector(
        "an envelope in another namespace",
        Reason.XML_NAMESPACE,
        swapped(f'xmlns:edXML="{QCVN}"', 'xmlns:edXML="urn:x"', bare),
    ),
    Vector(
        "an envelope in no namespace",
        Reason.XML_NAMESPACE,
        f'<e:edXML xmlns:e="{QCVN}"><edXMLEnvelope/></e:edXML>'.encode,
    ),
    Vector(
        "a header of edXML 1.0 inside",
        Reason.XML_NAMESPACE,
        after(HEADER, '<MessageHeader xmlns="http://www.e-doc.vn/Schema/"/>'),
    ),
    Vector("another prefix", None, lambda: _prefixed("van-bản:")),
    Vector("no prefix at all", None, lambda: _prefixed("")),
]

VECTORS = [*ENCODING, *DOCTYPE, *BOMBS, *MALFORMED, *CONSTRUCTS, *NAMESPACES]


def _prefixed(prefix: str) -> bytes:
    """The document with another prefix, or none."""
    bound = f' xmlns:{prefix[:-1]}="{QCVN}"' if prefix else ""
    return document().decode().replace(f' xmlns:edXML="{QCVN}"', bound).replace("edXML:", prefix).encode()
