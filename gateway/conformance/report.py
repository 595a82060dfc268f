"""The report: one line a scenario, as a C2SP signed note that any verifier of such notes checks.

truc-conformance-v1
subject https://truc.example.vn
played 2026-11-23T05:00:00Z
with 0.4.0
count pass=40 fail=1 not-run=1
pass send axis>native
fail update native>axis its target came as None

— conformance.example.vn …
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway import __version__
from gateway.conformance.play import Outcome, Result
from gateway.ledger import NoteSigner
from gateway.ledger.note import sign_note

MARK = "truc-conformance-v1"


@dataclass(frozen=True, slots=True)
class Report:
    """What was played, against what, when, and how it ended."""

    subject: str
    played_at: datetime
    results: Sequence[Result]

    @property
    def passed(self) -> bool:
        """Whether nothing failed and something was played."""
        outcomes = self.counts
        return not outcomes[Outcome.FAIL] and outcomes[Outcome.PASS] > 0

    @property
    def counts(self) -> Counter[Outcome]:
        return Counter(one.outcome for one in self.results)

    def text(self) -> str:
        """The note's text: one line each, words of others kept to their line."""
        counts = " ".join(f"{one}={self.counts[one]}" for one in Outcome)
        lines = [
            MARK,
            f"subject {self.subject}",
            f"played {self.played_at:%Y-%m-%dT%H:%M:%SZ}",
            f"with {__version__}",
            f"count {counts}",
            *(f"{one.outcome} {one.scenario} {one.by.replace(' ', '')} {one.reason}" for one in self.results),
        ]
        return "".join(f"{_on_a_line(line)}\n" for line in lines)


def report_note(report: Report, signer: NoteSigner) -> bytes:
    """The signed report."""
    return sign_note(report.text().encode(), [signer])


def _on_a_line(words: str) -> str:
    return "".join(one if one.isprintable() else " " for one in words).strip()
