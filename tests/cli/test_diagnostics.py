"""The diagnostic log: one event, one line, whatever it quotes."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from gateway.cli.diagnostics import VisibleFormatter, visible
from tests.vectors.naughty import FORBIDDEN, STRINGS

NAUGHTY = {**STRINGS, **{f"forbidden {name}": text for name, text in FORBIDDEN.items()}}


@pytest.mark.parametrize("text", NAUGHTY.values(), ids=NAUGHTY)
def test_an_event_is_one_visible_line_in_either_form(text: str) -> None:
    event = {"event": "push.failed", "cause": text, "count": 3, "list": [text]}
    console = structlog.dev.ConsoleRenderer(colors=False)(None, "info", visible(None, "info", dict(event)))
    assert str(console).isprintable()
    line = structlog.processors.JSONRenderer()(None, "info", visible(None, "info", dict(event)))
    assert str(line).isprintable()
    assert json.loads(line)["count"] == 3


@pytest.mark.parametrize("text", NAUGHTY.values(), ids=NAUGHTY)
def test_an_exception_begins_no_line_of_its_own(text: str) -> None:
    event = visible(None, "error", {"event": "x", "exception": f"Traceback:\n  File\nValueError: {text}"})
    record = logging.LogRecord("library", logging.ERROR, "", 0, text, None, None)
    for shown in (event["exception"], VisibleFormatter(logging.BASIC_FORMAT).format(record)):
        first, *others = shown.split("\n")
        assert first.isprintable()
        assert all(one.startswith("    ") and one.isprintable() for one in others)
