"""A cast with a crowd: a thousand communes beside the demo's agencies, behind one hub or with a system each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gateway.demo.cast import Cast
from gateway.model.agency import Agency, AgencyKind, Grant, Peer

PROVINCE = "H96"
HUB = "truc-tinh-dong"


def key_of(number: int) -> str:
    """Of the commune with this number, from 0."""
    return f"{PROVINCE}.{number // 90 + 1:02}.{number % 90 + 1:02}"


def peer_of(number: int) -> str:
    """Of its own system, where it has one."""
    return f"qlvb-xa-{number:04}"


def crowd(count: int, own_systems: bool) -> Callable[[Cast], Cast]:
    """What to make of a cast: so many communes more, each with a system of its own or all behind one hub."""

    def enlarge(cast: Cast) -> Cast:
        province = Agency(PROVINCE, "Ủy ban nhân dân tỉnh Đông", (PROVINCE,), kinds=(AgencyKind.PROVINCE_COMMITTEE,))
        communes = tuple(
            Agency(key_of(one), name_of(one), (key_of(one),), PROVINCE, kinds=(AgencyKind.COMMUNE_COMMITTEE,))
            for one in range(count)
        )
        systems = (
            tuple(Peer(peer_of(one), f"Hệ thống xã {one}", (Grant(key_of(one)),)) for one in range(count))
            if own_systems
            else (Peer(HUB, "Trục tỉnh Đông", (Grant(PROVINCE, subtree=True),)),)
        )
        known = cast.directory
        directory = replace(known, agencies=(*known.agencies, province, *communes), peers=(*known.peers, *systems))
        return replace(cast, directory=directory)

    return enlarge


def name_of(number: int) -> str:
    """Of a commune."""
    return f"Ủy ban nhân dân xã Đông {number}"
