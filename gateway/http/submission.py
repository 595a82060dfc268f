"""A packet on its way in, through whichever door: counted, limited, cut into envelope and attachments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from gateway.edxml import Received
from gateway.http.crowd import Stay
from gateway.http.endpoints import Doors
from gateway.http.packaging import OpenSink, Unpacking, unpack
from gateway.store import Staging


@contextmanager
def under_way(doors: Doors, who: str) -> Iterator[Stay]:
    """A place inside for a submission of this peer or person, or Unavailable: before a byte of the body is read."""
    doors.line.check_ready()  # step 0
    with doors.crowd.place(who) as stay, doors.metrics.submissions.track_inprogress():
        yield stay


async def receive(
    request: web.Request, doors: Doors, stay: Stay, unpacking_for: Callable[[OpenSink], Unpacking]
) -> Received:
    """Step 1: the body, cut into envelope and attachments. What was staged for a body that fails is dropped.

    A large one takes one of the places for large ones.
    """
    blobs, opened = doors.line.blobs, list[Staging]()

    def open_sink() -> Staging:
        opened.append(blobs.stage())
        return opened[-1]

    try:
        with doors.metrics.step("receive"):
            unpacking, bytes_max = unpacking_for(open_sink), doors.line.limits.body_bytes_max
            received = await unpack(request, stay.who, unpacking, doors.transfers, bytes_max)
    except BaseException:
        blobs.drop(opened)
        raise
    stay.arrived(len(received.skeleton) + sum(one.size_bytes for one in received.parts))
    return received
