"""The narrator: who did what, when, in a sentence of the catalogue, set for a terminal of a hundred columns."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console
from rich.text import Text

from gateway.model.calendar import VIET_NAM
from gateway.model.words import text

WIDTH = 100
CLOCK_WIDTH = 14
NAME_WIDTH = 20


def written(at: datetime) -> str:
    """An instant as it stands at the left: Viet Nam's time, to the millisecond."""
    local = at.astimezone(VIET_NAM)
    return f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"


def _head(at: datetime, who: str) -> str:
    return written(at).ljust(CLOCK_WIDTH) + who.ljust(NAME_WIDTH)


@dataclass(slots=True)
class Narrator:
    """Tells the demo to one person, in one language. Times are Viet Nam's."""

    console: Console
    lang: str
    clock: Callable[[], datetime]
    acts: int = 0
    kept: dict[str, bool] = field(default_factory=dict)
    """What was promised, and whether it was kept every time."""
    _held: list[tuple[datetime, str, str]] | None = None

    def say(self, key: str, /, **values: object) -> str:
        """The sentence of a key under `demo.`, or of a whole key of another page."""
        return text(self.lang, key, **{name: str(value) for name, value in values.items()})

    def act(self, key: str) -> None:
        """A new act begins."""
        self.acts += 1
        self.console.print()
        self._print(f"{self.acts}. {self.say(f'demo.act.{key}')}", "bold")

    def tell(self, who: str, key: str, /, **values: object) -> None:
        """Somebody does something, now."""
        at, sentence = self.clock(), self.say(f"demo.told.{key}", **values)
        if self._held is None:
            self._block(_head(at, who), sentence, "")
        else:
            self._held.append((at, who, sentence))

    def tell_cause(self, at: datetime, who: str, key: str, /, **values: object) -> None:
        """Somebody did something at that instant: told now, behind what is held back from before it."""
        self._release(until=at)
        self._block(_head(at, who), self.say(f"demo.told.{key}", **values), "")

    @contextmanager
    def holding_back(self) -> Iterator[None]:
        """What is done within the block is told after it: effects are quick, and their cause is to stand first."""
        self._held = []
        try:
            yield
        finally:
            self._release(until=self.clock())
            self._held = None

    def expect(self, key: str, came: bool, /, **values: object) -> None:
        """Whether a promise was kept just now. One that is kept again is not told again."""
        told, self.kept[key] = key in self.kept, self.kept.get(key, True) and came
        if told and came:
            return
        mark, style = ("✓", "green") if came else ("✗", "bold red")
        said = self.say(f"demo.expect.{key}", **values)
        self._block(" " * CLOCK_WIDTH + f"{mark} ", said if came else f"{self.say('demo.not_so')} {said}", style)

    def note(self, key: str, /, **values: object) -> None:
        """A remark beside the story."""
        self._block("   ", self.say(f"demo.note.{key}", **values), "italic")

    def quote(self, lines: Sequence[str], style: str = "") -> None:
        """Lines as they are."""
        for line in lines:
            self._block("   │ ", line, style)

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """A small table; the last column wraps."""
        widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
        for row in rows:
            head = "".join(cell.ljust(width) for cell, width in zip(row[:-1], widths[:-1], strict=True))
            self._block(f"   {head}", row[-1], "")

    def line(self, verbatim: str) -> None:
        """One line for a program to read: never wrapped, never coloured."""
        self.console.print(Text(verbatim), soft_wrap=True)

    def _release(self, until: datetime) -> None:
        held = self._held or []
        for at, who, sentence in held:
            if at <= until:
                self._block(_head(at, who), sentence, "")
        self._held = [one for one in held if one[0] > until]

    def _block(self, head: str, sentence: str, style: str) -> None:
        """A sentence behind its head, its further lines indented below its first."""
        room = min(self.console.width, WIDTH) - len(head)
        lines = textwrap.wrap(sentence, max(room, 30), break_long_words=False, break_on_hyphens=False) or [""]
        self._print(head + lines[0], style)
        for more in lines[1:]:
            self._print(" " * len(head) + more, style)

    def _print(self, line: str, style: str) -> None:
        self.console.print(Text(line.rstrip(), style), soft_wrap=True)
