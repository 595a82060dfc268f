"""Somebody's own account: where they are in, a new second factor; a thief of their session gets neither."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pyotp
import pytest

from gateway.exchange.acts import Actor, operator_act
from gateway.ledger import EntryKind, decode
from gateway.model.reasons import Reason
from gateway.store import queries
from gateway.store.people import PutSecrets
from gateway.trust.codes import enrolment
from tests.http.console.test_hostile_provider import marked
from tests.http.console.test_way_in import said
from tests.http.console.visitor import HASH, LAN, PASSWORD, Visitor, settle
from tests.http.town import Town, awaited, town


async def entered(here: Town, agent: str = "Firefox/145.0") -> Visitor:
    """Lan, in, on the page of her account."""
    visitor = Visitor(here)
    await visitor.go("/enter", **{"User-Agent": agent})
    await visitor.go(
        "/enter", method="POST", data=f"key=lan&password={PASSWORD}&then=/account".encode(), **{"User-Agent": agent}
    )
    assert LAN.name in visitor.page
    return visitor


@awaited
async def test_somebody_sees_where_they_are_in_and_ends_it_with_their_password(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, LAN)
        thief, visitor = await entered(here, "curl/8 <script>"), await entered(here)
        assert said(visitor, "console.account.here")
        assert html.escape("curl/8 <script>") in visitor.page
        await visitor.send("/account/sessions", session=marked(visitor), password="sai")
        assert visitor.status == 422
        assert said(visitor, "console.account.fault.proof")
        assert LAN.name in (await thief.go("/account")).page
        await visitor.send("/account/sessions", session=f"{marked(visitor)} 0123456789abcdef", password=PASSWORD)
        assert visitor.status == 200
        assert said(await thief.go("/account"), "console.enter.lead")
        assert LAN.name in (await visitor.go("/account")).page
        entries = [decode(one) for one in await here.line.store.read(queries.entries, 0, 100)]
        logins = [(one["method"], one["outcome"]) for one in entries if one.kind is EntryKind.LOGIN]
        assert logins[2:] == [("again", "refused"), ("session", "ended")]


@awaited
async def test_a_thief_of_the_session_who_guesses_the_password_finds_the_door_locked(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, LAN)
        thief = await entered(here)
        for _ in range(5):
            await thief.send("/account", old="sai", new="một câu khác hẳn", again="một câu khác hẳn")
        await thief.send("/account", old=PASSWORD, new="một câu khác hẳn", again="một câu khác hẳn")
        assert thief.status == 422
        assert said(thief, "console.account.fault.proof")


def secret_in(visitor: Visitor) -> str:
    found = re.search(r'<p class="secret"><span class="code">([A-Z2-7 ]+)</span>', visitor.page)
    assert found
    return found[1].replace(" ", "")


def hidden(visitor: Visitor) -> str:
    found = re.search(r'name="offered" value="([0-9a-f]+)"', visitor.page)
    assert found
    return found[1]


@awaited
async def test_a_new_second_factor_holds_once_its_code_was_typed_and_ends_every_session(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, LAN)
        other, visitor = await entered(here), await entered(here)
        assert said(visitor, "console.account.factor_off")
        assert (await visitor.send("/account/factor", password="sai")).status == 422
        await visitor.send("/account/factor", password=PASSWORD)
        secret, offered = secret_in(visitor), hidden(visitor)
        await visitor.send("/account/factor/code", code="000000", offered=offered)
        assert said(visitor, "console.account.fault.code")
        assert LAN.name in (await other.go("/account")).page
        await other.send("/account/factor/code", code=pyotp.TOTP(secret).at(here.clock()), offered=offered)
        assert other.status == 422  # offered to another session
        await visitor.send("/account/factor/code", code=pyotp.TOTP(secret).at(here.clock()), offered=offered)
        recovery = re.findall(r'<li class="code">([0-9a-f-]{19})</li>', visitor.page)
        assert len(recovery) == 8
        for one in (visitor, other):
            assert said(await one.go("/account"), "console.enter.lead")
        assert (await visitor.enter("lan")).status == Reason.PERSON_NOT_LET_IN.status
        await visitor.send("/enter", key="lan", password=PASSWORD, code=recovery[0], then="/account")
        assert said(visitor, "console.account.factor_on", count="7")
        assert said(visitor, "console.account.method.recovery")
        await visitor.send("/account/factor", password=PASSWORD)
        assert visitor.status == 422  # from now on the code is asked for as well


@awaited
async def test_a_code_that_was_offered_once_is_not_offered_for_ever(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, LAN)
        visitor = await entered(here)
        await visitor.send("/account/factor", password=PASSWORD)
        secret, offered = secret_in(visitor), hidden(visitor)
        act = operator_act(Actor("@root", "0" * 64), "person.secrets", "lan", "", b"s" * 16, here.clock())
        await here.line.store.write(PutSecrets("lan", HASH, 1, (), act))
        written, _ = enrolment(here.line.secrets.secret("totp", "lan", 1), "lan", "x")
        await visitor.go("/enter")
        code = pyotp.TOTP(written).at(here.clock())
        await visitor.send("/enter", key="lan", password=PASSWORD, code=code, then="/account")
        await visitor.send("/account/factor/code", code=pyotp.TOTP(secret).at(here.clock()), offered=offered)
        assert visitor.status == 422


@pytest.mark.parametrize("path", ["/account", "/account/sessions", "/account/factor", "/account/factor/code"])
def test_no_form_of_the_account_is_taken_from_elsewhere(tmp_path: Path, path: str) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here, LAN)
            visitor = await entered(here)
            await visitor.send(path, token="0" * 64, password=PASSWORD, old=PASSWORD)
            assert visitor.status == Reason.PERSON_NOT_ALLOWED.status
            stranger = await Visitor(here).go(path, method="POST", data=b"password=x")
            assert said(stranger, "console.enter.lead")

    play()
