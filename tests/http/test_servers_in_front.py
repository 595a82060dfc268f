"""The servers that may stand in front, set up as the operator's guide says, before a real gateway."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from gateway.http import PublicAddress
from gateway.model.reasons import Reason
from tests.crash.installation import free_port
from tests.http.problems import assert_problem
from tests.http.proxy import Front, seen_through
from tests.http.test_identity import files
from tests.http.town import FILE, TOKENS, Town, awaited, inline, packet, town
from tests.outside import require
from tests.pki import pki

GUIDE = Path(__file__).parents[2] / "docs" / "operator.md"
GATEWAY = "127.0.0.1:8080"
"""Where the examples look for it."""
HANGS_S = 60.0
LARGE = b"%PDF-1.7 " + bytes(range(256)) * 4096


def example(begins: str) -> str:
    """The example of the guide that begins so."""
    (found,) = re.findall(rf"```\w*\n({begins}.*?)```", GUIDE.read_text(), re.DOTALL)
    return str(found)


def nginx(folder: Path, listens: int, behind: str) -> list[str]:
    certificate, key = files(folder, pki().gateway, "truc")
    said = example("server {").replace("listen 443", f"listen 127.0.0.1:{listens}").replace(GATEWAY, behind)
    said = said.replace("/etc/ssl/truc.pem", str(certificate)).replace("/etc/ssl/truc.key", str(key))
    kept = "".join(
        f"{what}_temp_path {folder / what};\n" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    settings = folder / "nginx.conf"
    settings.write_text(
        f"daemon off;\nmaster_process off;\npid {folder / 'pid'};\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{kept}{said}}}\n"
    )
    return [str(require("nginx")), "-p", str(folder), "-e", "stderr", "-c", str(settings)]


def haproxy(folder: Path, listens: int, behind: str) -> list[str]:
    (folder / "truc.pem").write_bytes(pki().gateway.pem + pki().gateway.key_pem)
    said = example("frontend truc").replace("bind :443", f"bind 127.0.0.1:{listens}").replace(GATEWAY, behind)
    settings = folder / "haproxy.cfg"
    settings.write_text(said.replace("/etc/haproxy/truc.pem", str(folder / "truc.pem")))
    return [str(require("haproxy")), "-db", "-f", str(settings)]


@asynccontextmanager
async def behind(folder: Path, server: str) -> AsyncIterator[tuple[Town, Town]]:
    """The town, and the town as somebody outside has it."""
    folder.mkdir()
    one, port = Front(), free_port()
    one.url = f"https://127.0.0.1:{port}"
    inside = folder / "gateway"
    inside.mkdir()
    async with town(inside, public=PublicAddress.parse(one.url)) as here:
        command = {"nginx": nginx, "haproxy": haproxy}[server](folder, port, f"127.0.0.1:{here.port}")
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            await _listening(port, running, folder / "log")
            async with seen_through(one, here, folder) as outside:
                yield here, outside
        finally:
            running.terminate()
            running.wait()


async def _listening(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(HANGS_S):
        while True:
            assert running.poll() is None, log.read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


@pytest.mark.parametrize("server", ["nginx", "haproxy"])
@awaited
async def test_as_the_guide_sets_it_up_everything_passes(tmp_path: Path, server: str) -> None:
    async with behind(tmp_path / server, server) as (here, outside), asyncio.timeout(HANGS_S):
        assert (await here.ask("GET", "/metrics", token=None))[0] == 200
        assert (await outside.ask("GET", "/metrics", token=None))[0] == 404
        assert "Strict-Transport-Security" in (await outside.ask("GET", "/healthz", token=None))[2]

        headers = {"Authorization": f"Bearer {TOKENS['tinh']}"}
        async with outside.session.get(f"{outside.url}/v1/events", headers=headers) as events:
            waits = asyncio.create_task(outside.ask("GET", "/v1/inbox?wait_s=30", "tinh"))
            file = inline(*packet(attachments=(("lớn.pdf", LARGE),)))
            status, answer, _ = await outside.ask("POST", "/v1/packets", data=file, headers=FILE)
            assert status == 201, answer
            accepted = json.loads(answer)
            assert accepted["dispatch_id"] in await _event(events), "while the stream goes on"
        (item,) = json.loads((await waits)[1])["deliveries"]
        assert (await outside.ask("GET", f"/v1/deliveries/{item['delivery_id']}/packet", "tinh"))[1] == file

        here.sequencing.cancel()
        here.line.state.unsealed_since = here.clock()
        here.clock.pass_(minutes=5)
        refused = await outside.ask("POST", "/v1/packets", data=inline(*packet("G22.2")), headers=FILE)
        assert_problem(refused, Reason.LEDGER_UNAVAILABLE)
        assert refused[2]["Retry-After"]


async def _event(events: aiohttp.ClientResponse) -> str:
    """The first event of a stream."""
    async for line in events.content:
        if line.startswith(b"data: "):
            return line.decode()
    raise AssertionError("the stream ended")
