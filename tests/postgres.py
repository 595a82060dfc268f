"""A PostgreSQL server for the suite, started from the system's binaries the first time a test asks for it.

A cluster of its own in a temporary folder, on a socket of its own, with fsync on; gone at the end. PostgreSQL refuses
to run as root, so there it runs as an unprivileged user.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.store import Store
from gateway.store.schema import metadata

PACKAGE = "postgresql"
START_S_MAX = 180.0
PR_SET_PDEATHSIG = 1


class PostgresServer:
    """A running cluster. Databases are copies of a migrated template, used again by later tests."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._data = folder / "data"
        self._account = _account() if os.getuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._spare: list[str] = []
        if self._account:
            shutil.chown(folder, self._account.pw_uid, self._account.pw_gid)
        self._run("initdb", "--username=gateway", "--auth=trust", "--encoding=UTF8", "--locale=C", self._data)
        self.start()
        self._execute("CREATE DATABASE template_gateway")
        Store.create(self.url("template_gateway"))

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://gateway@/{database}?host={self._folder}&port={self.port}"

    @property
    def folder(self) -> Path:
        """Where its socket is."""
        return self._folder

    @property
    def port(self) -> int:
        """Only the socket's name: each server has its own folder."""
        return 5432

    def fresh_database(self) -> str:
        """The URL of an empty database at the newest schema."""
        if self._spare:
            return self._spare.pop()
        name = f"gateway_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template_gateway")
        return self.url(name)

    def empty_database(self) -> str:
        """The URL of a new database with nothing in it."""
        name = f"gateway_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def recycle(self, url: str) -> None:
        """Take a database back and empty it for the next test: dropping it would make the server flush everything."""
        name = url.partition("@/")[2].partition("?")[0]
        with self._connect(name) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
            )
            connection.execute("SET session_replication_role = replica")  # the guards sleep
            for table in metadata.sorted_tables:
                connection.execute(f"DELETE FROM {table.name}".encode())
            connection.execute("INSERT INTO ledger_head (id, size) VALUES (1, 0)")
            connection.execute("INSERT INTO webhook_feed (id, event_id) VALUES (1, 0)")
            for sequence in ("delivery_events_id_seq", "refusals_id_seq", "mails_id_seq"):
                connection.execute(f"ALTER SEQUENCE {sequence} RESTART".encode())
        self._spare.append(url)

    def start(self) -> None:
        """Start the server, as at first or after `kill`, and wait until it answers."""
        command = [
            self._binaries / "postgres",
            *("-D", self._data, "-k", self._folder, "-p", str(self.port)),
            *("-c", "listen_addresses=", "-c", "max_connections=200"),
        ]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  it makes one system call and takes no lock
                **self._as_account(),
            )
        deadline_s = time.monotonic() + START_S_MAX
        while True:
            try:
                self._execute("SELECT 1")
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline_s:
                    raise RuntimeError((self._folder / "server.log").read_text()) from None
                time.sleep(0.02)
            else:
                return

    def configure(self, setting: str) -> None:
        """Change a setting of the whole server, `name = value`, for connections made from now on."""
        self._execute(f"ALTER SYSTEM SET {setting}")
        self._execute("SELECT pg_reload_conf()")
        name, _, value = setting.partition(" = ")
        while self._execute(f"SHOW {name}") != value:
            time.sleep(0.01)

    @property
    def ended(self) -> bool:
        """Is it away?"""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End the server at once, with no chance to tidy up: as a crash would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def _execute(self, statement: str) -> object:
        """Run a statement on a connection of its own; the first value it gives."""
        with self._connect("postgres") as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self._folder), port=self.port, user="gateway", dbname=database, autocommit=True)

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self._binaries / program, *arguments], capture_output=True, text=True, **self._as_account()
        )
        assert done.returncode == 0, done.stderr

    def _as_account(self) -> dict[str, object]:
        if self._account is None:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": [], "cwd": "/"}


def _account() -> pwd.struct_passwd:
    """Somebody who is not root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _die_with_parent() -> None:
    """A suite that is killed leaves no server behind. "Parent" is the thread that starts it: use the main one."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def binaries() -> Path | None:
    """The newest installed server's programs."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The suite's PostgreSQL server; skips where none is installed."""
    programs = binaries()
    if programs is None:
        pytest.skip(f"PostgreSQL's programs are not installed (Debian: apt-get install {PACKAGE})")
    folder = Path(tempfile.mkdtemp(prefix="gateway-postgres-"))
    try:
        server = PostgresServer(programs, folder)
        try:
            yield server
        finally:
            server.kill()  # what it would still write is thrown away
    finally:
        shutil.rmtree(folder, ignore_errors=True)
