"""What is remembered as odd is what a recount of the whole ledger finds: whatever came, however it was cut, and
whoever was stopped in between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.exchange import oddities
from gateway.exchange.anomalies import REFUSALS_AN_HOUR_MAX, Anomaly, AnomalyKind, anomalies
from gateway.exchange.line import Line
from gateway.exchange.oddities import Runs
from gateway.ledger import Entry, EntryKind
from gateway.model.reasons import Reason
from gateway.store import Admit, Operation, RecordRefusal, Store
from gateway.store.oddities import Run, Series
from gateway.store.queries import Connection
from gateway.store.queries.auditing import Span
from tests.http.town import Clock, open_line
from tests.pki import NOW
from tests.store.samples import admit, dispatch_id
from tests.stores import Databases

DIGEST, TODAY = "a" * 64, date(2026, 11, 23)
EVER = Span(NOW - timedelta(days=400), NOW + timedelta(days=400), NOW + timedelta(days=1))
MANY = 10_000
SERIES = Series("G01", "/QĐ", 2026)


@dataclass(frozen=True)
class Sent:
    """A document of that number, so many minutes from now."""

    number: int
    sender: str
    notation: str
    day: date | None
    minutes: int


@dataclass(frozen=True)
class Refused:
    """So many packets that were refused at once."""

    times: int
    peer: str
    reason: Reason
    minutes: int


@dataclass(frozen=True)
class Looked:
    """The task came so far; then the process ended, and another took over."""


MINUTES = st.integers(-600, 600)
STEPS = st.one_of(
    st.builds(
        Sent,
        st.integers(1, 9),
        st.sampled_from(("G01", "G01", "G01", "G02")),
        st.sampled_from(("/QĐ", "/QĐ", "/QĐ", "/BC")),
        st.sampled_from((TODAY, TODAY, TODAY, date(2027, 1, 4), None)),
        MINUTES,
    ),
    st.builds(
        Refused,
        st.sampled_from((1, 2, REFUSALS_AN_HOUR_MAX)),
        st.sampled_from(("bo", "tinh")),
        st.sampled_from((Reason.XML_DOCTYPE, Reason.SEAL_CERTIFICATE_VALIDITY)),
        MINUTES,
    ),
    st.just(Looked()),
)


def operations(step: Sent | Refused, place: int) -> list[Operation[object]]:
    at = NOW + timedelta(minutes=step.minutes)
    if isinstance(step, Refused):
        entry = Entry.of(EntryKind.REFUSE, at, peer=step.peer, packet="-", reason=str(step.reason)).encode()
        return [RecordRefusal(step.peer, None, step.reason, at, entry) for _ in range(step.times)]
    return [sent(step, place)]


def sent(step: Sent, place: int) -> Admit:
    at = NOW + timedelta(minutes=step.minutes)
    said = {"peer": "bo", "sender": step.sender, "packet": DIGEST, "receipt": DIGEST, "report": DIGEST}
    certificates = {"seal_certificate": "-", "gateway_certificate": DIGEST}
    entry = Entry.of(EntryKind.ACCEPT, at, dispatch=dispatch_id(place), addressees="H01", **said, **certificates)
    expired = b'<Finding reason="pdf.certificate_validity"></Finding>' if step.number % 4 == 0 else b""
    changes = {"sender": step.sender, "code": f"{step.number}{step.notation}", "promulgated_on": step.day}
    receipt = b"<Receipt>%b</Receipt>" % expired
    return admit(place, "H01", admitted_at=at, entry=entry.encode(), receipt_xml=receipt, **changes)


def in_order(found: list[Anomaly]) -> list[tuple[object, ...]]:
    return sorted((one.kind, one.indexes, sorted(one.values.items()), one.at) for one in found)


def recounted(connection: Connection, line: Line) -> list[Anomaly]:
    return list(anomalies(connection, line.calendar, EVER))


async def remembered(line: Line) -> list[Anomaly]:
    found = await oddities.look(line, EVER, tuple(AnomalyKind), MANY)
    return [one for _, several, _ in found.kinds for one in several]


async def play(url: str, folder: Path, steps: list[Sent | Refused | Looked]) -> None:
    store = Store.open(url, folder / "blobs")
    line = open_line(store, folder, Clock())
    try:
        for place, step in enumerate(steps):
            if isinstance(step, Looked):
                await oddities.follow(line)
                store.close()
                store = Store.open(url, folder / "blobs")
                line = open_line(store, folder, Clock())
            else:
                for operation in operations(step, place):
                    await store.write(operation)
        assert in_order(await remembered(line)) == in_order(await store.read(recounted, line))
    finally:
        store.close()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=18))
def test_what_is_remembered_is_what_a_recount_finds(databases: Databases, steps: list[Sent | Refused | Looked]) -> None:
    with TemporaryDirectory() as name:
        asyncio.run(play(databases.fresh(Path(name)), Path(name), steps))


@given(st.lists(st.lists(st.integers(1, 30), max_size=8), max_size=6))
def test_runs_are_the_numbers_without_gaps_in_whatever_order_they_come(rounds: list[list[int]]) -> None:
    known: dict[int, Run] = {}
    places: dict[int, int] = {}
    for numbers in rounds:
        runs = Runs(run for run in [*known.values()] if any(run.first - 1 <= one <= run.last + 1 for one in numbers))
        for number in numbers:
            place = len(places) if number not in places else 99
            places.setdefault(number, place)
            runs.add(SERIES, number, Run(SERIES, number, number, place, place, NOW + timedelta(minutes=place)))
        known = {first: run for first, run in known.items() if run not in runs.gone} | {
            run.first: run for run in runs.changed
        }
    ends = [(run.first, run.last) for run in sorted(known.values(), key=lambda run: run.first)]
    assert [number for first, last in ends for number in range(first, last + 1)] == sorted(places)
    assert all(after[0] - before[1] > 1 for before, after in pairwise(ends)), "two that touch are one"
    for run in known.values():
        assert (run.first_index, run.last_index) == (places[run.first], places[run.last])
        assert run.at == NOW + timedelta(minutes=places[run.first])


def test_of_two_who_look_through_the_same_entries_one_is_too_late(store: Store, tmp_path: Path) -> None:
    line = open_line(store, tmp_path, Clock())

    async def both() -> list[int]:
        await store.write(sent(Sent(1, "G01", "/QĐ", TODAY, 0), 1))
        return sorted(await asyncio.gather(oddities.follow(line), oddities.follow(line)))

    assert asyncio.run(both()) == [0, 1]


def test_no_more_is_shown_of_a_kind_than_was_asked_for_and_the_latest_first(store: Store, tmp_path: Path) -> None:
    line = open_line(store, tmp_path, Clock())

    async def look() -> oddities.Found:
        for place, number in enumerate((1, 3, 5, 7)):
            await store.write(sent(Sent(number, "G01", "/QĐ", TODAY, place), place))
        return await oddities.look(line, EVER, (AnomalyKind.NUMBERING_GAP,), 2)

    ((kind, several, more),) = asyncio.run(look()).kinds
    assert (kind, [one.values["missing"] for one in several], more) == (AnomalyKind.NUMBERING_GAP, ["6", "4"], True)
