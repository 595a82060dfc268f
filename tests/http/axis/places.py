"""The town with systems that speak the axis dialect."""

from __future__ import annotations

from dataclasses import replace

from gateway import edxml
from gateway.exchange.axis_credential import digest_of, secret_of, system_id_of
from gateway.model.agency import PolicyName
from gateway.model.packet import Organ, ResponseFor, Status
from gateway.store import CredentialKind, PutCredential
from tests.http.axis.sdk import Service
from tests.http.town import MINISTRY, PROVINCE, Town, inline, packet
from tests.pki import NOW


async def credential(town: Town, peer: str, serial: int = 1) -> tuple[str, str]:
    """A system id and its secret, let in."""
    system_id = system_id_of(peer, serial)
    secret = secret_of(town.line.secrets, system_id)
    assert secret is not None
    await town.line.store.write(PutCredential(digest_of(system_id, secret), CredentialKind.AXIS, peer, NOW))
    return system_id, secret


async def service(town: Town, peer: str, serial: int = 1) -> Service:
    """A service object of a system that was just given its credential."""
    return Service(town.port, *await credential(town, peer, serial), at=town.clock())


def lenient(town: Town) -> None:
    """Every peer is held to what the field sends today: no seal is asked for."""
    now = town.line.state.directory
    peers = tuple(replace(one, policy=PolicyName.TRANSITION) for one in now.peers)
    town.line.state.directory = replace(now, version=now.version + 1, peers=peers)


def file(**options: object) -> bytes:
    """The field's file of a packet of the town (`town.packet`)."""
    return inline(*packet(**options))  # type: ignore[arg-type]


def status_file(code: str, document_id: str, at: str = "2026/11/23 15:10:00") -> bytes:
    """A status packet of the province about a document of the ministry."""
    return edxml.write(
        Status(
            sender=Organ(PROVINCE, "Ủy ban nhân dân tỉnh Kiểm thử"),
            response_for=ResponseFor(MINISTRY, "7816/BKT-VP", "2026/11/20", document_id),
            status_code=code,
            description="Văn thư đã tiếp nhận",
            timestamp=at,
        )
    )


def take_back_file(document_id: str) -> bytes:
    """A status packet by which the ministry asks a document back from the province."""
    return edxml.write(
        Status(
            sender=Organ(MINISTRY, "Bộ Kiểm thử"),
            response_for=ResponseFor(PROVINCE, "7816/BKT-VP", "2026/11/20", document_id),
            status_code="13",
            description="Ban hành nhầm",
            timestamp="2026/11/23 15:20:00",
        )
    )
