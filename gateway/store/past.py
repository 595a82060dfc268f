"""The directory as it was: every version is kept whole, so that what was examined under it can be examined again."""

from __future__ import annotations

import zlib

import msgspec
from sqlalchemy import Connection, bindparam, select

from gateway.model.agency import Directory
from gateway.store.schema import directory_versions

_SNAPSHOT = select(directory_versions.c.snapshot).where(directory_versions.c.version == bindparam("version"))


def packed(directory: Directory) -> bytes:
    """A directory as bytes: compressed JSON, its fields by name."""
    # Made anew, for what a directory has worked out about itself is no part of it.
    plain = Directory(directory.version, directory.agencies, directory.peers)
    return zlib.compress(msgspec.json.encode(plain), 6)


def unpacked(snapshot: bytes) -> Directory:
    """The inverse. Fields a later release adds have their defaults."""
    return msgspec.json.decode(zlib.decompress(snapshot), type=Directory)


def directory_at(connection: Connection, version: int) -> Directory | None:
    """The directory at a version; None where there never was one (version 0 is the empty one before the first)."""
    snapshot = connection.execute(_SNAPSHOT, {"version": version}).scalar()
    if snapshot is None:
        return Directory(0) if version == 0 else None
    return unpacked(bytes(snapshot))
