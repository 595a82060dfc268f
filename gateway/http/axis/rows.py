"""The table of operations, and how they are put in front of the line. OpenAPI does not describe them: every parameter
is a signed header, which no generated client could make. They pass the same threshold as the native API's."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import hdrs, web

from gateway.http.axis import agencies, documents
from gateway.http.axis.agency_pages import AgencyPages
from gateway.http.axis.call import Answering, Dialect
from gateway.http.axis.rules import AxisRules
from gateway.http.endpoints import Doors
from gateway.http.identity import Identity
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused, found


@dataclass(frozen=True, slots=True)
class Operation:
    """A row of the table."""

    name: str
    """As the SDK appends it to its base URL."""
    answering: Answering
    method: str = hdrs.METH_POST

    @property
    def label(self) -> str:
        """How figures and log lines name it."""
        return f"axis_{self.name}"


OPERATIONS = (
    Operation("getAgenciesList", agencies.agencies),
    Operation("getAgenciesListQD20", agencies.agencies_qd20),
    Operation("getSynchronizeUnit", agencies.synchronize),
    Operation("registerAgency", agencies.register_agency),
    Operation("deleteAgency", agencies.delete_agency),
    Operation("getReceivedEdocList", documents.received_list),
    Operation("getSentEdocList", documents.sent_list),
    Operation("sendEdoc", documents.send_edoc),
    Operation("getEdoc", documents.get_edoc),
    Operation("updateStatus", documents.update_status),
    Operation("countReceiveEdoc", documents.count_documents),
    Operation("countReceiveStatus", documents.count_statuses),
    Operation("downloadEdoc", documents.download_edoc, hdrs.METH_GET),
)
"""Every operation there is."""

Expecting = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


def add_dialect(app: web.Application, doors: Doors, identity: Identity, rules: AxisRules, expect: Expecting) -> None:
    """Serve every operation below every base path, and say no in the dialect to whatever else comes there."""
    if not rules.base_paths:
        return
    dialect = Dialect(doors, identity, rules, AgencyPages(doors.line, doors.transfers))
    bases = "|".join(re.escape(path.removeprefix("/")) for path in rules.base_paths)
    below = f"/{{base:{bases}}}{{slashes:/+}}"  # a base URL that ends with a slash gives two of them
    for one in OPERATIONS:
        serve = _serving(dialect, one.answering)
        app.router.add_route(one.method, below + one.name, serve, name=one.label, expect_handler=expect)
    app.router.add_route(
        "*", f"/{{base:{bases}}}{{rest:(/.*)?}}", _no_operation, name="axis_unknown", expect_handler=expect
    )


def _serving(dialect: Dialect, answering: Answering) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        return await answering(await dialect.understand(request))

    return serve


async def _no_operation(request: web.Request) -> web.StreamResponse:
    name = request.match_info["rest"].strip("/")
    known = next((one for one in OPERATIONS if one.name == name), None)
    if known is None:
        raise Refused(found(Reason.NOT_FOUND))
    raise web.HTTPMethodNotAllowed(request.method, [known.method])


def is_below(path: str, rules: AxisRules) -> bool:
    """Whether whoever asks for this path speaks the dialect."""
    return any(path == base or path.startswith(f"{base}/") for base in rules.base_paths)
