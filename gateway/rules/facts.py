"""Rules of form that no schema can hold: they need the directory, the clock, or the attachments as they came.

One function a rule. Each yields a `Breach` for every place that breaks it; the rule's texts and its legal basis are in
the catalogues under `rule.<id>` (rules-form.po).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.model.agency import Agency, Directory, IdScheme, id_scheme
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import BusinessType, Claim, Document, Organ, Status
from gateway.model.refusal import Severity
from gateway.rules.form import ATTACHMENTS, HEADER, real_date

TRACE = "/edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList"
BUSINESS = f"{TRACE}/Bussiness"

ATTACHMENT_BYTES_USUAL = 50 * 1024 * 1024
ATTACHMENTS_USUAL = 20
"""What operators of receiving systems on the axis quote as their limits."""
SATURDAY = 5

_TIME = re.compile(r"([0-9]{4}/[0-9]{2}/[0-9]{2}) ([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Facts:
    """What these rules rest on."""

    claim: Claim
    directory: Directory
    at: datetime

    @property
    def today(self) -> date:
        """Viet Nam's day."""
        return self.at.astimezone(VIET_NAM).date()

    @property
    def sender(self) -> Agency | None:
        return self.directory.agency(self.claim.content.sender.id)


@dataclass(frozen=True, slots=True)
class Breach:
    """One place where a rule is broken, and the values its text speaks of."""

    path: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FactRule:
    """A rule and the function that checks it."""

    id: str
    severity: Severity
    check: Callable[[Facts], Iterator[Breach]]


def _breach(path: str, **values: object) -> Breach:
    return Breach(path, tuple((name, str(value)[:80]) for name, value in values.items()))


def _sender_name(facts: Facts) -> Iterator[Breach]:
    """TT-117: the promulgating agency is named as the directory names it."""
    yield from _name(facts, facts.claim.content.sender, f"{HEADER}/From/OrganName")


def _addressee_names(facts: Facts) -> Iterator[Breach]:
    """TT-118: addressees are named as the directory names them."""
    if isinstance(facts.claim.content, Document):
        for organ in facts.claim.content.addressees:
            yield from _name(facts, organ, f"{HEADER}/To/OrganName")


def _name(facts: Facts, organ: Organ, path: str) -> Iterator[Breach]:
    agency = facts.directory.agency(organ.id)
    if agency is not None and organ.name is not None and _folded(organ.name) != _folded(agency.name):
        yield _breach(path, agency=organ.id, written=organ.name, known=agency.name)


def _former_id(facts: Facts) -> Iterator[Breach]:
    """TT-119: an agency that has an identifier of Decision 20/2020 no longer sends under its former one."""
    written, agency = facts.claim.content.sender.id, facts.sender
    if agency is not None and id_scheme(written) is IdScheme.OLD and id_scheme(agency.key) is IdScheme.NEW:
        yield _breach(f"{HEADER}/From/OrganId", written=written, known=agency.key)


def _superior(facts: Facts) -> Iterator[Breach]:
    """TT-120: the superior agency named is the one the directory has above the sender."""
    written, agency = facts.claim.content.sender.in_charge, facts.sender
    superior = facts.directory.agency(agency.parent) if agency is not None and agency.parent else None
    if written is not None and superior is not None and _folded(written) != _folded(superior.name):
        yield _breach(f"{HEADER}/From/OrganizationInCharge", written=written, known=superior.name)


def _own_document_id(facts: Facts) -> Iterator[Breach]:
    """TT-254: a DocumentId begins with an identifier of the agency that promulgates the document."""
    content = facts.claim.content
    if isinstance(content, Document) and content.business_type is BusinessType.NEW and content.document_id:
        issuer, comma, _ = content.document_id.partition(",")
        if comma and not _is_sender(facts, issuer.strip()):
            yield _breach(f"{HEADER}/DocumentId", written=issuer.strip(), sender=content.sender.id)


def _due_passed(facts: Facts) -> Iterator[Breach]:
    """TT-312: a due date still lies ahead when the document is sent."""
    content = facts.claim.content
    due = real_date(content.due_on) if isinstance(content, Document) and content.due_on else None
    promulgated = (
        real_date(content.promulgated_on) if isinstance(content, Document) and content.promulgated_on else None
    )
    if due is not None and due < facts.today and not (promulgated is not None and due < promulgated):
        yield _breach(f"{HEADER}/DueDate", due=f"{due:%d/%m/%Y}")


def _sent_late(facts: Facts) -> Iterator[Breach]:
    """TT-313: a new document is sent the day it is signed, at the latest the next working day."""
    content = facts.claim.content
    if isinstance(content, Document) and content.business_type is BusinessType.NEW and content.promulgated_on:
        promulgated = real_date(content.promulgated_on)
        if promulgated is not None and facts.today > _next_working_day(promulgated):
            yield _breach(
                f"{HEADER}/PromulgationInfo/PromulgationDate",
                promulgated=f"{promulgated:%d/%m/%Y}",
                today=f"{facts.today:%d/%m/%Y}",
            )


def _trace_in_the_future(facts: Facts) -> Iterator[Breach]:
    """TT-314: no hop lies in the future."""
    content = facts.claim.content
    if isinstance(content, Document):
        for hop in content.trace:
            if hop.at is not None and _is_future(hop.at, facts.at):
                yield _breach(f"{TRACE}/TraceHeader/Timestamp", written=hop.at)


def _status_in_the_future(facts: Facts) -> Iterator[Breach]:
    """TT-058: no status lies in the future."""
    content = facts.claim.content
    if isinstance(content, Status) and content.timestamp is not None and _is_future(content.timestamp, facts.at):
        yield _breach(f"{HEADER}/Timestamp", written=content.timestamp)


def _answered_agency(facts: Facts) -> Iterator[Breach]:
    """TT-707: the agency whose document is answered is in the directory."""
    content = facts.claim.content
    if isinstance(content, Document):
        for one in content.response_for:
            if one.organ_id is not None and facts.directory.agency(one.organ_id) is None:
                yield _breach(f"{HEADER}/ResponseFor/OrganId", written=one.organ_id)


def _change_of_others(facts: Facts) -> Iterator[Breach]:
    """TT-759: only the agency that promulgated a document, or its successor, recalls, updates or replaces it."""
    content, sender = facts.claim.content, facts.sender
    if isinstance(content, Document) and content.business_type is not BusinessType.NEW and content.change_target:
        written = content.change_target.partition(",")[0].strip()
        issuer = facts.directory.agency(written)
        if issuer is not None and issuer is not sender and (sender is None or issuer.successor != sender.key):
            yield _breach(BUSINESS, issuer=written, sender=content.sender.id)


def _changed_receivers(facts: Facts) -> Iterator[Breach]:
    """TT-760: receivers that an update or a replacement names are in the directory."""
    content = facts.claim.content
    if isinstance(content, Document) and content.business is not None:
        named = [
            *(
                (one.organ_id, "BussinessDocumentInfo/ReceiverList/Receiver/OrganId")
                for one in content.business.receivers
            ),
            *(
                (one, "ReplacementInfoList/ReplacementInfo/OrganIdList/OrganId")
                for replacement in content.business.replacements
                for one in replacement.organ_ids
            ),
        ]
        for written, path in named:
            if facts.directory.agency(written) is None:
                yield _breach(f"{BUSINESS}/{path}", written=written)


def _empty_attachment(facts: Facts) -> Iterator[Breach]:
    """TT-814: an attachment has content."""
    for one in facts.claim.attachments:
        if one.size_bytes == 0:
            yield _breach(ATTACHMENTS, name=one.name or one.content_id)


def _wrapped_attachment(facts: Facts) -> Iterator[Breach]:
    """TT-815: an attachment is the file its name says, not an archive around it."""
    for one in facts.claim.attachments:
        if one.wrapped:
            yield _breach(ATTACHMENTS, name=one.name or one.content_id)


def _large_attachment(facts: Facts) -> Iterator[Breach]:
    """TT-816: no attachment is larger than receiving systems commonly take."""
    for one in facts.claim.attachments:
        if one.size_bytes > ATTACHMENT_BYTES_USUAL:
            yield _breach(ATTACHMENTS, name=one.name or one.content_id, size=f"{one.size_bytes / 1024**2:.0f}")


def _many_attachments(facts: Facts) -> Iterator[Breach]:
    """TT-817: no more attachments than receiving systems commonly take."""
    if len(facts.claim.attachments) > ATTACHMENTS_USUAL:
        yield _breach(ATTACHMENTS, count=len(facts.claim.attachments), limit=ATTACHMENTS_USUAL)


def _is_sender(facts: Facts, written: str) -> bool:
    sender = facts.sender
    return written in (sender.ids if sender is not None else ()) or written == facts.claim.content.sender.id


def _is_future(written: str, at: datetime) -> bool:
    """Later than now by more than the hour that clocks of the field may be off."""
    matched = _TIME.fullmatch(written)
    day = real_date(matched[1]) if matched else None
    if matched is None or day is None:
        return False
    moment = datetime(day.year, day.month, day.day, int(matched[2]), int(matched[3]), int(matched[4]), tzinfo=VIET_NAM)
    return moment - at > timedelta(hours=1)


def _next_working_day(day: date) -> date:
    """The day after, or the Monday after a weekend. Public holidays are not known here: the rule only warns."""
    following = day + timedelta(days=1)
    while following.weekday() >= SATURDAY:
        following += timedelta(days=1)
    return following


def _folded(name: str) -> str:
    """A name for comparison: case, blanks, the place of the tone mark and the usual abbreviations do not matter."""
    folded = " ".join(unicodedata.normalize("NFC", name).casefold().split())
    folded = folded.replace("uỷ", "ủy").replace("ubnd", "ủy ban nhân dân").replace("hđnd", "hội đồng nhân dân")
    return folded.replace("tp.", "thành phố").replace("tp ", "thành phố ")


FACT_RULES = (
    FactRule("TT-058", Severity.WARN, _status_in_the_future),
    FactRule("TT-117", Severity.WARN, _sender_name),
    FactRule("TT-118", Severity.WARN, _addressee_names),
    FactRule("TT-119", Severity.WARN, _former_id),
    FactRule("TT-120", Severity.WARN, _superior),
    FactRule("TT-254", Severity.WARN, _own_document_id),
    FactRule("TT-312", Severity.WARN, _due_passed),
    FactRule("TT-313", Severity.WARN, _sent_late),
    FactRule("TT-314", Severity.WARN, _trace_in_the_future),
    FactRule("TT-707", Severity.WARN, _answered_agency),
    FactRule("TT-759", Severity.REFUSE, _change_of_others),
    FactRule("TT-760", Severity.WARN, _changed_receivers),
    FactRule("TT-814", Severity.REFUSE, _empty_attachment),
    FactRule("TT-815", Severity.WARN, _wrapped_attachment),
    FactRule("TT-816", Severity.WARN, _large_attachment),
    FactRule("TT-817", Severity.WARN, _many_attachments),
)
