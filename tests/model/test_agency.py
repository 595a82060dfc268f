"""The directory: identifiers of both schemes, grants on agencies and subtrees, validity periods, routes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.agency import Agency, Directory, Grant, IdScheme, Peer, id_scheme
from gateway.model.period import Period

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DAY = timedelta(days=1)

PROVINCE = Agency("H41", "UBND tỉnh Nghệ An", ("H41", "000.00.00.H41"))
DEPARTMENT = Agency("H41.01", "Sở Nội vụ", ("H41.01", "000.00.01.H41"), parent="H41")
OFFICE = Agency("H41.01.02", "Chi cục Văn thư", ("H41.01.02",), parent="H41.01")
MINISTRY = Agency("G12", "Bộ Tài chính", ("G12", "000.00.00.G12"))

HUB = Peer("hub", "Trục tỉnh", (Grant("H41", subtree=True),))
OWN = Peer("own", "QLVB Sở", (Grant("H41.01"),))


def directory(*peers: Peer) -> Directory:
    return Directory(1, (PROVINCE, DEPARTMENT, OFFICE, MINISTRY), peers)


@pytest.mark.parametrize(
    ("written", "scheme"),
    [
        ("000.00.00.G22", IdScheme.OLD),
        ("001.00.20.JB2", IdScheme.OLD),
        ("H23", IdScheme.NEW),
        ("G11.07.05", IdScheme.NEW),
        ("020100107370", IdScheme.NEW),
        ("0100107370", IdScheme.NEW),
        ("02.29.W00", IdScheme.OTHER),
        ("vxp.saas.03", IdScheme.OTHER),
        ("H23." + "A" * 40, IdScheme.OTHER),
        ("", IdScheme.OTHER),
    ],
)
def test_an_identifier_is_recognised_by_its_shape(written: str, scheme: IdScheme) -> None:
    assert id_scheme(written) is scheme


def test_both_identifiers_of_an_agency_find_the_same_agency() -> None:
    assert directory().agency("000.00.00.H41") is directory().agency("H41") is PROVINCE
    assert directory().agency("H99") is None


def test_a_subtree_grant_reaches_every_depth_and_nothing_beside() -> None:
    known = directory(HUB)
    assert [known.speaks_for(HUB, one, NOW) for one in (PROVINCE, DEPARTMENT, OFFICE, MINISTRY)] == [
        True,
        True,
        True,
        False,
    ]


def test_a_plain_grant_reaches_one_agency_only() -> None:
    known = directory(OWN)
    assert known.speaks_for(OWN, DEPARTMENT, NOW)
    assert not known.speaks_for(OWN, OFFICE, NOW)


def test_the_nearest_grant_wins_the_route() -> None:
    known = directory(HUB, OWN)
    assert known.route(DEPARTMENT, NOW) == OWN
    assert known.route(OFFICE, NOW) == HUB
    assert known.route(MINISTRY, NOW) is None


def test_grants_end_and_revoked_peers_fall_silent() -> None:
    over = Peer("own", "QLVB", (Grant("H41.01", period=Period(None, NOW)),))
    assert directory(over).speaks_for(over, DEPARTMENT, NOW - DAY)
    assert not directory(over).speaks_for(over, DEPARTMENT, NOW)
    revoked = Peer("hub", "Trục", HUB.grants, revoked_at=NOW)
    assert directory(revoked).speaks_for(revoked, PROVINCE, NOW - DAY)
    assert not directory(revoked).speaks_for(revoked, PROVINCE, NOW)


def test_a_route_asked_before_an_instant_and_after_it_follows_the_grants_of_each() -> None:
    old = Peer("old", "Trục cũ", (Grant("H41", subtree=True, period=Period(None, NOW)),))
    new = Peer("new", "Trục mới", (Grant("H41", subtree=True, period=Period(NOW, NOW + DAY)),))
    known = directory(old, new, replace(HUB, revoked_at=NOW + 2 * DAY))
    asked = [NOW - DAY, NOW, NOW + DAY, NOW + 2 * DAY]
    for instants in (asked, asked[::-1], asked):
        routes = {at: known.route(OFFICE, at) for at in instants}
        assert [route and route.key for route in map(routes.get, asked)] == ["old", "new", "hub", None]
    assert not known.routes_changed_between(NOW - DAY, NOW - timedelta(seconds=1))
    for turn in asked[1:]:
        assert known.routes_changed_between(turn - timedelta(seconds=1), turn)
        assert not known.routes_changed_between(turn, turn + timedelta(seconds=1))


def test_of_two_granted_equally_near_the_earlier_one_collects() -> None:
    twin = Peer("a-twin", "Trục thứ hai", HUB.grants)
    assert directory(HUB, twin).route(OFFICE, NOW) == HUB
    assert directory(twin, HUB).route(OFFICE, NOW) == twin


def test_a_directory_is_written_down_short_whatever_it_holds() -> None:
    assert repr(directory(HUB)) == "Directory(1, 4 agencies, 1 peers)"


def test_a_loop_of_superiors_ends_the_walk() -> None:
    a, b = Agency("A00", "a", ("A00",), parent="B00"), Agency("B00", "b", ("B00",), parent="A00")
    assert Directory(1, (a, b)).lineage(a) == (a, b)


@given(st.integers(-3, 3), st.integers(-3, 3), st.integers(-4, 4))
def test_a_period_covers_its_start_and_not_its_end(start: int, end: int, at: int) -> None:
    period = Period(NOW + start * DAY, NOW + end * DAY)
    assert period.covers(NOW + at * DAY) is (start <= at < end)
