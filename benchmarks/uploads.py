"""Giants: a large attachment in by a resumable upload that breaks half way, out by ranges, and the gateway's memory
all along; then small documents alone, and beside ten giants.

    python -m benchmarks.uploads [--megabytes 5120] [--documents 1000] [--giants 10]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.door import packets_of
from benchmarks.installed import HOST, UNLIMITED, Installed, installed
from benchmarks.load import Load, fire
from benchmarks.machine import load_average, machine, now, sentence
from benchmarks.parties import submissions
from gateway import edxml, trust
from gateway.demo.papers import letter

PIECE = bytes(range(256)) * 4096
"""1 MiB that is not all the same."""
RANGE_BYTES = 256 * 1024 * 1024
CONNECTIONS = 16
TIMEOUT_S = 1_800
TUS = {"Tus-Resumable": "1.0.0"}
WARMING = 100


@dataclass(frozen=True, slots=True)
class Giant:
    """What one attachment of `megabytes` cost."""

    in_s: float
    out_s: float
    cpu_s: float
    memory_before_mb: float
    memory_peak_mb: float


def pass_giant(gateway: Installed, megabytes: int) -> Giant:
    """In by an upload that breaks half way, named by a sealed packet, out by ranges; the digests are compared."""
    cast, before_mb, cpu_s = gateway.stage.cast, gateway.served.memory_mb, gateway.served.cpu_s
    digest = hashlib.sha256()
    for _ in range(megabytes):
        digest.update(PIECE)
    to = ((cast.silent.agency, cast.silent.name),)
    row = edxml.NewAttachment("201", "application/octet-stream", "tep-lon.bin")
    written = edxml.write(letter(cast.ministry, to, 1, "V/v gửi tệp lớn", datetime.now(UTC)), [row])
    skeleton = trust.seal(written, [("201", digest.hexdigest())], cast.ministry.signer, datetime.now(UTC))
    bearer = gateway.bearer(cast.ministry.peer)
    began_s = time.perf_counter()
    address = begun(gateway, bearer, megabytes)
    break_off(gateway, bearer, address, megabytes)
    stands = offset_of(gateway, bearer, address)
    print(f"the line broke half way; {stands:,} bytes were kept", flush=True)
    send_on(gateway, bearer, address, stands, megabytes)
    submit(gateway, bearer, address, skeleton)
    sent_s = time.perf_counter()
    if fetched(gateway, gateway.bearer(cast.silent.peer), megabytes << 20) != digest.hexdigest():
        raise RuntimeError("what was fetched is not what was sent")
    out_s = time.perf_counter() - sent_s
    return Giant(sent_s - began_s, out_s, gateway.served.cpu_s - cpu_s, before_mb, gateway.served.memory_peak_mb)


def begun(gateway: Installed, bearer: dict[str, str], megabytes: int) -> str:
    """The address of a new upload."""
    with connection(gateway) as line:
        line.request("POST", "/v1/uploads", headers={**bearer, **TUS, "Upload-Length": str(megabytes << 20)})
        return str(answered(line, 201).headers["Location"])


def break_off(gateway: Installed, bearer: dict[str, str], address: str, megabytes: int) -> None:
    """Send half of it, and hang up in the middle of a request."""
    with connection(gateway) as line:
        put_head(line, bearer, address, 0, megabytes << 20)
        for _ in range(megabytes // 2):
            line.send(PIECE)


def offset_of(gateway: Installed, bearer: dict[str, str], address: str) -> int:
    """Where it stands, once the gateway has noticed."""
    before = -1
    while True:
        with connection(gateway) as line:
            line.request("HEAD", address, headers={**bearer, **TUS})
            stands = int(answered(line, 200).headers["Upload-Offset"])
        if stands == before:
            return stands
        before = stands
        time.sleep(1)


def send_on(gateway: Installed, bearer: dict[str, str], address: str, offset: int, megabytes: int) -> None:
    """The rest of it."""
    whole, rest = divmod(offset, len(PIECE))
    with connection(gateway) as line:
        put_head(line, bearer, address, offset, (megabytes << 20) - offset)
        line.send(PIECE[rest:])
        for _ in range(megabytes - whole - 1):
            line.send(PIECE)
        answered(line, 204)


def put_head(line: http.client.HTTPConnection, bearer: dict[str, str], address: str, offset: int, length: int) -> None:
    line.putrequest("PATCH", address)
    headers = {**bearer, **TUS, "Upload-Offset": str(offset), "Content-Length": str(length)}
    for name, value in {**headers, "Content-Type": "application/offset+octet-stream"}.items():
        line.putheader(name, value)
    line.endheaders()


def submit(gateway: Installed, bearer: dict[str, str], address: str, skeleton: bytes) -> None:
    """The packet that names the upload."""
    parts = [b'name="packet"\r\n\r\n' + skeleton, f'name="201"\r\nContent-Location: {address}\r\n\r\n'.encode()]
    body = b"".join(b"--tep-lon\r\nContent-Disposition: form-data; " + one + b"\r\n" for one in parts)
    with connection(gateway) as line:
        headers = {**bearer, "Content-Type": "multipart/form-data; boundary=tep-lon"}
        line.request("POST", "/v1/packets", body + b"--tep-lon--\r\n", headers)
        answered(line, 201)


def fetched(gateway: Installed, bearer: dict[str, str], size_bytes: int) -> str:
    """SHA-256 of what came, range after range."""
    digest = hashlib.sha256()
    with connection(gateway) as line:
        line.request("GET", "/v1/inbox", headers=bearer)
        delivery = json.loads(line.getresponse().read())["deliveries"][0]["delivery_id"]
        for start in range(0, size_bytes, RANGE_BYTES):
            asked = {"Range": f"bytes={start}-{start + RANGE_BYTES - 1}"}
            line.request("GET", f"/v1/deliveries/{delivery}/attachments/1", headers={**bearer, **asked})
            answer = line.getresponse()
            if answer.status not in {200, 206}:
                raise RuntimeError(f"a range was answered {answer.status}")
            while piece := answer.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()


@contextmanager
def connection(gateway: Installed) -> Iterator[http.client.HTTPConnection]:
    line = http.client.HTTPConnection(HOST, gateway.port, timeout=TIMEOUT_S)
    try:
        yield line
    finally:
        line.close()


def answered(line: http.client.HTTPConnection, status: int) -> http.client.HTTPResponse:
    answer = line.getresponse()
    said = answer.read()
    if answer.status != status:
        raise RuntimeError(f"answered {answer.status}: {said[:500]!r}")
    return answer


def small_ones(gateway: Installed, documents: int, first_number: int) -> Load:
    """So many small documents, each receipted."""
    ministry = gateway.stage.cast.ministry
    packets = packets_of(gateway, ministry, documents, first_number)
    load = asyncio.run(fire(HOST, gateway.port, submissions(gateway, ministry.peer, packets), CONNECTIONS))
    if load.statuses != {201: documents}:
        raise RuntimeError(f"not every small document was receipted: {dict(load.statuses)}")
    return load


@contextmanager
def giants(gateway: Installed, count: int) -> Iterator[list[int]]:
    """So many uploads that go on and on, each as fast as it may, until the block ends; MiB taken, by giant."""
    taken, ended = [0] * count, threading.Event()
    bearer = gateway.bearer(gateway.stage.cast.party.peer)

    def one(number: int) -> None:
        megabytes = 5 * 1024
        with connection(gateway) as line:
            put_head(line, bearer, begun(gateway, bearer, megabytes), 0, megabytes << 20)
            while not ended.is_set() and taken[number] < megabytes:
                line.send(PIECE)
                taken[number] += 1

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield taken
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uploads", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=5_120)
    parser.add_argument("--documents", type=int, default=1_000)
    parser.add_argument("--giants", type=int, default=10)
    asked = parser.parse_args()
    print(f"{sentence(machine())}; {now()}; load average {load_average()}", flush=True)
    if asked.megabytes:
        with installed(UNLIMITED) as gateway:
            one = pass_giant(gateway, asked.megabytes)
        rates = f"{asked.megabytes / one.in_s:.0f} MiB/s in, {asked.megabytes / one.out_s:.0f} MiB/s out"
        memory = f"memory {one.memory_before_mb:.0f} MB before, {one.memory_peak_mb:.0f} MB at its peak"
        print(f"{asked.megabytes:,} MiB: {rates}, {one.cpu_s:.0f} s of CPU, {memory}", flush=True)
    with installed({**UNLIMITED, "uploads.per_peer_max": 1_000}) as gateway:
        small_ones(gateway, WARMING, 1)
        alone = small_ones(gateway, asked.documents, 10_000)
        with giants(gateway, asked.giants) as taken:
            time.sleep(1)
            beside, moved = small_ones(gateway, asked.documents, 20_000), sum(taken)
        peak_mb = gateway.served.memory_peak_mb
    for name, load in (("alone", alone), (f"beside {asked.giants} giants", beside)):
        figures = (
            f"{load.rate:.0f} documents/s, p50 {load.percentile_ms(0.5):.0f} ms, p99 {load.percentile_ms(0.99):.0f} ms"
        )
        print(f"{asked.documents:,} small documents {name}: {sum(load.statuses.values()):,} receipts, {figures}")
    print(f"the giants moved {moved:,} MiB meanwhile (least {min(taken)}, most {max(taken)}); peak {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
