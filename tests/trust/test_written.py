"""A seal that is recognised by writing it again is one that the long way accepts, and says the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edxml import Parsed
from gateway.model.refusal import Refused
from gateway.trust import Verified, verify, written
from gateway.trust.verify import _verify
from gateway.trust.written import recognise
from tests.pki import NOW, pki
from tests.trust.sample import digests, sealed, tree
from tests.vectors.seal import Vector, vectors

SEALED = sealed()


def _long_way(parsed: Parsed) -> Verified | None:
    try:
        return _verify(parsed, digests(), [pki().p256.der], pki().trust, NOW)
    except Refused:
        return None


def _both_ways(skeleton: bytes) -> tuple[Verified | None, Verified | None]:
    parsed = tree(skeleton)
    try:
        short = verify(parsed, digests(), [pki().p256.der], pki().trust, NOW, written(parsed))
    except Refused:
        short = None
    return short, _long_way(parsed)


def test_the_usual_seal_is_recognised() -> None:
    parsed = tree(SEALED)
    packet = written(parsed)
    assert packet is not None
    assert recognise(parsed, packet, digests(), [pki().p256.der]) is not None
    short, long = _both_ways(SEALED)
    assert short is not None
    assert short == long


@pytest.mark.parametrize("name", ["p384", "rsa2048", "rsa3072"])
def test_a_seal_of_any_key_of_the_profile_is_recognised(name: str) -> None:
    agency = getattr(pki(), name)
    parsed = tree(sealed(agency.signer))
    packet = written(parsed)
    assert packet is not None
    assert recognise(parsed, packet, digests(), [pki().p256.der, agency.der]) is not None


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)
def test_no_forgery_is_recognised(vector: Vector) -> None:
    parsed = tree(vector.skeleton)
    packet = written(parsed)
    with pytest.raises(Refused) as no:
        verify(parsed, vector.attachments, vector.certificates, pki().trust, vector.at, packet)
    assert no.value.reason is vector.reason


@given(
    at=st.integers(0, len(SEALED) - 1),
    cut=st.integers(0, 12),
    put=st.sampled_from(
        [b"", b" ", b"\n", b"A", b"=", b"&#65;", b"<x/>", b"<x>", b"<!-- -->", b"<?x?>", b' Id="x"', b"Signature", b"/"]
    ),
)
def test_both_ways_agree_on_a_packet_changed_anywhere(at: int, cut: int, put: bytes) -> None:
    try:
        short, long = _both_ways(SEALED[:at] + put + SEALED[at + cut :])
    except Refused:  # it cannot be parsed any more
        return
    assert short == long
