"""The second factor: codes by time (TOTP, RFC 6238) and codes for the day the telephone is lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp

STEP_S = 30
STEPS_APART = 1
"""How many steps a telephone's clock may be off, either way."""
RECOVERY_CODES = 8


def right_step(secret: bytes, code: str, at: datetime) -> int | None:
    """The time step whose code this is, near `at`; None for a wrong code. Whoever accepts it remembers the step."""
    generator = pyotp.TOTP(_written(secret), interval=STEP_S)
    now = int(at.timestamp()) // STEP_S
    for step in range(now - STEPS_APART, now + STEPS_APART + 1):
        if hmac.compare_digest(generator.at(step * STEP_S).encode(), code.encode()):
            return step
    return None


def enrolment(secret: bytes, person: str, issuer: str) -> tuple[str, str]:
    """What goes into the telephone: the secret as letters, and the same as an `otpauth:` address for a picture."""
    written = _written(secret)
    return written, pyotp.TOTP(written, interval=STEP_S).provisioning_uri(name=person, issuer_name=issuer)


def new_recovery_codes() -> tuple[str, ...]:
    """Codes that count once each: 64 bits, in groups for reading aloud."""
    written = [secrets.token_hex(8) for _ in range(RECOVERY_CODES)]
    return tuple("-".join((one[:4], one[4:8], one[8:12], one[12:])) for one in written)


def recovery_digest(code: str) -> str:
    """SHA-256 (hex) of a recovery code, however it was typed: by this it is kept."""
    return hashlib.sha256("".join(code.split()).replace("-", "").lower().encode()).hexdigest()


def _written(secret: bytes) -> str:
    return base64.b32encode(secret[:20]).decode()
