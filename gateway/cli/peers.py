"""The verbs of connected systems: let one in, shut one out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import config
from gateway.cli.connection import ClientFile, written
from gateway.cli.keys import write_new
from gateway.cli.register import configured, directory_in_force, opened, operator, put_in_force
from gateway.cli.session import Failed, Session
from gateway.cli.spoken import Verbs
from gateway.config import Config
from gateway.exchange.peers import new_token, peer_entry, token_digest
from gateway.ledger.directory_text import directory_entry
from gateway.model.agency import Directory, DirectoryAct, Grant, Peer, PolicyName
from gateway.rules.policy import POLICIES, STRICT
from gateway.store import CredentialKind, PutCredential, RevokePeer, Store


@dataclass(frozen=True, slots=True)
class _Secret:
    """What a peer proves itself with. Only the digest is kept; a token is shown once."""

    kind: CredentialKind
    digest: str
    token: str = ""


class _Peer(Verbs):
    elsewhere: Mapping[str, str] = {
        "axis": "axis",
    }


@click.group("peer", cls=_Peer)
def peer() -> None:
    """The systems that are connected."""


@peer.command()
@click.argument("key")
@click.option("--name", required=True)
@click.option("--speaks-for", "agencies", multiple=True, required=True)
@click.option("--subtree", is_flag=True)
@click.option("--push-url")
@click.option("--policy", type=click.Choice(list(POLICIES)), default=STRICT.name, show_default=True)
@click.option("--certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--client-file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--url", default="")
@configured
@click.pass_obj
def add(
    session: Session,
    key: str,
    name: str,
    agencies: tuple[str, ...],
    subtree: bool,
    push_url: str | None,
    policy: str,
    certificate: Path | None,
    client_file: Path | None,
    url: str,
    config_file: Path,
) -> None:
    """Let a system in, or give one that is in a further credential."""
    if push_url is not None and not push_url.startswith("https://"):
        raise Failed(session.say("say.peer.push_url", url=push_url), session.say("say.peer.push_url_hint"))
    secret = _secret(session, certificate)
    wanted = Peer(key, name, tuple(Grant(one, subtree) for one in agencies), push_url, PolicyName(policy))
    settings = config.load(config_file)
    if client_file is not None:  # on disk before it counts: a token lost between the two would be of no use to anybody
        write_new(client_file, written(ClientFile(url=url or own_address(settings), token=secret.token)))
    try:
        asyncio.run(_add(session, settings, wanted, secret))
    except Exception:
        if client_file is not None:
            client_file.unlink()
        raise
    session.note("say.peer.added", peer=key, agencies=", ".join(agencies))
    if secret.token and client_file is None:
        session.tell("say.peer.token", token=secret.token)
        session.note("say.peer.token_once")
    elif client_file is not None:
        session.note("say.peer.client_file", path=client_file)


def own_address(settings: Config) -> str:
    """Where others find the gateway of a configuration, as a URL."""
    server = settings.server
    if server.public is not None:
        return str(server.public)
    return f"{'https' if server.tls_certificate else 'http'}://{server.host}:{server.port}"


def _secret(session: Session, certificate: Path | None) -> _Secret:
    if certificate is None:
        token = new_token()
        return _Secret(CredentialKind.TOKEN, token_digest(token), token)
    try:
        der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(Encoding.DER)
    except ValueError as fault:
        raise Failed(session.say("say.peer.certificate", path=certificate, cause=fault)) from fault
    return _Secret(CredentialKind.CERTIFICATE, hashlib.sha256(der).hexdigest())


async def _add(session: Session, settings: Config, wanted: Peer, secret: _Secret) -> None:
    async with opened(settings) as store:
        directory = await directory_in_force(store)
        keys = {one.agency: directory.agency(one.agency) for one in wanted.grants}
        unknown = [written for written, agency in keys.items() if agency is None]
        if unknown:
            raise Failed(
                session.say("say.peer.unknown_agency", agencies=", ".join(unknown)),
                session.say("say.peer.unknown_agency_hint"),
            )
        known = replace(
            wanted,
            grants=tuple(replace(one, agency=agency.key) for one in wanted.grants if (agency := keys[one.agency])),
        )
        before = directory.peer(known.key)
        if before is not None and before.revoked_at is not None:
            raise Failed(session.say("say.peer.revoked_for_good", peer=known.key), session.say("say.peer.other_key"))
        if before != known:
            act = DirectoryAct.PEER_ADD if before is None else DirectoryAct.PEER_CHANGE
            await put_in_force(store, directory, _with(directory, known), act)
        await _credit(store, known.key, secret, "added" if before is None else "credential")


def _with(directory: Directory, one: Peer) -> Directory:
    peers = {other.key: other for other in directory.peers} | {one.key: one}
    return replace(directory, version=directory.version + 1, peers=tuple(peers.values()))


async def _credit(store: Store, key: str, secret: _Secret, change: str) -> None:
    at = datetime.now(UTC)
    await store.write(PutCredential(secret.digest, secret.kind, key, at, peer_entry(key, change, at)))


@peer.command()
@click.argument("key")
@configured
@click.pass_obj
def revoke(session: Session, key: str, config_file: Path) -> None:
    """Shut a system out, for good."""
    if asyncio.run(_revoke(config.load(config_file), key)) is None:
        raise Failed(session.say("say.peer.nobody", peer=key))
    session.tell("say.peer.revoked", peer=key)


async def _revoke(settings: Config, key: str) -> int | None:
    at = datetime.now(UTC)
    async with opened(settings) as store:
        before = await directory_in_force(store)
        after = before.without(key, at)
        if after is None:
            return None
        entries = peer_entry(key, "revoked", at), directory_entry(after, at)
        return await store.write(RevokePeer(key, at, entries[0], before, entries[1], operator()))


@peer.command("list")
@click.option("--json", "as_json", is_flag=True)
@configured
@click.pass_obj
def list_peers(session: Session, as_json: bool, config_file: Path) -> None:
    """Who is connected."""
    directory = asyncio.run(_directory(config.load(config_file)))
    if as_json:
        session.show_json(
            [
                {"key": one.key, "name": one.name, "push_url": one.push_url, "revoked_at": one.revoked_at}
                | {"speaks_for": [grant.agency for grant in one.grants], "policy": one.policy}
                for one in directory.peers
            ]
        )
        return
    rows = [
        (one.key, one.name, " ".join(grant.agency for grant in one.grants), one.push_url, one.revoked_at)
        for one in directory.peers
    ]
    session.table([f"say.column.{name}" for name in ("key", "name", "speaks_for", "push_url", "revoked_at")], rows)


async def _directory(settings: Config) -> Directory:
    async with opened(settings) as store:
        return await directory_in_force(store)
