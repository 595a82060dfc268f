"""One late document through every hand, each in a browser of their own: a clerk finds it, reminds, asks it back and
sees the answer come; an auditor proves it; an operator releases what was held. The guides' pictures are taken here.

`make pictures` keeps them in docs/pictures.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page

from gateway.exchange.indexing import index_more
from gateway.model.words import text
from tests.browser.conftest import Console
from tests.browser.palette import with_palette
from tests.http.console.papers import delivery_of, fetched, sent, told
from tests.http.town import DEPARTMENT, FAR, PROVINCE, inline, packet

pytestmark = pytest.mark.browser
WIDTH, HEIGHT = 1200, 680
SUBJECT = "Về việc báo cáo kết quả chuyển đổi số quý III năm 2026"


def say(key: str) -> str:
    return text("vi", f"console.{key}")


class Album:
    """Where pictures for the guides go: into docs/pictures where GATEWAY_GUIDE_PICTURES says so, else with the test."""

    def __init__(self, console: Console) -> None:
        self._folder = Path(os.environ.get("GATEWAY_GUIDE_PICTURES", console.pictures))
        self._small = "GATEWAY_GUIDE_PICTURES" in os.environ

    def take(self, page: Page, name: str, top: str = "body") -> None:
        """What the window shows when `top` stands at its upper edge."""
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.locator(top).first.evaluate("one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 12)")
        self._keep(page.screenshot(), name)

    def take_part(self, page: Page, name: str, part: str) -> None:
        """That part of the page alone."""
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        self._keep(page.locator(part).first.screenshot(), name)

    def _keep(self, png: bytes, name: str) -> None:
        (self._folder / f"{name}.png").write_bytes(with_palette(png) if self._small else png)


async def morning(console: Console) -> tuple[str, str]:
    """Yesterday's letters: the late one, and one that the operator holds back."""
    here = console.here
    late = await sent(here, "G22.1", to=(PROVINCE, FAR), code_number="104", subject=SUBJECT)
    await fetched(here, await delivery_of(here, late))
    refused = await sent(here, "G22.2", to=(FAR,), code_number="105", subject="V/v góp ý dự thảo Nghị định về văn thư")
    await fetched(here, await delivery_of(here, refused), "xa")
    await told(here, await delivery_of(here, refused), "02", "Không thuộc thẩm quyền; đề nghị gửi Sở Nội vụ.", "xa")
    await here.pass_(hours=26)
    held = await sent(here, "G22.3", to=(DEPARTMENT,), code_number="106", subject="Giấy mời họp giao ban")
    while await index_more(here.line):
        pass
    return late, await delivery_of(here, held)


def open_deed(page: Page, deed: str) -> None:
    page.click(f".deeds summary:has-text('{say(f'clerk.deeds.{deed}')}')")


def test_a_late_document_goes_through_every_hand(console: Console) -> None:
    album = Album(console)
    late, held = console.do(morning(console))
    lan = console.enter("lan")
    lan.wait_for_selector(".pressing")
    album.take(lan, "clerk-today")
    lan.click(".pressing a:has-text('104') >> nth=0")
    lan.wait_for_selector(".standing")
    album.take(lan, "clerk-document", "h1")
    album.take(lan, "clerk-parties", "#parties")
    _remind_and_recall(album, lan)
    _answer(console, album)
    lan.wait_for_selector(f".standing >> text={say('clerk.outcome.done')}", timeout=15_000)
    assert lan.evaluate("window.untouched") is True, "the answer came without reloading"
    album.take(lan, "clerk-answered", "#parties")
    _search_and_check(album, lan)
    _audit(console, album, late)
    _operate(console, held)


def _remind_and_recall(album: Album, lan: Page) -> None:
    open_deed(lan, "remind")
    lan.select_option("#remind-whom", index=0)
    album.take(lan, "clerk-remind", "#deeds")
    lan.click(f"button:has-text('{say('clerk.deeds.remind_button')}')")
    assert lan.locator("#done").inner_text() == say("clerk.done.reminded")
    open_deed(lan, "recall")
    lan.fill("#recall-words", "Gửi nhầm bản dự thảo; bản chính sẽ gửi lại trong ngày.")
    album.take(lan, "clerk-recall", "#deeds")
    lan.click(f"button:has-text('{say('clerk.deeds.recall_button')}')")
    assert lan.locator("#done").inner_text() == say("clerk.done.recalled")
    lan.evaluate("window.untouched = true")


def _answer(console: Console, album: Album) -> None:
    hoa = console.enter("hoa")
    hoa.click(f".pressing li:has-text('{say('clerk.need.recall.theirs.soon')}') a")
    hoa.wait_for_selector("textarea")
    album.take(hoa, "clerk-answer", "#deeds")
    hoa.click(f"button:has-text('{say('clerk.deeds.agree')}')")
    assert hoa.locator("#done").inner_text() == say("clerk.done.answered")


def _search_and_check(album: Album, lan: Page) -> None:
    lan.goto("/console/search?q=chuyen+doi+so")
    assert lan.locator(".papers tbody tr").count() == 1
    album.take(lan, "clerk-search")
    lan.goto("/console/books?book=outgoing")
    album.take(lan, "clerk-book")
    lan.goto("/console/check")
    file = {"name": "van-ban.edxml", "mimeType": "application/xml", "buffer": inline(*packet("G22.9", code_number="1"))}
    lan.set_input_files("#file", file)  # type: ignore[arg-type]
    lan.wait_for_selector("#verdict")
    album.take_part(lan, "clerk-check", "main section")


def _audit(console: Console, album: Album, late: str) -> None:
    minh = console.enter("minh")
    minh.wait_for_selector("#verify")
    minh.fill("#vkey", console.here.line.notary.key.vkey)
    minh.click("[data-run]")
    minh.wait_for_selector("[data-verdict]:not([hidden])")
    assert minh.locator("[data-verdict]").inner_text() == say("verify.good")
    album.take(minh, "auditor-verify", "h1")
    minh.goto("/console/dispatches?q=104")
    album.take(minh, "auditor-search")
    minh.click(".papers a")
    minh.wait_for_selector(".histories")
    assert minh.url.endswith(late)
    album.take(minh, "auditor-dispatch")
    minh.click(f"summary:has-text('{say('traces.open.content')}')")
    minh.fill("#reason-content", "Thanh tra công tác văn thư quý IV, Quyết định số 12/QĐ-TTr")
    album.take(minh, "auditor-reason", "h2:has-text('" + say("traces.look") + "')")
    minh.click("form[action$='/content'] button")
    minh.wait_for_selector(f"main >> text={SUBJECT}")
    minh.click(f"summary:has-text('{say('traces.open.case')}')")
    minh.fill("#reason-case", "Thanh tra quý IV")
    with minh.expect_download() as taken:
        minh.click("form[action$='/case'] button")
    _is_case(taken.value)
    minh.goto("/console/anomalies?since=1/11/2026&until=30/11/2026")
    album.take(minh, "auditor-anomalies")
    minh.goto("/console/acts")
    assert "Thanh tra quý IV" in minh.locator("main").inner_text()


def _is_case(download: Download) -> None:
    assert download.suggested_filename.endswith(".asice")
    assert Path(download.path()).read_bytes()[:2] == b"PK"


def _operate(console: Console, held: str) -> None:
    tuan = console.enter("tuan")
    for move, state in (("hold", "held"), ("release", "queued")):
        tuan.goto(f"/console/deliveries/{held}")
        tuan.locator("summary").first.click()
        tuan.fill(f"#reason-{move}", "nghi gửi nhầm, đã hỏi lại nơi gửi")
        tuan.locator(f"form[action$='/{move}'] button").click()
        tuan.wait_for_selector(f"main h1 .state:has-text('{say(f'operator.delivery.{state}')}')")
