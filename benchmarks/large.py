"""A large attachment, in as its sender sends it and out as its addressee fetches it: time, and the server's memory."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.installed import installed
from gateway import edxml, trust
from gateway.demo.papers import letter

PIECE = bytes(range(256)) * 4096
"""1 MiB that is not all the same."""


@dataclass(frozen=True, slots=True)
class Large:
    """What one attachment of `megabytes` cost."""

    megabytes: int
    in_s: float
    out_s: float
    memory_idle_mb: float
    memory_peak_mb: float


def measure(megabytes: int) -> Large:
    """Send a sealed packet with one attachment of so many MiB, fetch it at the other end, compare the digests."""
    with installed() as gateway:
        cast, tokens, port = gateway.stage.cast, gateway.stage.tokens, gateway.served.port
        idle_mb = gateway.served.memory_mb
        digest = hashlib.sha256()
        for _ in range(megabytes):
            digest.update(PIECE)
        document = letter(
            cast.ministry, ((cast.silent.agency, cast.silent.name),), 1, "V/v gửi tệp lớn", datetime.now(UTC)
        )
        row = edxml.NewAttachment("201", "application/octet-stream", "tep-lon.bin")
        skeleton = trust.seal(
            edxml.write(document, [row]), [("201", digest.hexdigest())], cast.ministry.signer, datetime.now(UTC)
        )
        began_s = time.perf_counter()
        _send(port, tokens[cast.ministry.peer], skeleton, megabytes)
        sent_s = time.perf_counter()
        received = _fetch(port, tokens[cast.silent.peer])
        fetched_s = time.perf_counter()
        if received != digest.hexdigest():
            raise RuntimeError("what was fetched is not what was sent")
        return Large(megabytes, sent_s - began_s, fetched_s - sent_s, idle_mb, gateway.served.memory_peak_mb)


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
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
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
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
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
