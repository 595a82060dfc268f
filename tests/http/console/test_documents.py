"""The page of a document, and what a clerk does there: said beforehand, provable afterwards, never done twice."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from gateway.exchange.acts import salted
from gateway.exchange.watch import refresh_directory
from gateway.ledger import EntryKind, decode
from gateway.model.agency import Agency, Directory, Grant
from gateway.model.delivery import DeliveryEvent
from gateway.store import Advance, PutDirectory, queries
from tests.http.console.papers import delivery_of, fetched, sent, told
from tests.http.console.test_way_in import said
from tests.http.console.visitor import HOA, Visitor, settle
from tests.http.town import DEPARTMENT, FAR, PROVINCE, Town, awaited, town


async def entries(here: Town, kind: EntryKind) -> list[dict[str, str]]:
    found = [decode(one) for one in await here.line.store.read(queries.entries, 0, 1000)]
    return [dict(one.fields) for one in found if one.kind is kind]


@awaited
async def test_the_four_facts_of_each_addressee_are_kept_apart(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here, to=(PROVINCE, FAR))
        delivery = await delivery_of(here, dispatch)
        await fetched(here, delivery)
        await told(here, delivery, "03")
        visitor = await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}")
        assert visitor.status == 200
        for fact in ("accepted", "carried", "taken_in", "finished"):
            assert said(visitor, f"console.clerk.fact.{fact}")
        for event in ("accepted", "delivered", "status_03"):
            assert said(visitor, f"console.clerk.event.{event}")
        assert "Cơ quan ở xa" in visitor.page
        assert "giấy mời.pdf" in visitor.page
        assert "ngày 20 tháng 11 năm 2026" in visitor.page


@awaited
async def test_documents_of_others_are_not_there(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here, to=(FAR,))
        delivery = await delivery_of(here, dispatch)
        visitor = await (await Visitor(here).enter("hoa")).go("/account")
        pages = [f"/documents/{dispatch}", f"/documents/{dispatch}/evidence/1/x", f"/documents/{'0' * 26}"]
        assert [(await visitor.go(page)).status for page in pages] == [404, 404, 404]
        for act in ("recall", "remind", "resend", "status", "answer", "settle", "case", "attachments/1"):
            await (await visitor.go("/account")).send(
                f"/documents/{dispatch}/{act}", delivery=delivery, words="x", code="03", answer="agree"
            )
            assert visitor.status == 404, act
        assert await entries(here, EntryKind.STATUS) == []
        acts = [one["action"] for one in await entries(here, EntryKind.OPERATOR)]
        assert not [one for one in acts if one.startswith("clerk.")]


@awaited
async def test_an_addressee_sees_its_own_delivery_and_does_not_act_for_the_sender(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here, to=(PROVINCE, FAR))
        visitor = await (await Visitor(here).enter("hoa")).go(f"/documents/{dispatch}")
        assert visitor.status == 200
        assert "Cơ quan ở xa" not in visitor.page
        other = await delivery_of(here, dispatch, 1)
        for act in ("recall", "remind", "status", "answer", "settle"):
            await visitor.go(f"/documents/{dispatch}")
            await visitor.send(f"/documents/{dispatch}/{act}", delivery=other, words="x", code="03", answer="agree")
            assert visitor.status == 404, act


@awaited
async def test_a_recall_goes_its_whole_way_between_two_clerks(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here, to=(PROVINCE, FAR))
        delivery = await delivery_of(here, dispatch)
        await fetched(here, delivery)
        lan = await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}")
        assert said(lan, "console.clerk.deeds.recall_says")
        await lan.send(f"/documents/{dispatch}/recall", delivery=delivery)
        assert said(lan, "console.clerk.done.no_reason")
        await lan.send(f"/documents/{dispatch}/recall", words="Gửi nhầm")
        assert said(lan, "console.clerk.done.none_chosen")
        await lan.send(f"/documents/{dispatch}/recall", delivery=delivery, words="Gửi nhầm")
        assert said(lan, "console.clerk.done.recalled")
        assert said(lan, "console.clerk.outcome.pending")
        await lan.send(f"/documents/{dispatch}/recall", delivery=delivery, words="Gửi nhầm")
        assert said(lan, "console.clerk.done.recalled_before")
        hoa = await Visitor(here).enter("hoa")
        assert said(hoa, "console.clerk.need.recall.theirs.soon")
        await hoa.go(f"/documents/{dispatch}")
        assert "Gửi nhầm" in hoa.page
        await hoa.send(f"/documents/{dispatch}/answer", delivery=delivery, answer="refuse")
        assert said(hoa, "console.clerk.done.no_reason")
        await hoa.send(f"/documents/{dispatch}/answer", delivery=delivery, answer="agree")
        assert said(hoa, "console.clerk.done.answered")
        await hoa.send(f"/documents/{dispatch}/answer", delivery=delivery, answer="agree")
        assert said(hoa, "console.clerk.done.answered_before")
        assert said(await lan.go(f"/documents/{dispatch}"), "console.clerk.outcome.done")


@awaited
async def test_who_did_it_can_be_proven_and_is_named_to_nobody(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here)
        delivery = await delivery_of(here, dispatch)
        await fetched(here, delivery)
        hoa = await (await Visitor(here).enter("hoa")).go(f"/documents/{dispatch}")
        await hoa.send(f"/documents/{dispatch}/status", delivery=delivery, code="02", words="Sai địa chỉ")
        assert said(hoa, "console.clerk.done.reported")
        assert "Sai địa chỉ" in hoa.page
        act = [one for one in await entries(here, EntryKind.OPERATOR) if one["action"] == "clerk.status.02"]
        assert [(one["by"], one["subject"]) for one in act] == [(salted(b"salt", HOA.key), delivery)]
        assert act[0]["reason"] != salted(b"", "Sai địa chỉ")
        assert [one["code"] for one in await entries(here, EntryKind.STATUS)] == ["02"]


@pytest.mark.parametrize("act", ["status", "answer"])
def test_of_two_at_once_the_second_sees_what_happened(tmp_path: Path, act: str) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            dispatch = await sent(here)
            delivery = await delivery_of(here, dispatch)
            await fetched(here, delivery)
            lan = await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}")
            if act == "answer":
                await lan.send(f"/documents/{dispatch}/recall", delivery=delivery, words="Gửi nhầm")
            two = [await (await Visitor(here).enter("hoa")).go(f"/documents/{dispatch}") for _ in range(2)]
            fields = {"delivery": delivery, "code": "03", "answer": "agree", "words": "đồng ý"}
            await asyncio.gather(*(one.send(f"/documents/{dispatch}/{act}", **fields) for one in two))
            assert [one.status for one in two] == [200, 200]
            word = "reported" if act == "status" else "answered"
            assert all(
                said(one, f"console.clerk.done.{word}") or said(one, f"console.clerk.done.{word}_before") for one in two
            )
            answers = await entries(here, EntryKind.ANSWER)
            assert len(answers) == (act == "answer")

    play()


@pytest.mark.parametrize("act", ["recall", "remind", "resend"])
def test_of_two_of_one_agency_at_once_one_does_it_and_the_other_is_told(tmp_path: Path, act: str) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            dispatch = await sent(here)
            delivery = await delivery_of(here, dispatch)
            if act == "recall":
                await fetched(here, delivery)
            two = [await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}") for _ in range(2)]
            fields = {"delivery": delivery, "words": "Gửi nhầm"}
            await asyncio.gather(*(one.send(f"/documents/{dispatch}/{act}", **fields) for one in two))
            assert [one.status for one in two] == [200, 200]
            done, late = {
                "recall": ("recalled", "recalled_before"),
                "remind": ("reminded", "not_reminded"),
                "resend": ("not_resent", "not_resent"),
            }[act]
            said_so = sorted(
                next(word for word in (done, late) if said(one, f"console.clerk.done.{word}")) for one in two
            )
            assert said_so == sorted((done, late))
            changes = await entries(here, EntryKind.CHANGE)
            assert len([one for one in changes if one["addressees"] != "-"]) == (act == "recall")

    play()


@awaited
async def test_a_document_to_ninety_agencies_is_shown_some_at_a_time_and_recalled_from_all(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        before, keys = here.line.directory, [f"G50.{number:02d}.00" for number in range(90)]
        agencies = tuple(Agency(key, f"Ủy ban nhân dân huyện thứ {key}", (key,)) for key in keys)
        peers = tuple(
            replace(one, grants=(*one.grants, *map(Grant, keys))) if one.key == "xa" else one for one in before.peers
        )
        changed = Directory(2, (*before.agencies, *agencies), peers)
        await here.line.store.write(PutDirectory(changed, here.clock()))
        await refresh_directory(here.line)
        dispatch = await sent(here, to=tuple(keys))
        refused = await delivery_of(here, dispatch, 77)
        await here.line.store.write(Advance(refused, DeliveryEvent.REFUSED, here.clock(), None, "Sai nơi nhận"))
        lan = await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}")
        assert len(lan.page.encode()) < 100_000
        seen = re.findall(r'<article class="sheet" id="d-([0-9A-Z]+)"', lan.page)
        assert seen[0] == refused, "trouble comes first"
        while following := re.search(r'href="/console(/documents/[^"]*after=[0-9A-Z]+)', lan.page):
            seen += re.findall(r'<article class="sheet" id="d-([0-9A-Z]+)"', (await lan.go(following[1])).page)
        assert len(seen) == len(set(seen)) == 90
        await lan.send(f"/documents/{dispatch}/recall", delivery="all", words="Gửi nhầm")
        assert said(lan, "console.clerk.done.recalled")
        whole = await here.line.store.read(queries.dispatch, dispatch)
        assert whole is not None
        assert [one.id for one in whole.deliveries if one.status != "withdrawn"] == [refused]


@awaited
async def test_a_reminder_goes_out_once_and_is_seen_by_both(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here)
        delivery = await delivery_of(here, dispatch)
        lan = await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}")
        await lan.send(f"/documents/{dispatch}/remind", delivery=delivery, words="Đã gọi điện")
        assert said(lan, "console.clerk.done.reminded")
        await lan.send(f"/documents/{dispatch}/remind", delivery=delivery)
        assert said(lan, "console.clerk.done.not_reminded")
        assert [(one["what"], one["level"]) for one in await entries(here, EntryKind.REMIND)] == [("receipt", "3")]
        assert said(await (await Visitor(here).enter("hoa")).go("/today"), "console.clerk.today.reminded")


@awaited
async def test_what_somebody_has_seen_to_presses_no_more_until_it_happens_again(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here)
        delivery = await delivery_of(here, dispatch)
        await fetched(here, delivery)
        await told(here, delivery, "02", "Thiếu phụ lục")
        await here.pass_(minutes=5)
        lan = await Visitor(here).enter("lan")
        assert said(lan, "console.clerk.need.refused.ours.late")
        await (await lan.go(f"/documents/{dispatch}")).send(f"/documents/{dispatch}/settle", delivery=delivery)
        assert said(await lan.go("/today"), "console.clerk.today.nothing")


@awaited
async def test_the_case_file_is_given_to_the_parties(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here, to=(DEPARTMENT,))
        hoa = await (await Visitor(here).enter("hoa")).go(f"/documents/{dispatch}")
        names = zipfile.ZipFile(io.BytesIO(await hoa.take(f"/documents/{dispatch}/case"))).namelist()
        assert names[0] == "mimetype"
        assert [one["what"] for one in await entries(here, EntryKind.VIEW)] == ["document", "case"]
        links = re.findall(rf"/console(/documents/{dispatch}/evidence/[0-9]+/[A-Za-z]+)", hoa.page)
        assert links
        assert "SubmissionAcceptance" in (await hoa.go(links[0])).page
        assert (await hoa.go(f"/documents/{dispatch}/evidence/0/SubmissionAcceptance")).status == 404


@awaited
async def test_an_attachment_is_listed_with_its_digest_and_given_to_the_parties_who_have_it(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here)
        packet = await here.line.store.read(queries.packet, dispatch)
        (file,) = packet.attachments
        where = f"/documents/{dispatch}/attachments/1"
        lan = await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}")
        assert file.sha256 in lan.page
        assert said(lan, "console.clerk.file.unchecked")
        assert hashlib.sha256(await lan.take(where)).hexdigest() == file.sha256
        assert "giấy mời.pdf" in unquote(lan.headers["Content-Disposition"])
        hoa = await (await Visitor(here).enter("hoa")).go(f"/documents/{dispatch}")
        assert said(hoa, "console.clerk.file.not_yet")
        await hoa.take(where)
        assert hoa.status == 409
        delivery = await delivery_of(here, dispatch)
        await fetched(here, delivery)
        assert hashlib.sha256(await hoa.take(where)).hexdigest() == file.sha256
        await lan.send(f"/documents/{dispatch}/recall", delivery=delivery, words="Gửi nhầm")
        await hoa.send(f"/documents/{dispatch}/answer", delivery=delivery, answer="agree")
        await hoa.take(where)
        assert hoa.status == 409
        await hoa.take(f"/documents/{dispatch}/attachments/2")
        assert hoa.status == 404
        assert [one["what"] for one in await entries(here, EntryKind.VIEW)] == 2 * ["document", "attachment.1"]


@awaited
async def test_what_waits_to_be_pushed_is_pushed_again_at_once_and_what_does_not_is_said(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        before = here.line.directory
        peers = tuple(
            replace(one, push_url="https://h29.example/") if one.key == "tinh" else one for one in before.peers
        )
        await here.line.store.write(PutDirectory(Directory(2, before.agencies, peers), here.clock()))
        await refresh_directory(here.line)
        dispatch = await sent(here, to=(PROVINCE, FAR))
        pushed, pulled = await delivery_of(here, dispatch), await delivery_of(here, dispatch, 1)
        lan = await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}")
        assert said(lan, "console.clerk.deeds.resend_says")
        await lan.send(f"/documents/{dispatch}/resend", delivery=pushed, words="Đơn vị báo đã mở lại máy chủ")
        assert said(lan, "console.clerk.done.resent")
        await lan.send(f"/documents/{dispatch}/resend", delivery=pulled)
        assert said(lan, "console.clerk.done.not_resent")
        acts = [one for one in await entries(here, EntryKind.OPERATOR) if one["action"] == "clerk.resent"]
        assert [one["subject"] for one in acts] == [pushed]
        hoa = await (await Visitor(here).enter("hoa")).go(f"/documents/{dispatch}")
        await hoa.send(f"/documents/{dispatch}/resend", delivery=pushed)
        assert hoa.status == 404


@awaited
async def test_what_people_wrote_is_shown_as_it_is_and_runs_nowhere(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        subject = '<script>alert(1)</script> =HYPERLINK("x") ' + "a" * 450
        dispatch = await sent(here, subject=subject)
        delivery = await delivery_of(here, dispatch)
        await fetched(here, delivery)
        hoa = await (await Visitor(here).enter("hoa")).go(f"/documents/{dispatch}")
        assert "<script>alert" not in hoa.page
        await hoa.send(f"/documents/{dispatch}/status", delivery=delivery, code="02", words="a\u202eb\u200bc <b>")
        assert "abc &lt;b&gt;" in hoa.page
        assert "\u202e" not in hoa.page
        await (await hoa.go(f"/documents/{dispatch}")).send(
            f"/documents/{dispatch}/status", delivery=delivery, code="99", words="x"
        )
        assert hoa.status == 400
