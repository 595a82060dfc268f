"""The rows of the published ledger in the table of endpoints."""

from __future__ import annotations

from typing import Any

from gateway.http import ledger
from gateway.http.endpoints import BYTES, Answer, Endpoint, plain
from gateway.model.reasons import Reason

_CONDITIONAL = ("If-None-Match",)

LEDGER_ENDPOINTS: tuple[Endpoint[Any], ...] = (
    plain(
        "GET", "/checkpoint", "getCheckpoint", "Get the ledger's checkpoint, with the cosignatures the policy asks for",
        ledger.checkpoint,
        {200: Answer("A C2SP signed note", {ledger.TEXT: None}), 304: Answer("You have it already", {})},
        refusals=(Reason.NOT_FOUND,), public=True, headers=_CONDITIONAL,
    ),
    plain(
        "GET", "/checkpoint/latest", "getLatestCheckpoint", "Get the latest checkpoint, cosigned or not",
        ledger.latest_checkpoint,
        {200: Answer("A C2SP signed note", {ledger.TEXT: None}), 304: Answer("You have it already", {})},
        refusals=(Reason.NOT_FOUND,), public=True, headers=_CONDITIONAL,
    ),
    plain(
        "GET", "/tile/{resource:[0-9a-z./]+}", "getTile", "Get a tile of the ledger, or a bundle of its entries",
        ledger.resource,
        {200: Answer("As C2SP tlog-tiles has it", {BYTES: None}), 304: Answer("You have it already", {})},
        refusals=(Reason.NOT_FOUND,), public=True, headers=(*_CONDITIONAL, "Accept-Encoding"),
    ),
)  # fmt: skip
