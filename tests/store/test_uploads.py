"""Uploads on record, on both engines: counted forwards only, whole once, gone when their time is over."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.store import Store
from gateway.store.uploads import AdvanceUpload, BeginUpload, ForgetUpload, Upload, expired, known, upload
from tests.store.samples import NOW, run, sha256, write

ONE = Upload("01A", "bo", 100, 0, NOW + timedelta(hours=1), None, "filename eA==")
DIGEST = sha256(b"all of it")


def test_an_upload_is_read_back_as_it_was_begun_and_counted_forwards_only(store: Store) -> None:
    assert write(store, BeginUpload(ONE, NOW, most=2))
    assert run(store.read(upload, ONE.id)) == ONE
    assert write(store, AdvanceUpload(ONE.id, 60, None))
    assert not write(store, AdvanceUpload(ONE.id, 59, None)), "somebody else counted further meanwhile"
    assert write(store, AdvanceUpload(ONE.id, 100, DIGEST))
    assert not write(store, AdvanceUpload(ONE.id, 100, sha256(b"other bytes"))), "whole once"
    seen = run(store.read(upload, ONE.id))
    assert (seen.offset_bytes, seen.left_bytes, seen.sha256) == (100, 0, DIGEST)


def test_a_peer_has_so_many_that_have_not_expired(store: Store) -> None:
    assert write(store, BeginUpload(replace(ONE, id="old", expires_at=NOW), NOW, most=1))
    assert write(store, BeginUpload(ONE, NOW, most=1))
    assert not write(store, BeginUpload(replace(ONE, id="more"), NOW, most=1))
    assert write(store, BeginUpload(replace(ONE, id="theirs", peer="tinh"), NOW, most=1))
    assert run(store.read(expired, NOW, 9)) == ("old",)
    assert run(store.read(known, ["old", "more", "theirs"])) == {"old", "theirs"}
    write(store, ForgetUpload("old"))
    write(store, ForgetUpload("old"))
    assert run(store.read(upload, "old")) is None
    assert not write(store, AdvanceUpload("old", 1, None))


@pytest.mark.parametrize("changes", [{"offset_bytes": 101}, {"offset_bytes": -1}, {"sha256": DIGEST}])
def test_the_database_takes_no_upload_that_cannot_be(store: Store, changes: dict[str, object]) -> None:
    with pytest.raises((DBAPIError, sqlite3.IntegrityError)):
        write(store, BeginUpload(replace(ONE, **changes), NOW, most=1))
