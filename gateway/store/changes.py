"""Recall, update and replacement: judged, carried out and answered inside the transaction that records the packet.

What has not left the gateway is taken back at once; whoever has the document is asked, and answers once. (Decree
30/2020/NĐ-CP, Article 18.4.b and annex VI, part I, III.8.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from gateway.ledger.entry import NONE, Entry, EntryKind
from gateway.model.delivery import DeliveryEvent, DeliveryStatus
from gateway.model.lifecycle import Answer, ChangeKind, leads_back
from gateway.model.packet import BusinessType
from gateway.model.reasons import Reason
from gateway.store.deliveries import Advance, advance_all
from gateway.store.instants import micros, micros_or_none
from gateway.store.schema import UNANSWERED, changes, deliveries
from gateway.store.spoken_of import Named, Spoken, named_by, superseded
from gateway.store.statements import Insertion
from gateway.store.timeline import EVENT
from gateway.store.transaction import Transaction

Delivery = Row[*tuple[Any, ...]]

_UNDELIVERED = {DeliveryStatus.QUEUED.value, DeliveryStatus.HELD.value}
_HELD_BY_ADDRESSEE = {DeliveryStatus.DELIVERED.value, DeliveryStatus.ACKNOWLEDGED.value}


@dataclass(frozen=True, slots=True)
class Target:
    """A document that shall change, and for which of its addressees (keys; None: as the kind of change has it)."""

    named: Named
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class NewChange:
    """What a packet being admitted asks about documents of its own sender."""

    kind: ChangeKind
    targets: tuple[Target, ...]
    reason: str
    deadline_at: datetime | None
    """Until when those asked to give the document back shall answer."""
    removed: frozenset[str] = field(default_factory=frozenset)
    """Agencies an update names as receivers: those that have the document and do not get the update are asked to give
    it back."""
    names_itself: bool = False
    """The packet writes its own document id where the one it changes belongs."""
    must_match: bool = True
    """A document the register does not know refuses the packet; otherwise it is admitted and changes nothing."""
    once: bool = False
    """We wrote the packet, for somebody who asks us: where everybody concerned was asked already it is not needed."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A change as it is carried out: the packet that asks, and what it asks."""

    dispatch_id: str
    sender: str
    document_id: str | None
    receivers: tuple[str, ...]
    """Keys of the agencies that get the packet."""
    at: datetime
    ledger_index: int
    change: NewChange


_DELIVERIES = (
    select(deliveries)
    .where(deliveries.c.dispatch_id.in_(bindparam("ids", expanding=True)))
    .order_by(deliveries.c.ledger_index, deliveries.c.id)
)
_RECALLED = select(changes.c.delivery_id, changes.c.answer).where(
    changes.c.delivery_id.in_(bindparam("ids", expanding=True)), changes.c.kind == ChangeKind.RECALL.value
)
_ASKED_BACK = (
    select(changes.c.dispatch_id, changes.c.delivery_id)
    .where(
        changes.c.delivery_id.in_(bindparam("ids", expanding=True)),
        changes.c.kind.in_((ChangeKind.RECALL.value, ChangeKind.REPLACE.value)),
        UNANSWERED,
    )
    .order_by(changes.c.ledger_index)
)
_ANSWER = (
    update(changes)
    .where(changes.c.dispatch_id == bindparam("change"), changes.c.delivery_id == bindparam("delivery"))
    .values(
        answer=bindparam("how"), answered_at=bindparam("at"), answered_by=bindparam("by"), answer_index=bindparam("idx")
    )
)
_CHANGE = Insertion(
    changes, "dispatch_id", "delivery_id", "kind", "asked_at", "deadline_at", "ledger_index", "answer", "answered_at",
    "answered_by", "answer_index", "reason",
)  # fmt: skip


def why_not(connection: Connection, asking: Asking) -> tuple[Reason, str] | None:
    """Why this change cannot be, and the document it is about; None where it can. To be asked before it is recorded."""
    change = asking.change
    for target in change.targets:
        named = _versions(connection, asking, target)
        written = target.named.document_id or target.named.code or ""
        stranger = change.kind is ChangeKind.RECALL and not _concerned(connection, asking, target, named)
        if not named or stranger:
            if change.must_match:
                return Reason.TARGET_UNKNOWN, written
            continue
        if change.kind is ChangeKind.RECALL:
            if change.once and not _to_be_asked(connection, _concerned(connection, asking, target, named)):
                return Reason.STATE_CONFLICT, written
            continue
        if leads_back(asking.document_id, change.names_itself, superseded(connection, named[-1].id)):
            return Reason.CHANGE_LOOP, written
        if _wholly_recalled(connection, [row.id for row in named]):
            return Reason.FROZEN, written
    return None


@dataclass(slots=True)
class CarriedOut:
    """What came of a change at once."""

    meant: list[str | None] = field(default_factory=list)
    """The dispatch each of its targets means; None where the register knows none."""
    withdrawn: int = 0
    """Deliveries that were taken back."""
    asked: int = 0
    """Deliveries whose addressees were asked."""


def carry_out(tx: Transaction, asking: Asking) -> CarriedOut:
    """Take back what has not left, ask whoever has the document."""
    done = CarriedOut()
    for target in asking.change.targets:
        named = _versions(tx.connection, asking, target)
        concerned = _concerned(tx.connection, asking, target, named) if named else []
        done.meant.append(named[-1].id if named else None)
        parts: dict[tuple[str | None, ChangeKind], list[tuple[Delivery, ChangeKind]]] = {}
        parts[done.meant[-1], asking.change.kind] = []
        for row, kind in concerned:
            parts.setdefault((row.dispatch_id, kind), []).append((row, kind))
        for (dispatch_id, kind), part in parts.items():
            (index,) = tx.append([_entry(asking, kind, dispatch_id, [row.addressee for row, _ in part])])
            _ask(tx, asking, part, index, done)
    return done


def _entry(asking: Asking, kind: ChangeKind, target: str | None, addressees: Sequence[str]) -> bytes:
    """What is asked of these addressees: of those an update takes off the list, to give the document back."""
    return Entry.of(
        EntryKind.CHANGE,
        asking.at,
        dispatch=asking.dispatch_id,
        relation=kind.relation.value,
        target=target or NONE,
        addressees=" ".join(sorted(addressees)) or NONE,
    ).encode()


def _versions(connection: Connection, asking: Asking, target: Target) -> list[Spoken]:
    """What was sent under the target's name: the document and its changes, but no recall of it."""
    named = named_by(connection, asking.sender, target.named, asking.ledger_index)
    return [row for row in named if row.business_type != BusinessType.RECALL]


def _concerned(
    connection: Connection, asking: Asking, target: Target, named: Sequence[Spoken]
) -> list[tuple[Delivery, ChangeKind]]:
    """The deliveries a change is about, and what is asked of each."""
    rows = connection.execute(_DELIVERIES, {"ids": [row.id for row in named]}).all()
    has, kind = {row.addressee for row in rows}, asking.change.kind
    if kind is ChangeKind.UPDATE:
        removed = asking.change.removed - set(asking.receivers)
        return [(row, ChangeKind.RECALL if row.addressee in removed else kind) for row in rows]
    chosen = target.only
    if chosen is None and kind is ChangeKind.RECALL:
        chosen = frozenset(asking.receivers) & has or None
    return [(row, kind) for row in rows if chosen is None or row.addressee in chosen]


def _wholly_recalled(connection: Connection, dispatch_ids: Sequence[str]) -> bool:
    """Whether every addressee that could still act on the document was asked to give it back, and none refused."""
    rows = connection.execute(_DELIVERIES, {"ids": dispatch_ids}).all()
    recalled = _recalled(connection, rows)
    live = [row.id for row in rows if row.status in _UNDELIVERED | _HELD_BY_ADDRESSEE]
    return bool(recalled) and all(one in recalled and recalled[one] != Answer.REFUSED.value for one in live)


def _to_be_asked(connection: Connection, concerned: Sequence[tuple[Delivery, ChangeKind]]) -> bool:
    """Whether anybody still has the document, or will, and was not asked for it, or refused."""
    live = [row for row, _ in concerned if row.status in _UNDELIVERED | _HELD_BY_ADDRESSEE]
    recalled = _recalled(connection, live)
    return any(recalled.get(row.id, Answer.REFUSED.value) == Answer.REFUSED.value for row in live)


def _recalled(connection: Connection, rows: Sequence[Delivery]) -> dict[str, str | None]:
    """Deliveries that were asked back, with the answer that counts: done before open before refused."""
    answers: dict[str, str | None] = {}
    for row in connection.execute(_RECALLED, {"ids": [one.id for one in rows]}):
        answers.setdefault(row.delivery_id, row.answer)
        if answers[row.delivery_id] == Answer.REFUSED.value or row.answer == Answer.DONE.value:
            answers[row.delivery_id] = row.answer
    return answers


def _ask(
    tx: Transaction, asking: Asking, concerned: Sequence[tuple[Delivery, ChangeKind]], index: int, done: CarriedOut
) -> None:
    given_back = _recalled(tx.connection, [row for row, _ in concerned])
    taken, asked = [], []
    for row, kind in concerned:
        if given_back.get(row.id) == Answer.DONE.value:
            continue
        if kind is not ChangeKind.UPDATE and row.status in _UNDELIVERED and not _under_way(row, asking.at):
            taken.append((row, kind))
        elif row.status in _UNDELIVERED | _HELD_BY_ADDRESSEE:
            asked.append((row, kind))
    done.withdrawn += len(taken)
    done.asked += len(asked)
    at = micros(asking.at)
    withdraw(tx, asking.dispatch_id, [row for row, _ in taken], asking.at)
    EVENT.run(tx.connection, [(row.id, kind.value, at, asking.dispatch_id, index) for row, kind in asked])
    common = (asking.dispatch_id, at, micros_or_none(asking.change.deadline_at), asking.change.reason)
    _CHANGE.run(
        tx.connection,
        [
            *(_row(*common, index, row.id, kind, Answer.WITHDRAWN.value, at) for row, kind in taken),
            *(_row(*common, index, row.id, kind, None, None) for row, kind in asked),
        ],
    )


def _row(
    dispatch_id: str,
    at: int,
    deadline: int | None,
    reason: str,
    index: int,
    delivery_id: str,
    kind: ChangeKind,
    answer: str | None,
    answered_at: int | None,
) -> tuple[Any, ...]:
    due = deadline if kind is ChangeKind.RECALL else None
    return (dispatch_id, delivery_id, kind.value, at, due, index, answer, answered_at, None, None, reason)


def _under_way(row: Delivery, at: datetime) -> bool:
    """Whether a push of this delivery may be arriving right now: then its addressee is asked like one that has it."""
    return row.claimed_until is not None and row.claimed_until > micros(at)


def withdraw_request(tx: Transaction, dispatch_id: str, at: datetime) -> None:
    """Take back a request that has become pointless: its addressee never saw the document it asks back."""
    withdraw(tx, dispatch_id, tx.connection.execute(_DELIVERIES, {"ids": [dispatch_id]}).all(), at)


def withdraw_asked_back(tx: Transaction, due: Sequence[Delivery], at: datetime) -> frozenset[str]:
    """Of deliveries whose push has failed: take back those that were asked back while it was under way. Gives their
    ids."""
    rows = {row.id: row for row in due}
    first = {one.delivery_id: one.dispatch_id for one in reversed(_asked_back(tx, list(rows)))}
    for delivery_id, change_id in first.items():
        withdraw(tx, change_id, [rows[delivery_id]], at)
    return frozenset(first)


def _asked_back(tx: Transaction, delivery_ids: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """What asked for these deliveries while their push was under way and has no answer yet, oldest first."""
    return tx.connection.execute(_ASKED_BACK, {"ids": delivery_ids}).all() if delivery_ids else ()


def withdraw(tx: Transaction, change_id: str, rows: Sequence[Delivery], at: datetime) -> None:
    """Take deliveries back that have not left, as `change_id` asks: whatever else asked for them back has its answer
    too."""
    if not rows:
        return
    entries = [
        Entry.of(
            EntryKind.WITHDRAW,
            at,
            dispatch=row.dispatch_id,
            delivery=row.id,
            addressee=row.addressee,
            change=change_id,
        ).encode()
        for row in rows
    ]
    advance_all(
        tx,
        [
            Advance(row.id, DeliveryEvent.WITHDRAWN, at, entry, change_id)
            for row, entry in zip(rows, entries, strict=True)
        ],
    )
    closed: list[dict[str, Any]] = [
        {
            "change": one.dispatch_id,
            "delivery": one.delivery_id,
            "how": Answer.WITHDRAWN.value,
            "at": micros(at),
            "by": None,
            "idx": None,
        }
        for one in _asked_back(tx, [row.id for row in rows])
    ]
    if closed:
        tx.connection.execute(_ANSWER, closed)


_OPEN = (
    select(changes.c.dispatch_id, changes.c.delivery_id, changes.c.kind, deliveries.c.addressee)
    .add_columns(deliveries.c.dispatch_id.label("target"))
    .join_from(changes, deliveries)
    .where(
        UNANSWERED,
        deliveries.c.addressee == bindparam("agency"),
        or_(
            deliveries.c.dispatch_id.in_(bindparam("targets", expanding=True)),
            changes.c.dispatch_id.in_(bindparam("asking", expanding=True)),
        ),
    )
    .order_by(changes.c.ledger_index.desc())
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What an addressee answers: about which documents or which changes, and how."""

    agency: str
    targets: Sequence[str]
    """Dispatches the answer may be about."""
    asking: Sequence[str]
    """Changes it may be about."""
    answer: Answer
    dispatch_id: str
    """The status packet that answers."""
    at: datetime
    reason_digest: str | None


def _open(
    tx: Transaction, agency: str, targets: Sequence[str], asking: Sequence[str]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """What an agency has not answered: about these documents, or asked by these packets; what was asked last first."""
    return tx.connection.execute(_OPEN, {"agency": agency, "targets": list(targets), "asking": list(asking)}).all()


def answer(tx: Transaction, said: Answered) -> list[tuple[str, int]]:
    """Close every recall that is open, since nothing else owes an answer; where none is, the change that was asked last
    and others of its kind. Whoever agrees to one recall, by its own id, has given the document back: that closes the
    others too. Gives each delivery with its entry's index."""
    rows = _open(tx, said.agency, said.targets, said.asking)
    first = min(rows, key=lambda row: row.kind != ChangeKind.RECALL.value, default=None)
    if first is not None and (first.kind, said.answer) == (ChangeKind.RECALL.value, Answer.DONE):
        rows = _open(tx, said.agency, [row.target for row in rows if row.kind == first.kind], ())
    meant = [row for row in rows if first is not None and row.kind == first.kind]
    indexes = tx.append(
        [
            Entry.of(
                EntryKind.ANSWER,
                said.at,
                dispatch=row.target,
                delivery=row.delivery_id,
                addressee=row.addressee,
                change=row.dispatch_id,
                outcome=said.answer.value,
                reason=said.reason_digest or NONE,
            ).encode()
            for row in meant
        ]
    )
    closed: list[dict[str, Any]] = [
        {
            "change": row.dispatch_id,
            "delivery": row.delivery_id,
            "how": said.answer.value,
            "at": micros(said.at),
            "by": said.dispatch_id,
            "idx": index,
        }
        for row, index in zip(meant, indexes, strict=True)
    ]
    if closed:
        tx.connection.execute(_ANSWER, closed)
    return [(row.delivery_id, index) for row, index in zip(meant, indexes, strict=True)]
