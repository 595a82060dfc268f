"""What happens to a document after its delivery: statuses its addressee reports, changes its sender asks for.

Sources: the processing status of the field's packets (01 to 06, 13, 15, 16); Decree 30/2020/NĐ-CP, Article 18.4.b and
annex VI, part I, III.8 (a recalled document is cancelled by its receiver, who tells the sender; the sender's copy is
frozen). Histories of the field skip, repeat and run out of order: all is kept, and what is shown is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Relation(StrEnum):
    """How one packet speaks of another."""

    REPLIES = "replies"
    RECALLS = "recalls"
    UPDATES = "updates"
    REPLACES = "replaces"
    REPORTS = "reports"


class ChangeKind(StrEnum):
    """What a sender asks for. An addressee that an update takes off the list is asked to give the document back."""

    RECALL = "recall"
    UPDATE = "update"
    REPLACE = "replace"

    @property
    def relation(self) -> Relation:
        return _RELATIONS[self]


_RELATIONS = {
    ChangeKind.RECALL: Relation.RECALLS,
    ChangeKind.UPDATE: Relation.UPDATES,
    ChangeKind.REPLACE: Relation.REPLACES,
}


class Answer(StrEnum):
    """How a change ended at one addressee. Kept; never changed once given."""

    WITHDRAWN = "withdrawn"
    """The document had not left the gateway."""
    DONE = "done"
    REFUSED = "refused"


class ChangeOutcome(StrEnum):
    """How a change stands at one addressee, as shown. Computed, never stored."""

    WITHDRAWN = "withdrawn"
    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    TOO_LATE = "too_late"
    """The addressee had finished with the document when it was asked, and has not agreed."""
    NO_ANSWER = "no_answer"
    NOT_TAKEN = "not_taken"
    """The addressee's system would not take the document, or it was never handed over in time: nothing is owed."""


PROCESSING = ("01", "02", "03", "04", "05", "06")
"""Codes that say what the addressee did with the document; 13, 15 and 16 speak of changes."""
FINISHED = "06"
CLOCK_SLACK = timedelta(hours=1)
"""How wrong the clock of an agency's system may be before its word about time counts for nothing."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A status as its packet says it, about one delivery."""

    code: str
    recorded_at: datetime
    stated_at: datetime | None = None
    """By the clock of the agency's system; None where the packet says no instant that exists."""
    description: str = ""
    dispatch_id: str = ""
    """The status packet."""
    ledger_index: int | None = None

    def at(self, since: datetime) -> datetime:
        """When it holds from: as stated, unless that is before the document (`since`) or after it was told."""
        stated = self.stated_at
        if stated is None or not since - CLOCK_SLACK <= stated <= self.recorded_at + CLOCK_SLACK:
            return self.recorded_at
        return stated


def processing(reports: Iterable[Reported], since: datetime) -> Reported | None:
    """The processing status to show: the latest by its time, then by arrival. `reports` are in the order of arrival;
    `since`: when the document was admitted."""
    latest: Reported | None = None
    for one in reports:
        if one.code in PROCESSING and (latest is None or one.at(since) >= latest.at(since)):
            latest = one
    return latest


@dataclass(frozen=True, slots=True)
class Change:
    """What a sender asked of one addressee of a document, and what came of it."""

    dispatch_id: str
    """The packet that asks."""
    kind: ChangeKind
    asked_at: datetime
    reason: str = ""
    deadline_at: datetime | None = None
    """None: no answer is owed."""
    finished: bool = False
    """The addressee had finished with the document when it was asked."""
    not_taken: bool = False
    """The delivery was refused by the addressee's system, or expired."""
    answer: Answer | None = None
    answered_at: datetime | None = None
    answer_reason: str = ""
    ledger_index: int | None = None
    """Of the entry that it was asked."""
    answer_index: int | None = None

    def outcome(self, now: datetime) -> ChangeOutcome:
        """How it stands at this instant."""
        if self.answer in {Answer.WITHDRAWN, Answer.DONE}:
            return ChangeOutcome(self.answer)
        if self.finished and self.kind is ChangeKind.RECALL:
            return ChangeOutcome.TOO_LATE
        if self.answer is Answer.REFUSED:
            return ChangeOutcome.REFUSED
        if self.not_taken:
            return ChangeOutcome.NOT_TAKEN
        if self.deadline_at is not None and self.deadline_at <= now:
            return ChangeOutcome.NO_ANSWER
        return ChangeOutcome.PENDING


def leads_back(document_id: str | None, named: bool, versions: Sequence[str | None]) -> bool:
    """Whether a new version closes a circle: `document_id` is its own, `versions` are the ids of what it supersedes,
    newest first. A packet may re-send its document under the same id, but then it does not name it (`named`) as the
    one it replaces.
    """
    if document_id is None:
        return False
    ids = list(versions)
    while not named and ids[:1] == [document_id]:
        del ids[0]
    return document_id in ids
