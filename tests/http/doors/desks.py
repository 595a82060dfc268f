"""A desk at each door, worked as its clients really work it: raw packets of the vendor's SDK here, JSON there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol
from xml.etree import ElementTree

from gateway import edxml
from gateway.exchange.life_facts import written_at
from gateway.model.dispatch import as_uuid, from_uuid
from gateway.model.packet import Organ, ResponseFor, Status
from tests.http.axis.places import service
from tests.http.axis.sdk import Service
from tests.http.town import FILE, TOKENS, Town

CODE, PROMULGATED_ON = "7816/BKT-VP", "2026/11/20"
CARRIED = {"queued": "initial", "delivered": "processing", "acknowledged": "done", "withdrawn": "fail"}
"""What the axis dialect calls a delivery status."""


@dataclass(frozen=True)
class Told:
    """A packet as its reader got it through its own door."""

    delivery_id: str
    of: str
    """The document's id; of a status, that of the document it speaks of."""
    says: str
    """The status code; of a document, `type 0` to `type 3`."""
    words: str


class Desk(Protocol):
    """One agency's system at one door."""

    agency: str
    token: str

    async def send(self, file: bytes) -> str:
        """Hand a document in; the id of its dispatch."""

    async def take(self) -> list[Told]:
        """Read, and confirm, everything that waits: documents, then statuses."""

    async def report(self, document: Told, to: str, code: str, words: str) -> None:
        """Tell an agency what was done with its document."""

    async def ask_back(self, dispatch_id: str, document_id: str, holder: str, words: str) -> None:
        """Ask a document back by status 13."""

    async def can_read(self, document: Told) -> bool:
        """Whether the document can be fetched again."""

    async def carried(self, dispatch_id: str) -> str:
        """How far a document of ours came, in the words of the axis dialect."""


@dataclass
class AxisDesk:
    """A system whose SDK points at the axis dialect."""

    agency: str
    token: str
    place: Town
    service: Service

    async def send(self, file: bytes) -> str:
        reply = await self.service.send_edoc(file, self.agency)
        assert reply.code == "0", reply.json
        identifier = from_uuid(str(reply.json["DocId"]))
        assert identifier is not None
        return identifier

    async def take(self) -> list[Told]:
        taken = []
        for message_type in ("edoc", "status"):
            for row in (await self.service.received(message_type)).data:
                taken.append(_of_xml(row["docId"], await self.service.fetch(row["docId"])))
                assert (await self.service.update(row["docId"], "done")).code == "0"
        return taken

    async def report(self, document: Told, to: str, code: str, words: str) -> None:
        await self._send_status(document.of, to, code, words)

    async def ask_back(self, dispatch_id: str, document_id: str, holder: str, words: str) -> None:
        await self._send_status(document_id, holder, "13", words)

    async def _send_status(self, document_id: str, to: str, code: str, words: str) -> None:
        about = ResponseFor(to, CODE, PROMULGATED_ON, document_id)
        at = written_at(self.place.clock())
        file = edxml.write(Status(Organ(self.agency), about, code, description=words, timestamp=at))
        reply = await self.service.send_edoc(file, self.agency, "status")
        assert reply.code == "0", reply.json

    async def can_read(self, document: Told) -> bool:
        reply = await self.service.braces("getEdoc", docId=as_uuid(document.delivery_id), filePath="d:/test")
        assert reply.code in {"0", "request.state_conflict"}
        return reply.code == "0"

    async def carried(self, dispatch_id: str) -> str:
        [row] = (await self.service.sent(as_uuid(dispatch_id))).data
        return str(row["receiveStatus"])


@dataclass
class NativeDesk:
    """A client of the native API. Only a recall by document needs a packet; all else is JSON."""

    agency: str
    token: str
    place: Town

    async def asked(self, method: str, path: str, told: object = None) -> Any:
        options: dict[str, object] = {} if told is None else {"json": told}
        status, body, _ = await self.place.ask(method, path, self.token, **options)
        assert status in {200, 201}, body
        return json.loads(body)

    async def send(self, file: bytes) -> str:
        status, body, _ = await self.place.ask("POST", "/v1/packets", self.token, data=file, headers=FILE)
        assert status == 201, body
        return str(json.loads(body)["dispatch_id"])

    async def take(self) -> list[Told]:
        taken = []
        for item in (await self.asked("GET", "/v1/inbox"))["deliveries"]:
            here = f"/v1/deliveries/{item['delivery_id']}"
            taken.append(_of_json(await self.asked("GET", f"{here}/content")))
            await self.asked("POST", f"{here}/acknowledgement", {"stored": True})
        return sorted(taken, key=lambda one: not one.says.startswith("type"))

    async def report(self, document: Told, to: str, code: str, words: str) -> None:
        path = f"/v1/deliveries/{document.delivery_id}/status"
        await self.asked("POST", path, {"code": code, "description": words})

    async def ask_back(self, dispatch_id: str, document_id: str, holder: str, words: str) -> None:
        await self.asked("POST", f"/v1/dispatches/{dispatch_id}/recall", {"reason": words, "addressees": [holder]})

    async def can_read(self, document: Told) -> bool:
        status, _, _ = await self.place.ask("GET", f"/v1/deliveries/{document.delivery_id}/packet", self.token)
        assert status in {200, 409}
        return status == 200

    async def carried(self, dispatch_id: str) -> str:
        [delivery] = (await self.asked("GET", f"/v1/dispatches/{dispatch_id}"))["deliveries"]
        return CARRIED[delivery["status"]]


async def desk(place: Town, door: str, peer: str, agency: str) -> AxisDesk | NativeDesk:
    """The desk of a peer of the town at a door."""
    if door == "axis":
        return AxisDesk(agency, TOKENS[peer], place, await service(place, peer))
    return NativeDesk(agency, TOKENS[peer], place)


def _of_xml(doc_id: object, file: bytes) -> Told:
    """As a system of the field looks a packet up: by the names of its elements."""
    found = {one.tag.rpartition("}")[2]: one.text or "" for one in ElementTree.fromstring(file).iter()}
    delivery_id = from_uuid(str(doc_id))
    assert delivery_id is not None
    if "StatusCode" in found:
        return Told(delivery_id, found["DocumentId"], found["StatusCode"], found.get("Description", ""))
    own = ElementTree.fromstring(file).findtext(".//{*}MessageHeader/{*}DocumentId") or ""
    return Told(delivery_id, own, f"type {found['BussinessDocType']}", found.get("BussinessDocReason", ""))


def _of_json(content: dict[str, Any]) -> Told:
    if content["kind"] == "status":
        said = content["status"]
        about = said["response_for"]["document_id"]
        return Told(content["delivery_id"], about, said["status_code"], said["description"] or "")
    said = content["document"]
    business = said["business"]
    return Told(content["delivery_id"], said["document_id"], f"type {business['type']}", business["reason"] or "")
