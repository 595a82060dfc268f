"""What the clerks of the town have before them: documents sent, fetched, refused, asked back."""

from __future__ import annotations

import json
from typing import Any

from tests.http.town import FILE, PROVINCE, Town, inline, packet


async def sent(here: Town, document_id: str = "G22.1", to: tuple[str, ...] = (PROVINCE,), **said: Any) -> str:
    """A document the ministry sends. Gives its dispatch."""
    status, data, _ = await here.ask("POST", "/v1/packets", data=inline(*packet(document_id, to, **said)), headers=FILE)
    assert status == 201, data
    return str(json.loads(data)["dispatch_id"])


async def delivery_of(here: Town, dispatch_id: str, number: int = 0) -> str:
    """A delivery of a dispatch, as the ministry sees it."""
    _, data, _ = await here.ask("GET", f"/v1/dispatches/{dispatch_id}")
    return str(json.loads(data)["deliveries"][number]["id"])


async def fetched(here: Town, delivery_id: str, peer: str = "tinh") -> None:
    status, _, _ = await here.ask("GET", f"/v1/deliveries/{delivery_id}/packet", peer)
    assert status == 200


async def told(here: Town, delivery_id: str, code: str, words: str | None = None, peer: str = "tinh") -> None:
    """The addressee's system reports a status."""
    body = json.dumps({"code": code} | ({"description": words} if words else {})).encode()
    headers = {"Content-Type": "application/json"}
    status, data, _ = await here.ask("POST", f"/v1/deliveries/{delivery_id}/status", peer, data=body, headers=headers)
    assert status == 201, data
