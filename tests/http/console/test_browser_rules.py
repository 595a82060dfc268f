"""What the gateway tells browsers about its answers: cookies, transport, framing, other sites."""

from __future__ import annotations

from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
import pytest

from gateway.exchange.provider import Provider
from gateway.http.provider import asking
from gateway.model.reasons import Reason
from tests.http.console.visitor import LAN, PASSWORD, Visitor, settle
from tests.http.test_identity import client_context, server_context
from tests.http.town import awaited, town
from tests.pki import NOW
from tests.provider import rules_for
from tests.provider.hostile import hostile

NOTHING = ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@awaited
async def test_under_tls_every_cookie_is_this_hosts_alone_and_no_scripts(tmp_path: Path) -> None:
    async with (
        hostile(int(NOW.timestamp())) as there,
        asking() as asker,
        town(
            tmp_path,
            tls=server_context(tmp_path),
            provider=lambda clock: Provider(rules_for(there.issuer), "s", asker, clock),
        ) as here,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client_context(tmp_path, None))) as session,
    ):
        await settle(here, LAN)
        given = SimpleCookie[str]()
        for path, body in (
            ("/enter", f"key=lan&password={PASSWORD}&then=/"),
            ("/provider", "then=/"),
            ("/speak", "lang=en&then=/"),
        ):
            asked = session.post(f"{here.url}/console{path}", data=body.encode(), headers=FORM, allow_redirects=False)
            async with asked as answer:
                assert answer.status == 303
                assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
                for written in answer.headers.getall("Set-Cookie"):
                    given.load(written)
        names = {"truc", "truc-browser", "truc-question", "truc-lang"}
        assert set(given) == {f"__Host-{one}" for one in names}
        for name, one in given.items():
            assert (one["secure"], one["httponly"], one["path"], one["domain"]) == (True, True, "/", "")
            assert one["samesite"] == ("Lax" if name == "__Host-truc-question" else "Strict")
        assert given["__Host-truc"]["max-age"] == ""


@pytest.mark.parametrize("path", ["/v1/inbox", "/healthz", "/v1/openapi.json", "/nowhere", "/console/enter"])
def test_no_answer_may_be_framed_sniffed_or_read_by_another_site(tmp_path: Path, path: str) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            for origin in ({}, {"Origin": "https://elsewhere.example"}):
                _, _, headers = await here.ask("GET", path, headers=origin)
                policy = headers["Content-Security-Policy"]
                assert set(NOTHING) <= set(policy.split("; "))
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert headers["Cache-Control"] == "no-store"
                assert not [name for name in headers if name.lower().startswith("access-control-")]
                assert "Strict-Transport-Security" not in headers  # not over TLS: a browser would not heed it

    play()


@awaited
async def test_a_form_may_lead_to_the_provider_only_where_there_is_one(tmp_path: Path) -> None:
    async with hostile(int(NOW.timestamp())) as there, asking() as asker:
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        async with town(
            tmp_path / "a", provider=lambda clock: Provider(rules_for(there.issuer), "", asker, clock)
        ) as here:
            _, _, headers = await here.ask("GET", "/console/enter")
            assert f"form-action 'self' {there.issuer}" in headers["Content-Security-Policy"]
        async with town(tmp_path / "b") as here:
            _, _, headers = await here.ask("GET", "/console/enter")
            assert headers["Content-Security-Policy"].endswith("form-action 'self'")


@awaited
async def test_a_page_tells_other_sites_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        _, _, headers = await here.ask("GET", "/console/enter")
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@awaited
async def test_a_session_of_the_console_opens_nothing_of_the_api(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, LAN)
        visitor = await Visitor(here).enter("lan")
        cookie = {"Cookie": f"truc={visitor.cookies['truc']}"}
        for path in ("/v1/inbox", "/v1/notices"):
            status, _, _ = await here.ask("GET", path, token=None, headers=cookie)
            assert status == Reason.UNAUTHENTICATED.status
