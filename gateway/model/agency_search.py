"""Finding agencies by a part of their name or of an identifier, typed with diacritics or without.

A clerk who types `so noi vu` means every Sở Nội vụ; one who types `sở nội vụ` means no other. Names as written, names
as typed without diacritics, and identifiers are three long texts with a line for each agency; looking for a part of a
line is one call of the interpreter. Where nothing is found among 125,000 that takes milliseconds, most of them spared
by asking first whether any name has such words at all: there are a few thousand.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import accumulate, groupby
from typing import Protocol
from unicodedata import normalize

_LINE = "\n"
_SPACES = re.compile(r"\s+")


class Named(Protocol):
    """What is found: something with a key, a name and identifiers."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def ids(self) -> tuple[str, ...]: ...


class Search:
    """Agencies in the order of their keys, ready to be searched."""

    def __init__(self, agencies: Sequence[Named]) -> None:
        self._keys = [one.key for one in agencies]
        written = [_folded(_SPACES.sub(" ", one.name)) for one in agencies]
        self._written = _Lines(written)
        self._typed = _Lines([_undressed(line) for line in written])
        self._ids = _Lines([_folded(" ".join(one.ids)) for one in agencies], wordy=False)

    def places(self, query: str, after: str = "") -> Iterator[int]:
        """Places of the agencies that a query finds, in the order of keys, from behind the key `after`."""
        wanted, first = _folded(_SPACES.sub(" ", query)), bisect_right(self._keys, after)
        names = self._typed if wanted.isascii() else self._written
        if " " in wanted:  # no identifier has a space
            return names.holding(wanted, first)
        both = merge(names.holding(wanted, first), self._ids.holding(wanted, first))
        return (place for place, _ in groupby(both))


class _Lines:
    """Lines as one text, and where each begins."""

    def __init__(self, lines: Sequence[str], *, wordy: bool = True) -> None:
        self._text = _LINE.join(lines)
        self._starts = [0, *accumulate(len(line) + 1 for line in lines)]
        self._words = _LINE.join({word for line in lines for word in line.split(" ")}) if wordy else self._text

    def holding(self, wanted: str, first: int) -> Iterator[int]:
        """Numbers of the lines that hold `wanted`, from line `first` on."""
        if not all(part in self._words for part in wanted.split(" ")):
            return
        last = len(self._starts) - 1
        while first < last:
            at = self._text.find(wanted, self._starts[first])
            if at < 0:
                return
            found = bisect_right(self._starts, at) - 1
            yield found
            first = found + 1


def _folded(text: str) -> str:
    """As it is compared: composed, no matter how it was typed, and without regard to capitals."""
    return text if text.isascii() and text.islower() else normalize("NFC", text).casefold()


def _undressed(folded: str) -> str:
    """Vietnamese as typed without diacritics; what no such keyboard types is left out."""
    if folded.isascii():
        return folded
    return normalize("NFD", folded.replace("đ", "d")).encode("ascii", "ignore").decode()
