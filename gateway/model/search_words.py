"""The words a document is found by, as written and as typed without diacritics.

A clerk who types `so noi vu` finds every Sở Nội vụ; one who types `sở` finds no `so`. Case, punctuation and characters
nobody sees do not count: `7816/BKT-VP` is found by `7816`, by `bkt vp`, and whole.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize

WORD_CHARS_MAX = 64
"""Of a longer word so much counts."""
WORDS_MAX = 400
"""Of a document; more than any subject has."""
QUERY_WORDS_MAX = 8
_WORD = re.compile(r"[^\W_]+")


def words_of(*texts: str) -> tuple[str, ...]:
    """Every word of these texts, each once: as written, and without its diacritics."""
    words = [word for text in texts for word in _split(text)]
    # Undressed all at once: a blank neither joins with what stands beside it nor is left out.
    forms = zip(words, undressed(" ".join(words)).split(" "), strict=True) if words else ()
    return tuple(dict.fromkeys(form for pair in forms for form in pair if form))[:WORDS_MAX]


def wanted(query: str) -> tuple[str, ...]:
    """The words a document must have, all of them, to be found by a query."""
    return tuple(dict.fromkeys(_split(query)))[:QUERY_WORDS_MAX]


def undressed(word: str) -> str:
    """A folded word as it is typed without diacritics; what no such keyboard types is left out."""
    return word if word.isascii() else normalize("NFD", word.replace("đ", "d")).encode("ascii", "ignore").decode()


def sender_word(agency: str) -> str:
    """Stands for who sent a document. No text has such a word."""
    return f"<{agency}"


def addressee_word(agency: str) -> str:
    """Stands for who got it."""
    return f">{agency}"


def _split(text: str) -> list[str]:
    seen = normalize("NFC", text)
    if not seen.isprintable():  # what nobody sees is no printable character
        seen = "".join(one for one in seen if category(one) != "Cf")
    words = " ".join(_WORD.findall(seen)).casefold()
    return [word[:WORD_CHARS_MAX] for word in normalize("NFC", words).split(" ")] if words else []
