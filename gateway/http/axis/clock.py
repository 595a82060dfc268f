"""Times as the dialect writes them: Viet Nam's, to the second, without a zone."""

from __future__ import annotations

from datetime import datetime

from gateway.model.calendar import VIET_NAM


def written_time(at: datetime) -> str:
    """`2026-11-23 15:00:00`."""
    return at.astimezone(VIET_NAM).strftime("%Y-%m-%d %H:%M:%S")


def hop_time(at: datetime) -> str:
    """The same as edXML writes it (TraceHeader/Timestamp): `2026/11/23 15:00:00`."""
    return at.astimezone(VIET_NAM).strftime("%Y/%m/%d %H:%M:%S")
