"""Nasty strings on the pages of clerks and auditors: what is asked, what is written into forms, what documents say. No
page fails, none runs or hides anything, and none is broken out of."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.exchange.indexing import index_more
from gateway.model.refusal import Refused
from tests.http.axis.places import file, lenient
from tests.http.console.papers import delivery_of, fetched
from tests.http.console.visitor import Visitor, settle
from tests.http.town import FILE, Town, awaited, town
from tests.vectors.naughty import FORBIDDEN, STRINGS

NAUGHTY = {**STRINGS, **{f"forbidden {name}": text for name, text in FORBIDDEN.items()}}
ASKED = {
    "lan": ("/search?q={}", "/search?other={}", "/today?agency={}", "/books?year={}"),
    "minh": ("/dispatches?q={}", "/dispatches?agency={}", "/anomalies?since={}&until={}", "/acts?by={}"),
}
ONCE = re.compile(r"<script src=[^>]*></script>")
"""What our own pages begin: files, never words."""


def sound(visitor: Visitor, name: str) -> None:
    """The page is whole: nothing of what was written became markup, and nothing that turns the line around is bare."""
    assert visitor.status < 500, name
    page = ONCE.sub("", visitor.page)
    for mark in ("<script>alert", "<img src=x", "<svg/onload", "' onmouseover='alert", "</style><style>"):
        assert mark not in page, (name, mark)
    assert page.count("<html") == page.count("</html>") == 1, name


def encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass")[:600], safe="")


@pytest.mark.parametrize("key", sorted(ASKED))
def test_whatever_is_asked_for_is_answered_with_a_page(tmp_path: Path, key: str) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            visitor = await Visitor(here).enter(key)
            for place, (name, text) in enumerate(NAUGHTY.items()):
                path = ASKED[key][place % len(ASKED[key])]
                sound(await visitor.go(path.replace("{}", encoded(text))), f"{name} {path}")

    play()


async def said_in_documents(here: Town) -> list[tuple[str, str]]:
    """Documents whose subjects are nasty, as far as the door lets them in: dispatch and subject."""
    lenient(here)
    kept = []
    for number, text in enumerate(STRINGS.values()):
        try:
            data = file(
                sealed=False, attachments=(), document_id=f"G22.{number}", subject=text, code_number=str(100 + number)
            )
        except Refused:  # our own writer would not write it
            continue
        status, answer, _ = await here.ask("POST", "/v1/packets", data=data, headers=FILE)
        if status == 201:
            kept.append((str(json.loads(answer)["dispatch_id"]), text))
    while await index_more(here.line):
        pass
    return kept


@awaited
async def test_what_documents_say_is_shown_as_text_on_every_page(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        kept = await said_in_documents(here)
        assert len(kept) > 30
        lan, minh = await Visitor(here).enter("lan"), await Visitor(here).enter("minh")
        for path in ("/today", "/search?way=sent", "/books?book=outgoing", "/books?book=outgoing&print=1"):
            sound(await lan.go(path), path)
        await lan.go("/books.csv?book=outgoing")
        cells = [cell for line in lan.page.splitlines() for cell in re.findall(r'(?:^|,)("?)([=+@-])', line)]
        assert cells == [], "no cell begins a formula"
        for dispatch, text in kept[::4]:
            sound(await lan.go(f"/documents/{dispatch}"), text)
            assert html.escape(" ".join(text.split())[:20]) in " ".join(lan.page.replace("&#39;", "&#x27;").split()), (
                text
            )
            await minh.go(f"/dispatches/{dispatch}")
            sound(await minh.send(f"/dispatches/{dispatch}/content", reason="thử"), text)


@awaited
async def test_what_is_written_into_forms_is_kept_as_words_or_refused(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        kept = await said_in_documents(here)
        minh = await Visitor(here).enter("minh")
        hoa = await Visitor(here).enter("hoa")
        dispatch, _ = kept[0]
        delivery = await delivery_of(here, dispatch)
        await fetched(here, delivery)
        for place, (name, text) in enumerate(STRINGS.items()):
            if place % 3 == 0:
                await hoa.go(f"/documents/{dispatch}")
                sound(await hoa.send(f"/documents/{dispatch}/status", delivery=delivery, code="05", words=text), name)
            elif place % 3 == 1:
                await minh.go("/dispatches")
                sound(await minh.send("/dispatches", words=text, reason=text), name)
        sound(await minh.go("/acts"), "acts")
        sound(await hoa.go(f"/documents/{dispatch}"), "document")
