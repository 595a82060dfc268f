"""A full disk is a reason to wait: 507, nothing receipted is lost, and with space again everything goes on by itself.

The disk is a small tmpfs in a mount namespace of its own: nobody else sees it, and it is gone with the last process in
it. (A disk that fails is a reason to stop: see the matrix.)
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.client import Problem
from gateway.client.results import Accepted
from gateway.ledger import check_case
from tests.crash.audit import Audit, Found
from tests.crash.installation import Installation, found
from tests.crash.notebook import Answered, Line, Receipted, of_kind
from tests.crash.parties import ONCE, client
from tests.crash.rows import paper, submit, until
from tests.crash.serving import Serving
from tests.crash.spawner import Spawner
from tests.http.town import awaited

pytestmark = pytest.mark.crash

DISK_BYTES, BALLAST_BYTES, FLOOR_BYTES = 4 * 1024 * 1024, 1024 * 1024, 512 * 1024
SMALL_BYTES, LARGE_BYTES = 100, 100_000
"""An attachment that lies in the database, and one that is a file."""
SUBMISSIONS_MAX = 200
NAMESPACE = ["unshare", *([] if os.getuid() == 0 else ["--map-root-user"]), "--mount", "--propagation", "private"]


@dataclass
class SmallDisk:
    """A gateway with one of its folders on a small disk, and a file of ballast there that can be thrown out."""

    serving: Serving
    installation: Installation
    ballast: Path
    seen: Path
    """The installation's folder, as the gateway sees it."""

    def fill(self) -> None:
        """Not one byte is left."""
        with (self.ballast.parent / "filler").open("ab", buffering=0) as file:
            for size in (65_536, 4_096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    assert error.errno == errno.ENOSPC

    def make_room(self) -> None:
        for file in (self.ballast, self.ballast.parent / "filler"):
            file.unlink(missing_ok=True)

    def audit(self, folder: Path, told: list[Line]) -> Found:
        """Kill the gateway, and audit what is on disk, in a copy outside of the namespace."""
        self.serving.kill()
        return Audit(self.installation.copy(folder, self.seen)).look(told)


@asynccontextmanager
async def on_a_small_disk(tmp_path: Path, full: str, **settings: int) -> AsyncIterator[SmallDisk]:
    """A running gateway whose folder `full` (`db` or `blobs`) is a disk of its own."""
    if subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode:
        pytest.skip("needs a mount namespace (unshare --mount)")
    folder = tmp_path / "gateway"
    installation = await asyncio.to_thread(found, folder, hub_url="http://127.0.0.1:9/", settings=settings)
    mount = f'mount -t tmpfs -o size={DISK_BYTES} tmpfs "$0" && exec "$@"'
    with Spawner([*NAMESPACE, "sh", "-c", mount, str(folder / full)]) as spawner:
        serving = Serving(installation, spawner)
        seen = spawner.root / folder.relative_to("/")
        shutil.copytree(folder / full, seen / full, dirs_exist_ok=True)
        (seen / full / "ballast").write_bytes(bytes(BALLAST_BYTES))
        try:
            serving.start()
            yield SmallDisk(serving, installation, seen / full / "ballast", seen)
        finally:
            serving.close()


class Sender:
    """The ministry, sending one document after another to the party; what both were told."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self.told: list[Line] = []
        self._sent = 0

    async def send(self, size_bytes: int) -> Accepted | Problem:
        """The next document."""
        self._sent += 1
        cast = self._installation.cast
        packet = paper(self._installation, self._sent, cast.party, size_bytes=size_bytes)
        answer = await submit(self._installation, packet)
        assert isinstance(answer, Accepted | Problem), answer
        if isinstance(answer, Accepted):
            assert not answer.repeated
            one = Receipted(answer.dispatch_id, answer.ledger_index, answer.packet_digest, cast.ministry.peer)
            self.told.append(one)
        return answer

    async def send_until_full(self) -> None:
        """Until the first answer that is no receipt."""
        for number in range(SUBMISSIONS_MAX):
            answer = await self.send(LARGE_BYTES if number % 2 else SMALL_BYTES)
            if isinstance(answer, Problem):
                says_full(answer)
                return
        raise AssertionError("the disk is not that large")

    async def acknowledge_oldest(self) -> None:
        """The party answers for the first document that waits. Problem where the gateway cannot record it."""
        async with client(self._installation, self._installation.cast.party.peer, ONCE) as gateway:
            (item,) = (await gateway.inbox(limit=1)).deliveries
            answer = await gateway.acknowledge(item.delivery_id)
            self.told.append(Answered(item.delivery_id, item.dispatch_id, answer.status))

    async def prove_first_and_last(self) -> None:
        """The ledger covers everything receipted, in full proofs."""
        receipted = of_kind(self.told, Receipted)
        async with client(self._installation, self._installation.cast.ministry.peer) as gateway:
            for one in (receipted[0], receipted[-1]):
                report = check_case(await gateway.proof(one.dispatch_id), self._installation.vkey)
                assert report.holds, report.wrong


def says_full(answer: object) -> None:
    assert isinstance(answer, Problem), answer
    assert (answer.status, answer.reason) == (507, "unavailable.disk_full")
    assert answer.retry_after_s


@pytest.mark.parametrize("full", ["db", "blobs"])
@awaited
async def test_a_full_disk_is_told_and_survived_without_a_restart(tmp_path: Path, full: str) -> None:
    async with on_a_small_disk(tmp_path, full) as disk:
        sender = Sender(disk.installation)
        await sender.send_until_full()
        assert len(sender.told) > 5
        disk.fill()
        for _ in range(3):
            await sender.send_until_full()
        if full == "db":  # a small commit may fit where a larger one was given up: it is recorded, or it is told
            try:
                await sender.acknowledge_oldest()
            except Problem as no:
                says_full(no)
        else:  # what needs no room in the blob folder is still taken
            assert isinstance(await sender.send(SMALL_BYTES), Accepted)
        disk.make_room()
        for size_bytes in (LARGE_BYTES, SMALL_BYTES):
            assert isinstance(await sender.send(size_bytes), Accepted)
        await sender.acknowledge_oldest()
        await sender.prove_first_and_last()
        assert disk.serving.readiness()[0] == 200
        report = disk.audit(tmp_path / "left", sender.told)
        assert report.sound, report
        assert report.dispatches == len(of_kind(sender.told, Receipted))


@pytest.mark.parametrize("full", ["db", "blobs"])
@awaited
async def test_below_the_floor_nothing_is_begun(tmp_path: Path, full: str) -> None:
    """Before the disk is full: so that what is under way, and the ledger, still have room."""
    async with on_a_small_disk(tmp_path, full, **{"store.disk_free_bytes_min": FLOOR_BYTES}) as disk:
        sender = Sender(disk.installation)
        assert isinstance(await sender.send(SMALL_BYTES), Accepted)
        disk.fill()
        await until(lambda: disk.serving.readiness()[0] == 503, "ready although the disk is full")
        assert disk.serving.readiness()[1]["disk"] is False
        says_full(await sender.send(SMALL_BYTES))
        disk.make_room()
        await until(lambda: disk.serving.readiness()[0] == 200, "not ready although there is room")
        assert isinstance(await sender.send(LARGE_BYTES), Accepted)
        report = disk.audit(tmp_path / "left", sender.told)
        assert report.sound, report


@awaited
async def test_killed_on_a_full_disk_it_starts_again_when_there_is_room(tmp_path: Path) -> None:
    async with on_a_small_disk(tmp_path, "db") as disk:
        sender = Sender(disk.installation)
        await sender.send_until_full()
        disk.fill()
        says_full(await sender.send(SMALL_BYTES))
        disk.serving.kill()
        disk.make_room()
        disk.serving.start()
        assert isinstance(await sender.send(SMALL_BYTES), Accepted)
        await sender.prove_first_and_last()
        report = disk.audit(tmp_path / "left", sender.told)
        assert report.sound, report
