"""A packet on its way in, through whichever door: counted, limited, cut into envelope and attachments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from gateway.edxml import Received
from gateway.http.endpoints import Doors
from gateway.http.packaging import OpenSink, Unpacking, unpack
from gateway.store import Staging


@contextmanager
def under_way(doors: Doors) -> Iterator[None]:
    """Count a submission; beyond the limit the newcomer is told to come back, so that those under way finish."""
    doors.line.check_ready()  # step 0, before a byte of the body is read
    with doors.transfers.submission(), doors.metrics.submissions.track_inprogress():
        yield


async def receive(
    request: web.Request, sender: str, doors: Doors, unpacking_for: Callable[[OpenSink], Unpacking]
) -> Received:
    """Step 1: the body, cut into envelope and attachments. What was staged for a body that fails is dropped.

    A large one takes a place that is counted to `sender`.
    """
    blobs, opened = doors.line.blobs, list[Staging]()

    def open_sink() -> Staging:
        opened.append(blobs.stage())
        return opened[-1]

    try:
        with doors.metrics.step("receive"):
            unpacking, bytes_max = unpacking_for(open_sink), doors.line.limits.body_bytes_max
            return await unpack(request, sender, unpacking, doors.transfers, bytes_max)
    except BaseException:
        blobs.drop(opened)
        raise
