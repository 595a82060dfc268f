"""Attachments: durable before a dispatch speaks of them, kept once, never handed out damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.model.packet import Attachment
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.store import NewAttachment, Staging, Store, queries
from tests.store.samples import NOW, admit, attachment, run, sha256, write

LARGE = os.urandom(300_000)
SMALL = b"a small one"


@dataclass(frozen=True)
class Staged:
    """What the reader of packets hands over."""

    sink: Staging
    sha256: str


def stage(store: Store, data: bytes, piece: int = 10_000) -> Staged:
    sink = store.blobs.stage()
    for start in range(0, len(data), piece):
        sink.write(data[start : start + piece])
    sink.close()
    return Staged(sink, sha256(data))


def keep(store: Store, *parts: Staged) -> tuple[bytes | None, ...]:
    return run(store.blobs.keep(parts, NOW))


def admitted(store: Store, data: bytes, number: int = 1) -> Attachment:
    """An attachment of a dispatch, as the register shows it."""
    (kept,) = keep(store, stage(store, data))
    new = NewAttachment("1", "a.pdf", None, sha256(data), len(data), kept)
    write(store, admit(number, attachments=(new,)))
    return run(store.read(queries.packet, admit(number).dispatch_id)).attachments[0]


def incoming(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "blobs" / "incoming").iterdir())


def test_small_ones_stay_in_memory_and_large_ones_become_files_of_their_name(store: Store, tmp_path: Path) -> None:
    assert keep(store, stage(store, SMALL), stage(store, LARGE), stage(store, b"")) == (SMALL, None, b"")
    place = store.blobs.files.path(sha256(LARGE))
    assert place.read_bytes() == LARGE
    assert place.stat().st_mode & 0o077 == 0
    assert incoming(tmp_path) == []


@pytest.mark.parametrize("size", [64 * 1024, 64 * 1024 + 1])
def test_the_limit_between_small_and_large(store: Store, size: int) -> None:
    data = bytes(size)
    assert keep(store, stage(store, data)) == ((data,) if size <= 64 * 1024 else (None,))


def test_equal_content_is_kept_once_and_both_succeed(store: Store, tmp_path: Path) -> None:
    one, two = stage(store, LARGE), stage(store, LARGE)
    assert keep(store, one, two) == (None, None)
    assert keep(store, stage(store, LARGE)) == (None,)
    assert [path.name for path in (tmp_path / "blobs").glob("??/*")] == [sha256(LARGE)]
    assert incoming(tmp_path) == []


@pytest.mark.parametrize("data", [SMALL, LARGE, b""], ids=["small", "large", "empty"])
def test_an_attachment_is_read_back_whole_and_in_parts(store: Store, data: bytes) -> None:
    reader = store.blobs.reader(admitted(store, data))
    assert b"".join(reader()) == data
    for start, stop in ((0, 5), (3, 8), (len(data) // 2, len(data)), (0, 0)):
        assert b"".join(reader(start, stop)) == data[start:stop]


def test_what_is_refused_leaves_nothing_and_takes_nothing_that_was_kept(store: Store, tmp_path: Path) -> None:
    kept, refused, broken_off = stage(store, LARGE), stage(store, LARGE[1:]), store.blobs.stage()
    broken_off.write(LARGE)
    keep(store, kept)
    store.blobs.release((kept, refused))
    store.blobs.drop([broken_off])
    assert incoming(tmp_path) == []
    assert store.blobs.files.path(sha256(LARGE)).exists()
    assert not store.blobs.files.path(sha256(LARGE[1:])).exists()


def test_what_a_dead_process_left_is_swept_when_the_store_is_opened(store_url: str, tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from gateway.store import Store;"
        "store = Store.open(sys.argv[1], Path(sys.argv[2])); sink = store.blobs.stage();"
        "sink.write(bytes(300_000)); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, store_url, tmp_path / "blobs"], timeout=60)
    assert len(incoming(tmp_path)) == 1
    store = Store.open(store_url, tmp_path / "blobs")
    assert incoming(tmp_path) == []
    store.close()


def test_what_a_living_process_is_receiving_is_not_swept(store: Store, store_url: str, tmp_path: Path) -> None:
    part = stage(store, LARGE)
    other = Store.open(store_url, tmp_path / "blobs")
    assert keep(store, part) == (None,)
    other.close()


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
def test_what_the_disk_changed_is_not_handed_out_whole(store: Store, data: bytes) -> None:
    seen = admitted(store, data)
    path = store.blobs.files.path(seen.sha256)
    if path.exists():
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    else:  # the database guards its row, so the damage is played by asking for other bytes
        seen = replace(seen, sha256=admitted(store, SMALL[::-1], 2).sha256)
        write(store, admit(3, attachments=(replace(attachment(SMALL[::-1]), sha256=sha256(b"other")),)))
        seen = replace(seen, sha256=sha256(b"other"))
    given = b""
    with pytest.raises(Unavailable) as damaged:
        for piece in store.blobs.reader(seen)():
            given += piece
    assert damaged.value.reason is Reason.STORE_UNAVAILABLE
    assert len(given) < len(data)


def test_a_large_attachment_that_is_gone_is_unavailable(store: Store) -> None:
    seen = admitted(store, LARGE)
    store.blobs.files.path(seen.sha256).unlink()
    with pytest.raises(Unavailable):
        list(store.blobs.reader(seen)())
