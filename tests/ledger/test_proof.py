"""A .tlog-proof file is all a stranger needs beside the ledger's public key."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.proof import PROOF_BYTES_MAX, Proof
from tests.ledger.ledgers import flipped, note_signer, proof_of

LOG = note_signer()
ENTRIES = [f"truc-ledger-v1\nkind: peer\nnumber: {number}\n".encode() for number in range(300)]
PROOF = proof_of(ENTRIES, 137, LOG)
FILE = PROOF.encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 256, 257, 300])
def test_every_entry_has_a_proof_that_reads_as_written(size: int) -> None:
    for index in {0, size // 2, size - 1}:
        data = proof_of(ENTRIES[:size], index, LOG).encode()
        proof = Proof.parse(data)
        assert proof.encode() == data
        assert proof.entry == ENTRIES[index]
        assert proof.verify(LOG.key).size == size


def test_a_tree_of_one_has_no_hash_line() -> None:
    lines = proof_of(ENTRIES[:1], 0, LOG).encode().decode().split("\n")
    assert [line.split(" ")[0] for line in lines[:5]] == ["c2sp.org/tlog-proof@v1", "extra", "index", "", LOG.key.name]


def test_every_flipped_bit_is_refused() -> None:
    """Anywhere in the file: heading, entry, index, hashes, checkpoint, signature."""
    for bit in range(len(FILE) * 8):
        with pytest.raises(ProofError):
            Proof.parse(flipped(FILE, bit)).verify(LOG.key)


@pytest.mark.parametrize(
    ("change", "to", "fault"),
    [
        (b"@v1", b"@v2", Fault.PROOF_FORM),
        (b"extra ", b"extra  ", Fault.PROOF_FORM),
        (b"index 137", b"index 0137", Fault.PROOF_FORM),
        (b"index 137", b"index -137", Fault.PROOF_FORM),
        (b"index 137", b"index 138", Fault.PROOF_INCLUSION),
        (b"index 137", b"index 300", Fault.PROOF_RANGE),
        (b"\nindex", b"\r\nindex", Fault.PROOF_FORM),
        (b"\n\n", b"\n", Fault.PROOF_FORM),
        (b"\n300\n", b"\n301\n", Fault.NOTE_SIGNATURE),
    ],
)
def test_no_other_proof_is_taken(change: bytes, to: bytes, fault: Fault) -> None:
    assert change in FILE
    with pytest.raises(ProofError) as refusal:
        Proof.parse(FILE.replace(change, to, 1)).verify(LOG.key)
    assert refusal.value.fault is fault


def test_a_proof_with_too_many_steps_or_bytes_is_refused() -> None:
    step = b"\n" + b"A" * 43 + b"="
    for data in (FILE.replace(b"index 137", b"index 137" + step * 64), FILE + b" " * PROOF_BYTES_MAX):
        with pytest.raises(ProofError) as refusal:
            Proof.parse(data)
        assert refusal.value.fault is Fault.PROOF_FORM


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_proof(data: bytes) -> None:
    for file in (data, FILE[:40] + data):
        with pytest.raises(ProofError):
            Proof.parse(file).verify(LOG.key)


def independent(path: Path, vkey: str = LOG.key.vkey) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).with_name("independent_check.py")
    return subprocess.run([sys.executable, "-I", str(script), vkey, str(path)], capture_output=True, text=True)


@pytest.mark.oracle
@pytest.mark.parametrize(("size", "index"), [(1, 0), (2, 1), (7, 6), (9, 8), (257, 256), (300, 137)])
def test_a_program_that_knows_nothing_of_ours_agrees(tmp_path: Path, size: int, index: int) -> None:
    path = tmp_path / "good.tlog-proof"
    path.write_bytes(proof_of(ENTRIES[:size], index, LOG).encode())
    answer = independent(path)
    assert (answer.returncode, answer.stdout.encode(), answer.stderr) == (0, ENTRIES[index], "")


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("change", "to", "says"),
    [
        (b"index 137", b"index 136", "the entry is not in the ledger"),
        (FILE.split(b"\n")[1], b"extra " + b"QUFB" * 20, "the entry is not in the ledger"),
        (FILE.split(b"\n")[5], FILE.split(b"\n")[4], "the entry is not in the ledger"),
        (b"\n300\n", b"\n301\n", "the checkpoint's signature is false"),
        (b"\n" + LOG.key.name.encode() + b"\n", b"\nanother.example\n", "not a proof of this ledger"),
    ],
)
def test_a_program_that_knows_nothing_of_ours_refuses_what_was_tampered_with(
    tmp_path: Path, change: bytes, to: bytes, says: str
) -> None:
    path = tmp_path / "bad.tlog-proof"
    assert change in FILE
    path.write_bytes(FILE.replace(change, to, 1))
    answer = independent(path)
    assert (answer.returncode, answer.stderr.strip()) == (1, says)


@pytest.mark.oracle
def test_a_program_that_knows_nothing_of_ours_refuses_another_key(tmp_path: Path) -> None:
    path = tmp_path / "good.tlog-proof"
    path.write_bytes(FILE)
    answer = independent(path, note_signer(seed=bytes([9]) * 32).key.vkey)
    assert (answer.returncode, answer.stderr.strip()) == (1, "not a proof of this ledger")
