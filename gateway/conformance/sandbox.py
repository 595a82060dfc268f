"""The sandbox: a throwaway gateway, the vendor's system in its directory, and a partner at a desk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway import config
from gateway.app import running, utc_now
from gateway.client import GatewayClient
from gateway.conformance.lossy_line import LossyLine, lossy_line
from gateway.conformance.native import FEW_TRIES, NativePartner
from gateway.conformance.partner import Seat
from gateway.demo.cast import Cast, Issuer, assemble
from gateway.demo.stage import AxisAccess, prepare
from gateway.http import HttpLimits
from gateway.ledger import NoteSigner

NOWHERE = "https://127.0.0.1:9/"
SETTINGS: Mapping[str, object] = {
    "store.disk_free_bytes_min": 0,
    "delivery.poll_s": 0.2,
    "http.peer_burst": 10 * HttpLimits().peer_burst,  # the partner looks often, so that a trial is ticked off at once
    "http.peer_requests_per_s": 10 * HttpLimits().peer_requests_per_s,
}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What a vendor is told, and who plays with it."""

    url: str
    axis_url: str
    axis: AxisAccess
    token: str
    system: Seat
    partner: NativePartner
    line: LossyLine
    """Between the system and the gateway; the partner does not use it."""
    notary: NoteSigner
    vkey: str


@asynccontextmanager
async def sandbox(folder: Path, host: str, port: int, lang: str) -> AsyncIterator[Sandbox]:
    """A gateway in an empty folder, open until the block ends. Its papers need no seal: most systems have none yet."""
    now = utc_now()
    issuer = Issuer(now)
    cast = assemble(issuer, NOWHERE)
    stage = await prepare(folder, issuer, cast, now, overrides=SETTINGS, lang=lang)
    settings = config.load(stage.config)
    async with running(settings) as gateway, lossy_line(host, port, gateway.port) as (line, open_port):
        guest, other = cast.guests
        token = stage.tokens[other.peer]
        url = f"http://{host}:{open_port}"
        async with GatewayClient(gateway.url, token=token, language=lang, patience=FEW_TRIES) as client:
            system, partner = (Seat(one.agency, one.name, _old_id(cast, one.agency)) for one in cast.guests)
            yield Sandbox(
                url,
                url + settings.axis.base_paths[0],
                stage.axis[guest.peer],
                stage.tokens[guest.peer],
                system,
                NativePartner(partner, gateway.url, token, client),
                line,
                gateway.line.notary,
                stage.vkey,
            )


def _old_id(cast: Cast, agency: str) -> str:
    found = cast.directory.agency(agency)
    return next((one for one in found.ids if one != agency), "") if found else ""
