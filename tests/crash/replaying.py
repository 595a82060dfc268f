"""The register of a running gateway, made anew from its ledger and compared, as `gateway audit replay` does it."""

from __future__ import annotations

from gateway.ledger import NoteKey
from gateway.store.engine import parse_url, reader_engine
from gateway.store.reconciling import Difference, replay
from tests.crash.installation import Installation


def replayed(installation: Installation) -> list[Difference]:
    """Where the register is not what the ledger tells."""
    engine = reader_engine(parse_url(installation.url), 1)
    try:
        with engine.connect() as connection:
            return list(replay(connection, [NoteKey.parse(installation.vkey)]))
    finally:
        engine.dispose()
