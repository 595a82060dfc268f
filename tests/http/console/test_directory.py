"""The directory's page over a real server: a file sent by one operator, read and approved by another."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from gateway.model.person import Person, Role
from gateway.model.reasons import Reason
from gateway.model.words import text
from gateway.store import queries
from tests.http.console.papers import sent
from tests.http.console.test_check_file import BOUNDARY, KIND
from tests.http.console.visitor import EVERYBODY, Visitor, settle
from tests.http.town import FAR, MINISTRY, PROVINCE, Town, awaited, town

SECOND = Person("binh-hai", "Vũ Bình Hai", frozenset({Role.OPERATOR}))
HEAD = "key,name,ids,parent\n"
RENAMED = f'{HEAD}{PROVINCE},"<b>Tỉnh</b> =1+1",000.00.00.H29,\n{PROVINCE}.9,Sở mới,,{PROVINCE}\n'.encode()
WITHOUT_FAR = f"{HEAD}{MINISTRY},Bộ Kiểm thử,,\n{PROVINCE},Ủy ban nhân dân tỉnh Kiểm thử,000.00.00.H29,\n".encode()


async def operator(here: Town, key: str = "tuan") -> Visitor:
    return await (await Visitor(here).enter(key)).go("/directory")


async def send(visitor: Visitor, file: bytes, name: str = "co-quan.csv", **fields: str) -> Visitor:
    """Send the form with a file, as a browser does."""
    token = re.search(r'name="token" value="([0-9a-f]+)"', visitor.page)
    assert token
    fields = {"token": token[1], "reason": "Nghị quyết số 1", **fields}
    parts = [f'name="{field}"\r\n\r\n{value}'.encode() for field, value in fields.items()]
    parts.append(f'name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'.encode() + file)
    mark = f"--{BOUNDARY}".encode()
    body = (
        b"".join(mark + b"\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + mark + b"--\r\n"
    )
    return await visitor.go("/directory/proposals", method="POST", data=body, **KIND)


def says(visitor: Visitor, key: str, **values: object) -> bool:
    said = html.escape(text("vi", f"console.{key}", **{name: str(value) for name, value in values.items()}))
    return said in visitor.page.replace("&#39;", "&#x27;")


@awaited
async def test_one_sends_a_file_and_another_puts_it_in_force(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here, *EVERYBODY, SECOND)
        before = here.line.directory
        certificates = [one.certificates for one in before.agencies if one.key == PROVINCE]
        first = await send(await operator(here), RENAMED)
        assert first.status == 200
        assert says(first, "directory.own")
        assert says(first, "directory.none_cut_off")
        assert "&lt;b&gt;Tỉnh&lt;/b&gt; =1+1" in first.page and "<b>Tỉnh" not in first.page
        assert here.line.directory is before
        await first.send("/directory/proposals/1/approve", reason="tự duyệt")
        assert first.status == Reason.STATE_CONFLICT.status
        second = await (await operator(here, "binh-hai")).go("/directory/proposals/1")
        await second.send("/directory/proposals/1/approve", reason="")
        assert second.status == Reason.REQUEST_MALFORMED.status
        await second.go("/directory/proposals/1")
        await second.send("/directory/proposals/1/approve", reason="đã đọc")
        assert second.status == 200 and says(second, "directory.approved")
        assert says(second, "act.directory.proposed") and "Nghị quyết số 1" in second.page
        now = here.line.directory
        assert [one.name for one in now.agencies if one.key == PROVINCE] == ["<b>Tỉnh</b> =1+1"]
        assert [one.certificates for one in now.agencies if one.key == PROVINCE] == certificates, "kept as they were"
        assert says(await second.go("/directory"), "directory.act.proposal")


@awaited
async def test_whoever_loses_deliveries_is_named_before_anybody_approves(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await sent(here, "G22.1", (FAR,))
        visitor = await send(await operator(here), WITHOUT_FAR, replacing="1")
        assert says(visitor, "directory.cut_off_what")
        assert says(visitor, "directory.waiting", count=1)
        assert "Cơ quan ở xa" in visitor.page
        await visitor.send("/directory/proposals/1/reject", reason="nhầm tệp")
        assert says(visitor, "directory.rejected")
        assert await here.line.store.read(queries.directory_version) == 1


@pytest.mark.parametrize(
    ("file", "name", "said"),
    [
        (b"\xff\xfe", "a.csv", "directory_file.no_utf8"),
        (b"", "a.csv", "directory_file.no_header"),
        (b"key,name\n,x\n", "a.csv", "directory_file.no_key"),
        (b"key,name,certificates\nG99,x,/etc/passwd\n", "a.csv", "directory_file.certificate_elsewhere"),
        (b"key,name,certificates\nG99,x,../../g99.pem\n", "a.csv", "directory_file.certificate_elsewhere"),
        (b"[" * 100_000, "a.json", "directory_file.no_json"),
        (b'{"agencies": 1}', "a.json", "directory_file.no_list"),
        (b'[{"key": "G99", "name": "x", "parent": "Z"}]', "a.json", "directory_file.nobody"),
    ],
)
def test_a_file_that_is_none_is_told_by_its_lines_and_nothing_is_proposed(
    tmp_path: Path, file: bytes, name: str, said: str
) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            visitor = await send(await operator(here), file, name)
            assert visitor.status == Reason.REQUEST_MALFORMED.status
            start = html.escape(text("vi", said).split("{")[0])
            assert start in visitor.page, visitor.page
            assert await here.line.store.read(queries.proposals, 5) == ()

    play()


@pytest.mark.parametrize("fields", [{"token": "0" * 64}, {"reason": " "}, {"more": "x"}, {"reason": "x" * 5000}])
def test_a_form_that_is_not_ours_is_refused(tmp_path: Path, fields: dict[str, str]) -> None:
    @awaited
    async def play() -> None:
        async with town(tmp_path) as here:
            await settle(here)
            visitor = await send(await operator(here), RENAMED, **fields)
            wanted = Reason.PERSON_NOT_ALLOWED if "token" in fields else Reason.REQUEST_MALFORMED
            assert visitor.status == wanted.status
            assert await here.line.store.read(queries.proposals, 5) == ()

    play()


@awaited
async def test_nobody_but_operators_comes_here(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await settle(here)
        await send(await operator(here), RENAMED)
        for person in EVERYBODY:
            visitor = await Visitor(here).enter(person.key)
            for path in ("/directory", "/directory/proposals/1"):
                status = 200 if person.may(Role.OPERATOR) else Reason.PERSON_NOT_ALLOWED.status
                assert (await visitor.go(path)).status == status, (person.key, path)
        assert (await (await operator(here)).go("/directory/proposals/9")).status == 404
