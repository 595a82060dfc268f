"""Where the diagnostic log goes: stderr, as lines for a person or as JSON for a collector.

Whatever a line quotes, it stays one line: words of a peer, of a server that was asked, or of an exception neither begin
a line of their own nor steer the terminal that shows it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from gateway.config import Log
from gateway.model.words import shown

TEXT_CHARS_MAX = 4_000
"""Of one value; a line of a traceback is cut there too."""
_INDENT = "\n    "


def configure(log: Log) -> None:
    """Set up the log of this process, once, before anything is logged."""
    level = logging.getLevelNamesMapping()[log.level.upper()]
    renderer = structlog.processors.JSONRenderer() if log.format == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            visible,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(VisibleFormatter(logging.BASIC_FORMAT))
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING))  # what third parties have to say


def visible(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every text of an event on one line, what cannot be seen escaped; of a traceback, each line after the first
    indented."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _lines(value) if name == "exception" else shown(value, TEXT_CHARS_MAX)
    return event


class VisibleFormatter(logging.Formatter):
    """The same for what libraries log."""

    def format(self, record: logging.LogRecord) -> str:
        return _lines(super().format(record))


def _lines(text: str) -> str:
    return _INDENT.join(shown(line, TEXT_CHARS_MAX) for line in text.split("\n"))
