"""Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519): "at this time, this was the largest tree I had seen".

A witness holds one tree of each ledger and cosigns only what extends it. With the cosignatures of several that do not
know each other, no two readers can be shown two histories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.note import SignatureLine, VerifierKey, cut_note

_TIME_BYTES, _SIGNATURE_BYTES = 8, 64
_LATEST_S = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class WitnessKey(VerifierKey):
    """The public key of a witness. As a line (`vkey`) it tells its kind, so it is never taken for a ledger's."""

    kind = b"\x04"

    def cosigned_at(self, text: bytes, line: SignatureLine) -> datetime | None:
        """When this witness cosigned the checkpoint of this text; None where the line is not its signature of it."""
        seconds = int.from_bytes(line.value[:_TIME_BYTES], "big")
        if len(line.value) != _TIME_BYTES + _SIGNATURE_BYTES or not 0 < seconds <= _LATEST_S:
            return None
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(
                line.value[_TIME_BYTES:], _message(text, seconds)
            )
        except (InvalidSignature, ValueError):
            return None
        return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A key that cosigns. `sign` gives the 64 bytes of Ed25519 over a message, wherever the key lives."""

    key: WitnessKey
    sign: Callable[[bytes], bytes]

    def cosign(self, text: bytes, at: datetime) -> SignatureLine:
        """The cosignature of a checkpoint's text, at this instant to the second."""
        seconds = int(at.timestamp())
        value = seconds.to_bytes(_TIME_BYTES, "big") + self.sign(_message(text, seconds))
        return SignatureLine(self.key.name, self.key.key_id, value)


def cosignatures(note: bytes, witnesses: Iterable[WitnessKey]) -> Mapping[WitnessKey, datetime]:
    """Which of these witnesses cosigned the checkpoint of this note, each once, and when they last did.

    Lines of others are ignored. ProofError: note.form, cosignature.false where a line of one of them does not hold.
    """
    text, lines = cut_note(note)
    known = {(one.name, one.key_id): one for one in witnesses}
    cosigned: dict[WitnessKey, datetime] = {}
    for line in lines:
        witness = known.get((line.name, line.key_id))
        if witness is None:
            continue
        at = witness.cosigned_at(text, line)
        if at is None:
            raise ProofError(Fault.COSIGNATURE_FALSE, witness=witness.name)
        cosigned[witness] = max(at, cosigned.get(witness, at))
    return cosigned


def check_quorum(note: bytes, witnesses: Iterable[WitnessKey], required: int) -> Mapping[WitnessKey, datetime]:
    """`cosignatures`, if there are `required` of them. ProofError(cosignature.few) where there are fewer."""
    cosigned = cosignatures(note, witnesses)
    if len(cosigned) < required:
        raise ProofError(Fault.COSIGNATURES_FEW, count=len(cosigned), required=required)
    return cosigned


def _message(text: bytes, seconds: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % seconds + text
