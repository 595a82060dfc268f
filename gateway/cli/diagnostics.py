"""Where the diagnostic log goes: stderr, as lines for a person or as JSON for a collector."""

from __future__ import annotations

import logging
import sys

import structlog

from gateway.config import Log


def configure(log: Log) -> None:
    """Set up the log of this process, once, before anything is logged."""
    level = logging.getLevelNamesMapping()[log.level.upper()]
    renderer = structlog.processors.JSONRenderer() if log.format == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=max(level, logging.WARNING))  # what third parties have to say
