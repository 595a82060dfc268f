"""Diagnostics of a test stay in the test: `log_lines` are what was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines
