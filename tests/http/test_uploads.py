"""Uploads by tus 1.0.0: begun, broken off, gone on with, named in a packet; and every way to get it wrong."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.edxml import Limits
from gateway.exchange import uploads
from gateway.exchange.uploads import UploadRules
from gateway.http.limits import HttpLimits
from gateway.model.reasons import Reason
from tests.http.problems import assert_problem
from tests.http.town import FORM, TOKENS, Town, awaited, form, packet, town

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
HUGE = b"%PDF-1.7 " + os.urandom(3_000_000)


async def begun(here: Town, size: int = len(HUGE), token: str = "bo", **headers: str) -> str:
    status, _, answered = await here.ask(
        "POST", "/v1/uploads", token, headers={**TUS, "Upload-Length": str(size), **headers}
    )
    assert status == 201
    assert answered["Tus-Resumable"] == "1.0.0"
    assert "GMT" in answered["Upload-Expires"]
    return answered["Location"]


async def sent(here: Town, address: str, data: bytes, offset: int = 0, token: str = "bo") -> int:
    """Where the upload stands after these bytes."""
    status, body, answered = await here.ask(
        "PATCH", address, token, data=data, headers={**BYTES, "Upload-Offset": str(offset)}
    )
    assert status == 204, body
    return int(answered["Upload-Offset"])


async def standing(here: Town, address: str) -> int:
    status, _, answered = await here.ask("HEAD", address, headers=TUS)
    assert status == 200
    return int(answered["Upload-Offset"])


def naming(document_id: str, *addresses: str, **of: object) -> bytes:
    """A form whose attachments are uploads."""
    skeleton, rows = packet(document_id, attachments=[("lớn.pdf", HUGE)] * len(addresses), **of)
    body = form(skeleton, [(name, b"") for name, _ in rows])
    for (name, _), address in zip(rows, addresses, strict=True):
        head = f'name="{name}"\r\n'.encode()
        body = body.replace(head, head + f"Content-Location: {address}\r\n".encode())
    return body


@awaited
async def test_an_upload_goes_on_where_it_was_broken_off_and_becomes_an_attachment(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        address = await begun(here, **{"Upload-Metadata": "filename bOG7m24ucGRm"})
        assert await sent(here, address, HUGE[:1_500_000]) == 1_500_000
        assert await sent(here, address, HUGE[1_500_000:], 1_500_000) == len(HUGE)
        _, _, answered = await here.ask("HEAD", address, headers=TUS)
        assert (answered["Upload-Length"], answered["Upload-Metadata"]) == (str(len(HUGE)), "filename bOG7m24ucGRm")
        assert answered["ETag"] == f'"{hashlib.sha256(HUGE).hexdigest()}"'
        receipts = []
        for _ in range(2):  # the second time as after a lost answer
            status, body, _ = await here.ask("POST", "/v1/packets", data=naming("G22.1", address), headers=FORM)
            receipts.append((status, json.loads(body)["dispatch_id"]))
        assert [status for status, _ in receipts] == [201, 200]
        assert len({dispatch for _, dispatch in receipts}) == 1
        assert (await here.ask("DELETE", address, headers=TUS))[0] == 204
        (waits,) = json.loads((await here.ask("GET", "/v1/inbox", "tinh"))[1])["deliveries"]
        attachment = f"/v1/deliveries/{waits['delivery_id']}/attachments/1"
        assert (await here.ask("GET", attachment, "tinh"))[1] == HUGE
        assert not list((tmp_path / "blobs" / "uploads").iterdir())
        assert not list((tmp_path / "blobs" / "incoming").iterdir())


def checksum(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


@awaited
async def test_bytes_that_are_not_those_of_their_checksum_are_discarded(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        _, _, spoken = await here.ask("OPTIONS", "/v1/uploads", token=None)
        assert "checksum" in spoken["Tus-Extension"].split(",")
        assert spoken["Tus-Checksum-Algorithm"] == "sha256,sha1"
        address, first, rest = await begun(here), HUGE[:1_500_000], HUGE[1_500_000:]

        async def patch(data: bytes, offset: int, said: str) -> tuple[int, bytes, Any]:
            headers = {**BYTES, "Upload-Offset": str(offset), "Upload-Checksum": said}
            return await here.ask("PATCH", address, data=data, headers=headers)

        assert (await patch(first, 0, checksum(first)))[0] == 204
        for said in (checksum(rest[1:]), checksum(rest[1:], "sha1"), checksum(b"")):
            assert_problem(await patch(rest, len(first), said), Reason.UPLOAD_CHECKSUM)
            assert await standing(here, address) == len(first)
            assert (tmp_path / "blobs" / address[4:]).stat().st_size == len(first)
        for said in ("", "sha256", "sha256 ?", "md5 1B2M2Y8AsgTpgAmY7PhCfg==", f"SHA256 {checksum(rest)[7:]}"):
            assert_problem(await patch(rest, len(first), said), Reason.REQUEST_MALFORMED)
        assert (await patch(rest, len(first), checksum(rest, "sha1")))[0] == 204
        _, _, answered = await here.ask("HEAD", address, headers=TUS)
        assert answered["ETag"] == f'"{hashlib.sha256(HUGE).hexdigest()}"'


@awaited
async def test_a_piece_with_a_checksum_that_broke_off_is_not_counted(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        address = await begun(here)
        line = socket.create_connection(("127.0.0.1", here.port))
        head = f"PATCH {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKENS['bo']}\r\n"
        said = {**BYTES, "Upload-Offset": "0", "Content-Length": str(len(HUGE)), "Upload-Checksum": checksum(HUGE)}
        head += "".join(f"{name}: {value}\r\n" for name, value in said.items()) + "\r\n"
        await asyncio.to_thread(line.sendall, head.encode() + HUGE[:2_000_000])
        line.close()
        while (await here.ask("PATCH", address, data=b"", headers={**BYTES, "Upload-Offset": "0"}))[0] == 423:
            await asyncio.sleep(0.01)
        assert await standing(here, address) == 0
        assert await sent(here, address, HUGE) == len(HUGE)


@awaited
async def test_what_came_before_the_line_broke_is_kept(tmp_path: Path) -> None:
    async with town(tmp_path, http=HttpLimits(body_idle_s=60.0)) as here:
        address = await begun(here)
        line = socket.create_connection(("127.0.0.1", here.port))
        head = (
            f"PATCH {address} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKENS['bo']}\r\nTus-Resumable: 1.0.0\r\n"
        )
        head += (
            f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {len(HUGE)}\r\n\r\n"
        )
        await asyncio.to_thread(line.sendall, head.encode() + HUGE[:100_000])
        while not await here.line.store.read(lambda _: (tmp_path / "blobs/uploads").glob("*")):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        busy = await here.ask("PATCH", address, data=b"", headers={**BYTES, "Upload-Offset": "0"})
        assert_problem(busy, Reason.UPLOAD_BUSY)
        line.close()
        while (offset := await standing(here, address)) < 100_000:
            await asyncio.sleep(0.02)
        assert offset == 100_000
        assert await sent(here, address, HUGE[offset:], offset) == len(HUGE)


@awaited
async def test_an_upload_survives_the_gateway_and_bytes_that_were_never_counted_are_cut_off(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        address = await begun(here)
        assert await sent(here, address, HUGE[:1_000_000]) == 1_000_000
        file = here.line.blobs.uploads.path(address.rpartition("/")[2])
        with file.open("ab") as more:  # written, and not counted before a kill
            more.write(b"x" * 70_000)
        here.line.blobs.close()
        assert await standing(here, address) == 1_000_000
        assert await sent(here, address, HUGE[1_000_000:], 1_000_000) == len(HUGE)
        status, _, _ = await here.ask("POST", "/v1/packets", data=naming("G22.1", address), headers=FORM)
        assert status == 201


@awaited
async def test_every_wrong_request_has_its_answer(tmp_path: Path) -> None:
    async with town(tmp_path, limits=Limits(attachment_bytes_max=5_000_000)) as here:
        address = await begun(here)
        await sent(here, address, HUGE[:1_000])

        async def no(
            reason: Reason, method: str, path: str, token: str = "bo", data: bytes | None = None, **headers: str
        ) -> None:
            sent_headers = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = await here.ask(
                method, path, token, headers=sent_headers, **({"data": data} if data is not None else {})
            )
            if method != "HEAD":
                assert_problem(answer, reason)
            assert (answer[0], answer[2]["Tus-Resumable"]) == (reason.status, "1.0.0")

        tus, octets = {"Tus_Resumable": "1.0.0"}, {"Tus_Resumable": "1.0.0", "Content_Type": BYTES["Content-Type"]}
        await no(Reason.UPLOAD_VERSION, "POST", "/v1/uploads", Upload_Length="1")
        await no(Reason.UPLOAD_VERSION, "HEAD", address, Tus_Resumable="0.2.2")
        await no(Reason.REQUEST_MALFORMED, "POST", "/v1/uploads", **tus)
        await no(Reason.REQUEST_MALFORMED, "POST", "/v1/uploads", **tus, Upload_Length="-1")
        await no(Reason.REQUEST_MALFORMED, "POST", "/v1/uploads", **tus, Upload_Length="1", Upload_Metadata="x" * 1_025)
        await no(Reason.ATTACHMENT_TOO_LARGE, "POST", "/v1/uploads", **tus, Upload_Length="5000001")
        await no(Reason.UPLOAD_OFFSET, "PATCH", address, data=b"x", **octets, Upload_Offset="999")
        await no(Reason.UPLOAD_OFFSET, "PATCH", address, data=b"x", **octets, Upload_Offset="1001")
        await no(Reason.REQUEST_MALFORMED, "PATCH", address, data=b"x", **octets)
        await no(Reason.BODY_TOO_LARGE, "PATCH", address, data=HUGE, **octets, Upload_Offset="1000")
        await no(
            Reason.CONTENT_TYPE, "PATCH", address, data=b"x", **tus, Content_Type="text/plain", Upload_Offset="1000"
        )
        for method in ("HEAD", "DELETE"):
            await no(Reason.NOT_FOUND, method, address, "tinh", **tus)
            await no(Reason.NOT_FOUND, method, "/v1/uploads/0123", **tus)
        await no(Reason.NOT_FOUND, "PATCH", address, "tinh", b"x", **octets, Upload_Offset="1000")
        assert await standing(here, address) == 1_000
        here.clock.pass_(hours=25)
        await no(Reason.UPLOAD_EXPIRED, "PATCH", address, data=b"x", **octets, Upload_Offset="1000")
        await no(Reason.UPLOAD_EXPIRED, "HEAD", address, **tus)
        assert await uploads.sweep(here.line) == 1
        await no(Reason.NOT_FOUND, "HEAD", address, **tus)


@awaited
async def test_a_packet_names_only_what_is_whole_and_its_senders_own(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        address = await begun(here)
        await sent(here, address, HUGE[:10])
        for named, token, reason in (
            (address, "bo", Reason.UPLOAD_INCOMPLETE),
            (address, "tinh", Reason.NOT_FOUND),
            ("/v1/uploads/0123", "bo", Reason.NOT_FOUND),
            ("https://elsewhere/x", "bo", Reason.MULTIPART_MALFORMED),
        ):
            answer = await here.ask("POST", "/v1/packets", token, data=naming("G22.1", named), headers=FORM)
            assert_problem(answer, reason)
        filled = naming("G22.1", address).replace(b"\r\n\r\n\r\n--", b"\r\n\r\nbytes\r\n--")
        assert_problem(await here.ask("POST", "/v1/packets", data=filled, headers=FORM), Reason.MULTIPART_MALFORMED)
        await sent(here, address, HUGE[10:], 10)
        another = await begun(here, 0)
        answer = await here.ask("POST", "/v1/packets", data=naming("G22.1", address, another), headers=FORM)
        assert_problem(answer, Reason.FORM_RULE)  # that one is empty
        assert not list((tmp_path / "blobs" / "incoming").iterdir())
        answer = await here.ask("POST", "/v1/examinations", data=naming("G22.1", address), headers=FORM)
        assert (answer[0], json.loads(answer[1])["verdict"]) == (200, "admitted")


@awaited
async def test_a_peer_has_so_many_uploads_and_what_has_no_room_is_not_begun(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        rules, peer = UploadRules(per_peer_max=2), here.line.directory.peer("bo")
        assert peer is not None
        for _ in range(2):
            await uploads.begin(here.line, rules, peer, 10, "")
        assert len(list((tmp_path / "blobs" / "uploads").iterdir())) == 2
        no = await refusal(uploads.begin(here.line, rules, peer, 10, ""))
        assert no is Reason.UPLOAD_TOO_MANY
        assert len(list((tmp_path / "blobs" / "uploads").iterdir())) == 2
        full = replace(here.line, disk_free_bytes_min=1 << 60)
        assert await refusal(uploads.begin(full, UploadRules(), peer, 10, "")) is Reason.DISK_FULL
        (tmp_path / "blobs" / "uploads" / "0LEFT").write_bytes(b"of a process that died")
        os.utime(tmp_path / "blobs" / "uploads" / "0LEFT", (0, 0))
        assert await uploads.sweep(here.line) == 1


async def refusal(work: object) -> Reason:
    with pytest.raises(Exception) as no:
        await work
    return no.value.reason


@awaited
async def test_what_is_spoken_is_told_without_a_name(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        status, _, told = await here.ask("OPTIONS", "/v1/uploads", token=None)
        assert (status, told["Tus-Version"], told["Tus-Extension"]) == (
            204,
            "1.0.0",
            "creation,expiration,checksum,termination",
        )
        assert told["Tus-Max-Size"] == str(here.line.limits.attachment_bytes_max)


@awaited
async def test_giants_under_way_leave_room_for_small_ones_and_for_other_peers_giants(tmp_path: Path) -> None:
    """By counting: ten giants hold their places, every small packet passes, and one giant more is told to come back."""
    limits = HttpLimits(
        large_max=11, large_per_peer_max=10, submissions_max=4, peer_requests_per_s=10_000, peer_burst=10_000
    )
    async with town(tmp_path, http=limits) as here:
        go = asyncio.Event()

        async def slowly(data: bytes):
            yield data[:1_200_000]
            await go.wait()
            yield data[1_200_000:]

        async def giant(address: str, token: str = "bo") -> tuple[int, bytes, object]:
            headers = {**BYTES, "Upload-Offset": "0", "Content-Length": str(len(HUGE))}
            return await here.ask("PATCH", address, token, data=slowly(HUGE), headers=headers)

        addresses = [await begun(here) for _ in range(10)]
        under_way = [asyncio.create_task(giant(address)) for address in addresses]
        while sum(file.stat().st_size > 0 for file in (tmp_path / "blobs" / "uploads").iterdir()) < 10:
            await asyncio.sleep(0.01)
        assert_problem(await giant(await begun(here)), Reason.OVERLOADED)
        other = asyncio.create_task(giant(await begun(here, token="tinh"), "tinh"))
        small = [form(*packet(f"G22.{number}")) for number in range(100)]
        answers = [(await here.ask("POST", "/v1/packets", data=one, headers=FORM))[0] for one in small]
        assert answers == [201] * 100
        assert not any(one.done() for one in under_way), "the giants were there all the while"
        go.set()
        assert [status for status, _, _ in await asyncio.gather(*under_way, other)] == [204] * 11
