"""Where the doors are: on this machine, and as others know them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.http.public import PublicAddress


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
