"""The ledger's key changes hands in the open; a ledger that cannot be continued is given up by name."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway import config
from gateway.app import open_line
from gateway.exchange.key_record import OtherLedgerError
from gateway.exchange.sequencer import Sequencer
from gateway.ledger import NoteKey, open_checkpoint
from gateway.store import StoreNotice, queries
from tests.cli.command import done, gateway
from tests.store.samples import admit


@pytest.fixture
def home(tmp_path: Path) -> Path:
    done("init", tmp_path / "truc", "--origin", "truc.test/ledger")
    home = tmp_path / "truc" / "gateway.toml"
    written = home.read_text(encoding="utf-8").replace("anchors = []", 'anchors = ["keys/seal.pem"]')
    home.write_text(written, encoding="utf-8")
    return home


def life(home: Path, number: int) -> bytes:
    """The gateway starts, records something, signs it and stops; its checkpoint."""

    async def live() -> bytes:
        async with open_line(config.load(home)) as line:
            await line.store.write(admit(number))
            await Sequencer(line).once()
            signed = await line.store.read(queries.checkpoint)
            assert signed is not None
            return signed.note

    return asyncio.run(live())


def vkeys(home: Path) -> list[str]:
    return done("ledger", "vkey", "--config", home).out.split()


def signs(note: bytes, vkey: str) -> bool:
    try:
        return open_checkpoint(note, NoteKey.parse(vkey)).size > 0
    except ValueError:
        return False


def test_a_key_is_changed_while_both_sign_and_every_one_is_published(home: Path) -> None:
    assert len(vkeys(home)) == 1, "before the first start too"
    first = life(home, 1)
    (old,) = vkeys(home)
    done("ledger", "rotate-key", "--config", home)
    assert len(vkeys(home)) == 2
    assert gateway("ledger", "rotate-key", "--config", home).code == 1, "one change at a time"
    assert gateway("ledger", "retire-key", "--config", home).code == 1, "nobody introduced the new one yet"
    both = life(home, 2)
    assert vkeys(home)[0] == old and len(vkeys(home)) == 2
    new = vkeys(home)[1]
    done("ledger", "retire-key", "--config", home)
    assert gateway("ledger", "retire-key", "--config", home).code == 1
    last = life(home, 3)
    assert [(signs(note, old), signs(note, new)) for note in (first, both, last)] == [
        (True, False),
        (True, True),
        (False, True),
    ]
    keys = home.parent / "keys"
    assert {one.name for one in keys.glob("ledger*")} == {"ledger.key", "ledger.signed"}
    assert all(one.stat().st_mode & 0o077 == 0 for one in keys.glob("ledger*"))


def test_a_change_that_was_cut_short_goes_on_with_the_same_key(home: Path) -> None:
    life(home, 1)
    keys = home.parent / "keys"
    done("ledger", "rotate-key", "--config", home)
    new = (keys / "ledger.key").read_bytes()
    for cut_short in range(2):  # before the old key was put aside, and before the new one took its place
        (keys / "ledger.next.key").write_bytes(new)
        (keys / "ledger.next.key").chmod(0o600)
        (keys / "ledger.key").write_bytes((keys / "ledger.previous.key").read_bytes())
        if not cut_short:
            (keys / "ledger.previous.key").unlink()
        done("ledger", "rotate-key", "--config", home)
        assert (keys / "ledger.key").read_bytes() == new
        assert (keys / "ledger.previous.key").exists() and not (keys / "ledger.next.key").exists()
    life(home, 2)


def test_a_key_put_in_by_hand_is_refused(home: Path) -> None:
    life(home, 1)
    key = home.parent / "keys" / "ledger.key"
    kept = key.read_bytes()
    done("init", home.parent / "other", "--origin", "truc.test/ledger")
    key.write_bytes((home.parent / "other" / "keys" / "ledger.key").read_bytes())
    with pytest.raises(OtherLedgerError):
        life(home, 2)
    key.write_bytes(kept)
    life(home, 2)


def test_a_ledger_whose_backup_is_lost_is_given_up_and_another_begun(home: Path) -> None:
    database = home.parent / "register.db"
    life(home, 1)
    yesterday = database.read_bytes()
    life(home, 2)
    for part in home.parent.glob("register.db*"):
        part.unlink()
    database.write_bytes(yesterday)
    with pytest.raises(StoreNotice) as told:
        life(home, 3)
    assert told.value.key == "ledger.rolled_back"
    assert gateway("ledger", "begin-anew", "truc.test/ledger", "--config", home).code == 1
    old = vkeys(home)[0]
    done("ledger", "begin-anew", "truc.test/ledger-2", "--config", home)
    with pytest.raises(OtherLedgerError):
        life(home, 3)
    home.write_text(
        home.read_text(encoding="utf-8").replace("truc.test/ledger", "truc.test/ledger-2"), encoding="utf-8"
    )
    note = life(home, 3)
    assert signs(note, vkeys(home)[-1]) and not signs(note, old)
    assert note.startswith(b"truc.test/ledger-2\n")
