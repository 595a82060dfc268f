"""Allowances: how often somebody may do something, as a token bucket for each."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

KEYS_MAX = 10_000


@dataclass(slots=True)
class Allowance:
    """`burst` at once, then `per_s`, for each key. Time is an argument (monotonic seconds).

    Holds at most KEYS_MAX keys: the one unused for longest is forgotten, which gives it a full bucket again.
    """

    per_s: float
    burst: int
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait_s(self, key: str, now_s: float) -> float:
        """How long until `key` may act again; 0.0 now. Takes nothing."""
        tokens = self._tokens(key, now_s)
        return 0.0 if tokens >= 1.0 else (1.0 - tokens) / self.per_s

    def take(self, key: str, now_s: float) -> float:
        """Act once: 0.0 where allowed, otherwise the seconds to wait (and nothing is taken)."""
        tokens = self._tokens(key, now_s)
        if tokens < 1.0:
            return (1.0 - tokens) / self.per_s
        self._buckets[key] = (tokens - 1.0, now_s)
        self._buckets.move_to_end(key)
        if len(self._buckets) > KEYS_MAX:
            self._buckets.popitem(last=False)
        return 0.0

    def _tokens(self, key: str, now_s: float) -> float:
        held, since_s = self._buckets.get(key, (float(self.burst), now_s))
        return min(float(self.burst), held + (now_s - since_s) * self.per_s)
