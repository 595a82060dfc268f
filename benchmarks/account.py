"""How many instructions each step of a document takes: the same figure on a busy machine as on an idle one.

    valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file=/tmp/account python -m benchmarks.account

Beside the numbers it leaves a profile of each step, `/tmp/account.<number>`, for `callgrind_annotate`. Valgrind knows
no SHA instructions: of what is hashed (20 KB an attachment), count a tenth.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from benchmarks.steps import actions

CALLS = 10
OUT = Path("/tmp/account")


def main() -> None:
    """Print thousands of instructions a call, after two calls that warm the caches."""
    counting = _counted(1, "nothing", lambda: None)
    for number, (name, action) in enumerate(actions().items(), start=2):
        action()
        action()
        print(f"{(_counted(number, name, action) - counting) / CALLS / 1000:9.0f}  {name}", flush=True)


def _counted(number: int, name: str, action: Callable[[], object]) -> int:
    """Instructions of all calls, and of counting them."""
    _control("--instr=on")
    for _ in range(CALLS):
        action()
    _control(f"--dump={name}")
    _control("--instr=off")
    profile = OUT.with_suffix(f".{number}").read_text(errors="replace")
    total = re.search(r"^totals: ([0-9]+)", profile, re.MULTILINE)
    if total is None:
        raise RuntimeError("run this under valgrind, as its first lines say")
    return int(total[1])


def _control(order: str) -> None:
    subprocess.run(["callgrind_control", order, str(os.getpid())], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
