"""Reminders and digests: who is told, when, once; written down before it is sent, and sent until a server takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from gateway.exchange import courier, lifecycle, reminders
from gateway.exchange.mails import Mails
from gateway.exchange.notice_rules import MailBackoff, MailRules
from gateway.exchange.reminders import sweep
from gateway.http.mail import SmtpMailer
from gateway.ledger import EntryKind
from gateway.model.calendar import VIET_NAM
from gateway.model.packet import OtherInfo, StatusCode
from gateway.store import queries
from gateway.store.mails import AddContact, ClaimMails, RemoveContact
from tests.exchange.conftest import Story, file_of
from tests.http.town import DEPARTMENT, MINISTRY, PROVINCE, awaited
from tests.mail import MailServer, mail_server


def local(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=VIET_NAM).astimezone(UTC)


@dataclass
class Office:
    """A story with a mail server and people to write to. It is Monday, three in the afternoon; Tuesday is a day off."""

    story: Story
    server: MailServer
    mails: Mails

    def at(self, written: str) -> None:
        self.story.clock.now = local(written)

    async def contact(self, agency: str, level: str, address: str) -> bool:
        line = self.story.line
        one = AddContact(line.new_id(line.clock()), agency, level, "Người nhận", address, line.clock())
        return await line.store.write(one)

    async def round(self) -> list[tuple[str, list[str]]]:
        """Sweep and send; what came to the server, with its readers."""
        await sweep(self.story.line)
        while await self.mails.once():
            pass
        pairs = zip(self.server.mails, self.server.envelopes, strict=True)
        came = [(str(mail["Subject"]), envelope.rcpt_tos) for mail, envelope in pairs]
        self.server.mails.clear()
        self.server.envelopes.clear()
        return came

    async def queue(self) -> list[tuple[str | None, int | None, bool, str]]:
        rows = await self.story.line.store.read(queries.latest_mails, 100)
        return [(row.what, row.level, row.sent_at is not None, row.detail) for row in reversed(rows)]


@asynccontextmanager
async def office(story: Story, **options: object) -> AsyncIterator[Office]:
    async with mail_server(**options) as server:
        rules = MailRules(host="127.0.0.1", port=server.port, tls="none", sender="truc@truc.example.vn", timeout_s=5.0)
        backoff = MailBackoff(first_s=60.0, most_s=3600.0, jitter=0.0)
        story.line = replace(story.line, mail=rules, reminders=replace(story.line.reminders, backoff=backoff))
        one = Office(story, server, Mails(story.line, SmtpMailer(rules, "", "truc.test/ledger")))
        one.at("2026-11-23 15:00")
        yield one


async def sent(story: Story, document_id: str = "G22.1", to: tuple[str, ...] = (PROVINCE,), **said: object) -> str:
    receipt = await story.submit(file_of(document_id, to=to, **said))
    seen = await story.line.store.read(queries.dispatch, receipt.dispatch_id)
    assert seen is not None
    return seen.deliveries[0].id


SOON, LATE = "Sắp đến hạn thông báo đã nhận: 7816/BKT-VP", "Quá hạn thông báo đã nhận: 7816/BKT-VP"


@awaited
async def test_clerks_before_the_deadline_leaders_at_it_the_superior_agency_after_it_each_once(story: Story) -> None:
    async with office(story) as one:
        await one.contact(DEPARTMENT, "clerk", "vanthu@so.example.vn")
        await one.contact(DEPARTMENT, "leader", "lanhdao@so.example.vn")
        await one.contact(PROVINCE, "leader", "lanhdao@tinh.example.vn")
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        await sent(story, to=(DEPARTMENT,))
        told = []
        for now in ("16:00", "16:29", "16:31", "16:59", "17:01", "17:30"):
            one.at(f"2026-11-23 {now}")
            told += [(now, *mail) for mail in await one.round()]
        for now in ("16:59", "17:01", "17:05"):
            one.at(f"2026-11-25 {now}")
            told += [(now, *mail) for mail in await one.round()]
        told = [mail for mail in told if "liên thông" not in mail[1]]
        assert told == [
            ("16:31", SOON, ["vanthu@so.example.vn"]),
            ("17:01", LATE, ["vanthu@so.example.vn", "lanhdao@so.example.vn"]),
            ("17:01", LATE, ["lanhdao@tinh.example.vn"]),
        ]


@awaited
async def test_a_reminder_stands_in_the_timeline_and_in_the_ledger(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        delivery = await sent(story)
        one.at("2026-11-23 16:45")
        await one.round()
        (entry,) = [one for one in await story.entries() if one.kind is EntryKind.REMIND]
        assert (entry["delivery"], entry["what"], entry["level"]) == (delivery, "receipt", "0")
        row = await story.line.store.read(queries.delivery, delivery)
        assert row is not None
        seen = await story.line.store.read(queries.dispatch, row.dispatch_id)
        assert seen is not None
        step = seen.deliveries[0].timeline[-1]
        assert (step.event, step.detail) == ("reminder", "receipt 0")
        assert step.ledger_index is not None


@awaited
async def test_who_has_answered_is_not_reminded(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        delivery = await sent(story)
        await courier.fetch(story.line, story.peer("tinh"), delivery)
        await courier.acknowledge(story.line, story.peer("tinh"), delivery)
        one.at("2026-11-25 16:00")
        assert not [mail for mail in await one.round() if "hạn" in mail[0]]


@awaited
async def test_a_reminder_that_is_overtaken_before_it_is_sent_is_not_sent(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        delivery = await sent(story)
        one.at("2026-11-23 16:45")
        await sweep(story.line)
        await courier.fetch(story.line, story.peer("tinh"), delivery)
        await courier.acknowledge(story.line, story.peer("tinh"), delivery)
        assert not [mail for mail in await one.round() if "hạn" in mail[0]]
        assert ("receipt", 0, True, "nothing to tell") in await one.queue()


@awaited
async def test_after_a_night_away_only_the_last_step_is_told(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        await sent(story)
        one.at("2026-11-23 20:00")
        assert [title for title, _ in await one.round() if "hạn" in title] == [LATE]
        assert await sweep(story.line) == 0


@awaited
async def test_urgent_documents_and_documents_with_a_day_have_their_own_deadlines(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        other = OtherInfo(priority="3")
        delivery = await sent(story, other=other, due_on="2026/11/25", subject="V/v phòng, chống bão số 10")
        one.at("2026-11-23 16:01")
        assert [title for title, _ in await one.round() if "hạn" in title] == [LATE]
        await courier.fetch(story.line, story.peer("tinh"), delivery)
        await courier.acknowledge(story.line, story.peer("tinh"), delivery)
        one.at("2026-11-25 16:45")
        titles = [title for title, _ in await one.round() if "hạn" in title]
        assert titles == ["Sắp đến hạn giải quyết xong: 7816/BKT-VP"]


@awaited
async def test_a_finished_document_and_an_answered_recall_are_owed_no_more(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        line, tinh = story.line, story.peer("tinh")
        finished = await sent(story, "G22.1", due_on="2026/11/25")
        recalled = await sent(story, "G22.2", code_number="7817")
        for delivery in (finished, recalled):
            await courier.fetch(line, tinh, delivery)
            await courier.acknowledge(line, tinh, delivery)
        row = await line.store.read(queries.delivery, recalled)
        assert row is not None
        await lifecycle.recall(line, story.peer("bo"), row.dispatch_id, "Ban hành nhầm")
        await lifecycle.report_status(line, tinh, finished, StatusCode.FINISHED)
        one.at("2026-11-26 16:45")
        titles = [title for title, _ in await one.round() if "hạn " in title]
        assert titles == ["Sắp đến hạn trả lời thu hồi: 7817/BKT-VP"]
        await lifecycle.report_status(line, tinh, recalled, StatusCode.CHANGE_AGREED)
        one.at("2026-11-30 16:45")
        assert [title for title, _ in await one.round() if "hạn " in title] == []


@awaited
async def test_a_server_that_greylists_is_tried_again_and_the_mail_comes_once(story: Story) -> None:
    async with office(story, rcpt=["450 4.2.0 greylisted"], data=["451 later"]) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        await sent(story)
        one.at("2026-11-23 16:45")
        one.mails._digested = "2026-11-23"
        assert await one.round() == []
        assert await one.queue() == [("receipt", 0, False, "vanthu@tinh.example.vn: 450 4.2.0 greylisted")]
        one.at("2026-11-23 16:46:05")
        assert await one.round() == []
        one.at("2026-11-23 16:49")
        assert [title for title, _ in await one.round()] == [SOON]
        assert await one.round() == []


@awaited
async def test_a_mail_nobody_takes_is_given_up_and_kept(story: Story) -> None:
    async with office(story, rcpt=["550 5.1.1 no such user"]) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        await sent(story)
        one.mails._digested = "2026-11-23"
        one.at("2026-11-23 16:45")
        assert await one.round() == []
        assert await story.line.store.read(queries.mail_counts, story.clock()) == queries.MailCounts(0, 1)


@awaited
async def test_a_server_away_for_days_makes_a_mail_old_news(story: Story) -> None:
    async with office(story, data=["451 later"] * 100) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        await sent(story)
        one.at("2026-11-23 16:45")
        await one.round()
        one.at("2026-11-25 17:00")
        await one.round()
        counts = await story.line.store.read(queries.mail_counts, story.clock())
        assert counts.given_up >= 1


@awaited
async def test_without_contacts_or_without_mail_nothing_waits_forever(story: Story) -> None:
    async with office(story) as one:
        await sent(story)
        one.at("2026-11-23 16:45")
        await one.round()
        assert await one.queue() == [("receipt", 0, True, "nobody to write to")]
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        one.mails = Mails(story.line, None)
        one.at("2026-11-23 17:05")
        await one.round()
        assert ("receipt", 1, True, "mail is off") in await one.queue()


@awaited
async def test_a_crash_between_the_record_and_the_mail_loses_nothing(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        await sent(story)
        one.mails._digested = "2026-11-23"
        one.at("2026-11-23 16:31")
        await sweep(story.line)
        claim = ClaimMails(story.clock(), 20, story.line.reminders.backoff, 0.0, claim_s=100.0)
        assert len(await story.line.store.write(claim)) == 1, "claimed by a process that then died"
        assert await one.round() == []
        one.at("2026-11-23 16:34")
        assert [title for title, _ in await one.round()] == [SOON]


@awaited
async def test_the_digest_comes_once_on_working_mornings_and_says_how_things_stand(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        await one.contact(MINISTRY, "leader", "lanhdao@bo.example.vn")
        await one.contact(MINISTRY, "clerk", "lanhdao@bo.example.vn")
        first = await sent(story, "G22.1", subject="V/v việc thứ nhất")
        await sent(story, "G22.2", code_number="7817", subject="V/v việc thứ hai")
        await courier.decline(story.line, story.peer("tinh"), first, "Gửi nhầm nơi nhận")
        one.at("2026-11-24 09:00")
        assert await digests(one) == [], "a day off"
        one.at("2026-11-25 07:29")
        assert await digests(one) == []
        one.at("2026-11-25 07:31")
        came = {str(mail["To"].addresses[0].addr_spec): mail for mail in await digests(one)}
        assert sorted(came) == ["lanhdao@bo.example.vn", "vanthu@tinh.example.vn"]
        province, ministry = (body(came[who]) for who in ("vanthu@tinh.example.vn", "lanhdao@bo.example.vn"))
        assert "Quá hạn: 1" in province
        assert "việc thứ hai" in province
        assert "việc thứ nhất" not in province
        assert "Văn bản đi bị nơi nhận trả lại: 1" in ministry
        assert "việc thứ nhất" in ministry
        assert len(came["lanhdao@bo.example.vn"]["To"].addresses) == 1, "one address, one mail"
        one.at("2026-11-25 12:00")
        assert await digests(one) == []
        again = Mails(story.line, one.mails._mailer)
        one.mails = again
        assert await digests(one) == [], "a restarted process knows it too"


async def digests(one: Office) -> list[object]:
    while await one.mails.once():
        pass
    came = list(one.server.mails)
    one.server.mails.clear()
    return came


def body(mail: object) -> str:
    plain = mail.get_body(("plain",))  # type: ignore[attr-defined]
    return str(plain.get_content())


@awaited
async def test_the_subject_stays_at_home_when_it_is_told_to(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        story.line = replace(story.line, mail=replace(story.line.mail, subjects=False))
        one.mails = Mails(story.line, one.mails._mailer)
        await sent(story, subject="V/v chuyện kín")
        one.at("2026-11-23 16:45")
        await sweep(story.line)
        (mail, *_) = [mail for mail in await digests(one) if "hạn" in str(mail["Subject"])]  # type: ignore[index]
        assert "7816/BKT-VP" in body(mail)
        assert "kín" not in str(mail)


@awaited
async def test_a_removed_contact_is_written_to_no_more(story: Story) -> None:
    async with office(story) as one:
        assert await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        assert not await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        line = story.line
        assert await line.store.write(RemoveContact(PROVINCE, "vanthu@tinh.example.vn", line.clock())) == 1
        assert await line.store.write(RemoveContact(PROVINCE, "vanthu@tinh.example.vn", line.clock())) == 0
        assert await line.store.read(queries.contacts) == ()
        assert await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn"), "and may be added anew"


@awaited
async def test_days_from_the_ends_of_time_stop_no_sweep_and_no_digest(story: Story) -> None:
    async with office(story) as one:
        await one.contact(PROVINCE, "clerk", "vanthu@tinh.example.vn")
        await sent(story, promulgated_on="0001/01/01", due_on="0001/01/01")
        await sent(story, "G22.2", code_number="7817", due_on="9999/12/31")
        one.at("2026-11-25 16:40")
        titles = [title for title, _ in await one.round() if "hạn thông báo" in title]
        assert titles == [LATE, LATE.replace("7816", "7817")]


@awaited
async def test_a_sweep_reads_in_pages_and_misses_nothing(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "PAGE_ROWS", 2)
    async with office(story) as one:
        for number in range(5):
            await sent(story, f"G22.{number}", code_number=f"80{number}", due_on="2026/11/24")
        one.at("2026-11-23 16:45")
        assert await sweep(story.line) == 5
        assert await sweep(story.line) == 0
