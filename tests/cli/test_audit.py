"""What somebody outside finds out with the command alone: a sound ledger, every flaw, every attack on its history."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gateway.ledger.note import cut_note
from tests.cli.command import gateway
from tests.ledger.ledgers import flipped, note_signer
from tests.ledger.publications import note_of, published
from tests.ledger.test_cosignature import W1, W2

LOG = note_signer()
VKEY = LOG.key.vkey
in_english = partial(gateway, lang="en")


def laid(folder: Path, size: int, seed: int = 0, cosigned: bytes = b"") -> Path:
    """A published ledger of so many entries in a folder, whatever was there before."""
    shutil.rmtree(folder, ignore_errors=True)
    files, tree = published(size, seed)
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "checkpoint").parent.mkdir(exist_ok=True)
    (folder / "checkpoint").write_bytes(note_of(tree) + cosigned)
    return folder


def cosignature(size: int, seed: int = 0, at: datetime | None = None) -> bytes:
    text, _ = cut_note(note_of(published(size, seed)[1]))
    return W1.cosign(text, at or datetime.now(UTC)).encode()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder behind any web server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing: the output is compared."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize("size", [0, 1, 256, 700])
def test_a_sound_ledger_is_sound_in_a_folder_and_over_http(tmp_path: Path, size: int) -> None:
    folder = laid(tmp_path / "ledger", size)
    with served(folder) as url:
        for place in (str(folder), url):
            answer = in_english("audit", "verify", place, "--vkey", VKEY)
            assert (answer.code, f"Sound: {size} entries" in answer.out) == (0, True), answer


def test_a_mirror_that_lost_its_partial_forms_is_as_good(tmp_path: Path) -> None:
    """The log may remove them once the full ones are there."""
    folder = laid(tmp_path / "ledger", 700)
    later, _ = published(800)
    for path in ("tile/entries/002", "tile/0/002"):
        shutil.rmtree(folder / f"{path}.p")
        (folder / path).write_bytes(later[path])
    assert gateway("audit", "verify", folder, "--vkey", VKEY).code == 0


@pytest.mark.parametrize("path", ["tile/entries/001", "tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/188"])
def test_a_flipped_bit_is_named_by_its_file(tmp_path: Path, path: str) -> None:
    folder = laid(tmp_path / "ledger", 700)
    (folder / path).write_bytes(flipped((folder / path).read_bytes(), 8 * 30 + 1))
    answer = in_english("audit", "verify", folder, "--vkey", VKEY)
    assert answer.code == 1
    assert f"{path}: " in answer.out and "NOT SOUND" in answer.out


def test_a_flipped_bit_of_checkpoint_or_cosignature_is_refused(tmp_path: Path) -> None:
    folder = laid(tmp_path / "ledger", 3, cosigned=cosignature(3))
    note = (folder / "checkpoint").read_bytes()
    for bit in range(0, len(note) * 8, 37):
        (folder / "checkpoint").write_bytes(flipped(note, bit))
        answer = gateway(
            "audit", "verify", folder, "--vkey", VKEY, "--witness", W1.key.vkey, "--witnesses-required", "1"
        )
        assert answer.code == 1, bit


def test_a_truncated_ledger_lacks_what_its_checkpoint_speaks_of(tmp_path: Path) -> None:
    folder = laid(tmp_path / "ledger", 700)
    shutil.rmtree(folder / "tile" / "entries" / "002.p")
    answer = in_english("audit", "verify", folder, "--vkey", VKEY)
    assert (answer.code, "tile/entries/002.p/188: is missing" in answer.out) == (1, True)


def test_witnesses_are_counted(tmp_path: Path) -> None:
    folder = laid(tmp_path / "ledger", 3, cosigned=cosignature(3))
    ask = partial(in_english, "audit", "verify", folder, "--vkey", VKEY, "--witness", W1.key.vkey)
    assert W1.key.name in ask("--witnesses-required", "1").out
    answer = ask("--witness", W2.key.vkey, "--witnesses-required", "2")
    assert (answer.code, "2 are asked for" in answer.err) == (1, True)


def test_entries_that_are_not_in_form_are_told_where_that_is_asked(tmp_path: Path) -> None:
    folder = laid(tmp_path / "ledger", 3)
    assert gateway("audit", "verify", folder, "--vkey", VKEY).code == 0
    answer = in_english("audit", "verify", folder, "--vkey", VKEY, "--forms")
    assert (answer.code, "tile/entries/000.p/3: entry 2:" in answer.out) == (1, True)


def test_what_is_no_ledger_is_told(tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", tmp_path, "http://127.0.0.1:9"):
        answer = in_english("audit", "verify", place, "--vkey", VKEY)
        assert answer.code == 1 and answer.err.startswith("gateway: error: ")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "seen.json"


@pytest.fixture(autouse=True)
def _folder(state: Path) -> None:
    state.parent.mkdir()


def look(ledger: Path | str, state: Path, *options: object) -> tuple[int, str]:
    answer = in_english("audit", "monitor", ledger, "--vkey", VKEY, "--state", state, "--once", *options)
    return answer.code, answer.out + answer.err


def test_growth_is_followed_over_restarts(ledger: Path, state: Path) -> None:
    for size in (1, 1, 255, 256, 300, 700):
        laid(ledger, size)
        code, said = look(ledger, state)
        assert (code, f"{size} entries" in said) == (0, True), said
    assert json.loads(state.read_text())["note"] == note_of(published(700)[1]).decode()


def test_a_rollback_and_a_replayed_checkpoint_are_an_alarm_with_proof(ledger: Path, state: Path) -> None:
    laid(ledger, 700)
    assert look(ledger, state)[0] == 0
    laid(ledger, 300)
    code, said = look(ledger, state)
    assert (code, "ALARM" in said, "300 entries; 700 were seen" in said) == (1, True, True)
    (kept,) = state.parent.glob("seen.json.alarm-*")
    assert {one.name: one.read_bytes() for one in kept.iterdir()} == {
        "held.checkpoint": note_of(published(700)[1]),
        "shown.checkpoint": note_of(published(300)[1]),
    }
    assert "700" in state.read_text(), "what was seen is not forgotten"


@pytest.mark.parametrize("size", [700, 800])
def test_another_history_is_an_alarm(ledger: Path, state: Path, size: int) -> None:
    laid(ledger, 700)
    assert look(ledger, state)[0] == 0
    laid(ledger, size, seed=9)
    code, said = look(ledger, state)
    assert (code, "two histories" in said) == (1, True)


def test_two_readers_who_compare_notes_find_that_they_were_shown_two_histories(
    ledger: Path, state: Path, tmp_path: Path
) -> None:
    laid(ledger, 700)
    for size, seed, alarm in ((600, 0, False), (700, 0, False), (900, 0, False), (600, 9, True), (900, 9, True)):
        other = laid(tmp_path / "other", size, seed)
        code, said = look(ledger, state, "--also", other)
        assert (code, "two histories" in said) == ((1, True) if alarm else (0, False)), (size, seed, said)


def test_a_witness_that_cosigned_two_histories_is_named(ledger: Path, state: Path) -> None:
    laid(ledger, 700, cosigned=cosignature(700))
    assert look(ledger, state, "--witness", W1.key.vkey)[0] == 0
    laid(ledger, 800, seed=9, cosigned=cosignature(800, 9))
    code, said = look(ledger, state, "--witness", W1.key.vkey, "--witness", W2.key.vkey)
    assert (code, f"witness {W1.key.name} cosigned both" in said, W2.key.name in said) == (1, True, False)


def test_a_ledger_that_neither_grows_nor_is_cosigned_is_stale(ledger: Path, state: Path) -> None:
    now = datetime.now(UTC)
    laid(ledger, 3, cosigned=cosignature(3, at=now - timedelta(hours=2)))
    assert look(ledger, state, "--witness", W1.key.vkey, "--stale-after", "3600")[0] == 0
    facts = json.loads(state.read_text())
    state.write_text(json.dumps({**facts, "grown_at": (now - timedelta(days=3)).isoformat()}))
    code, said = look(ledger, state, "--witness", W1.key.vkey, "--stale-after", "3600")
    assert (code, "last known to be kept" in said) == (1, True)
    laid(ledger, 3, cosigned=cosignature(3))
    assert look(ledger, state, "--witness", W1.key.vkey, "--stale-after", "3600")[0] == 0
    assert look(ledger, state, "--stale-after", "3600")[0] == 1, "nobody known says it lives"


def test_a_ledger_that_is_gone_or_cannot_be_believed_is_an_alarm(ledger: Path, state: Path) -> None:
    laid(ledger, 3)
    assert look(ledger, state)[0] == 0
    (ledger / "checkpoint").write_bytes(note_of(published(4)[1], note_signer(seed=bytes([5]) * 32)))
    assert look(ledger, state)[0] == 1
    (ledger / "checkpoint").unlink()
    assert look(ledger, state)[0] == 1
    assert look("http://127.0.0.1:9", state)[0] == 1
    laid(ledger, 5)
    shutil.rmtree(ledger / "tile")
    code, said = look(ledger, state)
    assert (code, "does not serve the tiles" in said) == (1, True)
    laid(ledger, 5)
    assert look(ledger, state)[0] == 0
