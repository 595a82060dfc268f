"""The way into the console: over a real server, by forms, as a browser without scripts sends them."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger import EntryKind, decode
from gateway.model.reasons import Reason
from gateway.model.words import text
from gateway.store import queries
from tests.http.console.visitor import AUDITOR, FORM, LAN, PASSWORD, Visitor, settle
from tests.http.town import Town, awaited, town


def said(visitor: Visitor, key: str, lang: str = "vi", **values: str) -> bool:
    """Whether the page has the sentence of a key."""
    return html.escape(text(lang, key, **values)) in visitor.page.replace("&#39;", "&#x27;")


@awaited
async def test_whoever_comes_is_asked_to_enter_and_then_led_where_they_wanted(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).go("/account?x=1")
        assert visitor.status == 200
        assert 'name="then" value="/account?x=1"' in visitor.page
        await visitor.send("/enter", key="lan", password=PASSWORD, then="/account?x=1")
        assert said(visitor, "console.account.password")
        assert LAN.name in visitor.page
        assert (await visitor.go("/enter?then=/account")).page.count(LAN.name) >= 2


@awaited
async def test_a_wrong_password_is_said_and_the_name_stays_in_the_form(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).enter("lan", "sai")
        assert visitor.status == Reason.PERSON_NOT_LET_IN.status
        assert said(visitor, "reason.person.not_let_in.detail")
        assert 'value="lan"' in visitor.page
        assert "truc" not in visitor.cookies
        for _ in range(4):
            await visitor.enter("lan", "sai")
        assert (await visitor.enter("lan")).status == Reason.PERSON_NOT_LET_IN.status
        here.clock.pass_(seconds=61)
        assert (await visitor.enter("lan")).status == 200


@awaited
async def test_leaving_ends_the_session_for_a_thief_of_the_cookie_too(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await (await Visitor(here).enter("lan")).go("/account")
        thief = Visitor(here, dict(visitor.cookies))
        assert LAN.name in (await thief.go("/account")).page
        await visitor.send("/leave")
        assert said(visitor, "console.enter.lead")
        assert said(await thief.go("/account"), "console.enter.lead")
        entries = [decode(one) for one in await here.line.store.read(queries.entries, 0, 100)]
        assert [one["outcome"] for one in entries if one.kind is EntryKind.LOGIN] == ["let_in", "left"]


@awaited
async def test_a_cookie_of_somebody_elses_making_is_nobodys(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        fixed = Visitor(here, {"truc": "chosen-by-a-thief"})
        await fixed.enter("lan")
        assert fixed.cookies["truc"] != "chosen-by-a-thief"
        assert said(await Visitor(here, {"truc": "chosen-by-a-thief"}).go("/account"), "console.enter.lead")


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        ("", {}),
        ("0" * 64, {}),
        (None, {"Origin": "https://elsewhere.example"}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_a_form_from_elsewhere_does_nothing(tmp_path: Path, token: str | None, headers: dict[str, str]) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            visitor = await (await Visitor(here).enter("lan")).go("/account")
            found = re.search(r'name="token" value="([0-9a-f]+)"', visitor.page)
            assert found
            body = f"token={found[1] if token is None else token}".encode()
            await visitor.go("/leave", method="POST", data=body, **headers)
            assert visitor.status == Reason.PERSON_NOT_ALLOWED.status
            assert LAN.name in (await visitor.go("/account")).page
            assert await refusals(here) == [("refused.form", "console_leave")]

    play()


@awaited
async def test_a_new_password_takes_the_place_of_the_old_and_ends_every_session(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await (await Visitor(here).enter("lan")).go("/account")
        fresh = "một câu dài khác nữa"
        for old, new, again, wrong in (
            ("sai", fresh, fresh, "proof"),
            (PASSWORD, fresh, "khác", "again"),
            (PASSWORD, "ngắn", "ngắn", "too_short"),
            (PASSWORD, "lan lan lan lan", "lan lan lan lan", "own_name"),
            (PASSWORD, "ababababababab", "ababababababab", "few_characters"),
            (PASSWORD, "M@tKhau-Vanthu2026", "M@tKhau-Vanthu2026", "common"),
            (PASSWORD, "Bộ Kiểm thử 2026", "Bộ Kiểm thử 2026", "around"),
            (PASSWORD, "contortionist", "contortionist", "leaked"),
            (PASSWORD, fresh * 20, fresh * 20, "too_long"),
        ):
            await visitor.send("/account", old=old, new=new, again=again)
            assert visitor.status == 422
            assert said(visitor, f"console.account.fault.{wrong}", chars="12")
        await visitor.send("/account", old=PASSWORD, new=fresh, again=fresh)
        assert said(visitor, "console.enter.lead")
        assert (await visitor.enter("lan")).status == Reason.PERSON_NOT_LET_IN.status
        assert (await visitor.enter("lan", fresh)).status == 200


@awaited
async def test_each_speaks_their_language_and_may_choose_another_on_this_machine(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = Visitor(here, language="en-GB,en;q=0.9")
        assert said(await visitor.go("/enter"), "console.enter.lead", "en")
        await visitor.enter("lan")
        assert '<html lang="vi">' in visitor.page
        await visitor.send("/speak", lang="en", then="/account")
        assert said(visitor, "console.account.password", "en")
        await visitor.send("/speak", lang="fr", then="//elsewhere.example/")
        assert visitor.status == 200
        assert '<html lang="en">' in visitor.page
        elsewhere = await Visitor(here, language="vi").enter("lan")
        assert '<html lang="en">' in elsewhere.page


@awaited
async def test_no_page_is_kept_framed_or_allowed_to_run_what_is_not_ours(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).enter("minh")
        for path in ("/account", "/enter", "/nowhere", "/static/nothing.js"):
            headers = (await visitor.go(path)).headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Content-Type-Options"] == "nosniff"
        assert not re.search(r"<script(?![^>]*src=)|\son[a-z]+=|style=", visitor.page)
        assert AUDITOR.name in visitor.page


@awaited
async def test_what_is_not_there_is_said_in_a_page(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        visitor = await Visitor(here).go("/khong-co")
        assert visitor.status == 404
        assert said(visitor, "reason.request.not_found.title")
        style = re.search(r'href="/console(/static/console-[0-9a-f]{16}\.css)"', visitor.page)
        assert style
        await visitor.go(style[1])
        assert visitor.status == 200
        assert visitor.headers["Content-Type"] == "text/css; charset=utf-8"
        assert "immutable" in visitor.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("application/json", b"{}", Reason.CONTENT_TYPE),
        (FORM["Content-Type"], b"key=%ff&password=x", Reason.REQUEST_MALFORMED),
        (FORM["Content-Type"], b"&".join(b"a=1" for _ in range(300)), Reason.REQUEST_MALFORMED),
        (FORM["Content-Type"], b"key=" + b"x" * 70_000, Reason.BODY_TOO_LARGE),
        (FORM["Content-Type"], b"", Reason.PERSON_NOT_LET_IN),
    ],
)
def test_a_broken_form_is_refused_with_its_reason(
    tmp_path: Path, kind: str, body: bytes, reason: Reason, log_lines: list[Any]
) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            visitor = await Visitor(here).go("/enter", method="POST", data=body, **{"Content-Type": kind})
            assert visitor.status == reason.status
            assert "<html" in visitor.page

    play()
    assert log_lines[-1]["reason"] == reason.value


@awaited
async def test_words_somebody_wrote_are_shown_as_words(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        evil = '"><script>alert(1)</script>'
        visitor = await Visitor(here).enter(evil, "sai")
        assert "<script>alert" not in visitor.page
        await visitor.go("/enter?then=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
        assert "<script>alert" not in visitor.page


async def refusals(here: Town) -> list[tuple[str, str]]:
    """What people inside were refused, as the ledger has it: why, and what."""
    entries = [decode(one) for one in await here.line.store.read(queries.entries, 0, 100)]
    acts = [(one["action"], one["subject"]) for one in entries if one.kind is EntryKind.OPERATOR]
    return [(action, subject) for action, subject in acts if action.startswith("refused.")]


@awaited
async def test_what_somebody_was_refused_is_in_the_ledger_and_before_the_auditor(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        clerk = await Visitor(here).enter("lan")
        assert (await clerk.go("/health")).status == Reason.PERSON_NOT_ALLOWED.status
        await clerk.go("/account")
        assert (await clerk.send(f"/documents/{'0' * 26}/recall", delivery="x", words="Gửi nhầm")).status == 404
        assert (await clerk.go(f"/documents/{'0' * 26}")).status == 404
        assert await refusals(here) == [("refused.role", "console_health"), ("refused.unknown", "console_recall")]
        auditor = await (await Visitor(here).enter("minh")).go("/acts?by=lan")
        assert said(auditor, "console.act.refused.role")
        assert said(auditor, "console.act.refused.unknown")


@awaited
async def test_what_is_refused_again_and_again_does_not_fill_the_ledger(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).enter("lan")
        for _ in range(5):
            await visitor.go("/health")
        await visitor.go("/peers")
        assert await refusals(here) == [("refused.role", "console_health"), ("refused.role", "console_peers")]
        here.clock.pass_(seconds=61)
        await visitor.go("/health")
        assert (await refusals(here))[2:] == [("refused.role", "console_health")]


@awaited
async def test_a_page_left_open_keeps_no_session_alive(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).enter("lan")
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())}
        for _ in range(3):  # its stream comes again, and it fetches itself anew
            here.clock.now += timedelta(minutes=9)
            async with here.session.get(f"{here.url}/console/live", headers=cookies) as answer:
                assert answer.status == 200
            assert LAN.name in (await visitor.go("/today", method="GET", data=None, **{"X-Live": "1"})).page
        here.clock.now += timedelta(minutes=9)
        async with here.session.get(f"{here.url}/console/live", headers=cookies) as answer:
            assert answer.status == Reason.PERSON_NOT_LET_IN.status
        assert said(await visitor.go("/today"), "console.enter.lead")


@awaited
async def test_a_session_ends_when_it_is_not_used(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await Visitor(here).enter("lan")
        here.clock.now += timedelta(minutes=31)
        assert said(await visitor.go("/account"), "console.enter.lead")
