"""The sealed report on a period: what it states is counted again from the ledger alone, on both engines."""

from __future__ import annotations

import hashlib
import re
import shutil
import ssl
import subprocess
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from gateway.exchange import overview_report
from gateway.exchange.overview import Scope, overview
from gateway.exchange.overview_report import report
from gateway.exchange.recount import recount
from gateway.ledger import EntryKind, decode
from gateway.model.activity import MEASURES, Level, Span
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store import queries
from gateway.trust import verify_countersigned
from tests.http.console.test_overview import count_all, story
from tests.http.console.visitor import Visitor, settle
from tests.http.town import PROVINCE, Town, awaited, town
from tests.pki import pki

YEAR = Span.read("2026")
assert YEAR is not None


async def told(here: Town) -> None:
    """A town with a story in it, all of it under a checkpoint."""
    await story(here)
    await here.pass_(seconds=1)


@awaited
async def test_figures_are_the_same_counted_again_from_the_first_entry(tmp_path: Path, store_url: str) -> None:
    async with town(tmp_path, url=store_url) as here:
        await told(here)
        await count_all(here)
        for written in ("2026", "2026-q4", "2026-11"):
            span = Span.read(written)
            assert span is not None
            seen = await overview(here.line, span, Scope())
            again = await recount(here.line, seen.counted_to, here.clock(), span, Scope())
            assert again == dict(seen.agencies)
        province = Scope(here.line.directory.agency(PROVINCE))
        assert (await recount(here.line, seen.counted_to, here.clock(), span, province)).keys() == {PROVINCE}
        assert await recount(here.line, seen.counted_to, here.clock(), span, Scope(level=Level.PARTY)) == {}


@awaited
async def test_of_fewer_entries_and_an_earlier_hour_it_counts_what_there_was(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await told(here)
        entries = [decode(one) for one in await here.line.store.read(queries.entries, 0, 1000)]
        second = [place for place, one in enumerate(entries) if one.kind is EntryKind.ACCEPT][1]
        early = await recount(here.line, second, entries[0].at + timedelta(minutes=1), YEAR, Scope())
        assert sum(figures["sent"] for figures in early.values()) == 1
        assert sum(figures["overdue"] for figures in early.values()) == 0
        assert await recount(here.line, 0, here.clock(), YEAR, Scope()) == {}


@awaited
async def test_a_report_states_its_basis_and_the_command_that_counts_again(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await told(here)
        one = await report(here.line, YEAR, Scope(), "nam.html", "<b>Vũ Bình</b>", "vi")
        page = one.page.decode()
        assert "&lt;b&gt;Vũ Bình" in page and "<script" not in page
        head = await here.line.store.read(queries.ledger_head)
        named = re.search(r"gateway overview recount --period 2026 --entries (\d+) --at (\S+)", page)
        assert named and int(named[1]) == head.size
        await verify_sealed(one.seal, one.page)
        seen = await overview(here.line, YEAR, Scope())
        totals = dict(re.findall(rf'({"|".join(MEASURES)})="(\d+)"', one.seal.decode()))
        assert totals == {measure.value: str(seen.total[measure]) for measure in MEASURES}
        (tmp_path / one.seal_name).write_bytes(one.seal)
        (tmp_path / "seal.pem").write_text(ssl.DER_cert_to_PEM_cert(pki().gateway.der))
        verify = re.search(r"xmlsec1 .*", page)
        assert verify
        if shutil.which("xmlsec1"):  # as the page says it, where it is installed
            done = subprocess.run(verify[0].split(), cwd=tmp_path, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
        english = await report(here.line, YEAR, Scope(level=Level.COMMUNE), "year.html", "x", "en")
        assert "--level commune" in english.page.decode()


async def verify_sealed(seal: bytes, page: bytes) -> None:
    verify_countersigned(seal, pki().gateway.der)
    assert hashlib.sha256(page).hexdigest().encode() in seal


@awaited
async def test_nothing_is_reported_that_is_not_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with town(tmp_path) as here:
        await told(here)
        here.sequencing.cancel()
        await settle(here)  # entries that nobody signs any more
        monkeypatch.setattr(overview_report, "SIGNED_WITHIN_S", 0.1)
        with pytest.raises(Unavailable) as no:
            await report(here.line, YEAR, Scope(), "nam.html", "x", "vi")
        assert no.value.reason is Reason.LEDGER_UNAVAILABLE


@awaited
async def test_the_console_gives_page_and_seal_and_the_ledger_knows_which(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await told(here)
        steering = await (await Visitor(here).enter("binh")).go("/overview?period=2026")
        token = re.search(r'name="token" value="([0-9a-f]+)"', steering.page)
        assert token
        body = f"token={token[1]}&period=2026&agency=&level=&order=".encode()
        cookie = "; ".join(f"{name}={value}" for name, value in steering.cookies.items())
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        status, data, _ = await here.ask("POST", "/console/overview/report", None, data=body, headers=headers)
        assert status == 200
        with zipfile.ZipFile(BytesIO(data)) as packed:
            page, seal = packed.read("tinh-hinh-2026.html"), packed.read("tinh-hinh-2026.html.seal.xml")
            assert packed.read("seal.pem").decode() == ssl.DER_cert_to_PEM_cert(pki().gateway.der)
        await verify_sealed(seal, page)
        entries = [decode(one) for one in await here.line.store.read(queries.entries, 0, 1000)]
        (taken,) = [one for one in entries if one.kind is EntryKind.EXPORT]
        assert (taken["what"], taken["sha256"]) == ("overview_report", hashlib.sha256(page).hexdigest())
        clerk = await (await Visitor(here).enter("lan")).go("/account")
        assert (await clerk.send("/overview/report", period="2026")).status == Reason.PERSON_NOT_ALLOWED.status
