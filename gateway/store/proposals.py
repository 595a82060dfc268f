"""Changes of the directory that one person proposes and another approves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import msgspec
from sqlalchemy import bindparam, func, select, update

from gateway.model.agency import Directory, DirectoryAct
from gateway.model.directory_difference import AgenciesChange, AgencyChange, Decision, Difference
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store.directory import PutDirectory
from gateway.store.instants import micros
from gateway.store.schema import directory_proposals
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_PROPOSAL = Insertion(
    directory_proposals,
    *("number", "base_version", "proposed_by", "proposed_at", "added", "changed", "gone", "cut_off", "sha256"),
    *("change", "difference"),
)
_LATEST = select(func.coalesce(func.max(directory_proposals.c.number), 0))
_DECIDE = (
    update(directory_proposals)
    .where(directory_proposals.c.number == bindparam("its_number"), directory_proposals.c.outcome.is_(None))
    .values(
        outcome=bindparam("said"),
        decided_by=bindparam("who"),
        decided_at=bindparam("at"),
        version=bindparam("made"),
    )
)
_APPROVE = _DECIDE.where(directory_proposals.c.proposed_by != bindparam("who"))


@dataclass(frozen=True, slots=True)
class ProposeDirectory(Operation[int]):
    """Keep a proposal. Gives its number.

    Refused(request.state_conflict) where that number is taken: somebody else was faster.
    """

    number: int
    change: AgenciesChange
    difference: Difference
    by: str
    at: datetime
    _document: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_document", msgspec.json.encode(self.change))

    @property
    def sha256(self) -> str:
        """Of the change, lower-case hex: what the ledger's entries of this proposal name."""
        return hashlib.sha256(self._document).hexdigest()

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [one._propose(tx) for one in operations]

    def _propose(self, tx: Transaction) -> int:
        latest = int(tx.connection.execute(_LATEST).scalar_one())
        if self.number != latest + 1:
            raise Refused(found(Reason.STATE_CONFLICT, number=self.number, latest=latest))
        counts = [len(self.difference.of(change)) for change in AgencyChange]
        told = msgspec.json.encode(self.difference)
        row = (
            self.number, self.change.base_version, self.by, micros(self.at), *counts, len(self.difference.cut_off),
            self.sha256, self._document, told,
        )  # fmt: skip
        _PROPOSAL.run(tx.connection, [row])
        return self.number


@dataclass(frozen=True, slots=True)
class ApproveDirectory(Operation[int]):
    """Approve a proposal and put the directory it makes in force. Gives that version.

    Refused(request.state_conflict) where nothing of that number waits, it is the approver's own, or the directory is
    not `before` any more.
    """

    number: int
    by: str
    at: datetime
    before: Directory
    after: Directory
    entry: bytes
    """What the ledger keeps of the directory `after`."""
    changed_by: str
    """Both names, as the history of the directory shows them."""

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[int]:
        return [one._approve(tx) for one in operations]

    def _approve(self, tx: Transaction) -> int:
        put = PutDirectory(self.after, self.at, self.entry, self.before, DirectoryAct.PROPOSAL, self.changed_by)
        (version,) = PutDirectory.run(tx, [put])
        values = {"its_number": self.number, "said": Decision.APPROVED.value, "who": self.by, "at": micros(self.at)}
        if tx.connection.execute(_APPROVE, {**values, "made": version}).rowcount == 0:
            raise Refused(found(Reason.STATE_CONFLICT, number=self.number))
        return version


@dataclass(frozen=True, slots=True)
class RejectDirectory(Operation[bool]):
    """Turn a proposal down. Refused(request.state_conflict) where nothing of that number waits."""

    number: int
    by: str
    at: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        for one in operations:
            values = {"its_number": one.number, "said": Decision.REJECTED.value, "who": one.by, "at": micros(one.at)}
            if tx.connection.execute(_DECIDE, {**values, "made": None}).rowcount == 0:
                raise Refused(found(Reason.STATE_CONFLICT, number=one.number))
        return [True] * len(operations)
