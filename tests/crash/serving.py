"""A gateway as a process of its own: started, asked whether it is ready, killed, told to stop."""

from __future__ import annotations

import json
import os
import select
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.crash.installation import Installation
from tests.crash.spawner import Origin

READY_S_MAX = 180.0
STOP_S_MAX = 120.0


class Serving:
    """`gateway serve` over an installation, as often as it is started. What it says goes to `gateway.log`."""

    def __init__(self, installation: Installation, origin: Origin, config: Path | None = None) -> None:
        """`config`: the installation's file as the gateway sees it, where that differs."""
        self.installation = installation
        self._origin = origin
        self._config = config or installation.config
        self._log = installation.folder / "gateway.log"
        self._pid = 0
        self._watch = -1
        """A descriptor that becomes readable when the process ends."""
        self._told_to_end = False

    @property
    def pid(self) -> int:
        assert self._pid, "not started"
        return self._pid

    @property
    def log(self) -> str:
        """Everything it ever said: for the message of a test that fails."""
        return self._log.read_text("utf-8", "replace")

    def start(self) -> float:
        """Start, and wait until the doors answer. Gives the seconds that took."""
        assert not self._pid, "one at a time"
        started_s = time.monotonic()
        self._pid = self._origin.spawn(["--lang", "en", "serve", "--config", str(self._config)], self._log)
        self._watch = os.pidfd_open(self._pid)
        self._told_to_end = False
        while not self.answers():
            assert not self.ends_within(0.005), self.log
            assert time.monotonic() - started_s < READY_S_MAX, self.log
        return time.monotonic() - started_s

    def answers(self) -> bool:
        """Does the process answer at all?"""
        try:
            return self._ask("/healthz")[0] == 200
        except OSError:
            return False

    def readiness(self) -> tuple[int, dict[str, bool]]:
        """What /readyz says: its status, and each thing that admission takes."""
        status, body = self._ask("/readyz")
        dependencies: dict[str, bool] = json.loads(body)["dependencies"]
        return status, dependencies

    @property
    def ended_by_itself(self) -> bool:
        """Is it gone although nobody told it to end?"""
        return bool(self._pid) and not self._told_to_end and self.ends_within(0)

    def kill(self) -> int:
        """SIGKILL: nothing is tidied up, nothing flushed, nobody told."""
        return self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, as an operator would; its exit status."""
        return self._end(signal.SIGTERM)

    def ends_within(self, timeout_s: float) -> bool:
        """Has it ended, or does it end in so many seconds?"""
        return bool(select.select([self._watch], [], [], timeout_s)[0])

    def ended(self) -> int:
        """Wait until it ended; its exit status, or minus the signal that ended it."""
        assert self.ends_within(STOP_S_MAX), "it does not end"
        os.close(self._watch)
        pid, self._pid = self._pid, 0
        return self._origin.wait(pid)

    def close(self) -> None:
        """Leave nothing running, whatever happened."""
        if self._pid:
            self.kill()

    def _end(self, number: signal.Signals) -> int:
        self._told_to_end = True
        os.kill(self.pid, number)
        return self.ended()

    def _ask(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self.installation.base_url + path, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
