"""One line per request, and no way for a peer to write one of its own."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.http.logline import CHARS_MAX, printable
from tests.http.town import FILE, awaited, inline, packet, town


@given(st.text())
def test_a_logged_text_is_one_visible_line_of_bounded_length(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= CHARS_MAX * 10 + 1


@given(st.text(st.characters(categories=["L", "N"]), max_size=CHARS_MAX))
def test_plain_text_is_logged_as_it_is(text: str) -> None:
    assert printable(text) == text


@awaited
async def test_a_submission_is_one_line_with_who_and_what_came_of_it(tmp_path: Path, log_lines: list[dict]) -> None:
    async with town(tmp_path) as here:
        _, _, headers = await here.ask("POST", "/v1/packets", data=inline(*packet()), headers=FILE)
        lines = [one for one in log_lines if one["event"] == "request"]
        assert len(lines) == 1
        line = lines[0]
        assert (line["endpoint"], line["peer"], line["status"]) == ("submitPacket", "bo", 201)
        assert line["request_id"] == headers["X-Request-Id"]
        assert {"method", "path", "address", "ms", "packet_digest", "dispatch_id"} <= set(line)
