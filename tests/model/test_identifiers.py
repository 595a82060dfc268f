"""Identifiers of ours as UUIDs and back: the same 128 bits, in the same order."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.dispatch import as_uuid, from_uuid, new_id

identifiers = st.builds(new_id, st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))


@given(identifiers)
def test_an_identifier_comes_back_from_its_uuid(identifier: str) -> None:
    written = as_uuid(identifier)
    assert from_uuid(written) == from_uuid(written.upper()) == identifier
    assert str(UUID(written)) == written


@given(st.uuids())
def test_every_uuid_is_an_identifier(one: UUID) -> None:
    identifier = from_uuid(str(one))
    assert identifier is not None
    assert as_uuid(identifier) == str(one)


@given(identifiers, identifiers)
def test_uuids_sort_as_identifiers_do(one: str, other: str) -> None:
    assert (one < other) == (as_uuid(one) < as_uuid(other))


@pytest.mark.parametrize(
    "written",
    ["", "x", "5bebcfeff858e3e0cc154762", "0" * 32, f"{{{UUID(int=0)}}}", f"{UUID(int=0)}\n"],
)
def test_what_is_no_uuid_is_none_of_ours(written: str) -> None:
    assert from_uuid(written) is None
