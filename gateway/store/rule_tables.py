"""Writing the tables the rules rest on: one person proposes a version, another approves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import bindparam, func, select, update

from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.instants import micros
from gateway.store.schema import rule_sets, rule_tables
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_LATEST = select(func.coalesce(func.max(rule_tables.c.version), 0)).where(rule_tables.c.name == bindparam("its_name"))
_PROPOSAL = Insertion(
    rule_tables, "name", "version", "effective_from", "proposed_by", "proposed_at", "certificate", "document"
)
_APPROVE = (
    update(rule_tables)
    .where(
        rule_tables.c.name == bindparam("its_name"),
        rule_tables.c.version == bindparam("its_version"),
        rule_tables.c.approved_by.is_(None),
        rule_tables.c.proposed_by != bindparam("by"),
    )
    .values(approved_by=bindparam("by"), approved_at=bindparam("at"), approved_index=bindparam("ledger_index"))
)


_RULE_SET = Insertion(rule_sets, "ledger_index", "version", "sha256")
_LATEST_RULES = select(rule_sets.c.sha256).order_by(rule_sets.c.ledger_index.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class RecordRules(Operation[bool]):
    """From here on packets are examined by these rules. False, and nothing recorded, where they were before."""

    version: str
    sha256: str
    entry: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._record(tx) for one in operations]

    def _record(self, tx: Transaction) -> bool:
        if tx.connection.execute(_LATEST_RULES).scalar() == self.sha256:
            return False
        (index,) = tx.append([self.entry])
        _RULE_SET.run(tx.connection, [(index, self.version, self.sha256)])
        return True


@dataclass(frozen=True, slots=True)
class ProposeTable(Operation[None]):
    """Keep a proposal. Refused(request.state_conflict) where its version is not later than those there are."""

    name: str
    version: int
    effective_from: datetime
    by: str
    at: datetime
    certificate: bytes
    """DER of the one that sealed the document."""
    document: bytes
    entry: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            latest = int(tx.connection.execute(_LATEST, {"its_name": one.name}).scalar_one())
            if one.version <= latest:
                raise Refused(found(Reason.STATE_CONFLICT, version=one.version, latest=latest))
            effective_from, at = micros(one.effective_from), micros(one.at)
            row = (one.name, one.version, effective_from, one.by, at, one.certificate, one.document)
            _PROPOSAL.run(tx.connection, [row])
            tx.append([one.entry])
        return [None] * len(operations)


@dataclass(frozen=True, slots=True)
class ApproveTable(Operation[None]):
    """Approve a proposal.

    Refused(request.state_conflict) where there is none that waits, or it is the approver's own.
    """

    name: str
    version: int
    by: str
    at: datetime
    entry: bytes

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[None]:
        for one in operations:
            (index,) = tx.append([one.entry])
            values = {"its_name": one.name, "its_version": one.version, "by": one.by, "at": micros(one.at)}
            if tx.connection.execute(_APPROVE, {**values, "ledger_index": index}).rowcount == 0:
                raise Refused(found(Reason.STATE_CONFLICT, version=one.version))
        return [None] * len(operations)
