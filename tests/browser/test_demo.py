"""The demo as whoever tries it: its own command, its own words for where to go and as whom, and a browser.

Everything is done by the addresses and passwords it prints; the town of the other tests is not here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.model.words import text
from tests.browser.conftest import SIZES, looked_at, strict
from tests.demo.played import staying_up

pytestmark = pytest.mark.browser
LATE = "91/BM-VP"
_KEY = re.compile(r"   (DEMO\.invalid/ledger\+\S+)")
_PERSON = re.compile(r"   (van-thu-bo|van-thu-tinh|kiem-toan|van-hanh) +(\S+)  ")


def say(key: str) -> str:
    return text("vi", f"console.{key}")


@dataclass
class Demo:
    """A demo that stays up, as far as it says so itself."""

    told: Sequence[str]
    chromium: Browser
    pictures: Path
    opened: ExitStack = field(default_factory=ExitStack)

    def said(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        return (found for line in self.told if (found := pattern.match(line)))

    def enter(self, key: str) -> Page:
        """The page somebody comes to with the password printed beside their name."""
        password = {one[1]: one[2] for one in self.said(_PERSON)}[key]
        console = next(line.split()[0] for line in self.told if "/console " in line)
        width, height = SIZES["desk"]
        context = self.chromium.new_context(locale="vi-VN", viewport={"width": width, "height": height})
        self.opened.callback(context.close)
        context.set_default_timeout(10_000)
        page = strict(context.new_page())
        page.goto(console)
        page.fill("#key", key)
        page.fill("#password", password)
        page.click("main button")
        return page

    def look(self, page: Page, name: str) -> None:
        looked_at(page, self.pictures / f"demo-{name}.png")


@pytest.fixture
def demo(chromium: Browser, pictures: Path) -> Iterator[Demo]:
    with staying_up("--lang", "vi") as one:
        here = Demo(one.until("Ctrl-C"), chromium, pictures)
        with here.opened:
            yield here


def open_deed(page: Page, deed: str) -> None:
    page.click(f".deeds summary:has-text('{say(f'clerk.deeds.{deed}')}')")


def deed_done(page: Page, deed: str, done: str) -> None:
    page.click(f".deeds button:has-text('{say(f'clerk.deeds.{deed}_button')}')")
    expect(page.locator("#done")).to_have_text(say(f"clerk.done.{done}"))


def test_whoever_tries_the_demo_can_do_all_it_speaks_of(demo: Demo) -> None:
    sender = demo.enter("van-thu-bo")
    _remind_and_recall(demo, sender)
    other = demo.enter("van-thu-tinh")
    _agree(demo, other)
    _sees_it_live(demo, sender)
    _proves_it(demo, demo.enter("kiem-toan"))
    _releases(demo, demo.enter("van-hanh"))


def _remind_and_recall(demo: Demo, page: Page) -> None:
    """What is late stands among what cannot wait. Reminding shows in its history, recalling waits for an answer."""
    card = page.locator(".pressing li", has_text=LATE)
    expect(card).to_contain_text(say("clerk.need.due.ours.late"))
    demo.look(page, "today")
    card.locator("a").click()
    steps = page.locator(".timeline li", has_text=say("clerk.event.reminder"))
    before = steps.count()
    open_deed(page, "remind")
    deed_done(page, "remind", "reminded")
    expect(steps).to_have_count(before + 1)
    open_deed(page, "recall")
    page.fill("#recall-words", "Gửi nhầm bản dự thảo; bản chính sẽ gửi lại trong ngày.")
    deed_done(page, "recall", "recalled")
    expect(page.locator(".standing")).to_contain_text(say("clerk.outcome.pending"))
    page.evaluate("window.untouched = true")
    demo.look(page, "recalled")


def _agree(demo: Demo, page: Page) -> None:
    """The clerk of the addressee finds the recall on their own page, and agrees."""
    page.locator(".pressing li", has_text=say("clerk.need.recall.theirs.soon")).locator(f"a:has-text('{LATE}')").click()
    expect(page.locator("blockquote")).to_contain_text("Gửi nhầm bản dự thảo")
    page.click(f"button:has-text('{say('clerk.deeds.agree')}')")
    expect(page.locator("#done")).to_have_text(say("clerk.done.answered"))
    demo.look(page, "answered")


def _sees_it_live(demo: Demo, page: Page) -> None:
    """The answer comes to the sender's page by itself, and what there is no more to do goes."""
    expect(page.locator(".standing")).to_contain_text(say("clerk.outcome.done"), timeout=15_000)
    expect(page.locator(".deeds details")).to_have_count(0)
    assert page.evaluate("window.untouched") is True, "the page was not loaded again"
    demo.look(page, "live")


def _proves_it(demo: Demo, page: Page) -> None:
    """The auditor finds the document, opens the entry of the answer, and lets the browser recompute it."""
    page.click(f"nav a:has-text('{say('nav.dispatches')}')")
    page.fill("#q", LATE)
    page.press("#q", "Enter")
    page.click(f".papers a:has-text('{LATE}')")
    expect(page.locator("h1")).to_contain_text(LATE)
    demo.look(page, "dispatch")
    page.locator(".histories a").last.click()
    verdict = page.locator("[data-verdict]")
    (key,) = {one[1] for one in demo.said(_KEY)}
    for vkey, words in (("X" + key, "verify.bad"), (key, "verify.good")):
        page.fill("#vkey", vkey)
        page.click("[data-run]")
        expect(verdict).to_have_text(say(words))
    demo.look(page, "proved")


def _releases(demo: Demo, page: Page) -> None:
    """The operator comes from what stands at the gateway to the one delivery held back; released, it arrives."""
    demo.look(page, "health")
    page.click("main a:has-text('Ủy ban nhân dân xã Xa')")
    page.locator("main table a").first.click()
    state = page.locator("main h1 .state")
    expect(state).to_have_text(say("operator.delivery.held"))
    page.locator("summary").first.click()
    page.fill("#reason-release", "Nơi nhận đã xác nhận địa chỉ qua điện thoại.")
    page.click("form[action$='/release'] button")
    expect(state).not_to_have_text(say("operator.delivery.held"))
    expect(page.locator("main")).to_contain_text("xác nhận địa chỉ qua điện thoại")
    _until(page, lambda: say("operator.delivery.acknowledged") == state.inner_text())
    demo.look(page, "released")


def _until(page: Page, came: Callable[[], bool]) -> None:
    """Load the page again and again, for the ten seconds its addressee takes at the most."""
    for _ in range(20):
        if came():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError("it did not arrive")
