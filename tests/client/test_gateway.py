"""The client against a real gateway: submit, collect, answer, follow, prove; and what it does when things go wrong."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import random
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.client import GatewayClient, Parts, Patience, Problem, TransferDamaged, Unreachable
from gateway.http import HttpLimits
from gateway.model.packet import packet_digest
from gateway.model.reasons import Reason
from gateway.store import CredentialKind, PutCredential
from tests.http.test_identity import client_context, server_context
from tests.http.town import DEPARTMENT, PROVINCE, TOKENS, Town, awaited, inline, packet, town
from tests.pki import NOW, p256, pki

Answering = Callable[[web.Request, int], Awaitable[web.StreamResponse]]

QUICK = Patience(attempts_max=4, first_s=0.01, most_s=0.02)


def client(here: Town, peer: str = "bo", **options: object) -> GatewayClient:
    return GatewayClient(here.url, token=TOKENS[peer], patience=QUICK, chance=random.Random(1), **options)


@awaited
async def test_a_document_goes_from_one_system_to_another(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here) as ministry, client(here, "tinh") as province:
        content = b"%PDF-1.7 " + bytes(range(256)) * 1_000
        source = tmp_path / "công văn.edxml"
        source.write_bytes(inline(*packet(to=(PROVINCE, DEPARTMENT), attachments=(("giấy mời.pdf", content),))))

        report = await ministry.examine(source)
        assert report.admitted and report.addressees == (PROVINCE, DEPARTMENT)
        steps: list[tuple[int, int]] = []
        accepted = await ministry.submit(source, progress=lambda done, total: steps.append((done, total)))
        assert steps[-1][0] == steps[-1][1] < source.stat().st_size  # cut here, so without base64
        assert (await ministry.submit(source.read_bytes())).dispatch_id == accepted.dispatch_id

        first, second = (await province.inbox()).deliveries
        landed: list[tuple[int, int]] = []
        fetched = await province.fetch(
            first.delivery_id, tmp_path / "inbox", progress=lambda done, total: landed.append((done, total))
        )
        assert landed[-1] == (source.stat().st_size, source.stat().st_size)  # so a progress bar knows its end
        assert fetched.packet.read_bytes() == source.read_bytes()
        assert fetched.packet_digest == accepted.packet_digest
        (attachment,) = fetched.attachments
        assert attachment.path == tmp_path / "inbox" / first.delivery_id / "giấy mời.pdf"
        assert attachment.path.read_bytes() == content
        assert (await province.acknowledge(first.delivery_id)).status == "acknowledged"
        assert (await province.decline(second.delivery_id, "Không thuộc thẩm quyền")).status == "refused"

        seen = await ministry.status(accepted.dispatch_id)
        assert [one.status for one in seen.deliveries] == ["acknowledged", "refused"]
        assert await ministry.find(seen.document_id or "") == (seen,)
        assert b"Signature" in await ministry.receipt(accepted.dispatch_id)
        assert zipfile.ZipFile(io.BytesIO(await ministry.proof(accepted.dispatch_id))).testzip() is None
        assert (await ministry.checkpoint()).startswith(b"truc.test/ledger\n")
        assert [one.key async for one in ministry.agencies("Sở")] == [DEPARTMENT]


@awaited
async def test_parts_at_hand_are_sent_without_a_file(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here) as ministry:
        skeleton, attachments = packet(attachments=(("a.pdf", b"one"), ("b.pdf", b"two")))
        beside = tmp_path / "b.pdf"
        beside.write_bytes(b"two")
        parts = Parts(skeleton, ((attachments[0][0], b"one"), (attachments[1][0], beside)))
        accepted = await ministry.submit(parts)
        assert (await ministry.submit(inline(skeleton, attachments))).dispatch_id == accepted.dispatch_id


@awaited
async def test_a_refusal_carries_what_where_and_what_to_do(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here, language="en") as ministry:
        with pytest.raises(Problem) as no:
            await ministry.submit(inline(*packet(to=("G00.00.00",))))
        problem = no.value
        assert (problem.status, problem.reason) == (422, Reason.AUTHORITY_UNKNOWN_ADDRESSEE)
        assert "G00.00.00" in problem.detail and problem.hint and problem.incident and not problem.transient
        assert problem.findings[0].path.endswith("OrganId")
        with pytest.raises(Problem) as no:
            await ministry.status("01/../../x")
        assert no.value.status == 404


@awaited
async def test_what_cannot_be_cut_here_is_for_the_gateway_to_judge(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here) as ministry:
        broken = inline(*packet(attachments=(("a.pdf", b"x" * 100_000),))).replace(b"</edXML:Subject>", b"")
        with pytest.raises(Problem) as no:
            await ministry.submit(broken)
        assert no.value.reason == Reason.XML_MALFORMED


@awaited
async def test_deliveries_are_given_each_once_as_they_come(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here) as ministry, client(here, "tinh") as province:
        sent = []

        async def send() -> None:
            for number in range(4):
                source = inline(*packet(document_id=f"G22.2026.11.23.{number:04}"))
                sent.append((await ministry.submit(source)).dispatch_id)
                here.clock.pass_(seconds=1)
                await asyncio.sleep(0.05)

        sending = asyncio.ensure_future(send())
        got: list[str] = []
        async for item in province.deliveries(wait_s=5):
            got.append(item.dispatch_id)
            if len(got) == 4:
                break
        await sending
        assert got == sent


@awaited
async def test_events_come_in_order_and_can_be_taken_up_again(tmp_path: Path) -> None:
    async with town(tmp_path) as here, client(here) as ministry, client(here, "tinh") as province:
        await ministry.submit(inline(*packet()))
        item = (await province.inbox()).deliveries[0]
        await province.acknowledge(item.delivery_id)
        seen = []
        async for change in ministry.events():
            seen.append(change)
            if len(seen) == 2:
                break
        assert [one.event for one in seen] == ["queued", "acknowledged"]
        async for change in ministry.events(after=seen[0].id):
            assert change == seen[1]
            break


@awaited
async def test_a_client_certificate_serves_as_well_as_a_token(tmp_path: Path) -> None:
    machine = pki().issuing.issue("Máy của Bộ", p256())
    async with town(tmp_path, tls=server_context(tmp_path)) as here:
        digest = hashlib.sha256(machine.der).hexdigest()
        await here.line.store.write(PutCredential(digest, CredentialKind.CERTIFICATE, "bo", NOW))
        async with GatewayClient(here.url, tls=client_context(tmp_path, machine), patience=QUICK) as ministry:
            assert (await ministry.submit(inline(*packet()))).repeated is False


@awaited
async def test_being_told_to_wait_is_waiting_and_not_failing(tmp_path: Path) -> None:
    limits = HttpLimits(peer_burst=1, peer_requests_per_s=1.0)
    async with town(tmp_path, limits) as here, client(here) as ministry:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for _ in range(2):
            await ministry.inbox()
        assert 0.9 < loop.time() - started < 5


@asynccontextmanager
async def answering(
    answer: Callable[[web.Request, int], Awaitable[web.StreamResponse]],
) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that is not a gateway: `answer` gets the request and how many came before it."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return await answer(request, len(asked) - 1)

    app = web.Application(client_max_size=10**9)
    app.router.add_route("*", "/{tail:.*}", handle)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url("")).rstrip("/"), asked


ACCEPTED = {
    "dispatch_id": "D",
    "ledger_index": 0,
    "packet_digest": "",
    "admitted_at": "2026-11-23T08:00:00Z",
    "repeated": False,
    "warnings": [],
}


@awaited
async def test_a_submission_is_repeated_whole_after_a_broken_connection_and_after_a_transient_no() -> None:
    bodies = []

    async def flaky(request: web.Request, before: int) -> web.StreamResponse:
        if before == 0:
            request.transport.abort()
            return web.Response()
        bodies.append(await request.read())
        if before == 1:
            return web.Response(status=503, headers={"Retry-After": "0"})
        return web.json_response(ACCEPTED)

    skeleton, attachments = packet(attachments=(("a.pdf", b"x" * 200_000),))
    async with answering(flaky) as (url, asked), GatewayClient(url, patience=QUICK) as ministry:
        assert (await ministry.submit(inline(skeleton, attachments))).dispatch_id == "D"
        assert len(asked) == 3
        assert bodies[0] == bodies[1] and attachments[0][1] in bodies[0]


@pytest.mark.parametrize(
    ("status", "tries"), [(503, 4), (429, 4), (502, 4), (500, 4), (422, 1), (401, 1), (404, 1), (409, 1), (301, 1)]
)
@awaited
async def test_only_what_may_pass_is_tried_again(status: int, tries: int) -> None:
    async def no(_: web.Request, __: int) -> web.StreamResponse:
        return web.Response(status=status, text="<html>a proxy</html>")

    async with answering(no) as (url, asked), GatewayClient(url, patience=QUICK) as ministry:
        with pytest.raises(Problem) as refused:
            await ministry.inbox()
        assert (refused.value.status, refused.value.reason, len(asked)) == (status, "", tries)
        assert refused.value.transient == (tries > 1)


@awaited
async def test_an_unreachable_gateway_is_said_to_be_after_the_last_try() -> None:
    async with GatewayClient("http://127.0.0.1:9", patience=QUICK) as ministry:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
            await ministry.inbox()


@awaited
async def test_an_answer_of_another_shape_is_damaged_and_not_a_crash() -> None:
    bodies = [b"[1, 2, 3]", b"", b"<html/>", b'"\xed\xa0\x80"', b"\xff"]

    async def odd(_: web.Request, before: int) -> web.StreamResponse:
        return web.Response(body=bodies[before])

    async with answering(odd) as (url, _), GatewayClient(url, patience=QUICK) as ministry:
        for _ in bodies:
            with pytest.raises(TransferDamaged):
                await ministry.inbox()


@awaited
async def test_a_packet_that_arrives_other_than_announced_is_not_kept(tmp_path: Path) -> None:
    whole = inline(*packet())

    async def damaged(_: web.Request, before: int) -> web.StreamResponse:
        bodies = (whole.replace(b"7816", b"7817"), whole[:-10], b"<html/>", b"")
        return web.Response(body=bodies[before % 4], headers={"X-Packet-Digest": "0" * 64, "X-Dispatch-Id": "D"})

    async with answering(damaged) as (url, _), GatewayClient(url, patience=QUICK) as province:
        for _ in range(4):
            with pytest.raises(TransferDamaged):
                await province.fetch("D.1", tmp_path / "inbox")
        assert list((tmp_path / "inbox").iterdir()) == []


@awaited
async def test_a_fetch_that_breaks_off_is_done_again_from_the_start(tmp_path: Path) -> None:
    skeleton, attachments = packet(attachments=(("a.pdf", b"x" * 300_000),))
    whole = inline(skeleton, attachments)
    digest = packet_digest(skeleton, [(hashlib.sha256(data).hexdigest(), len(data)) for _, data in attachments])

    async def breaking(request: web.Request, before: int) -> web.StreamResponse:
        response = web.StreamResponse(headers={"X-Packet-Digest": digest, "X-Dispatch-Id": "D"})
        response.content_length = len(whole)
        await response.prepare(request)
        await response.write(whole[: len(whole) // 2 if before < 2 else len(whole)])
        if before < 2:
            request.transport.abort()
        return response

    async with answering(breaking) as (url, asked), GatewayClient(url, patience=QUICK) as province:
        fetched = await province.fetch_file("D.1", tmp_path / "d.edxml")
        assert len(asked) == 3
        assert fetched.packet.read_bytes() == whole
        assert fetched.attachments == ()
        assert [one.name for one in tmp_path.iterdir()] == ["d.edxml"]


@awaited
async def test_newer_fields_are_passed_over() -> None:
    async def newer(_: web.Request, __: int) -> web.StreamResponse:
        return web.json_response({"deliveries": [], "next": None, "news": {"of": "tomorrow"}})

    async with answering(newer) as (url, _), GatewayClient(url, patience=QUICK) as ministry:
        assert (await ministry.inbox()).deliveries == ()


def test_a_problem_document_reads_as_one_line_for_a_person() -> None:
    body = json.dumps({"title": "Sai", "detail": "Sai ở dòng 3", "status": 422, "reason": "xml.malformed"}).encode()
    problem = Problem.read(422, body, "nonsense")
    assert str(problem) == "Sai: Sai ở dòng 3"
    assert problem.retry_after_s is None
    for body in (b"", b"[]", b"\xff", b'{"title": "\xed\xa0\x80"}'):
        assert Problem.read(502, body, "3").transient
