"""When something holds: a validity period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A validity period: from `starts_at` up to, not including, `ends_at`. None is open."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def covers(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)


ALWAYS = Period()
