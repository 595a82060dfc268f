"""The partners of a run, from one TOML file: who they speak for, and their credentials."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

import aiohttp
import msgspec

from gateway.client import GatewayClient
from gateway.conformance.axis import AxisPartner
from gateway.conformance.native import FEW_TRIES, NativePartner
from gateway.conformance.partner import Partner, Seat
from gateway.http.axis import AxisRules
from gateway.trust import load_signer


class PartnerRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[partner]]`. With a token it plays natively, with a system id through the axis dialect; with both, both."""

    agency: str
    name: str
    old_id: str = ""
    token: str = ""
    system_id: str = ""
    secret: str = ""
    seal_key: str = ""
    """PEM, with `seal_certificate`: what its packets are sealed with. Paths are relative to the file."""
    seal_certificate: str = ""


class Partners(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file."""

    partner: tuple[PartnerRow, ...]
    axis_path: str = AxisRules().base_paths[0]
    ca: str = ""


class PartnersFault(Exception):
    """The file cannot be used; the message says why."""


def load(path: Path) -> Partners:
    """The file. PartnersFault: no file, no TOML, an unknown key, fewer than two agencies, no credential."""
    try:
        partners = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Partners)
    except OSError as fault:
        raise PartnersFault(f"{path}: {fault.strerror}") from fault
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise PartnersFault(f"{path}: {fault}") from fault
    if len({one.agency for one in partners.partner}) < 2:
        raise PartnersFault(f"{path}: two agencies at least, each a [[partner]]")
    for one in partners.partner:
        if not one.token and not (one.system_id and one.secret):
            raise PartnersFault(f"{path}: {one.agency} needs a token, or a system_id with its secret")
    return partners


@asynccontextmanager
async def seated(
    partners: Partners, url: str, folder: Path, clock: Callable[[], datetime]
) -> AsyncIterator[Sequence[Partner]]:
    """Every partner at its door of the gateway at `url`. `folder`: what paths in the file are relative to."""
    tls = ssl.create_default_context(cafile=folder / partners.ca) if partners.ca else None
    url = url.rstrip("/")
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(aiohttp.ClientSession())
        found: list[Partner] = []
        for row in partners.partner:
            sealed = row.seal_key and row.seal_certificate
            signer = load_signer(folder / row.seal_key, folder / row.seal_certificate) if sealed else None
            seat = Seat(row.agency, row.name, row.old_id, signer)
            if row.token:
                gateway = GatewayClient(url, token=row.token, tls=tls, patience=FEW_TRIES)
                found.append(NativePartner(seat, url, row.token, await opened.enter_async_context(gateway), tls))
            if row.system_id:
                base = url + partners.axis_path
                found.append(AxisPartner(seat, base, row.system_id, row.secret, session, clock, tls))
        yield found
