"""A time stamp proves what it says, or is refused by the name of what is wrong with it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import cache

import pytest
from asn1crypto import tsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.trust.timestamp import StampError, StampFault, Window, authority_until, open_stamp, request
from tests.pki import DAY, NOW, pki
from tests.tsa import Tsa, authority

DATA, NONCE = b"truc.test/ledger\n50\n", bytes(range(8))


def answer(tsa: Tsa, data: bytes = DATA) -> bytes:
    return tsa.respond(request(data, NONCE))


@cache
def true_answer() -> tuple[Tsa, bytes]:
    tsa = authority()
    return tsa, answer(tsa)


def fault(response: bytes, tsa: Tsa, data: bytes = DATA, nonce: bytes | None = NONCE) -> StampFault:
    with pytest.raises(StampError) as wrong:
        open_stamp(response, data, [tsa.root.der], nonce)
    return wrong.value.fault


def test_a_true_stamp_says_when_and_by_whom() -> None:
    tsa = authority()
    stamp = open_stamp(answer(tsa), DATA, [tsa.root.der], NONCE)
    assert stamp.stamped_at == NOW
    assert "Đồng hồ Kiểm thử" in stamp.authority


def test_a_stamp_holds_after_its_authority_has_gone() -> None:
    """The chain is judged at the time it states; nobody asks what time it is now."""
    tsa = authority(ends_at=NOW + DAY)
    given = answer(tsa)
    assert open_stamp(given, DATA, [pki().root.der, tsa.root.der]).stamped_at == NOW
    assert authority_until(given)[1] == NOW + DAY


def test_a_stamp_over_something_else_is_refused() -> None:
    tsa = authority()
    assert fault(answer(tsa, b"another"), tsa) is StampFault.IMPRINT


def test_an_answer_to_another_question_is_refused() -> None:
    tsa = authority()
    assert fault(answer(tsa), tsa, nonce=bytes(8)) is StampFault.NONCE

    def forget(asked: tsp.TimeStampReq) -> None:
        asked["nonce"] = None

    tsa.lies = forget
    assert fault(answer(tsa), tsa) is StampFault.NONCE


@pytest.mark.parametrize(
    "options",
    [
        {"starts_at": NOW - 30 * DAY, "ends_at": NOW - DAY},
        {"starts_at": NOW + DAY},
        {"extended": (ExtendedKeyUsageOID.CLIENT_AUTH,)},
        {"extended": ()},
    ],
    ids=["expired", "not yet valid", "for another use", "for no use named"],
)
def test_a_certificate_that_may_not_stamp_then_is_refused(options: dict[str, object]) -> None:
    tsa = authority(**options)
    assert fault(answer(tsa), tsa) is StampFault.SIGNATURE


def test_an_authority_nobody_trusts_is_refused() -> None:
    tsa = authority()
    with pytest.raises(StampError) as wrong:
        open_stamp(answer(tsa), DATA, [pki().root.der], NONCE)
    assert wrong.value.fault is StampFault.SIGNATURE


def test_a_refusal_and_other_bytes_are_no_stamp() -> None:
    tsa = authority()
    rejection = bytes.fromhex("30053003020102")
    assert fault(rejection, tsa) is StampFault.REFUSED
    for other in (b"", b"<html>", answer(tsa)[:-1], answer(tsa) + b"\0", b"\x30" * 300_000):
        assert fault(other, tsa) is StampFault.FORM


@settings(max_examples=150)
@given(st.data())
def test_a_flipped_bit_never_makes_another_stamp(data: st.DataObject) -> None:
    """Some bits carry nothing (an unused attribute's spelling): then it is refused, or says the same."""
    tsa, good = true_answer()
    place = data.draw(st.integers(0, len(good) * 8 - 1))
    bad = bytearray(good)
    bad[place // 8] ^= 1 << place % 8
    with suppress(StampError):
        assert open_stamp(bytes(bad), DATA, [tsa.root.der], NONCE) == open_stamp(good, DATA, [tsa.root.der], NONCE)


@pytest.mark.parametrize(("ahead_s", "lies"), [(0, False), (60, False), (-60, False), (61, True), (-61, True)])
def test_a_time_too_far_from_our_clock_is_a_lie(ahead_s: int, lies: bool) -> None:
    window = Window(NOW, NOW, timedelta(seconds=60))
    if not lies:
        window.check(NOW + timedelta(seconds=ahead_s))
        return
    with pytest.raises(StampError) as wrong:
        window.check(NOW + timedelta(seconds=ahead_s))
    assert wrong.value.fault is StampFault.TIME
