"""The rows of the table for a document's life after its delivery."""

from __future__ import annotations

from typing import Any

from gateway.http import life
from gateway.http.endpoints import JSON, Answer, Endpoint, plain
from gateway.http.life_shapes import (
    ContentShape,
    RecallRequest,
    RecallShape,
    ReportedShape,
    StatusReport,
    ThreadShape,
    UnmatchedListShape,
    UnmatchedQuery,
)
from gateway.model.reasons import Reason

_ID = "[0-9A-Za-z.]+"
_DELIVERY = f"/v1/deliveries/{{delivery_id:{_ID}}}"
_DISPATCH = f"/v1/dispatches/{{dispatch_id:{_ID}}}"
_SMALL_BODY = (Reason.CONTENT_TYPE, Reason.BODY_TOO_LARGE)
_BY_THE_LINE = tuple(one for one in Reason if one.split(".")[0] == "unavailable")

LIFE_ENDPOINTS: tuple[Endpoint[Any], ...] = (
    plain(
        "GET", f"{_DELIVERY}/content", "getContent", "Read what the packet of a delivery says, as JSON", life.content,
        {200: Answer("The packet's content", {JSON: ContentShape})}, refusals=(Reason.NOT_FOUND, Reason.STATE_CONFLICT),
    ),
    plain(
        "POST", f"{_DELIVERY}/status", "reportStatus", "Report what was done with a document", life.report_status,
        {
            201: Answer("Recorded, and on its way to the sender", {JSON: ReportedShape}),
            200: Answer("This very status was reported before", {JSON: ReportedShape}),
        },
        body={JSON: StatusReport}, refusals=(Reason.NOT_FOUND, Reason.STATE_CONFLICT, *_SMALL_BODY, *_BY_THE_LINE),
    ),
    Endpoint(
        "GET", "/v1/statuses/unmatched", "listUnmatched", "List statuses of documents the register does not know",
        life.unmatched, {200: Answer("Statuses, in the ledger's order", {JSON: UnmatchedListShape})}, UnmatchedQuery,
    ),
    plain(
        "POST", f"{_DISPATCH}/recall", "recallDispatch", "Ask a document back from its addressees", life.recall,
        {200: Answer("Each addressee, and what came of it at once", {JSON: RecallShape})},
        body={JSON: RecallRequest},
        refusals=(Reason.NOT_FOUND, Reason.STATE_CONFLICT, Reason.TARGET_UNKNOWN, *_SMALL_BODY, *_BY_THE_LINE),
    ),
    plain(
        "GET", f"{_DISPATCH}/versions", "getVersions", "Follow a document through its recalls, updates, replacements",
        life.versions, {200: Answer("The versions, oldest first", {JSON: ThreadShape})}, refusals=(Reason.NOT_FOUND,),
    ),
    plain(
        "GET", f"{_DISPATCH}/thread", "getThread", "Follow a case through the documents that answer one another",
        life.thread, {200: Answer("The documents, oldest first", {JSON: ThreadShape})}, refusals=(Reason.NOT_FOUND,),
    ),
)  # fmt: skip
"""Beside those of the packets themselves."""
