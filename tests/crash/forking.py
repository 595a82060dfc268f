"""The process that has the program loaded, and forks a gateway whenever it is asked to (see `spawner`).

A line of JSON asks, a line answers. Nothing was opened, no thread started and no random number drawn before a fork.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

from gateway.cli import main


def _answer_until_nobody_asks() -> None:
    alive: set[int] = set()
    print(json.dumps("loaded"), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            pid, status = os.waitpid(request["wait"], 0)
            alive.discard(pid)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                _be_gateway(request["arguments"], request["log"])
            alive.add(answer)
        print(answer, flush=True)
    for pid in alive:  # whoever asked is gone
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _be_gateway(arguments: list[str], log: str) -> NoReturn:
    """In the fork: give the pipes back, speak into the log, and be the command."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    for own, its in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(own, its)
    sys.argv = ["gateway", *arguments]
    status = 1
    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _answer_until_nobody_asks()
