"""A disk that fails, or a death in the middle of a call: put under a running gateway by `strace`.

The calls are the process's real ones. strace counts each kind of call for each thread, which suits us: one
thread writes the database (or speaks with its server), and another makes an attachment durable.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.crash.serving import Serving

PACKAGE = "strace"
FLUSHES, WRITES = "fdatasync", "pwrite64"
"""How SQLite makes a commit durable, and how it writes the pages of one."""
BLOB_FLUSHES = "fsync"
"""How a large attachment is made durable: the file, the folder of folders, the folder it was renamed into."""
SENDS, READS = "sendto", "recvfrom"
"""How a statement goes to a database server and its answer comes; so do requests and answers of the peers."""
DYING_S_MAX, DETACH_S_MAX = 0.3, 5.0
FAILS, KILLS = "error=EIO", "signal=KILL"


@contextmanager
def injected(serving: Serving, calls: str, what: str, when: str) -> Iterator[None]:
    """From here on the calls of a running gateway are tampered with: `what` happens at `when` (`3`, `3+`)."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip(f"strace is not installed (Debian: apt-get install {PACKAGE})")
    command = [strace, "--follow-forks", "--attach", str(serving.pid), "--output=/dev/null"]
    command += [f"--trace={calls}", f"--inject={calls}:{what}:when={when}"]
    watch = os.pidfd_open(serving.pid)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        attached = tracer.stderr.readline()
        assert "attached" in attached, attached
        try:
            yield
        finally:
            # A tracer told to detach while what it traces is dying may wait for ever: one that is dying is left to die.
            if not select.select([watch], [], [], DYING_S_MAX)[0]:
                tracer.terminate()
            os.close(watch)
            with suppress(subprocess.TimeoutExpired):
                tracer.wait(DETACH_S_MAX)
            tracer.kill()
