"""The credential of a system that speaks the axis dialect: a system id and a secret, derived anew at each request.

The database holds neither, only the digest by which a credential can be revoked. The number in a system id is its
serial: the next one of the same peer is another credential, so both can work while a client is moved to the new one.
"""

from __future__ import annotations

import base64
import hashlib
import re

from gateway.trust.derived import DerivingKey

PURPOSE = "axis"
PEER_KEY = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""Keys of peers that fit into a header."""

_SYSTEM_ID = re.compile(rf"({PEER_KEY.pattern})\.([1-9][0-9]{{0,5}})")


def system_id_of(peer_key: str, serial: int) -> str:
    """What the peer's software is told as its SystemId."""
    return f"{peer_key}.{serial}"


def secret_of(key: DerivingKey, system_id: str) -> str | None:
    """The secret of a system id, given out or not; None for what is no system id."""
    match = _SYSTEM_ID.fullmatch(system_id)
    if match is None:
        return None
    secret = key.secret(PURPOSE, match[1], int(match[2]))
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


def digest_of(system_id: str, secret: str) -> str:
    """What is kept of a credential. No bearer token has this digest, since no header holds a line feed."""
    return hashlib.sha256(f"{PURPOSE}\n{system_id}\n{secret}".encode()).hexdigest()
