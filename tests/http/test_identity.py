"""Who may ask: tokens and client certificates, revocation, rates."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.http import HttpLimits
from gateway.http.identity import network_of
from gateway.model.reasons import Reason
from gateway.store import CredentialKind, PutCredential, RevokePeer, queries
from tests.http.problems import assert_problem
from tests.http.town import Town, awaited, town
from tests.pki import NOW, Identity, p256, pki, self_issued


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer wrong",
        "Bearer",
        "Bearer ",
        "ministry-token",
        "Basic bWluaXN0cnktdG9rZW46",
        "Bearer " + "x" * 513,
        "Bearer  ministry-token",
        "Token ministry-token",
        "Bearer ministry-tokeN",
        "Bearer é",
    ],
)
@awaited
async def test_whatever_is_not_the_token_is_unauthenticated(tmp_path: Path, authorization: str) -> None:
    async with town(tmp_path) as here:
        answer = await here.ask("GET", "/v1/inbox", token=None, headers={"Authorization": authorization})
        assert_problem(answer, Reason.UNAUTHENTICATED)


@awaited
async def test_the_scheme_is_case_blind_and_the_token_is_not(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        for scheme, status in (("bearer", 200), ("BEARER", 200)):
            headers = {"Authorization": f"{scheme} ministry-token"}
            assert (await here.ask("GET", "/v1/inbox", token=None, headers=headers))[0] == status


@awaited
async def test_a_revoked_peer_is_out_at_once_although_its_credential_is_cached(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(credential_cache_s=3600)) as here:
        assert (await here.ask("GET", "/v1/inbox"))[0] == 200
        here.clock.pass_(hours=1)
        await here.line.store.write(RevokePeer("bo", here.clock()))
        here.line.state.directory = await here.line.store.read(queries.directory)
        assert_problem(await here.ask("GET", "/v1/inbox"), Reason.UNAUTHENTICATED)
        assert (await here.ask("GET", "/v1/inbox", "tinh"))[0] == 200


@awaited
async def test_failed_attempts_of_one_address_are_slowed_and_known_peers_behind_it_are_not(tmp_path: Path) -> None:
    limits = HttpLimits(unknown_burst=3, unknown_requests_per_s=0.01)
    async with town(tmp_path, limits) as here:
        assert (await here.ask("GET", "/v1/inbox"))[0] == 200
        for _ in range(3):
            assert_problem(await here.ask("GET", "/v1/inbox", "guess"), Reason.UNAUTHENTICATED)
        answer = await here.ask("GET", "/v1/inbox", "guess")
        assert_problem(answer, Reason.RATE_LIMITED)
        assert int(answer[2]["Retry-After"]) > 1
        assert_problem(await here.ask("GET", "/v1/inbox", "tinh"), Reason.RATE_LIMITED)  # unknown so far: it must wait
        assert (await here.ask("GET", "/v1/inbox"))[0] == 200
        assert (await here.ask("GET", "/healthz", token=None))[0] == 200


@awaited
async def test_a_peer_beyond_its_rate_is_told_how_long_to_wait_and_others_are_not_held_up(tmp_path: Path) -> None:
    async with town(tmp_path, HttpLimits(peer_burst=5, peer_requests_per_s=0.5)) as here:
        for _ in range(5):
            assert (await here.ask("GET", "/v1/inbox"))[0] == 200
        answer = await here.ask("GET", "/v1/inbox")
        assert_problem(answer, Reason.RATE_LIMITED)
        assert answer[2]["Retry-After"] == "2"
        assert (await here.ask("GET", "/v1/inbox", "tinh"))[0] == 200


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "local"),
        ("", "local"),
        ("/run/truc.sock", "local"),
    ],
)
def test_strangers_are_counted_by_address_and_in_ipv6_by_network(address: str | None, key: str) -> None:
    assert network_of(address) == key


def server_context(folder: Path) -> ssl.SSLContext:
    """TLS as `gateway serve` has it: clients may show a certificate of the issuing authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files(folder, pki().gateway, "gateway"))
    context.load_verify_locations(cadata=(pki().root.pem + pki().issuing.pem).decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_context(folder: Path, identity: Identity | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if identity is not None:
        context.load_cert_chain(*files(folder, identity, "client"))
    return context


def files(folder: Path, identity: Identity, name: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(identity.pem)
    key.write_bytes(identity.key_pem)
    return certificate, key


async def ask_with(
    here: Town, context: ssl.SSLContext, token: str | None = None
) -> tuple[int, bytes, Mapping[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        session.get(f"{here.url}/v1/inbox", headers=headers) as answer,
    ):
        return answer.status, await answer.read(), answer.headers


@awaited
async def test_a_registered_client_certificate_is_enough_and_another_of_its_authority_is_not(
    tmp_path: Path,
) -> None:
    known, other = (pki().issuing.issue(name, p256()) for name in ("Máy của Bộ", "Máy khác"))
    async with town(tmp_path, tls=server_context(tmp_path)) as here:
        digest = hashlib.sha256(known.der).hexdigest()
        await here.line.store.write(PutCredential(digest, CredentialKind.CERTIFICATE, "bo", NOW))
        assert (await ask_with(here, client_context(tmp_path, known)))[0] == 200
        assert_problem(await ask_with(here, client_context(tmp_path, other)), Reason.UNAUTHENTICATED)
        assert_problem(await ask_with(here, client_context(tmp_path, None)), Reason.UNAUTHENTICATED)
        assert (await ask_with(here, client_context(tmp_path, None), "province-token"))[0] == 200
        # Two credentials must name one peer: a borrowed token does not travel in another system's connection.
        assert (await ask_with(here, client_context(tmp_path, known), "ministry-token"))[0] == 200
        assert_problem(await ask_with(here, client_context(tmp_path, known), "province-token"), Reason.UNAUTHENTICATED)
        assert_problem(await ask_with(here, client_context(tmp_path, other), "ministry-token"), Reason.UNAUTHENTICATED)


@awaited
async def test_a_certificate_of_an_unknown_authority_does_not_get_through_the_handshake(tmp_path: Path) -> None:
    forged = self_issued("Máy của Bộ", p256())
    async with town(tmp_path, tls=server_context(tmp_path)) as here:
        with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
            await ask_with(here, client_context(tmp_path, forged))
        assert_problem(await ask_with(here, client_context(tmp_path, None)), Reason.UNAUTHENTICATED)
