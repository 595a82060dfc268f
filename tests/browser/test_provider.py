"""Entering by the provider, in a real browser: there, back, in, and out again on both sides.

The provider is at `localhost` and the console at `127.0.0.1`: two sites, so cookies travel as they do in the world.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from gateway.model.words import text
from tests.browser.conftest import console_of
from tests.http.console.test_provider import SUBJECT, joined
from tests.http.console.visitor import AUDITOR, LAN, settle
from tests.http.town import Town

pytestmark = pytest.mark.browser


@asynccontextmanager
async def there(folder: Path, issuer: str) -> AsyncIterator[Town]:
    async with joined(folder, issuer, button="Đăng nhập bằng tài khoản Bộ") as here:
        await settle(here, AUDITOR)
        yield here


def signed_in(page: Page, name: str) -> None:
    """Sign in on the provider's own pages, and agree."""
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", "x")
    page.click("button[type=submit]")
    page.click("button[type=submit]")


@pytest.mark.parametrize(
    ("size", "scheme", "lang"), [("desk", "light", "vi"), ("phone", "dark", "vi"), ("desk", "dark", "en")]
)
def test_the_door_with_a_provider_can_be_read_by_everybody(
    chromium: Browser, tmp_path: Path, issuer: str, size: str, scheme: str, lang: str
) -> None:
    with console_of(chromium, tmp_path, lambda: there(tmp_path, issuer)) as console:
        door = console.browser(size=size, scheme=scheme, lang=lang).new_page()
        door.goto("/console/")
        console.look(door, f"enter-provider-{size}-{scheme}-{lang}")


def test_somebody_enters_by_the_provider_sees_where_they_are_in_and_leaves_on_both_sides(
    chromium: Browser, tmp_path: Path, issuer: str
) -> None:
    with console_of(chromium, tmp_path, lambda: there(tmp_path, issuer)) as console:
        page = console.browser().new_page()
        complaints: list[str] = []
        ours = console.here.url
        page.on("console", lambda said: complaints.append(said.text) if said.location["url"].startswith(ours) else None)
        page.goto("/console/account")
        page.click("text=Đăng nhập bằng tài khoản Bộ")
        page.wait_for_url(f"{issuer}/**")
        signed_in(page, SUBJECT)
        page.wait_for_url("**/console/account")
        assert page.locator("h1").inner_text() == LAN.name
        assert text("vi", "console.account.method.oidc") in page.content()
        console.look(page, "account-provider")
        page.click("form[action='/console/leave'] button")
        page.wait_for_url(f"{issuer}/session/end*")
        page.click("button[value=yes]")
        page.wait_for_url("**/console/enter")
        page.goto("/console/account")
        assert page.locator("h1").inner_text() == text("vi", "console.enter.title")
        assert complaints == []


def test_an_account_nobody_was_given_is_told_its_code(chromium: Browser, tmp_path: Path, issuer: str) -> None:
    with console_of(chromium, tmp_path, lambda: there(tmp_path, issuer)) as console:
        page = console.browser().new_page()
        page.goto("/console/enter")
        page.click("text=Đăng nhập bằng tài khoản Bộ")
        signed_in(page, "7f9c2ba4-e88f-827d-6160-455f0f5c1a1d")
        page.wait_for_url("**/console/provider/return*")
        assert "7f9c2ba4-e88f-827d-6160-455f0f5c1a1d" in page.locator("[role=alert]").inner_text()
        console.look(page, "enter-provider-unknown")
