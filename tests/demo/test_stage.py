"""A throwaway installation: everything `gateway serve` needs, on either engine, and nothing anybody else may read."""

from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import config
from gateway.app import running
from gateway.client import GatewayClient, Problem
from gateway.demo.cast import Issuer, assemble
from gateway.demo.papers import letter, one_page_pdf, seal
from gateway.demo.stage import Stage, prepare
from gateway.ledger import check_case
from gateway.model.reasons import Reason


def _prepared(folder: Path, url: str | None = None, overrides: dict[str, object] | None = None) -> Stage:
    now = datetime.now(UTC)
    issuer = Issuer(now)
    return asyncio.run(
        prepare(folder, issuer, assemble(issuer, "https://127.0.0.1:9/"), now, url=url, overrides=overrides)
    )


def test_keys_are_their_owners_alone(tmp_path: Path) -> None:
    _prepared(tmp_path)
    keys = [path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert len(keys) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_every_system_has_a_token_of_its_own(tmp_path: Path) -> None:
    stage = _prepared(tmp_path)
    assert stage.tokens.keys() == {peer.key for peer in stage.cast.directory.peers}
    assert len(set(stage.tokens.values())) == len(stage.tokens)
    assert all(
        token not in path.read_text("latin-1") for token in stage.tokens.values() for path in tmp_path.rglob("*.toml")
    )


def test_the_ledgers_name_says_demo(tmp_path: Path) -> None:
    assert "DEMO" in _prepared(tmp_path).vkey


def test_settings_can_be_overridden(tmp_path: Path) -> None:
    stage = _prepared(tmp_path, overrides={"delivery.poll_s": 0.25, "server.port": 8081})
    settings = config.load(stage.config)
    assert (settings.delivery.poll_s, settings.server.port) == (0.25, 8081)


def test_an_installation_is_never_written_over(tmp_path: Path) -> None:
    stage = _prepared(tmp_path)
    before = stage.config.read_bytes()
    with pytest.raises(FileExistsError):
        _prepared(tmp_path)
    assert stage.config.read_bytes() == before


def test_a_document_goes_through_it_on_either_engine(tmp_path: Path, store_url: str) -> None:
    folder = tmp_path / "stage"
    stage = _prepared(folder, url=store_url, overrides={"store.disk_free_bytes_min": 0})
    case = asyncio.run(asyncio.wait_for(_one_document(stage), 120))
    assert check_case(case, stage.vkey).holds


async def _one_document(stage: Stage) -> bytes:
    cast, now = stage.cast, datetime.now(UTC)
    document = letter(cast.ministry, ((cast.party.agency, cast.party.name),), 1, "V/v dựng sân khấu", now)
    paper = seal(document, (one_page_pdf("One page"),), cast.ministry, now)
    async with (
        running(config.load(stage.config)) as gateway,
        GatewayClient(gateway.url, token=stage.tokens[cast.ministry.peer]) as ministry,
        GatewayClient(gateway.url, token=stage.tokens[cast.party.peer]) as party,
    ):
        accepted = await ministry.submit(paper.file)
        assert accepted.warnings == ()
        (item,) = (await party.inbox()).deliveries
        await party.acknowledge(item.delivery_id)
        with pytest.raises(Problem) as refused:
            await party.submit(paper.file)
        assert refused.value.reason == Reason.AUTHORITY_NOT_YOURS
        return await ministry.proof(accepted.dispatch_id)
