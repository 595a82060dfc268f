"""The table of pages, and how they join the application."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from gateway.exchange.entrance import Entrance, EntranceRules
from gateway.exchange.provider import Provider
from gateway.exchange.provider_entrance import ProviderEntrance
from gateway.http.console import (
    account,
    books,
    check_file,
    deeds,
    deliveries,
    directory,
    dispatches,
    documents,
    flow,
    health,
    ledger,
    live,
    oddities,
    overview,
    peers,
    people_acts,
    provider_pages,
    search,
    tables,
    today,
    tracing,
    way_in,
    webhooks,
)
from gateway.http.console.page import BASE, Page
from gateway.http.console.render import Pages, Ways
from gateway.http.console.threshold import serving
from gateway.http.endpoints import Doors
from gateway.model.person import Role
from gateway.trust.leaked import LeakedPasswords

PAGES: tuple[Page, ...] = (
    *way_in.PAGES,
    *provider_pages.PAGES,
    *account.PAGES,
    *today.PAGES,
    *live.PAGES,
    *documents.PAGES,
    *deeds.PAGES,
    *search.PAGES,
    *books.PAGES,
    *check_file.PAGES,
    *health.PAGES,
    *deliveries.PAGES,
    *peers.PAGES,
    *webhooks.PAGES,
    *tables.PAGES,
    *directory.PAGES,
    *flow.PAGES,
    *ledger.PAGES,
    *tracing.PAGES,
    *dispatches.PAGES,
    *people_acts.PAGES,
    *oddities.PAGES,
    *overview.PAGES,
    way_in.NOWHERE,
)
"""Every page there is."""


WAYS: Ways = {
    Role.CLERK: (("/today", "today"), ("/search", "search"), ("/books", "books"), ("/check", "check")),
    Role.AUDITOR: (
        ("/ledger", "ledger"),
        ("/dispatches", "dispatches"),
        ("/anomalies", "anomalies"),
        ("/acts", "acts"),
    ),
    Role.OPERATOR: (
        ("/health", "health"),
        ("/deliveries", "deliveries"),
        ("/peers", "peers"),
        ("/webhooks", "webhooks"),
        ("/tables", "tables"),
        ("/directory", "directory"),
        ("/flow", "flow"),
    ),
    Role.STEERING: overview.WAYS,
}
"""What the header leads to, for each role."""


PLACES = {page.name: page.path.strip("/").split("/")[0] for page in PAGES}
"""Of each page the word its path begins with: whoever reads what was refused reads where."""


def add_console(
    app: web.Application,
    doors: Doors,
    rules: EntranceRules,
    provider: Provider | None,
    leaked: LeakedPasswords | None,
) -> None:
    """Put the pages into the application."""
    entrance, pages = Entrance(doors.line, rules, leaked), Pages(WAYS, PLACES)
    by_provider = ProviderEntrance(doors.line, provider) if provider else None
    for page in PAGES:
        answering = serving(page, doors, entrance, pages, by_provider)
        app.router.add_route(page.method, BASE + page.path, answering, name=page.name)

    async def close(_: web.Application) -> AsyncIterator[None]:
        yield
        entrance.close()

    app.cleanup_ctx.append(close)
