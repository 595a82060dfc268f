"""Form (thể thức): what can be judged from the packet alone, beyond what a schema can say.

Sources: Decree 30/2020/NĐ-CP, annexes I and VI; QCVN 102:2016/BTTTT with its 2022 amendment. One function a rule.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache

from gateway.edxml import quoted
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import Claim, Document, Status, StatusCode
from gateway.model.reasons import Reason
from gateway.model.refusal import Finding, found

HEADER = "/edXML/edXMLEnvelope/edXMLHeader/MessageHeader"
MANIFEST = "/edXML/edXMLEnvelope/edXMLBody/edXMLManifest"
ATTACHMENTS = "/edXML/AttachmentEncoded/Attachment"

FILE_NAME_CHARS_MAX = 500

_DATE = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}")
_RESERVED_NAME = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_UNSAFE_IN_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


def check_form(claim: Claim, addressees_max: int, at: datetime) -> tuple[Finding, ...]:
    """Every fault of form in a claim, in the order met."""
    match claim.content:
        case Document() as document:
            return (
                *_content_ids(document, claim),
                *_manifest(document, claim),
                *_file_names(document, claim),
                *_addressees(document, addressees_max),
                *_dates(document, at),
                *_change_target(document),
            )
        case Status() as status:
            return (*_status(status), *_bare_status(claim))


def real_date(written: str) -> date | None:
    """The day a packet's `yyyy/MM/dd` names; None where there is no such day."""
    return _day(written) if _DATE.fullmatch(written) else None


@lru_cache(maxsize=4096)
def _day(written: str) -> date | None:
    """A packet names the same day several times, and so do all packets of that day."""
    try:
        return date(*(int(part) for part in written.split("/")))
    except ValueError:
        return None


def _content_ids(document: Document, claim: Claim) -> Iterator[Finding]:
    """An identifier names one attachment; two of the same would let a reader pick the wrong one."""
    for path, ids in (
        (f"{MANIFEST}/Reference/ContentId", [row.content_id for row in document.manifest]),
        (f"{ATTACHMENTS}/ContentId", [one.content_id for one in claim.attachments]),
    ):
        for content_id in _repeated(ids):
            yield found(Reason.FORM_DUPLICATE_CONTENT_ID, path, content_id=content_id)


def _manifest(document: Document, claim: Claim) -> Iterator[Finding]:
    """The manifest is the signed list: it and the attachments must name the same things, by the same names."""
    announced = {row.content_id: row for row in document.manifest}
    enclosed = {one.content_id: one for one in claim.attachments}
    for content_id in announced.keys() - enclosed.keys():
        yield found(Reason.FORM_MANIFEST_MISMATCH, f"{MANIFEST}/Reference", content_id=content_id, fault="not_enclosed")
    for content_id in enclosed.keys() - announced.keys():
        yield found(Reason.FORM_MANIFEST_MISMATCH, ATTACHMENTS, content_id=content_id, fault="not_announced")
    for content_id in announced.keys() & enclosed.keys():
        row, one = announced[content_id], enclosed[content_id]
        if row.name and one.name and row.name != one.name:
            yield found(Reason.FORM_MANIFEST_MISMATCH, ATTACHMENTS, content_id=content_id, fault="other_name")
        if row.content_type and one.content_type and row.content_type != one.content_type:
            yield found(Reason.FORM_MANIFEST_MISMATCH, ATTACHMENTS, content_id=content_id, fault="other_type")


def _file_names(document: Document, claim: Claim) -> Iterator[Finding]:
    """A name is saved to disks we do not know: no path, nothing a system reserves, nothing that hides its ending."""
    names = {row.name: f"{MANIFEST}/Reference/AttachmentName" for row in document.manifest}
    names.update({one.name: f"{ATTACHMENTS}/AttachmentName" for one in claim.attachments})
    for name, path in names.items():
        if name is not None and not _safe_file_name(name):
            yield found(Reason.FORM_FILE_NAME, path, name=quoted(name))


def _safe_file_name(name: str) -> bool:
    return (
        0 < len(name) <= FILE_NAME_CHARS_MAX
        and not _UNSAFE_IN_NAME.search(name)
        and name.strip(". ") == name.rstrip(". ") == name
        and not _RESERVED_NAME.fullmatch(name)
    )


def _addressees(document: Document, addressees_max: int) -> Iterator[Finding]:
    """No two To with one identifier. (The two identifiers of one agency are no fault: they are one addressee.)"""
    for agency_id in _repeated(organ.id for organ in document.addressees):
        yield found(Reason.FORM_DUPLICATE_ADDRESSEE, f"{HEADER}/To/OrganId", agency=agency_id)
    if len(document.addressees) > addressees_max:
        yield found(
            Reason.FORM_TOO_MANY_ADDRESSEES, f"{HEADER}/To", count=len(document.addressees), limit=addressees_max
        )


def _dates(document: Document, at: datetime) -> Iterator[Finding]:
    """Dates exist; a document is not promulgated after today (Viet Nam's day)."""
    promulgation = f"{HEADER}/PromulgationInfo/PromulgationDate"
    for path, written in ((promulgation, document.promulgated_on), (f"{HEADER}/DueDate", document.due_on)):
        if written is not None and real_date(written) is None:
            yield found(Reason.FORM_DATE, path, written=written[:40], fault="no_such_day")
    promulgated = real_date(document.promulgated_on) if document.promulgated_on else None
    if promulgated and promulgated > at.astimezone(VIET_NAM).date():
        yield found(Reason.FORM_DATE, promulgation, written=document.promulgated_on, fault="in_the_future")


def _change_target(document: Document) -> Iterator[Finding]:
    """A recall, update or replacement says of which document."""
    if document.business_type and not document.change_targets:
        path = "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList/Bussiness"
        yield found(Reason.FORM_CHANGE_TARGET, path, business_type=document.business_type.value)


def _status(status: Status) -> Iterator[Finding]:
    """A status packet names one of the nine codes, and the agency it is addressed to."""
    if status.status_code not in set(StatusCode):
        yield found(Reason.FORM_STATUS_CODE, f"{HEADER}/StatusCode", code=status.status_code[:20])
    if not status.response_for.organ_id:
        yield found(Reason.FORM_CHANGE_TARGET, f"{HEADER}/ResponseFor/OrganId", business_type="status")


def _bare_status(claim: Claim) -> Iterator[Finding]:
    """A status packet has no body: anything enclosed would travel unannounced."""
    for one in claim.attachments:
        yield found(Reason.FORM_MANIFEST_MISMATCH, ATTACHMENTS, content_id=one.content_id, fault="not_announced")


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]
