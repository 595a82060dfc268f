"""The table of endpoints: what is here is served and described, what is not here does not exist."""

from __future__ import annotations

from typing import Any

from gateway.http import evidence, health, native, sse
from gateway.http.endpoints import BYTES, FORM, JSON, PACKET_TYPES, XML, Answer, Endpoint, plain
from gateway.http.ledger_rows import LEDGER_ENDPOINTS
from gateway.http.life_rows import LIFE_ENDPOINTS
from gateway.http.metrics import Metrics
from gateway.http.notices import NOTICE_ENDPOINTS
from gateway.http.shapes import (
    AcceptedShape,
    AgenciesQuery,
    AgenciesShape,
    AnswerToDelivery,
    DeliveryAnsweredShape,
    DispatchesQuery,
    DispatchesShape,
    DispatchShape,
    ExaminationShape,
    HealthShape,
    InboxQuery,
    InboxShape,
    ReadinessShape,
    ReasonShape,
)
from gateway.http.uploads import UPLOAD_ENDPOINTS
from gateway.model.reasons import Reason

_ID = "[0-9A-Za-z.]+"
_DELIVERY = f"/v1/deliveries/{{delivery_id:{_ID}}}"
_DISPATCH = f"/v1/dispatches/{{dispatch_id:{_ID}}}"

_BODY = {**dict.fromkeys(PACKET_TYPES), FORM: None}
_AT_THE_DOOR = tuple(one for one in Reason if one.step == 1 or one.split(".")[0] == "unavailable")
_BY_THE_LINE = tuple(one for one in Reason if one.step in {2, 3, 4, 5, 7})
_OF_UPLOADS = (Reason.NOT_FOUND, Reason.UPLOAD_EXPIRED, Reason.UPLOAD_INCOMPLETE)
"""A packet may name uploads that came ahead."""

ENDPOINTS: tuple[Endpoint[Any], ...] = (
    plain(
        "POST", "/v1/packets", "submitPacket", "Submit a packet", native.submit,
        {
            201: Answer("Recorded and on its way", {JSON: AcceptedShape}),
            200: Answer("This packet was submitted before: the same receipt", {JSON: AcceptedShape}),
        },
        body=_BODY, refusals=_AT_THE_DOOR + _BY_THE_LINE + _OF_UPLOADS,
    ),
    plain(
        "POST", "/v1/examinations", "examinePacket", "Say what a submission would be told, and record nothing",
        native.examine, {200: Answer("The report", {JSON: ExaminationShape})}, body=_BODY,
        refusals=_AT_THE_DOOR + _OF_UPLOADS,
    ),
    Endpoint(
        "GET", "/v1/inbox", "listInbox", "List deliveries that wait for this peer, or wait for one", native.inbox,
        {200: Answer("Deliveries, oldest first", {JSON: InboxShape})}, InboxQuery,
        refusals=(Reason.DRAINING,),
    ),
    plain(
        "GET", f"{_DELIVERY}/packet", "fetchPacket", "Fetch the packet of a delivery", native.packet,
        {200: Answer("The packet as it was received", {PACKET_TYPES[0]: None, FORM: None})},
        refusals=(Reason.NOT_FOUND, Reason.STATE_CONFLICT), headers=("Accept",),
    ),
    plain(
        "GET", f"{_DELIVERY}/attachments/{{number:[1-9][0-9]?}}", "fetchAttachment", "Fetch one attachment",
        native.attachment,
        {200: Answer("The whole attachment", {BYTES: None}), 206: Answer("The range asked for", {BYTES: None})},
        refusals=(Reason.NOT_FOUND, Reason.STATE_CONFLICT, Reason.RANGE), headers=("Range", "If-Range"),
    ),
    plain(
        "POST", f"{_DELIVERY}/acknowledgement", "acknowledgeDelivery", "Acknowledge a delivery, or refuse it",
        native.answer_delivery, {200: Answer("Where the delivery stands now", {JSON: DeliveryAnsweredShape})},
        body={JSON: AnswerToDelivery}, refusals=(Reason.NOT_FOUND, Reason.STATE_CONFLICT, *_AT_THE_DOOR),
    ),
    Endpoint(
        "GET", "/v1/dispatches", "findDispatches", "Find dispatches by the document id", native.dispatches,
        {200: Answer("What this peer sent under that id", {JSON: DispatchesShape})}, DispatchesQuery,
    ),
    plain(
        "GET", _DISPATCH, "getDispatch", "Follow a dispatch", native.dispatch,
        {200: Answer("The dispatch, its addressees, their timelines", {JSON: DispatchShape})},
        refusals=(Reason.NOT_FOUND,),
    ),
    plain(
        "GET", f"{_DISPATCH}/receipt", "getReceipt", "Get the sealed receipt", native.receipt,
        {200: Answer("The receipt", {XML: None})}, refusals=(Reason.NOT_FOUND,),
    ),
    plain(
        "GET", f"{_DISPATCH}/report", "getReport", "Get the sealed examination report", native.report,
        {200: Answer("What was found, under which rules and versions", {XML: None})}, refusals=(Reason.NOT_FOUND,),
    ),
    *evidence.ENDPOINTS,
    *LIFE_ENDPOINTS,
    Endpoint(
        "GET", "/v1/agencies", "listAgencies", "Search the directory", native.agencies,
        {200: Answer("A page of agencies", {JSON: AgenciesShape})}, AgenciesQuery,
    ),
    plain(
        "GET", "/v1/events", "streamEvents", "Follow changes of this peer's deliveries (server-sent events)",
        sse.events, {200: Answer("A stream that does not end", {sse.MEDIA_TYPE: None})},
        refusals=(Reason.DRAINING,), headers=(sse.LAST_EVENT_ID,),
    ),
    *NOTICE_ENDPOINTS,
    *UPLOAD_ENDPOINTS,
    plain(
        "GET", "/v1/reasons/{code:[a-z0-9_.]+}", "getReason", "Explain a reason for refusal", native.reason,
        {200: Answer("The reason in both languages", {JSON: ReasonShape})},
        refusals=(Reason.NOT_FOUND,), public=True,
    ),
    *LEDGER_ENDPOINTS,
    plain(
        "GET", "/openapi.json", "getDescription", "Get this description", native.description,
        {200: Answer("An OpenAPI 3.1 document", {JSON: None})}, public=True,
    ),
    plain(
        "GET", "/healthz", "getHealth", "Ask whether the process is alive", health.alive,
        {200: Answer("It is", {JSON: HealthShape})}, public=True,
    ),
    plain(
        "GET", "/readyz", "getReadiness", "Ask whether packets can be admitted now", health.ready,
        {200: Answer("They can", {JSON: ReadinessShape}), 503: Answer("They cannot", {JSON: ReadinessShape})},
        public=True,
    ),
    plain(
        "GET", "/metrics", "getMetrics", "Read the figures (Prometheus)", health.metrics,
        {200: Answer("Figures", {Metrics.content_type.partition(";")[0]: None})},
        refusals=(Reason.NOT_FOUND,), public=True,
    ),
)  # fmt: skip
"""Every endpoint there is."""
