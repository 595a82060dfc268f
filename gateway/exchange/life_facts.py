"""What a packet says of other documents, in the words the register matches by: links, a change, a status.

Where the field writes the target of a change: the business block, else the documents replaced, else those it answers,
else its own id sent again (model/packet.py). Identifiers of either scheme become the key of the one agency they name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from gateway.exchange.deadlines import recall_deadline
from gateway.exchange.line import Line
from gateway.model.agency import Directory, PolicyName
from gateway.model.calendar import VIET_NAM
from gateway.model.lifecycle import ChangeKind, Relation
from gateway.model.packet import BusinessType, Content, Document, ResponseFor, Status, StatusCode
from gateway.model.reasons import Reason
from gateway.model.refusal import Severity
from gateway.rules import Examination
from gateway.rules.form import real_date
from gateway.store import Named, NewChange, NewLink, NewStatus, Target

PRIORITIES = {str(number): number for number in range(5)}
TIMESTAMP = "%Y/%m/%d %H:%M:%S"
"""Of a status packet: Viet Nam's local time, no zone."""

_KINDS = {
    BusinessType.RECALL: ChangeKind.RECALL,
    BusinessType.UPDATE: ChangeKind.UPDATE,
    BusinessType.REPLACE: ChangeKind.REPLACE,
}


@dataclass(frozen=True, slots=True)
class LifeFacts:
    """What a packet says of itself and of others that its further life depends on."""

    promulgated_on: date | None = None
    due_on: date | None = None
    priority: int | None = None
    links: tuple[NewLink, ...] = ()
    change: NewChange | None = None
    status: NewStatus | None = None


def life_facts(line: Line, examination: Examination) -> LifeFacts:
    """Of an admitted packet."""
    packet, sender = examination.packet, examination.sender
    assert packet is not None and sender is not None, "only of an admitted packet"
    match packet.content:
        case Document() as document:
            return _document(line, document, sender.key, examination)
        case Status() as status:
            return _status(line, status, sender.key, examination)


def receivers_named(content: Content, directory: Directory) -> tuple[str, ...]:
    """Keys of the agencies that an update lists as receivers; those the directory does not know are passed over."""
    if (
        not isinstance(content, Document)
        or content.business is None
        or content.business_type is not BusinessType.UPDATE
    ):
        return ()
    return _keys(directory, (one.organ_id for one in content.business.receivers))


def written_at(at: datetime) -> str:
    """An instant as status packets write it."""
    return at.astimezone(VIET_NAM).strftime(TIMESTAMP)


def stated_at(written: str | None) -> datetime | None:
    """The instant a status packet states; None where it states none that exists."""
    try:
        local = datetime.strptime(written or "", TIMESTAMP)
        return local.replace(tzinfo=VIET_NAM).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _document(line: Line, document: Document, sender: str, examination: Examination) -> LifeFacts:
    directory = line.directory
    change = None
    links = tuple(
        NewLink(Relation.REPLIES, _named(one), _key(directory, one.organ_id))
        for one in document.response_for
        if one != ResponseFor()
    )
    if document.business_type is not BusinessType.NEW:
        change = _change(line, document, examination)
        links = tuple(NewLink(change.kind.relation, one.named, sender) for one in change.targets)
    return LifeFacts(
        promulgated_on=real_date(document.promulgated_on or ""),
        due_on=real_date(document.due_on or ""),
        priority=PRIORITIES.get(document.other.priority or ""),
        links=links,
        change=change,
    )


def _change(line: Line, document: Document, examination: Examination) -> NewChange:
    business, kind = document.business, _KINDS[document.business_type]
    targets = tuple(
        Target(_named(one), frozenset(_keys(line.directory, organ_ids)) or None)
        for one, organ_ids in document.change_targets
    )
    return NewChange(
        kind,
        targets,
        (business.reason if business else None) or "",
        recall_deadline(line.calendar, line.deadlines, examination.examined_at),
        removed=frozenset(receivers_named(document, line.directory)),
        names_itself=kind is ChangeKind.REPLACE and document.names_its_target,
        must_match=_must_match(examination),
    )


def _status(line: Line, status: Status, sender: str, examination: Examination) -> LifeFacts:
    code, named = StatusCode(status.status_code), _named(status.response_for)
    addressee, change = examination.addressees[0].agency, None
    description = status.description or ""
    salted = line.salted(description)
    if code is StatusCode.TAKE_BACK:
        change = NewChange(
            ChangeKind.RECALL,
            (Target(named, frozenset({addressee})),),
            description,
            recall_deadline(line.calendar, line.deadlines, examination.examined_at),
            must_match=_must_match(examination),
        )
    new = NewStatus(
        agency=sender,
        addressee=addressee,
        named=named,
        status_code=code,
        description=description,
        stated_at=stated_at(status.timestamp),
        salt=salted.salt.hex(),
        digest=salted.digest,
    )
    relation = Relation.RECALLS if change else Relation.REPORTS
    return LifeFacts(links=(NewLink(relation, named, new.of_sender),), change=change, status=new)


def _must_match(examination: Examination) -> bool:
    """Whether a change of a document the register does not know is refused: everywhere but where nothing is."""
    policy = examination.policy
    own = Severity.WARN if policy is not None and policy.name == PolicyName.OBSERVE else Severity.REFUSE
    return (policy.rules.get(Reason.TARGET_UNKNOWN, own) if policy else own) is Severity.REFUSE


def _named(one: ResponseFor) -> Named:
    day = real_date(one.promulgated_on or "")
    return Named(one.document_id, one.code, day.isoformat() if day else None, one.organ_id)


def _key(directory: Directory, organ_id: str | None) -> str | None:
    agency = directory.agency(organ_id) if organ_id else None
    return agency.key if agency else None


def _keys(directory: Directory, organ_ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(key for key in (_key(directory, one) for one in organ_ids) if key is not None)
