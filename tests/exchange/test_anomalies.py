"""Each oddity an auditor should look at is told, with the entries that show it; an ordinary day tells nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import edxml
from gateway.exchange import courier, oddities
from gateway.exchange.anomalies import REFUSALS_AN_HOUR_MAX, Anomaly, AnomalyKind, anomalies
from gateway.ledger import Entry, EntryKind
from gateway.model.calendar import shipped_calendar
from gateway.model.packet import BusinessType
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.store import PutDirectory, RecordRefusal, Store, queries
from gateway.store.queries.auditing import Span
from gateway.trust import seal
from tests.exchange.conftest import Story
from tests.exchange.life import change, collect, delivery, document, send, status, trusting
from tests.http.town import FAR, MINISTRY, PROVINCE, Clock, directory, document_of, open_line
from tests.pki import NOW, pki
from tests.store.samples import admit, dispatch_id, write

YEARS = timedelta(days=400)


def began(store: Store, folder: Path) -> Story:
    asyncio.run(store.write(PutDirectory(directory(), NOW)))
    clock = Clock()
    return trusting(Story(open_line(store, folder, clock), clock))


def told(story: Story) -> list[Anomaly]:
    span = Span(NOW - YEARS, NOW + YEARS, story.clock())

    def read(connection: queries.Connection) -> list[Anomaly]:
        return list(anomalies(connection, shipped_calendar(), span))

    recounted = asyncio.run(story.line.store.read(read))
    assert asyncio.run(remembered(story, span)) == in_order(recounted)
    return recounted


async def remembered(story: Story, span: Span) -> list[Anomaly]:
    """What the task that follows the ledger knows: the same, from its own tables."""
    found = await oddities.look(story.line, span, tuple(AnomalyKind), 1_000)
    return in_order([one for _, several, _ in found.kinds for one in several])


def in_order(found: list[Anomaly]) -> list[Anomaly]:
    return sorted(found, key=lambda one: (one.kind, one.indexes, sorted(one.values.items())))


def of(found: list[Anomaly], kind: AnomalyKind) -> list[dict[str, str]]:
    return [dict(one.values) for one in found if one.kind is kind]


def test_an_ordinary_day_tells_nothing(store: Store, tmp_path: Path) -> None:
    story = began(store, tmp_path)

    async def day() -> None:
        one = await send(story, document("G22.1", number="7816"))
        await collect(story, one.dispatch_id)
        await send(story, status("06", "G22.1"), PROVINCE)
        await collect(story, (await send(story, document("G22.2", number="7817"))).dispatch_id)

    asyncio.run(day())
    assert [one for one in told(story) if one.kind is not AnomalyKind.NEVER_DELIVERED] == []


async def odd_day(story: Story) -> dict[str, str]:
    """One of each. Gives the dispatches concerned."""
    line, clock = story.line, story.clock
    first = await send(story, document("G22.1", (PROVINCE, FAR), number="7816"))
    near = await delivery(story, first.dispatch_id, PROVINCE)
    await courier.fetch(line, story.peer("tinh"), near.id)
    await send(story, change(BusinessType.RECALL, "G22.3", "G22.1", number="7817"))
    await send(story, document("G22.4", number="7820"))
    await send(story, status("03", "G22.99"), PROVINCE)
    for _ in range(REFUSALS_AN_HOUR_MAX + 1):
        at = clock()
        entry = Entry.of(EntryKind.REFUSE, at, peer="xa", packet="-", reason="xml.doctype").encode()
        await line.store.write(RecordRefusal("xa", None, Reason.XML_DOCTYPE, at, entry))
    clock.pass_(hours=12)
    night = await send(story, document("G22.5", number="7821"))
    clock.pass_(hours=-1)
    await send(story, document("G22.6", number="7822"))
    clock.pass_(hours=100)
    return {"first": first.dispatch_id, "night": night.dispatch_id}


def test_each_oddity_is_told_with_the_entries_that_show_it(store: Store, tmp_path: Path) -> None:
    story = began(store, tmp_path)
    ids = asyncio.run(odd_day(story))
    found = told(story)
    entries = asyncio.run(story.entries())
    assert {"dispatch": ids["first"], "addressee": FAR} in of(found, AnomalyKind.NEVER_DELIVERED)
    assert {"dispatch": ids["first"], "addressee": PROVINCE} in of(found, AnomalyKind.NEVER_ACKNOWLEDGED)
    assert of(found, AnomalyKind.RECALLED_AFTER_OPENING) == [{"dispatch": ids["first"], "addressee": PROVINCE}]
    assert [one["missing"] for one in of(found, AnomalyKind.NUMBERING_GAP)] == ["7818–7819"]
    assert [one["code"] for one in of(found, AnomalyKind.UNMATCHED_STATUS)] == ["03"]
    assert [one["count"] for one in of(found, AnomalyKind.MANY_REFUSALS)] == [str(REFUSALS_AN_HOUR_MAX + 1)]
    assert [one["count"] for one in of(found, AnomalyKind.ODD_HOURS)] == ["2"]
    assert [one["seconds"] for one in of(found, AnomalyKind.CLOCK_BACK)] == ["3600"]
    for one in found:
        assert one.indexes and all(index < len(entries) for index in one.indexes)
        assert one.text("vi") != one.text("en")
    (late,) = (one for one in found if one.kind is AnomalyKind.RECALLED_AFTER_OPENING)
    assert [entries[index].kind for index in late.indexes] == [EntryKind.DELIVER, EntryKind.CHANGE]


def test_what_was_signed_with_an_expired_certificate_is_told(store: Store, tmp_path: Path) -> None:
    story = began(store, tmp_path)
    expired = pki().expired
    agencies = tuple(
        replace(one, certificates=(*one.certificates, expired.der)) if one.key == MINISTRY else one
        for one in story.line.directory.agencies
    )
    story.line.state.directory = replace(story.line.directory, agencies=agencies)
    with pytest.raises(Refused):
        asyncio.run(story.submit(seal(edxml.write(document_of("G22.1", (PROVINCE,))), (), expired.signer, NOW)))
    refused = {"peer": "bo", "reason": str(Reason.SEAL_CERTIFICATE_VALIDITY)}
    assert of(told(story), AnomalyKind.EXPIRED_REFUSED) == [refused]


def test_a_pdf_signed_with_one_and_let_in_by_policy_is_told(store: Store, tmp_path: Path) -> None:
    """The receipt's findings say so."""
    story = began(store, tmp_path)
    digest = "a" * 64
    said = {"peer": "bo", "sender": MINISTRY, "packet": digest, "receipt": digest, "report": digest}
    certificates = {"seal_certificate": "-", "gateway_certificate": digest}
    entry = Entry.of(
        EntryKind.ACCEPT, NOW, dispatch=dispatch_id(1), addressees=PROVINCE, **said, **certificates
    ).encode()
    receipt = b'<Receipt><Finding reason="pdf.certificate_validity"></Finding></Receipt>'
    write(store, admit(1, PROVINCE, sender=MINISTRY, entry=entry, receipt_xml=receipt))
    told_of = {"dispatch": dispatch_id(1), "sender": MINISTRY, "reason": "pdf.certificate_validity"}
    assert of(told(story), AnomalyKind.EXPIRED_CERTIFICATE) == [told_of]
