"""The register compared with what its ledger alone says."""

from __future__ import annotations

from gateway.exchange.line import Line
from gateway.store import queries
from gateway.store.reconciling import Difference, replay


async def differences(line: Line) -> list[Difference]:
    def read(connection: queries.Connection) -> list[Difference]:
        return list(replay(connection, [line.notary.key]))

    return await line.store.read(read)
