"""A register from before the journal: every version of its directory is read as it was."""

from __future__ import annotations

import zlib
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from gateway.model.agency import Agency, Directory, Grant, Peer
from gateway.model.period import Period
from gateway.model.signers import Rank, Signer
from gateway.store import Store, queries
from gateway.store.engine import parse_url, writer_engine
from tests.store.samples import NOW, run
from tests.stores import ENGINES

PROVINCE = Agency("H41", "Ủy ban nhân dân tỉnh", ("H41", "000.00.00.H41"), certificates=(b"\x30\x00",))
MERGED = Agency("H42", "Tỉnh sáp nhập", ("H42",), None, Period(None, NOW + timedelta(days=3)), "H41")
SIGNED = Agency("H41", "Ủy ban nhân dân tỉnh", ("H41",), signers=(Signer("Lan", "Chủ tịch", Rank.HEAD),))
HUB, OWN = Peer("hub", "Trục", (Grant("H41", subtree=True),)), Peer("a", "Sở", revoked_at=NOW)
VERSIONS = (
    Directory(1, (PROVINCE, MERGED), (HUB,)),
    Directory(2, (PROVINCE,), (HUB, OWN)),
    Directory(5, (SIGNED, MERGED), (OWN,)),
)


@pytest.mark.parametrize("engine_name", ENGINES)
def test_versions_kept_whole_become_a_journal_that_says_the_same(
    engine_name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    if engine_name == "postgresql":
        url = request.getfixturevalue("postgres").empty_database()
    engine = writer_engine(parse_url(url))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "gateway.store:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for one in VERSIONS:
            connection.execute(
                text("INSERT INTO directory_versions (version, recorded_at, snapshot) VALUES (:version, 0, :snapshot)"),
                {"version": one.version, "snapshot": zlib.compress(msgspec.json.encode(one))},
            )
        command.upgrade(config, "head")
    engine.dispose()
    store = Store.open(url, tmp_path / "blobs")
    for one in VERSIONS:
        assert run(store.read(queries.directory_at, one.version)) == one
    assert run(store.read(queries.directory)) == VERSIONS[-1]
    assert run(store.read(queries.directory_at, 4)) is None
    assert [one.agency.key for one in run(store.read(queries.agencies_changed_since, 1))] == ["H41", "H42"]
    store.close()
