"""One run of the command: its language, where it writes, and how it says that something failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.model.calendar import VIET_NAM
from gateway.model.words import LANGUAGES, text

WIDTH_ELSEWHERE = 1_000


class Failed(Exception):
    """A verb cannot do what was asked: what happened, and what to do about it. Both are already in words."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclass(frozen=True)
class Session:
    """What every verb is handed: results go to `out` (stdout), everything else to `err` (stderr)."""

    lang: str
    out: Console = field(default_factory=lambda: _console(stderr=False))
    err: Console = field(default_factory=lambda: _console(stderr=True))

    def say(self, key: str, /, **values: object) -> str:
        """The sentence of a key in the language of this run."""
        return text(self.lang, key, **{name: written(value) for name, value in values.items()})

    def tell(self, key: str, /, **values: object) -> None:
        """One line for a person on stdout."""
        self.out.print(plain(self.say(key, **values)))

    def tell_words(self, sentence: str) -> None:
        """One line for a person on stdout, in words that are already said."""
        self.out.print(plain(sentence))

    def note(self, key: str, /, **values: object) -> None:
        """One line on stderr: progress, advice, warnings. Never part of the result."""
        self.err.print(plain(self.say(key, **values)))

    def show_json(self, value: object) -> None:
        """A result for programs: one JSON document on stdout."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A result for people. `columns` are keys of the catalogue; cells are cleaned of what a terminal would obey."""
        grid = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            grid.add_column(self.say(column), overflow="fold")
        for row in rows:
            grid.add_row(*(plain(written(cell)) for cell in row))
        self.out.print(grid)

    def report(self, what: str, hint: str = "", kind: str = "say.error") -> None:
        """`gateway: error: …` (or `warning`), and what to do, on stderr."""
        self.err.print(plain(f"gateway: {self.say(kind)}: {what}"))
        if hint:
            self.err.print(plain(f"gateway: {self.say('say.hint')}: {hint}"))


def _console(stderr: bool) -> Console:
    """A terminal wraps; a file or a pipe gets whole lines."""
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = WIDTH_ELSEWHERE
    return console


def written(value: object) -> str:
    """A value as a person reads it: nothing for None, an instant in Viet Nam's time, to the second."""
    if isinstance(value, datetime):
        return value.astimezone(VIET_NAM).isoformat(sep=" ", timespec="seconds")
    return "" if value is None else str(value)


def plain(sentence: str) -> Text:
    """Text as it is, control characters made visible: words of a packet never command the terminal."""
    return Text("".join(one if one.isprintable() or one == "\n" else "�" for one in sentence))


def language(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language asked for: `--lang`, then GATEWAY_LANG, then an English LANG; Vietnamese otherwise."""
    following = (*arguments[1:], "")
    asked = [
        one.partition("=")[2] or value
        for one, value in zip(arguments, following, strict=False)
        if one == "--lang" or one.startswith("--lang=")
    ]
    for wish in (*asked, environ.get("GATEWAY_LANG", "")):
        if wish in LANGUAGES:
            return wish
    return "en" if environ.get("LANG", "").startswith("en") else "vi"
