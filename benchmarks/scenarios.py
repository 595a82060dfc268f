"""The register of scenarios: what each measures, its goal, what stands beside it in the same run, and its sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks import (
    agencies,
    attachments,
    door,
    fanout,
    idle,
    inboxes,
    large,
    ledger,
    life,
    peer,
    push,
    receipt,
    register,
    soak,
    statuses,
    steps,
    storm,
    workers,
)
from benchmarks.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Size:
    """How much of something: `make bench QUICK=1`, and without."""

    quick: float
    full: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that is measured."""

    name: str
    measures: str
    goal: str
    reference: str
    run: Callable[..., Outcome]
    sizes: Mapping[str, Size]


SCENARIOS = (
    Scenario(
        "steps",
        "what each step of an examination costs, in one process",
        "",
        "",
        steps.outcome,
        {"step_rounds": Size(5, 40)},
    ),
    Scenario(
        "door",
        "sealed documents taken in a second, and nothing else",
        "≥ 0.75 of the floor, ≤ 2 ms CPU a document",
        "the floor",
        door.measure,
        {"documents": Size(200, 1_500), "rounds": Size(1, 5)},
    ),
    Scenario(
        "life",
        "the full life: submit, pull, acknowledge, report, and the report back; both ends on the same cores",
        "≥ 250 documents/s",
        "the floor",
        life.measure,
        {"lives": Size(200, 3_000)},
    ),
    Scenario(
        "statuses",
        "sealed status packets through the door",
        "",
        "documents through the same door",
        statuses.measure,
        {"reports": Size(150, 1_500)},
    ),
    Scenario(
        "attachments",
        "attachments of 1, 10 and 100 MB, in and out",
        "",
        "hashing and writing the same bytes",
        attachments.measure,
        {"attached_mb": Size(20, 400)},
    ),
    Scenario(
        "fanout",
        "one packet to 1, 10 and 1,000 addressees",
        "",
        "one addressee",
        fanout.measure,
        {"deliveries": Size(200, 5_000)},
    ),
    Scenario(
        "inboxes",
        "long polls that wait, and how soon they hear",
        "",
        "the receipt",
        inboxes.measure,
        {"clients": Size(100, 1_000), "heard": Size(25, 500)},
    ),
    Scenario(
        "push",
        "from the receipt to the first byte at an endpoint",
        "≤ 50 ms",
        "the receipt",
        push.measure,
        {"pushed": Size(25, 500)},
    ),
    Scenario(
        "receipt",
        "how long a sender waits at half load",
        "p99 ≤ 50 ms",
        "the same as fast as they go",
        receipt.measure,
        {"waited": Size(200, 3_000)},
    ),
    Scenario(
        "agencies",
        "a directory of 125,000 agencies: import, look-up, search, list, synchronise",
        "",
        "",
        agencies.outcome,
        {"agencies": Size(1_000, 125_000)},
    ),
    Scenario(
        "register",
        "a register of many dispatches: rate of the door, inboxes, status look-ups",
        "rate falls < 20 %, look-ups < 10 ms",
        "an empty register",
        register.measure,
        {"rows": Size(30_000, 1_000_000), "asked": Size(50, 1_000), "by_turns": Size(1, 3)},
    ),
    Scenario(
        "ledger",
        "a ledger of ten million entries: audit, proofs; integration at full load",
        "≥ 200,000 entries/s, ≤ 5 % of the CPU",
        "a ledger a thousandth as large",
        ledger.outcome,
        {"entries": Size(20_000, 10_000_000), "integrated": Size(200, 1_500)},
    ),
    Scenario(
        "workers",
        "two workers on PostgreSQL",
        "≥ 1.5 times one",
        "one worker",
        workers.measure,
        {"worked": Size(80, 1_500), "turns": Size(1, 3)},
    ),
    Scenario(
        "peer",
        "django-pyas2 on PostgreSQL, 10 KB and 1 MB, 4 clients",
        "≥ 15 times it at 10 KB, faster at 1 MB",
        "django-pyas2",
        peer.measure,
        {"exchanged": Size(30, 1_000), "exchanged_large": Size(4, 100)},
    ),
    Scenario(
        "overload",
        "five times what the door can take",
        "nothing lost, p99 of what is accepted ≤ 1 s, normal within 5 s",
        "the calm before it",
        storm.measure,
        {"storm_s": Size(2, 20)},
    ),
    Scenario(
        "idle",
        "start to ready, and a gateway nobody asks anything",
        "< 120 MB, ~0 % CPU, < 1.5 s",
        "the floor",
        idle.measure,
        {"starts": Size(1, 5), "idle_s": Size(2, 60)},
    ),
    Scenario(
        "large",
        "memory over time while a large attachment passes",
        "< 300 MB",
        "the gateway before it",
        large.measure,
        {"megabytes": Size(128, 5_000)},
    ),
    Scenario(
        "soak",
        "full lives at 70 % of peak, memory over time",
        "memory grows ≤ 50 MB",
        "memory after a fifth of the time",
        soak.measure,
        {"minutes": Size(0.05, 10.0), "peak_of": Size(100, 1_000)},
    ),
)


def named(name: str) -> Scenario:
    """KeyError where there is none."""
    return {one.name: one for one in SCENARIOS}[name]
