"""The page of a case: in both languages, of itself alone, and deaf to what a packet would make it say."""

from __future__ import annotations

import re

from lxml import html

from gateway.ledger.archive import unpack
from gateway.ledger.evidence import ANSWER_EVIDENCE, STATUS_EVIDENCE
from gateway.ledger.page import SHOWN, page
from gateway.model.lifecycle import ChangeKind
from gateway.model.words import LANGUAGES, text
from tests.ledger.cases import whole, written

APART = {"mimetype", "page.html", "META-INF/manifest.xml", "META-INF/signatures.xml"}


def members() -> dict[str, bytes]:
    return {name: data for name, data in unpack(written(whole())).items() if name not in APART}


def test_it_tells_the_story_in_both_languages() -> None:
    said = page(members()).decode()
    for fact in ("7816/VPCP-TTĐT", "Văn phòng Chính phủ", "Sở Nội vụ tỉnh Nghệ An", "23/11/2026 15:00:01 (UTC+7)"):
        assert said.count(fact) >= 2, fact
    assert said.index('id="vi"') < said.index('id="en"')
    assert "Hệ thống của nơi nhận đã lấy văn bản" in said and "confirmed that it stored the document" in said


def test_it_loads_nothing_and_runs_nothing() -> None:
    said = page(members()).decode()
    tree = html.fromstring(said)
    assert not tree.xpath("//script | //link | //img | //iframe | //object | //@src | //@onload | //@onclick")
    assert all(target.startswith("#") for target in tree.xpath("//@href"))
    assert not re.search(r"url\(|@import|https?://", said)
    assert "default-src 'none'" in said


def test_what_a_packet_says_is_shown_and_never_obeyed() -> None:
    inside = members()
    evil = "</td><script>alert(1)</script>"
    escaped = evil.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    envelope = inside["packet/envelope.edxml"].decode()
    inside["packet/envelope.edxml"] = envelope.replace("Nguyễn Văn An", escaped).encode()
    said = page(inside).decode()
    assert "<script" not in said
    assert escaped in said


def test_the_same_members_give_the_same_page() -> None:
    assert page(members()) == page(dict(reversed(members().items())))


def test_a_member_that_cannot_be_read_makes_a_poorer_page_and_no_error() -> None:
    for name in ("receipt.xml", "packet/envelope.edxml"):
        assert page({**members(), name: b"?"})


def test_every_kind_and_code_it_shows_has_its_words() -> None:
    codes = {*STATUS_EVIDENCE, *ANSWER_EVIDENCE, *(kind.relation for kind in ChangeKind), "deferred", "interrupted"}
    for lang in LANGUAGES:
        assert all(text(lang, f"page.kind.{kind}") for kind in SHOWN)
        assert all(text(lang, f"page.code.{code}") for code in codes)
