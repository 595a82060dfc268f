"""Broken, ambiguous and slow HTTP over a raw socket: a problem or a closed connection, never a 500."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.edxml import Limits
from gateway.http import HttpLimits
from gateway.model.reasons import Reason
from tests.http.problems import assert_problem
from tests.http.town import Town, awaited, inline, packet, town

HEAD = b"POST /v1/packets HTTP/1.1\r\nHost: truc\r\nAuthorization: Bearer ministry-token\r\n"
XML_TYPE = b"Content-Type: application/edxml+xml\r\n"

Parsed = tuple[int, bytes, dict[str, str]]


async def exchange(here: Town, sent: bytes, then: float = 0.0, half_close: bool = False) -> bytes:
    """What the server says until it closes, or for half a minute after `sent`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    try:
        writer.write(sent)
        await writer.drain()
        if half_close:
            writer.write_eof()
        await asyncio.sleep(then)
        said = b""
        try:
            async with asyncio.timeout(30):
                while chunk := await reader.read(65_536):
                    said += chunk
                    if _whole(said):
                        break
        except (TimeoutError, ConnectionError):
            pass
        return said
    finally:
        writer.close()


def _whole(said: bytes) -> bool:
    head, found, body = said.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    ]
    return bool(found and lengths and len(body) >= lengths[0] and not head.startswith(b"HTTP/1.1 100"))


def parsed(said: bytes) -> Parsed:
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    written = (line.partition(":") for line in lines)
    headers = {name.title(): value.strip() for name, _, value in written}
    return int(first.split(" ")[1]), body[: int(headers.get("Content-Length", len(body)))], headers


async def still_serves(here: Town) -> None:
    assert (await here.ask("GET", "/healthz", token=None))[0] == 200


AMBIGUOUS = {
    "content-length and transfer-encoding": XML_TYPE
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two content-lengths": XML_TYPE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "two equal content-lengths": XML_TYPE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "an empty transfer-encoding": XML_TYPE + b"Content-Length: 5\r\nTransfer-Encoding:\r\n\r\nhello",
    "chunked twice": XML_TYPE + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked, chunked": XML_TYPE + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding gzip": XML_TYPE + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding xchunked": XML_TYPE + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a signed content-length": XML_TYPE + b"Content-Length: +5\r\n\r\nhello",
    "a content-length with underscore": XML_TYPE + b"Content-Length: 0_5\r\n\r\nhello",
    "a negative content-length": XML_TYPE + b"Content-Length: -1\r\n\r\n",
    "a content-length of words": XML_TYPE + b"Content-Length: five\r\n\r\nhello",
    "space before the colon": XML_TYPE + b"Content-Length : 5\r\n\r\nhello",
    "a folded header": XML_TYPE + b"X-A: b\r\n c: d\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": XML_TYPE + b"X-A: b\x00c\r\nContent-Length: 0\r\n\r\n",
    "bare CR in a value": XML_TYPE + b"X-A: b\rc: d\r\nContent-Length: 0\r\n\r\n",
    "a header without a colon": XML_TYPE + b"nonsense\r\nContent-Length: 0\r\n\r\n",
    "two authorizations": XML_TYPE + b"Authorization: Bearer other\r\nContent-Length: 0\r\n\r\n",
    "two content-types": XML_TYPE + b"Content-Type: text/xml\r\nContent-Length: 0\r\n\r\n",
    "two hosts": XML_TYPE + b"Host: other\r\nContent-Length: 0\r\n\r\n",
    "an unknown expectation": XML_TYPE + b"Expect: 200-maybe\r\nContent-Length: 0\r\n\r\n",
    "a header line of 20 kB": XML_TYPE + b"X-A: " + b"b" * 20_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "1,000 headers": XML_TYPE + b"".join(b"X-%d: b\r\n" % one for one in range(1_000)) + b"Content-Length: 0\r\n\r\n",
}


@awaited
async def test_an_ambiguous_head_is_malformed(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        for what, rest in AMBIGUOUS.items():
            said = await exchange(here, HEAD + rest)
            assert said, what
            assert_problem(parsed(said), Reason.REQUEST_MALFORMED)
        await still_serves(here)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/0.9\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\r\n\r\n\r\nhello\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n\x00",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"G\xc3\x89T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 65_536 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
    ],
    ids=["tls", "0.9", "no version", "nonsense", "no host", "h2", "method", "64 kB of path", "bare LF"],
)
@awaited
async def test_what_is_not_http_is_answered_with_a_problem_or_closed(tmp_path: Path, sent: bytes) -> None:
    async with town(tmp_path) as here:
        said = await exchange(here, sent)
        if said:
            status, body, headers = parsed(said)
            assert 400 <= status < 500
            assert_problem((status, body, headers), Reason(json.loads(body)["reason"]))
        await still_serves(here)


@pytest.mark.parametrize(
    "chunks",
    [
        b"0_2\r\nab\r\n0\r\n\r\n",
        b"+1\r\na\r\n0\r\n\r\n",
        b"0x1\r\na\r\n0\r\n\r\n",
        b"-1\r\na\r\n0\r\n\r\n",
        b"g\r\na\r\n0\r\n\r\n",
        b"1\r\nab\r\n0\r\n\r\n",
        b"5\r\nab",
        b"ffffffffffffffffff\r\na",
        b"\r\na\r\n0\r\n\r\n",
        b"1;" + b"x" * 70_000 + b"\r\na\r\n0\r\n\r\n",
        b"1 \r\na\r\n0\r\n\r\n",
    ],
)
@awaited
async def test_a_bad_chunk_ends_the_request_with_a_problem(tmp_path: Path, chunks: bytes) -> None:
    async with town(tmp_path, HttpLimits(body_idle_s=0.3)) as here:
        said = await exchange(here, HEAD + XML_TYPE + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        if said:
            status, body, headers = parsed(said)
            assert 400 <= status < 500, said
            assert_problem((status, body, headers), Reason(json.loads(body)["reason"]))
        await still_serves(here)


@awaited
async def test_a_truncated_body_is_no_packet(tmp_path: Path, log_lines: list[dict]) -> None:
    async with town(tmp_path) as here:
        body = inline(*packet())
        head = HEAD + XML_TYPE + b"Content-Length: %d\r\n\r\n" % (len(body) + 1)
        await exchange(here, head + body, half_close=True)
        while not any(one["event"] == "request" for one in log_lines):
            await asyncio.sleep(0.01)
        line = next(one for one in log_lines if one["event"] == "request")
        assert line["reason"] == Reason.BODY_TRUNCATED.value
        assert (await here.ask("GET", "/v1/inbox", "tinh"))[1] == b'{"deliveries":[],"next":null}'
        assert not list((tmp_path / "blobs" / "incoming").iterdir())


@awaited
async def test_a_silent_body_is_given_up(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(body_idle_s=0.2)) as here:
        said = await exchange(here, HEAD + XML_TYPE + b"Content-Length: 500\r\n\r\n<edXML")
        assert_problem(parsed(said), Reason.BODY_TOO_SLOW)


@awaited
async def test_a_dripping_body_is_given_up_although_it_is_never_silent(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(body_grace_s=0.4, body_idle_s=5, body_bytes_per_s_min=1_000)) as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        started = time.perf_counter()
        writer.write(HEAD + XML_TYPE + b"Content-Length: 50000\r\n\r\n")
        said = b""
        while not said:
            writer.write(b"<")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    said = await reader.read(65_536)
        assert time.perf_counter() - started >= 0.4
        assert_problem(parsed(said), Reason.BODY_TOO_SLOW)
        writer.close()


@awaited
async def test_an_endless_body_ends_at_the_limit(tmp_path: Path) -> None:
    async with town(tmp_path, limits=Limits(body_bytes_max=300_000)) as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(HEAD + XML_TYPE + b"Transfer-Encoding: chunked\r\n\r\n")
        sent, said = 0, b""
        while sent < 50_000_000:
            try:
                writer.write(b"8000\r\n" + b" " * 32_768 + b"\r\n")
                await writer.drain()
            except ConnectionError:
                break
            sent += 32_768
            try:
                async with asyncio.timeout(0.001):
                    said += await reader.read(65_536)
            except (TimeoutError, ConnectionError):
                continue
            if said:
                break
        assert sent < 10_000_000
        assert_problem(parsed(said), Reason.BODY_TOO_LARGE)
        writer.close()
        await still_serves(here)


@awaited
async def test_encoded_bodies_are_refused_and_never_unfolded(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        bomb = gzip.compress(b"\0" * 10_000_000)
        for encoding in (b"gzip", b"deflate", b"br", b"gzip, gzip", b"GZIP", b"zstd"):
            head = HEAD + XML_TYPE + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(bomb))
            assert_problem(parsed(await exchange(here, head + bomb)), Reason.CONTENT_ENCODING)


@awaited
async def test_a_stranger_is_never_told_to_continue(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        expect = b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        stranger = b"POST /v1/packets HTTP/1.1\r\nHost: truc\r\n" + XML_TYPE + expect
        said = await exchange(here, stranger)
        assert_problem(parsed(said), Reason.UNAUTHENTICATED)
        nowhere = b"POST /nowhere HTTP/1.1\r\nHost: truc\r\nExpect: 200-maybe\r\nContent-Length: 0\r\n\r\n"
        assert_problem(parsed(await exchange(here, nowhere)), Reason.REQUEST_MALFORMED)
        known = await exchange(here, HEAD + XML_TYPE + expect + b"hello")
        assert known.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 422")


@awaited
async def test_slow_heads_and_idle_connections_are_closed(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(header_timeout_s=0.3)) as here:
        for sent in (b"", b"POST /v1/packets HTTP/1.1\r\nHost: tr"):
            reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
            writer.write(sent)
            assert await reader.read() == b""
            writer.close()


@awaited
async def test_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        one = b"GET /healthz HTTP/1.1\r\nHost: truc\r\n\r\n"
        last = b"GET /nowhere HTTP/1.1\r\nHost: truc\r\nConnection: close\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(one * 3 + last)
        said = await reader.read()
        assert said.count(b"HTTP/1.1 200") == 3 and said.count(b"HTTP/1.1 404") == 1
        assert said.index(b"HTTP/1.1 404") > said.rindex(b"HTTP/1.1 200")
        writer.close()


@awaited
async def test_a_path_an_agent_or_a_token_cannot_write_a_log_line(tmp_path: Path, log_lines: list[dict]) -> None:
    async with town(tmp_path) as here:
        await exchange(here, b"GET /%0d%0arequest%20status=200%1b[2J%E2%80%AE HTTP/1.1\r\nHost: truc\r\n\r\n")
        line = next(one for one in log_lines if one["event"] == "request")
        assert line["path"] == "/\\u000d\\u000arequest status=200\\u001b[2J\\u202e"
        assert "token" not in json.dumps(line)
