"""The address others know us by, with a server in front that ends TLS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from gateway.exchange.provider import Provider
from gateway.http import PublicAddress
from gateway.http.provider import asking
from gateway.model.reasons import Reason
from tests.http.console.test_provider import SUBJECT, answered, gone
from tests.http.console.test_way_in import said
from tests.http.console.visitor import AUDITOR, LAN, Visitor, bind, settle
from tests.http.proxy import front, seen_through
from tests.http.town import awaited, town
from tests.provider import issuer, rules_for

__all__ = ["issuer"]

LIES = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-For": "203.0.113.7",
    "Forwarded": "for=203.0.113.7;host=evil.example;proto=https",
}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://truc.example.vn", "https://truc.example.vn"),
        ("https://TRUC.example.vn:443/", "https://truc.example.vn"),
        ("https://truc.example.vn:8443", "https://truc.example.vn:8443"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]", "http://[::1]"),
    ],
)
def test_an_address_is_read_as_a_browser_writes_it(written: str, read: str) -> None:
    assert str(PublicAddress.parse(written)) == read


@awaited
async def test_behind_tls_that_ends_elsewhere_cookies_and_transport_are_those_of_tls(tmp_path: Path) -> None:
    async with (
        front(tmp_path / "front") as one,
        town(tmp_path, public=PublicAddress.parse(one.url)) as here,
        seen_through(one, here, tmp_path / "front") as outside,
    ):
        await settle(here, LAN, AUDITOR)
        lan = await Visitor(outside).enter("lan")
        assert lan.status == 200
        assert lan.given["__Host-truc"]["secure"] is True
        assert "truc" not in lan.given
        assert lan.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        minh = await Visitor(outside).enter("minh")
        assert f"gateway audit verify {one.url} " in (await minh.go("/ledger")).page


@awaited
async def test_a_form_counts_from_the_public_address_alone(tmp_path: Path) -> None:
    async with (
        front(tmp_path / "front") as one,
        town(tmp_path, public=PublicAddress.parse(one.url)) as here,
        seen_through(one, here, tmp_path / "front") as outside,
    ):
        visitor = await Visitor(outside).go("/enter")
        for origin in (one.url.replace("https", "http"), here.url, "https://evil.example", "null"):
            await visitor.go("/speak", method="POST", data=b"lang=en&then=/enter", Origin=origin, **LIES)
            assert visitor.status == Reason.PERSON_NOT_ALLOWED.status, origin
            assert said(visitor, "door.form_elsewhere")
        await visitor.go("/speak", method="POST", data=b"lang=en&then=/enter", Origin=one.url)
        assert visitor.status == 200


@awaited
async def test_whatever_a_request_claims_about_its_way_is_not_believed(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, LAN)
        visitor = await Visitor(here).go("/enter", **LIES)
        assert "Strict-Transport-Security" not in visitor.headers
        await visitor.go("/enter", method="POST", data=b"key=lan&password=x&code=&then=/", **LIES)
        assert not [name for name in visitor.given if name.startswith("__Host-")]
        status, _, _ = await here.ask("GET", "/v1/inbox", headers=LIES)
        assert status == 200


@asynccontextmanager
async def registered(issuer: str, url: str) -> AsyncIterator[tuple[str, str]]:
    """A client of the provider whose addresses are below this one: its id and its secret."""
    asked = {
        "redirect_uris": [f"{url}/console/provider/return"],
        "post_logout_redirect_uris": [f"{url}/console/enter"],
    }
    async with aiohttp.ClientSession() as session, session.post(f"{issuer}/reg", json=asked) as answer:
        assert answer.status == 201, await answer.text()
        said_of = await answer.json()
    yield said_of["client_id"], said_of["client_secret"]


def test_the_provider_sends_people_back_to_the_public_address(tmp_path: Path, issuer: str) -> None:
    @awaited
    async def play() -> None:
        async with (
            asking() as asker,
            front(tmp_path / "front") as one,
            registered(issuer, one.url) as (client, secret),
            town(
                tmp_path,
                provider=lambda clock: Provider(rules_for(issuer, client_id=client), secret, asker, clock),
                public=PublicAddress.parse(one.url),
            ) as here,
            seen_through(one, here, tmp_path / "front") as outside,
        ):
            here.clock.now = datetime.now(UTC)  # the provider's tokens are good by the clock of this machine
            await bind(here, LAN, issuer, SUBJECT)
            visitor = Visitor(outside)
            address = await gone(visitor, "/today")
            assert parse_qs(urlsplit(address).query)["redirect_uri"] == [f"{one.url}/console/provider/return"]
            assert visitor.given["__Host-truc-question"]["secure"] is True
            await visitor.go(await answered(address))
            assert visitor.status == 200
            assert LAN.name in (await visitor.go("/account")).page
            await visitor.send("/leave")
            leaving = parse_qs(urlsplit(visitor.headers["Location"]).query)
            assert leaving["post_logout_redirect_uri"] == [f"{one.url}/console/enter"]

    play()
