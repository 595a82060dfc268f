"""Secrets that must be known again: derived from one key file, so that no database holds them.

An HMAC (the axis dialect, webhooks) or a code generator (TOTP) needs the shared secret itself, not a digest of it.
What is kept is only its serial: the next serial is another secret, and a thief of the database has none of them.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from gateway.trust.keys import KeyFileError, check_key_file

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class DerivingKey:
    """The key that secrets are derived from (HMAC-SHA-256 as a pseudo-random function)."""

    key: bytes

    def secret(self, purpose: str, holder: str, serial: int) -> bytes:
        """32 bytes: the `serial`th secret of a holder for a purpose. No other purpose, holder or serial has it."""
        said = b"\0".join(part.encode() for part in ("truc-secret-v1", purpose, holder, str(serial)))
        return hmac.digest(self.key, said, hashlib.sha256)

    def __repr__(self) -> str:
        return "DerivingKey()"


def load_deriving_key(path: Path) -> DerivingKey:
    """The key of a file of 64 hex digits, mode 0600 or 0400. KeyFileError otherwise."""
    check_key_file(path)
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as broken:
        raise KeyFileError("key.unreadable", path=str(path)) from broken
    if len(key) != KEY_BYTES:
        raise KeyFileError("key.unreadable", path=str(path))
    return DerivingKey(key)
