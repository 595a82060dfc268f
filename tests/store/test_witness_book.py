"""A witness's memory: compared and written in one step, by however many at once, and there after any death."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.ledger.cosignature import cosignatures
from gateway.ledger.submission import Answer, Submission
from gateway.store import StoreNotice
from gateway.store.witness_book import CONTRADICTIONS_MAX, WitnessBook
from tests.house.source import TOP
from tests.ledger.test_cosignature import AT, W1
from tests.ledger.test_submission import LOG, OTHER, submitted


@pytest.fixture
def path(tmp_path: Path) -> Path:
    book = tmp_path / "witness.db"
    WitnessBook.create(book)
    opened = WitnessBook(book, W1)
    opened.add_log(LOG.key)
    opened.close()
    return book


def test_growth_is_cosigned_and_remembered_over_restarts(path: Path) -> None:
    for old, new in ((0, 3), (3, 3), (3, 256), (256, 300)):
        book = WitnessBook(path, W1)
        said = book.decide(submitted(old, new), AT)
        assert (said.answer, said.size) == (Answer.COSIGNED, new)
        note = submitted(old, new).note
        assert cosignatures(note + said.line, [W1.key]) == {W1.key: AT}
        assert book.logs() == [(LOG.key.name, new)]
        book.close()


def test_what_is_not_growth_changes_nothing(path: Path) -> None:
    book = WitnessBook(path, W1)
    assert book.decide(submitted(0, 200), AT).answer is Answer.COSIGNED
    assert book.decide(submitted(0, 100), AT).answer is Answer.CONFLICT
    assert book.decide(submitted(0, 100), AT).size == 200
    assert book.decide(submitted(200, 300, seed=7), AT).answer is Answer.INCONSISTENT
    assert book.logs() == [(LOG.key.name, 200)]
    ((origin, at, body),) = book.contradictions()
    assert (origin, at, Submission.parse(body)) == (LOG.key.name, AT.isoformat(), submitted(200, 300, seed=7))
    for _ in range(CONTRADICTIONS_MAX + 5):
        book.decide(submitted(200, 300, seed=7), AT)
    assert len(book.contradictions()) == CONTRADICTIONS_MAX


def test_a_commit_that_fails_cosigns_nothing_and_the_next_one_works(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.witness_book.BUSY_TIMEOUT_S", 0.05)
    book = WitnessBook(path, W1)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM held").fetchone()  # whoever copies the file holds it so
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        book.decide(submitted(0, 3), AT)
    reader.execute("COMMIT")
    assert book.logs() == [(LOG.key.name, 0)]
    assert book.decide(submitted(0, 3), AT).answer is Answer.COSIGNED


def test_a_stranger_is_unknown_until_its_key_is_added_and_may_change_it(tmp_path: Path) -> None:
    WitnessBook.create(tmp_path / "witness.db")
    book = WitnessBook(tmp_path / "witness.db", W1)
    assert book.decide(submitted(0, 3), AT).answer is Answer.UNKNOWN
    book.add_log(OTHER.key)
    assert book.decide(submitted(0, 3), AT).answer is Answer.UNTRUSTED
    book.add_log(LOG.key)
    assert book.decide(submitted(0, 3), AT).answer is Answer.COSIGNED


def test_of_many_submissions_at_once_the_trees_held_only_grow(path: Path) -> None:
    """Two books over one file, eight threads: the race the specification warns of."""
    books = [WitnessBook(path, W1) for _ in range(2)]
    sizes = [3, 7, 100, 200, 255, 256, 257, 300]

    def ask(number: int) -> tuple[int, int] | None:
        book = books[number % 2]
        new = sizes[number % len(sizes)]
        held = dict(book.logs())[LOG.key.name]
        if held > new:
            return None
        said = book.decide(submitted(held, new), AT)
        return (held, new) if said.answer is Answer.COSIGNED else None

    for one in sizes:  # proofs are made before the race
        submitted(0, one)
    with ThreadPoolExecutor(8) as threads:
        cosigned = [pair for pair in threads.map(ask, range(200)) if pair]
    grown = sorted(pair for pair in set(cosigned) if pair[0] != pair[1])
    assert [old for old, _ in grown] == [0, *(new for _, new in grown)][:-1], "one line of history"
    assert dict(books[0].logs()) == {LOG.key.name: grown[-1][1]}


def test_the_file_itself_refuses_to_forget(path: Path) -> None:
    book = WitnessBook(path, W1)
    book.decide(submitted(0, 200), AT)
    book.close()
    with sqlite3.connect(path) as connection:
        for vandalism in ("UPDATE held SET size = 100", "DELETE FROM held"):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(vandalism)


def test_a_book_is_never_made_by_opening_or_over_another(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreNotice) as told:
        WitnessBook(tmp_path / "gone.db", W1)
    assert told.value.key == "witness.no_book"
    with pytest.raises(FileExistsError):
        WitnessBook.create(path)


LIVES = """
import os, signal, sys
from pathlib import Path
from gateway.store.witness_book import WitnessBook
from tests.ledger.test_cosignature import AT, W1
from tests.ledger.test_submission import submitted
book = WitnessBook(Path(sys.argv[1]), W1)
held = book.logs()[0][1]
for new in range(held + 1, held + 40):
    said = book.decide(submitted(new - 1, new), AT)
    assert said.answer == 200, said
    os.write(1, b"%d\\n" % new)
"""


def test_what_was_answered_before_a_kill_is_held_after_it(path: Path) -> None:
    promised = 0
    for lines in (1, 3, 7, 2, 5):
        with subprocess.Popen(
            [sys.executable, "-c", LIVES, str(path)], cwd=TOP, stdout=subprocess.PIPE, env={**os.environ}
        ) as life:
            assert life.stdout is not None
            for _ in range(lines):
                promised = int(life.stdout.readline())
            life.send_signal(signal.SIGKILL)
        book = WitnessBook(path, W1)
        held = book.logs()[0][1]
        book.close()
        assert held >= promised
        promised = held
