"""What a witness answers, as a pure function: each answer of the specification, nothing cosigned but growth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.checkpoint import Checkpoint, sign_checkpoint
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import SignatureLine
from gateway.ledger.submission import Answer, Held, Submission
from gateway.ledger.tree import consistency, leaf_hash
from tests.ledger.ledgers import note_signer
from tests.ledger.publications import entry, note_of, published

LOG, OTHER = note_signer(), note_signer(seed=bytes([3]) * 32)


def held(size: int, seed: int = 0) -> Held:
    return Held(size, published(size, seed)[1].root)


def submitted(old: int, new: int, seed: int = 0) -> Submission:
    files, tree = published(new, seed)

    def read(level: int, number: int, width: int) -> bytes:
        return next(data for path, data in files.items() if path.startswith(f"tile/{level}/{number:03d}"))[: width * 32]

    return Submission(old, consistency(old, new, read), note_of(tree))


@pytest.mark.parametrize(("old", "new"), [(0, 1), (0, 300), (1, 300), (255, 256), (256, 257), (299, 300), (300, 300)])
def test_what_extends_the_tree_held_is_cosigned(old: int, new: int) -> None:
    one = submitted(old, new)
    assert Submission.parse(one.encode()) == one
    assert one.judge([LOG.key], held(old)) is Answer.COSIGNED


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_nothing_smaller_and_nothing_beside_the_tree_held_is_ever_cosigned(has: int, old: int, new: int) -> None:
    old, new = sorted((old, new))
    answer = submitted(old, new).judge([LOG.key], held(has))
    assert answer is (Answer.COSIGNED if old == has else Answer.CONFLICT)
    if has:
        assert submitted(old, new, seed=7).judge([LOG.key], held(has)) is not Answer.COSIGNED


def test_each_refusal_has_its_answer() -> None:
    good = submitted(200, 300)
    fork = submitted(200, 300, seed=7)
    assert good.judge([OTHER.key], held(200)) is Answer.UNTRUSTED
    assert good.judge([LOG.key], held(199)) is Answer.CONFLICT
    assert Submission(301, (), good.note).judge([LOG.key], held(301)) is Answer.MALFORMED
    assert fork.judge([LOG.key], held(200)) is Answer.INCONSISTENT
    assert Submission(200, good.steps[:-1], good.note).judge([LOG.key], held(200)) is Answer.INCONSISTENT
    assert Submission(0, good.steps, good.note).judge([LOG.key], Held()) is Answer.INCONSISTENT
    assert Submission(300, (), fork.note).judge([LOG.key], held(300)) is Answer.INCONSISTENT


def test_a_false_line_of_a_known_key_spoils_the_note() -> None:
    good = submitted(0, 300)
    false = SignatureLine(LOG.key.name, LOG.key.key_id, bytes(64)).encode()
    assert Submission(0, (), good.note + false).judge([LOG.key], Held()) is Answer.UNTRUSTED
    unknown = SignatureLine("stranger.example", b"1234", bytes(64)).encode()
    assert Submission(0, (), good.note + unknown).judge([LOG.key], Held()) is Answer.COSIGNED


def test_an_empty_ledger_has_the_empty_root() -> None:
    assert submitted(0, 0).judge([LOG.key], Held()) is Answer.COSIGNED
    lie = sign_checkpoint(Checkpoint(LOG.key.name, 0, bytes(32)), [LOG])
    assert Submission(0, (), lie).judge([LOG.key], Held()) is Answer.INCONSISTENT


GOOD = submitted(200, 300).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        GOOD.replace(b"old 200", b"old 0200"),
        GOOD.replace(b"old 200", b"old  200"),
        GOOD.replace(b"old 200", b"old -1"),
        GOOD.replace(b"old 200\n", b"old 200\r\n"),
        GOOD.replace(b"\n\n", b"\n", 1),
        b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + submitted(0, 1).note,
        b"old 1\n" + b"A" * 42 + b"B=\n\n" + submitted(0, 1).note,
        GOOD + b" " * 70_000,
    ],
)
def test_no_other_body_is_a_submission(body: bytes) -> None:
    with pytest.raises(ProofError) as refusal:
        Submission.parse(body)
    assert refusal.value.fault is Fault.WITNESS_REQUEST


@given(st.binary(max_size=200))
def test_any_bytes_are_a_submission_or_refused(data: bytes) -> None:
    for body in (data, b"old 0\n\n" + data, GOOD[:60] + data):
        try:
            Submission.parse(body).judge([LOG.key], Held())
        except ProofError:
            continue


def test_entries_are_hashed_as_leaves() -> None:
    assert published(1)[1].root == leaf_hash(entry(0))
