"""One seal over many files: what was sealed is read back, and nothing else is."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.trust.files import open_files_seal, seal_files
from tests.pki import NOW, pki

FILES = [
    (name, hashlib.sha256(name.encode()).hexdigest()) for name in ("mimetype", "page.html", "packet/attachments/01")
]
NAMES = st.from_regex(r"[a-z]{1,8}(?:/[a-z0-9_-]{1,8}){0,2}\.(?:xml|txt)", fullmatch=True)


def sealed() -> bytes:
    return seal_files(FILES, pki().gateway.signer, NOW)


def reason(xml: bytes) -> Reason:
    with pytest.raises(Refused) as no:
        open_files_seal(xml)
    return no.value.reason


@given(st.lists(st.tuples(NAMES, st.binary(min_size=32, max_size=32).map(bytes.hex)), max_size=12))
def test_what_was_sealed_is_read_back(files: list[tuple[str, str]]) -> None:
    seal = open_files_seal(seal_files(files, pki().gateway.signer, NOW))
    assert seal.files == tuple(files)
    assert (seal.certificate.der, seal.signed_at) == (pki().gateway.der, NOW)


@pytest.mark.parametrize("identity", [pki().p256, pki().p384, pki().rsa2048], ids=["P-256", "P-384", "RSA"])
def test_every_kind_of_key_of_the_profile_seals(identity: object) -> None:
    assert open_files_seal(seal_files(FILES, identity.signer, NOW)).files == tuple(FILES)


@settings(max_examples=200)
@given(st.data())
def test_a_flipped_bit_anywhere_is_refused(data: st.DataObject) -> None:
    good = sealed()
    place = data.draw(st.integers(0, len(good) * 8 - 1))
    bad = bytearray(good)
    bad[place // 8] ^= 1 << place % 8
    assert reason(bytes(bad)).value.startswith("seal.")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert reason(data) is Reason.SEAL_STRUCTURE


def test_a_seal_over_other_files_is_false() -> None:
    assert reason(sealed().replace(b'URI="page.html"', b'URI="pages.html"')) is Reason.SEAL_SIGNATURE


@pytest.mark.parametrize("hidden", [b"<x/>", b"<!-- -->", b" "])
def test_nothing_hides_in_it(hidden: bytes) -> None:
    good = sealed()
    assert reason(good.replace(b"</ds:Signature>", hidden + b"</ds:Signature>")) is Reason.SEAL_STRUCTURE
    assert reason(good + hidden) is Reason.SEAL_STRUCTURE


def test_a_certificate_that_had_ended_sealed_nothing() -> None:
    assert reason(seal_files(FILES, pki().expired.signer, NOW)) is Reason.SEAL_PROPERTIES
