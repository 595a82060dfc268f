"""Content is destroyed when its period has ended, and only then; what was proven of it stays proven."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from gateway.exchange import courier, proving, retention
from gateway.exchange.acts import Actor
from gateway.exchange.indexing import index_more
from gateway.exchange.retention import Due
from gateway.ledger import EntryKind, check_case
from gateway.ledger.destruction import read_destruction, write_destruction
from gateway.ledger.directory_text import directory_entry
from gateway.ledger.fault import Fault, ProofError
from gateway.model.packet import packet_digest_of
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.model.retention import Period, RetentionTableError, ends_on, period_of, read_periods
from gateway.store import PutDirectory, Store, queries
from gateway.store.engine import parse_url, writer_engine
from gateway.store.queries import retention as reading
from gateway.store.retention import HoldVerdict
from gateway.store.schema import search_texts, search_words
from gateway.trust import verify_countersigned
from tests.exchange.conftest import Story, file_of
from tests.exchange.life import delivery, status, trusting
from tests.exchange.replayed import differences
from tests.http.town import FAR, MINISTRY, PROVINCE, Clock, directory, open_line
from tests.pki import NOW

TEN_YEARS = (Period("*", date(2020, 1, 1), 10, "Danh mục hồ sơ năm 2026"),)
OPERATOR = Actor("@lan", "a" * 64)
SECRET = "không đúng nơi nhận"


async def began(store: Store, folder: Path, clock: Clock | None = None) -> Story:
    clock = clock or Clock()
    story = trusting(Story(open_line(store, folder, clock), clock))
    town = directory()
    await store.write(PutDirectory(town, NOW, directory_entry(town, NOW)))
    return story


async def lived(story: Story) -> tuple[str, str]:
    """Two documents with the same attachment: one reported on and declined, the other as sent. Gives both."""
    one = await story.submit(file_of("G22.1", to=(PROVINCE, FAR)))
    far = await delivery(story, one.dispatch_id, FAR)
    await courier.decline(story.line, story.peer("xa"), far.id, SECRET)
    near = await delivery(story, one.dispatch_id, PROVINCE)
    await courier.fetch(story.line, story.peer("tinh"), near.id)
    await story.submit(status("03", "G22.1", description=SECRET), "tinh")
    other = await story.submit(file_of("G22.2", to=(PROVINCE,)))
    return one.dispatch_id, other.dispatch_id


async def due(story: Story, today: date) -> list[Due]:
    return [one async for one in retention.due(story.line, TEN_YEARS, today)]


def test_a_period_is_of_a_type_from_a_day_on() -> None:
    periods = (
        Period("Công văn", date(2020, 1, 1), 5, "cũ"),
        Period("công  VĂN", date(2026, 1, 1), 10, "mới"),
        Period("Nghị quyết", date(2020, 1, 1), None, "vĩnh viễn"),
        Period("*", date(2024, 1, 1), 2, "khác"),
    )
    assert [period_of(periods, "Công văn", date(year, 5, 5)) for year in (2019, 2025, 2026)] == [
        None,
        periods[0],
        periods[1],
    ]
    assert period_of(periods, "Tờ trình", date(2025, 5, 5)) is periods[3]
    assert ends_on(periods[1], date(2026, 5, 5)) == date(2036, 12, 31)
    assert ends_on(periods[2], date(2026, 5, 5)) is None


@pytest.mark.parametrize(
    "written",
    [
        "period = 1",
        '[[period]]\ntype = "*"\nsince = 2026-01-01',
        '[[period]]\ntype = "*"\nsince = "2026"\nbasis = "x"',
        '[[period]]\ntype = "*"\nsince = 2026-01-01\nbasis = "x"\nyears = 0',
        '[[period]]\ntype = "*"\nsince = 2026-01-01\nbasis = "x"\nyear = 1',
        "x",
    ],
)
def test_a_table_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(RetentionTableError):
        read_periods(written.encode())


def test_what_is_due_is_destroyed_and_stays_proven(store: Store, store_url: str, tmp_path: Path) -> None:
    async def story_told() -> None:
        story = await began(store, tmp_path)
        one, other = await lived(story)
        assert await due(story, date(2036, 12, 31)) == []
        first, _ = await due(story, date(2037, 1, 1))
        assert first.content.dispatch_id == one
        before = await store.read(queries.packet, one)
        line = story.line
        assert await retention.erase(line, OPERATOR, first, "Hết thời hạn") is HoldVerdict.DONE
        await story.seal()

        after = await store.read(queries.packet, one)
        assert (after.envelope, after.attachments, after.receipt_xml) == (b"", (), before.receipt_xml)
        assert (await store.read(queries.packet, other)).attachments, "what another document holds too stays"
        near = await delivery(story, one, PROVINCE)
        with pytest.raises(Refused) as refused:
            await courier.fetch(line, story.peer("tinh"), near.id)
        assert refused.value.reason is Reason.STATE_CONFLICT

        certificate = await store.read(reading.certificate_of, one)
        assert certificate is not None
        facts = read_destruction(verify_countersigned(certificate, line.signer.certificate_der))
        kept = [(part.sha256, part.size_bytes) for part in facts.attachments]
        assert packet_digest_of(facts.envelope_sha256, kept) == before.packet_digest == facts.packet_digest
        assert facts.kept_until == date(2036, 12, 31)
        schema = etree.XMLSchema(etree.parse("schemas/destruction.xsd"))
        schema.assertValid(etree.fromstring(certificate))

        case = await proving.prove(line, story.peer("bo"), one)
        report = check_case(case, line.notary.key.vkey)
        assert report.holds, report.wrong
        said = " ".join(statement.text("en") for statement in report.proven)
        assert hashlib.sha256(certificate).hexdigest() in said
        assert before.packet_digest in said
        assert await differences(line) == []

    asyncio.run(story_told())
    _nothing_of_it_is_left(store, store_url)


@pytest.mark.parametrize("size", [20, 100_000], ids=["in the database", "in a file"])
def test_content_that_is_destroyed_once_it_was_looked_up_is_refused_as_destroyed(
    store: Store, tmp_path: Path, size: int
) -> None:
    async def story_told() -> None:
        story = await began(store, tmp_path)
        await story.submit(file_of("G22.1", to=(PROVINCE,), attachments=(("a.pdf", bytes(size)),)))
        (one,) = await due(story, date(2037, 1, 1))
        (looked_up,) = (await store.read(queries.packet, one.content.dispatch_id)).attachments
        assert await retention.erase(story.line, OPERATOR, one, "Hết thời hạn") is HoldVerdict.DONE
        certificate = await store.read(reading.certificate_of, one.content.dispatch_id)
        assert certificate is not None
        with pytest.raises(Refused) as refused:
            b"".join(store.blobs.reader(looked_up)())
        assert refused.value.reason is Reason.STATE_CONFLICT
        assert hashlib.sha256(certificate).hexdigest() in refused.value.finding.detail("en")

    asyncio.run(story_told())


def _nothing_of_it_is_left(store: Store, url: str) -> None:
    """No table and, in the embedded database, no byte of the file holds the words."""
    store.close()
    if url.startswith("sqlite"):
        assert SECRET.encode() not in Path(url.removeprefix("sqlite:///")).read_bytes()
    engine = writer_engine(parse_url(url))
    with engine.begin() as connection:
        for table, column in (
            ("delivery_events", "detail"),
            ("statuses", "description"),
            ("attempts", "detail"),
        ):
            rows = connection.execute(
                text(f"SELECT count(*) FROM {table} WHERE {column} LIKE :said"), {"said": f"%{SECRET}%"}
            )
            assert rows.scalar_one() == 0, table
        assert connection.execute(text("SELECT count(*) FROM salts")).scalar_one() == 0
    engine.dispose()


def test_what_is_destroyed_is_found_at_once_by_who_sent_and_got_it_alone(store: Store, tmp_path: Path) -> None:
    def words(connection: queries.Connection, dispatch_id: str) -> list[str]:
        found = connection.execute(
            select(search_words.c.word).where(search_words.c.dispatch_id == dispatch_id)
        ).scalars()
        kept = connection.execute(
            select(search_texts.c.words).where(search_texts.c.dispatch_id == dispatch_id)
        ).scalars()
        return sorted(found) + list(kept)

    async def story_told() -> None:
        story = await began(store, tmp_path)
        one, other = await lived(story)
        while await index_more(story.line):
            pass
        first, _ = await due(story, date(2037, 1, 1))
        before = await store.read(words, other)
        assert await retention.erase(story.line, OPERATOR, first, "Hết thời hạn") is HoldVerdict.DONE
        assert await store.read(words, one) == [f"<{MINISTRY}", f">{FAR}", f">{PROVINCE}"]
        assert await store.read(words, other) == before != []

    asyncio.run(story_told())


def test_what_is_held_is_not_destroyed_until_it_is_released(store: Store, tmp_path: Path) -> None:
    async def story_told() -> None:
        story = await began(store, tmp_path)
        one, _ = await lived(story)
        line = story.line
        assert await retention.hold(line, OPERATOR, one, "Vụ kiện") is HoldVerdict.DONE
        assert await retention.hold(line, OPERATOR, one, "Vụ kiện") is HoldVerdict.ALREADY
        assert await retention.hold(line, OPERATOR, "0" * 26, "Vụ kiện") is HoldVerdict.UNKNOWN
        first, _ = await due(story, date(2037, 1, 1))
        assert first.content.held
        assert await retention.erase(line, OPERATOR, first, "Hết thời hạn") is HoldVerdict.HELD
        assert (await store.read(queries.packet, one)).envelope
        assert await retention.release(line, OPERATOR, one, "Xong vụ kiện") is HoldVerdict.DONE
        assert await retention.release(line, OPERATOR, one, "Xong vụ kiện") is HoldVerdict.ALREADY
        first, _ = await due(story, date(2037, 1, 1))
        assert await retention.erase(line, OPERATOR, first, "Hết thời hạn") is HoldVerdict.DONE
        assert await retention.erase(line, OPERATOR, first, "Hết thời hạn") is HoldVerdict.ALREADY
        await story.seal()
        assert await differences(line) == []

    asyncio.run(story_told())


def test_a_hold_set_after_the_list_was_made_wins_before_anything_is_gone(store: Store, tmp_path: Path) -> None:
    async def story_told() -> None:
        story = await began(store, tmp_path)
        one, _ = await lived(story)
        first, _ = await due(story, date(2037, 1, 1))
        assert not first.content.held
        assert await retention.hold(story.line, OPERATOR, one, "Vụ kiện") is HoldVerdict.DONE
        assert await retention.erase(story.line, OPERATOR, first, "Hết thời hạn") is HoldVerdict.HELD
        (report,) = await store.read(reading.reports_on, one)
        assert all([(await store.read(queries.packet, kept)).envelope for kept in (one, report)])
        assert [entry["act"] for entry in await story.entries() if entry.kind is EntryKind.RETENTION] == ["held"]

    asyncio.run(story_told())


@dataclass
class Interrupted(Clock):
    """A clock; while it is looked at for the `left`th time from now, something happens in another process."""

    happens: Callable[[], Awaitable[object]] | None = None
    left: int = 0

    def __call__(self) -> datetime:
        self.left -= 1
        if self.left == 0 and self.happens is not None:
            with ThreadPoolExecutor(1) as other:
                other.submit(asyncio.run, self.happens()).result()
        return super().__call__()


def test_a_report_that_comes_while_its_document_is_destroyed_goes_with_it(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    async def one_more() -> None:
        other = Store.open(store_url, tmp_path / "blobs")
        try:
            story = trusting(Story(open_line(other, tmp_path, Clock()), Clock()))
            await story.submit(status("04", "G22.1", description=SECRET), "tinh")
        finally:
            other.close()

    async def story_told() -> None:
        clock = Interrupted(happens=one_more)
        story = await began(store, tmp_path, clock)
        one, _ = await lived(story)
        first, _ = await due(story, date(2037, 1, 1))
        clock.left = 2  # for the certificate of the report that was listed, which is the last of the two
        assert await retention.erase(story.line, OPERATOR, first, "Hết thời hạn") is HoldVerdict.DONE
        listed, came = await store.read(reading.reports_on, one)
        for gone in (one, listed, came):
            assert (await store.read(queries.packet, gone)).envelope == b""
        await story.seal()
        assert await differences(story.line) == []

    asyncio.run(story_told())
    _nothing_of_it_is_left(store, store_url)


REFUSED_STILL = (
    "UPDATE dispatches SET envelope = CAST('x' AS {blob}) WHERE id = (SELECT dispatch_id FROM erasures LIMIT 1)",
    "UPDATE dispatches SET code = '1' WHERE id = (SELECT dispatch_id FROM erasures LIMIT 1)",
    "UPDATE dispatches SET envelope = CAST('' AS {blob}), subject = ''",
    "UPDATE delivery_events SET detail = ''",
    "UPDATE statuses SET description = 'x'",
    "DELETE FROM dispatch_attachments",
    "DELETE FROM blobs",
    "DELETE FROM erasures",
    "UPDATE erasures SET erased_at = 0",
    "DELETE FROM destructions",
    "DELETE FROM holds",
    "INSERT INTO erased_attachments SELECT dispatch_id, 9, envelope_sha256, 1 FROM erasures",
)


def test_the_guards_let_exactly_the_erasure_through(store: Store, store_url: str, tmp_path: Path) -> None:
    async def story_told() -> None:
        story = await began(store, tmp_path)
        _, other = await lived(story)
        await retention.hold(story.line, OPERATOR, other, "Vụ kiện")
        first, _ = await due(story, date(2037, 1, 1))
        await retention.erase(story.line, OPERATOR, first, "Hết thời hạn")

    asyncio.run(story_told())
    engine = writer_engine(parse_url(store_url))
    blob = "BLOB" if store_url.startswith("sqlite") else "BYTEA"
    for statement in REFUSED_STILL:
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.exec_driver_sql(statement.format(blob=blob))
    engine.dispose()


def test_a_certificate_reads_back_as_written_and_nothing_else_does(store: Store, tmp_path: Path) -> None:
    async def certificate() -> bytes:
        story = await began(store, tmp_path)
        await lived(story)
        first, _ = await due(story, date(2037, 1, 1))
        facts = await retention._facts(story.line, OPERATOR, first.content, first, NOW)
        return write_destruction(facts)

    document = asyncio.run(certificate())
    assert write_destruction(read_destruction(document)) == document
    for wrong in (
        document[:-1],
        document.replace(b"size=", b"Size="),
        document.replace(b"</PacketDigest>", b" </PacketDigest>"),
        b"",
    ):
        with pytest.raises(ProofError) as no:
            read_destruction(wrong)
        assert no.value.fault is Fault.DESTRUCTION_FORM
