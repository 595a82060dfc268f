"""The console in a real browser: Debian's Chromium, driven by Playwright, in front of a real town.

Pictures of what was seen are kept in the folder GATEWAY_SCREENSHOTS names, or with the test's files.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.http.console.visitor import PASSWORD, settle
from tests.http.town import Town, town
from tests.outside import require
from tests.provider import issuer

__all__ = ["issuer"]

T = TypeVar("T")
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One for this folder: Playwright keeps a loop running in its thread, where no other test could begin one."""
    program = require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Console:
    """A town whose console is looked at; what the town does is done on its own loop, in a thread beside the browser."""

    here: Town
    loop: asyncio.AbstractEventLoop
    chromium: Browser
    pictures: Path
    contexts: ExitStack = field(default_factory=ExitStack)

    def do(self, act: Coroutine[Any, Any, T]) -> T:
        """Let the town do something, and wait for it."""
        return asyncio.run_coroutine_threadsafe(act, self.loop).result(30)

    def browser(self, size: str = "desk", scheme: str = "light", lang: str = "vi-VN") -> BrowserContext:
        width, height = SIZES[size]
        context = self.chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, locale=lang, base_url=self.here.url
        )
        context.set_default_timeout(10_000)
        self.contexts.callback(context.close)
        return context

    def enter(self, key: str, **how: str) -> Page:
        """A page of somebody who has entered. What the browser complains of fails the test."""
        page = strict(self.browser(**how).new_page())
        page.goto("/console/enter")
        page.fill("#key", key)
        page.fill("#password", PASSWORD)
        page.click("main button")
        return page

    def look(self, page: Page, name: str) -> None:
        """Keep a picture of the page, and hold it to the rules of accessibility."""
        looked_at(page, self.pictures / f"{name}.png")


def strict(page: Page) -> Page:
    """The page; what the browser complains of in it fails the test."""
    page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
    page.on("console", lambda said: pytest.fail(f"browser: {said.text}") if said.type == "error" else None)
    return page


def looked_at(page: Page, picture: Path) -> None:
    """Keep a picture of the page, and hold it to the rules of accessibility."""
    page.screenshot(path=picture, full_page=True)
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures of what was seen are kept."""
    return _album(tmp_path)


def _album(folder: Path) -> Path:
    pictures = Path(os.environ.get("GATEWAY_SCREENSHOTS", folder / "pictures"))
    pictures.mkdir(parents=True, exist_ok=True)
    return pictures


@asynccontextmanager
async def settled(folder: Path) -> AsyncIterator[Town]:
    """A town with everybody let into its console."""
    async with town(folder) as here:
        await settle(here)
        yield here


@contextmanager
def console_of(
    chromium: Browser, folder: Path, opening: Callable[[], AbstractAsyncContextManager[Town]]
) -> Iterator[Console]:
    """The console of a town, until the block ends; the town lives on a loop of its own."""
    loop = asyncio.new_event_loop()
    ready, leave = threading.Event(), asyncio.Event()
    known: list[Town] = []

    async def live() -> None:
        async with opening() as here:
            known.append(here)
            ready.set()
            await leave.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(live()), name="town")
    thread.start()
    assert ready.wait(30), "the town did not open"
    here = Console(known[0], loop, chromium, _album(folder))
    try:
        yield here
    finally:
        here.contexts.close()
        loop.call_soon_threadsafe(leave.set)
        thread.join(30)
        loop.close()


@pytest.fixture
def console(chromium: Browser, tmp_path: Path) -> Iterator[Console]:
    with console_of(chromium, tmp_path, lambda: settled(tmp_path)) as here:
        yield here
