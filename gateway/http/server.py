"""Where the doors are: on this machine, and as others know them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from gateway.http.public import PublicAddress
from gateway.trust import check_key_file


@dataclass(frozen=True, slots=True)
class Server:
    """Where the doors are, and their TLS."""

    host: str = "127.0.0.1"
    port: int = 8443
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    workers: int = 1
    public_url: str = ""

    @property
    def public(self) -> PublicAddress | None:
        """Where others find the doors, where that is not where they listen."""
        return PublicAddress.parse(self.public_url) if self.public_url else None


def server_tls(server: Server) -> ssl.SSLContext | None:
    """TLS of the doors; with `client_ca`, peers may show a certificate of that authority (mutual TLS)."""
    if server.tls_certificate is None or server.tls_key is None:
        return None
    check_key_file(server.tls_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(server.tls_certificate, server.tls_key)
    if server.client_ca is not None:
        context.load_verify_locations(server.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL  # a peer may come with a token instead
    return context
