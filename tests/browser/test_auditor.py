"""An auditor's day in a real browser: the ledger recomputed there, and a byte that was changed found there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route

from gateway.ledger import NoteKey
from gateway.ledger.note import sign_note
from gateway.model.words import text
from tests.browser.conftest import Console
from tests.http.console.papers import delivery_of, fetched, sent

pytestmark = pytest.mark.browser
LOOKS = [("desk", "light", "vi"), ("phone", "dark", "vi"), ("desk", "dark", "en")]


async def _business(console: Console) -> str:
    first = await sent(console.here)
    await fetched(console.here, await delivery_of(console.here, first))
    return first


def _verify(page: Page, console: Console) -> str:
    """Let the browser verify; what it says."""
    page.fill("#vkey", console.here.line.notary.key.vkey)
    page.click("[data-run]")
    page.wait_for_selector("[data-verdict]:not([hidden])")
    return page.locator("[data-verdict]").inner_text()


@pytest.mark.parametrize(("size", "scheme", "lang"), LOOKS)
def test_an_auditor_follows_a_document_to_its_proof(console: Console, size: str, scheme: str, lang: str) -> None:
    dispatch_id = console.do(_business(console))
    page = console.enter("minh", size=size, scheme=scheme, lang=lang)
    page.wait_for_selector("h1")
    if lang == "en":
        page.click("text=English")
    look = f"{size}-{scheme}-{lang}"
    page.wait_for_selector("#verify")
    assert _verify(page, console) == text(lang, "console.verify.good")
    console.look(page, f"ledger-{look}")
    page.goto(f"/console/dispatches/{dispatch_id}")
    console.look(page, f"dispatch-{look}")
    page.locator("main dd a[href^='/console/ledger/']").first.click()
    page.wait_for_selector("#verify")
    assert page.locator("#vkey").input_value() == console.here.line.notary.key.vkey
    assert _verify(page, console) == text(lang, "console.verify.good")
    console.look(page, f"entry-{look}")
    page.goto(f"/console/dispatches/{dispatch_id}")
    page.locator("details.sheet summary").first.click()
    page.fill("#reason-content", "thanh tra quý IV")
    page.locator("form[action$='/content'] button").click()
    page.wait_for_selector("main .note")
    console.look(page, f"content-{look}")
    for path in ("acts", "dispatches", "anomalies?since=2026-11-01&until=2026-12-01"):
        page.goto(f"/console/{path}")
        console.look(page, f"{path.split('?')[0]}-{look}")


def _bent(place: int) -> Callable[[Route], None]:
    """Answers with one byte changed."""

    def bend(route: Route) -> None:
        body = bytearray(route.fetch().body())
        body[place] ^= 1
        route.fulfill(body=bytes(body), content_type="application/octet-stream")

    return bend


def _other_root(route: Route) -> None:
    """The checkpoint with another root, its signature as it was."""
    lines = route.fetch().text().split("\n")
    lines[2] = ("B" if lines[2][0] != "B" else "C") + lines[2][1:]
    route.fulfill(body="\n".join(lines))


@pytest.mark.parametrize(
    ("what", "bend", "step"),
    [
        ("**/tile/0/**", _bent(0), "inclusion"),
        ("**/tile/entries/**", _bent(-1), "entry"),
        ("**/checkpoint/latest", _other_root, "signature"),
    ],
)
def test_a_changed_byte_is_found_by_the_browser(
    console: Console, what: str, bend: Callable[[Route], None], step: str
) -> None:
    console.do(_business(console))
    page = console.enter("minh")
    page.wait_for_selector("#verify")
    last = page.locator("td.number a").first.get_attribute("href")
    page.goto(str(last))
    page.route(what, bend)
    assert _verify(page, console) == text("vi", "console.verify.bad")
    assert page.locator(f"[data-step={step}] .state.bad").inner_text() == text("vi", f"console.verify.failed.{step}")
    console.look(page, f"tampered-{step}")


def test_a_ledger_that_does_not_continue_what_was_seen_is_found(console: Console) -> None:
    console.do(_business(console))
    page = console.enter("minh")
    page.wait_for_selector("#verify")
    assert _verify(page, console) == text("vi", "console.verify.good")
    console.do(sent(console.here, "G22.2", code_number="12"))
    page.reload()
    assert _verify(page, console) == text("vi", "console.verify.good")
    assert page.locator("[data-remembered]").inner_text() == text("vi", "console.verify.again")
    line = console.here.line
    forged = f"{line.notary.key.name}\n3\n{'A' * 43}=\n".encode()
    note = sign_note(forged, [line.notary]).decode()
    page.evaluate("([name, note]) => localStorage.setItem(`checkpoint ${name}`, note)", [line.notary.key.name, note])
    page.reload()
    assert _verify(page, console) == text("vi", "console.verify.bad")
    assert page.locator("[data-step=consistency] .state.bad").count() == 1


def test_a_ledger_that_does_not_continue_its_first_checkpoint_is_found_at_the_first_visit(console: Console) -> None:
    console.do(_business(console))
    page = console.enter("minh")
    page.wait_for_selector("#verify")
    line = console.here.line
    forged = sign_note(f"{line.notary.key.name}\n3\n{'A' * 43}=\n".encode(), [line.notary]).decode()
    page.evaluate("note => { document.querySelector('#verify').dataset.first = note; }", forged)
    assert _verify(page, console) == text("vi", "console.verify.bad")
    assert page.locator("[data-step=history] .state.bad").inner_text() == text("vi", "console.verify.failed.history")


def test_a_key_of_somebody_else_proves_nothing(console: Console) -> None:
    console.do(_business(console))
    page = console.enter("minh")
    page.wait_for_selector("#verify")
    page.fill("#vkey", NoteKey(console.here.line.notary.key.name, bytes(32)).vkey)
    page.click("[data-run]")
    page.wait_for_selector("[data-step=signature] .state.bad")


def test_without_scripts_the_page_says_how(console: Console) -> None:
    console.do(_business(console))
    page = console.enter("minh")
    cookies = page.context.cookies()
    bare = console.chromium.new_context(java_script_enabled=False, base_url=console.here.url, locale="vi-VN")
    console.contexts.callback(bare.close)
    bare.add_cookies(cookies)
    plain = bare.new_page()
    plain.goto("/console/ledger")
    assert plain.get_by_text(text("vi", "console.verify.without")).is_visible()
    assert not plain.locator("[data-run]").is_visible()
