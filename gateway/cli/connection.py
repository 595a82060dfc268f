"""How a verb reaches a gateway: options, then the environment, then a small file that `peer add` can write."""

from __future__ import annotations

import functools
import json
import ssl
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from gateway.cli.session import Failed, Session
from gateway.client import GatewayClient, Patience, Progress

FILE_NAME = "gateway-client.toml"
"""Looked for in the working folder where neither an option nor GATEWAY_CLIENT names a file."""

HERE = {"127.0.0.1", "::1", "localhost"}
"""Hosts to which a token may go unencrypted."""

FILE = click.Path(dir_okay=False, path_type=Path)


class ClientFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The file: where the gateway is, and how this system is known to it. Paths are relative to the file."""

    url: str = ""
    token: str = ""
    certificate: str = ""
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a gateway is, and as whom to speak to it."""

    url: str
    token: str | None
    certificate: Path | None
    """PEM: the client certificate, with its key in the same file."""
    ca: Path | None
    """PEM: whom to trust instead of the system's authorities."""

    def client(self, session: Session, patience: Patience | None = None) -> GatewayClient:
        """The client; Failed where the certificates cannot be used."""
        tls = self._tls(session)
        return GatewayClient(self.url, token=self.token, tls=tls, language=session.lang, patience=patience)

    def _tls(self, session: Session) -> ssl.SSLContext | None:
        if self.certificate is None and self.ca is None:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate)
        except (OSError, ssl.SSLError) as fault:
            raise Failed(
                session.say("say.connection.tls", cause=fault.strerror or fault), session.say("say.connection.tls_hint")
            ) from fault
        return context


Connect = Callable[[], Connection]
"""Makes the connection; Failed where the options name none."""


def connecting(verb: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a verb that speaks to a gateway; it is handed `connect`, which makes the connection from them."""

    @functools.wraps(verb)
    def with_connection(
        *args: object,
        client_file: Path | None,
        url: str | None,
        token: str | None,
        certificate: Path | None,
        ca: Path | None,
        **rest: object,
    ) -> object:
        session = click.get_current_context().find_object(Session)
        assert session is not None, "every run has a session"
        return verb(*args, connect=lambda: _connection(session, client_file, url, token, certificate, ca), **rest)

    asking: Callable[..., Any] = with_connection
    for option in (
        click.option("--ca", type=FILE, envvar="GATEWAY_CA"),
        click.option("--certificate", type=FILE, envvar="GATEWAY_CERTIFICATE"),
        click.option("--token", envvar="GATEWAY_TOKEN"),
        click.option("--url", envvar="GATEWAY_URL"),
        click.option("--client", "client_file", type=FILE, envvar="GATEWAY_CLIENT"),
    ):
        asking = option(asking)
    return asking


def _connection(
    session: Session,
    client_file: Path | None,
    url: str | None,
    token: str | None,
    certificate: Path | None,
    ca: Path | None,
) -> Connection:
    """Failed where no gateway is named, or the file is wrong."""
    path = client_file or Path(FILE_NAME)
    kept = _read_file(session, path) if client_file or path.is_file() else ClientFile()
    url, token = url or kept.url, token or kept.token or None
    address = urlsplit(url)
    if address.scheme not in {"http", "https"}:
        raise Failed(session.say("say.connection.nowhere"), session.say("say.connection.nowhere_hint", file=FILE_NAME))
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise Failed(session.say("say.connection.token"), session.say("say.connection.token_hint"))
    if token and address.scheme == "http" and address.hostname not in HERE:
        session.note("say.connection.in_the_clear", url=url)
    return Connection(
        url,
        token,
        certificate or (path.parent / kept.certificate if kept.certificate else None),
        ca or (path.parent / kept.ca if kept.ca else None),
    )


@contextmanager
def progress(session: Session, title: str) -> Iterator[Progress | None]:
    """A bar on stderr while a transfer lasts; nothing where nobody watches."""
    if not session.err.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=session.err, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def advanced(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        yield advanced


def written(file: ClientFile) -> bytes:
    """The file as `peer add` writes it."""
    facts = {name: value for name, value in msgspec.structs.asdict(file).items() if value}
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in facts.items()).encode()


def _read_file(session: Session, path: Path) -> ClientFile:
    try:
        tables: Mapping[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(tables, ClientFile)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise Failed(session.say("say.connection.file", path=path, cause=fault)) from fault
