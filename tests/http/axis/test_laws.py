"""What holds for any headers and any body: a value or a reason, and the same however the bytes were cut."""

from __future__ import annotations

import contextlib
import hashlib
import json
from datetime import timedelta
from itertools import pairwise

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from gateway.edxml import Limits, Received
from gateway.exchange.axis_credential import digest_of, secret_of, system_id_of
from gateway.http.axis import AxisRules
from gateway.http.axis.file import SignedFile, spellings
from gateway.http.axis.signed import Signed, check_headers, check_timestamp, presented
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.trust.derived import DerivingKey
from tests.http.axis.places import file
from tests.pki import NOW
from tests.vectors.vector import Memory

KEY = DerivingKey(bytes(range(32)))
RULES = AxisRules()

printing = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
keys = st.text("abcdefDIOci-", min_size=1, max_size=8)
members = st.dictionaries(keys, printing, max_size=6)


def request(headers: list[tuple[str, str]]) -> object:
    return make_mocked_request("POST", "/", headers=CIMultiDict(headers))


@given(
    st.lists(
        st.tuples(st.sampled_from(["sign-header", "hash-header", "version", "docId", "DOCID"]), printing), max_size=5
    )
)
def test_any_headers_are_understood_or_refused(some: list[tuple[str, str]]) -> None:
    asked = request([(f"XroadVnpt-{name}", value) for name, value in some])
    with contextlib.suppress(Refused):
        claim = presented(asked)  # type: ignore[arg-type]
        assert claim.credential(KEY) is None
        check_headers(asked, claim.signed)  # type: ignore[arg-type]


@given(members)
def test_headers_that_are_what_was_signed_pass(signed: dict[str, str]) -> None:
    asked = request([(f"XroadVnpt-{key}", value) for key, value in signed.items()])
    check_headers(asked, Signed(signed))  # type: ignore[arg-type]


@given(members, st.data())
def test_a_header_more_less_or_other_is_refused(signed: dict[str, str], data: st.DataObject) -> None:
    sent = [(f"XroadVnpt-{key}", value) for key, value in signed.items()]
    match data.draw(st.sampled_from(["more", "less", "other"] if sent else ["more"])):
        case "more":
            sent.append((f"xroadvnpt-{data.draw(keys)}", data.draw(printing)))
        case "less":
            sent.remove(data.draw(st.sampled_from(sent)))
        case _:
            name, value = sent.pop()
            sent.append((name, value + "x"))
    with pytest.raises(Refused) as no:
        check_headers(request(sent), Signed(signed))  # type: ignore[arg-type]
    assert no.value.reason is Reason.AXIS_HEADERS


@given(st.text(max_size=40))
def test_any_time_of_signing_is_read_or_refused(written: str) -> None:
    try:
        check_timestamp(Signed({"timestamp": written}), NOW, RULES)
    except Refused as no:
        assert no.reason in {Reason.AXIS_TIMESTAMP, Reason.AXIS_HEADERS}


@given(st.timedeltas(timedelta(days=-365), timedelta(hours=23)))
def test_a_time_of_signing_near_enough_passes(away: timedelta) -> None:
    at = NOW + away + timedelta(hours=7)
    check_timestamp(Signed({"timestamp": f"{at:%d%m%YT%H%M%S}+0{at.microsecond // 1000:03}"}), NOW, RULES)


FILE = file()


@given(
    st.binary(max_size=6).map(lambda end: FILE + end.replace(b"<", b"\r\n").replace(b"&", b"\n")),
    st.integers(0, 2),
    st.lists(st.integers(0, len(FILE) + 12), max_size=4),
    st.booleans(),
)
def test_a_file_is_the_same_however_it_came(whole: bytes, breaks: int, cuts: list[int], short: bool) -> None:
    body = whole + b"\r\n" * breaks
    hash_file = spellings(hashlib.sha256(whole).digest())[short]
    taken = SignedFile(hash_file, Limits(), Memory)
    for start, stop in pairwise(sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})):
        taken.feed(body[start:stop])
    assert taken.finish().skeleton.endswith(whole[len(FILE) - 20 :])


@given(st.integers(0, len(FILE) - 1), st.integers(0, 255))
def test_a_byte_that_is_another_is_noticed(at: int, byte: int) -> None:
    body = FILE[:at] + bytes([byte]) + FILE[at + 1 :]
    taken = SignedFile(hashlib.sha256(FILE).hexdigest(), Limits(), Memory)
    try:
        taken.feed(body)
        received: Received | None = taken.finish()
    except Refused:
        received = None
    assert (received is not None) == (body == FILE)


@given(st.text(max_size=30), st.integers(-5, 10**7))
def test_a_secret_is_that_of_one_system_id_or_there_is_none(peer: str, serial: int) -> None:
    system_id = system_id_of(peer, serial)
    secret = secret_of(KEY, system_id)
    if secret is not None:
        assert len(secret) == 43
        assert secret == secret_of(KEY, json.loads(json.dumps(system_id)))
        assert digest_of(system_id, secret) != hashlib.sha256(secret.encode()).hexdigest()
        assert secret != secret_of(KEY, system_id_of(peer, serial + 1))
