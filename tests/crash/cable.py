"""The cable between a gateway and its PostgreSQL server, which breaks at a commit.

There the disk of the server makes a commit durable. What a gateway itself may meet is that its commit never arrives,
that the answer never does, or that it dies in between.
"""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.crash.installation import Installation
from tests.store.proxy import Proxy

WROTE = re.compile(rb"(INSERT 0|UPDATE|DELETE) [1-9]")
"""What PostgreSQL says of a statement that changed something."""


@dataclass
class Cable(Proxy):
    """Cut at the next commit of something written, it stays so until it is mended: nobody gets through."""

    pid_to_kill: int = 0
    """Who dies at the cut, instead."""
    _torn: bool = False
    _ends: set[socket.socket] = field(default_factory=set)
    _wrote: set[socket.socket] = field(default_factory=set)

    def lead(self, installation: Installation) -> None:
        """Lead from a gateway that is still to be started."""
        written = installation.config.read_text("utf-8")
        installation.config.write_text(written.replace(installation.url, self.url(installation.url)), "utf-8")

    @contextmanager
    def cut_at_commit(self, how: str, pid_to_kill: int = 0) -> Iterator[None]:
        """Once, `before` the next commit reaches the server or `after` it answered; mended when the block ends."""
        self.cut, self.pid_to_kill = how, pid_to_kill
        self._wrote.clear()
        try:
            yield
        finally:
            self.cut, self._torn = "", False

    def heard(self, client: socket.socket, data: bytes) -> None:
        if WROTE.search(data):
            self._wrote.add(client)

    def fate(self, client: socket.socket, data: bytes) -> str:
        return super().fate(client, data) if client in self._wrote else ""

    def before_the_cut(self) -> None:
        if self.pid_to_kill:
            os.kill(self.pid_to_kill, signal.SIGKILL)
            return
        self._torn = True
        for end in list(self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _serve(self, client: socket.socket) -> None:
        self._ends.add(client)
        if self._torn:
            client.close()
        else:
            super()._serve(client)
        self._ends.discard(client)
