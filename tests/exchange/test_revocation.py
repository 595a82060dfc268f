"""The revocation snapshot is kept fresh beside the requests, from real servers that answer, refuse, stall or lie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.exchange.revocation import Refresher, RefreshRules
from gateway.http.fetcher import HttpFetcher
from gateway.model.pdf import Revocation
from gateway.trust.chains import Chains
from gateway.trust.pdf import PdfKnown, verify_pdf
from tests.pki import DAY, NOW
from tests.trust.pdf.papers import EXPECTED, HOUR, SIGNER_NAME, Authority, Holder, World, paper, sign, world

RULES = RefreshRules(refresh_s=3600, retry_s=120, timeout_s=2.0, poll_s=0.01)


@dataclass
class Publisher:
    """An authority's server: paths and what they answer, and what was asked."""

    pages: dict[str, bytes | int | str] = field(default_factory=dict)
    seen: list[tuple[str, str, bytes]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append((request.method, request.path, await request.read()))
        match self.pages.get(request.path, 404):
            case int() as status:
                return web.Response(status=status)
            case "stall":
                await asyncio.sleep(60)
            case str() as elsewhere:
                raise web.HTTPFound(elsewhere)
            case body:
                return web.Response(body=body)
        raise AssertionError("nobody waits so long")


@dataclass
class Scene:
    """One gateway's refresher, the world it verifies in, and a clock to turn."""

    the: World
    publisher: Publisher
    chains: Chains
    refresher: Refresher
    folder: Path
    now: datetime = NOW
    issuer: Authority | None = None
    holder: Holder | None = None

    def revocation(self, data: bytes) -> Revocation:
        facts = PdfKnown(self.chains, self.refresher.snapshot, self.now, EXPECTED)
        return verify_pdf(data, facts).signatures[0].revocation


@asynccontextmanager
async def scene(folder: Path, rules: RefreshRules = RULES, bytes_max: int = 2**20) -> AsyncIterator[Scene]:
    publisher = Publisher()
    runner = web.ServerRunner(web.Server(publisher.answer), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    publisher.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    the = world()
    chains = Chains(the.stores)
    async with aiohttp.ClientSession() as session:
        made: list[Scene] = []
        fetcher = HttpFetcher(session, bytes_max)
        refresher = Refresher(chains, folder / "revocation", fetcher, lambda: made[0].now, rules)
        made.append(Scene(the, publisher, chains, refresher, folder))
        try:
            yield made[0]
        finally:
            await runner.cleanup()


def signed_under(it: Scene, **urls: str | None) -> bytes:
    """A file signed under an authority whose own list and whose certificates' lists are at the publisher's."""
    issuer = it.the.government_root.authority("Cơ quan cấp dưới", crl_url=f"{it.publisher.url}/root.crl")
    it.publisher.pages |= {"/root.crl": it.the.government_root.crl(), "/sub.crl": issuer.crl()}
    holder = issuer.issue(SIGNER_NAME, **{"crl_url": f"{it.publisher.url}/sub.crl", **urls})
    it.issuer, it.holder = issuer, holder
    return sign(paper(), holder)


def run(story: Callable[[Scene], Awaitable[None]], folder: Path, **options: object) -> None:
    async def tell() -> None:
        async with scene(folder, **options) as it:
            await story(it)

    asyncio.run(tell())


def test_a_new_certificate_is_unknown_first_and_known_after_the_next_round(tmp_path: Path) -> None:
    async def story(it: Scene) -> None:
        data = signed_under(it)
        assert it.revocation(data) is Revocation.UNKNOWN
        assert it.publisher.seen == []  # verifying fetches nothing
        assert await it.refresher.once()
        assert sorted(path for _, path, _ in it.publisher.seen) == ["/root.crl", "/sub.crl"]
        assert it.revocation(data) is Revocation.GOOD
        assert it.refresher.snapshot.taken_at == NOW
        assert it.refresher.faults == {}
        assert len(it.publisher.seen) == 2

    run(story, tmp_path)


def test_a_revocation_is_seen_once_the_list_is_due_again(tmp_path: Path) -> None:
    async def story(it: Scene) -> None:
        data = signed_under(it)
        it.revocation(data)
        await it.refresher.once()
        it.issuer.revoke(it.holder, NOW)
        it.publisher.pages["/sub.crl"] = it.issuer.crl(NOW + HOUR)
        assert not await it.refresher.once()  # nothing is due yet
        it.now = NOW + HOUR
        assert await it.refresher.once()
        assert it.revocation(data) is Revocation.REVOKED

    run(story, tmp_path)


@pytest.mark.parametrize("page", [404, 500, b"<html>", b"", "stall", "/elsewhere", bytes(2**20 + 1)])
def test_a_source_that_does_not_answer_leaves_it_unknown_and_says_why(tmp_path: Path, page: bytes | int | str) -> None:
    async def story(it: Scene) -> None:
        data = signed_under(it)
        it.publisher.pages |= {"/sub.crl": page, "/elsewhere": "/elsewhere"}
        it.revocation(data)
        await it.refresher.once()
        assert it.revocation(data) is Revocation.UNKNOWN
        assert list(it.refresher.faults) == [f"{it.publisher.url}/sub.crl"]
        asked = len(it.publisher.seen)
        await it.refresher.once()
        assert len(it.publisher.seen) == asked  # not hammered
        it.now = NOW + timedelta(seconds=RULES.retry_s)
        it.publisher.pages["/sub.crl"] = it.issuer.crl()
        await it.refresher.once()
        assert it.revocation(data) is Revocation.GOOD
        assert it.refresher.faults == {}

    run(story, tmp_path, rules=RefreshRules(timeout_s=0.3))


def test_a_source_that_went_away_counts_until_its_last_answer_is_stale(tmp_path: Path) -> None:
    async def story(it: Scene) -> None:
        data = signed_under(it)
        it.revocation(data)
        await it.refresher.once()
        it.publisher.pages.clear()
        for days, expected in ((1, Revocation.GOOD), (6, Revocation.GOOD), (8, Revocation.UNKNOWN)):
            it.now = NOW + days * DAY
            await it.refresher.once()
            assert it.revocation(data) is expected
        assert len(it.refresher.faults) == 2

    run(story, tmp_path)


def test_a_folder_that_cannot_be_written_is_told_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(it: Scene) -> None:
        (it.folder / "revocation").write_bytes(b"no folder")
        data = signed_under(it)
        it.revocation(data)
        for _ in range(2):
            await it.refresher.once()
            it.now += timedelta(seconds=RULES.refresh_s)
        assert it.revocation(data) is Revocation.GOOD
        (it.folder / "revocation").unlink()
        await it.refresher.once()
        assert len(list((it.folder / "revocation").iterdir())) == 2, "what was only in memory is kept now"

    run(story, tmp_path)
    said = [one.getMessage().partition(f" in {tmp_path / 'revocation'}")[::2] for one in caplog.records]
    assert [(begun, "again" in rest) for begun, rest in said] == [
        ("the revocation snapshot cannot be kept", False),
        ("the revocation snapshot is kept", True),
    ]


def test_a_responder_is_asked_where_there_is_no_list(tmp_path: Path) -> None:
    async def story(it: Scene) -> None:
        data = signed_under(it, crl_url=None, ocsp_url=f"{it.publisher.url}/ocsp")
        it.publisher.pages["/ocsp"] = it.issuer.ocsp(it.holder)
        it.revocation(data)
        await it.refresher.once()
        assert it.revocation(data) is Revocation.GOOD
        method, _, body = next(row for row in it.publisher.seen if row[1] == "/ocsp")
        assert (method, bool(body)) == ("POST", True)

    run(story, tmp_path)


def test_a_restart_begins_with_the_last_snapshot_and_forgets_what_is_stale_and_unwanted(tmp_path: Path) -> None:
    async def first(it: Scene) -> None:
        it.publisher.pages["/configured.crl"] = it.the.government.crl()
        rules = RefreshRules(lists=(f"{it.publisher.url}/configured.crl",))
        refresher = Refresher(it.chains, it.folder / "revocation", it.refresher._fetcher, lambda: NOW, rules)
        await refresher.once()
        assert len(refresher.snapshot.answers) == 1

    async def second(it: Scene) -> None:
        before = it.refresher.snapshot
        assert len(before.answers) == 1
        data = signed_under(it)
        it.revocation(data)
        await it.refresher.once()
        assert len(it.refresher.snapshot.answers) == 3
        it.now = NOW + 8 * DAY
        it.revocation(data)
        await it.refresher.once()
        assert len(it.refresher.snapshot.answers) == 2
        assert len(list((it.folder / "revocation").iterdir())) == 2

    run(first, tmp_path)
    run(second, tmp_path)


def test_it_runs_until_it_is_cancelled(tmp_path: Path) -> None:
    async def story(it: Scene) -> None:
        data = signed_under(it)
        it.revocation(data)
        task = asyncio.create_task(it.refresher.run())
        async with asyncio.timeout(120):
            while it.revocation(data) is not Revocation.GOOD:
                await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story, tmp_path)
