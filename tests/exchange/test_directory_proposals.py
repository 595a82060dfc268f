"""Two people change the directory: one proposes, another reads what it comes to and approves; the database insists."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.exchange import directory_proposals as acts
from gateway.exchange.acts import Actor, operator_act
from gateway.exchange.directory_proposals import ActOf, subject
from gateway.exchange.watch import refresh_directory
from gateway.ledger import EntryKind
from gateway.model.agency import Agency, Directory, DirectoryAct
from gateway.model.directory_difference import (
    AgenciesChange,
    AgencyChange,
    CutOff,
    Decision,
    FieldChange,
    change_between,
    difference,
)
from gateway.model.period import Period
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.store import RevokePeer, queries
from gateway.store.engine import parse_url, writer_engine
from gateway.store.queries.directory_proposals import proposed_change
from tests.exchange.conftest import Story
from tests.http.town import DEPARTMENT, FAR, MINISTRY, PROVINCE, directory
from tests.pki import NOW

NEW = Agency("H29.9", "Sở mới", ("H29.9",), parent=PROVINCE)
TUAN, LAN = Actor("tuan", "a" * 64), Actor("lan", "b" * 64)


def act_of(story: Story, who: Actor, reason: str = "theo Quyết định số 1") -> ActOf:
    return lambda action, about: operator_act(who, action, about, reason, b"s" * 16, story.clock())


def changed_town() -> tuple[Agency, ...]:
    """The town with one agency more, one renamed, one fewer."""
    province, *others = (one for one in directory().agencies if one.key not in {FAR, MINISTRY, DEPARTMENT})
    kept = [one for one in directory().agencies if one.key in {MINISTRY, DEPARTMENT}]
    assert not others
    return (*kept, replace(province, name="UBND tỉnh Mới"), NEW)


async def proposed(story: Story, agencies: tuple[Agency, ...] | None = None, who: Actor = TUAN) -> int:
    await refresh_directory(story.line)
    wanted = changed_town() if agencies is None else agencies
    line = story.line
    return await acts.propose(line.store, line.directory, wanted, who.key, story.clock(), act_of(story, who))


async def approved(story: Story, number: int, who: Actor = LAN) -> int:
    await refresh_directory(story.line)
    line = story.line
    return await acts.approve(line.store, line.directory, number, who.key, story.clock(), act_of(story, who))


async def refused(work: Awaitable[object]) -> Refused:
    with pytest.raises(Refused) as no:
        await work
    return no.value


def test_another_person_puts_in_force_what_one_proposed(story: Story) -> None:
    async def play() -> None:
        number = await proposed(story)
        assert story.line.directory.agency(NEW.key) is None, "nothing is in force yet"
        version = await approved(story, number)
        await refresh_directory(story.line)
        now = story.line.directory
        assert now.version == version == 2
        assert {one.key for one in now.agencies} == {one.key for one in changed_town()}
        assert now.agency(PROVINCE) in changed_town()
        (history, _) = await story.line.store.read(queries.directory_history, 5)
        assert (history.act, history.changed_by) == (DirectoryAct.PROPOSAL, "tuan + lan")
        (one,) = await story.line.store.read(queries.proposals, 5)
        assert (one.outcome, one.decided_by, one.version) == (Decision.APPROVED, "lan", 2)

    asyncio.run(play())


def test_the_ledger_names_both_acts_and_exactly_what_was_proposed(story: Story) -> None:
    async def play() -> None:
        number = await proposed(story)
        await approved(story, number)
        kept = await story.line.store.read(proposed_change, number)
        about = subject(number, hashlib.sha256(msgspec.json.encode(kept)).hexdigest())
        entries = [one for one in await story.entries() if one.kind in {EntryKind.OPERATOR, EntryKind.DIRECTORY}]
        assert [(one.kind, dict(one.fields).get("action")) for one in entries] == [
            (EntryKind.OPERATOR, "directory.proposed"),
            (EntryKind.DIRECTORY, None),
            (EntryKind.OPERATOR, "directory.approved"),
        ]
        assert {one["subject"] for one in entries if one.kind is EntryKind.OPERATOR} == {about}
        assert [one["by"] for one in entries if one.kind is EntryKind.OPERATOR] == [TUAN.by, LAN.by]

    asyncio.run(play())


def test_nobody_approves_their_own_and_nothing_of_it_is_kept(story: Story) -> None:
    async def play() -> None:
        number = await proposed(story)
        before = len(await story.entries())
        no = await refused(approved(story, number, TUAN))
        assert no.reason is Reason.STATE_CONFLICT
        assert "Chính bạn" in no.finding.detail("vi")
        assert len(await story.entries()) == before
        assert await story.line.store.read(queries.directory_version) == 1

    asyncio.run(play())


APPROVED = "outcome = 'approved', decided_at = 1"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (f"UPDATE directory_proposals SET {APPROVED}, decided_by = 'tuan', version = 1", "two_people"),
        (f"UPDATE directory_proposals SET {APPROVED}, decided_by = 'lan'", "in_force"),
        ("UPDATE directory_proposals SET outcome = 'rejected', decided_at = 1", "decided"),
        (f"UPDATE directory_proposals SET {APPROVED}, decided_by = 'lan', version = 1, gone = 0", "only decided"),
        ("DELETE FROM directory_proposals", "never deleted"),
    ],
)
def test_the_database_itself_wants_two_people(story: Story, store_url: str, statement: str, said: str) -> None:
    asyncio.run(proposed(story))
    engine = writer_engine(parse_url(store_url))
    with pytest.raises(DBAPIError, match=said), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


async def rejected(story: Story, number: int, who: Actor = TUAN) -> None:
    await acts.reject(story.line.store, number, who.key, story.clock(), act_of(story, who))


@pytest.mark.parametrize("decide", [approved, rejected])
def test_what_is_decided_stays_so(story: Story, decide: Callable[[Story, int], Awaitable[object]]) -> None:
    async def play() -> None:
        number = await proposed(story)
        await decide(story, number)
        for again in (approved(story, number), rejected(story, number)):
            assert (await refused(again)).reason is Reason.STATE_CONFLICT

    asyncio.run(play())


def test_who_proposed_may_take_it_back(story: Story) -> None:
    async def play() -> None:
        await rejected(story, await proposed(story))
        (one,) = await story.line.store.read(queries.proposals, 5)
        assert (one.outcome, one.decided_by, one.version) == (Decision.REJECTED, "tuan", None)
        assert await story.line.store.read(queries.directory_version) == 1

    asyncio.run(play())


def test_agencies_that_changed_since_make_it_outdated_and_a_peer_that_goes_does_not(story: Story) -> None:
    async def play() -> None:
        line = story.line
        first, second = await proposed(story), await proposed(story, (*directory().agencies, NEW))
        await line.store.write(RevokePeer("xa", story.clock()))
        assert await approved(story, first) == 3
        no = await refused(approved(story, second))
        assert "không còn đúng" in no.finding.detail("vi")

    asyncio.run(play())


def test_what_is_not_there_or_says_nothing_new_is_refused(story: Story) -> None:
    async def play() -> None:
        assert (await refused(approved(story, 7))).reason is Reason.NOT_FOUND
        same = await refused(proposed(story, directory().agencies))
        assert same.reason is Reason.STATE_CONFLICT
        assert "không có gì khác" in same.finding.detail("vi")

    asyncio.run(play())


def test_of_two_who_approve_at_once_one_does(story: Story) -> None:
    async def play() -> None:
        number = await proposed(story)
        await refresh_directory(story.line)
        line, at = story.line, story.clock()
        both = (acts.approve(line.store, line.directory, number, who, at, act_of(story, LAN)) for who in ("lan", "hoa"))
        done = await asyncio.gather(*both, return_exceptions=True)
        assert {type(one) for one in done} == {int, Refused}
        assert await line.store.read(queries.directory_version) == 2

    asyncio.run(play())


def test_the_difference_is_told_in_words_and_says_who_is_cut_off() -> None:
    before = directory()
    seen = difference(before, change_between(before, changed_town()), NOW)
    assert [(one.key, one.change) for one in seen.agencies] == [
        (FAR, AgencyChange.GONE),
        (PROVINCE, AgencyChange.CHANGED),
        (NEW.key, AgencyChange.NEW),
    ]
    (province,) = seen.of(AgencyChange.CHANGED)
    assert province.fields == (FieldChange("name", "Ủy ban nhân dân tỉnh Kiểm thử", "UBND tỉnh Mới"),)
    assert seen.cut_off == (CutOff(FAR, "Cơ quan ở xa"),)


def test_whoever_is_moved_from_under_a_province_or_ends_is_cut_off_too() -> None:
    before = directory()
    moved = [replace(one, parent=FAR) if one.key == DEPARTMENT else one for one in before.agencies]
    seen = difference(before, change_between(before, tuple(moved)), NOW)
    assert seen.cut_off == (CutOff(DEPARTMENT, "Sở Kiểm thử"),)
    over = Period(None, NOW - timedelta(days=1))
    ended = [replace(one, period=over) if one.key == FAR else one for one in before.agencies]
    seen = difference(before, change_between(before, tuple(ended)), NOW)
    assert [one.key for one in seen.cut_off] == [FAR]
    assert [one.field for one in seen.of(AgencyChange.CHANGED)[0].fields] == ["ends_at"]


KEYS = st.sampled_from(["A1", "B2", "C3", "D4"])
TOWNS = st.dictionaries(KEYS, st.sampled_from(["một", "hai", "ba"])).map(
    lambda named: tuple(Agency(key, name, (key,)) for key, name in named.items())
)


@given(TOWNS, TOWNS)
def test_a_change_makes_of_one_directory_exactly_the_other(
    before: tuple[Agency, ...], after: tuple[Agency, ...]
) -> None:
    known = Directory(1, before)
    change = change_between(known, after)
    assert Directory(2, change.onto(known.agencies)).agencies == Directory(2, after).agencies
    told = difference(known, change, NOW)
    assert len(told.agencies) == len(change.put) + len(change.gone)
    assert msgspec.json.decode(msgspec.json.encode(change), type=AgenciesChange) == change
