"""How the ledger is kept: who signs it, who witnesses it, where it is published, what guards it from a rewriting."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gateway.ledger import NoteSigner
from gateway.ledger.cosignature import WitnessKey
from gateway.store.last_signed import LastSigned


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody else who watches that this ledger only grows."""

    key: WitnessKey
    url: str
    """Prefix of its add-checkpoint, without a slash at the end."""

    @classmethod
    def parse(cls, written: str) -> Witness:
        """Read `vkey url`. ProofError(key.form)."""
        vkey, _, url = written.partition(" ")
        return cls(WitnessKey.parse(vkey), url.strip().rstrip("/"))


@dataclass(slots=True)
class Standing:
    """How it stands with one witness."""

    cosigned: int = 0
    """Entries under the largest checkpoint it cosigned."""
    away_since: datetime | None = None
    """Since when it has not cosigned although it was asked; None: all is well."""
    cause: str = ""


@dataclass(frozen=True)
class Keeping:
    """What the ledger's tasks need beside the line."""

    previous: NoteSigner | None = None
    """The key before the present one, while the change is under way: it signs too."""
    last_signed: LastSigned | None = None
    witnesses: tuple[Witness, ...] = ()
    required: int = 0
    """How many witnesses must have cosigned a checkpoint before it is shown as the ledger's."""
    timeout_s: float = 10.0
    """How long a witness may take to answer."""
    refresh_s: float = 3_600.0
    """After so long a witness is asked anew although the ledger did not grow, so that readers see it is still there."""
    publish_dir: Path | None = None
    standing: dict[str, Standing] = field(default_factory=dict)
    """By witness name; written by the witnesses' task only."""

    @property
    def vkeys(self) -> tuple[str, ...]:
        """Of the witnesses."""
        return tuple(one.key.vkey for one in self.witnesses)

    def signers(self, notary: NoteSigner) -> tuple[NoteSigner, ...]:
        """Who signs a checkpoint."""
        return (notary,) if self.previous is None else (notary, self.previous)
