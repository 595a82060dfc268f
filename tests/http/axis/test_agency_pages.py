"""The lists of a whole country: written once a version, kept small, sent without being unfolded in memory."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.axis.agency_pages import GZIP, AgencyPages, pack, unpack
from gateway.http.limits import HttpLimits
from gateway.http.transfer import Transfers
from gateway.model.agency import Agency, Directory
from gateway.model.period import Period
from tests.http.axis.places import service
from tests.http.town import awaited, directory, town

rows = st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans()), max_size=5)


@given(rows, st.integers(0, 150))
def test_a_list_is_the_envelope_with_its_rows_in_ascii(few: list[dict[str, object]], times: int) -> None:
    all_rows = few * times
    whole = b"".join(unpack(pack(all_rows)))
    assert json.loads(whole.decode("ascii")) == {
        "status": "OK",
        "ErrorCode": "0",
        "ErrorDesc": "Success",
        "data": all_rows,
    }
    assert zlib.decompress(pack(all_rows), wbits=GZIP) == whole


def country(size: int) -> Directory:
    """A directory of so many agencies, each with an old and a new identifier."""
    return Directory(
        2,
        tuple(
            Agency(f"H29.{number}", f"Ủy ban nhân dân xã Kiểm thử số {number}", (f"H29.{number}", _old(number)))
            for number in range(size)
        ),
        directory().peers,
    )


def _old(number: int) -> str:
    return f"{number // 10_000:03}.{number // 100 % 100:02}.{number % 100:02}.H29"


@awaited
async def test_twenty_thousand_agencies_are_unfolded_a_little_at_a_time(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        one = await service(place, "bo")
        place.line.state.directory = country(20_000)
        first = (await one.empty("getAgenciesListQD20", level="1")).data
        again = await one.empty("getAgenciesListQD20")
        assert len(first) == 20_000
        assert first == again.data
        assert {row["code102"] for row in first} == {_old(number) for number in range(20_000)}
        packed = await AgencyPages(place.line, Transfers(HttpLimits())).agencies()
        assert len(packed) < 1_000_000
        assert max(map(len, unpack(packed))) < 1_000_000, "what is unfolded at a time"


def test_writing_the_list_holds_neither_the_rows_nor_the_text() -> None:
    made = ({"code": f"H29.{number}", "name": "Ủy ban nhân dân xã"} for number in range(100_000))
    tracemalloc.start()
    packed = pack(made)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(b"".join(unpack(packed))) > 5_000_000
    assert peak_bytes < 2_000_000


@awaited
async def test_many_who_ask_at_once_are_given_what_was_written_once(tmp_path: Path) -> None:
    async with town(tmp_path) as place:
        pages = AgencyPages(place.line, Transfers(HttpLimits()))
        lists = await asyncio.gather(*(pages.agencies() for _ in range(20)))
        assert len({id(one) for one in lists}) == 1
        place.line.state.directory = replace(place.line.directory, version=9)
        assert await pages.agencies() is not lists[0]


@pytest.mark.parametrize("operation", ["getAgenciesList", "getAgenciesListQD20"])
@awaited
async def test_an_agency_is_listed_while_it_exists(tmp_path: Path, operation: str) -> None:
    async with town(tmp_path) as place:
        one, now = await service(place, "bo"), place.line.directory
        ends_at = place.clock().replace(hour=20)
        ending = replace(now.agencies[0], period=Period(None, ends_at))
        place.line.state.directory = replace(now, version=2, agencies=(ending, *now.agencies[1:]))
        assert ending.key in {row["code"] for row in (await one.empty(operation)).data}
        place.clock.pass_(days=1)
        assert ending.key not in {row["code"] for row in (await one.empty(operation)).data}
