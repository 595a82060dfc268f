"""The authority table: shipped whole, read with care, sealed and opened, and its page says what it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.agency import AgencyKind, PolicyName
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.model.signers import Capacity
from gateway.rules.authority_table import Group, TableError, open_table, read_table, shipped_path, shipped_table
from gateway.rules.policy import POLICIES
from gateway.trust import countersign
from tests.pki import NOW, pki
from tests.rules.authority_page import PAGE, authority_page

SHIPPED = shipped_path().read_bytes()


def test_the_page_of_the_table_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == authority_page(), "run: .venv/bin/python -m tests.rules.authority_page"


def test_the_shipped_table_has_a_row_for_every_kind_and_every_capacity() -> None:
    table = shipped_table()
    assert table.kinds.keys() == set(AgencyKind)
    assert {one for chain in table.capacities for one in chain} == set(Capacity)
    assert table.policies == POLICIES and table.policies.keys() == set(PolicyName)
    assert sum(Group.ADMINISTRATIVE in one.groups for one in table.types.values()) == 29  # Decree 30/2020, Article 7


def test_the_gateways_own_seal_opens_a_table_and_another_does_not() -> None:
    sealed = countersign(SHIPPED, pki().p256.signer, NOW)
    opened = open_table(sealed, pki().p256.der)
    assert (opened.version, opened.kinds, opened.capacities) == (
        1,
        shipped_table().kinds,
        shipped_table().capacities,
    )
    for wrong in (sealed.replace(b'ranks="head"', b'ranks="deputy"', 1), SHIPPED):
        with pytest.raises(Refused) as refused:
            open_table(wrong, pki().p256.der)
        assert refused.value.reason in {Reason.SEAL_DIGEST, Reason.SEAL_MISSING}
    with pytest.raises(Refused) as refused:
        open_table(sealed, pki().p384.der)
    assert refused.value.reason is Reason.SEAL_KEY


@pytest.mark.parametrize(
    ("find", "put"),
    [
        (b"<laws>", b"<lies>"),
        (b'key="nd30-7"', b'key="nd30-8"'),
        (b"<except>Ngh\xe1\xbb\x8b quy\xe1\xba\xbft</except>", b"<except>Gi\xe1\xba\xa5y khen</except>"),
        (b'<authority xmlns="urn:vn:truc:authority:1"', b'<authority xmlns="urn:other"'),
        (b'from="2025-04-01"', b'from="2025-02-30"'),
        (b'key="ministry"', b'key="ministries"'),
        (b'version="1">', b'version="0">'),
    ],
)
def test_what_is_no_table_is_told_with_its_line(find: bytes, put: bytes) -> None:
    assert find in SHIPPED
    with pytest.raises(TableError) as wrong:
        read_table(SHIPPED.replace(find, put))
    assert wrong.value.line >= 1 and wrong.value.what


@pytest.mark.parametrize("size", [1024 * 1024 + 1])
def test_a_table_has_a_size(size: int) -> None:
    with pytest.raises(TableError):
        read_table(SHIPPED + b" " * size)


def test_a_document_type_declaration_is_refused() -> None:
    with pytest.raises(TableError, match="DOCTYPE"):
        read_table(SHIPPED.replace(b"?>", b"?><!DOCTYPE authority>", 1))


@given(st.binary(max_size=200), st.integers(0, len(SHIPPED)))
def test_any_bytes_are_a_table_or_a_told_fault(noise: bytes, place: int) -> None:
    for data in (noise, SHIPPED[:place] + noise + SHIPPED[place:]):
        try:
            assert read_table(data).version
        except TableError as wrong:
            assert wrong.what
