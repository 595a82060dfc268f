"""The entrance: who is let in, who is locked out, and what the ledger keeps of it. On both engines."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from gateway.exchange import entrance
from gateway.exchange.acts import Actor, operator_act
from gateway.exchange.entrance import Browser, Entrance, EntranceRules, Inside
from gateway.ledger import Entry, EntryKind
from gateway.model.person import Person, Role, WorksFor
from gateway.model.reasons import Reason
from gateway.model.refusal import Refused
from gateway.store.acts import Act
from gateway.store.people import SESSIONS_MAX, DisablePerson, EndEntrances, PutPerson, PutSecrets
from gateway.store.queries import people
from gateway.trust.codes import enrolment, new_recovery_codes, recovery_digest
from gateway.trust.passwords import hashed
from tests.exchange.conftest import Story
from tests.http.town import DEPARTMENT, PROVINCE
from tests.pki import NOW

RULES = EntranceRules(failures_max=3, lock_s=60, idle_s=600, session_s=3600)
PASSWORD = "một câu dài dễ nhớ"
HASH = hashed(PASSWORD)
LAN = Person("lan", "Nguyễn Thị Lan", frozenset({Role.CLERK}), (WorksFor("G22"),))


def act(story: Story, action: str) -> Act:
    return operator_act(Actor("@root", "0" * 64), action, "lan", "vì sao", b"s" * 16, story.clock())


async def let_in_from_now(story: Story, serial: int = 0, recovery: tuple[str, ...] = ()) -> None:
    await story.line.store.write(PutPerson(LAN, b"salt", act(story, "person.added")))
    await story.line.store.write(
        PutSecrets("lan", HASH, serial, tuple(map(recovery_digest, recovery)), act(story, "person.secrets"))
    )


async def enter(story: Story, password: str = PASSWORD, code: str = "", key: str = "lan") -> str:
    return (await Entrance(story.line, RULES).enter(key, password, code)).session


async def no(story: Story, reason: Reason, password: str = PASSWORD, code: str = "", key: str = "lan") -> None:
    with pytest.raises(Refused) as caught:
        await enter(story, password, code, key)
    assert caught.value.reason is reason


def code_now(story: Story, serial: int = 1, ahead_s: int = 0) -> str:
    written, _ = enrolment(entrance.second_factor(story.line, "lan", serial), "lan", "x")
    return pyotp.TOTP(written).at(story.clock() + timedelta(seconds=ahead_s))


def test_whoever_knows_the_password_is_in_until_they_leave(story: Story) -> None:
    async def play() -> list[Entry]:
        await let_in_from_now(story)
        cookie = await enter(story, key=" LAN ")
        who = await Entrance(story.line, RULES).inside(cookie)
        assert who is not None
        assert who.person == LAN
        assert await Entrance(story.line, RULES).inside(cookie + "x") is None
        await Entrance(story.line, RULES).leave(who)
        assert await Entrance(story.line, RULES).inside(cookie) is None
        return await story.entries()

    added, secrets, let_in, left = asyncio.run(play())
    assert [one["action"] for one in (added, secrets)] == ["person.added", "person.secrets"]
    assert added["reason"] == hashlib.sha256(b"s" * 16 + "vì sao".encode()).hexdigest()
    assert (let_in["method"], let_in["outcome"]) == ("password", "let_in")
    assert (left["method"], left["outcome"]) == ("session", "left")
    assert let_in["by"] == left["by"] == hashlib.sha256(b"saltlan").hexdigest()


def test_the_same_answer_for_a_wrong_password_a_wrong_name_and_somebody_let_in_no_more(story: Story) -> None:
    async def play() -> list[Entry]:
        await let_in_from_now(story)
        await no(story, Reason.PERSON_NOT_LET_IN, password="sai")
        await no(story, Reason.PERSON_NOT_LET_IN, key="nobody")
        await no(story, Reason.PERSON_NOT_LET_IN, password="x" * 1000)
        assert await story.line.store.write(DisablePerson("lan", act(story, "person.disabled")))
        assert not await story.line.store.write(DisablePerson("lan", act(story, "person.disabled")))
        await no(story, Reason.PERSON_NOT_LET_IN)
        return [one for one in await story.entries() if one.kind is EntryKind.LOGIN]

    refused = asyncio.run(play())
    assert {one["outcome"] for one in refused} == {"refused"}
    assert [one["by"] == entrance.NOBODY for one in refused] == [False, True, False, False]


def test_wrong_tries_lock_the_door_longer_each_time_and_the_right_one_unlocks_it(story: Story) -> None:
    async def play() -> None:
        await let_in_from_now(story)
        for _ in range(3):
            await no(story, Reason.PERSON_NOT_LET_IN, password="sai")
        await no(story, Reason.PERSON_NOT_LET_IN)
        story.clock.now += timedelta(seconds=61)
        await no(story, Reason.PERSON_NOT_LET_IN, password="sai")
        story.clock.now += timedelta(seconds=61)
        await no(story, Reason.PERSON_NOT_LET_IN)
        story.clock.now += timedelta(seconds=60)
        await enter(story)
        await no(story, Reason.PERSON_NOT_LET_IN, password="sai")
        await enter(story)

    asyncio.run(play())


def test_a_code_counts_once_whichever_of_two_is_faster(story: Story) -> None:
    async def play() -> None:
        await let_in_from_now(story, serial=1)
        await no(story, Reason.PERSON_NOT_LET_IN)
        await no(story, Reason.PERSON_NOT_LET_IN, code="000000")
        code = code_now(story)
        both = await asyncio.gather(enter(story, code=code), enter(story, code=code), return_exceptions=True)
        assert sorted(type(one) is str for one in both) == [False, True]
        story.clock.now += timedelta(minutes=5)
        await enter(story, code=code_now(story, ahead_s=-30))
        await enter(story, code=code_now(story, ahead_s=30))
        await no(story, Reason.PERSON_NOT_LET_IN, code=code_now(story))  # an earlier step than the last one used

    asyncio.run(play())


def test_a_recovery_code_counts_once_and_only_for_its_person(story: Story) -> None:
    one, *_ = kept = new_recovery_codes()

    async def play() -> None:
        await let_in_from_now(story, serial=1, recovery=kept)
        await no(story, Reason.PERSON_NOT_LET_IN, code="0000-0000-0000-0000")
        await enter(story, code=one.upper().replace("-", " "))
        await no(story, Reason.PERSON_NOT_LET_IN, code=one)
        await let_in_from_now(story, serial=2, recovery=new_recovery_codes())
        await no(story, Reason.PERSON_NOT_LET_IN, code=kept[1])

    asyncio.run(play())


def test_a_session_is_over_when_unused_when_too_old_and_when_secrets_change(story: Story) -> None:
    async def is_in(cookie: str) -> bool:
        return await Entrance(story.line, RULES).inside(cookie) is not None

    async def play() -> None:
        await let_in_from_now(story)
        unused, used = await enter(story), await enter(story)
        for _ in range(5):
            story.clock.now += timedelta(seconds=590)
            assert await is_in(used)
        assert not await is_in(unused)
        story.clock.now += timedelta(seconds=655)
        assert not await is_in(used)
        fresh = await enter(story)
        await story.line.store.write(PutSecrets("lan", HASH, None, (), act(story, "person.secrets")))
        assert not await is_in(fresh)
        gone = await enter(story)
        await story.line.store.write(DisablePerson("lan", act(story, "person.disabled")))
        assert not await is_in(gone)

    asyncio.run(play())


KNOWN = Browser("", "Firefox 145 on Windows")


def test_whoever_guesses_elsewhere_locks_nobody_out_of_the_browser_they_know(story: Story) -> None:
    async def tries(browser: Browser, password: str = "sai") -> Reason | None:
        try:
            await Entrance(story.line, RULES).enter("lan", password, "", browser)
        except Refused as no:
            return no.reason
        return None

    async def play() -> None:
        await let_in_from_now(story)
        let = await Entrance(story.line, RULES).enter("lan", PASSWORD, "", KNOWN)
        known, stranger = Browser(let.browser), Browser("chosen by a stranger")
        for _ in range(8):
            assert await tries(stranger) is Reason.PERSON_NOT_LET_IN
            story.clock.now += timedelta(seconds=20)
        assert await tries(stranger, PASSWORD) is Reason.PERSON_NOT_LET_IN
        assert await tries(known, PASSWORD) is None
        assert await tries(stranger, PASSWORD) is Reason.PERSON_NOT_LET_IN

    asyncio.run(play())


def test_a_known_browser_has_a_lock_of_its_own_and_is_told_of_it(story: Story) -> None:
    async def play() -> None:
        await let_in_from_now(story)
        doors = Entrance(story.line, RULES)
        known = Browser((await doors.enter("lan", PASSWORD, "", KNOWN)).browser)
        reasons = []
        for password in ("sai", "sai", "sai", PASSWORD):
            with pytest.raises(Refused) as caught:
                await doors.enter("lan", password, "", known)
            reasons.append(caught.value.reason)
        locked = Reason.PERSON_LOCKED_OUT
        assert reasons == [Reason.PERSON_NOT_LET_IN, Reason.PERSON_NOT_LET_IN, locked, locked]
        await doors.enter("lan", PASSWORD, "")  # from elsewhere the door is open
        story.clock.now += timedelta(seconds=61)
        fresh = Browser((await doors.enter("lan", PASSWORD, "", known)).browser)
        with pytest.raises(Refused) as caught:
            await doors.enter("lan", "sai", "", known)
        assert caught.value.reason is Reason.PERSON_NOT_LET_IN
        await story.line.store.write(PutSecrets("lan", HASH, None, (), act(story, "person.secrets")))
        for _ in range(3):
            with pytest.raises(Refused):
                await doors.enter("lan", "sai", "", fresh)
        with pytest.raises(Refused) as caught:
            await doors.enter("lan", PASSWORD, "", fresh)  # new secrets: no browser is known any more
        assert caught.value.reason is Reason.PERSON_NOT_LET_IN

    asyncio.run(play())


def test_a_crowd_of_guesses_at_once_has_no_more_of_them(story: Story) -> None:
    async def play() -> None:
        await let_in_from_now(story)
        doors = Entrance(story.line, RULES)
        guesses = [doors.enter("lan", "sai", "") for _ in range(4)]
        await asyncio.gather(*guesses, return_exceptions=True)
        await no(story, Reason.PERSON_NOT_LET_IN)
        story.clock.now += timedelta(seconds=61)
        await enter(story)

    asyncio.run(play())


def test_an_unknown_name_is_refused_as_a_locked_one_is_and_both_are_in_the_ledger(story: Story) -> None:
    async def play() -> list[Entry]:
        await let_in_from_now(story)
        for key in ("lan", "nobody"):
            for _ in range(5):
                await no(story, Reason.PERSON_NOT_LET_IN, password="sai", key=key)
        return [one for one in await story.entries() if one.kind is EntryKind.LOGIN]

    entries = asyncio.run(play())
    assert [(one["method"], one["outcome"]) for one in entries] == [("password", "refused")] * 10


def test_where_somebody_is_in_they_see_and_end_it_and_nobody_elses(story: Story) -> None:
    async def play() -> list[Entry]:
        await let_in_from_now(story)
        hoa = replace(LAN, key="hoa")
        await story.line.store.write(PutPerson(hoa, b"salt", act(story, "person.added")))
        await story.line.store.write(PutSecrets("hoa", HASH, 0, (), act(story, "person.secrets")))
        doors = Entrance(story.line, RULES)
        cookies = [(await doors.enter("lan", PASSWORD, "", KNOWN)).session for _ in range(3)]
        other = (await doors.enter("hoa", PASSWORD, "")).session
        inside = await doors.inside(cookies[0])
        assert inside is not None
        seen = await doors.sessions(inside)
        assert {one.digest for one in seen} == {entrance.digest(one) for one in cookies}
        assert {(one.method, one.agent) for one in seen} == {("password", KNOWN.agent)}
        assert await doors.end(inside, [entrance.digest(cookies[1]), entrance.digest(other), "x"]) == 1
        assert await doors.inside(cookies[1]) is None
        assert await doors.inside(other) is not None
        await story.line.store.write(EndEntrances("lan", act(story, "person.signed_out")))
        assert await doors.inside(cookies[2]) is None
        story.clock.now += timedelta(seconds=601)
        assert await doors.sessions(inside) == ()
        return await story.entries()

    ended = [one for one in asyncio.run(play()) if one.kind is EntryKind.LOGIN and one["outcome"] == "ended"]
    assert len(ended) == 1


def test_other_roles_are_entered_anew_and_other_words_are_not(story: Story) -> None:
    async def play() -> list[bool]:
        await let_in_from_now(story)
        cookie, doors, alive = await enter(story), Entrance(story.line, RULES), []
        for changed in (replace(LAN, name="Nguyễn Thị Ngọc Lan"), replace(LAN, roles=frozenset({Role.OPERATOR}))):
            await story.line.store.write(PutPerson(changed, b"salt", act(story, "person.changed")))
            alive.append(await doors.inside(cookie) is not None)
        return alive

    assert asyncio.run(play()) == [True, False]


def test_one_session_too_many_ends_the_one_unused_longest(story: Story) -> None:
    async def play() -> None:
        await let_in_from_now(story)
        doors = Entrance(story.line, RULES)
        cookies = []
        for _ in range(SESSIONS_MAX + 1):
            cookies.append(await enter(story))
            story.clock.now += timedelta(seconds=1)
        alive = [await doors.inside(one) is not None for one in cookies]
        assert alive == [False] + [True] * SESSIONS_MAX

    asyncio.run(play())


def test_proving_again_uses_the_code_up_counts_wrong_tries_and_heeds_the_lock(story: Story) -> None:
    async def play() -> list[Entry]:
        await let_in_from_now(story, serial=1)
        doors, browser = Entrance(story.line, RULES), Browser()
        cookie = await enter(story, code=code_now(story))
        inside = await doors.inside(cookie)
        assert inside is not None
        assert not await doors.proves(inside, PASSWORD, code_now(story), browser)  # it let somebody in: used up
        story.clock.now += timedelta(seconds=30)
        code = code_now(story)
        assert await doors.proves(inside, PASSWORD, code, browser)
        assert not await doors.proves(inside, PASSWORD, code, browser)
        assert not await doors.proves(inside, "sai", code_now(story, ahead_s=30), browser)
        story.clock.now += timedelta(seconds=30)
        assert not await doors.proves(inside, PASSWORD, code_now(story), browser)  # three wrong tries: locked
        return await story.entries()

    again = [one["outcome"] for one in asyncio.run(play()) if one.kind is EntryKind.LOGIN and one["method"] == "again"]
    assert again == ["refused"] * 4


def test_what_a_browser_calls_itself_is_kept_short_and_printable(story: Story) -> None:
    async def play() -> str:
        await let_in_from_now(story)
        doors = Entrance(story.line, RULES)
        let = await doors.enter("lan", PASSWORD, "", Browser("", "\x1b[31m\u202e<b>" + "x" * 5000))
        inside = await doors.inside(let.session)
        assert inside is not None
        (seen,) = await doors.sessions(inside)
        return seen.agent

    agent = asyncio.run(play())
    assert agent.isprintable()
    assert len(agent) < 2 * entrance.AGENT_CHARS_MAX


def test_a_thief_of_the_register_finds_no_cookie_no_password_and_no_second_factor(story: Story) -> None:
    async def play() -> None:
        kept = new_recovery_codes()
        await let_in_from_now(story, serial=1, recovery=kept)
        cookie = await enter(story, code=kept[0])
        row = await story.line.store.read(people.person, "lan")
        assert row is not None
        secret = entrance.second_factor(story.line, "lan", 1)
        stolen = repr(row)
        assert PASSWORD not in stolen
        assert secret.hex() not in stolen
        assert await story.line.store.read(people.session, cookie) is None

    asyncio.run(play())


def test_a_clerk_sees_their_agencies_and_with_a_subtree_those_below(story: Story) -> None:
    directory = story.line.directory
    alone = Person("a", "A", frozenset({Role.CLERK}), (WorksFor(PROVINCE),))
    whole = Person("b", "B", frozenset({Role.CLERK}), (WorksFor(PROVINCE, subtree=True),))
    seen = [{one.key for one in who.agencies(directory)} for who in (alone, whole)]
    assert seen == [{PROVINCE}, {PROVINCE, DEPARTMENT}]


def test_a_task_nobody_gave_them_is_refused() -> None:
    who = Inside(LAN, "0" * 64, "", NOW)
    entrance.check_role(who, Role.AUDITOR, Role.CLERK)
    with pytest.raises(Refused) as caught:
        entrance.check_role(who, Role.OPERATOR)
    assert caught.value.reason is Reason.PERSON_NOT_ALLOWED
