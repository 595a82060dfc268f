"""Large attachments ahead of their packet: a broken line costs what came behind the last byte the gateway kept.

By tus 1.0.0, which any gateway of this release speaks; with an older one the packet is sent whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TypeVar

import aiohttp

from gateway.client.packets import Outgoing, Progress, Readable
from gateway.client.problem import Problem, TransferDamaged, Unreachable
from gateway.client.wire import FAULTS, Ask, Wire

UPLOAD_BYTES_MIN = 16 * 1024 * 1024
"""Attachments from this size on come ahead: for smaller ones it would be more requests than it could save."""

Read = TypeVar("Read")

_TUS = {"Tus-Resumable": "1.0.0"}
_NOT_SPOKEN = {404, 405}
_ELSEWHERE = {409, 423}
"""The upload does not stand where we thought, or our last connection is not known to be dead yet: ask again."""


async def upload_large(wire: Wire, parcel: Outgoing, progress: Progress | None) -> dict[str, str]:
    """Upload what is large of a packet; the addresses, by content id."""
    ahead: dict[str, str] = {}
    for name, body in parcel.attachments or ():
        if body.size_bytes >= UPLOAD_BYTES_MIN:
            address = await _begun(wire, body.size_bytes)
            if address is None:
                break
            ahead[name] = address
            await _sent(wire, address, body, progress)
    return ahead


async def remove(wire: Wire, ahead: Mapping[str, str]) -> None:
    """Tidy up after the receipt. What cannot be removed now expires."""
    for address in ahead.values():
        with suppress(Problem, Unreachable):
            await wire.ask(Ask("DELETE", address, headers=_TUS), _nothing)


async def _begun(wire: Wire, size_bytes: int) -> str | None:
    """The address of a new upload; None where the gateway knows no uploads."""
    try:
        return await wire.ask(Ask("POST", "/v1/uploads", headers={**_TUS, "Upload-Length": str(size_bytes)}), _address)
    except Problem as no:
        if no.status in _NOT_SPOKEN:
            return None
        raise


async def _sent(wire: Wire, address: str, body: Readable, progress: Progress | None) -> None:
    """Send from where the upload stands until it is whole. Problem, Unreachable where it comes no further."""
    offset, attempt = 0, 1
    while True:
        try:
            async with wire.opened(_patch(address, body, offset, progress)) as answer:
                offset = await _offset(answer)
        except FAULTS as fault:
            passing = isinstance(fault, Problem) and (fault.transient or fault.status in _ELSEWHERE)
            await wire.pause(attempt, fault, passing=passing)
            stands = await wire.ask(Ask("HEAD", address, headers=_TUS), _offset)
            attempt = 1 if stands > offset else attempt + 1
            offset = stands
        if offset >= body.size_bytes:
            return


def _patch(address: str, body: Readable, offset: int, progress: Progress | None) -> Ask:
    headers = {
        **_TUS,
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(body.size_bytes - offset),
    }
    return Ask("PATCH", address, headers=headers, body=partial(_pieces, body, offset, progress))


async def _pieces(body: Readable, offset: int, progress: Progress | None) -> AsyncIterator[bytes]:
    for piece in body.pieces(offset):
        yield piece
        offset += len(piece)
        if progress is not None:
            progress(offset, body.size_bytes)


async def _address(answer: aiohttp.ClientResponse) -> str:
    return _header(answer, "Location", str)


async def _offset(answer: aiohttp.ClientResponse) -> int:
    return _header(answer, "Upload-Offset", int)


def _header(answer: aiohttp.ClientResponse, name: str, read: Callable[[str], Read]) -> Read:
    try:
        return read(answer.headers[name])
    except (KeyError, ValueError) as error:
        raise TransferDamaged(f"the answer is not what this client knows: {name}") from error


async def _nothing(_: aiohttp.ClientResponse) -> None:
    """Removed."""
