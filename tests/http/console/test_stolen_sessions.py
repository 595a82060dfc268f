"""Attacks on sessions over the real server: stolen, tossed, replayed, kept in another tab, outliving their rights."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.exchange.acts import Actor, operator_act
from gateway.http import PublicAddress
from gateway.http.console import live
from gateway.ledger import EntryKind
from gateway.model.person import Role, WorksFor
from gateway.model.reasons import Reason
from gateway.store.people import DisablePerson, EndEntrances, PutPerson, PutSecrets
from tests.http.console.papers import delivery_of, fetched, sent
from tests.http.console.test_documents import entries
from tests.http.console.test_way_in import said
from tests.http.console.visitor import HASH, LAN, OPERATOR, Visitor, settle
from tests.http.proxy import front, seen_through
from tests.http.town import FAR, MINISTRY, Town, awaited, town


def act(here: Town, action: str) -> object:
    return operator_act(Actor("@root", "0" * 64), action, "lan", "", b"s" * 16, here.clock())


ENDINGS = {
    "role": lambda here: PutPerson(
        replace(LAN, roles=frozenset({Role.STEERING})), b"salt", act(here, "person.changed")
    ),
    "everywhere": lambda here: EndEntrances("lan", act(here, "person.signed_out")),
    "disabled": lambda here: DisablePerson("lan", act(here, "person.disabled")),
    "secrets": lambda here: PutSecrets("lan", HASH, None, (), act(here, "person.secrets")),
}


@pytest.mark.parametrize("how", sorted(ENDINGS))
def test_what_was_taken_away_is_gone_in_every_tab_form_and_stream_at_once(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "INSIDE_S", 0.02)

    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            dispatch = await sent(here)
            delivery = await delivery_of(here, dispatch)
            await fetched(here, delivery)
            lan = await Visitor(here).enter("lan")
            thief = Visitor(here, dict(lan.cookies))
            await lan.go(f"/documents/{dispatch}")
            await thief.go(f"/documents/{dispatch}")
            cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in lan.cookies.items())}
            async with here.session.get(f"{here.url}/console/live", headers=cookies) as stream:
                await stream.content.readuntil(b"\n\n")
                await here.line.store.write(ENDINGS[how](here))
                await asyncio.wait_for(stream.content.read(), 10)  # to its end
            async with here.session.get(f"{here.url}/console/live", headers=cookies) as stream:
                assert stream.status == Reason.PERSON_NOT_LET_IN.status
            for one in (lan, thief):  # the form was loaded while it held
                await one.send(f"/documents/{dispatch}/recall", delivery=delivery, words="Gửi nhầm")
                assert said(one, "console.enter.lead")
                assert dispatch not in (await one.go(f"/documents/{dispatch}")).page.replace(
                    f"/documents/{dispatch}", ""
                )
            assert not await entries(here, EntryKind.CHANGE)

    play()


@awaited
async def test_whoever_works_for_an_agency_no_more_hears_and_sees_nothing_of_it_though_they_stay_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "INSIDE_S", 0.02)
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here)
        delivery = await delivery_of(here, dispatch)
        await fetched(here, delivery)
        lan = await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}")
        loaded = lan.page
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in lan.cookies.items())}
        async with here.session.get(f"{here.url}/console/live", headers=cookies) as stream:
            await stream.content.readuntil(b"\n\n")
            moved = replace(LAN, works_for=(WorksFor(FAR),))
            await here.line.store.write(PutPerson(moved, b"salt", act(here, "person.changed")))
            assert (await asyncio.wait_for(stream.content.read(), 10)).endswith(b"data: changed\n\n"), "a last word"
        assert (await lan.go(f"/documents/{dispatch}")).status == Reason.NOT_FOUND.status
        lan.page = loaded
        await lan.send(f"/documents/{dispatch}/recall", delivery=delivery, words="Gửi nhầm")
        assert lan.status == Reason.NOT_FOUND.status
        assert not await entries(here, EntryKind.CHANGE)
        async with here.session.get(f"{here.url}/console/live?after=0", headers=cookies) as stream:
            assert stream.status == 200
            await stream.content.readuntil(b"\n\n")
            assert await stream.content.readuntil(b"\n\n") == b": alive\n\n", "nothing of what was"


@awaited
async def test_a_form_of_one_tab_does_nothing_for_whoever_entered_since_in_another(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        dispatch = await sent(here)
        delivery = await delivery_of(here, dispatch)
        await fetched(here, delivery)
        tab = await (await Visitor(here).enter("lan")).go(f"/documents/{dispatch}")
        old = tab.page
        await tab.send("/leave")
        colleague = replace(LAN, key="mai", name="Lê Thị Mai")
        await settle(here, colleague)
        await tab.enter("mai")  # the same browser: the cookie is Mai's now
        tab.page = old
        await tab.send(f"/documents/{dispatch}/recall", delivery=delivery, words="Gửi nhầm")
        assert tab.status == Reason.PERSON_NOT_ALLOWED.status
        assert not await entries(here, EntryKind.CHANGE)
        assert colleague.works_for[0].agency == MINISTRY, "she could have done it by herself"


@awaited
async def test_a_request_written_down_on_its_way_is_worth_nothing_after_leaving(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, OPERATOR)
        operator = await (await Visitor(here).enter("tuan")).go("/peers/bo")
        token = re.search(r'name="token" value="([0-9a-f]+)"', operator.page)
        assert token
        kept, replayed = dict(operator.cookies), f"token={token[1]}&reason=ra+ngoài".encode()
        await operator.send("/leave")
        for body in (replayed, replayed):
            thief = await Visitor(here, dict(kept)).go("/peers/bo/token/rotate", method="POST", data=body)
            assert said(thief, "console.enter.lead")
        assert (await here.ask("GET", "/v1/inbox", "bo"))[0] == 200
        again = await Visitor(here, dict(kept)).enter("tuan")
        assert again.cookies["truc"] != kept["truc"], "entering gives another session"
        thief = await Visitor(here, {**again.cookies}).go("/peers/bo/token/rotate", method="POST", data=replayed)
        assert thief.status == Reason.PERSON_NOT_ALLOWED.status, "the token was of the session before"


@awaited
async def test_a_cookie_another_host_could_have_set_is_not_read_under_tls(tmp_path: Path) -> None:
    async with (
        front(tmp_path / "front") as one,
        town(tmp_path, public=PublicAddress.parse(one.url)) as here,
        seen_through(one, here, tmp_path / "front") as outside,
    ):
        await settle(here, LAN)
        lan = await Visitor(outside).enter("lan")
        tossed = Visitor(outside, {"truc": lan.cookies["__Host-truc"]})
        assert said(await tossed.go("/account"), "console.enter.lead")
        both = Visitor(outside, {"truc": "of-a-thief", "__Host-truc": lan.cookies["__Host-truc"]})
        assert LAN.name in (await both.go("/account")).page


@awaited
async def test_every_page_of_somebody_inside_and_every_redirect_is_kept_by_nobody(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, LAN)
        lan = await Visitor(here).enter("lan")
        for path in ("/today", "/account", "/search?q=a", "/books", "/check", "/nowhere"):
            assert (await lan.go(path)).headers["Cache-Control"] == "no-store", path
        await lan.go("/account")
        left = await lan.send("/leave")
        assert left.headers["Cache-Control"] == "no-store"
        assert left.cookies["truc"] == ""
