"""Peers that vanish, and what becomes of their connections. To be run in a network of its own:

    unshare --map-root-user --net python -m tests.http.vanishing FOLDER

Prints how many connections the vanished held before and in the end, and how often somebody else was answered meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path

from gateway.http.limits import HttpLimits
from tests.http.town import FORM, TOKENS, Town, form, packet, town

FAR_AWAY = "10.9.9.9"
LARGE = 8_000_000
SILENCE_S = 3.0


def held(port: int, address: str) -> int:
    """How many connections from this address the process behind a port has, as the kernel counts them."""
    there = f"{int.from_bytes(socket.inet_aton(address), 'little'):08X}:"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [row for row in rows if row[1].endswith(f":{port:04X}") and row[2].startswith(there)]
    return sum(row[9] != "0" for row in ours)  # without an inode the process has let go of it


def connect(here: Town, address: str, said: bytes) -> socket.socket:
    """A peer that says this and never reads."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    peer.bind((address, 0))
    peer.connect(("127.0.0.1", here.port))
    peer.sendall(said)
    return peer


async def download(here: Town) -> bytes:
    """A request that is answered with much."""
    body = form(*packet(attachments=[("lớn.pdf", b"%PDF-1.7 " + bytes(LARGE))]))
    assert (await here.ask("POST", "/v1/packets", data=body, headers=FORM))[0] == 201
    (item,) = json.loads((await here.ask("GET", "/v1/inbox", "tinh"))[1])["deliveries"]
    path = f"/v1/deliveries/{item['delivery_id']}/attachments/1"
    return f"GET {path} HTTP/1.1\r\nHost: truc\r\nAuthorization: Bearer {TOKENS['tinh']}\r\n\r\n".encode()


async def until_let_go(here: Town, address: str) -> int:
    """Until the server has let go of all from there. How often somebody else was answered meanwhile."""
    answered = 0
    while held(here.port, address):
        assert (await here.ask("GET", "/healthz", token=None))[0] == 200
        answered += 1
        await asyncio.sleep(0.05)
    return answered


async def vanish(folder: Path) -> None:
    for words in (("link", "set", "lo", "up"), ("addr", "add", f"{FAR_AWAY}/32", "dev", "lo")):
        subprocess.run(["ip", *words], check=True)
    async with town(folder, HttpLimits(write_timeout_s=SILENCE_S, header_timeout_s=3_600.0)) as here:
        idle, half = b"", b"GET /healthz HTTP/1.1\r\nHost: "
        peers = [connect(here, FAR_AWAY, said) for said in (idle, half, await download(here))]
        while held(here.port, FAR_AWAY) < len(peers):
            await asyncio.sleep(0.01)
        subprocess.run(["ip", "addr", "del", f"{FAR_AWAY}/32", "dev", "lo"], check=True)
        answered = await until_let_go(here, FAR_AWAY)
        print(json.dumps([len(peers), held(here.port, FAR_AWAY), answered]))


if __name__ == "__main__":
    asyncio.run(vanish(Path(sys.argv[1])))
