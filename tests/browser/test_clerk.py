"""A clerk's day in a real browser, in both languages, on a desk and on a telephone, in light and dark."""

from __future__ import annotations

import re

import pytest

from gateway.exchange.indexing import index_more
from gateway.model.words import text
from tests.browser.conftest import Console
from tests.http.console.papers import delivery_of, fetched, sent, told
from tests.http.console.visitor import PASSWORD
from tests.http.town import DEPARTMENT, FAR, PROVINCE, inline, packet

pytestmark = pytest.mark.browser

LONG = "Về việc " + "k" * 460
EVIL = '<b onmouseover="alert(1)">Thông báo</b> =HYPERLINK("http://x")'


async def morning(console: Console) -> str:
    """What lies on the desks: gives the document that the day is about."""
    here = console.here
    refused = await delivery_of(
        here, await sent(here, "G22.1", code_number="101", subject="V/v góp ý dự thảo Nghị định")
    )
    await fetched(here, refused)
    await told(here, refused, "02", "Không thuộc thẩm quyền của Ủy ban nhân dân tỉnh; đề nghị gửi Sở Nội vụ.")
    await sent(here, "G22.2", to=(DEPARTMENT,), code_number="102", subject=LONG)
    await sent(here, "G22.3", to=(PROVINCE, FAR), code_number="103", subject=EVIL)
    await here.pass_(hours=26)
    about = await sent(here, "G22.4", to=(PROVINCE, FAR), code_number="104", subject="Giấy mời họp về chuyển đổi số")
    await fetched(here, await delivery_of(here, about))
    while await index_more(here.line):
        pass
    return about


@pytest.mark.parametrize(
    ("size", "scheme", "lang"), [("desk", "light", "vi"), ("phone", "dark", "vi"), ("desk", "dark", "en")]
)
def test_a_clerks_main_day(console: Console, size: str, scheme: str, lang: str) -> None:
    about = console.do(morning(console))
    kept = f"{size}-{scheme}-{lang}"
    page = console.enter("lan", size=size, scheme=scheme, lang=lang)
    if lang != "vi":
        page.click("text=English")
    page.goto("/console/today")
    assert (
        page.locator(".pressing li")
        .first.inner_text()
        .startswith(("▲", text(lang, "console.clerk.need.refused.ours.late")))
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the screen"
    console.look(page, f"clerk-today-{kept}")
    page.goto(f"/console/documents/{about}")
    console.look(page, f"clerk-document-{kept}")
    page.click(f"summary:has-text('{text(lang, 'console.clerk.deeds.recall')}')")
    page.fill("#recall-words", "Gửi nhầm bản dự thảo")
    console.look(page, f"clerk-recall-{kept}")
    page.click(f"button:has-text('{text(lang, 'console.clerk.deeds.recall_button')}')")
    assert page.locator("#done").inner_text() == text(lang, "console.clerk.done.recalled")
    assert text(lang, "console.clerk.outcome.pending") in page.locator(".standing").inner_text()
    assert text(lang, "console.clerk.outcome.withdrawn") in page.locator(".standing").inner_text()
    console.look(page, f"clerk-recalled-{kept}")
    page.goto("/console/search?q=chuyen+doi+so")
    assert page.locator(".papers tbody tr").count() == 1
    console.look(page, f"clerk-search-{kept}")
    for path in ("/books?book=outgoing", "/check"):
        page.goto(f"/console{path}")
        console.look(page, f"clerk-{path[1:6].strip('?')}-{kept}")
    for path in ("/today", f"/documents/{about}", "/search?q=viec", "/check"):
        page.goto(f"/console{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_an_incoming_status_appears_without_reloading(console: Console) -> None:
    here = console.here
    dispatch = console.do(sent(here))
    delivery = console.do(delivery_of(here, dispatch))
    console.do(fetched(here, delivery))
    page = console.enter("lan")
    page.goto("/console/today")
    page.evaluate("window.untouched = true")
    console.do(told(here, delivery, "02", "Thiếu phụ lục"))
    page.wait_for_selector("blockquote:has-text('Thiếu phụ lục')", timeout=10_000)
    assert page.evaluate("window.untouched") is True
    page.goto(f"/console/documents/{dispatch}")
    page.evaluate("window.untouched = true")
    console.do(told(here, delivery, "03"))
    page.wait_for_selector(f".timeline >> text={text('vi', 'console.clerk.event.status_03')}", timeout=10_000)
    assert page.evaluate("window.untouched") is True


def test_a_page_left_open_goes_from_the_screen_when_its_session_is_over(console: Console) -> None:
    here = console.here
    page = console.enter("lan")
    page.wait_for_selector("[data-live]")
    console.do(here.pass_(minutes=31))
    console.do(sent(here))
    page.wait_for_selector("#password", timeout=10_000)
    page.fill("#key", "lan")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_selector("[data-live]")


def test_the_other_side_answers_and_the_asking_clerk_sees_it_live(console: Console) -> None:
    here = console.here
    dispatch = console.do(sent(here))
    console.do(fetched(here, console.do(delivery_of(here, dispatch))))
    lan = console.enter("lan")
    lan.goto(f"/console/documents/{dispatch}")
    lan.click(f"summary:has-text('{text('vi', 'console.clerk.deeds.recall')}')")
    lan.fill("#recall-words", "Gửi nhầm")
    lan.click(f"button:has-text('{text('vi', 'console.clerk.deeds.recall_button')}')")
    hoa = console.enter("hoa")
    hoa.click(".pressing a")
    console.look(hoa, "clerk-answer-desk-light-vi")
    hoa.click(f"button:has-text('{text('vi', 'console.clerk.deeds.agree')}')")
    lan.wait_for_selector(f".standing >> text={text('vi', 'console.clerk.outcome.done')}", timeout=10_000)


def test_a_file_dropped_on_the_page_is_examined_at_once(console: Console) -> None:
    page = console.enter("lan")
    page.goto("/console/check")
    file = {"name": "van-ban.edxml", "mimeType": "application/xml", "buffer": inline(*packet(code_number="1"))}
    page.set_input_files("#file", file)
    page.wait_for_selector("#verdict")
    assert text("vi", "console.clerk.check.refused") in page.locator("#verdict").inner_text()
    console.look(page, "clerk-checked-desk-light-vi")


def test_a_register_is_printed_across_the_page(console: Console) -> None:
    console.do(sent(console.here, code_number="101"))
    page = console.enter("lan")
    page.goto("/console/books?book=outgoing&print=1")
    printed = page.pdf(prefer_css_page_size=True)
    assert re.search(rb"/MediaBox\s*\[\s*0 0 84[12][.0-9]* 59[45]", printed), "A4, 297 mm wide"
    (console.pictures / "clerk-book.pdf").write_bytes(printed)
