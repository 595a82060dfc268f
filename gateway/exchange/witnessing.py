"""Witnesses: others are asked to cosign every checkpoint, each at its own pace, and none of them can stop the ledger.

A witness that is away is asked again, less and less often; the log says when that begins and when it is over. One that
says the ledger does not continue what it saw is the alarm all this is for, and is logged as an error.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Protocol

from gateway.exchange import bell
from gateway.exchange.keeping import Standing, Witness
from gateway.exchange.line import Line
from gateway.ledger import ProofError
from gateway.ledger.note import SignatureLine, cut_note
from gateway.ledger.submission import Answer, Submission
from gateway.model.refusal import Unavailable
from gateway.store import queries
from gateway.store.queries import SignedCheckpoint
from gateway.store.queries.witness import consistency_proof, last_cosigned
from gateway.store.witness import PutCosignature

LOG = logging.getLogger(__name__)

PAUSE_S, PAUSE_S_MAX = 1.0, 60.0
"""Between two questions to a witness that is away: at first, and at most."""


class WitnessError(Exception):
    """A witness did not cosign: it is away, or says no. The message says why."""


class ForkError(WitnessError):
    """A witness holds another tree than this ledger shows: somebody was shown another history."""


class Asking(Protocol):
    """How witnesses are reached."""

    async def add_checkpoint(self, url: str, body: bytes, timeout_s: float) -> tuple[int, bytes]:
        """Status and body of the answer. WitnessError where there is none in time."""
        ...


class Asker:
    """Asks one witness."""

    def __init__(self, line: Line, witness: Witness, asking: Asking) -> None:
        self._line, self._witness, self._asking = line, witness, asking
        self._held: int | None = None
        """Entries of the tree it holds, as far as it told."""

    async def once(self) -> bool:
        """Ask for a cosignature of the latest checkpoint. False where it has none to give. WitnessError."""
        line, vkey = self._line, self._witness.key.vkey
        signed = await line.store.read(queries.checkpoint)
        last = await line.store.read(last_cosigned, vkey)
        fresh = timedelta(seconds=line.keeping.refresh_s)
        if signed is None or (last and last.size >= signed.size and line.clock() - last.at < fresh):
            return False
        if self._held is None:
            self._held = 0 if last is None else last.size
        await self._ask(signed)
        self._standing.cosigned = signed.size
        line.bell.ring((bell.CHECKPOINT,))
        return True

    async def follow(self) -> None:
        """Ask until cancelled."""
        line, pause_s = self._line, PAUSE_S
        while True:
            rung = line.bell.listen(bell.CHECKPOINT)
            try:
                asked = await self.once()
            except (WitnessError, Unavailable) as no:
                rung.cancel()
                self._away(no)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, PAUSE_S_MAX)
                continue
            pause_s = PAUSE_S
            self._back()
            if asked:
                rung.cancel()
                await asyncio.sleep(line.rules.checkpoint_interval_s)
            else:
                await bell.wait(rung, line.rules.poll_s)

    async def _ask(self, signed: SignedCheckpoint) -> None:
        for _ in range(2):  # once more where it holds another size than was thought
            held = self._held or 0
            steps = await self._line.store.read(consistency_proof, held, signed.size)
            status, body = await self._asking.add_checkpoint(
                self._witness.url, Submission(held, steps, signed.note).encode(), self._line.keeping.timeout_s
            )
            if status == Answer.COSIGNED:
                await self._keep(signed, body)
                self._held = signed.size
                return
            if status == Answer.INCONSISTENT:
                raise ForkError(f"it says that {signed.size} entries do not continue the {held} it saw")
            if status != Answer.CONFLICT:
                raise WitnessError(f"HTTP {status}")
            told = _size(body)
            if told > signed.size:
                self._held = None  # nothing can be proven from there: next time it is asked from what it cosigned
                raise ForkError(f"it holds {told} entries, this ledger has {signed.size}")
            self._held = told
        raise WitnessError("it says another size each time")

    async def _keep(self, signed: SignedCheckpoint, body: bytes) -> None:
        """Keep its cosignature, once that is verified: a false line would spoil the checkpoint for every reader."""
        text, key = cut_note(signed.note)[0], self._witness.key
        try:
            lines = [SignatureLine.parse(one) for one in body.decode().splitlines()]
        except (UnicodeDecodeError, ProofError) as wrong:
            raise WitnessError("its answer is no signature") from wrong
        for line in lines:
            if (line.name, line.key_id) == (key.name, key.key_id):
                at = key.cosigned_at(text, line)
                if at is None:
                    raise WitnessError("its cosignature does not hold")
                await self._line.store.write(PutCosignature(signed.size, key.vkey, at, line.encode()))
                return
        raise WitnessError("its answer has no cosignature of the key that is known")

    @property
    def _standing(self) -> Standing:
        return self._line.keeping.standing.setdefault(self._witness.key.name, Standing())

    def _away(self, no: Exception) -> None:
        standing, level = self._standing, logging.ERROR if isinstance(no, ForkError) else logging.WARNING
        if standing.away_since is None or standing.cause != str(no):
            LOG.log(level, "witness %s does not cosign: %s", self._witness.key.name, no)
        standing.away_since, standing.cause = standing.away_since or self._line.clock(), str(no)

    def _back(self) -> None:
        standing = self._standing
        if standing.away_since is not None:
            LOG.warning("witness %s cosigns again", self._witness.key.name)
        standing.away_since, standing.cause = None, ""


async def run(line: Line, asking: Asking) -> None:
    """Ask every witness until cancelled, each beside the others: a slow one keeps nobody waiting."""
    async with asyncio.TaskGroup() as tasks:
        for witness in line.keeping.witnesses:
            tasks.create_task(Asker(line, witness, asking).follow(), name=f"witness {witness.key.name}")


def _size(body: bytes) -> int:
    written = body.decode("ascii", "replace")
    if not written.endswith("\n") or not written[:-1].isdecimal() or len(written) > 19:
        raise WitnessError("its answer names no size")
    return int(written)
