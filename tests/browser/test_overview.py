"""The overview in a real browser: light, dark, on a telephone, on paper, in both languages."""

from __future__ import annotations

import pytest

from gateway.model.words import text
from tests.browser.conftest import Console
from tests.http.console.test_overview import count_all, story

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("size", "scheme", "lang"),
    [("desk", "light", "vi"), ("phone", "light", "vi"), ("phone", "dark", "en"), ("desk", "dark", "en")],
)
def test_the_overview_can_be_read_by_everybody(console: Console, size: str, scheme: str, lang: str) -> None:
    console.do(story(console.here))
    console.do(count_all(console.here))
    page = console.enter("binh", size=size, scheme=scheme, lang=lang)
    if lang == "en":
        page.click("text=English")
    page.goto("/console/overview?period=2026")
    assert page.locator("h1").inner_text().startswith(text(lang, "console.overview.title"))
    assert page.locator("svg.trend rect").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing hangs over the edge"
    page.click("summary")
    console.look(page, f"overview-{size}-{scheme}-{lang}")


def test_by_the_list_and_the_names_of_columns_one_finds_a_month_and_its_first(console: Console) -> None:
    console.do(story(console.here))
    console.do(count_all(console.here))
    page = console.enter("binh")
    page.select_option("#period", "2026-q4")
    page.select_option("#level", "central")
    page.click("main form.tools button >> nth=0")
    assert page.locator("h2#ranking + p + div tbody tr").count() == 1
    page.click("th a >> nth=0")
    assert "order=sent" in page.url
    assert page.locator("th[aria-sort=descending]").count() == 1


def test_on_paper_the_report_says_who_made_it_and_hides_what_is_pressed(console: Console) -> None:
    console.do(story(console.here))
    console.do(count_all(console.here))
    page = console.enter("binh")
    page.goto("/console/overview?period=2026")
    page.emulate_media(media="print")
    assert page.locator(".print-only").is_visible()
    assert not page.locator("#period").is_visible()
    page.screenshot(path=console.pictures / "overview-print.png", full_page=True)
    assert page.pdf(path=console.pictures / "overview.pdf", format="A4")
