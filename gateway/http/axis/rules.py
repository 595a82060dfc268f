"""What an operator may set about the axis dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import web

_BASE_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_TAKEN = frozenset({"v1", "console", "checkpoint", "tile", "openapi.json", "healthz", "readyz", "metrics"})
"""First parts of the paths that are ours already."""


@dataclass(frozen=True, slots=True)
class AxisRules:
    """Where the dialect is spoken, and what is believed of its callers."""

    base_paths: tuple[str, ...] = ("/XrdAdapter/RestService/forward/VPCP",)
    """Each operation is served below every one of these; none: the dialect is not spoken."""
    node_id: str = "00.00.W00"
    """OrganId of the hop added to packets without a real seal as they are handed out; empty: no hop."""
    list_max: int = 5_000
    """Most rows of one getReceivedEdocList."""
    processing_s: float = 900.0
    """A packet that was fetched but not confirmed for this long is listed as `initial` again."""
    timestamp_age_days_max: float = 366.0
    """Oldest accepted time of signing: the SDK keeps one for as long as its process lives."""
    timestamp_ahead_h_max: float = 24.0
    """How far a caller's clock may be ahead."""

    def __post_init__(self) -> None:
        for path in self.base_paths:
            if not _BASE_PATH.fullmatch(path) or path.split("/")[1] in _TAKEN:
                raise ValueError(f"axis.base_paths: {path!r} is no path for the dialect")


AXIS = web.AppKey("axis", AxisRules)
"""Where an application keeps them."""
