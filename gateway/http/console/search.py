"""Finding a document again: by words with or without diacritics, by whom, when, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from aiohttp import web

from gateway.exchange.desk import works_for
from gateway.exchange.today import first_id
from gateway.http.console.clerk import CLERK, Whose, names, whose
from gateway.http.console.days import iso
from gateway.http.console.page import Page, Visit
from gateway.model.calendar import VIET_NAM
from gateway.model.search_words import addressee_word, sender_word, wanted
from gateway.store.queries.desk import Paper, PaperDelivery
from gateway.store.queries.desktop import END
from gateway.store.queries.search import EVENTS, STATES, Sought
from gateway.store.queries.search import search as find

ROWS = 50
OTHERS_MAX = 200
QUERY_CHARS_MAX = 300
KINDS = {"0", "1", "2", "3"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says, as it was written."""

    words: str
    other: str
    since: str
    until: str
    way: str
    """"sent", "received" or nothing."""
    kind: str
    state: str
    before: str

    @classmethod
    def of(cls, visit: Visit) -> Asked:
        def among(name: str, known: set[str]) -> str:
            return visit.asked(name) if visit.asked(name) in known else ""

        return cls(
            visit.asked("q")[:QUERY_CHARS_MAX],
            visit.asked("other")[:QUERY_CHARS_MAX],
            iso(visit.asked("since")),
            iso(visit.asked("until")),
            among("way", {"sent", "received"}),
            among("kind", KINDS),
            among("state", {*STATES, *EVENTS}),
            visit.asked("before")[:26],
        )

    @property
    def anything(self) -> bool:
        return any((self.words, self.other, self.since, self.until, self.way, self.kind, self.state))


async def search(visit: Visit) -> web.Response:
    """The form, and what it finds. Empty, it shows nothing yet."""
    agencies, asked = whose(visit), Asked.of(visit)
    sought = _sought(visit, agencies, asked) if asked.anything else ()
    rows = await visit.line.store.read(find, sought, ROWS + 1) if sought else ()
    return visit.show(
        "clerk_search.html",
        whose=agencies,
        asked=asked,
        rows=[(one, _seen(visit, one)) for one in rows[:ROWS]],
        more=rows[ROWS - 1].id if len(rows) > ROWS else "",
        states=(*STATES, *EVENTS),
        name=names(visit),
    )


def _seen(visit: Visit, paper: Paper) -> tuple[PaperDelivery, ...]:
    """The deliveries of a document that this person may see."""
    sent = works_for(visit.line, visit.person, paper.sender)
    return tuple(one for one in paper.deliveries if sent or works_for(visit.line, visit.person, one.addressee))


def _sought(visit: Visit, agencies: Whose, asked: Asked) -> tuple[Sought, ...]:
    """For each of their agencies, as sender and as addressee."""
    words = wanted(asked.words)
    if asked.words and not words:
        return ()
    first, before = _edge(asked.since, ""), _edge(asked.until, END, days=1)
    others = None
    if asked.other:
        others = tuple(one.key for one in visit.line.directory.find(asked.other, limit=OTHERS_MAX))
        if not others:
            return ()
    found = []
    for key in agencies.keys:
        for way, mark, of in (("sent", sender_word(key), ""), ("received", addressee_word(key), key)):
            if asked.way in {"", way}:
                kind = int(asked.kind) if asked.kind else None
                last = min(before, asked.before or END)
                found.append(Sought((mark, *words), first, last, others, kind, asked.state, of))
    return tuple(found)


def _edge(written: str, missing: str, days: int = 0) -> str:
    """The lowest identifier of a day (`yyyy-mm-dd`), or of one so many days later; what is no day does not count."""
    try:
        day = date.fromisoformat(written) + timedelta(days=days)
        return first_id(datetime.combine(day, time(0), VIET_NAM).astimezone(UTC))
    except (ValueError, OverflowError):
        return missing


PAGES = (Page("GET", "/search", "console_search", search, CLERK),)
