"""The auditor's pages over a real server: events for whoever audits, content for a reason that is recorded first."""

from __future__ import annotations

import hashlib
import html
import io
import re
import zipfile
from pathlib import Path

import pytest

from gateway.exchange.indexing import index_more
from gateway.http.console import tracing
from gateway.ledger import EntryKind, decode
from gateway.model.reasons import Reason
from gateway.model.words import text
from gateway.store import queries
from tests.http.console.papers import delivery_of, fetched, sent
from tests.http.console.visitor import AUDITOR, EVERYBODY, Visitor, settle
from tests.http.town import FAR, MINISTRY, PROVINCE, Town, awaited, town

SECRET = "Chuyện không ai được biết"


def says(visitor: Visitor, key: str, lang: str = "vi", **values: str) -> bool:
    return html.escape(text(lang, f"console.{key}", **values)) in visitor.page.replace("&#39;", "&#x27;")


async def views(here: Town) -> list[str]:
    entries = [decode(one) for one in await here.line.store.read(queries.entries, 0, 1000)]
    return [one["what"] for one in entries if one.kind is EntryKind.VIEW]


@awaited
async def test_only_auditors_come_to_the_auditors_pages(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch_id = await sent(here)
        pages = ("/ledger", "/ledger/0", "/dispatches", f"/dispatches/{dispatch_id}", "/acts", "/anomalies")
        for person in EVERYBODY:
            visitor = await Visitor(here).enter(person.key)
            for page in pages:
                await visitor.go(page)
                assert visitor.status == (200 if person is AUDITOR else Reason.PERSON_NOT_ALLOWED.status), page
            if person is not AUDITOR:
                await visitor.go("/account")
                await visitor.send(f"/dispatches/{dispatch_id}/content", reason="tò mò")
                assert visitor.status == Reason.PERSON_NOT_ALLOWED.status
        assert await views(here) == []


@awaited
async def test_content_is_shown_only_after_its_reason_is_in_the_ledger(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch_id = await sent(here, subject=SECRET)
        auditor = await (await Visitor(here).enter("minh")).go(f"/dispatches/{dispatch_id}")
        assert SECRET not in auditor.page
        await auditor.send(f"/dispatches/{dispatch_id}/content", reason="  ")
        assert auditor.status == Reason.REQUEST_MALFORMED.status
        assert await views(here) == []
        await auditor.go(f"/dispatches/{dispatch_id}")
        await auditor.send(f"/dispatches/{dispatch_id}/content", reason="thanh tra quý IV")
        assert SECRET in auditor.page
        assert says(auditor, "traces.recorded")
        assert await views(here) == ["content"]
        assert SECRET not in (await auditor.go(f"/dispatches/{dispatch_id}")).page
        assert "thanh tra quý IV" in (await auditor.go("/acts")).page
        assert says(auditor, "act.view.content")
        assert says(await auditor.go("/acts?by=khac"), "acts.none")


@awaited
async def test_no_page_of_an_auditor_holds_content_before_it_is_asked_for(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch_id = await sent(here, subject=SECRET)
        auditor = await Visitor(here).enter("minh")
        for page in ("/ledger", "/dispatches", f"/dispatches?q={dispatch_id}", f"/dispatches/{dispatch_id}", "/acts"):
            assert SECRET not in (await auditor.go(page)).page


@awaited
async def test_a_case_is_a_look_too(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch_id = await sent(here)
        auditor = await (await Visitor(here).enter("minh")).go(f"/dispatches/{dispatch_id}")
        token = re.search(r'name="token" value="([0-9a-f]+)"', auditor.page)
        assert token
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in auditor.cookies.items())}
        where = f"{here.url}/console/dispatches/{dispatch_id}/case"
        form = {"token": token[1], "reason": "vụ việc 12"}
        async with here.session.post(where, data=form, headers=cookies) as answer:
            assert answer.status == 200
            assert f"{dispatch_id}.asice" in answer.headers["Content-Disposition"]
            names = zipfile.ZipFile(io.BytesIO(await answer.read())).namelist()
        assert "receipt.xml" in names
        assert await views(here) == ["case"]


@awaited
async def test_evidence_is_taken_without_a_look_at_the_content(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch_id = await sent(here, subject=SECRET)
        auditor = await (await Visitor(here).enter("minh")).go(f"/dispatches/{dispatch_id}")
        (first, *_) = re.findall(rf"/console(/dispatches/{dispatch_id}/evidence/\d+/\w+)", auditor.page)
        await auditor.go(first)
        assert auditor.headers["Content-Type"].startswith("application/xml")
        assert "SubmissionAcceptance" in auditor.page
        assert SECRET not in auditor.page
        await auditor.go(first)
        assert await views(here) == ["evidence"], "the first time it is taken"
        assert (await auditor.go(f"/dispatches/{dispatch_id}/evidence/999/SubmissionAcceptance")).status == 404


def found_in(visitor: Visitor) -> set[str]:
    return set(re.findall(r"<a href=\"/console/dispatches/([0-9A-Z]{26})\"", visitor.page))


@awaited
async def test_dispatches_are_found_by_number_notation_agency_day_and_state(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        near, far = await sent(here, "G22.1"), await sent(here, "G22.2", (FAR,), code_number="12")
        await fetched(here, await delivery_of(here, near))
        while await index_more(here.line):
            pass
        auditor = await Visitor(here).enter("minh")
        for asked, found in (
            (f"q={near}", {near}),
            (f"q={await delivery_of(here, far)}", {far}),
            ("q=G22.2", {far}),
            ("q=12/BKT-VP", {far}),
            ("q=bkt+vp", {near, far}),
            ("q=khong-co", set()),
            ("", {near, far}),
            (f"agency={FAR}", {far}),
            ("agency=co+quan+o+xa", {far}),
            ("agency=co+quan+o+xa&q=12", {far}),
            (f"agency={MINISTRY}", {near, far}),
            ("agency=khong-co", set()),
            (f"agency={PROVINCE}&since=2020-01-01&until=2020-01-02", set()),
            (f"agency={PROVINCE}&since=1/1/2020&until=02/01/2020", set()),
            (f"agency={MINISTRY}&since=1/1/2020&until=31/12/2030", {near, far}),
            ("state=delivered", {near}),
            ("state=queued", {far}),
            (f"state=expired&agency={MINISTRY}", set()),
            ("q=bkt&state=delivered", {near}),
        ):
            assert found_in(await auditor.go(f"/dispatches?{asked}")) == found, asked
        for wrong in ("since=hom-qua", "until=9999-12-31", "since=2026-13-01"):
            assert (await auditor.go(f"/dispatches?{wrong}")).status == Reason.REQUEST_MALFORMED.status


@awaited
async def test_a_subject_is_searched_only_for_a_reason_that_is_recorded_first(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        secret = await sent(here, subject=SECRET)
        while await index_more(here.line):
            pass
        auditor = await (await Visitor(here).enter("minh")).go("/dispatches?q=khong+ai+duoc+biet")
        assert found_in(auditor) == set(), "what it is about is not searched with its number"
        await auditor.send("/dispatches", words="khong ai duoc biet", reason=" ")
        assert auditor.status == Reason.REQUEST_MALFORMED.status
        await auditor.go("/dispatches")
        await auditor.send("/dispatches", words="khong ai duoc biet", reason="thanh tra quý IV")
        assert found_in(auditor) == {secret}
        assert SECRET in auditor.page
        await auditor.go("/acts")
        assert "thanh tra quý IV «khong ai duoc biet»" in auditor.page
        assert says(auditor, "act.auditor.searched")
        entries = await here.line.store.read(queries.entries, 0, 1000)
        assert not [one for one in entries if b"biet" in one], "the ledger keeps a digest of it"


@awaited
async def test_older_dispatches_are_read_on_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "ROWS_MAX", 2)
    async with town(tmp_path) as here:
        await settle(here)
        ids = [await sent(here, f"G22.{number}", code_number=str(10 + number)) for number in range(1, 6)]
        auditor = await (await Visitor(here).enter("minh")).go(f"/dispatches?agency={MINISTRY}")
        pages = [found_in(auditor)]
        while older := re.search(r'href="/console(/dispatches\?[^"]*before=[^"]*)"', auditor.page):
            pages.append(found_in(await auditor.go(html.unescape(older[1]))))
        assert [len(page) for page in pages] == [2, 2, 1]
        assert set().union(*pages) == set(ids)


@awaited
async def test_an_auditor_takes_an_attachment_for_a_reason(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch_id = await sent(here)
        (file,) = (await here.line.store.read(queries.packet, dispatch_id)).attachments
        auditor = await (await Visitor(here).enter("minh")).go(f"/dispatches/{dispatch_id}")
        assert file.sha256 not in auditor.page
        await auditor.send(f"/dispatches/{dispatch_id}/content", reason="vụ việc 12")
        assert file.sha256 in auditor.page
        where = f"/dispatches/{dispatch_id}/attachments/1"
        await auditor.take(where, reason="")
        assert auditor.status == Reason.REQUEST_MALFORMED.status
        data = await auditor.take(where, reason="vụ việc 12")
        assert hashlib.sha256(data).hexdigest() == file.sha256
        await auditor.take(f"/dispatches/{dispatch_id}/attachments/9", reason="vụ việc 12")
        assert auditor.status == 404
        assert await views(here) == ["content", "attachment.1"]
        assert says(await auditor.go("/acts"), "act.view_attachment", number="1")


@awaited
async def test_what_was_refused_is_told_by_the_page_in_words(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await (await Visitor(here).enter("lan")).go("/ledger")
        auditor = await (await Visitor(here).enter("minh")).go("/acts")
        assert says(auditor, "place.ledger")
        assert not re.search(r">console_\w+<", auditor.page)
        assert not re.search(r">console_\w+<", (await auditor.go("/ledger")).page)
        await auditor.go("/nowhere")
        assert says(auditor, "error.hint.not_found")


@awaited
async def test_the_ledger_is_read_page_by_page_and_entry_by_entry(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        for number in range(12, 42):
            dispatch_id = await sent(here, f"G22.{number}", code_number=str(number))
            await fetched(here, await delivery_of(here, dispatch_id))
        auditor = await (await Visitor(here).enter("minh")).go("/ledger")
        assert says(auditor, "ledger.no_witness")
        assert here.line.notary.key.vkey.replace("+", "&#43;") in auditor.page.replace("+", "&#43;")
        shown = [int(one) for one in re.findall(r'number"><a href="/console/ledger/(\d+)"', auditor.page)]
        assert len(shown) == 50
        assert shown == sorted(shown, reverse=True)
        older = re.search(r"/console(/ledger\?before=\d+)", auditor.page)
        assert older
        await auditor.go(older[1])
        assert says(auditor, "ledger.newer")
        data = (await here.line.store.read(queries.entries_at, (shown[-1],)))[shown[-1]]
        await auditor.go(f"/ledger/{shown[-1]}")
        assert html.escape(data.decode()) in auditor.page
        assert says(auditor, f"ledger.means.{decode(data).kind}")


@pytest.mark.parametrize(
    "path",
    [
        "/ledger/999999",
        "/ledger/-1",
        "/ledger/x",
        "/ledger/\u0661",
        "/ledger?before=x",
        "/dispatches/x",
        "/acts?before=x",
    ],
)
def test_what_is_not_there_is_not_found(tmp_path: Path, path: str) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            assert (await (await Visitor(here).enter("minh")).go(path)).status == 404

    play()


@awaited
async def test_what_is_odd_is_told_with_the_entries_that_show_it(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await sent(here)
        await here.pass_(hours=80)
        auditor = await (await Visitor(here).enter("minh")).go("/anomalies")
        size = len(await here.line.store.read(queries.entries, 0, 1000))
        since, until = "24/10/2026", "26/11/2026"
        assert says(auditor, "oddities.looked", since="27/10/2026", until=until, count=str(size)), since
        await auditor.go("/anomalies?since=2026-11-01&until=2026-12-01")
        assert re.search(r'href="/console/ledger/\d+"', auditor.page)
        assert "Ủy ban nhân dân tỉnh Kiểm thử" in auditor.page
        assert says(auditor, "oddities.kind.never_delivered")
        assert says(await auditor.go("/anomalies?since=2020-01-01&until=2020-01-02"), "oddities.none")
        assert (await auditor.go("/anomalies?since=x&until=y")).status == Reason.REQUEST_MALFORMED.status
