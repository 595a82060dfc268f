"""Following a ledger from outside: what was seen is remembered in a file, and what contradicts it is an alarm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from gateway.cli.audit_source import LedgerSource
from gateway.ledger import NoteKey, open_checkpoint
from gateway.ledger.cosignature import WitnessKey, check_quorum
from gateway.ledger.watching import Alarm, View, compare, equivocators, last_sign_of_life
from gateway.store.durable import replace_file


class Alarmed(Exception):
    """Something is wrong with the ledger. `final`: it is proven, and waiting will not mend it."""

    def __init__(self, alarms: Sequence[Alarm], kept: Path | None = None) -> None:
        self.alarms = tuple(alarms)
        self.kept = kept
        """Folder with the two signed notes that prove it."""
        super().__init__(", ".join(one.code for one in alarms))

    @property
    def final(self) -> bool:
        return any(one.code in {"fork", "rollback", "equivocation"} for one in self.alarms)


class Monitor:
    """Looks at one ledger as often as it is asked to, and at the other places that show it."""

    def __init__(
        self,
        keys: Sequence[NoteKey],
        witnesses: Sequence[WitnessKey],
        required: int,
        read: LedgerSource,
        also: Sequence[LedgerSource],
        state: Path,
        stale_after_s: float,
    ) -> None:
        self._keys, self._witnesses, self._required = keys, witnesses, required
        self._read, self._also = read, also
        self._state = state
        self._stale_after = timedelta(seconds=stale_after_s)

    def look(self, now: datetime) -> View:
        """Compare what is shown with what was seen; remember it. Alarmed; ProofError, OSError: it cannot be read."""
        try:
            return self._look(now)
        finally:  # the next look may be a minute away
            for place in (self._read, *self._also):
                place.close()

    def _look(self, now: datetime) -> View:
        held, grown_at = self._remembered(now)
        shown = self._view(self._read)
        if held is not None:
            if shown.checkpoint.size < held.checkpoint.size:
                shown = self._view(self._read)  # once more: something on the way may have kept an old one
            self._check(held, shown, self._read, now)
        for other in self._also:
            seen = self._view(other)
            smaller, larger, read = (
                (seen, shown, self._read) if seen.checkpoint.size <= shown.checkpoint.size else (shown, seen, other)
            )
            self._check(smaller, larger, read, now)
        if held is None or shown.checkpoint.size > held.checkpoint.size:
            grown_at = now
        self._remember(shown, grown_at)
        alive_at = last_sign_of_life(shown, grown_at, self._witnesses)
        if now - alive_at > self._stale_after:
            raise Alarmed([Alarm.of("stale", size=shown.checkpoint.size, since=alive_at.isoformat())])
        return shown

    def _view(self, read: LedgerSource) -> View:
        note = read.checkpoint()
        if note is None:
            raise Alarmed([Alarm.of("gone")])
        checkpoint = open_checkpoint(note, *self._keys)
        check_quorum(note, self._witnesses, self._required if read is self._read else 0)
        return View(checkpoint, note)

    def _check(self, held: View, shown: View, read: LedgerSource, now: datetime) -> None:
        alarm = compare(held, shown, read)
        if alarm is None:
            return
        alarms = [alarm]
        if alarm.code == "fork":
            alarms += equivocators(held, shown, self._witnesses)
        raise Alarmed(alarms, self._keep(held, shown, now))

    def _keep(self, held: View, shown: View, now: datetime) -> Path:
        """Both signed notes: they prove it to anybody who has the ledger's key."""
        folder = self._state.with_name(f"{self._state.name}.alarm-{now:%Y%m%dT%H%M%S}")
        folder.mkdir(parents=True, exist_ok=True)
        for name, view in (("held", held), ("shown", shown)):
            replace_file(folder / f"{name}.checkpoint", view.note, folder / ".next")
        return folder

    def _remembered(self, now: datetime) -> tuple[View | None, datetime]:
        if not self._state.exists():
            return None, now
        facts = json.loads(self._state.read_text(encoding="utf-8"))
        note = facts["note"].encode()
        return View(open_checkpoint(note, *self._keys), note), datetime.fromisoformat(facts["grown_at"])

    def _remember(self, shown: View, grown_at: datetime) -> None:
        facts = {"note": shown.note.decode(), "grown_at": grown_at.isoformat()}
        content = (json.dumps(facts, ensure_ascii=False, indent=1) + "\n").encode()
        replace_file(self._state, content, self._state.with_name(f"{self._state.name}.next"))
