"""Between a store and its PostgreSQL server: what happens on the way to a commit, exactly there."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Proxy:
    """Between store and server. `cut` says what happens to the next commit: nothing, `before` it reaches the server,
    `after` the server answered it, or `held`: the server never learns that the client is gone."""

    folder: Path
    server: Path
    cut: str = ""
    cuts: int = 0
    _kept: list[socket.socket] = field(default_factory=list)

    def url(self, real: str) -> str:
        return real.replace(f"host={self.server}", f"host={self.folder}")

    def open(self) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / ".s.PGSQL.5432"))
        listener.listen()
        self._kept.append(listener)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def fate(self, client: socket.socket, data: bytes) -> str:
        """What happens to this from a client."""
        how, self.cut = (self.cut, "") if b"COMMIT" in data else ("", self.cut)
        return how

    def heard(self, client: socket.socket, data: bytes) -> None:
        """Called with what the server is about to answer a client."""

    def before_the_cut(self) -> None:
        """Called when the client is about to see that its connection is gone."""

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        for one in self._kept:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with client, selectors.DefaultSelector() as ready, suppress(OSError):
            try:
                server.connect(str(self.server / ".s.PGSQL.5432"))
                ready.register(client, selectors.EVENT_READ, server)
                ready.register(server, selectors.EVENT_READ, client)
                while self._pass_on(ready, client, server):
                    pass
            finally:
                if server not in self._kept:
                    server.close()

    def _pass_on(self, ready: selectors.DefaultSelector, client: socket.socket, server: socket.socket) -> bool:
        """Carry what there is; False where the connection is over."""
        for key, _ in ready.select():
            source = key.fileobj
            assert isinstance(source, socket.socket)
            data = source.recv(65_536)
            if not data:
                return False
            if source is not client:
                self.heard(client, data)
            elif how := self.fate(client, data):
                self.cuts += 1
                if how == "after":
                    server.sendall(data)
                    server.recv(65_536)
                if how == "held":
                    self._kept.append(server)
                self.before_the_cut()
                return False
            key.data.sendall(data)
        return True
