"""Every known break of XML signatures is refused, and for the right reason."""

from __future__ import annotations

import pytest

from gateway.model.refusal import Refused
from gateway.trust import verify
from tests.pki import NOW, pki
from tests.trust.sample import digests, sealed, tree
from tests.vectors.seal import Vector, vectors

CLASSES = [f"S{number}" for number in range(1, 27)]


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)
def test_a_bad_seal_is_refused_with_its_reason(vector: Vector) -> None:
    with pytest.raises(Refused) as no:
        verify(tree(vector.skeleton), vector.attachments, vector.certificates, pki().trust, vector.at)
    assert no.value.reason is vector.reason
    for lang in ("vi", "en"):
        assert "{" not in no.value.finding.detail(lang)


def test_the_packet_every_vector_starts_from_is_accepted() -> None:
    assert verify(tree(sealed()), digests(), [pki().p256.der], pki().trust, NOW).canonical


def test_every_class_of_attack_has_several_vectors() -> None:
    counts = {name: sum(one.signature_class == name for one in vectors()) for name in CLASSES}
    assert all(counts[name] >= 2 for name in CLASSES), counts


def test_no_two_vectors_are_the_same() -> None:
    assert len({one.name for one in vectors()}) == len(vectors())
