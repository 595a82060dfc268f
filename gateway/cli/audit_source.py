"""Where an audit reads a ledger from: its address, or a folder somebody mirrored it to."""

from __future__ import annotations

import http.client
import zlib
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from gateway.cli.session import Failed, Session
from gateway.ledger import ProofError
from gateway.ledger.note import NOTE_BYTES_MAX
from gateway.ledger.tiles import Resource, bundle, unbundle
from gateway.ledger.tree import HASH_BYTES, TILE_WIDTH

TIMEOUT_S = 30.0
RESOURCE_BYTES_MAX = TILE_WIDTH * (2 + 65_535)
"""The largest bundle there can be."""


class Place(Protocol):
    """Gives what lies at a path of the ledger; None where nothing does. OSError where it cannot be asked."""

    def get(self, path: str, bytes_max: int) -> bytes | None: ...
    def close(self) -> None: ...


class Folder:
    """A folder with `checkpoint` and `tile/` in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, path: str, bytes_max: int) -> bytes | None:
        """At most one byte more than `bytes_max`, so that too much is seen to be too much."""
        try:
            with (self._folder / path).open("rb") as file:
                return file.read(bytes_max + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def close(self) -> None:
        """Nothing is held open."""


class Address:
    """A ledger's URL prefix, asked over one connection that stays open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._prefix = parts.path.rstrip("/")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)

    def get(self, path: str, bytes_max: int) -> bytes | None:
        """What a GET answers with 200; None for 404. Asked once more where a kept connection had ended."""
        try:
            return self._get(path, bytes_max)
        except (http.client.HTTPException, ConnectionError):
            self._connection.close()
        try:
            return self._get(path, bytes_max)
        except http.client.HTTPException as fault:
            raise ConnectionError(f"{type(fault).__name__}: {fault}") from fault

    def close(self) -> None:
        """Let the connection go; the next question opens another."""
        self._connection.close()

    def _get(self, path: str, bytes_max: int) -> bytes | None:
        headers = {"Accept-Encoding": "gzip, identity", "Cache-Control": "no-cache"}
        self._connection.request("GET", f"{self._prefix}/{path}", headers=headers)
        answer = self._connection.getresponse()
        body = answer.read(bytes_max + 1)
        if not answer.isclosed():
            self._connection.close()
        if answer.status == http.client.NOT_FOUND:
            return None
        if answer.status != http.client.OK:
            raise ConnectionError(f"HTTP {answer.status}")
        return _unpacked(body, bytes_max) if answer.headers.get("Content-Encoding") == "gzip" else body


class LedgerSource:
    """A ledger somewhere: its checkpoint, and its resources for `survey` and `compare`."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def checkpoint(self) -> bytes | None:
        """The note; None where there is none."""
        return self._place.get("checkpoint", NOTE_BYTES_MAX)

    def close(self) -> None:
        """Let go of what is held open. It may be asked again."""
        self._place.close()

    def __call__(self, resource: Resource) -> bytes | None:
        """A resource, cut from the full one where its partial form is gone already."""
        data = self._place.get(resource.path, RESOURCE_BYTES_MAX)
        if data is not None or resource.full:
            return data
        whole = self._place.get(Resource(resource.level, resource.number).path, RESOURCE_BYTES_MAX)
        if whole is None or resource.level is not None:
            return whole and whole[: resource.width * HASH_BYTES]
        try:
            return bundle(unbundle(whole, TILE_WIDTH)[: resource.width])
        except ProofError:
            return whole


def source(session: Session, place: str) -> LedgerSource:
    """The ledger at an address or in a folder. Failed where it is neither."""
    if urlsplit(place).scheme in {"http", "https"}:
        return LedgerSource(Address(place))
    if not Path(place).is_dir():
        raise Failed(session.say("say.audit.no_place", place=place), session.say("say.audit.no_place_hint"))
    return LedgerSource(Folder(Path(place)))


def _unpacked(body: bytes, bytes_max: int) -> bytes:
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        return unpacking.decompress(body, bytes_max + 1)
    except zlib.error as fault:
        raise ConnectionError(str(fault)) from fault
