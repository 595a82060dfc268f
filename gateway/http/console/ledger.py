"""The ledger for people: checkpoints, witnesses and how fresh they are, entries page by page, one entry whole.

What these pages say, the browser can recompute (`static/verify.js`) from what anybody may fetch.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from aiohttp import web

from gateway.exchange.keeping import Standing
from gateway.exchange.line import Line
from gateway.http.console.page import Page, Visit
from gateway.ledger import Entry, decode
from gateway.ledger.tree import leaf_hash
from gateway.model.person import Role
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found
from gateway.store import queries
from gateway.store.queries.ledger import first_checkpoint_over, latest_checkpoints
from gateway.store.queries.witness import LastCosigned, gateway_keys_of, last_cosigned

ENTRIES_PER_PAGE = 50
CHECKPOINTS_SHOWN = 10
IDENTIFIERS = frozenset({"dispatch", "target", "change", "of"})
"""Fields that name a dispatch."""
AGENCIES = frozenset({"sender", "addressee", "addressees", "agency"})


@dataclass(frozen=True, slots=True)
class Watcher:
    """A witness, and how it stands with it."""

    name: str
    url: str
    last: LastCosigned | None
    standing: Standing | None


async def ledger(visit: Visit) -> web.Response:
    """The ledger as it stands, and a page of its entries, the newest first."""
    line = visit.line
    head = await line.store.read(queries.ledger_head)
    before = _index(visit.asked("before"), head.size)
    start = max(0, before - ENTRIES_PER_PAGE)
    rows = await line.store.read(queries.entries, start, before - start)
    entries = [(start + place, decode(data)) for place, data in enumerate(rows)]
    checkpoints = await line.store.read(latest_checkpoints, CHECKPOINTS_SHOWN)
    keys = await line.store.read(gateway_keys_of, "ledger")
    first = await line.store.read(first_checkpoint_over, keys[-1].ledger_index if keys else 0)
    return visit.show(
        "auditor_ledger.html",
        now=line.clock(),
        head=head,
        entries=entries[::-1],
        start=start,
        before=before,
        per_page=ENTRIES_PER_PAGE,
        checkpoints=[(one, *_read(one.note)) for one in checkpoints],
        watchers=[await _watcher(line, place) for place in range(len(line.keeping.witnesses))],
        required=line.keeping.required,
        keys=keys,
        first=first.note.decode() if first else "",
        vkey=line.notary.key.vkey,
        origin=line.notary.key.name,
    )


async def _watcher(line: Line, place: int) -> Watcher:
    one = line.keeping.witnesses[place]
    last = await line.store.read(last_cosigned, one.key.vkey)
    return Watcher(one.key.name, one.url, last, line.keeping.standing.get(one.key.name))


def _read(note: bytes) -> tuple[str, str]:
    """A note's root, and the note as text."""
    text = note.decode()
    return text.split("\n")[2], text


async def entry(visit: Visit) -> web.Response:
    """One entry: its fields in words, its bytes, and its verification."""
    index = _index(visit.part("index"), None)
    data = (await visit.line.store.read(queries.entries_at, (index,))).get(index)
    if data is None:
        raise Refused(found(Reason.NOT_FOUND))
    one = decode(data)
    head = await visit.line.store.read(queries.ledger_head)
    return visit.show(
        "auditor_entry.html",
        index=index,
        one=one,
        raw=data.decode(),
        packed=base64.b64encode(data).decode(),
        leaf=leaf_hash(data).hex(),
        at=one.at,
        head=head,
        fields=_fields(one),
        vkey=visit.line.notary.key.vkey,
        origin=visit.line.notary.key.name,
    )


def _fields(one: Entry) -> list[tuple[str, str, str]]:
    """Each field's name, how its value is shown (`dispatch`, `agency`, `plain`), and the value."""
    shown = []
    for name, value in one.fields:
        how = "dispatch" if name in IDENTIFIERS else "agency" if name in AGENCIES else "plain"
        shown.append((name, "plain" if value == "-" else how, value))
    return shown


def _index(written: str, otherwise: int | None) -> int:
    """A place in the ledger. Refused(request.not_found) for what is none; nothing written: `otherwise`."""
    if not written and otherwise is not None:
        return otherwise
    if not (written.isascii() and written.isdecimal() and len(written) < 19):
        raise Refused(found(Reason.NOT_FOUND))
    return int(written) if otherwise is None else min(int(written), otherwise)


PAGES = (
    Page("GET", "/ledger", "console_ledger", ledger, (Role.AUDITOR,)),
    Page("GET", "/ledger/{index}", "console_entry", entry, (Role.AUDITOR,)),
)
