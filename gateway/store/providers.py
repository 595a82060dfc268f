"""Writing which account at an OpenID Connect provider is whose, and which of its answers were used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import delete, select

from gateway.store.acts import Act, record
from gateway.store.instants import micros
from gateway.store.people import end_entrances
from gateway.store.schema import provider_accounts, provider_answers
from gateway.store.statements import Insertion
from gateway.store.transaction import Operation, Transaction

_ACCOUNT = Insertion(provider_accounts, "issuer", "subject", "person")
_ANSWER = Insertion(provider_answers, "state", "came_at")


@dataclass(frozen=True, slots=True)
class BindAccount(Operation[bool]):
    """From now on this account at the provider is that person, and no other account is; their sessions end.

    False, and nothing bound, where the account is somebody else's already.
    """

    person: str
    issuer: str
    subject: str
    """Empty: no account is."""
    act: Act

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._bind(tx) for one in operations]

    def _bind(self, tx: Transaction) -> bool:
        theirs = (provider_accounts.c.issuer == self.issuer, provider_accounts.c.subject == self.subject)
        holder = tx.connection.execute(select(provider_accounts.c.person).where(*theirs)).scalar()
        if holder not in {None, self.person}:
            return False
        tx.connection.execute(delete(provider_accounts).where(provider_accounts.c.person == self.person))
        if self.subject:
            _ACCOUNT.run(tx.connection, [(self.issuer, self.subject, self.person)])
        end_entrances(tx, self.person, self.act.at)
        record(tx, [self.act])
        return True


@dataclass(frozen=True, slots=True)
class TakeAnswer(Operation[bool]):
    """Note that an answer of the provider was brought back. False where it was before: it counts once.

    Those so old that their question is over anyway are forgotten.
    """

    state: str
    """SHA-256 of the answer's `state`."""
    at: datetime
    over_before: datetime

    @classmethod
    def run(cls, tx: Transaction, operations: Sequence[Self]) -> Sequence[bool]:
        return [one._take(tx) for one in operations]

    def _take(self, tx: Transaction) -> bool:
        tx.connection.execute(delete(provider_answers).where(provider_answers.c.came_at < micros(self.over_before)))
        same = select(provider_answers.c.state).where(provider_answers.c.state == self.state)
        if tx.connection.execute(same).first() is not None:
            return False
        _ANSWER.run(tx.connection, [(self.state, micros(self.at))])
        return True
