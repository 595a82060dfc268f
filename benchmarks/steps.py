"""What each step of an examination costs: CPU time in this process, the best of many rounds, on the door's own
packet."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.outcome import Outcome, Table
from benchmarks.packets import sealed_packets
from gateway import edxml, rules, trust
from gateway.demo.cast import Issuer, assemble
from gateway.edxml import Limits, Received
from gateway.ledger.examination import REPORT_ID, facts_of, write_report
from gateway.rules import Known
from gateway.rules.authority import check_authority
from gateway.rules.competence import check_competence
from gateway.rules.form import check_form
from gateway.rules.form_rules import check_form_rules
from gateway.rules.policy import STRICT
from gateway.trust import TrustStore

CALLS = 25


@dataclass(frozen=True, slots=True)
class Step:
    """A step, and its milliseconds of CPU."""

    name: str
    ms: float


class _Nowhere:
    def write(self, data: bytes, /) -> None:
        pass

    def close(self) -> None:
        pass


def outcome(step_rounds: int) -> Outcome:
    """The best of so many rounds."""
    rows = tuple((one.name, one.ms) for one in measure(step_rounds))
    caption = f"One packet of the door, in one process, CPU; the best of {step_rounds} rounds."
    return Outcome((Table(caption, ("step", "ms"), rows),))


def measure(rounds: int) -> Sequence[Step]:
    """Every step of `actions`, the best of so many rounds."""
    return [Step(name, _ms(rounds, action)) for name, action in actions().items()]


def actions() -> Mapping[str, Callable[[], object]]:
    """Every step from the bytes to the sealed report, in order, as the line takes it; `form` and `authority` are what
    the rules add."""
    at = datetime.now(UTC)
    issuer = Issuer(at)
    cast = assemble(issuer, "https://127.0.0.1:1/nobody")
    file = sealed_packets(cast.ministry, ((cast.party.agency, cast.party.name),), 1, at, random.Random(1))[0].file
    limits, peer = Limits(), cast.directory.peer(cast.ministry.peer)
    known = Known(cast.directory, TrustStore([issuer.anchor_der]), limits, at)
    received = _received(file, limits)
    assert peer is not None
    examination = rules.examine(received, peer, known)
    if not examination.admitted:
        raise RuntimeError(f"the packet of the benchmark is refused: {examination.refusal}")
    parsed = edxml.parse(received.skeleton, limits)
    written = trust.written(parsed)
    assert written is not None
    claim = edxml.read(parsed, received)
    sender = cast.directory.agency(cast.ministry.agency)
    assert sender is not None
    attached = [(one.content_id, one.sha256) for one in claim.attachments]
    report = write_report(facts_of(examination, peer.key, known.trust.digest))
    return {
        "cut, decode and hash the file": lambda: _received(file, limits),
        "parse": lambda: edxml.parse(received.skeleton, limits),
        "schema and characters": lambda: edxml.validate(parsed),
        "the signed octets": lambda: trust.written(parsed),
        "read": lambda: edxml.read(parsed, received, edxml.read_content(written.octets, limits)),
        "form: every rule": lambda: (
            check_form(claim, limits.addressees_max, at),
            check_form_rules(parsed, claim, cast.directory, at, STRICT),
        ),
        "authority and competence": lambda: (
            check_authority(claim.content, peer, cast.directory, at),
            check_competence(claim.content, sender, known.table, STRICT, at),
        ),
        "verify the seal": lambda: trust.verify(parsed, attached, sender.certificates, known.trust, at, written),
        "the whole examination": lambda: rules.examine(received, peer, known),
        "write the report": lambda: write_report(facts_of(examination, peer.key, known.trust.digest)),
        "seal the report": lambda: trust.countersign_canonical(report, REPORT_ID, cast.ministry.signer, at),
    }


def _received(file: bytes, limits: Limits) -> Received:
    cutter = edxml.Cutter(limits, _Nowhere)
    cutter.feed(file)
    return edxml.received(*cutter.finish())


def _ms(rounds: int, action: Callable[[], object]) -> float:
    action()
    best = float("inf")
    for _ in range(rounds):
        began_s = time.process_time()
        for _ in range(CALLS):
            action()
        best = min(best, (time.process_time() - began_s) / CALLS)
    return 1000 * best
