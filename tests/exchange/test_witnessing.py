"""Witnesses over real HTTP: growth is cosigned and shown, a fork is an alarm, an outage is told and stops nothing."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.exchange.keeping import Keeping, Witness
from gateway.exchange.witnessing import Asker, ForkError, WitnessError, run
from gateway.http.witness_client import HttpWitnesses
from gateway.http.witness_server import witness_at
from gateway.ledger.cosignature import Cosigner, cosignatures
from gateway.ledger.submission import Answer, Submission
from gateway.store import queries
from gateway.store.queries.witness import cosigned_checkpoint, last_cosigned
from gateway.store.witness_book import WitnessBook
from tests.exchange.conftest import Story
from tests.http.test_ledger import grown
from tests.http.town import awaited
from tests.ledger.ledgers import note_signer
from tests.ledger.test_cosignature import AT, W1, W2, cosigner
from tests.ledger.test_submission import submitted

LOG = note_signer()


@asynccontextmanager
async def witness(folder: Path, who: Cosigner, knows: bool = True) -> AsyncIterator[tuple[Witness, WitnessBook]]:
    """A witness at its own address, which knows the ledger."""
    path = folder / f"{who.key.key_id.hex()}.db"
    WitnessBook.create(path)
    book = WitnessBook(path, who)
    if knows:
        book.add_log(LOG.key)
    try:
        async with witness_at(book, lambda: AT, "127.0.0.1", 0) as url:
            yield Witness(who.key, url), book
    finally:
        book.close()


def watched(story: Story, *witnesses: Witness, **rules: object) -> Story:
    keeping = Keeping(witnesses=witnesses, timeout_s=0.5, **rules)  # type: ignore[arg-type]
    return Story(replace(story.line, notary=LOG, keeping=keeping), story.clock)


@asynccontextmanager
async def asking() -> AsyncIterator[HttpWitnesses]:
    async with aiohttp.ClientSession() as session:
        yield HttpWitnesses(session)


@awaited
async def test_each_step_of_growth_is_cosigned_once(story: Story, tmp_path: Path) -> None:
    async with witness(tmp_path, W1) as (one, book), asking() as asks:
        here = watched(story, one)
        asker = Asker(here.line, one, asks)
        assert not await asker.once(), "nothing is signed yet"
        for size in (1, 2, 255, 256, 300):
            await grown(here.line.store, size)
            assert await asker.once()
            assert not await asker.once()
            shown = await here.line.store.read(cosigned_checkpoint, (W1.key.vkey,), 1)
            assert shown is not None and shown.size == size
            assert cosignatures(shown.note, [W1.key]) == {W1.key: AT}
        assert book.logs() == [(LOG.key.name, 300)]


@awaited
async def test_a_client_that_forgot_learns_the_size_from_the_witness(story: Story, tmp_path: Path) -> None:
    """Its answer was lost in a crash: the witness holds more than the ledger knows of."""
    async with witness(tmp_path, W1) as (one, book), asking() as asks:
        here = watched(story, one)
        await grown(here.line.store, 200)
        assert book.decide(submitted(0, 200), AT).answer is Answer.COSIGNED
        await grown(here.line.store, 300)
        assert await Asker(here.line, one, asks).once()
        last = await here.line.store.read(last_cosigned, W1.key.vkey)
        assert last is not None and last.size == 300


@awaited
async def test_a_rollback_and_a_fork_are_refused_by_the_witness_and_told(story: Story, tmp_path: Path) -> None:
    async with witness(tmp_path, W1) as (one, book), asking() as asks:
        here = watched(story, one)
        await grown(here.line.store, 200)
        assert book.decide(submitted(0, 300), AT).answer is Answer.COSIGNED
        asker = Asker(here.line, one, asks)
        for _ in range(2):  # the alarm goes on, and the task with it
            with pytest.raises(ForkError, match="holds 300 entries, this ledger has 200"):
                await asker.once()
    async with witness(tmp_path, W2) as (other, book), asking() as asks:
        assert book.decide(submitted(0, 100, seed=7), AT).answer is Answer.COSIGNED
        with pytest.raises(ForkError, match="200 entries do not continue the 100"):
            await Asker(here.line, other, asks).once()
        assert len(book.contradictions()) == 1
    assert await here.line.store.read(last_cosigned, W2.key.vkey) is None


@asynccontextmanager
async def liar(answer: web.Response | float) -> AsyncIterator[Witness]:
    """Something at W1's address that is no witness: it always answers so, or never within so many seconds."""

    async def say(_: web.Request) -> web.Response:
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return web.Response()
        return web.Response(status=answer.status, body=answer.body)

    app = web.Application()
    app.router.add_post("/add-checkpoint", say)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Witness(W1.key, f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


FALSE = cosigner(1).cosign(b"another text\n", AT).encode()
STRANGER = W2.cosign(b"another text\n", AT).encode()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (web.Response(body=FALSE), "does not hold"),
        (web.Response(body=STRANGER), "no cosignature of the key that is known"),
        (web.Response(body=b"\xff\n"), "no signature"),
        (web.Response(body=b"<html>"), "no signature"),
        (web.Response(body=b"\n" * 20_000), "more than"),
        (web.Response(status=404), "HTTP 404"),
        (web.Response(status=403), "HTTP 403"),
        (web.Response(status=302), "HTTP 302"),
        (web.Response(status=409, body=b"many"), "names no size"),
        (web.Response(status=409, body=b"0\n"), "another size each time"),
        (1.5, "no answer within 0.5 s"),
    ],
)
@awaited
async def test_no_other_answer_is_a_cosignature(story: Story, answer: web.Response | float, told: str) -> None:
    async with liar(answer) as one, asking() as asks:
        here = watched(story, one)
        await grown(here.line.store, 3)
        with pytest.raises(WitnessError, match=told):
            await Asker(here.line, one, asks).once()
        assert await here.line.store.read(last_cosigned, W1.key.vkey) is None


@awaited
async def test_an_outage_of_one_witness_is_told_once_stops_nobody_and_ends(
    story: Story, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.exchange.witnessing.PAUSE_S", 0.02)
    monkeypatch.setattr("gateway.exchange.witnessing.PAUSE_S_MAX", 0.02)
    async with witness(tmp_path, W1) as (one, _), witness(tmp_path, W2, knows=False) as (two, book), asking() as asks:
        here = watched(story, one, two, required=1)
        await grown(here.line.store, 200)
        with caplog.at_level(logging.WARNING):
            task = asyncio.create_task(run(here.line, asks))
            standing = here.line.keeping.standing
            await until(lambda: len(standing) == 2 and standing[W1.key.name].cosigned == 200)
            assert standing[W2.key.name].away_since == here.clock.now and standing[W1.key.name].away_since is None
            await asyncio.sleep(0.1)
            shown = await here.line.store.read(cosigned_checkpoint, here.line.keeping.vkeys, 1)
            assert shown is not None and shown.size == 200
            book.add_log(LOG.key)
            await until(lambda: standing[W2.key.name].away_since is None)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    told = [one.getMessage() for one in caplog.records if W2.key.name in one.getMessage()]
    assert told == [f"witness {W2.key.name} does not cosign: HTTP 404", f"witness {W2.key.name} cosigns again"]
    assert (await story.line.store.read(queries.checkpoint)) is not None


async def until(true: object) -> None:
    async with asyncio.timeout(120):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.01)


@awaited
async def test_the_witness_answers_as_the_specification_says(tmp_path: Path) -> None:
    async with witness(tmp_path, W1) as (one, _), aiohttp.ClientSession() as session:

        async def post(body: bytes) -> tuple[int, bytes, str | None]:
            async with session.post(f"{one.url}/add-checkpoint", data=body) as answer:
                return answer.status, await answer.read(), answer.headers.get("Content-Type")

        digest = hashlib.sha256(LOG.key.name.encode()).hexdigest()
        async with session.get(f"{one.url}/{digest}/checkpoint") as answer:
            assert answer.status == 404
        assert (await post(submitted(0, 200).encode()))[0] == 200
        assert await post(submitted(0, 300).encode()) == (409, b"200\n", "text/x.tlog.size")
        assert (await post(submitted(200, 300, seed=7).encode()))[0] == 422
        assert (await post(Submission(300, (), submitted(0, 200).note).encode()))[0] == 400
        assert (await post(b"old 1\n"))[0] == 400
        assert (await post(b"x" * 70_000))[0] == 413
        stranger = submitted(0, 3).note.replace(LOG.key.name.encode() + b"\n", b"other.example\n", 1)
        assert (await post(b"old 0\n\n" + stranger))[0] == 404
        forged = submitted(200, 300).encode().replace(b"\n300\n", b"\n301\n")
        assert (await post(forged))[0] == 403
        async with session.get(f"{one.url}/{digest}/checkpoint") as answer:
            note = await answer.read()
        assert note.split(b"\n")[1] == b"200" and set(cosignatures(note, [W1.key])) == {W1.key}
