"""Reading: from the tree of an envelope to what it says, as values. Any prefix, any order, empty and `null` parts.

Every child is looked at once, by its full name; there is no search through the tree, so nothing planted elsewhere is
ever read. Elements of other namespaces are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from gateway.edxml.findings import explained, local_name, path_of
from gateway.edxml.names import QCVN, XLINK, Tag
from gateway.model.packet import (
    Business,
    BusinessType,
    Content,
    Document,
    DocumentType,
    Organ,
    OtherInfo,
    Receiver,
    Reference,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    Status,
    TraceHop,
)
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused

WHITE_SPACE = " \t\r\n"
"""What XML calls white space; stripped around every value. Other blanks are text."""
NULL = "null"
"""What some writers put where they have no value."""

_QCVN_BRACE = f"{{{QCVN}}}"
_XLINK_HREF = f"{{{XLINK}}}href"

_STATUS_TAGS = (Tag.FROM, Tag.RESPONSE_FOR, Tag.STAFF_INFO, Tag.STATUS_CODE, Tag.DESCRIPTION, Tag.TIMESTAMP)
"""All that a status packet's MessageHeader holds; of a document's own parts not one."""
_STATUS_NAMES = tuple(map(local_name, _STATUS_TAGS))

Group = dict[str, list[etree._Element]]
Texts = dict[str, str]


def read_envelope(envelope: etree._Element) -> Content:
    """What an `edXMLEnvelope` says: a status where there is a StatusCode, else a document. Refused(FORM_SCHEMA)."""
    parts = _group(envelope)
    header = _group(_only(envelope, parts, Tag.HEADER), Tag.SIGNATURE)
    message_header = _only(envelope, header, Tag.MESSAGE_HEADER)
    message = _group(message_header, Tag.TO, Tag.RESPONSE_FOR)
    if Tag.STATUS_CODE in message:
        return _status(message_header, message)
    trace = _inside(header, Tag.TRACE_HEADER_LIST, Tag.TRACE_HEADER)
    manifest = _inside(parts, Tag.BODY).get(Tag.MANIFEST, [])
    return _document(message_header, message, trace, manifest)


def texts_of(parent: etree._Element) -> Texts:
    """The values of an element's children by tag; what is absent, empty or `null` is not in it."""
    texts: Texts = {}
    for child in parent:
        tag, text = child.tag, child.text
        if text and isinstance(tag, str):
            value = text.strip(WHITE_SPACE)
            if value and value != NULL:
                texts[tag] = value
    return texts


def without_scheme(content_id: str) -> str:
    """A content id as a key: the field writes both `cid:209` and `209`."""
    return content_id.removeprefix("cid:")


def missing(parent: etree._Element, tag: str) -> Refused:
    """The refusal for an element that must be there and have a value."""
    path, line = path_of(parent), parent.sourceline
    return Refused(explained(Reason.FORM_SCHEMA, "missing", path, line, name=local_name(tag)))


def _group(parent: etree._Element, *repeatable: str) -> Group:
    """An element's children by tag. Refused(FORM_SCHEMA) where one stands twice that may stand once: XSD 1.0 cannot say
    so beside a free order, and two readers might take two different ones."""
    group: Group = {}
    for child in parent:
        tag = child.tag
        if isinstance(tag, str) and tag.startswith(_QCVN_BRACE):
            if tag not in group:
                group[tag] = [child]
            elif tag in repeatable:
                group[tag].append(child)
            else:
                path, line, name = path_of(child), child.sourceline, local_name(tag)
                raise Refused(explained(Reason.FORM_SCHEMA, "twice", path, line, name=name))
    return group


def _inside(group: Group, tag: str, *repeatable: str) -> Group:
    return _group(group[tag][0], *repeatable) if tag in group else {}


def _only(parent: etree._Element, group: Group, tag: str) -> etree._Element:
    if tag not in group:
        raise missing(parent, tag)
    return group[tag][0]


def _required(parent: etree._Element, texts: Texts, tag: str) -> str:
    if tag not in texts:
        raise missing(parent, tag)
    return texts[tag]


def _texts(group: Group, tag: str) -> Texts:
    return texts_of(group[tag][0]) if tag in group else {}


def _text(group: Group, tag: str) -> str | None:
    if tag not in group:
        return None
    value = (group[tag][0].text or "").strip(WHITE_SPACE)
    return value if value and value != NULL else None


def _values(elements: Iterable[etree._Element], tag: str) -> Iterator[str]:
    """The values of those of the elements that have this tag."""
    for element in elements:
        if element.tag == tag:
            value = (element.text or "").strip(WHITE_SPACE)
            if value and value != NULL:
                yield value


def _document(parent: etree._Element, message: Group, trace: Group, manifest: list[etree._Element]) -> Document:
    if Tag.TO not in message:
        raise missing(parent, Tag.TO)
    code, promulgation = _texts(message, Tag.CODE), _texts(message, Tag.PROMULGATION_INFO)
    signer, kind = _texts(message, Tag.SIGNER_INFO), _texts(message, Tag.DOCUMENT_TYPE)
    return Document(
        sender=_organ(_only(parent, message, Tag.FROM)),
        addressees=tuple(map(_organ, message[Tag.TO])),
        document_id=_text(message, Tag.DOCUMENT_ID),
        code_number=code.get(Tag.CODE_NUMBER),
        code_notation=code.get(Tag.CODE_NOTATION),
        place=promulgation.get(Tag.PLACE),
        promulgated_on=promulgation.get(Tag.PROMULGATION_DATE),
        document_type=DocumentType(kind.get(Tag.TYPE), kind.get(Tag.TYPE_DETAIL), kind.get(Tag.TYPE_NAME)),
        subject=_text(message, Tag.SUBJECT),
        content=_text(message, Tag.CONTENT),
        signer=Signer(signer.get(Tag.COMPETENCE), signer.get(Tag.POSITION), signer.get(Tag.FULL_NAME)),
        due_on=_text(message, Tag.DUE_DATE),
        to_places=tuple(_values(_children(message, Tag.TO_PLACES), Tag.PLACE)),
        other=_other_info(_inside(message, Tag.OTHER_INFO)),
        response_for=tuple(map(_response_for, message.get(Tag.RESPONSE_FOR, ()))),
        steering_type=_text(message, Tag.STEERING_TYPE),
        trace=tuple(map(_hop, trace.get(Tag.TRACE_HEADER, ()))),
        business=next(map(_business, trace.get(Tag.BUSSINESS, ())), None),
        manifest=tuple(_reference(row) for rows in manifest for row in rows.iterchildren(Tag.REFERENCE)),
    )


def _status(parent: etree._Element, message: Group) -> Status:
    if stranger := next((tag for tag in message if tag not in _STATUS_TAGS), None):
        # A status to one reader, a document to another: neither.
        path, line, expected = path_of(message[stranger][0]), message[stranger][0].sourceline, ", ".join(_STATUS_NAMES)
        values = {"name": local_name(stranger), "parent": "MessageHeader", "expected": expected}
        raise Refused(explained(Reason.FORM_SCHEMA, "unexpected", path, line, **values))
    if len(message.get(Tag.RESPONSE_FOR, ())) > 1:
        second = message[Tag.RESPONSE_FOR][1]
        path, line = path_of(second), second.sourceline
        raise Refused(explained(Reason.FORM_SCHEMA, "twice", path, line, name="ResponseFor"))
    status_code = _text(message, Tag.STATUS_CODE)
    if status_code is None:
        raise missing(parent, Tag.STATUS_CODE)
    return Status(
        sender=_organ(_only(parent, message, Tag.FROM)),
        response_for=_response_for(_only(parent, message, Tag.RESPONSE_FOR)),
        status_code=status_code,
        staff=next(map(_staff, message.get(Tag.STAFF_INFO, ())), None),
        description=_text(message, Tag.DESCRIPTION),
        timestamp=_text(message, Tag.TIMESTAMP),
    )


def _organ(element: etree._Element) -> Organ:
    texts = texts_of(element)
    return Organ(
        id=_required(element, texts, Tag.ORGAN_ID),
        name=texts.get(Tag.ORGAN_NAME),
        in_charge=texts.get(Tag.ORGANIZATION_IN_CHARGE),
        address=texts.get(Tag.ORGAN_ADD),
        email=texts.get(Tag.EMAIL),
        telephone=texts.get(Tag.TELEPHONE),
        fax=texts.get(Tag.FAX),
        website=texts.get(Tag.WEBSITE),
    )


def _other_info(group: Group) -> OtherInfo:
    return OtherInfo(
        priority=_text(group, Tag.PRIORITY),
        sphere=_text(group, Tag.SPHERE_OF_PROMULGATION),
        typer=_text(group, Tag.TYPER_NOTATION),
        copies=_text(group, Tag.PROMULGATION_AMOUNT),
        pages=_text(group, Tag.PAGE_AMOUNT),
        direction=_text(group, Tag.DIRECTION),
        appendixes=tuple(_values(_children(group, Tag.APPENDIXES), Tag.APPENDIX)),
    )


def _children(group: Group, tag: str) -> Iterable[etree._Element]:
    return group[tag][0] if tag in group else ()


def _response_for(element: etree._Element) -> ResponseFor:
    texts = texts_of(element)
    return ResponseFor(
        texts.get(Tag.ORGAN_ID), texts.get(Tag.CODE), texts.get(Tag.PROMULGATION_DATE), texts.get(Tag.DOCUMENT_ID)
    )


def _staff(element: etree._Element) -> Staff:
    texts = texts_of(element)
    return Staff(texts.get(Tag.DEPARTMENT), texts.get(Tag.STAFF), texts.get(Tag.EMAIL), texts.get(Tag.MOBILE))


def _hop(element: etree._Element) -> TraceHop:
    texts = texts_of(element)
    return TraceHop(texts.get(Tag.ORGAN_ID), texts.get(Tag.TIMESTAMP))


def _business(element: etree._Element) -> Business:
    group = _group(element)
    info = _inside(group, Tag.BUSSINESS_DOCUMENT_INFO)
    changes = _texts(group, Tag.BUSSINESS_DOCUMENT_INFO)
    return Business(
        type=_business_type(element, group),
        reason=_text(group, Tag.BUSSINESS_DOC_REASON),
        document_id=_text(group, Tag.DOCUMENT_ID),
        paper=_text(group, Tag.PAPER),
        document_changes=changes.get(Tag.DOCUMENT_INFO),
        receiver_changes=changes.get(Tag.DOCUMENT_RECEIVER),
        receivers=tuple(_receiver(one) for one in _children(info, Tag.RECEIVER_LIST) if one.tag == Tag.RECEIVER),
        replacements=tuple(
            _replacement(one) for one in _children(group, Tag.REPLACEMENT_INFO_LIST) if one.tag == Tag.REPLACEMENT_INFO
        ),
        staff=next(map(_staff, group.get(Tag.STAFF_INFO, ())), None),
    )


def _business_type(element: etree._Element, group: Group) -> BusinessType:
    written = _text(group, Tag.BUSSINESS_DOC_TYPE)
    if written is None:
        raise missing(element, Tag.BUSSINESS_DOC_TYPE)
    if written not in {"0", "1", "2", "3"}:
        path, line = f"{path_of(element)}/BussinessDocType", element.sourceline
        raise Refused(
            explained(
                Reason.FORM_SCHEMA,
                "enumeration",
                path,
                line,
                name="BussinessDocType",
                value=written,
                expected="0, 1, 2, 3",
            )
        )
    return BusinessType(int(written))


def _receiver(element: etree._Element) -> Receiver:
    texts = texts_of(element)
    return Receiver(_required(element, texts, Tag.ORGAN_ID), texts.get(Tag.RECEIVER_TYPE))


def _replacement(element: etree._Element) -> Replacement:
    group = _group(element)
    return Replacement(
        texts_of(element).get(Tag.DOCUMENT_ID), tuple(_values(_children(group, Tag.ORGAN_ID_LIST), Tag.ORGAN_ID))
    )


def _reference(element: etree._Element) -> Reference:
    """A row of the manifest. One vendor writes the content id as an xlink:href attribute."""
    texts = texts_of(element)
    content_id = texts.get(Tag.CONTENT_ID) or element.get(_XLINK_HREF)
    if not content_id:
        raise missing(element, Tag.CONTENT_ID)
    return Reference(
        without_scheme(content_id),
        texts.get(Tag.CONTENT_TYPE),
        texts.get(Tag.ATTACHMENT_NAME),
        texts.get(Tag.DESCRIPTION),
    )
