"""An operator's day in a real browser: trouble seen, a delivery held and released, a token changed, charts read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model.words import text
from tests.browser.conftest import Console
from tests.http.console.papers import delivery_of, sent
from tests.http.console.test_operator import SECOND
from tests.http.console.visitor import settle
from tests.http.town import DEPARTMENT, FAR, PROVINCE

pytestmark = pytest.mark.browser
PAGES = ("health", "deliveries", "peers", "peers/bo", "webhooks", "tables", "directory", "flow")


async def _business(console: Console) -> str:
    here = console.here
    for number in range(12, 18):
        dispatch_id = await sent(
            here, f"G22.{number}", (PROVINCE, DEPARTMENT, FAR)[: number % 3 + 1], code_number=str(number)
        )
    await here.pass_(hours=2)
    return await delivery_of(here, dispatch_id)


@pytest.mark.parametrize(
    ("size", "scheme", "lang"), [("desk", "light", "vi"), ("phone", "dark", "vi"), ("desk", "dark", "en")]
)
def test_the_operators_pages_can_be_read_by_everybody(console: Console, size: str, scheme: str, lang: str) -> None:
    delivery_id = console.do(_business(console))
    page = console.enter("tuan", size=size, scheme=scheme, lang=lang)
    page.wait_for_selector("h1")
    if lang == "en":
        page.click("text=English")
    for path in PAGES:
        page.goto(f"/console/{path}")
        console.look(page, f"{path.replace('/', '-')}-{size}-{scheme}-{lang}")
    page.goto(f"/console/deliveries/{delivery_id}")
    page.locator("summary").first.click()
    console.look(page, f"delivery-{size}-{scheme}-{lang}")


def test_health_renews_itself_and_leaves_what_somebody_is_at_alone(console: Console) -> None:
    console.do(_business(console))
    page = console.enter("tuan")
    page.wait_for_selector("h1")
    page.goto("/console/health")
    waiting = page.locator("#now .figures b").first
    before = int(waiting.inner_text())
    page.locator("#queues table a").first.focus()
    page.evaluate("document.title = 'not loaded again'")
    console.do(sent(console.here, "G22.90", (PROVINCE,), code_number="90"))
    page.wait_for_selector(f"#now .figures li:first-child b:text-is('{before + 1}')")
    assert page.evaluate("document.activeElement.matches('#queues table a')")
    assert page.title() == "not loaded again"
    console.look(page, "health-renewed")


def test_an_operator_holds_a_delivery_and_releases_it(console: Console) -> None:
    delivery_id = console.do(_business(console))
    page = console.enter("tuan")
    page.wait_for_selector("h1")
    page.goto(f"/console/deliveries/{delivery_id}")
    for move, state in (("hold", "held"), ("release", "queued")):
        page.locator("summary").first.click()
        page.fill(f"#reason-{move}", "nghi gửi nhầm")
        page.locator(f"form[action$='/{move}'] button").click()
        page.wait_for_selector(f"main h1 .state:has-text('{text('vi', f'console.operator.delivery.{state}')}')")
    assert page.locator(".timeline li").count() == 2


def test_two_operators_change_the_directory(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "co-quan.csv"
    file.write_text(f"key,name\n{FAR},Cơ quan ở rất xa\n{PROVINCE}.7,Sở Mới\n", encoding="utf-8")
    console.do(settle(console.here, SECOND))
    page = console.enter("tuan")
    page.wait_for_selector("h1")
    page.goto("/console/directory")
    page.locator("summary").first.click()
    page.fill("#reason-propose", "Nghị quyết số 1")
    page.set_input_files("#file", str(file))
    page.click("details button")
    page.wait_for_selector(f"text={text('vi', 'console.directory.own')}")
    other = console.enter("binh-hai", size="phone", scheme="dark")
    other.wait_for_selector("h1")
    other.goto("/console/directory/proposals/1")
    console.look(other, "proposal-phone-dark")
    other.locator("summary").first.click()
    other.fill("#reason-approve", "đã đọc")
    other.click("form[action$='/approve'] button")
    other.wait_for_selector(f"h1 .state:has-text('{text('vi', 'console.directory.approved')}')")
    console.look(other, "proposal-approved-phone-dark")


def test_a_token_is_shown_and_gone_when_the_page_is_left(console: Console) -> None:
    page = console.enter("tuan")
    page.wait_for_selector("h1")
    page.goto("/console/peers/bo")
    page.locator("summary").nth(1).click()
    page.fill("#reason-rotate", "đổi định kỳ")
    page.locator("form[action$='/token/rotate'] button").click()
    assert page.locator("#token").inner_text().startswith("truc_")
    console.look(page, "token")
    page.goto("/console/peers/bo")
    assert page.locator("#token").count() == 0
