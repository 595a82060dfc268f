"""Attacks by way of the provider, and a provider in trouble: each has its reason, and nobody is in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from aiohttp import web

from gateway.exchange.acts import Actor, operator_act
from gateway.exchange.provider import Provider
from gateway.http.provider import asking
from gateway.model.reasons import Reason
from gateway.store.acts import Act
from gateway.store.people import DisablePerson
from tests.http.console.test_provider import gone, logins
from tests.http.console.test_way_in import said
from tests.http.console.visitor import AUDITOR, LAN, Visitor, bind, settle
from tests.http.town import Town, awaited, town
from tests.pki import NOW
from tests.provider import rules_for
from tests.provider.hostile import Hostile, hostile

NOW_S = int(NOW.timestamp())
DISCOVERY = "/.well-known/openid-configuration"


@asynccontextmanager
async def beside(folder: Path, **rules: Any) -> AsyncIterator[tuple[Town, Hostile]]:
    """A town whose people may enter by a provider that a test makes hostile; Lan may."""
    async with hostile(NOW_S) as there, asking() as asker:
        known = rules_for(there.issuer, **{"timeout_s": 5.0, **rules})
        async with town(folder, provider=lambda clock: Provider(known, "s", asker, clock)) as here:
            await bind(here, LAN, there.issuer, "lan@bo.example")
            yield here, there


async def entering(here: Town, there: Hostile, more: str = "") -> Visitor:
    """Somebody who goes to the provider and comes back."""
    visitor = Visitor(here)
    return await visitor.go(there.answer_to(await gone(visitor)) + more)


def marked(visitor: Visitor) -> str:
    """The sessions a form has ticked already: all but the one it is seen in."""
    return " ".join(re.findall(r'name="session" value="([0-9a-f]+)" checked', visitor.page))


def removal(here: Town) -> Act:
    return operator_act(Actor("@root", "0" * 64), "person.disabled", "lan", "", b"s" * 16, here.clock())


def play(folder: Path, prepare: Callable[[Hostile], None], reason: Reason | None, more: str = "") -> None:
    @awaited
    async def run() -> None:
        async with beside(folder) as (here, there):
            prepare(there)
            visitor = await entering(here, there, more)
            assert visitor.status == (reason.status if reason else 200)
            assert ("truc" in visitor.cookies) == (reason is None)
            if reason:
                assert said(visitor, f"reason.{reason}.title") or said(visitor, f"reason.{reason}.detail")
            assert await logins(here) == [("oidc", "refused" if reason else "let_in")]

    run()


def claim(name: str, value: object) -> Callable[[Hostile], None]:
    return lambda there: there.claims.update({name: value})


def unsigned(there: Hostile) -> None:
    there.token = jwt.encode({"iss": there.issuer, "aud": "gateway", "sub": "lan@bo.example"}, None, "none")


def confused(there: Hostile) -> None:
    there.token = jwt.encode({"iss": there.issuer, "aud": "gateway"}, "x" * 64, "HS256", headers={"kid": "k1"})


@pytest.mark.parametrize(
    ("prepare", "what"),
    [
        (unsigned, "algorithm"),
        (confused, "algorithm"),
        (lambda there: setattr(there, "token", "no.token.at all"), "malformed"),
        (lambda there: setattr(there, "signs_with", "k2"), "unknown_key"),
        (claim("nonce", "of another question"), "nonce"),
        (claim("iss", "https://elsewhere.example"), "issuer"),
        (claim("aud", "another"), "audience"),
        (claim("azp", "another"), "authorized_party"),
        (claim("exp", NOW_S - 31), "expired"),
        (claim("iat", NOW_S + 31), "not_yet"),
        (claim("auth_time", NOW_S - 90_000), "too_long_ago"),
        (claim("sub", ""), "subject"),
    ],
)
def test_a_token_that_does_not_hold_lets_nobody_in(
    tmp_path: Path, prepare: Callable[[Hostile], None], what: str, log_lines: list[Any]
) -> None:
    play(tmp_path, prepare, Reason.PERSON_PROVIDER_TOKEN)
    assert log_lines[-1]["cause"] == what
    assert "id_token" not in repr(log_lines)


def test_the_hostile_provider_is_believed_where_it_does_as_it_should(tmp_path: Path) -> None:
    play(tmp_path, lambda there: None, None)


@pytest.mark.parametrize(
    "more", ["&iss=https://elsewhere.example", "&error=access_denied&iss=https://elsewhere.example"]
)
def test_an_answer_of_another_provider_is_a_mix_up(tmp_path: Path, more: str, log_lines: list[Any]) -> None:
    play(tmp_path, lambda there: None, Reason.PERSON_PROVIDER_ANSWER, more)
    assert log_lines[-1]["cause"] == "issuer"


def test_a_provider_that_names_itself_always_does(tmp_path: Path) -> None:
    says = {"authorization_response_iss_parameter_supported": True}
    play(tmp_path, lambda there: there.itself.update(says), Reason.PERSON_PROVIDER_ANSWER)


@awaited
async def test_the_providers_words_about_roles_and_agencies_are_nobodys(tmp_path: Path) -> None:
    async with beside(tmp_path) as (here, there):
        there.claims |= {"roles": ["operator"], "groups": ["operator"], "preferred_username": "tuan", "email": "x@y.vn"}
        visitor = await entering(here, there)
        assert (await visitor.go("/health")).status == Reason.PERSON_NOT_ALLOWED.status
        assert LAN.name in (await visitor.go("/account")).page


@awaited
async def test_an_address_or_name_of_somebody_here_makes_nobody_that_person(tmp_path: Path) -> None:
    async with beside(tmp_path) as (here, there):
        await settle(here, AUDITOR)
        there.claims |= {"sub": "minh", "email": "minh", "email_verified": True, "preferred_username": "minh"}
        visitor = await entering(here, there)
        assert visitor.status == Reason.PERSON_PROVIDER_UNKNOWN.status


@awaited
async def test_a_provider_that_changes_its_keys_is_asked_for_them_and_not_more_often_than_needed(
    tmp_path: Path,
) -> None:
    async with beside(tmp_path) as (here, there):
        assert (await entering(here, there)).status == 200
        there.signs_with, there.shows = "k2", ("k1", "k2")
        here.clock.pass_(seconds=11)
        assert (await entering(here, there)).status == 200
        there.signs_with = "k3"
        for _ in range(5):
            assert (await entering(here, there)).status == Reason.PERSON_PROVIDER_TOKEN.status
        assert there.asked.count("/keys") == 2
        here.clock.pass_(hours=1)  # a key taken back is not believed for ever
        there.now_s += 3611
        there.signs_with, there.shows = "k1", ("k2",)
        assert (await entering(here, there)).status == Reason.PERSON_PROVIDER_TOKEN.status


@pytest.mark.parametrize(
    "itself",
    [
        {"issuer": "https://elsewhere.example"},
        {"authorization_endpoint": "https://elsewhere.example/authorization"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"token_endpoint": "http://127.0.0.1:1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"end_session_endpoint": "https://elsewhere.example/end"},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
def test_a_browser_and_our_secret_are_sent_to_the_issuer_alone(tmp_path: Path, itself: dict[str, Any]) -> None:
    @awaited
    async def run() -> None:
        async with beside(tmp_path) as (here, there):
            there.itself = itself
            visitor = await Visitor(here).go("/enter")
            await visitor.send("/provider", then="/")
            assert visitor.status == Reason.PROVIDER_UNAVAILABLE.status
            assert said(visitor, "reason.unavailable.provider.detail")
            assert there.asked == [DISCOVERY]

    run()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (DISCOVERY, lambda: web.Response(status=500)),
        (DISCOVERY, lambda: web.Response(text="[" * 100_000)),
        (DISCOVERY, lambda: web.Response(body=b"x" * 300_000)),
        (DISCOVERY, lambda: web.HTTPFound("http://127.0.0.1:1/elsewhere")),
        ("/keys", lambda: web.Response(text="{}")),
        ("/keys", lambda: web.HTTPFound("/other-keys")),
        ("/token", lambda: web.Response(status=500)),
        ("/token", lambda: web.HTTPTemporaryRedirect("http://127.0.0.1:1/elsewhere")),
        ("/token", lambda: web.json_response({"error": "invalid_client"}, status=401)),
        ("/token", lambda: web.json_response({"access_token": "x"})),
        ("/token", lambda: web.json_response([])),
    ],
)
def test_a_provider_in_trouble_is_said_and_local_accounts_go_on(
    tmp_path: Path, path: str, answer: Callable[[], web.Response]
) -> None:
    @awaited
    async def run() -> None:
        async with beside(tmp_path) as (here, there):
            await settle(here, AUDITOR)
            there.answers[path] = answer
            visitor = await Visitor(here).go("/enter")
            await visitor.send("/provider", then="/")
            if path != DISCOVERY:
                await visitor.go(there.answer_to(visitor.headers["Location"]))
            assert visitor.status == Reason.PROVIDER_UNAVAILABLE.status
            assert said(visitor, "reason.unavailable.provider.detail")
            assert AUDITOR.name in (await visitor.enter("minh")).page
            assert "/other-keys" not in there.asked

    run()


@awaited
async def test_a_slow_provider_is_waited_for_so_long_and_no_longer(tmp_path: Path) -> None:
    async with beside(tmp_path, timeout_s=0.2) as (here, there):
        there.slow_s = 1.0
        visitor = await Visitor(here).go("/enter")
        await visitor.send("/provider", then="/")
        assert visitor.status == Reason.PROVIDER_UNAVAILABLE.status


@awaited
async def test_nobody_is_led_elsewhere_by_where_they_wanted_to_go(tmp_path: Path) -> None:
    async with beside(tmp_path) as (here, there):
        for then in ("//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "/a\r\nb", "x" * 3000):
            visitor = Visitor(here)
            address = await gone(visitor, then)
            assert urlsplit(address).netloc == urlsplit(there.issuer).netloc
            await visitor.go(there.answer_to(address))
            assert 'content="0; url=/console/"' in visitor.page


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_nobody_is_made_to_enter_by_a_page_elsewhere(tmp_path: Path, headers: dict[str, str]) -> None:
    """Login CSRF: neither by the provider nor with somebody else's password."""

    @awaited
    async def run() -> None:
        async with beside(tmp_path) as (here, there):
            for path in ("/provider", "/enter"):
                visitor = await Visitor(here).go(path, method="POST", data=b"key=lan&password=x&then=/", **headers)
                assert visitor.status == Reason.PERSON_NOT_ALLOWED.status
                assert visitor.cookies == {}
            assert (await Visitor(here).go("/provider")).status == 404
            assert there.asked == []

    run()


@pytest.mark.parametrize("query", ["", "?state=", "?code=c", "?state=0&code=c", "?state=é&code=c"])
def test_an_answer_nobody_asked_for_is_refused_before_the_provider_is_asked(tmp_path: Path, query: str) -> None:
    @awaited
    async def run() -> None:
        async with beside(tmp_path) as (here, there):
            for cookies in ({}, {"truc-question": ""}, {"truc-question": "1.2.3"}, {"truc-question": "x"}):
                visitor = await Visitor(here, dict(cookies)).go(f"/provider/return{query}")
                assert visitor.status == Reason.PERSON_PROVIDER_ANSWER.status
            assert there.asked == []

    run()


@awaited
async def test_a_parameter_said_twice_is_no_answer(tmp_path: Path) -> None:
    async with beside(tmp_path) as (here, there):
        assert (await entering(here, there, "&state=another")).status == Reason.REQUEST_MALFORMED.status


@awaited
async def test_a_flood_of_answers_nobody_asked_for_does_not_fill_the_ledger(tmp_path: Path) -> None:
    async with beside(tmp_path) as (here, _):
        for _ in range(70):
            await Visitor(here).go("/provider/return?state=x&code=c")
        assert len(await logins(here)) == 60
        here.clock.pass_(minutes=1)
        await Visitor(here).go("/provider/return?state=x&code=c")
        assert len(await logins(here)) == 61


@awaited
async def test_somebody_let_in_no_more_is_refused_also_when_the_provider_knows_them(tmp_path: Path) -> None:
    async with beside(tmp_path) as (here, there):
        inside = await entering(here, there)
        await here.line.store.write(DisablePerson("lan", removal(here)))
        assert said(await inside.go("/account"), "console.enter.lead")
        assert (await entering(here, there)).status == Reason.PERSON_NOT_LET_IN.status


@awaited
async def test_where_the_provider_alone_lets_in_no_password_does(tmp_path: Path) -> None:
    async with beside(tmp_path, local_accounts=False) as (here, _):
        await settle(here, AUDITOR)
        visitor = await Visitor(here).go("/enter")
        assert 'name="password"' not in visitor.page
        await visitor.send("/enter", key="minh", password="một câu dài dễ nhớ", code="", then="/")
        assert visitor.status == 404


@awaited
async def test_a_session_by_the_provider_changes_no_secret_and_is_fresh_for_a_while(tmp_path: Path) -> None:
    async with beside(tmp_path) as (here, there):
        first, visitor = await entering(here, there), await entering(here, there)
        assert 'name="new"' not in (await visitor.go("/account")).page
        await visitor.send("/account", old="", new="một câu khác hẳn", again="một câu khác hẳn")
        assert visitor.status == 422
        here.clock.now += timedelta(minutes=6)
        await visitor.go("/account")
        await visitor.send("/account/sessions", session=marked(visitor))
        assert visitor.status == 422
        assert LAN.name in (await first.go("/account")).page
        there.now_s += 360
        visitor = await entering(here, there)
        await visitor.go("/account")
        await visitor.send("/account/sessions", session=marked(visitor))
        assert visitor.status == 200
        assert said(await first.go("/account"), "console.enter.lead")
