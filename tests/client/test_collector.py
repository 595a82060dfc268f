"""Hand-over exactly once: over kills at every durable step, refusals, poison, webhooks lost and doubled."""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.client import (
    Collector,
    Decline,
    GatewayClient,
    Handover,
    InboxItem,
    Journal,
    JournalTaken,
    Patience,
    Problem,
    WebhookRejected,
)
from gateway.client.packets import Outgoing, prepared
from gateway.edxml import Limits
from gateway.model.webhook import signed_headers, written_secret
from gateway.trust import seal
from tests.client.killed import LAST, POINTS
from tests.client.test_gateway import client
from tests.http.town import DEPARTMENT, PROVINCE, TOKENS, Town, awaited, inline, packet, town
from tests.pki import NOW, pki

Function = Callable[[Handover], Awaitable[None]]

SOON = Patience(first_s=0.02, most_s=0.05)


async def submitted(here: Town, subject: str, number: int, to: tuple[str, ...] = (PROVINCE,)) -> str:
    """A document whose subject is as said; its dispatch id."""
    skeleton, attachments = packet(f"G22.2026.{number:04}", to, sealed=False)
    worded = skeleton.replace("V/v kiểm thử liên thông văn bản".encode(), subject.encode())
    digests = [(content_id, hashlib.sha256(data).hexdigest()) for content_id, data in attachments]
    written = seal(worded, digests, pki().p256.signer, NOW)
    async with client(here) as ministry:
        return (await ministry.submit(inline(written, attachments))).dispatch_id


def collector(gateway: GatewayClient, folder: Path, **options: object) -> Collector:
    return Collector(gateway, folder, patience=SOON, chance=random.Random(1), **options)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.01)


async def collected(
    here: Town,
    folder: Path,
    function: Callable[[Handover], Awaitable[None]],
    holds: Callable[[], bool],
    **options: object,
) -> None:
    """Run the province's collector until something holds and nothing waits."""
    async with client(here, "tinh") as gateway:
        with collector(gateway, folder, **options) as one:
            running = asyncio.create_task(one.run(function))
            await until(holds)
            while await gateway.waiting():
                await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.mark.crash
@awaited
async def test_killed_at_every_step_each_is_handed_over_until_it_returned_and_not_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "collected"
    folder.mkdir()
    async with town(tmp_path) as here:
        for number, subject in enumerate((*POINTS, LAST)):
            await submitted(here, subject, number)
        deaths, code = 0, -9
        while code != 0:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.client.killed", here.url, TOKENS["tinh"], str(folder)
            )
            code = await child.wait()
            deaths += code == -9
            assert code in {0, -9}
        assert deaths == len(POINTS)
        async with client(here, "tinh") as province:
            assert await province.waiting() == []
    lines = Counter((folder / "calls.txt").read_text(encoding="utf-8").splitlines())
    for point in (*POINTS, LAST):
        again = point in {"in the function", "at its end", "before answer"}
        assert lines[f"call {point}"] == 2 if again else 1, point
        assert lines[f"return {point}"] == (2 if point in {"at its end", "before answer"} else 1), point
    assert list((folder / "spool").iterdir()) == [], "nothing is left lying about"


@awaited
async def test_one_document_for_two_of_our_agencies_is_two_deliveries(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        dispatch = await submitted(here, "cho hai nơi", 1, (PROVINCE, DEPARTMENT))
        keys: list[str] = []

        async def store(handover: Handover) -> None:
            keys.append(handover.key)
            assert (handover.item.dispatch_id, handover.attempt) == (dispatch, 1)

        await collected(here, tmp_path / "c", store, lambda: len(keys) == 2)
        assert len(set(keys)) == 2


@awaited
async def test_a_decline_reaches_the_sender_with_its_reason(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here) as ministry:
        dispatch = await submitted(here, "nhầm nơi nhận", 1)
        seen: list[str] = []

        async def decline(handover: Handover) -> None:
            seen.append(handover.key)
            raise Decline("Không thuộc\nthẩm quyền")

        await collected(here, tmp_path / "c", decline, lambda: bool(seen))
        (delivery,) = (await ministry.status(dispatch)).deliveries
        assert delivery.status == "refused"
        assert delivery.timeline[-1].detail == "Không thuộc thẩm quyền"
        assert len(seen) == 1


@awaited
async def test_a_poisoned_document_waits_longer_each_time_and_blocks_nobody(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        for number, subject in enumerate(("độc", "treo", "một", "hai", "ba")):
            await submitted(here, subject, number)
        tries: Counter[str] = Counter()
        told: list[tuple[str, str]] = []

        def note(item: InboxItem, fault: Exception) -> None:
            told.append((item.subject, repr(fault)))

        async def store(handover: Handover) -> None:
            subject = handover.item.subject
            tries[subject] += 1
            assert handover.attempt == tries[subject]
            if subject == "độc" and tries[subject] < 4:
                raise RuntimeError("hỏng")
            if subject == "treo" and tries[subject] < 2:
                await asyncio.sleep(3600)

        async with client(here, "tinh") as gateway:
            with collector(
                gateway, tmp_path / "c", trouble=lambda item, no: told.append((item.subject, repr(no)))
            ) as one:
                running = asyncio.create_task(one.run(store, at_once=2, within_s=0.2))
                await until(lambda: tries["ba"] == 1)
                while await gateway.waiting():
                    await asyncio.sleep(0.01)
                running.cancel()
        assert tries == {"độc": 4, "treo": 2, "một": 1, "hai": 1, "ba": 1}
        assert Counter(told) == {("độc", "RuntimeError('hỏng')"): 3, ("treo", "TimeoutError()"): 1}


@awaited
async def test_a_document_that_kills_the_process_waits_its_turn_behind_the_others(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await submitted(here, "chết", 1)
        await submitted(here, "sống", 2)
        async with client(here, "tinh") as gateway:
            killer, _ = await gateway.waiting()
            with Journal(tmp_path / "c" / "journal.db") as journal:  # as a process leaves it that died in the function
                await journal.begin(killer.delivery_id, datetime.now(UTC) + timedelta(seconds=0.5))
        order: list[tuple[str, int]] = []

        async def store(handover: Handover) -> None:
            order.append((handover.item.subject, handover.attempt))

        await collected(here, tmp_path / "c", store, lambda: len(order) == 2)
        assert order == [("sống", 1), ("chết", 2)]


@awaited
async def test_taken_back_between_the_look_and_the_fetch_is_nobodys_trouble_twice(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here, "tinh") as gateway:
        await submitted(here, "bị từ chối ở máy khác", 1)
        troubles: list[Exception] = []
        with collector(gateway, tmp_path / "c", trouble=lambda _, no: troubles.append(no)) as one:
            async for handover in one.handovers():
                async with handover:
                    await gateway.decline(handover.key, "máy khác đã từ chối")
                break
            handed = await one.journal.handed(handover.key)
        assert handed is not None and handed.told
        assert [no.status for no in troubles if isinstance(no, Problem)] == [409]


@awaited
async def test_a_ring_is_as_good_as_the_long_poll_and_two_are_no_worse(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here, "tinh") as gateway:
        got: list[str] = []

        async def store(handover: Handover) -> None:
            got.append(handover.item.subject)

        with collector(gateway, tmp_path / "c") as one:
            running = asyncio.create_task(one.run(store))
            for _ in range(3):
                one.ring()
            await submitted(here, "mới", 1)
            one.ring()
            one.ring()
            await until(lambda: bool(got))
            await asyncio.sleep(0.1)
            running.cancel()
        assert got == ["mới"]


@awaited
async def test_a_webhook_is_believed_when_signed_and_then_says_look_now(tmp_path: Path) -> None:
    secret, change = bytes(range(32)), {"dispatch_id": "D", "delivery_id": "d", "event": "queued", "addressee": "H29"}
    body = msgspec.json.encode({"data": {**change, "at": NOW, "id": 7}})
    headers = signed_headers([secret], "msg_7", NOW, body)
    async with GatewayClient("http://127.0.0.1:9") as gateway:
        with collector(gateway, tmp_path, clock=lambda: NOW) as one:
            with pytest.raises(WebhookRejected):
                one.arrived(headers, body + b" ", written_secret(secret))
            assert not one._bell.is_set()
            assert one.arrived(headers, body, written_secret(secret)).id == 7
            assert one._bell.is_set()


@awaited
async def test_what_the_gateway_could_not_hear_it_is_told_at_the_next_look(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here) as ministry:
        dispatch = await submitted(here, "mất đường truyền", 1)
        async with client(here, "tinh") as gateway:
            with collector(gateway, tmp_path / "c") as one:
                async for handover in one.handovers():
                    async with handover:
                        await gateway.__aexit__()  # the line is gone just when the function has returned
                        await gateway.__aenter__()
                        gateway._opened = _Deaf(gateway._opened)  # type: ignore[assignment]
                    break
        calls: list[str] = []

        async def store(handover: Handover) -> None:
            calls.append(handover.key)

        await collected(here, tmp_path / "c", store, lambda: True)
        assert calls == [], "it had returned"
        assert (await ministry.status(dispatch)).deliveries[0].status == "acknowledged"


class _Deaf:
    """A line on which nothing can be said."""

    def __init__(self, wire: object) -> None:
        self._wire = wire

    async def ask(self, *_: object) -> None:
        await self.close()
        raise Problem.read(503, b"{}", None)

    async def close(self) -> None:
        await self._wire.close()  # type: ignore[attr-defined]


@awaited
async def test_changes_go_on_behind_the_last_that_was_dealt_with(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here) as ministry, client(here, "tinh") as province:
        await submitted(here, "theo dõi", 1)
        (item,) = await province.waiting()
        await province.fetch(item.delivery_id, tmp_path)
        await province.acknowledge(item.delivery_id)
        seen = []
        for stop_at in ("delivered", "delivered", "acknowledged"):
            with collector(ministry, tmp_path / "c") as one:
                async for change in one.changes():
                    seen.append(change.event)
                    if change.event == stop_at:
                        break  # not dealt with: it comes again
        assert seen == ["queued", "delivered", "delivered", "delivered", "acknowledged"]


def test_a_folder_is_one_collectors(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db"), pytest.raises(JournalTaken):
        Journal(tmp_path / "journal.db")
    Journal(tmp_path / "journal.db").__exit__()


@given(st.text(max_size=3_000))
def test_a_reason_is_always_one_the_gateway_takes(written: str) -> None:
    if not "".join(one for one in written if one.isprintable()).strip():
        with pytest.raises(ValueError, match="told why"):
            Decline(written)
    else:
        reason = Decline(written).reason
        assert 1 <= len(reason) <= 2_000 and reason.isprintable()


@awaited
async def test_a_submission_cancelled_while_its_file_is_cut_leaves_no_file_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "lớn.edxml"
    source.write_bytes(inline(*packet(attachments=(("a.pdf", b"x" * 8_000_000),))))
    closed: list[Outgoing] = []
    monkeypatch.setattr(Outgoing, "close", lambda self: (closed.append(self), self._held.close()))
    for pause_s in (0.0, 0.001, 0.02, 0.1):
        cutting = asyncio.create_task(prepared(source, Limits()))
        await asyncio.sleep(pause_s)
        cutting.cancel()
        with suppress(asyncio.CancelledError):
            (await cutting).close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await asyncio.get_running_loop().shutdown_default_executor()
    assert 1 <= len(closed) <= 4
    for parcel in closed:
        with pytest.raises(ValueError, match="closed file"):
            [piece async for piece in parcel.body({}).pieces(None)]
