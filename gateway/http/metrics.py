"""Figures for Prometheus: one registry an application, so that two in one process do not mix."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.samples import Sample

from gateway.exchange.concerns import Concerns
from gateway.model.reasons import Reason

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_CONCERNS = {
    "notices_behind": "Events that are no notices for webhooks yet",
    "notices_dead": "Notices given up and not posted again",
    "mails_waiting": "Mails still to be sent",
    "mails_given_up": "Mails given up in the last week",
    "calendar_days": "Days until the working calendar ends",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What the doors did since the start."""

    answered: int
    faults: int
    """Answered with 5xx: what was ours to do and was not done."""
    refused: tuple[tuple[str, int], ...]
    """Reasons and how often, the most frequent first."""


class Metrics:
    """What the doors count. Every Reason is a series from the start, so that a first refusal is an increase."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "gateway_requests", "Requests answered", ["endpoint", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "gateway_request_seconds", "Time to answer, by endpoint", ["endpoint"],
            buckets=_BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self._steps = Histogram(
            "gateway_step_seconds", "Time in one step of a submission", ["step"],
            buckets=_BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self._refusals = Counter("gateway_refusals", "Requests refused, by reason", ["reason"], registry=self.registry)
        self.submissions = Gauge("gateway_submissions_under_way", "Submissions under way", registry=self.registry)
        self.places = Gauge(
            "gateway_submission_places", "Submissions that may be under way at a time now", registry=self.registry
        )
        self.ready = Gauge("gateway_ready", "1 where the dependency is usable", ["dependency"], registry=self.registry)
        self.attachments_lost = Gauge(
            "gateway_attachments_lost", "Attachments asked for that the disk does not have", registry=self.registry
        )
        self._stamp_debt = Gauge(
            "gateway_timestamp_debt_seconds", "How long entries have waited for a time stamp", registry=self.registry
        )
        self._stamp_faults = Gauge(
            "gateway_timestamp_faults", "Questions for a time stamp that failed, by fault", ["fault"],
            registry=self.registry,
        )  # fmt: skip
        self._witness_size = Gauge(
            "gateway_witness_entries", "Entries under the largest checkpoint a witness cosigned", ["witness"],
            registry=self.registry,
        )  # fmt: skip
        self._witness_away = Gauge(
            "gateway_witness_away", "1 where a witness was asked and does not cosign", ["witness"],
            registry=self.registry,
        )  # fmt: skip
        self._concerns = {
            name: Gauge(f"gateway_{name}", words, registry=self.registry) for name, words in _CONCERNS.items()
        }
        for reason in Reason:
            self._refusals.labels(reason.value)

    def answered(self, endpoint: str, status: int, reason: str | None, seconds: float) -> None:
        """Count one answered request; `reason` where it was refused."""
        self._requests.labels(endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)
        if reason is not None:
            self._refusals.labels(reason).inc()

    def told(self, concerns: Concerns) -> None:
        """Show what peers and people were not told, and how far the working calendar reaches."""
        self._concerns["notices_behind"].set(concerns.notices_behind)
        self._concerns["notices_dead"].set(concerns.notices_dead)
        self._concerns["mails_waiting"].set(concerns.mails_waiting)
        self._concerns["mails_given_up"].set(concerns.mails_given_up)
        self._concerns["calendar_days"].set(concerns.days_covered)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step of a submission, whatever comes of it."""
        started_s = time.perf_counter()
        try:
            yield
        finally:
            self._steps.labels(name).observe(time.perf_counter() - started_s)

    def stamped(self, debt_s: float, faults: Mapping[str, int]) -> None:
        """How far time stamps lag behind, and how often an answer did not come or hold."""
        self._stamp_debt.set(debt_s)
        for fault, count in faults.items():
            self._stamp_faults.labels(fault).set(count)

    def stood_down(self) -> None:
        """Show nothing of duties: another process does them, and what this one saw last says nothing any more."""
        for gauge in (self._stamp_faults, self._witness_size, self._witness_away):
            gauge.clear()
        for one in (self._stamp_debt, *self._concerns.values()):
            one.set(math.nan)

    def witnessed(self, witness: str, entries: int, *, away: bool) -> None:
        """How far a witness has come, and whether it is away."""
        self._witness_size.labels(witness).set(entries)
        self._witness_away.labels(witness).set(away)

    def figures(self) -> Figures:
        """What was answered since the start, for people."""
        answered, faults = 0, 0
        for one in self._samples(self._requests):
            answered += int(one.value)
            faults += int(one.value) if one.labels["status"].startswith("5") else 0
        refused = sorted((-int(one.value), one.labels["reason"]) for one in self._samples(self._refusals) if one.value)
        return Figures(answered, faults, tuple((reason, -count) for count, reason in refused))

    @staticmethod
    def _samples(counter: Counter) -> Iterator[Sample]:
        return (one for family in counter.collect() for one in family.samples if one.name.endswith("_total"))

    def text(self) -> bytes:
        """Every figure in Prometheus' text format."""
        return generate_latest(self.registry)
