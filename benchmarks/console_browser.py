"""What three pages of the console cost a browser: bytes over the wire, first paint, and how long a script blocks it.

`python -m benchmarks.console_browser [--dispatches N]`

Debian's Chromium, driven over its own protocol, comes with an empty cache and again with a full one. `slow` is what
Lighthouse holds a telephone to: 1.6 Mbit/s, 150 ms to and fro, a processor four times slower. Blocking time is what
tasks of the page take beyond 50 ms each by the clock, the measure of Lighthouse and the W3C's Long Tasks; work is all
that the page's thread worked, in processor time, which other work on the machine leaves alone.
"""

from __future__ import annotations

import argparse
import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks.console_fill import Filling, country
from benchmarks.console_pages import put_people, seal
from gateway.cli import diagnostics
from gateway.config import Log
from gateway.store import Store
from tests.http.console.visitor import PASSWORD
from tests.http.town import town
from tests.outside import require

PAGES = (("lan", "/today"), ("tuan", "/health"), ("binh", "/overview"))
SLOW_NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 204_800, "uploadThroughput": 96_000}
SLOW_PROCESSOR = 4
WATCH = """
    window.blocked = 0;
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) window.blocked += Math.max(0, one.duration - 50);
    }).observe({ type: "longtask", buffered: true });
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"


@dataclass(frozen=True, slots=True)
class Seen:
    """One coming of a browser to one page."""

    requests: int
    sent_bytes: int
    """Over the wire, headers with them."""
    painted_ms: float
    blocked_ms: float
    worked_ms: float


def main() -> None:
    """Measure and print, as Markdown."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.console_browser", description=__doc__.splitlines()[0])
    asked.add_argument("--dispatches", type=int, default=20_000)
    options = asked.parse_args()
    diagnostics.configure(Log(level="error"))
    print("| page | | requests | KB | first paint, ms | blocked, ms | work, ms |\n|---|---|--:|--:|--:|--:|--:|")
    with TemporaryDirectory() as folder, _served(Path(folder), options.dispatches) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(require("chromium")), args=["--no-sandbox"])
        for who, path in PAGES:
            for name, seen in _comings(browser, url, who, path):
                times = f"{seen.painted_ms:.0f} | {seen.blocked_ms:.0f} | {seen.worked_ms:.0f}"
                print(f"| `{path}` | {name} | {seen.requests} | {seen.sent_bytes / 1000:.1f} | {times} |", flush=True)
        browser.close()


@contextmanager
def _served(folder: Path, dispatches: int) -> Iterator[str]:
    """A filled town on a loop of its own, in a thread beside the browser; gives its address."""
    url = f"sqlite:///{folder / 'register.db'}"
    Store.create(url)
    filling = Filling(dispatches, 1_000)
    filling.into(url)
    loop, ready, leave, known = asyncio.new_event_loop(), threading.Event(), asyncio.Event(), list[str]()

    async def live() -> None:
        await seal(url, folder)
        async with town(folder, url=url) as here:
            await put_people(here, country(filling.agencies))
            known.append(here.url)
            ready.set()
            await leave.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(live()))
    thread.start()
    assert ready.wait(600), "the town did not open"
    try:
        yield known[0]
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread.join()
        loop.close()


def _comings(browser: Browser, url: str, who: str, path: str) -> Iterator[tuple[str, Seen]]:
    for slow in (False, True):
        context = browser.new_context(base_url=url, locale="vi-VN")
        page = context.new_page()
        page.goto("/console/enter")
        page.fill("#key", who)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_selector("h1")
        page.close()
        for cached in (False, True):
            name = f"{'again' if cached else 'first'}{', slow' if slow else ''}"
            yield name, _seen(context, path, slow=slow, cached=cached)
        context.close()


def _seen(context: BrowserContext, path: str, *, slow: bool, cached: bool) -> Seen:
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Performance.enable", {"timeDomain": "threadTicks"})
    if not cached:
        wire.send("Network.clearBrowserCache")
    if slow:
        wire.send("Network.emulateNetworkConditions", SLOW_NETWORK)
        wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_PROCESSOR})
    sizes = list[int]()
    wire.on("Network.loadingFinished", lambda one: sizes.append(int(one["encodedDataLength"])))
    page.add_init_script(WATCH)
    page.goto(f"/console{path}", wait_until="load")
    page.wait_for_timeout(500)
    metrics = {one["name"]: one["value"] for one in wire.send("Performance.getMetrics")["metrics"]}
    seen = Seen(
        requests=sum(size > 0 for size in sizes),
        sent_bytes=sum(sizes),
        painted_ms=float(page.evaluate(PAINT)),
        blocked_ms=float(page.evaluate("window.blocked")),
        worked_ms=metrics["TaskDuration"] * 1000,
    )
    page.close()
    return seen


if __name__ == "__main__":
    main()
