"""The table of two doors: a row for everything that happens to a document, a column for each pair of doors.

`python -m tests.http.doors.cells` writes it as the page `docs/two-doors.md` has it; a test of each cell is in
`test_two_doors.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.packet import BusinessType
from gateway.model.words import text
from tests.http.doors.desks import Told
from tests.http.doors.scene import ANSWER, WHY, Act, Scene

AXIS, NATIVE = "axis", "native"
WAYS = ((AXIS, NATIVE), (NATIVE, AXIS), (AXIS, AXIS), (NATIVE, NATIVE))
"""The door of whoever acts, and that of whoever is told."""


@dataclass(frozen=True)
class Row:
    """One thing that happens, and what must come of it whichever doors the two use."""

    name: str
    """In the names of its tests."""
    what: str
    act: Act
    """Does it, and gives what the other side reads in the end."""
    by_sender: bool
    """Whether the document's sender acts; otherwise its addressee."""
    says: str
    """What the other side reads: a status code or the type of a document; empty: nothing, for there is nothing to
    read."""
    words: str
    status: str = "acknowledged"
    """Of the delivery."""
    processing: str = ""
    change: str = ""
    """What was asked and what came of it, `recall done`."""
    entries: tuple[str, ...] = ()
    """Kinds that the ledger has of it, beside the document's own acceptance."""
    event: str = "ConsignmentAcceptance"
    """The evidence of EN 319 522 that both sides hold in the end."""
    readable: bool = True
    """Whether the addressee can still fetch the document."""


def _reported(code: str) -> Act:
    async def act(scene: Scene) -> Told:
        await scene.collect()
        return await scene.report(code)

    return act


def _changed(kind: BusinessType) -> Act:
    async def act(scene: Scene) -> Told | None:
        await scene.collect()
        return await scene.change(kind)

    return act


def _answered(by_document: bool, code: str) -> Act:
    async def act(scene: Scene) -> Told:
        await scene.collect()
        asked = await (scene.change(BusinessType.RECALL) if by_document else scene.ask_back())
        assert asked is not None and asked.words == WHY
        return await scene.report(code)

    return act


async def _new(scene: Scene) -> Told:
    return await scene.collect()


async def _asked_back(scene: Scene) -> Told | None:
    await scene.collect()
    return await scene.ask_back()


async def _recalled_before_it_left(scene: Scene) -> Told | None:
    told = await scene.change(BusinessType.RECALL)
    assert told is not None and told.of != scene.dispatch_id
    return told


async def _taken_back_before_it_left(scene: Scene) -> Told:
    assert await scene.ask_back() is None
    return await scene.told_that_it_never_left()


_EVENTS = {"01": "ContentHandover", "02": "ConsignmentRejection", "03": "ConsignmentAcceptance"}
_ACCESS = "ContentAccessTracking"
_REFUSED = "ConsignmentRejection"
_ASKED = "NotificationForAcceptance"
_NEVER = "ContentConsignmentFailure"
NEVER_LEFT = " / ".join(text(lang, "life.not_sent") for lang in ("vi", "en"))


def _status_row(code: str, what: str) -> Row:
    """What the addressee's people did."""
    event = _EVENTS.get(code, _ACCESS)
    return Row(code, what, _reported(code), False, code, ANSWER, processing=code, entries=("status",), event=event)


def _answer_row(name: str, what: str, by_document: bool, agreed: bool) -> Row:
    """The addressee's answer to a recall."""
    code, outcome = ("15", "recall done") if agreed else ("16", "recall refused")
    event = "ConsignmentAcceptance" if agreed else _REFUSED
    entries = ("change", "answer")
    return Row(
        name, what, _answered(by_document, code), False, code, ANSWER,
        change=outcome, entries=entries, event=event, readable=not agreed,
    )  # fmt: skip


def _type_row(kind: BusinessType, what: str) -> Row:
    """A document that changes another."""
    says, change = f"type {kind.value}", f"{kind.name.lower()} pending"
    return Row(
        f"type{kind.value}", what, _changed(kind), True, says, WHY, change=change, entries=("change",), event=_ASKED
    )


ROWS = (
    _status_row("01", "status 01, arrived"),
    _status_row("02", "status 02, refused by people"),
    _status_row("03", "status 03, accepted"),
    _status_row("04", "status 04, assigned"),
    _status_row("05", "status 05, in process"),
    _status_row("06", "status 06, finished"),
    Row(
        "13", "status 13, asked back", _asked_back, True, "13", WHY,
        change="recall pending", entries=("status", "change"), event=_ASKED,
    ),
    _answer_row("15", "status 15, agreed (to a 13)", False, True),
    _answer_row("16", "status 16, refused (a 13)", False, False),
    Row("type0", "type 0, a new document", _new, True, "type 0", "", entries=("acknowledge",)),
    _type_row(BusinessType.RECALL, "type 1, recall"),
    _type_row(BusinessType.UPDATE, "type 2, update"),
    _type_row(BusinessType.REPLACE, "type 3, replacement"),
    _answer_row("recall-agreed", "recall by document, agreed", True, True),
    _answer_row("recall-refused", "recall by document, refused", True, False),
    Row(
        "recall-in-time", "recall by document, before it left", _recalled_before_it_left, True, "type 1", WHY,
        status="withdrawn", change="recall withdrawn", entries=("change", "withdraw"), event=_NEVER, readable=False,
    ),
    Row(
        "take-back-in-time", "recall by status, before it left", _taken_back_before_it_left, True, "15", NEVER_LEFT,
        status="withdrawn", change="recall withdrawn", entries=("change", "withdraw"), event=_NEVER, readable=False,
    ),
)  # fmt: skip

_HEADINGS = ("", "the delivery", "what the people did", "the change", "in the ledger", "evidence of both sides")


def table() -> str:
    """The table as Markdown."""
    headings = [*_HEADINGS, *(f"{acting} → {told}" for acting, told in WAYS)]
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    lines += [f"| {' | '.join(_cells(row))} |" for row in ROWS]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> list[str]:
    entries = ", ".join(f"`{one}`" for one in row.entries)
    facts = [row.what, row.status, row.processing, row.change, entries, row.event]
    return facts + [f"`{row.name}-{acting}-{told}`" for acting, told in WAYS]


if __name__ == "__main__":
    print(table(), end="")
