"""Trying a packet in the console before it is sent: nothing is recorded, whatever comes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.store import queries
from tests.http.console.test_way_in import said
from tests.http.console.visitor import Visitor, settle
from tests.http.town import PROVINCE, Town, awaited, inline, packet, town

BOUNDARY = "----bien-gioi"
KIND = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(*parts: tuple[str, bytes]) -> bytes:
    written = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in parts
    )
    return b"".join(written) + f"--{BOUNDARY}--\r\n".encode()


async def dropped(here: Town, file: bytes, key: str = "lan", token: str | None = None) -> Visitor:
    visitor = await (await Visitor(here).enter(key)).go("/check")
    found = re.search(r'name="token" value="([0-9a-f]+)"', visitor.page)
    assert found
    body = form(("token", (found[1] if token is None else token).encode()), ("file", file))
    return await visitor.go("/check", method="POST", data=body, **KIND)


@awaited
async def test_a_good_packet_would_be_taken_in_and_is_not(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await dropped(here, inline(*packet()))
        assert said(visitor, "console.clerk.check.admitted")
        size = (await here.line.store.read(queries.ledger_head)).size
        await dropped(here, inline(*packet("G22.2", subject="")))
        assert [one for one in await here.line.store.read(queries.entries, 0, 100) if b"kind: accept" in one] == []
        assert (await here.line.store.read(queries.ledger_head)).size == size + 1  # the second entering


@awaited
async def test_what_is_wrong_is_said_with_the_article_of_the_law(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        visitor = await dropped(here, inline(*packet("G22.1", code_number="1")))
        assert said(visitor, "console.clerk.check.refused")
        assert said(
            visitor,
            "console.clerk.report.law",
            law="Nghị định 30/2020/NĐ-CP, Phụ lục I, Phần I, mục II, khoản 3, điểm c; quy tắc TT-204",
        )
        advice = re.findall(r"<p><bdi>(.*?)</bdi></p>", visitor.page)
        assert len(advice) == len(set(advice)), "no advice is given twice"
        visitor = await dropped(here, inline(*packet(sender=PROVINCE, to=("G22.00.00",))))
        assert said(visitor, "console.clerk.check.refused"), "another's packet in the name of one's own agency"


@pytest.mark.parametrize("file", [b"", b"<a", b"\x00" * 100, b"<a>" * 5000, "<văn-bản/>".encode()])
def test_what_is_no_packet_is_explained_and_not_an_error(tmp_path: Path, file: bytes) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            visitor = await dropped(here, file)
            assert visitor.status == 200
            assert said(visitor, "console.clerk.check.refused")

    play()


@awaited
async def test_a_form_without_its_token_is_not_read(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        assert (await dropped(here, inline(*packet()), token="0" * 64)).status == 403
        visitor = await dropped(here, b"")
        for body in (form(("file", b"x")), form(("token", b"x"), ("token", b"x")), b"nothing", form()):
            await visitor.go("/check", method="POST", data=body, **KIND)
            assert visitor.status in {400, 403}
        assert (await visitor.go("/check", method="POST", data=b"a=1")).status == 415
        assert (await (await Visitor(here).enter("minh")).go("/check")).status == 403
