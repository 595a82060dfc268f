"""What a mail says, in words but not yet in a form: reminders and digests, made from facts when they are sent.

Of a document it names number and notation, sender and addressee, and (unless that is turned off) the subject; nothing
else of its content ever leaves by mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.exchange.deadlines import Deadline, What, overdue, owed
from gateway.exchange.line import Line
from gateway.exchange.reminders import STEPS
from gateway.model.calendar import VIET_NAM
from gateway.model.words import text
from gateway.store.queries import DeliveryFacts

DIGEST_ROWS_MAX = 100
"""Of one section; a longer list is nobody's morning reading."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A document in a mail."""

    code: str
    subject: str
    sender: str
    addressee: str
    until: str
    """The deadline, as a person reads it; empty where there is none."""
    delivery_id: str


@dataclass(frozen=True, slots=True)
class Section:
    """Documents of one kind, under a heading."""

    heading: str
    papers: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail before it has a form."""

    lang: str
    title: str
    opening: str
    sections: tuple[Section, ...]
    columns: tuple[str, ...]
    """Headings of a table of papers: number, subject, sender, addressee, deadline."""
    closing: str

    @property
    def empty(self) -> bool:
        return not any(section.papers for section in self.sections)


def reminder(line: Line, facts: DeliveryFacts, what: What, level: int) -> Letter | None:
    """The reminder of what is owed for a delivery; None where it is owed no more."""
    for deadline in owed(facts, line.calendar, line.deadlines):
        if deadline.what is what:
            lang = line.mail.lang
            late = "late" if deadline.passed(line.clock()) else "soon"
            step = text(lang, f"mail.step.{min(level, len(STEPS))}")
            heading = text(lang, f"mail.owed.{what}", clause=what.clause)
            return _letter(
                line,
                text(lang, f"mail.reminder.{late}", code=facts.code, owed=text(lang, f"mail.short.{what}")),
                step,
                [Section(heading, (_paper(line, facts, deadline),))],
            )
    return None


def digest(
    line: Line, agency: str, owing: Sequence[DeliveryFacts], sent_back: Sequence[DeliveryFacts], day: str
) -> Letter:
    """What an agency's people find in the morning: what is overdue, what they owe, what came back to them."""
    lang, now = line.mail.lang, line.clock()
    late: list[Paper] = []
    waiting: list[Paper] = []
    recalls: list[Paper] = []
    for facts in owing:
        overdue_ones = overdue(facts, line.calendar, line.deadlines, now)
        for deadline in owed(facts, line.calendar, line.deadlines):
            here = late if deadline in overdue_ones else recalls if deadline.what is What.RECALL else waiting
            here.append(_paper(line, facts, deadline))
    refused = [_paper(line, facts, None) for facts in sent_back]
    name = _name(line, agency)
    sections = [
        Section(text(lang, f"mail.digest.{kind}", count=str(len(papers))), tuple(papers[:DIGEST_ROWS_MAX]))
        for kind, papers in (("late", late), ("recalls", recalls), ("waiting", waiting), ("refused", refused))
    ]
    opening = text(lang, "mail.digest.opening", agency=name)
    shown = ".".join(reversed(day.split("-")))
    return _letter(line, text(lang, "mail.digest.title", day=shown, agency=name), opening, sections)


def _letter(line: Line, title: str, opening: str, sections: Sequence[Section]) -> Letter:
    lang = line.mail.lang
    names = ("code", "subject", "sender", "addressee", "until")
    return Letter(
        lang=lang,
        title=" ".join(title.split()),
        opening=opening,
        sections=tuple(section for section in sections if section.papers),
        columns=tuple(text(lang, f"mail.column.{name}") for name in names),
        closing=text(lang, "mail.closing", origin=line.notary.key.name),
    )


def _paper(line: Line, facts: DeliveryFacts, deadline: Deadline | None) -> Paper:
    return Paper(
        code=facts.code,
        subject=facts.subject if line.mail.subjects else "",
        sender=_name(line, facts.sender),
        addressee=_name(line, facts.addressee),
        until=_spoken(deadline.at) if deadline else "",
        delivery_id=facts.delivery_id,
    )


def _name(line: Line, key: str) -> str:
    agency = line.directory.agency(key)
    return agency.name if agency else key


def _spoken(at: datetime) -> str:
    return at.astimezone(VIET_NAM).strftime("%H:%M %d/%m/%Y")
