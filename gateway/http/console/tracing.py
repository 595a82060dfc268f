"""Finding dispatches, for an auditor: by number, agency, day and state, as the register knows them; by what they are
about only for a reason, which is in the ledger before anything is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from aiohttp import web

from gateway.exchange.acts import note, operator_act
from gateway.exchange.line import SALT_BYTES
from gateway.exchange.operating import REASON_CHARS_MAX, reason_given
from gateway.http.console.clerk import names
from gateway.http.console.days import iso
from gateway.http.console.page import Page, Visit
from gateway.http.console.render import VIET_NAM
from gateway.model.dispatch import new_id
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.model.search_words import addressee_word, sender_word, wanted, words_of
from gateway.store.queries.desktop import END
from gateway.store.queries.search import STATES, Sought
from gateway.store.queries.traces import Looked, Trace, subjects, traces_named, traces_of, traces_sought

ROWS_MAX = 100
WORDS_CHARS_MAX = 200
AGENCIES_MAX = 20
"""Of one name, looked through."""
SEARCHED = "auditor.searched"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says, as it was written."""

    words: str
    agency: str
    since: str
    until: str
    state: str
    before: str
    today: str = ""
    """The day that runs; empty where what was asked says another way what is looked through."""

    @property
    def only_today(self) -> bool:
        """Without a word about what, whose or when: what came today."""
        return not (self.words or self.agency or self.since or self.until)

    @classmethod
    def of(cls, visit: Visit) -> Asked:
        """What was written, and no more: days that nobody wrote would narrow the next search."""
        words, agency = visit.asked("q")[:WORDS_CHARS_MAX], visit.asked("agency")[:WORDS_CHARS_MAX]
        state = visit.asked("state") if visit.asked("state") in STATES else ""
        since, until = iso(visit.asked("since")), iso(visit.asked("until"))
        today = visit.line.clock().astimezone(VIET_NAM).date().isoformat()
        return cls(words, agency, since, until, state, visit.asked("before")[:26], today)

    @property
    def period(self) -> tuple[str, str]:
        """Identifiers from which on, and below which."""
        since = self.today if self.only_today else self.since
        first = _first(since, 0) if since else ""
        before = _first(self.until, 1) if self.until else END
        return first, min(before, self.before or END)


async def dispatches(visit: Visit) -> web.Response:
    """What is on record; nothing it says."""
    asked = Asked.of(visit)
    return await _show(visit, asked, await _look(visit, asked, by_subject=False), {})


async def by_subject(visit: Visit) -> web.Response:
    """Documents by what they are about. That somebody looked for it is in the ledger before, with their reason."""
    words, line = visit.form.get("words", "").strip()[:WORDS_CHARS_MAX], visit.line
    reason = reason_given(visit.form.get("reason", ""))
    salt = line.chance.randbytes(SALT_BYTES)
    await note(line, operator_act(visit.actor, SEARCHED, "subjects", f"{reason} «{words}»", salt, line.clock()))
    asked = Asked(words, "", "", "", "", "")
    looked = await _look(visit, asked, by_subject=True)
    ids = [one.id for one in looked.traces]
    return await _show(visit, asked, Looked(looked.traces), await line.store.read(subjects, ids), opened=True)


async def _look(visit: Visit, asked: Asked, *, by_subject: bool) -> Looked:
    line, words = visit.line, wanted(asked.words)
    first, before = asked.period
    named = () if by_subject or asked.before else await line.store.read(traces_named, asked.words, ROWS_MAX)
    if named:
        return Looked(named)
    found_agencies = line.directory.find(asked.agency, limit=AGENCIES_MAX) if asked.agency else ()
    keys = [one.key for one in found_agencies]
    if (asked.agency and not keys) or (asked.words and not words):
        return Looked(())
    if not words:
        return await line.store.read(traces_of, keys, asked.state, first, before, ROWS_MAX)
    marks = [mark(key) for key in keys for mark in (sender_word, addressee_word)]
    every = [(mark, *words) for mark in marks] or [words]
    sought = [Sought(one, first, before, state=asked.state) for one in every]
    looked = await line.store.read(traces_sought, sought, ROWS_MAX)
    if by_subject:
        return looked
    return Looked(tuple(one for one in looked.traces if _is_named(visit, one, words)), looked.older)


def _is_named(visit: Visit, one: Trace, words: Sequence[str]) -> bool:
    """Whether its number, its identifier and its parties have these words: what it is about does not count."""
    called = names(visit)
    parties = (one.sender, *(key for key, _ in one.stands))
    return set(words) <= set(words_of(one.code, one.document_id or "", *parties, *map(called, parties)))


async def _show(
    visit: Visit, asked: Asked, looked: Looked, about: dict[str, str], *, opened: bool = False
) -> web.Response:
    return visit.show(
        "auditor_dispatches.html",
        asked=asked,
        rows=looked.traces,
        older=looked.older,
        about=about,
        opened=opened,
        states=STATES,
        most=ROWS_MAX,
        reason_chars_max=REASON_CHARS_MAX,
        name=names(visit),
    )


def _first(written: str, days_later: int) -> str:
    """The smallest identifier of a day in Viet Nam. Refused(request.malformed) for what is no day."""
    try:
        day = datetime.combine(date.fromisoformat(written) + timedelta(days=days_later), time(), VIET_NAM)
        return new_id(int(day.timestamp() * 1000), bytes(10))
    except (ValueError, OverflowError) as wrong:
        raise Refused(found(Reason.REQUEST_MALFORMED, fault="no_day")) from wrong


PAGES = (
    Page("GET", "/dispatches", "console_dispatches", dispatches, (Role.AUDITOR,)),
    Page("POST", "/dispatches", "console_subjects", by_subject, (Role.AUDITOR,)),
)
