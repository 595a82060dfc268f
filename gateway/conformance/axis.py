"""A partner that speaks the axis dialect, as the vendors' SDK does: signed headers, the JSON envelope."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import io
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import aiohttp

from gateway.conformance.partner import NO_ANSWER, MessageType, NotTaken, Seat, send_and_break
from gateway.model.calendar import VIET_NAM

PREFIX = "XroadVnpt-"
ONE_CALL_S = 60.0
TRIES = 3
"""For a gateway that asks to be asked less often."""
JSON, OCTETS = "application/json", "application/octet-stream"
Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AxisPartner:
    """One system with a system id and a secret. `url` is the base URL, operations are appended to it."""

    seat: Seat
    url: str
    system_id: str
    secret: str
    session: aiohttp.ClientSession
    clock: Callable[[], datetime]
    tls: ssl.SSLContext | None = None
    dialect: str = "axis"

    async def send(self, file: bytes, message_type: MessageType) -> str:
        return await self._send(file, message_type, self.secret)

    async def send_unproven(self, file: bytes) -> str:
        return await self._send(file, "edoc", "no secret of anybody")

    async def send_half(self, file: bytes) -> None:
        await send_and_break(f"{self.url}/sendEdoc", self._sending(file, "edoc", self.secret), file + b"\r\n", self.tls)

    async def waiting(self, message_type: MessageType) -> list[str]:
        said = {"servicetype": "eDoc", "messagetype": message_type}
        rows = (await self._ask("getReceivedEdocList", said, None)).get("data")
        assert isinstance(rows, list), "a list, however empty"
        return [str(row["docId"]) for row in rows]

    async def fetch(self, doc_id: str) -> bytes:
        answer = await self._ask("getEdoc", {"docId": doc_id, "filePath": "conformance"}, b"{}")
        return base64.b64decode(str(answer["data"]), validate=True)

    async def confirm(self, doc_id: str) -> None:
        await self._ask("updateStatus", {"docid": doc_id, "status": "done"}, b"{}")

    async def refuse(self, doc_id: str, reason: str) -> None:
        """The dialect has no words for why: those travel in a status packet 02."""
        del reason
        await self._ask("updateStatus", {"docid": doc_id, "status": "fail"}, b"{}")

    async def fates(self, doc_id: str, message_type: MessageType) -> Mapping[str, str]:
        said = {"servicetype": "eDoc", "messagetype": message_type, "docId": doc_id}
        rows = (await self._ask("getSentEdocList", said, None)).get("data")
        assert isinstance(rows, list), "a list, however empty"
        return {str(row["toCode"]): str(row["receiveStatus"]) for row in rows}

    async def _send(self, file: bytes, message_type: MessageType, secret: str) -> str:
        headers = self._sending(file, message_type, secret)
        return str((await self._answer("sendEdoc", headers, file + b"\r\n"))["DocId"])

    def _sending(self, file: bytes, message_type: MessageType, secret: str) -> dict[str, str]:
        said = {
            "servicetype": "eDoc",
            "messagetype": message_type,
            "from": self.seat.agency,
            "hash-file": hashlib.sha256(file).hexdigest(),
        }
        return self._signed(OCTETS, said, secret)

    async def _ask(self, operation: str, said: Mapping[str, str], body: bytes | None) -> Json:
        return await self._answer(operation, self._signed(JSON, said, self.secret), body)

    def _signed(self, content_type: str, said: Mapping[str, str], secret: str) -> dict[str, str]:
        """Every parameter as a header, and the HMAC over the JSON of them all."""
        now = self.clock().astimezone(VIET_NAM)
        stamp = f"{now:%d%m%YT%H%M%S}+{now.microsecond // 1000:04}"
        members = {"timestamp": stamp, "systemid": self.system_id, "Content-Type": content_type, **said}
        text = json.dumps({PREFIX + key: value for key, value in members.items()}, separators=(",", ":"))
        return {
            "Content-Type": content_type,
            **{PREFIX + key: value for key, value in members.items()},
            f"{PREFIX}sign-header-key": ";".join(members),
            f"{PREFIX}sign-header": text,
            f"{PREFIX}hash-header": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest(),
        }

    async def _answer(self, operation: str, headers: Mapping[str, str], body: bytes | None) -> Json:
        """The envelope of a success. NotTaken for a FAIL, and for whatever is no envelope: the SDK would lose it."""
        timeout = aiohttp.ClientTimeout(total=ONE_CALL_S)
        for _ in range(TRIES):
            content = None if body is None else io.BytesIO(body)
            async with self.session.post(
                f"{self.url}/{operation}", headers=headers, data=content, timeout=timeout, ssl=self.tls or True
            ) as answer:
                raw, after_s = await answer.read(), answer.headers.get("Retry-After", "1")
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                break
            await asyncio.sleep(float(after_s))
        try:
            envelope = json.loads(raw.decode("ascii"))
            code = str(envelope["ErrorCode"])
        except (ValueError, KeyError, TypeError) as fault:
            words = f"HTTP {answer.status} {answer.content_type} for {operation}: {raw[:80]!r}"
            raise NotTaken(NO_ANSWER, words) from fault
        if envelope.get("status") != "OK":
            raise NotTaken(code, str(envelope.get("ErrorDesc", "")))
        return dict(envelope)
