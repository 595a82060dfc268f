"""Status packets: each is kept as it came, matched to the delivery it speaks of inside its own transaction.

None is refused for its order: histories of the field skip and repeat. One that speaks of nothing the register knows, or
of a document its writer has nothing to do with, is kept too, and looks the same either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from gateway.ledger.entry import NONE, Entry, EntryKind
from gateway.model.lifecycle import Answer
from gateway.model.packet import BusinessType, StatusCode
from gateway.store.changes import Answered, answer
from gateway.store.instants import micros, micros_or_none
from gateway.store.schema import deliveries, statuses
from gateway.store.spoken_of import Named, Spoken, named_by
from gateway.store.statements import Insertion
from gateway.store.timeline import EVENT
from gateway.store.transaction import Transaction

_STATUS = Insertion(
    statuses,
    "dispatch_id",
    "delivery_id",
    "agency",
    "addressee",
    "status_code",
    "document_id",
    "code",
    "stated_at",
    "recorded_at",
    "ledger_index",
    "salt",
    "description",
)
_DELIVERED_TO = (
    select(deliveries.c.id, deliveries.c.dispatch_id)
    .where(
        deliveries.c.dispatch_id.in_(bindparam("ids", expanding=True)), deliveries.c.addressee == bindparam("addressee")
    )
    .order_by(deliveries.c.ledger_index.desc())
)

_ANSWERS = {StatusCode.CHANGE_AGREED: Answer.DONE, StatusCode.CHANGE_REFUSED: Answer.REFUSED}
_ANSWERS_TO_A_RECALL = {StatusCode.ACCEPTED: Answer.DONE, StatusCode.REFUSED: Answer.REFUSED}
"""One vendor's servers answer a recall as any document: they accept it, or refuse it."""


@dataclass(frozen=True, slots=True)
class NewStatus:
    """What a status packet being admitted says. Agencies are keys."""

    agency: str
    """Who says it."""
    addressee: str
    named: Named
    status_code: StatusCode
    description: str
    stated_at: datetime | None
    salt: str
    digest: str
    """Hex of SHA-256 over the salt and the description: what a ledger entry may hold of it."""

    @property
    def of_sender(self) -> str:
        """Whose document it speaks of: who asks it back has sent it; any other status goes to who sent it."""
        return self.agency if self.status_code is StatusCode.TAKE_BACK else self.addressee

    @property
    def at_addressee(self) -> str:
        """At which of its addressees."""
        return self.addressee if self.status_code is StatusCode.TAKE_BACK else self.agency


def record(tx: Transaction, dispatch_id: str, status: NewStatus, at: datetime, before: int) -> bool:
    """Keep a status, put it into the timeline of what it speaks of, and let it answer what was asked. Gives whether
    the register knows what it speaks of; `before`: the ledger index of its own acceptance."""
    named = named_by(tx.connection, status.of_sender, status.named, before)
    matched = tx.connection.execute(
        _DELIVERED_TO, {"ids": [row.id for row in named], "addressee": status.at_addressee}
    ).all()
    delivery = matched[0] if matched else None
    entry = Entry.of(
        EntryKind.STATUS,
        at,
        dispatch=dispatch_id,
        target=delivery.dispatch_id if delivery else NONE,
        delivery=delivery.id if delivery else NONE,
        agency=status.agency,
        code=status.status_code.value,
    )
    (index,) = tx.append([entry.encode()])
    _STATUS.run(
        tx.connection,
        [
            (
                dispatch_id,
                delivery.id if delivery else None,
                status.agency,
                status.addressee,
                status.status_code.value,
                status.named.document_id,
                status.named.code,
                micros_or_none(status.stated_at),
                micros(at),
                index,
                status.salt,
                status.description,
            )
        ],
    )
    seen_by = {} if delivery is None else {delivery.id: index}
    if delivery is not None and (how := _answer(status, named)) is not None:
        targets = [row.id for row in named if row.business_type != BusinessType.RECALL]
        asking = [row.id for row in named if row.business_type != BusinessType.NEW]
        reason = status.digest if status.description else None
        said = Answered(status.agency, targets, asking, how, dispatch_id, at, reason)
        seen_by = dict(answer(tx, said)) | seen_by
    event = f"status_{status.status_code}"
    EVENT.run(tx.connection, [(one, event, micros(at), status.description, where) for one, where in seen_by.items()])
    return delivery is not None


def _answer(status: NewStatus, named: Sequence[Spoken]) -> Answer | None:
    """What a status answers to a change, if it can answer one. Accepting and refusing answer only where what is named
    are recalls and nothing else: under the document's own id they speak of the document."""
    if all(row.business_type == BusinessType.RECALL for row in named):
        return (_ANSWERS | _ANSWERS_TO_A_RECALL).get(status.status_code)
    return _ANSWERS.get(status.status_code)
