"""Passwords as argon2id hashes (RFC 9106, its second recommended option: 64 MiB), and what a password must be."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX = 12, 128
"""Long rather than odd: no rule about kinds of characters (OWASP ASVS 5.0, 6.2)."""

_HASHER: Final = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
_NOBODYS: Final = _HASHER.hash("the password of nobody")
"""Verified where there is no such person, so that the answer takes as long."""


def hashed(password: str) -> str:
    """The hash to keep. Takes some 50 ms and 64 MiB: call it in a thread."""
    return _HASHER.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether this is the password kept as a hash; with None it takes as long and is False. Call it in a thread."""
    if len(password) > PASSWORD_CHARS_MAX:
        return False
    try:
        _HASHER.verify(kept or _NOBODYS, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def fault_of(password: str, person: str) -> str | None:
    """What is wrong with a new password: `too_short`, `too_long`, `own_name`, `few_characters`; None: nothing."""
    if len(password) < PASSWORD_CHARS_MIN:
        return "too_short"
    if len(password) > PASSWORD_CHARS_MAX:
        return "too_long"
    if person.casefold() in password.casefold():
        return "own_name"
    return "few_characters" if len(set(password)) < 4 else None
