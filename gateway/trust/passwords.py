"""Passwords as argon2id hashes (RFC 9106, its second recommended option: 64 MiB), and what a password must be."""

from __future__ import annotations

import unicodedata
from typing import Final

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX = 12, 128
"""Long rather than odd: no rule about kinds of characters (OWASP ASVS 5.0, 6.2)."""

OWN_LETTERS_MIN = 4
"""Of what is left when the words everybody tries are taken out."""
COMMON: Final = (
    *("password", "passwd", "passphrase", "welcome", "administrator", "admin", "letmein", "iloveyou", "sunshine"),
    *("princess", "football", "superman", "dragon", "monkey", "master", "secret", "login", "hello", "changeme", "test"),
    *("qwertyuiop", "qwerty", "asdfghjkl", "asdf", "zxcvbnm", "zxcv", "qazwsxedc", "qaz", "wsx", "abcdef", "abcd"),
    *("matkhau", "motconvit", "anhyeuem", "emyeuanh", "yeuem", "khongbiet", "khongco", "vietnam", "hanoi", "saigon"),
    *("hochiminh", "vanthu", "quantri", "vanphong", "ubnd", "uyban", "nhandan", "congvan", "xinchao"),
)
"""Words of the passwords tried first: the world's, a keyboard's rows, and those of a Vietnamese office."""
_LOOKALIKES: Final = str.maketrans("013457@$!", "oieastasi")

_COST: Final = profiles.RFC_9106_LOW_MEMORY
_HASHER: Final = PasswordHasher.from_parameters(_COST)
NOBODYS: Final = (
    f"$argon2id$v={_COST.version}$m={_COST.memory_cost},t={_COST.time_cost},p={_COST.parallelism}${'A' * 22}${'A' * 43}"
)
"""Verified where there is no such person, so that the answer takes as long. Salt and hash are zeros, written down and
not computed: every start of every verb would pay for it."""


def hashed(password: str) -> str:
    """The hash to keep. Takes some 50 ms and 64 MiB: call it in a thread."""
    return _HASHER.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Whether this is the password kept as a hash; with None it takes as long and is False. Call it in a thread."""
    if len(password) > PASSWORD_CHARS_MAX:
        return False
    try:
        _HASHER.verify(kept or NOBODYS, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def fault_of(password: str, person: str) -> str | None:
    """What is wrong with a new password: `too_short`, `too_long`, `own_name`, `few_characters`, `common`; None:
    nothing."""
    if len(password) < PASSWORD_CHARS_MIN:
        return "too_short"
    if len(password) > PASSWORD_CHARS_MAX:
        return "too_long"
    if person.casefold() in password.casefold():
        return "own_name"
    if len(set(password)) < 4:
        return "few_characters"
    return "common" if _is_common(password) else None


def _is_common(password: str) -> bool:
    """Whether it is made of what everybody tries first, and of digits and signs: longer than a list of passwords
    from leaks that have twelve characters or more, since those are these words with something behind."""
    split = unicodedata.normalize("NFD", password.casefold().replace("đ", "d"))
    plain = "".join(one for one in split if not unicodedata.combining(one))
    return min(map(_own_letters, (plain, plain.translate(_LOOKALIKES)))) < OWN_LETTERS_MIN


def _own_letters(written: str) -> int:
    for word in COMMON:
        written = written.replace(word, "")
    return sum(one.isalpha() for one in written)
