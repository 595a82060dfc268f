"""Entering by an OpenID Connect provider nobody here wrote: over real servers, as a browser without scripts does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
import pytest

from gateway.exchange.provider import Provider
from gateway.http.provider import asking
from gateway.ledger import EntryKind, decode
from gateway.model.reasons import Reason
from gateway.store import queries
from tests.http.console.test_way_in import said
from tests.http.console.visitor import LAN, Visitor, bind
from tests.http.town import Town, awaited, town
from tests.provider import SECRET, rules_for

SUBJECT = "lan@bo.example"


@asynccontextmanager
async def joined(folder: Path, issuer: str, secret: str = SECRET, **more: object) -> AsyncIterator[Town]:
    """A town whose people may enter by the provider; Lan may."""
    async with (
        asking() as asker,
        town(folder, provider=lambda clock: Provider(rules_for(issuer, **more), secret, asker, clock)) as here,
    ):
        here.clock.now = datetime.now(UTC)  # the provider's tokens are good by the clock of this machine
        await bind(here, LAN, issuer, SUBJECT)
        yield here


async def gone(visitor: Visitor, then: str = "/") -> str:
    """The address the console sends somebody to."""
    await visitor.go("/enter")
    await visitor.send("/provider", then=then)
    assert visitor.status == 303
    return visitor.headers["Location"]


async def answered(address: str, name: str = SUBJECT, *, stops: bool = False) -> str:
    """Sign in at the provider, and agree: what it adds to the path of the console it sends the browser back to."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        page, where = "", address
        method, form = "GET", None
        for _ in range(12):
            async with session.request(method, where, data=form, allow_redirects=False) as answer:
                page, method, form = await answer.text(), "GET", None
                if answer.status == 303:
                    where = urljoin(where, answer.headers["Location"])
                    if urlsplit(where).path.startswith("/console/"):
                        return where.partition("/console")[2]
                    continue
            assert answer.status == 200, page
            if stops:
                where = urljoin(where, re.search(r'href="([^"]+/abort)"', page)[1])  # type: ignore[index]
                continue
            where = urljoin(where, re.search(r'<form[^>]* action="([^"]+)"', page)[1])  # type: ignore[index]
            prompt = re.search(r'name="prompt" value="(\w+)"', page)[1]  # type: ignore[index]
            method, form = "POST", {"prompt": prompt, "login": name, "password": "x"}
    raise AssertionError(page)


async def logins(here: Town) -> list[tuple[str, str]]:
    entries = [decode(one) for one in await here.line.store.read(queries.entries, 0, 100)]
    return [(one["method"], one["outcome"]) for one in entries if one.kind is EntryKind.LOGIN]


@pytest.mark.parametrize(("client", "secret"), [("gateway", SECRET), ("gateway-es", "")])
def test_whoever_the_provider_knows_and_an_operator_let_in_is_in(
    tmp_path: Path, issuer: str, client: str, secret: str, log_lines: list[Any]
) -> None:
    @awaited
    async def play() -> None:
        async with joined(tmp_path, issuer, secret, client_id=client) as here:
            visitor = Visitor(here)
            address = await gone(visitor, "/today")
            asked = {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}
            assert asked["code_challenge_method"] == "S256"
            assert asked["redirect_uri"] == f"{here.url}/console/provider/return"
            back = await answered(address)
            await visitor.go(back)
            assert visitor.status == 200
            assert '<meta http-equiv="refresh" content="0; url=/console/today">' in visitor.page
            assert visitor.given["truc"]["samesite"] == "Strict"
            assert visitor.cookies["truc-question"] == ""
            assert LAN.name in (await visitor.go("/account")).page
            assert said(visitor, "console.account.method.oidc")
            assert await logins(here) == [("oidc", "let_in")]
            await visitor.send("/leave")
            assert visitor.status == 303
            leaving = urlsplit(visitor.headers["Location"])
            assert f"{leaving.scheme}://{leaving.netloc}" == issuer
            assert parse_qs(leaving.query)["post_logout_redirect_uri"] == [f"{here.url}/console/enter"]
            async with here.session.get(visitor.headers["Location"]) as farewell:
                assert farewell.status == 200, await farewell.text()
            assert await logins(here) == [("oidc", "let_in"), ("session", "left")]
            secrets = (*parse_qs(urlsplit(back).query)["code"], asked["state"], asked["nonce"], SECRET)
            assert not [one for one in secrets if one in repr(log_lines)]

    play()


@awaited
async def test_whoever_the_provider_knows_but_no_operator_let_in_is_told_what_to_ask_for(
    tmp_path: Path, issuer: str
) -> None:
    async with joined(tmp_path, issuer) as here:
        visitor = Visitor(here)
        await visitor.go(await answered(await gone(visitor), "la@nơi-khác"))
        assert visitor.status == Reason.PERSON_PROVIDER_UNKNOWN.status
        assert said(visitor, "reason.person.provider_unknown.detail", subject="la@nơi-khác")
        assert "truc" not in visitor.cookies
        assert await logins(here) == [("oidc", "refused")]


@awaited
async def test_an_answer_counts_once_in_the_browser_that_asked_and_soon(tmp_path: Path, issuer: str) -> None:
    async with joined(tmp_path, issuer) as here:
        lan, thief = Visitor(here), Visitor(here)
        back = await answered(await gone(lan))
        await gone(thief)
        await thief.go(back)  # a stolen answer, in a browser that asked something else
        assert thief.status == Reason.PERSON_PROVIDER_ANSWER.status
        kept = dict(lan.cookies)
        await lan.go(back)
        assert lan.status == 200
        again = Visitor(here, kept)
        await again.go(back)  # the whole answer once more, with the cookie it came with
        assert again.status == Reason.PERSON_PROVIDER_ANSWER.status
        late = Visitor(here)
        back = await answered(await gone(late))
        here.clock.now += timedelta(minutes=11)
        await late.go(back)
        assert late.status == Reason.PERSON_PROVIDER_ANSWER.status
        assert [outcome for _, outcome in await logins(here)] == ["refused", "let_in", "refused", "refused"]


@awaited
async def test_a_stolen_code_in_an_answer_of_ones_own_is_refused_by_the_provider(tmp_path: Path, issuer: str) -> None:
    async with joined(tmp_path, issuer) as here:
        lan, thief = Visitor(here), Visitor(here)
        stolen = parse_qs(urlsplit(await answered(await gone(lan))).query)
        own = parse_qs(urlsplit(await answered(await gone(thief), "thief")).query)
        await thief.go(
            f"/provider/return?code={stolen['code'][0]}&state={own['state'][0]}&iss={own['iss'][0]}"
        )  # PKCE: the code belongs to another question
        assert thief.status == Reason.PERSON_PROVIDER_REFUSED.status
        assert "truc" not in thief.cookies


@awaited
async def test_whoever_stops_at_the_provider_is_told_so_and_may_begin_again(tmp_path: Path, issuer: str) -> None:
    async with joined(tmp_path, issuer) as here:
        visitor = Visitor(here)
        await visitor.go(await answered(await gone(visitor), stops=True))
        assert visitor.status == Reason.PERSON_PROVIDER_REFUSED.status
        assert said(visitor, "reason.person.provider_refused.detail")
        await visitor.go(await answered(await gone(visitor)))
        assert visitor.status == 200


def test_a_wrong_secret_of_ours_is_our_trouble_not_the_persons(
    tmp_path: Path, issuer: str, log_lines: list[Any]
) -> None:
    @awaited
    async def play() -> None:
        async with joined(tmp_path, issuer, secret="another") as here:
            visitor = Visitor(here)
            await visitor.go(await answered(await gone(visitor)))
            assert visitor.status == Reason.PROVIDER_UNAVAILABLE.status

    play()
    assert log_lines[-1]["cause"] == "token: HTTP 401, invalid_client"
