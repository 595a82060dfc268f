"""An upload over kill -9: what was counted is there, its sender goes on from it, its packet passes."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from gateway.demo.papers import Enclosure, letter, one_page_pdf, seal
from gateway.exchange.uploads import RECORD_BYTES
from gateway.ledger import check_case
from gateway.store.engine import parse_url, reader_engine
from gateway.store.schema import uploads
from tests.crash.parties import client, parts
from tests.crash.rows import until
from tests.crash.serving import Serving
from tests.http.town import awaited

pytestmark = pytest.mark.crash

LARGE = bytes(range(256)) * (2 * RECORD_BYTES // 256)


@awaited
async def test_an_upload_goes_on_after_a_kill_from_what_was_counted(serving: Serving) -> None:
    installation, cast = serving.installation, serving.installation.cast
    folder, register = installation.blobs / "uploads", reader_engine(parse_url(installation.url), 1)

    def arrived() -> int:
        return sum(file.stat().st_size for file in folder.iterdir())

    def counted() -> int:
        with register.connect() as connection:
            return connection.scalar(select(func.sum(uploads.c.offset_bytes))) or 0

    paper = seal(
        letter(cast.ministry, ((cast.party.agency, cast.party.name),), 1, "V/v bản đồ", datetime.now(UTC)),
        (one_page_pdf("Document 1"), Enclosure("ban-do.bin", "application/octet-stream", LARGE)),
        cast.ministry,
        datetime.now(UTC),
    )
    async with client(installation, cast.ministry.peer) as ministry:
        sending = asyncio.create_task(ministry.submit(parts(paper)))
        await until(lambda: counted() >= RECORD_BYTES, "the upload does not come on")
        serving.kill()
        assert RECORD_BYTES <= counted() <= arrived() < len(LARGE)
        await asyncio.to_thread(serving.start)
        accepted = await sending
        assert check_case(await ministry.proof(accepted.dispatch_id), installation.vkey).holds
    register.dispose()
    assert not list(folder.iterdir())
    digest = hashlib.sha256(LARGE).hexdigest()
    with (installation.blobs / digest[:2] / digest).open("rb") as kept:
        assert hashlib.file_digest(kept, "sha256").hexdigest() == digest
