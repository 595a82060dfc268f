"""A large attachment, in as its sender sends it and out as its addressee fetches it: time, and the server's memory all
along."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.installed import HOST, UNLIMITED, Installed, installed
from benchmarks.outcome import Curve, Goal, Outcome, Plot, Point, Table
from benchmarks.processes import watching
from gateway import edxml, trust
from gateway.demo.papers import letter

PIECE = bytes(range(256)) * 4096
"""1 MiB that is not all the same."""
MEMORY_MB = 300.0
TIMEOUT_S = 1_800
SAMPLES_A_SECOND = 10
HUGE = {"limits.body_bytes_max": 1 << 34, "limits.attachment_bytes_max": 1 << 34}


@dataclass(frozen=True, slots=True)
class Passed:
    """What one attachment cost."""

    in_s: float
    out_s: float
    cpu_s: float
    memory: list[Point]


def measure(megabytes: int) -> Outcome:
    """Send a sealed packet with one attachment of so many MiB, fetch it at the other end, compare the digests."""
    with installed({**UNLIMITED, **HUGE}) as gateway:
        before_mb = gateway.served.memory_mb
        passed = _pass(gateway, megabytes)
        peak_mb = gateway.served.memory_peak_mb
    caption = f"One attachment of {megabytes:,} MiB in a sealed packet; what came out has the digest of what went in."
    columns = ("", "in MiB/s", "out MiB/s", "server CPU s", "memory before MB", "peak memory MB")
    row = ("one attachment", megabytes / passed.in_s, megabytes / passed.out_s, passed.cpu_s, before_mb, peak_mb)
    goal = Goal(
        "peak memory with a large attachment", peak_mb, MEMORY_MB, "MB", at_least=False,
        reference=f"{before_mb:.0f} MB before it",
    )  # fmt: skip
    title = f"Memory of the gateway: {megabytes:,} MiB in ({passed.in_s:.1f} s), then out ({passed.out_s:.1f} s)"
    plot = Plot("large", title, "MB", (Curve("gateway", tuple(passed.memory)),))
    return Outcome((Table(caption, columns, (row,)),), (goal,), (plot,))


def _pass(gateway: Installed, megabytes: int) -> Passed:
    cast, tokens = gateway.stage.cast, gateway.stage.tokens
    digest = hashlib.sha256()
    for _ in range(megabytes):
        digest.update(PIECE)
    to = ((cast.silent.agency, cast.silent.name),)
    document = letter(cast.ministry, to, 1, "V/v gửi tệp lớn", datetime.now(UTC))
    row = edxml.NewAttachment("201", "application/octet-stream", "tep-lon.bin")
    skeleton = trust.seal(
        edxml.write(document, [row]), [("201", digest.hexdigest())], cast.ministry.signer, datetime.now(UTC)
    )
    cpu_s = gateway.served.cpu_s
    with watching(gateway.served, 1 / SAMPLES_A_SECOND) as memory:
        began_s = time.perf_counter()
        _send(gateway.port, tokens[cast.ministry.peer], skeleton, megabytes)
        sent_s = time.perf_counter()
        received = _fetch(gateway.port, tokens[cast.silent.peer])
        fetched_s = time.perf_counter()
    if received != digest.hexdigest():
        raise RuntimeError("what was fetched is not what was sent")
    return Passed(sent_s - began_s, fetched_s - sent_s, gateway.served.cpu_s - cpu_s, memory)


def _send(port: int, token: str, skeleton: bytes, megabytes: int) -> None:
    boundary = "large-attachment-of-the-benchmark"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="packet"\r\n\r\n'.encode() + skeleton
    middle = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="201"\r\n\r\n'.encode()
    tail = f"\r\n--{boundary}--\r\n".encode()

    def body() -> Iterator[bytes]:
        yield head + middle
        for _ in range(megabytes):
            yield PIECE
        yield tail

    length = len(head) + len(middle) + len(PIECE) * megabytes + len(tail)
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)
    connection.request(
        "POST",
        "/v1/packets",
        body(),
        {
            "Authorization": f"Bearer {token}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(length),
        },
    )
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 201:
        raise RuntimeError(f"the large packet was answered {answer.status}: {said[:500]!r}")
    connection.close()


def _fetch(port: int, token: str) -> str:
    """Hand-over of the packet's attachment: SHA-256 of what came."""
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {token}"}
    connection.request("GET", "/v1/inbox", headers=headers)
    delivery = json.loads(connection.getresponse().read())["deliveries"][0]["delivery_id"]
    connection.request("GET", f"/v1/deliveries/{delivery}/attachments/1", headers=headers)
    answer = connection.getresponse()
    digest = hashlib.sha256()
    while piece := answer.read(1 << 20):
        digest.update(piece)
    connection.close()
    return digest.hexdigest()
