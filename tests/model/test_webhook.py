"""The Standard Webhooks scheme: the published vector, and everything that is not it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.webhook import (
    WebhookRejected,
    read_secret,
    signature,
    signed_headers,
    unfit_target,
    verified_id,
    written_secret,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
BODY = b'{"test": 2432232314}'
AT = datetime.fromtimestamp(1614265330, UTC)
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
"""The vector of the scheme's own libraries."""


def test_the_published_vector_is_signed_as_published() -> None:
    assert signature(read_secret(SECRET), HEADERS["webhook-id"], 1614265330, BODY) == HEADERS["webhook-signature"]


def test_the_published_vector_is_believed() -> None:
    assert verified_id(HEADERS, BODY, [SECRET], AT) == HEADERS["webhook-id"]


def test_headers_are_found_however_their_names_are_written() -> None:
    assert verified_id({name.title(): value for name, value in HEADERS.items()}, BODY, [SECRET], AT)


@pytest.mark.parametrize("off_s", [-301, 301, 10**9])
def test_a_message_of_another_time_is_not_believed(off_s: int) -> None:
    with pytest.raises(WebhookRejected, match="too far off"):
        verified_id(HEADERS, BODY, [SECRET], AT + timedelta(seconds=off_s))


@pytest.mark.parametrize("off_s", [-300, 0, 300])
def test_clocks_may_differ_a_little(off_s: int) -> None:
    assert verified_id(HEADERS, BODY, [SECRET], AT + timedelta(seconds=off_s))


@pytest.mark.parametrize("name", sorted(HEADERS))
@pytest.mark.parametrize("written", ["", "x", "1.2", "-1", "９", "9" * 20, "v1,", "v1,AAAA", "v2,g0hM9SsE"])
def test_a_header_that_is_absent_or_another_is_not_believed(name: str, written: str) -> None:
    with pytest.raises(WebhookRejected):
        verified_id(HEADERS | {name: written}, BODY, [SECRET], AT)
    with pytest.raises(WebhookRejected):
        verified_id({other: value for other, value in HEADERS.items() if other != name}, BODY, [SECRET], AT)


def test_while_a_secret_is_changed_either_is_believed() -> None:
    both = signed_headers([read_secret(OTHER), read_secret(SECRET)], "evt_1", AT, BODY)
    assert verified_id(both, BODY, [SECRET], AT) == "evt_1"
    assert verified_id(both, BODY, [OTHER], AT) == "evt_1"
    old = signed_headers([read_secret(OTHER)], "evt_1", AT, BODY)
    assert verified_id(old, BODY, [SECRET, OTHER], AT) == "evt_1"
    with pytest.raises(WebhookRejected, match="no signature fits"):
        verified_id(old, BODY, [SECRET], AT)


@given(st.binary(max_size=40), st.integers(0, 200))
def test_one_byte_changed_and_nothing_is_believed(body: bytes, place: int) -> None:
    headers = signed_headers([read_secret(SECRET)], "evt_7", AT, body)
    assert verified_id(headers, body, [SECRET], AT) == "evt_7"
    changed = bytearray(body + b"x") if place >= len(body) else bytearray(body)
    changed[min(place, len(changed) - 1)] ^= 1
    with pytest.raises(WebhookRejected):
        verified_id(headers, bytes(changed), [SECRET], AT)


@given(st.binary(min_size=24, max_size=64))
def test_a_secret_is_read_as_it_was_written(secret: bytes) -> None:
    assert read_secret(written_secret(secret)) == secret


@pytest.mark.parametrize("written", ["", "whsec_", "whsec_!", "whsec_QUJD", SECRET.removeprefix("whsec_"), "whsec_Q"])
def test_what_is_no_secret_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        read_secret(written)


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "ftp://so.example.vn/", "http://so.example.vn/", "https://a:b@so.example.vn/",
        "https://so.example.vn:0/", "https://so.example.vn:99999/", "https://so.example.vn/#x", "https://[::1", "so.vn",
        "https://10.0.0.1/", "https://127.0.0.1/", "https://localhost/", "https://169.254.169.254/latest",
        "https://[::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "http://127.0.0.1/", "https://0.0.0.0/",
    ],
)  # fmt: skip
def test_an_unfit_target_is_refused(url: str) -> None:
    assert unfit_target(url, private_targets=False)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://so.example.vn/notices?x=1", False),
        ("https://8.8.8.8:8443/", False),
        ("https://10.0.0.1/", True),
        ("http://127.0.0.1:9/x", True),
        ("http://localhost/x", True),
        ("http://[::1]/x", True),
    ],
)
def test_a_fit_target_is_fit(url: str, private: bool) -> None:
    assert unfit_target(url, private) is None


def test_plain_http_stays_on_this_machine() -> None:
    assert unfit_target("http://10.0.0.1/", private_targets=True) == "no HTTPS"
