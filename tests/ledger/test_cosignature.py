"""Cosignatures: of the witnesses one knows, each counted once, none taken that is false."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.cosignature import Cosigner, WitnessKey, check_quorum, cosignatures
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import NoteKey, SignatureLine, cut_note
from tests.ledger.ledgers import flipped, note_signer
from tests.ledger.publications import note_of, published

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
LOG = note_signer()
NOTE = note_of(published(300)[1])
TEXT, _ = cut_note(NOTE)


def cosigner(number: int = 1) -> Cosigner:
    """A witness's key, always the same for one number."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    return Cosigner(WitnessKey(f"witness.example/w{number}", key.public_key().public_bytes_raw()), key.sign)


W1, W2 = cosigner(1), cosigner(2)


def cosigned(*lines: SignatureLine) -> bytes:
    return NOTE + b"".join(line.encode() for line in lines)


def test_a_cosignature_says_who_and_when() -> None:
    note = cosigned(W1.cosign(TEXT, AT), W2.cosign(TEXT, AT + timedelta(seconds=1)))
    assert cosignatures(note, [W1.key, W2.key]) == {W1.key: AT, W2.key: AT + timedelta(seconds=1)}
    assert cosignatures(note, [W2.key]) == {W2.key: AT + timedelta(seconds=1)}
    assert cosignatures(NOTE, [W1.key]) == {}


def test_witnesses_are_counted_not_lines() -> None:
    note = cosigned(W1.cosign(TEXT, AT), W1.cosign(TEXT, AT + timedelta(hours=1)))
    assert cosignatures(note, [W1.key]) == {W1.key: AT + timedelta(hours=1)}
    assert check_quorum(note, [W1.key, W2.key], 1)
    with pytest.raises(ProofError) as refusal:
        check_quorum(note, [W1.key, W2.key], 2)
    assert refusal.value.fault is Fault.COSIGNATURES_FEW


def test_every_flipped_bit_of_a_cosignature_is_refused() -> None:
    line = W1.cosign(TEXT, AT)
    for bit in range(len(line.value) * 8):
        with pytest.raises(ProofError) as refusal:
            cosignatures(cosigned(replace(line, value=flipped(line.value, bit))), [W1.key])
        assert refusal.value.fault is Fault.COSIGNATURE_FALSE


@pytest.mark.parametrize("value", [bytes(72), b"", b"\xff" * 72, W1.cosign(TEXT, AT).value + b"\0"])
def test_no_other_value_is_a_cosignature(value: bytes) -> None:
    assert W1.key.cosigned_at(TEXT, SignatureLine(W1.key.name, W1.key.key_id, value)) is None


def test_a_cosignature_of_another_checkpoint_is_none_of_this() -> None:
    other, _ = cut_note(note_of(published(301)[1]))
    assert W1.key.cosigned_at(TEXT, W1.cosign(other, AT)) is None


def test_one_key_as_ledger_and_as_witness_has_two_ids_and_two_vkeys() -> None:
    key = NoteKey(W1.key.name, W1.key.public_key)
    assert key.key_id != W1.key.key_id
    assert WitnessKey.parse(W1.key.vkey) == W1.key
    for vkey, kind in ((key.vkey, WitnessKey), (W1.key.vkey, NoteKey)):
        with pytest.raises(ProofError) as refusal:
            kind.parse(vkey)
        assert refusal.value.fault is Fault.KEY_FORM


def test_a_ledgers_signature_is_never_a_cosignature() -> None:
    """The bytes a witness signs begin otherwise, so neither stands for the other even under one key."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
    bare = SignatureLine(W1.key.name, W1.key.key_id, int(AT.timestamp()).to_bytes(8, "big") + key.sign(TEXT))
    assert W1.key.cosigned_at(TEXT, bare) is None
