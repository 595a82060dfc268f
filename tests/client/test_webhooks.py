"""Notices at the receiving end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.client import WebhookRejected, verify_webhook
from gateway.client.results import Change
from gateway.exchange.webhooks import body_of, message_id
from gateway.model.webhook import read_secret, signed_headers, written_secret
from gateway.store import Change as Recorded

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SECRET, BEFORE = written_secret(b"a" * 32), written_secret(b"b" * 32)
RECORDED = Recorded(41, "0" * 26, "0" * 26 + ".1", "acknowledged", NOW, "H29.00.00")
BODY = body_of(RECORDED)


def headers(*secrets: str, body: bytes = BODY) -> dict[str, str]:
    return signed_headers(map(read_secret, secrets), message_id(41), NOW, body)


def test_a_notice_that_is_signed_is_the_change_it_tells_of() -> None:
    expected = Change("0" * 26, "0" * 26 + ".1", "acknowledged", NOW, "H29.00.00", 41)
    assert verify_webhook(headers(SECRET), BODY, SECRET, NOW) == expected


def test_while_a_secret_is_changed_both_are_held() -> None:
    assert verify_webhook(headers(BEFORE), BODY, (SECRET, BEFORE), NOW).id == 41
    assert verify_webhook(headers(SECRET, BEFORE), BODY, [BEFORE], NOW).id == 41


@pytest.mark.parametrize("late_s", [301, -301])
def test_an_old_notice_is_not_believed(late_s: int) -> None:
    with pytest.raises(WebhookRejected):
        verify_webhook(headers(SECRET), BODY, SECRET, NOW + timedelta(seconds=late_s))
    assert verify_webhook(headers(SECRET), BODY, SECRET, NOW + timedelta(seconds=late_s), tolerance_s=400)


def test_another_body_or_secret_is_not_believed() -> None:
    with pytest.raises(WebhookRejected):
        verify_webhook(headers(SECRET), BODY + b" ", SECRET, NOW)
    with pytest.raises(WebhookRejected):
        verify_webhook(headers(SECRET), BODY, BEFORE, NOW)
    with pytest.raises(WebhookRejected):
        verify_webhook(headers(SECRET), BODY, (), NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data":{"id":"x"}}', b"\xff"])
def test_what_is_signed_but_is_no_notice_is_not_believed(body: bytes) -> None:
    with pytest.raises(WebhookRejected, match="no notice"):
        verify_webhook(headers(SECRET, body=body), body, SECRET, NOW)
