"""`gateway fsck`: what it says, to a person and to a program, and what it ends with."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import config
from gateway.app import open_line
from gateway.edxml import Cutter
from gateway.store import NewAttachment, PutDirectory
from tests.cli.command import done, gateway
from tests.exchange.conftest import file_of
from tests.http.town import directory
from tests.pki import NOW, pki
from tests.store.samples import admit, sha256

LARGE = b"%PDF-1.7 " + os.urandom(100_000)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A gateway that has taken in one document with a large and a small attachment."""
    folder = tmp_path / "nha"
    done("init", folder, "--origin", "truc.test/so-cai")
    (folder / "root.pem").write_bytes(pki().root.pem)
    file = folder / config.FILE_NAME
    file.write_text(file.read_text().replace("anchors = []", 'anchors = ["root.pem"]', 1))

    async def live() -> None:
        async with open_line(config.load(file), lambda: NOW + timedelta(minutes=1)) as line:
            await line.store.write(PutDirectory(directory(), NOW))
            line.state.directory = directory()
            cutter = Cutter(line.limits, line.blobs.stage)
            cutter.feed(file_of(attachments=(("lớn.pdf", LARGE), ("nhỏ.pdf", b"%PDF-1.7"))))
            received = cutter.received()
            try:
                stored = await line.blobs.keep(received.parts, NOW)
                rows = tuple(
                    NewAttachment(str(number), "tệp.pdf", None, one.sha256, one.size_bytes, data)
                    for number, (one, data) in enumerate(zip(received.parts, stored, strict=True))
                )
                await line.store.write(admit(1, attachments=rows))
            finally:
                line.blobs.release(received.parts)

    asyncio.run(live())
    return file


def test_all_is_there(home: Path) -> None:
    said = done("fsck", "--config", home)
    assert "2 tệp đính kèm khác nhau, 100,0 KB (1 tệp nằm trong cơ sở dữ liệu)" in said.out
    assert "Đủ: mọi tệp" in said.out
    assert "every byte was read" in done("fsck", "--config", home, "--deep", lang="en").out


def test_what_is_lost_is_said_with_its_documents_and_what_to_do(home: Path) -> None:
    lost = home.parent / "blobs" / sha256(LARGE)[:2] / sha256(LARGE)
    lost.unlink()
    (lost.parent / (sha256(LARGE)[:2] + "0" * 62)).write_bytes(b"left")
    said = gateway("fsck", "--config", home)
    assert said.code == 1
    for words in (f"MẤT  {sha256(LARGE)}  100,0 KB", "trong văn bản: ", "thừa  ", "KHÔNG ĐỦ"):
        assert words in said.out
    assert "bản sao lưu" in said.err
    told = gateway("fsck", "--json", "--config", home)
    *found, sums = map(json.loads, told.out.splitlines())
    assert {one["wrong"] for one in found} == {"missing", "orphan"}
    assert (told.code, sums["sound"], sums["missing"], sums["orphan"], sums["contents"]) == (1, False, 1, 1, 2)


def test_an_orphan_alone_is_no_failure(home: Path) -> None:
    (home.parent / "blobs" / "ab").mkdir(exist_ok=True)
    (home.parent / "blobs" / "ab" / ("ab" + "0" * 62)).write_bytes(b"left")
    assert "orphan: 1" in done("fsck", "--config", home, lang="en").out


def test_damage_is_found_by_reading(home: Path) -> None:
    (home.parent / "blobs" / sha256(LARGE)[:2] / sha256(LARGE)).write_bytes(bytes(len(LARGE)))
    assert done("fsck", "--config", home).err == ""
    said = gateway("fsck", "--deep", "--config", home, lang="en")
    assert (said.code, "DAMAGED" in said.out) == (1, True)


def test_a_store_that_is_away_is_said_and_not_called_lost(home: Path) -> None:
    secret = home.parent / "keys" / "secret"
    secret.touch(mode=0o600)
    secret.write_text("a-secret\n")
    bucket = 'blob_url = "s3://truc/x"\nblob_endpoint = "http://127.0.0.1:9"\nblob_region = "vn"\n'
    bucket += f'blob_access_key = "k"\nblob_secret_file = "{secret}"\n'
    kept = [line for line in home.read_text().splitlines() if not line.removeprefix("# ").startswith("blob_")]
    place = kept.index("[store]") + 1
    home.write_text("\n".join([*kept[:place], bucket, *kept[place:]]))
    said = gateway("fsck", "--config", home, lang="en")
    assert (said.code, said.out) == (1, "")
    assert "object store" in said.err
    secret.chmod(0o644)
    assert "chmod 600" in gateway("fsck", "--config", home).err
