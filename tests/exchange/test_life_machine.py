"""The whole life as a machine: whatever agencies send, report, ask back, update and replace, in whatever order and
across whatever crashes, keeps the invariants the exchange promises."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from gateway.exchange import courier, lifecycle, watch
from gateway.exchange.lifecycle import Telling
from gateway.ledger import Entry, EntryKind, decode
from gateway.ledger.directory_text import directory_entry
from gateway.model.delivery import DeliveryStatus
from gateway.model.dispatch import Dispatch, Receipt
from gateway.model.packet import BusinessType, Replacement, StatusCode
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.store import PutDirectory, Store, queries
from gateway.store.schema import changes, deliveries, delivery_events, dispatches, links, statuses
from tests.exchange.conftest import Story
from tests.exchange.life import OF_ADDRESSEES, change, document, status, trusting
from tests.exchange.replayed import differences
from tests.exchange.test_sequencer import check_ledger
from tests.http.town import DEPARTMENT, FAR, MINISTRY, PROVINCE, Clock, directory, open_line
from tests.pki import NOW
from tests.stores import Databases

ADDRESSEES = (PROVINCE, DEPARTMENT, FAR)
GROUPS = ((PROVINCE,), (PROVINCE, FAR), ADDRESSEES)
IDS = ("G22.1", "G22.2", "G22.3")
"""Few, so that changes meet what is there, and circles come about."""
ID, GROUP = st.sampled_from(IDS), st.sampled_from(GROUPS)
CHANGES = (BusinessType.RECALL, BusinessType.UPDATE, BusinessType.REPLACE)
NUMBERS = ("1", "2")
CODES = ("01", "02", "03", "06", "15", "16")
TIMES = ("2026/11/23 15:00:00", "2026/11/23 14:30:00", "1970/01/01 00:00:00", None)
CODE, TIME = st.sampled_from(CODES), st.sampled_from(TIMES)
MINE = st.integers(0, 30)

MAY_REFUSE = {
    Reason.DOCUMENT_ID_TAKEN,
    Reason.TARGET_UNKNOWN,
    Reason.CHANGE_LOOP,
    Reason.FROZEN,
    Reason.STATE_CONFLICT,
    Reason.NOT_FOUND,
}
"""What an agency may be told here; anything else is a fault of ours."""


class LifeMachine(RuleBasedStateMachine):
    """A ministry that sends and changes its mind, three addressees that answer or do not, a stranger's meddling."""

    fresh_url: ClassVar[Callable[[Path], str]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="life-"))
        self.url = type(self).fresh_url(self.folder)
        self.clock = Clock()
        self.starts = self.seconds = 0
        self.final: dict[str, DeliveryStatus] = {}
        self.answers: dict[tuple[str, str], str] = {}
        self.story = self.open()
        town = directory()
        asyncio.run(self.story.line.store.write(PutDirectory(town, NOW, directory_entry(town, NOW))))

    def open(self) -> Story:
        self.starts += 1
        store = Store.open(self.url, self.folder / "blobs")
        line = replace(open_line(store, self.folder, self.clock), chance=Random(self.starts))
        return trusting(Story(line, self.clock))

    def teardown(self) -> None:
        asyncio.run(self.story.seal())
        asyncio.run(check_ledger(self.story.line))
        assert asyncio.run(differences(self.story.line)) == [], "the ledger alone tells another register"
        self.story.line.store.close()
        shutil.rmtree(self.folder)

    def submit(self, file: bytes, sender: str = MINISTRY) -> Receipt | None:
        """The receipt, or None where it was refused for a reason this world has."""
        try:
            return asyncio.run(self.story.submit(file, OF_ADDRESSEES[sender]))
        except Refused as no:
            assert no.reason in MAY_REFUSE, no
            return None

    def rows(self, *tables: Any) -> list[list[Any]]:
        def read(connection: queries.Connection) -> list[list[Any]]:
            return [list(connection.execute(select(table))) for table in tables]

        return asyncio.run(self.story.line.store.read(read))

    def some_delivery(self, place: int) -> Any:
        """One of the deliveries of the ministry's documents, or None."""
        (mine,) = self.rows(deliveries)
        own = [one for one in mine if one.addressee != MINISTRY]
        return own[place % len(own)] if own else None

    def ago(self) -> str:
        """A reason nobody has given before: other bytes, another packet."""
        self.seconds += 1
        return f"Lý do {self.seconds}"

    @rule(document_id=ID, to=GROUP, number=st.sampled_from(NUMBERS))
    def send(self, document_id: str, to: tuple[str, ...], number: str) -> None:
        self.submit(document(document_id, to, number))

    @rule(place=MINE, what=st.sampled_from(("fetch", "fetch", "acknowledge", "decline")))
    def collect(self, place: int, what: str) -> None:
        one = self.some_delivery(place)
        if one is None:
            return
        given_back = any(row.delivery_id == one.id and row.answer == "done" and row.kind == "recall"
                         for row in self.rows(changes)[0])  # fmt: skip
        extra = ("Không đúng nơi nhận",) if what == "decline" else ()
        peer = self.story.peer(OF_ADDRESSEES[one.addressee])
        try:
            asyncio.run(getattr(courier, what)(self.story.line, peer, one.id, *extra))
        except Refused as no:
            assert no.reason is Reason.STATE_CONFLICT
        else:
            assert one.status not in {"withdrawn", "expired"}, "what was taken back was handed over"
            assert not (given_back and what == "fetch"), "what was given back was handed over again"

    @rule(sender=st.sampled_from(ADDRESSEES), of=ID, told=st.lists(st.tuples(CODE, TIME), min_size=1, max_size=3))
    def report(self, sender: str, of: str, told: list[tuple[str, str | None]]) -> None:
        for code, time in told:
            receipt = self.submit(status(code, of, sender, description=self.ago(), timestamp=time), sender)
            assert receipt is not None, "a status is never refused for what it speaks of"

    @rule(place=MINE, code=CODE)
    def report_without_xml(self, place: int, code: str) -> None:
        one = self.some_delivery(place)
        if one is not None:
            peer = self.story.peer(OF_ADDRESSEES[one.addressee])
            try:
                asyncio.run(lifecycle.report_status(self.story.line, peer, one.id, StatusCode(code), self.ago()))
            except Refused as no:
                assert no.reason is Reason.STATE_CONFLICT

    @rule(kind=st.sampled_from(CHANGES), own=ID, of=ID, to=GROUP, others=GROUP)
    def change(self, kind: BusinessType, own: str, of: str, to: tuple[str, ...], others: tuple[str, ...]) -> None:
        replaced = (Replacement(of, others),) if kind is BusinessType.REPLACE else ()
        self.submit(change(kind, own, None if replaced else of, to, others, replaced, reason=self.ago()))

    @rule(kind=st.sampled_from(CHANGES), of=ID, to=st.sampled_from((PROVINCE, DEPARTMENT)))
    def meddle(self, kind: BusinessType, of: str, to: str) -> None:
        """A stranger changes, or asks back, what it never sent."""
        file = change(kind, "G99.9", of, (to,), reason=self.ago()).replace(MINISTRY.encode(), FAR.encode())
        assert self.submit(file, FAR) is None, "another's document was changed"
        assert self.submit(status("13", of, FAR, to, self.ago()), FAR) is None, "another's document was asked back"

    @rule(place=MINE, code=st.sampled_from(("15", "16")))
    def answer_what_was_asked(self, place: int, code: str) -> None:
        asked, carried = self.rows(changes, deliveries)
        had = {one.id for one in carried if one.status not in {"withdrawn", "expired"}}
        open_ones = [row for row in asked if row.answer is None and row.delivery_id in had]
        if open_ones:
            row = open_ones[place % len(open_ones)]
            one = next(one for one in carried if one.id == row.delivery_id)
            peer = self.story.peer(OF_ADDRESSEES[one.addressee])
            asyncio.run(lifecycle.report_status(self.story.line, peer, one.id, StatusCode(code), self.ago()))
            after = {(now.dispatch_id, now.delivery_id): now.answer for now in self.rows(changes)[0]}
            assert after[row.dispatch_id, row.delivery_id] is not None, "an answer went nowhere"
            if after[row.dispatch_id, row.delivery_id] == "done" and row.kind == "recall":
                with pytest.raises(Refused):
                    asyncio.run(courier.fetch(self.story.line, peer, one.id))

    @rule(of=ID, to=st.sampled_from(ADDRESSEES))
    def ask_back(self, of: str, to: str) -> None:
        self.submit(status("13", of, MINISTRY, to, self.ago()))

    @rule(place=MINE)
    def ask_back_without_xml(self, place: int) -> None:
        one = self.some_delivery(place)
        if one is not None:
            line, peer = self.story.line, self.story.peer("bo")
            try:
                asyncio.run(lifecycle.recall(line, peer, one.dispatch_id, self.ago()))
            except Refused as no:
                assert no.reason in MAY_REFUSE, no

    @rule(minutes=st.sampled_from((1, 45, 80 * 60)))
    def let_time_pass(self, minutes: int) -> None:
        self.clock.pass_(minutes=minutes)
        asyncio.run(watch.expire(self.story.line))

    @rule()
    def tell_of_withdrawals(self) -> None:
        asyncio.run(Telling(self.story.line).once())

    @precondition(lambda self: self.starts < 4)
    @rule()
    def crash_and_restart(self) -> None:
        self.story.line.store.close()
        self.story = self.open()

    # What holds whatever happened.

    @invariant()
    def what_is_final_stays(self) -> None:
        for one in self.rows(deliveries)[0]:
            now = DeliveryStatus(one.status)
            assert self.final.get(one.id, now) is now, "a final status changed"
            if now.final:
                self.final[one.id] = now

    @invariant()
    def an_answer_is_given_once(self) -> None:
        for row in self.rows(changes)[0]:
            key = (row.dispatch_id, row.delivery_id)
            assert key not in self.answers or self.answers[key] == row.answer, "an answer changed"
            if row.answer is not None:
                self.answers[key] = row.answer

    @invariant()
    def a_change_is_of_its_senders_own_documents(self) -> None:
        asked, carried, known = self.rows(changes, deliveries, dispatches)
        sender = {one.id: one.sender for one in known}
        carries = {one.id: one for one in carried}
        for row in asked:
            about = carries[row.delivery_id]
            assert sender[row.dispatch_id] == sender[about.dispatch_id]
            if row.answer == "withdrawn":
                assert about.status == "withdrawn", "said to be withdrawn, and is not"

    @invariant()
    def a_status_stands_where_its_words_put_it(self) -> None:
        told, carried, known = self.rows(statuses, deliveries, dispatches)
        documents, carries = {one.id: one for one in known}, {one.id: one for one in carried}
        kinds = Counter(one.kind for one in known)
        assert kinds["status"] == len(told), "a status packet without its status"
        for row in told:
            ends = {row.agency, row.addressee}
            assert {documents[row.dispatch_id].sender} | {
                one.addressee for one in carried if one.dispatch_id == row.dispatch_id
            } == ends
            if row.delivery_id is not None:
                about = carries[row.delivery_id]
                assert {documents[about.dispatch_id].sender, about.addressee} == ends
                assert documents[about.dispatch_id].document_id == row.document_id

    @invariant()
    def versions_form_no_circle(self) -> None:
        (said,) = self.rows(links)
        graph: defaultdict[str, set[str]] = defaultdict(set)
        for row in said:
            if row.target is not None:
                graph[row.dispatch_id].add(row.target)
        tuple(TopologicalSorter(graph).static_order())

    @invariant()
    def no_document_supersedes_its_own_id(self) -> None:
        said, known = self.rows(links, dispatches)
        id_of = {one.id: one.document_id for one in known}
        below: defaultdict[str, set[str]] = defaultdict(set)
        for row in said:
            if row.target is not None and row.relation in {"updates", "replaces"}:
                below[row.dispatch_id].add(row.target)
        for one in list(below):
            reached, frontier = set[str](), {one}
            while frontier:  # past the versions sent again under one id, that id never comes again
                step = {target for dispatch in frontier for target in below.get(dispatch, set())} - reached
                reached |= step
                frontier = step
            others = {target for target in reached if id_of[target] != id_of[one]}
            beyond = {under for target in others for under in below.get(target, set())}
            assert id_of[one] not in {id_of[under] for under in beyond}

    @invariant()
    def a_number_is_borne_first_once(self) -> None:
        (known,) = self.rows(dispatches)
        new = [one for one in known if one.kind == "document" and one.business_type == 0]
        firsts = Counter((one.sender, one.code) for one in new if one.duplicate_by != "number")
        assert set(firsts) == {(one.sender, one.code) for one in new}
        assert all(count == 1 for count in firsts.values())

    @invariant()
    def every_step_has_its_entry(self) -> None:
        known, carried, steps, asked, told = self.rows(dispatches, deliveries, delivery_events, changes, statuses)
        entries: list[Entry] = [
            decode(one) for one in asyncio.run(self.story.line.store.read(queries.entries, 0, 10_000))
        ]
        kinds = Counter(entry.kind for entry in entries)
        stand = Counter(one.status for one in carried)
        assert kinds[EntryKind.ACCEPT] == len(known)
        assert kinds[EntryKind.STATUS] == len(told)
        assert kinds[EntryKind.WITHDRAW] == stand["withdrawn"]
        assert kinds[EntryKind.ACKNOWLEDGE] == stand["acknowledged"]
        assert kinds[EntryKind.DECLINE] == stand["refused"]
        assert kinds[EntryKind.EXPIRE] == stand["expired"]
        assert kinds[EntryKind.ANSWER] == sum(row.answer in {"done", "refused"} for row in asked)
        assert kinds[EntryKind.DUPLICATE] == sum(one.duplicate_of is not None for one in known)
        dispatch_of = {one.id: one.dispatch_id for one in carried}
        for step in steps:
            fields = dict(entries[step.ledger_index].fields)
            assert dispatch_of[step.delivery_id] in {fields.get("dispatch"), fields.get("target")}, step.event

    @invariant()
    def what_is_shown_follows_from_what_was_told(self) -> None:
        (told, known) = self.rows(statuses, dispatches)
        of: defaultdict[str, list[Any]] = defaultdict(list)
        for row in sorted(told, key=lambda row: row.ledger_index):
            if row.delivery_id is not None and row.status_code in {"01", "02", "03", "06"}:
                of[row.delivery_id].append(row)
        hour = 3_600_000_000
        for one in known:
            seen = asyncio.run(self.story.line.store.read(queries.dispatch, one.id))
            assert isinstance(seen, Dispatch)
            for delivery in seen.deliveries:
                best = None
                for row in of[delivery.id]:
                    believed = (
                        row.stated_at is not None and one.admitted_at - hour <= row.stated_at <= row.recorded_at + hour
                    )
                    at = row.stated_at if believed else row.recorded_at
                    best = max(best or (at, row.ledger_index), (at, row.ledger_index))
                shown = delivery.processing
                assert (None if best is None else best[1]) == (None if shown is None else shown.ledger_index)


def _live(machine: type[LifeMachine], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def test_lives_keep_every_invariant(databases: Databases) -> None:
    class OnEngine(LifeMachine):
        fresh_url = staticmethod(databases.fresh)

    _live(OnEngine, examples=20 if databases.engine == "sqlite" else 4, steps=40)
