"""Writing: values to the strict form, ready to be sealed.

The strict form is what field readers understand best: the default namespace on the root, the literal prefix `edXML:`
inside the envelope (some readers look elements up by that string), the order of elements that packets of the field
share, UTF-8, no comment, no declaration but the first line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.edxml.characters import character_fault
from gateway.edxml.findings import explained
from gateway.edxml.names import QCVN
from gateway.model.packet import (
    Business,
    Content,
    Document,
    Organ,
    OtherInfo,
    Replacement,
    ResponseFor,
    Staff,
    Status,
)
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused

MANIFEST_VERSION = "1.0"
ENVELOPE_ID = "envelope"
"""The Id a seal refers to."""

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_ESCAPED = re.compile(r"[&<>\r]")

Lines = Iterator[str]


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """An attachment to announce: `content_id` without `cid:`, a MIME type, the file's own name."""

    content_id: str
    content_type: str
    name: str
    description: str | None = None


def write(content: Content, attachments: Sequence[NewAttachment] = ()) -> bytes:
    """The skeleton of a packet; `inline` puts the attachments' bytes in. What is None is left out.

    `read` gives the same content back, except that the manifest is the one of `attachments` and that blanks around
    values, empty values and the word `null` are nothing to a reader. Refused(FORM_CHARACTERS) for text that no packet
    may hold.
    """
    lines = (
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<edXML xmlns="{QCVN}">',
        f'<edXML:edXMLEnvelope xmlns:edXML="{QCVN}" Id="{ENVELOPE_ID}">',
        "<edXML:edXMLHeader>",
        *(_document(content) if isinstance(content, Document) else _status(content)),
        "</edXML:edXMLHeader>",
        *_manifest(attachments),
        "</edXML:edXMLEnvelope>",
        *_attachments(attachments),
        "</edXML>",
    )
    return ("\n".join(lines) + "\n").encode()


def _document(document: Document) -> Lines:
    kind, signer = document.document_type, document.signer
    yield from _element(
        "MessageHeader",
        _organ("From", document.sender),
        *(_organ("To", one) for one in document.addressees),
        _text("DocumentId", document.document_id),
        _group("Code", CodeNumber=document.code_number, CodeNotation=document.code_notation),
        _group("PromulgationInfo", Place=document.place, PromulgationDate=document.promulgated_on),
        _group("DocumentType", Type=kind.type, TypeDetail=kind.detail, TypeName=kind.name),
        _text("Subject", document.subject),
        _text("Content", document.content),
        _group("SignerInfo", Competence=signer.competence, Position=signer.position, FullName=signer.full_name),
        _text("DueDate", document.due_on),
        _other_info(document.other),
        *(_response_for(one) for one in document.response_for),
        _text("SteeringType", document.steering_type),
        _some("ToPlaces", *(_text("Place", place) for place in document.to_places)),
    )
    yield from _some(
        "TraceHeaderList",
        *(
            _element("TraceHeader", _text("OrganId", hop.organ_id), _text("Timestamp", hop.at))
            for hop in document.trace
        ),
        _business(document.business) if document.business else (),
    )


def _status(status: Status) -> Lines:
    yield from _element(
        "MessageHeader",
        _organ("From", status.sender),
        _response_for(status.response_for),
        _staff(status.staff) if status.staff else (),
        _text("StatusCode", status.status_code),
        _text("Description", status.description),
        _text("Timestamp", status.timestamp),
    )


def _organ(name: str, organ: Organ) -> Lines:
    return _element(
        name,
        _text("OrganId", organ.id),
        _text("OrganizationInCharge", organ.in_charge),
        _text("OrganName", organ.name),
        _text("OrganAdd", organ.address),
        _text("Email", organ.email),
        _text("Telephone", organ.telephone),
        _text("Fax", organ.fax),
        _text("Website", organ.website),
    )


def _other_info(other: OtherInfo) -> Lines:
    return _some(
        "OtherInfo",
        _text("Priority", other.priority),
        _text("SphereOfPromulgation", other.sphere),
        _text("TyperNotation", other.typer),
        _text("PromulgationAmount", other.copies),
        _text("PageAmount", other.pages),
        _text("Direction", other.direction),
        _some("Appendixes", *(_text("Appendix", one) for one in other.appendixes)),
    )


def _response_for(one: ResponseFor) -> Lines:
    return _element(
        "ResponseFor",
        _text("OrganId", one.organ_id),
        _text("Code", one.code),
        _text("PromulgationDate", one.promulgated_on),
        _text("DocumentId", one.document_id),
    )


def _business(business: Business) -> Lines:
    return _element(
        "Bussiness",
        _text("DocumentId", business.document_id),
        _text("BussinessDocType", str(int(business.type))),
        _text("BussinessDocReason", business.reason),
        _text("Paper", business.paper),
        _some(
            "BussinessDocumentInfo",
            _text("DocumentInfo", business.document_changes),
            _text("DocumentReceiver", business.receiver_changes),
            _some(
                "ReceiverList",
                *(
                    _element("Receiver", _text("OrganId", one.organ_id), _text("ReceiverType", one.type))
                    for one in business.receivers
                ),
            ),
        ),
        _some("ReplacementInfoList", *(_replacement(one) for one in business.replacements)),
        _staff(business.staff) if business.staff else (),
    )


def _replacement(one: Replacement) -> Lines:
    return _element(
        "ReplacementInfo",
        _text("DocumentId", one.document_id),
        _some("OrganIdList", *(_text("OrganId", organ_id) for organ_id in one.organ_ids)),
    )


def _staff(staff: Staff) -> Lines:
    return _element(
        "StaffInfo",
        _text("Department", staff.department),
        _text("Staff", staff.name),
        _text("Email", staff.email),
        _text("Mobile", staff.mobile),
    )


def _manifest(attachments: Sequence[NewAttachment]) -> Lines:
    if not attachments:
        return
    yield "<edXML:edXMLBody>"
    yield f'<edXML:edXMLManifest version="{MANIFEST_VERSION}">'
    for one in attachments:
        yield from _element(
            "Reference",
            _text("ContentId", f"cid:{one.content_id}"),
            _text("ContentType", one.content_type),
            _text("Description", one.description),
            _text("AttachmentName", one.name),
        )
    yield "</edXML:edXMLManifest>"
    yield "</edXML:edXMLBody>"


def _attachments(attachments: Sequence[NewAttachment]) -> Lines:
    """Beside the envelope and, as in the field, without the prefix."""
    if not attachments:
        return
    yield "<AttachmentEncoded>"
    for one in attachments:
        yield "<Attachment>"
        yield f"<ContentId>cid:{_escaped(one.content_id, 'ContentId')}</ContentId>"
        yield f"<AttachmentName>{_escaped(one.name, 'AttachmentName')}</AttachmentName>"
        if one.description is not None:
            yield f"<Description>{_escaped(one.description, 'Description')}</Description>"
        yield f"<ContentType>{_escaped(one.content_type, 'ContentType')}</ContentType>"
        yield f'<edXML:ContentTransferEncoded xmlns:edXML="{QCVN}"></edXML:ContentTransferEncoded>'
        yield "</Attachment>"
    yield "</AttachmentEncoded>"


def _element(name: str, *children: Iterable[str]) -> Lines:
    yield f"<edXML:{name}>"
    for child in children:
        yield from child
    yield f"</edXML:{name}>"


def _some(name: str, *children: Iterable[str]) -> Lines:
    """An element only where it has something in it."""
    lines = [line for child in children for line in child]
    return _element(name, lines) if lines else iter(())


def _group(name: str, **values: str | None) -> Lines:
    return _some(name, *(_text(child, value) for child, value in values.items()))


def _text(name: str, value: str | None) -> Lines:
    if value is not None:
        yield f"<edXML:{name}>{_escaped(value, name)}</edXML:{name}>"


def _escaped(value: str, name: str) -> str:
    if fault := character_fault(value):
        raise Refused(explained(Reason.FORM_CHARACTERS, path=name, line=None, name=name, **fault))
    return _ESCAPED.sub(lambda one: _ESCAPES[one[0]], value)
