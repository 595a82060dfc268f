"""What somebody outside concludes from two checkpoints of one ledger: growth, or an alarm with its proof in hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.cosignature import WitnessKey, cosignatures
from gateway.ledger.fault import Fault, ProofError
from gateway.ledger.survey import Source
from gateway.ledger.tiles import Resource
from gateway.ledger.tree import consistency, verify_consistency
from gateway.model.words import text


@dataclass(frozen=True, slots=True)
class View:
    """A checkpoint as it was shown somewhere."""

    checkpoint: Checkpoint
    note: bytes
    """Its proof: the ledger's signature over it."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong with a ledger as a whole: `code` is stable, `values` fill its text."""

    code: str
    values: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, code: str, **values: object) -> Alarm:
        return cls(code, tuple((name, str(value)) for name, value in values.items()))

    def text(self, lang: str) -> str:
        """The sentence in `lang` ("vi" or "en")."""
        return text(lang, f"audit.alarm.{self.code}", **dict(self.values))


def compare(held: View, shown: View, read: Source) -> Alarm | None:
    """Does the ledger that is shown continue the one that is held? `read` reads the tiles of the one that is shown."""
    old, new = held.checkpoint, shown.checkpoint
    if new.size < old.size:
        return Alarm.of("rollback", held=old.size, shown=new.size)
    try:
        steps = consistency(old.size, new.size, lambda level, number, width: _tile(read, level, number, width))
        verify_consistency(old.size, old.root, new.size, new.root, steps)
    except ProofError as wrong:
        code = "unproven" if wrong.fault is Fault.TILE_DAMAGED else "fork"
        return Alarm.of(code, held=old.size, shown=new.size)
    return None


def equivocators(held: View, shown: View, witnesses: Iterable[WitnessKey]) -> list[Alarm]:
    """Of two views that contradict each other: the witnesses that cosigned both. They are no witnesses any more."""
    known = tuple(witnesses)
    both = cosignatures(held.note, known).keys() & cosignatures(shown.note, known).keys()
    return [Alarm.of("equivocation", witness=one.name) for one in known if one in both]


def last_sign_of_life(shown: View, grown_at: datetime, witnesses: Iterable[WitnessKey]) -> datetime:
    """When the ledger was last seen to be kept: it grew, or a known witness cosigned it."""
    return max([grown_at, *cosignatures(shown.note, witnesses).values()])


def _tile(read: Source, level: int, number: int, width: int) -> bytes:
    data = read(Resource(level, number, width))
    if data is None:
        raise ProofError(Fault.TILE_DAMAGED, level=level, number=number)
    return data
