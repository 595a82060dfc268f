"""A real S3-compatible server for tests: SeaweedFS, started by whoever asks for it, on free ports, for the session."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model.refusal import Unavailable
from gateway.store.object_place import Bucket, ObjectPlace
from gateway.store.staging import Staging

PORTS = ("master.port", "volume.port", "filer.port", "s3.port")
START_S = 120.0
ACCESS_KEY, SECRET = "gateway-test", "a-secret-of-the-tests"


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Seaweed:
    """The server: started, killed, and started again over what it has stored."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = [*PORTS, *(f"{one}.grpc" for one in PORTS)]
        self._ports = dict(zip(names, _free_ports(len(names)), strict=True))
        self._running: subprocess.Popen[bytes] | None = None
        self._prefixes = self._starts = 0
        (folder / "data").mkdir()
        identity = {"name": "gateway", "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET}]}
        identity["actions"] = ["Admin", "Read", "Write", "List"]
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "secret").touch(mode=0o600)
        (folder / "secret").write_text(SECRET)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports['s3.port']}"

    def start(self) -> None:
        """Returns once it takes objects; at once where it runs."""
        if self._running is not None:
            return
        self._starts += 1
        (master := self.folder / f"master-{self._starts}").mkdir()  # over an old one it would be elected for 10 s
        weed = Path(sys.executable).parent / "weed"
        command = [
            weed,
            f"-logdir={self.folder}",
            "server",
            f"-dir={self.folder / 'data'}",
            f"-master.dir={master}",
            "-s3",
        ]
        command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={self.folder / 's3.json'}", "-s3.iam=false"]
        command += [
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=16",
            "-master.telemetry=false",
        ]
        command += [f"-{name}={port}" for name, port in self._ports.items()]
        with (self.folder / "out").open("ab") as out:
            self._running = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        until_s = time.monotonic() + START_S
        while not self._takes_objects():
            assert time.monotonic() < until_s, (self.folder / "out").read_text()[-2_000:]
            assert self._running.poll() is None, (self.folder / "out").read_text()[-2_000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """As a machine that loses its power."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    def bucket(self) -> Bucket:
        """A place of its own in the one bucket there is: more would be volumes for each."""
        self._prefixes += 1
        return self._named(f"s3://truc/noi/luu-{self._prefixes}")

    def _named(self, url: str) -> Bucket:
        return Bucket(url, self.endpoint, "us-east-1", ACCESS_KEY, self.folder / "secret")

    def _takes_objects(self) -> bool:
        place = ObjectPlace(self._named("s3://truc/ready"))
        staging = Staging(self.folder, 0)
        staging.write(b"ready")
        try:
            asyncio.run(place.put("0" * 64, staging))
        except Unavailable:
            return False
        finally:
            staging.drop()
        return True


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    """The server, running. Who kills it starts it again."""
    server = Seaweed(tmp_path_factory.mktemp("seaweed"))
    server.start()
    yield server
    server.kill()
