"""How cost grows with what is sent, which is the same on every machine: seconds are not."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES = 8
"""How much more the large piece of work is than the small one."""
LINEAR_MAX = 22.0
"""Between eight, which is linear, and sixty-four, which is quadratic: as far from the one as from the other."""
TRIES = 3


def growth(small: Callable[[], object], large: Callable[[], object]) -> float:
    """How many times the CPU time of `small` the `large` takes: the best of some tries of each, made by turns, so that
    a neighbour on the machine slows both or neither. All threads of this process count."""
    pairs = [(_cpu_s(small), _cpu_s(large)) for _ in range(TRIES)]
    return min(of_large for _, of_large in pairs) / min(of_small for of_small, _ in pairs)


def _cpu_s(work: Callable[[], object]) -> float:
    started_s = time.process_time()
    work()
    return time.process_time() - started_s
