"""The vendor's SDK as it is seen on the wire: every byte of a request, and what the SDK makes of an answer.

A `Service` is one of its service objects: it has one time of signing, and keeps the headers of earlier calls.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime

from gateway.model.calendar import VIET_NAM

BASE_PATH = "/XrdAdapter/RestService/forward/VPCP"
AGENT = "JAVASDKAgent/1.0.0 XRoad/VPCP"
JSON = "application/json"
OCTETS = "application/octet-stream"

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    """An answer, unfolded."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    continued: bool
    """Whether `100 Continue` came first."""

    @property
    def json(self) -> dict[str, object]:
        """As the SDK reads most answers. Fails for anything but JSON in ASCII, which is what all are to be."""
        assert self.headers["content-type"].startswith("application/json"), self.headers
        read: dict[str, object] = json.loads(self.body.decode("ascii"))
        return read

    @property
    def code(self) -> str:
        """ErrorCode; the envelope must be whole."""
        envelope = self.json
        assert {"status", "ErrorCode", "ErrorDesc"} <= envelope.keys()
        assert (envelope["status"] == "OK") == (envelope["ErrorCode"] == "0") == (self.status == 200)
        return str(envelope["ErrorCode"])

    @property
    def data(self) -> list[dict[str, object]]:
        """The rows of a list."""
        assert self.code == "0", self.json
        rows = self.json["data"]
        assert isinstance(rows, list)
        return rows


@dataclass
class Service:
    """One service object of the SDK."""

    port: int
    system_id: str
    secret: str
    at: datetime
    base_path: str = BASE_PATH
    kept: dict[str, str] = field(default_factory=dict)
    """Headers of earlier calls: they are sent again."""

    def __post_init__(self) -> None:
        local = self.at.astimezone(VIET_NAM)
        milliseconds = f"{local.microsecond // 1000:04}"
        self.kept = {"timestamp": f"{local:%d%m%YT%H%M%S}+{milliseconds}", "systemid": self.system_id}

    def signed(self, content_type: str, parameters: dict[str, str]) -> Headers:
        """The headers of the next call, in the order in which the SDK writes them."""
        self.kept |= {"Content-Type": content_type, **parameters}
        text = json.dumps({f"XroadVnpt-{key}": value for key, value in self.kept.items()}, separators=(",", ":"))
        mac = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers: Headers = []
        for key, value in self.kept.items():
            if key == "Content-Type":
                headers.append((key, value))
            headers.append((f"XroadVnpt-{key}", value))
        return [
            *headers,
            ("XroadVnpt-sign-header-key", ";".join(self.kept)),
            ("XroadVnpt-sign-header", text),
            ("XroadVnpt-hash-header", mac),
            ("User-Agent", AGENT),
            ("XroadVnpt-version", "3.0.201608"),
        ]

    async def empty(self, operation: str, **parameters: str) -> Reply:
        """A call without a body, such as those of the lists."""
        headers = self.signed(JSON, parameters)
        return await ask(self.port, "POST", f"{self.base_path}/{operation}", [*headers, ("Content-Length", "0")])

    async def braces(self, operation: str, body: bytes = b"{}", **parameters: str) -> Reply:
        """A call with a JSON body: it waits to be told to go on."""
        headers = [*self.signed(JSON, parameters), ("Content-Length", str(len(body))), ("Expect", "100-continue")]
        return await ask(self.port, "POST", f"{self.base_path}/{operation}", headers, body)

    async def send_edoc(self, file: bytes, sender: str, message_type: str = "edoc", **parameters: str) -> Reply:
        """sendEdoc: the file and a line break that is no part of it."""
        said = {"from": sender, "servicetype": "eDoc", "messagetype": message_type, "hash-file": unpadded(file)}
        body = file + b"\r\n"
        headers = [*self.signed(OCTETS, said | parameters), ("Content-Length", str(len(body)))]
        return await ask(self.port, "POST", f"{self.base_path}/sendEdoc", headers, body)

    async def received(self, message_type: str = "edoc") -> Reply:
        """getReceivedEdocList."""
        return await self.empty("getReceivedEdocList", servicetype="eDoc", messagetype=message_type)

    async def sent(self, doc_id: object, message_type: str = "edoc") -> Reply:
        """getSentEdocList."""
        return await self.empty(
            "getSentEdocList", servicetype="eDoc", messagetype=message_type, docId=str(doc_id)
        )  # fmt: skip

    async def fetch(self, doc_id: object) -> bytes:
        """getEdoc, its data decoded."""
        reply = await self.braces("getEdoc", docId=str(doc_id), filePath="d:/test")
        assert reply.code == "0", reply.json
        return base64.b64decode(str(reply.json["data"]), validate=True)

    async def download(self, doc_id: object) -> Reply:
        """downloadEdoc."""
        headers = self.signed(JSON, {"docId": str(doc_id), "filePath": "d:/test"})
        return await ask(self.port, "GET", f"{self.base_path}/downloadEdoc", headers)

    async def update(self, doc_id: object, status: str) -> Reply:
        """updateStatus."""
        return await self.braces("updateStatus", status=status, docid=str(doc_id))


def unpadded(file: bytes) -> str:
    """SHA-256 in hex as the SDK writes it: a byte below 16 has one digit."""
    return "".join(format(byte, "x") for byte in hashlib.sha256(file).digest())


async def ask(port: int, method: str, path: str, headers: Headers, body: bytes = b"") -> Reply:
    """One request over a connection of its own, in the order and the spelling given."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        everything = [
            *headers,
            ("Host", f"127.0.0.1:{port}"),
            ("Connection", "Keep-Alive"),
            ("Accept-Encoding", "gzip,deflate"),
        ]
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in everything), "", ""]
        writer.write("\r\n".join(lines).encode())
        waits = ("Expect", "100-continue") in headers
        if not waits:
            writer.write(body)
        status, answered = await _head(reader)
        continued = waits and status == 100
        if continued:
            writer.write(body)
            status, answered = await _head(reader)
        return Reply(status, answered, await _body(reader, answered), continued)
    finally:
        writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *rest = head.rstrip("\r\n").split("\r\n")
    return int(first.split()[1]), {name.lower(): value for name, value in (one.split(": ", 1) for one in rest)}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
