"""The members of a case while they are checked, and the lists of the report as they grow."""

from __future__ import annotations

from types import TracebackType

from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.report import Statement, Wrong


class Book:
    """What was found so far. A broken part is named, and stops only what depends on it."""

    def __init__(self, members: dict[str, bytes] | None = None) -> None:
        self.members = members or {}
        self.proven: list[Statement] = []
        self.unproven: list[Statement] = []
        self.wrong: list[Wrong] = []

    def part(self, member: str) -> Part:
        """A block that judges one member: what it raises is noted under the member's name, and goes no further."""
        return Part(self, member)

    def take(self, member: str) -> bytes:
        """A member's bytes. ProofError(case.missing) where it is not there."""
        if member not in self.members:
            raise ProofError(Fault.CASE_MISSING)
        return self.members[member]

    def note(self, member: str, error: ProofError) -> None:
        """A member is wrong; only its first fault is told, the others follow from it."""
        if all(one.member != member for one in self.wrong):
            self.wrong.append(Wrong(member, error))

    def broken(self, *members: str) -> bool:
        """Whether one of these was found wrong."""
        return any(one.member in members for one in self.wrong)

    def prove(self, code: str, /, **values: object) -> None:
        self.proven.append(_statement(f"proven.{code}", values))

    def leave_open(self, code: str, /, **values: object) -> None:
        statement = _statement(f"unproven.{code}", values)
        if statement not in self.unproven:
            self.unproven.append(statement)


class Part:
    """The block of `Book.part`."""

    def __init__(self, book: Book, member: str) -> None:
        self._book, self._member = book, member

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool:
        if isinstance(error, ProofError):
            self._book.note(self._member, error)
        return isinstance(error, ProofError)


def _statement(code: str, values: dict[str, object]) -> Statement:
    return Statement(code, tuple((name, printable(str(value))) for name, value in values.items()))


def printable(value: str) -> str:
    """Values of a case end on somebody's terminal; what could steer one is shown as U+FFFD."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in value)
