"""The operator's pages over a real server: what they show, what may be done, by whom, and what the ledger keeps."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from gateway.exchange import webhooks as webhook_task
from gateway.exchange.rules_record import record_rules
from gateway.exchange.watch import refresh_directory
from gateway.http import HttpLimits
from gateway.http.axis import AxisRules
from gateway.http.console import live
from gateway.ledger import Entry, EntryKind, decode
from gateway.model.agency import Agency
from gateway.model.person import Person, Role
from gateway.model.reasons import Reason
from gateway.model.words import text
from gateway.rules.authority_table import shipped_path
from gateway.store import PutDirectory, queries
from gateway.store.queries.rule_tables import rule_sets
from gateway.store.webhooks import AddWebhook, ClaimNotices, SettleNotice
from tests.http.axis.sdk import Service
from tests.http.console.papers import delivery_of, fetched, sent
from tests.http.console.test_overview import count_all
from tests.http.console.visitor import EVERYBODY, OPERATOR, Visitor, settle
from tests.http.town import DEPARTMENT, FAR, FILE, PROVINCE, Town, awaited, inline, packet, town

SECOND = Person("binh-hai", "Vũ Bình Hai", frozenset({Role.OPERATOR}))
PAGES = ("/health", "/deliveries", "/peers", "/peers/bo", "/webhooks", "/tables", "/directory", "/flow")


def says(visitor: Visitor, key: str, lang: str = "vi", **values: str) -> bool:
    return html.escape(text(lang, f"console.{key}", **values)) in visitor.page.replace("&#39;", "&#x27;")


async def acts_in_ledger(here: Town) -> list[Entry]:
    entries = [decode(one) for one in await here.line.store.read(queries.entries, 0, 1000)]
    return [one for one in entries if one.kind is EntryKind.OPERATOR and one["action"] != "person.added"]


@awaited
async def test_only_operators_come_to_the_operators_pages(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        delivery_id = await delivery_of(here, await sent(here))
        for person in EVERYBODY:
            visitor = await Visitor(here).enter(person.key)
            for page in (*PAGES, f"/deliveries/{delivery_id}"):
                await visitor.go(page)
                allowed = person is OPERATOR or (page == "/flow" and not person.may(Role.CLERK))
                assert visitor.status == (200 if allowed else Reason.PERSON_NOT_ALLOWED.status), (person.key, page)
            if person is OPERATOR:
                continue
            await visitor.go("/account")
            for act in (f"/deliveries/{delivery_id}/hold", "/peers/bo/token/issue", "/peers/bo/revoke", "/tables"):
                await visitor.send(act, reason="thử", token=_token(visitor))
                assert visitor.status == Reason.PERSON_NOT_ALLOWED.status
        assert {one["action"] for one in await acts_in_ledger(here)} == {"refused.role"}


def _token(visitor: Visitor) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', visitor.page)
    assert found
    return found[1]


@awaited
async def test_health_says_what_waits_for_whom_and_since_when(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await sent(here, "G22.1", (PROVINCE, FAR))
        delivery_id = await delivery_of(here, await sent(here, "G22.2", (PROVINCE,), code_number="12"))
        await fetched(here, delivery_id)
        await here.pass_(minutes=25)
        operator = await Visitor(here).enter("tuan")
        assert says(operator, "health.well")
        assert says(operator, "ago.minutes", count="25")
        rows = re.findall(r'<td class="number">(\d*)</td>', operator.page)
        assert rows[0] == "1"
        assert "Ủy ban nhân dân tỉnh Kiểm thử" in operator.page
        here.line.state.disk_full = True
        await operator.go("/health")
        assert says(operator, "health.stopped")
        assert says(operator, "health.depends.disk")


@awaited
async def test_a_delivery_is_held_and_released_with_reasons_everybody_can_read_later(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        delivery_id = await delivery_of(here, await sent(here))
        operator = await Visitor(here).enter("tuan")
        await operator.go(f"/deliveries/{delivery_id}")
        await operator.send(f"/deliveries/{delivery_id}/hold", reason="")
        assert operator.status == Reason.REQUEST_MALFORMED.status
        await operator.go(f"/deliveries/{delivery_id}")
        await operator.send(f"/deliveries/{delivery_id}/hold", reason="<b>nghi gửi nhầm</b>")
        assert operator.status == 200
        assert says(operator, "operator.delivery.held")
        assert "&lt;b&gt;nghi gửi nhầm&lt;/b&gt;" in operator.page
        status, _, _ = await here.ask("GET", f"/v1/deliveries/{delivery_id}/packet", "tinh")
        assert status == 409
        assert delivery_id in (await operator.go("/deliveries?which=held")).page
        await operator.go(f"/deliveries/{delivery_id}")
        await operator.send(f"/deliveries/{delivery_id}/hold", reason="lần nữa")
        assert operator.status == Reason.STATE_CONFLICT.status
        await operator.go(f"/deliveries/{delivery_id}")
        await operator.send(f"/deliveries/{delivery_id}/release", reason="đã hỏi nơi gửi")
        assert says(operator, "operator.delivery.queued")
        await fetched(here, delivery_id)
        assert [one["action"] for one in await acts_in_ledger(here)] == ["delivery.held", "delivery.released"]


@pytest.mark.parametrize("path", ["/deliveries/khong-co", "/deliveries?which=khac", "/peers/khong-co", "/webhooks/x"])
def test_what_is_not_there_is_not_found(tmp_path: Path, path: str) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            operator = await (await Visitor(here).enter("tuan")).go(path)
            assert operator.status == 404

    play()


@awaited
async def test_no_subject_of_any_document_is_on_an_operators_page(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        delivery_id = await delivery_of(here, await sent(here, subject="Chuyện không ai được biết"))
        operator = await Visitor(here).enter("tuan")
        for page in (*PAGES, f"/deliveries/{delivery_id}"):
            assert "không ai được biết" not in (await operator.go(page)).page
            assert "7816" not in operator.page


@awaited
async def test_failed_deliveries_are_listed_and_offer_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        delivery_id = await delivery_of(here, await sent(here, to=(DEPARTMENT,)))
        await here.ask(
            "POST", f"/v1/deliveries/{delivery_id}/acknowledgement", "tinh", data=b'{"refused": "sai noi nhan"}',
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        operator = await (await Visitor(here).enter("tuan")).go(f"/deliveries?which=failed&to={DEPARTMENT}")
        assert delivery_id in operator.page
        assert delivery_id not in (await operator.go(f"/deliveries?which=failed&to={FAR}")).page
        assert says(await operator.go("/deliveries?which=failed&to=khong-co"), "deliveries.none")
        assert says(await operator.go(f"/deliveries/{delivery_id}"), "deliveries.nothing_to_do")


@awaited
async def test_a_token_is_shown_once_and_the_old_one_stops(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        operator = await (await Visitor(here).enter("tuan")).go("/peers/bo")
        await operator.send("/peers/bo/token/rotate", reason="nhân sự nghỉ việc")
        shown = re.search(r'id="token">(truc_[A-Za-z0-9_-]{43})<', operator.page)
        assert shown
        assert shown[1] not in (await operator.go("/peers/bo")).page
        assert (await here.ask("GET", "/v1/inbox", shown[1]))[0] == 200
        assert (await here.ask("GET", "/v1/inbox", "bo"))[0] == 401
        assert says(operator, "act.peer.rotated")


@awaited
async def test_an_axis_secret_is_shown_once_and_given_anew_and_the_old_one_stops(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(credential_cache_s=0.001)) as here:
        await settle(here)
        operator = await (await Visitor(here).enter("tuan")).go("/peers/bo")
        given: list[tuple[str, str]] = []

        async def works() -> list[bool]:
            answers = [await Service(here.port, *one, at=here.clock()).received() for one in given]
            return [one.code == "0" for one in answers]

        for how, still_work in (("issue", [True]), ("issue", [True, True]), ("rotate", [False, False, True])):
            await operator.send(f"/peers/bo/axis/{how}", reason="nhân sự nghỉ việc")
            system_id = re.search(r'SystemId</dt><dd class="code">([^<]+)<', operator.page)
            secret = re.search(r'id="secret">([A-Za-z0-9_-]{43})<', operator.page)
            assert system_id and secret
            given.append((system_id[1], secret[1]))
            assert f"{here.url}/XrdAdapter/" in operator.page
            assert await works() == still_work
            assert secret[1] not in (await operator.go("/peers/bo")).page
        assert (await here.ask("GET", "/v1/inbox", "bo"))[0] == 200, "tokens stay"
        assert says(operator, "act.peer.axis_issued") and says(operator, "act.peer.axis_rotated")
        assert [one["action"] for one in await acts_in_ledger(here)] == [
            *["peer.axis_issued"] * 2,
            "peer.axis_rotated",
        ]
        await operator.send("/peers/bo/axis/issue", reason=" ")
        assert operator.status == Reason.REQUEST_MALFORMED.status
        await (await operator.go("/peers/bo")).send("/peers/bo/revoke", key="bo", reason="hết hợp đồng")
        assert await works() == [False] * 3


@awaited
async def test_where_the_axis_dialect_is_not_spoken_no_secret_of_it_is_given(tmp_path: Path) -> None:
    async with town(tmp_path, axis=AxisRules(base_paths=())) as here:
        await settle(here)
        operator = await (await Visitor(here).enter("tuan")).go("/peers/bo")
        assert not says(operator, "peers.axis_issue.name")
        await operator.send("/peers/bo/axis/issue", reason="thử")
        assert operator.status == Reason.NOT_FOUND.status


@awaited
async def test_shutting_a_system_out_takes_its_name_typed_again(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        operator = await (await Visitor(here).enter("tuan")).go("/peers/xa")
        await operator.send("/peers/xa/revoke", key="bo", reason="thử")
        assert operator.status == Reason.REQUEST_MALFORMED.status
        await operator.go("/peers/xa")
        await operator.send("/peers/xa/revoke", key="xa", reason="hết hợp đồng")
        assert says(operator, "peers.revoked")
        assert (await here.ask("GET", "/v1/inbox", "xa"))[0] == 401
        assert [one["subject"] for one in await acts_in_ledger(here)] == ["xa"]
        await operator.send("/peers/xa/revoke", key="xa", reason="lần nữa", token=_token(operator))
        assert operator.status == Reason.STATE_CONFLICT.status


@awaited
async def test_a_connection_is_tried_and_the_answer_said(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        endpoint = web.AppRunner(web.Application())
        await endpoint.setup()
        site = web.TCPSite(endpoint, "127.0.0.1", 0)
        await site.start()
        port = endpoint.addresses[0][1]
        before = here.line.directory
        url = f"http://127.0.0.1:{port}/"
        pushed = [replace(one, push_url=url) if one.key == "tinh" else one for one in before.peers]
        changed = replace(before, version=before.version + 1, peers=tuple(pushed))
        await here.line.store.write(PutDirectory(changed, here.clock()))
        await refresh_directory(here.line)
        operator = await (await Visitor(here).enter("tuan")).go("/peers/tinh")
        await operator.send("/peers/tinh/connection")
        assert "HTTP 404" in operator.page
        await endpoint.cleanup()
        await operator.send("/peers/tinh/connection")
        assert "ClientConnectorError" in operator.page
        await operator.send("/peers/bo/connection")
        assert operator.status == 404


@awaited
async def test_dead_notices_are_read_and_posted_again(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        line, webhook_id = here.line, "0" * 26
        await line.store.write(AddWebhook(webhook_id, "bo", "https://bo.example/tin", here.clock()))
        await sent(here)
        await webhook_task.feed(line)
        rules = line.webhooks
        for due in await line.store.write(ClaimNotices(here.clock(), 4, rules.backoff, 0.0, 10.0)):
            await line.store.write(SettleNotice(due, here.clock(), "HTTP 500", dead_before=here.clock() + timedelta(1)))
        operator = await (await Visitor(here).enter("tuan")).go("/webhooks")
        assert "https://bo.example/tin" in operator.page
        await operator.go(f"/webhooks/{webhook_id}")
        assert "HTTP 500" in operator.page
        await operator.send(f"/webhooks/{webhook_id}/replay", event="abc", reason="thử")
        assert operator.status == 404
        await operator.go(f"/webhooks/{webhook_id}")
        await operator.send(f"/webhooks/{webhook_id}/replay", event="", reason="đã sửa địa chỉ")
        assert says(operator, "webhooks.none_dead")
        assert says(operator, "act.webhook.replayed")
        assert [one["action"] for one in await acts_in_ledger(here)] == ["refused.unknown", "webhook.replayed"]


@awaited
async def test_the_page_of_health_hears_of_what_happens_and_keeps_no_session_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PULSE_S", 0.01)
    async with town(tmp_path) as here:
        await settle(here)
        clerk, operator = await Visitor(here).enter("lan"), await Visitor(here).enter("tuan")
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in operator.cookies.items())}
        async with here.session.get(f"{here.url}/console/health/live", headers=cookies) as stream:
            assert await stream.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
            await sent(here)
            assert await stream.content.readuntil(b"\n\n") == b"data: changed\n\n"
        assert (await clerk.go("/health/live")).status == Reason.PERSON_NOT_ALLOWED.status
        assert says(await operator.go("/health"), "health.begin", seconds="60")
        assert "http-equiv" not in operator.page
        for _ in range(4):
            here.clock.pass_(minutes=9)
            await operator.go("/health?again")
        assert says(operator, "enter.lead"), "half an hour passed that nobody used"


@awaited
async def test_without_scripts_the_page_of_health_loads_itself_again_for_who_asked_for_it(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        operator = await (await Visitor(here).enter("tuan")).go("/health?again")
        assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in operator.page
        assert says(operator, "health.stop")


@awaited
async def test_a_table_takes_two_people_who_entered(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, *EVERYBODY, SECOND)
        document = shipped_path().read_text(encoding="utf-8").replace('version="1"', 'version="2"', 1)
        day = f"{here.clock.now + timedelta(days=2):%d/%m/%Y}"
        first = await (await Visitor(here).enter("tuan")).go("/tables")
        assert 'type="date"' not in first.page
        assert f'name="effective_from" value="{here.clock.now + timedelta(days=1):%d/%m/%Y}"' in first.page
        for no_day in ("mai", "32/01/2027", "", "11/23/2026"):
            await first.send("/tables", document=document, effective_from=no_day, reason="luật mới")
            assert first.status == Reason.REQUEST_MALFORMED.status
            await first.go("/tables")
        await first.send("/tables", document="<a/>", effective_from=day, reason="luật mới")
        assert first.status == Reason.REQUEST_MALFORMED.status
        await first.go("/tables")
        await first.send("/tables", document=document, effective_from=day, reason="luật mới")
        assert says(first, "tables.own")
        await first.send("/tables/2/approve", reason="tự duyệt")
        assert first.status == Reason.STATE_CONFLICT.status
        second = await (await Visitor(here).enter("binh-hai")).go("/tables")
        await second.send("/tables/2/approve", reason="đã đọc")
        assert says(second, "tables.approved")
        assert f"{here.clock.now + timedelta(days=2):%d/%m/%Y}" in second.page
        assert second.page.count(text("vi", "console.tables.entered")) == 2
        acts = [one["action"] for one in await acts_in_ledger(here)]
        assert acts == ["table.proposed", "table.approved"]


@awaited
async def test_the_rules_that_hold_are_shown_with_their_digest_and_since_when(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await record_rules(here.line.store, here.clock())
        operator = await (await Visitor(here).enter("tuan")).go("/tables")
        (one,) = await here.line.store.read(rule_sets, 5)
        assert one.since == here.clock()
        assert one.sha256 in operator.page and html.escape(one.version) in operator.page
        assert says(operator, "tables.decides")


@awaited
async def test_the_charts_say_what_flowed(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        for number in (1, 2, 3):
            await sent(here, f"G22.{number}", (PROVINCE, FAR), code_number=str(number + 10))
        await count_all(here)
        operator = await (await Visitor(here).enter("tuan")).go("/flow?days=7")
        assert says(operator, "flow.lead", sent="3", received="0", days="7")
        assert says(operator, "flow.sampled", total="6")
        assert re.search(r'class="number shade-5">3<', operator.page)
        assert len(re.findall(r'<path class="tone-5"', operator.page)) == 2
        await operator.go(f"/flow?days=7&agency={FAR}")
        assert says(operator, "flow.lead", sent="0", received="0", days="7")
        assert len(re.findall(r'<path class="tone-', operator.page)) == 1
        assert says(await operator.go("/flow?days=999"), "flow.lead", sent="3", received="0", days="14")
        assert (await operator.go("/flow?agency=khong-co")).status == 404


@awaited
async def test_whoever_receives_for_an_agency_is_found_and_when_it_last_did(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        operator = await (await Visitor(here).enter("tuan")).go(f"/peers?agency={PROVINCE}")
        assert says(operator, "peers.route", agency="Ủy ban nhân dân tỉnh Kiểm thử")
        assert says(operator, "peers.never_taken")
        await fetched(here, await delivery_of(here, await sent(here)))
        assert says(await operator.go("/peers?agency=000.00.00.H29"), "peers.taken")
        assert says(await operator.go("/peers?agency=%3Cb%3E"), "peers.no_agency", agency="<b>")
        before = here.line.directory
        alone = replace(before, version=2, agencies=(*before.agencies, Agency("Z1", "Không ai nhận", ("Z1",))))
        await here.line.store.write(PutDirectory(alone, here.clock()))
        await refresh_directory(here.line)
        assert says(await operator.go("/peers?agency=Z1"), "peers.no_route", agency="Không ai nhận")


@awaited
async def test_health_tells_what_was_refused_and_which_certificates_end(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await sent(here)
        await here.ask("POST", "/v1/packets", data=inline(*packet("G22.9", sealed=False)), headers=FILE)
        await count_all(here)
        operator = await Visitor(here).enter("tuan")
        assert re.search(r'<td class="number">1</td><td class="number">1</td><td class="number">50,0%', operator.page)
        assert says(operator, "health.no_endings")
        here.clock.pass_(days=3000)
        operator = await Visitor(here).enter("tuan")
        assert says(operator, "health.own_certificate")
        assert says(operator, "health.authority")
