"""Large bodies pass in bounded memory, in and out, whichever way they are packaged."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from gateway import edxml
from gateway.http.limits import HttpLimits
from gateway.http.transfer import Transfers
from gateway.trust import seal
from tests.http.test_native import waiting
from tests.http.town import FORM, awaited, packet, town
from tests.pki import NOW, pki

MIB = 1024 * 1024
SIZE = 64 * MIB


def pattern(size: int) -> bytes:
    """Bytes that are not all alike, made quickly."""
    block = hashlib.sha512(b"truc").digest() * (MIB // 64)
    return block * (size // MIB)


SUBMIT = textwrap.dedent(
    '''
    """Submits and fetches one large packet against a town in this process, and says how much memory that took."""
    import asyncio, json, sys
    from pathlib import Path
    from tests.http import test_transfer
    print(json.dumps(asyncio.run(test_transfer.measured(Path(sys.argv[1]), sys.argv[2]))))
    '''
)


async def measured(folder: Path, packaging: str) -> dict[str, int]:
    """Growth of this process's resident memory while one packet of 64 MiB is submitted and fetched in pieces."""
    digest = hashlib.sha256()
    block = pattern(MIB)
    for _ in range(SIZE // MIB):
        digest.update(block)
    small, _ = packet(attachments=(("to.bin", b""),), sealed=False)
    skeleton = seal(small, [("tep-1", digest.hexdigest())], pki().p256.signer, NOW)

    async def body() -> AsyncIterator[bytes]:
        if packaging == "form":
            yield b'--ranh-gioi\r\nContent-Disposition: form-data; name="packet"\r\n\r\n' + skeleton
            yield b'\r\n--ranh-gioi\r\nContent-Disposition: form-data; name="tep-1"\r\n\r\n'
            for _ in range(SIZE // MIB):
                yield block
            yield b"\r\n--ranh-gioi--\r\n"
        else:
            for piece in edxml.inline(skeleton, [(block for _ in range(SIZE // MIB))]):
                yield piece

    kind = FORM if packaging == "form" else {"Content-Type": "application/edxml+xml"}
    with capture_logs():
        async with town(folder) as here:
            await here.ask("GET", "/v1/inbox")
            Path("/proc/self/clear_refs").write_text("5")  # what starting up took at its peak is not the packet's
            before = resident()
            status, answer, _ = await here.ask("POST", "/v1/packets", data=body(), headers=kind)
            assert status == 201, answer
            received = resident_peak()
            delivery = (await waiting(here))[0]["delivery_id"]
            headers = {
                "Authorization": "Bearer province-token",
                "Accept": "multipart/form-data" if packaging == "form" else "*/*",
            }
            fetched = 0
            async with here.session.get(f"{here.url}/v1/deliveries/{delivery}/packet", headers=headers) as got:
                async for piece in got.content.iter_chunked(MIB):
                    fetched += len(piece)
            sent = resident_peak()
    return {"received_bytes": received - before, "sent_bytes": sent - before, "fetched": fetched}


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def resident_peak() -> int:
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("packaging", ["form", "inline"])
def test_a_packet_of_64_mib_takes_little_memory(tmp_path: Path, packaging: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SUBMIT, str(tmp_path), packaging],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 0, run.stderr[-3000:]
    taken = json.loads(run.stdout.splitlines()[-1])
    assert taken["fetched"] > SIZE
    assert taken["received_bytes"] < 24 * MIB, taken
    assert taken["sent_bytes"] < 32 * MIB, taken


@awaited
async def test_large_bodies_do_not_hold_up_small_requests(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        skeleton, attachments = packet(attachments=(("to.bin", pattern(32 * MIB)),))

        async def body() -> AsyncIterator[bytes]:
            yield b'--ranh-gioi\r\nContent-Disposition: form-data; name="packet"\r\n\r\n' + skeleton
            yield b'\r\n--ranh-gioi\r\nContent-Disposition: form-data; name="tep-1"\r\n\r\n'
            for start in range(0, 32 * MIB, MIB):
                yield attachments[0][1][start : start + MIB]
            yield b"\r\n--ranh-gioi--\r\n"

        large = asyncio.ensure_future(here.ask("POST", "/v1/packets", data=body(), headers=FORM))
        slowest, loop = 0.0, asyncio.get_running_loop()
        while not large.done():
            started = loop.time()
            await here.ask("GET", "/healthz", token=None)
            slowest = max(slowest, loop.time() - started)
        assert (await large)[0] == 201
        assert slowest < 0.5


@pytest.mark.parametrize("at_hand", [False, True])
@pytest.mark.parametrize("size", [0, 1, 8, 9, 12, 24])
@awaited
async def test_a_body_arrives_whole_however_it_falls_into_batches(size: int, at_hand: bool) -> None:
    transfers, body = Transfers(HttpLimits(batch_bytes=8)), bytes(range(size))

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = size
        return await transfers.send(
            request, response, iter([body[start : start + 4] for start in range(0, size, 4)]), at_hand=at_hand
        )

    doors = web.Application()
    doors.router.add_get("/", answer)
    async with TestServer(doors) as server, ClientSession() as session, session.get(server.make_url("/")) as got:
        assert await got.read() == body
    transfers.close()
