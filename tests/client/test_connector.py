"""The folder connector: real files, a real gateway, and everything a shared folder does to a program."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.client import GatewayClient, JournalTaken, Parts, Patience
from gateway.client.connector import Connector, Settings, SettingsFault, example, load, outbox, shelf
from gateway.client.connector.outbox import Outbox, Unsendable, is_finished, source_of
from gateway.edxml import Limits
from tests.client.test_gateway import client
from tests.http.town import DEPARTMENT, MINISTRY, PROVINCE, TOKENS, Town, awaited, inline, packet, town

TRIES = Patience(first_s=0.05, most_s=0.1)


def settings(folder: Path, here: Town, peer: str) -> Settings:
    return Settings(url=here.url, token=TOKENS[peer], folder=str(folder), look_s=0.02, settled_s=0.05)


@asynccontextmanager
async def connected(folder: Path, here: Town, peer: str = "bo") -> AsyncIterator[list[tuple[str, dict[str, object]]]]:
    """A connector at work; what it told."""
    told: list[tuple[str, dict[str, object]]] = []
    async with GatewayClient(here.url, token=TOKENS[peer], patience=Patience(attempts_max=1)) as gateway:
        with Connector(
            gateway, settings(folder, here, peer), lambda key, /, **values: told.append((key, values)), TRIES, 0.05
        ) as one:
            running = asyncio.create_task(one.run())
            try:
                yield told
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)


async def until(holds: Callable[[], object]) -> None:
    while not holds():
        await asyncio.sleep(0.01)


def files(folder: Path) -> set[str]:
    return {
        str(one.relative_to(folder)) for one in folder.rglob("*") if not one.is_dir() and ".connector" not in one.parts
    }


def drop(folder: Path, name: str, content: bytes) -> Path:
    path = folder / "outbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def beside(folder: Path, number: int = 1) -> bytes:
    """A packet's folder: the envelope and its attachment; gives the field's file of the same."""
    skeleton, attachments = packet(f"G22.{number}")
    drop(folder, "công văn 7816/packet.edxml", skeleton)
    drop(folder, "công văn 7816/giấy mời.pdf", attachments[0][1])
    return inline(skeleton, attachments)


@awaited
async def test_a_file_in_one_outbox_becomes_a_folder_in_the_other_inbox_and_news_of_it_come_back(
    tmp_path: Path,
) -> None:
    ministry, province = tmp_path / "bộ", tmp_path / "tỉnh"
    async with town(tmp_path) as here, connected(ministry, here) as told, connected(province, here, "tinh"):
        file = inline(*packet(to=(PROVINCE, DEPARTMENT)))
        drop(ministry, "7816.edxml", file)
        await until(lambda: len(list((province / "inbox").glob("*/delivery.json"))) == 2)
        await until(lambda: sum("acknowledged" in one for one in files(ministry / "news")) == 2)
        assert files(ministry / "outbox") == set()
        assert files(ministry / "sent") == {"7816.edxml", "7816.receipt.xml"}
        assert (ministry / "sent" / "7816.edxml").read_bytes() == file
        folder = next(one for one in (province / "inbox").iterdir())
        assert folder.name.startswith("7816-BKT-VP.")
        assert (folder / "packet.edxml").read_bytes() == file
        assert (folder / "attachments" / "giấy mời.pdf").read_bytes() == b"%PDF-1.7 noi dung"
        facts = json.loads((folder / "delivery.json").read_text(encoding="utf-8"))
        assert facts["sender"] == MINISTRY and facts["attachments"][0]["file"] == "attachments/giấy mời.pdf"
        async with client(here) as gateway:
            seen = await gateway.status(facts["dispatch_id"])
        assert {one.status for one in seen.deliveries} == {"acknowledged"}
        news = json.loads(next((ministry / "news").glob("*.acknowledged.json")).read_text(encoding="utf-8"))
        assert news["code"] == "7816/BKT-VP" and news["dispatch_id"] == facts["dispatch_id"]
        assert files(province / "news") == set(), "what it receives is no news of what it sent"
        assert "connector.sent" in [key for key, _ in told]


@awaited
async def test_a_folder_and_a_zip_are_the_packet_with_its_attachments_beside_it(tmp_path: Path) -> None:
    ministry = tmp_path / "bộ"
    async with town(tmp_path) as here, connected(ministry, here):
        first = beside(ministry, 1)
        skeleton, attachments = packet("G22.2")
        with zipfile.ZipFile(tmp_path / "x", "w") as archive:
            archive.writestr("p.edxml", skeleton)
            archive.writestr(attachments[0][0], attachments[0][1])  # by its content id
        (tmp_path / "x").rename(ministry / "outbox" / "hai.zip")
        await until(lambda: len(list((ministry / "sent").glob("*.receipt.xml"))) == 2)
        await until(lambda: not list((ministry / "outbox").iterdir()))
        assert (ministry / "sent" / "công văn 7816" / "packet.edxml").exists()
        async with client(here) as gateway:
            assert (await gateway.submit(first)).repeated, "the same packet as the field's file"
            assert (await gateway.submit(inline(skeleton, attachments))).repeated


@awaited
async def test_what_is_refused_comes_back_with_words_for_people_and_findings_for_programs(tmp_path: Path) -> None:
    ministry = tmp_path / "bộ"
    async with town(tmp_path) as here, connected(ministry, here):
        file = inline(*packet(to=("G00.00.00",)))
        drop(ministry, "nhầm.edxml", file)
        await until((ministry / "refused" / "nhầm.edxml").exists)
        words = (ministry / "refused" / "nhầm.refused.txt").read_text(encoding="utf-8")
        assert "G00.00.00" in words and "Mã" in words
        facts = json.loads((ministry / "refused" / "nhầm.refused.json").read_text(encoding="utf-8"))
        assert facts["findings"][0]["reason"] == "authority.unknown_addressee"
        assert (ministry / "refused" / "nhầm.edxml").read_bytes() == file


@awaited
async def test_a_status_file_tells_the_sender_what_was_done(tmp_path: Path) -> None:
    province = tmp_path / "tỉnh"
    async with town(tmp_path) as here, client(here) as ministry, connected(province, here, "tinh"):
        accepted = await ministry.submit(inline(*packet()))
        await until(lambda: list((province / "inbox").glob("*/delivery.json")))
        (facts,) = (province / "inbox").glob("*/delivery.json")
        said = {
            "delivery": json.loads(facts.read_text("utf-8"))["delivery_id"],
            "code": "03",
            "description": "Đã vào sổ",
        }
        drop(province, "đã nhận.status", json.dumps(said).encode())
        await until((province / "sent" / "đã nhận.receipt.xml").exists)
        (delivery,) = (await ministry.status(accepted.dispatch_id)).deliveries
        assert delivery.processing is not None
        assert (delivery.processing.code, delivery.processing.description) == ("03", "Đã vào sổ")
        drop(province, "a.status", b"03")
        drop(province, "b.status", json.dumps(said | {"delivery": "01AAAAAAAAAAAAAAAAAAAAAAAA"}).encode())
        await until(lambda: len(list((province / "refused").glob("*.txt"))) == 2)
        assert "JSON" in (province / "refused" / "a.refused.txt").read_text("utf-8")


@awaited
async def test_nothing_is_written_over(tmp_path: Path) -> None:
    ministry = tmp_path / "bộ"
    async with town(tmp_path) as here, connected(ministry, here):
        for number in (1, 2):
            drop(ministry, "vanban.edxml", inline(*packet(f"G22.{number}")))
            await until(lambda: not files(ministry / "outbox"))
        (ministry / "sent" / "vanban (3).receipt.xml").write_text("somebody else's")
        drop(ministry, "vanban.edxml", inline(*packet("G22.3")))
        await until(lambda: not files(ministry / "outbox"))
        assert files(ministry / "sent") == {
            "vanban.edxml", "vanban.receipt.xml", "vanban (2).edxml", "vanban (2).receipt.xml",
            "vanban (3).receipt.xml", "vanban (4).edxml", "vanban (4).receipt.xml",
        }  # fmt: skip
        assert (ministry / "sent" / "vanban (3).receipt.xml").read_text() == "somebody else's"


@awaited
async def test_the_same_again_is_sent_without_effect_and_filed(tmp_path: Path) -> None:
    ministry = tmp_path / "bộ"
    async with town(tmp_path) as here, connected(ministry, here):
        for name in ("a.edxml", "b.edxml"):
            drop(ministry, name, inline(*packet()))
        await until(lambda: not files(ministry / "outbox"))
        receipts = {one.read_bytes() for one in (ministry / "sent").glob("*.receipt.xml")}
        assert len(receipts) == 1


@awaited
async def test_links_and_devices_come_back_and_are_not_followed(tmp_path: Path) -> None:
    ministry = tmp_path / "bộ"
    secret = tmp_path / "secret.edxml"
    secret.write_bytes(inline(*packet()))
    async with town(tmp_path) as here, connected(ministry, here):
        (ministry / "outbox" / "link.edxml").symlink_to(secret)
        os.mkfifo(ministry / "outbox" / "pipe.edxml")
        skeleton, _ = packet("G22.9")
        drop(ministry, "folder/p.edxml", skeleton)
        (ministry / "outbox" / "folder" / "giấy mời.pdf").symlink_to(secret)
        await until(lambda: not list((ministry / "outbox").iterdir()))
        assert {one.name for one in (ministry / "refused").glob("*.txt")} == {
            "link.refused.txt", "pipe.refused.txt", "folder.refused.txt",
        }  # fmt: skip
        assert secret.exists()
        async with client(here) as gateway:
            assert await gateway.find("G22.9") == ()


@awaited
async def test_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    ministry = tmp_path / "bộ"
    async with town(tmp_path) as here, connected(ministry, here) as told:
        name = os.fsdecode(b"v\xffn\nb\xe1n.edxml")
        drop(ministry, name, inline(*packet(to=("G00.00.00",))))
        await until(lambda: any(key == "connector.refused" for key, _ in told))
        assert (ministry / "refused" / name).exists()
        (line,) = [values for key, values in told if key == "connector.refused"]
        str(line["name"]).encode()


@awaited
async def test_an_outage_is_waited_out_and_said(tmp_path: Path) -> None:
    ministry = tmp_path / "bộ"
    async with town(tmp_path) as here:
        here.line.state.disk_full = True
        async with connected(ministry, here) as told:
            drop(ministry, "a.edxml", inline(*packet()))
            await until(lambda: any(key == "connector.not_sent" for key, _ in told))
            assert files(ministry) >= {"outbox/a.edxml"} and not files(ministry / "refused")
            here.line.state.disk_full = False
            await until((ministry / "sent" / "a.edxml").exists)


@awaited
async def test_a_token_that_is_none_sends_nothing_back_to_the_clerk(tmp_path: Path) -> None:
    ministry = tmp_path / "bộ"
    async with town(tmp_path) as here:
        told: list[str] = []
        wrong = settings(ministry, here, "bo")
        async with client(here, "bo") as gateway:
            gateway._wire._session.headers["Authorization"] = "Bearer nobody"
            with Connector(gateway, wrong, lambda key, /, **_: told.append(key), TRIES, 0.05) as one:
                running = asyncio.create_task(one.run())
                drop(ministry, "a.edxml", inline(*packet()))
                await until(lambda: {"connector.not_sent", "connector.again"} <= set(told))
                running.cancel()
        assert files(ministry) == {"outbox/a.edxml"}


@awaited
async def test_a_full_disk_acknowledges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    province = tmp_path / "tỉnh"
    full, write = [True], shelf.write

    def no_room(path: Path, content: bytes) -> None:
        if full[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write(path, content)

    monkeypatch.setattr(shelf, "write", no_room)
    async with town(tmp_path) as here, client(here) as ministry, connected(province, here, "tinh") as told:
        accepted = await ministry.submit(inline(*packet()))
        await until(lambda: any(key == "connector.left" for key, _ in told))
        assert (await ministry.status(accepted.dispatch_id)).deliveries[0].status == "delivered"
        assert not list((province / "inbox").iterdir())
        full[0] = False
        await until(lambda: list((province / "inbox").glob("*/delivery.json")))


@pytest.mark.crash
@awaited
async def test_killed_at_any_moment_nothing_is_lost_or_sent_twice(tmp_path: Path) -> None:
    """SIGKILL at ever later moments of its work, until everything has come through; then each is there once."""
    folder, count = tmp_path / "bộ", 5
    async with town(tmp_path) as here:
        config = tmp_path / "connector.toml"
        config.write_text(
            f'url = "{here.url}"\ntoken = "{TOKENS["tinh"]}"\nfolder = "bộ"\nlook_s = 0.02\nsettled_s = 0.01\n'
        )
        command = (sys.executable, "-m", "tests.client.connecting", str(config))
        (folder / "outbox").mkdir(parents=True)
        sent = {}
        for number in range(count):
            sent[f"{number}.edxml"] = inline(*packet(f"H29.{number}", to=(MINISTRY,), sender=PROVINCE))
            drop(folder, f"{number}.edxml", sent[f"{number}.edxml"])
        async with client(here) as ministry:
            came = {(await ministry.submit(inline(*packet(f"G22.{number}")))).dispatch_id for number in range(count)}
            for cycle in range(40):
                child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
                assert child.stdout is not None
                assert await child.stdout.readline() == b"working\n"
                await asyncio.sleep(0.04 * (cycle + 1))
                child.send_signal(signal.SIGKILL)
                await child.wait()
                if not list((folder / "outbox").iterdir()) and len(list((folder / "inbox").iterdir())) == count:
                    break
            got = [json.loads(one.read_text(encoding="utf-8")) for one in (folder / "inbox").glob("*/delivery.json")]
            assert sorted(one["dispatch_id"] for one in got) == sorted(came)
            assert {one.name: one.read_bytes() for one in (folder / "sent").glob("*.edxml")} == sent
            assert len(list((folder / "sent").glob("*.receipt.xml"))) == count
            assert len(await ministry.waiting()) == count, "each was admitted once"


def test_one_folder_is_one_connectors(tmp_path: Path) -> None:
    one = Settings(url="http://127.0.0.1:9", folder=str(tmp_path))

    def tell(key: str, /, **_: object) -> None: ...

    with Connector(None, one, tell), pytest.raises(JournalTaken):  # type: ignore[arg-type]
        Connector(None, one, tell)  # type: ignore[arg-type]


def test_half_written_files_are_left_alone(tmp_path: Path) -> None:
    box, file = Outbox(tmp_path, settled_s=5.0), inline(*packet())
    (tmp_path / "a.edxml").write_bytes(file[:100])
    for hidden in (".b.edxml", "~c.edxml", "d.edxml.tmp", "e.docx", "f.part"):
        (tmp_path / hidden).write_bytes(file)
    assert box.settled(0.0) == []
    assert box.settled(4.0) == []
    (tmp_path / "a.edxml").write_bytes(file[:200])
    assert box.settled(6.0) == [], "it grew"
    assert box.settled(11.0) == [(tmp_path / "a.edxml", 5.0)]
    assert not is_finished(tmp_path / "a.edxml", 5.0), "its root is not closed"
    with pytest.raises(Unsendable, match="unfinished"):
        is_finished(tmp_path / "a.edxml", outbox.UNFINISHED_S)
    (tmp_path / "a.edxml").write_bytes(file)
    assert is_finished(tmp_path / "a.edxml", 5.0)


def zipped(path: Path, rows: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in rows:
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["p.edxml", "../../etc/passwd"], "zip_path"),
        (["p.edxml", "/etc/passwd"], "zip_path"),
        (["p.edxml", "a\\b"], "zip_path"),
        (["p.edxml", "C:x"], "zip_path"),
        (["p.edxml", "sub/"], "zip_path"),
        (["p.edxml", *(f"{n}.pdf" for n in range(40))], "zip_limit"),
        (["p.edxml", "q.edxml"], "one_packet"),
        (["a.pdf"], "one_packet"),
        (["p.edxml"], ""),
        (["p.edxml", "giấy mời.pdf", "thừa.pdf"], "stranger"),
        (["p.edxml", "khác.pdf"], "absent"),
    ],
)
def test_an_archive_gives_its_packet_or_a_reason(tmp_path: Path, names: list[str], fault: str) -> None:
    skeleton, _ = packet(sealed=False)
    archive = zipped(tmp_path / "x.zip", [(one, skeleton if one.endswith("edxml") else b"x") for one in names])
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    if not fault:
        assert source_of(archive, unpacked, Limits()) == unpacked / "p.edxml"
        return
    with pytest.raises(Unsendable, match=fault):
        source_of(archive, unpacked, Limits())
    assert {one.parent for one in tmp_path.rglob("*")} <= {tmp_path, unpacked}


def test_a_bomb_is_told_by_what_it_says_it_holds(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "x.zip", [("p.edxml", b"x" * 10_000), ("q", b"y" * 10_000)])
    with pytest.raises(Unsendable, match="zip_limit"):
        source_of(archive, tmp_path, Limits(body_bytes_max=10_000))


def test_a_folder_names_its_attachments_as_the_envelope_does(tmp_path: Path) -> None:
    skeleton, attachments = packet(attachments=(("a.pdf", b"1"), ("b.pdf", b"2")), sealed=False)
    (tmp_path / "p.edxml").write_bytes(skeleton)
    (tmp_path / "b.pdf").write_bytes(b"2")
    (tmp_path / "tep-1").write_bytes(b"1")
    source = source_of(tmp_path, tmp_path, Limits())
    assert isinstance(source, Parts)
    assert [(name, Path(one).read_bytes()) for name, one in source.attachments] == list(attachments)
    (tmp_path / "p.edxml").write_bytes(inline(skeleton, attachments))
    with pytest.raises(Unsendable, match="both"):
        source_of(tmp_path, tmp_path, Limits())


def test_a_name_taken_by_something_else_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a"
    shelf.write(path, b"1")
    shelf.write(path, b"1")
    with pytest.raises(FileExistsError):
        shelf.write(path, b"2")
    assert path.read_bytes() == b"1" and [one.name for one in tmp_path.iterdir()] == ["a"]
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        shelf.write(path, b"2")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileExistsError):
        shelf.move(tmp_path / "b", path)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_example_is_a_configuration(tmp_path: Path, lang: str) -> None:
    (tmp_path / "connector.toml").write_text(example(lang), encoding="utf-8")
    assert load(tmp_path / "connector.toml").root == tmp_path


@pytest.mark.parametrize("line", ["ulr = 1", "url = 3", "url = 'x'\nlook_s = 0", "url = 'x'\nlanguage = 'fr'", "=", ""])
def test_a_configuration_that_cannot_be_meant_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "c.toml").write_text(line, encoding="utf-8")
    with pytest.raises(SettingsFault, match=r"c\.toml"):
        load(tmp_path / "c.toml")
