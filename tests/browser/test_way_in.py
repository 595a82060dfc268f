"""Entering, leaving and the account, in a real browser."""

from __future__ import annotations

import pyotp
import pytest

from gateway.http.console import live
from gateway.model.words import text
from tests.browser.conftest import Console
from tests.http.console.visitor import LAN, PASSWORD

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("size", "scheme", "lang"), [("desk", "light", "vi"), ("phone", "dark", "vi"), ("desk", "dark", "en")]
)
def test_the_door_and_the_account_can_be_read_by_everybody(console: Console, size: str, scheme: str, lang: str) -> None:
    door = console.browser(size=size, scheme=scheme, lang=lang).new_page()
    door.goto("/console/")
    assert door.locator("h1").inner_text() == text(lang, "console.enter.title")
    console.look(door, f"enter-{size}-{scheme}-{lang}")
    page = console.enter("lan", size=size, scheme=scheme, lang=lang)
    page.goto("/console/account")
    assert page.locator("h1").inner_text() == LAN.name
    console.look(page, f"account-{size}-{scheme}-{lang}")


def test_by_keyboard_alone_somebody_enters_and_leaves(console: Console) -> None:
    page = console.browser().new_page()
    page.goto("/console/enter")
    page.keyboard.type("lan")
    page.keyboard.press("Tab")
    page.keyboard.type("một câu dài dễ nhớ")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/enter" not in url)
    page.locator("form[action='/console/leave'] button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/enter")


def test_the_language_is_changed_where_one_is(console: Console) -> None:
    page = console.enter("lan")
    page.goto("/console/account")
    page.click("text=English")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.url.endswith("/console/account")


def test_after_leaving_the_way_back_shows_nothing_and_other_tabs_are_cleared(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "INSIDE_S", 0.1)
    page = console.enter("lan")
    page.goto("/console/account")
    assert LAN.name in page.content()
    other = page.context.new_page()
    other.goto("/console/today")
    assert LAN.name in other.content()
    page.click("form[action='/console/leave'] button")
    page.wait_for_url("**/console/enter")
    page.go_back()
    page.wait_for_selector("#key")
    assert LAN.name not in page.content()
    other.wait_for_selector("#key")  # by itself: its stream ended with the session
    assert LAN.name not in other.content()


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_a_new_second_factor_is_set_up_and_its_recovery_codes_shown(console: Console, size: str, scheme: str) -> None:
    page = console.enter("lan", size=size, scheme=scheme)
    page.goto("/console/account")
    page.fill("#factor-password", PASSWORD)
    page.click("form[action='/console/account/factor'] button")
    secret = page.locator(".secret").inner_text().replace(" ", "")
    console.look(page, f"factor-{size}-{scheme}")
    page.fill("#code", pyotp.TOTP(secret).at(console.here.clock()))
    page.click("form[action='/console/account/factor/code'] button")
    assert page.locator("ul.secret li").count() == 8
    console.look(page, f"recovery-{size}-{scheme}")
