"""Instants as the database keeps them: whole microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """The number kept for an aware instant."""
    return (at - _EPOCH) // _MICROSECOND


def instant(kept: int) -> datetime:
    """The instant of a kept number, exactly."""
    return _EPOCH + timedelta(microseconds=kept)


def micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def instant_or_none(kept: int | None) -> datetime | None:
    return None if kept is None else instant(kept)
