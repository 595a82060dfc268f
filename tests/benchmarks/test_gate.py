"""The gate of the benchmarks lets nothing through that is not what it says it is."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from benchmarks.gate import Uncounted, receipted, stored
from benchmarks.load import Load
from benchmarks.packets import Prepared, digest_of_form
from benchmarks.parties import Accepted, Shelf

FORM = b'--x\r\nContent-Disposition: form-data; name="packet"\r\n\r\n<edXML/>\r\n--x--\r\n'


def _load(*digests: str, status: int = 201, index: int | None = None) -> Load:
    bodies = [
        json.dumps(
            {"dispatch_id": f"d{place}", "ledger_index": place if index is None else index, "packet_digest": one}
        )
        for place, one in enumerate(digests)
    ]
    return Load([0.001] * len(bodies), Counter({status: len(bodies)}), 1.0, [one.encode() for one in bodies])


def _packets(*digests: str) -> list[Prepared]:
    return [Prepared(one, b"", "") for one in digests]


def test_answers_that_fit_are_counted() -> None:
    told = receipted(_load("aa", "bb"), _packets("aa", "bb"))
    assert told == [Accepted("d0", 0, "aa"), Accepted("d1", 1, "bb")]


@pytest.mark.parametrize(
    ("load", "why"),
    [
        (_load("aa", "bb", status=503), "not every document was accepted"),
        (_load("aa", "cc"), "as another packet"),
        (_load("aa", "bb", index=7), "one place in the ledger"),
    ],
)
def test_answers_that_do_not_fit_count_for_nothing(load: Load, why: str) -> None:
    with pytest.raises(Uncounted, match=why):
        receipted(load, _packets("aa", "bb"))


def test_a_packet_that_did_not_come_out_as_it_went_in_counts_for_nothing() -> None:
    shelf, digest = Shelf(), digest_of_form(FORM)
    shelf.put("d0", FORM)
    stored(shelf, [Accepted("d0", 0, digest)])
    with pytest.raises(Uncounted, match="not in the addressee's store"):
        stored(shelf, [Accepted("d0", 0, "0" * 64)])
    with pytest.raises(Uncounted, match="not in the addressee's store"):
        stored(shelf, [Accepted("d1", 1, digest)])


def test_a_packet_that_came_twice_counts_for_nothing() -> None:
    shelf = Shelf()
    shelf.put("d0", FORM)
    shelf.put("d0", FORM)
    with pytest.raises(Uncounted, match="twice"):
        stored(shelf, [Accepted("d0", 0, digest_of_form(FORM))])
