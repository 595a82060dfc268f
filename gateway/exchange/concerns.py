"""What the operator should look at though no document is held up: people and peers not told, a calendar that ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.model.calendar import Calendar, Coverage, local_day
from gateway.store import Store, queries

LOG = logging.getLogger(__name__)

LATELY = timedelta(days=7)
"""A mail given up longer ago is history."""


@dataclass(frozen=True, slots=True)
class Concerns:
    """How things stood at the last look."""

    notices_behind: int
    """Events of the timeline that are no notices yet."""
    notices_dead: int
    """Given up and not posted again, of webhooks in use."""
    mails_waiting: int
    mails_given_up: int
    """Lately."""
    coverage: Coverage
    days_covered: int
    """Until the working calendar ends."""

    @property
    def standing(self) -> dict[str, bool]:
        """What an operator sees at /readyz: True where nothing needs a look."""
        return {
            "webhooks": self.notices_dead == 0,
            "mail": self.mails_given_up == 0,
            "calendar": not (self.coverage.table_short or self.coverage.announcement_due),
        }


async def look(store: Store, calendar: Calendar, now: datetime, before: Concerns | None) -> Concerns:
    """How things stand; the log is told what became better or worse since the look `before`."""
    backlog = await store.read(queries.backlog)
    mails = await store.read(queries.mail_counts, now - LATELY)
    today = local_day(now)
    coverage = calendar.coverage(today)
    days = (coverage.until - today).days
    seen = Concerns(backlog.behind, backlog.dead, mails.waiting, mails.given_up, coverage, days)
    known = before.standing if before else dict.fromkeys(seen.standing, True)
    for name, good in seen.standing.items():
        if good is not known[name]:
            LOG.warning("%s: %s", name, "in order again" if good else f"needs a look: {seen}")
    return seen
