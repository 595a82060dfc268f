"""The catalogues: every sentence a person reads, by key, in Vietnamese and English.

A catalogue is a gettext PO file per topic beside this module (`catalogue/vi/<topic>.po`). `msgctxt` is the key, dotted;
`msgid` is the English sentence and `msgstr` the Vietnamese, so that translators' tools show the two side by side and
check one against the other. Placeholders are `{name}`. Tests find words that are missing, doubtful or said by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

LANGUAGES = ("vi", "en")
_FORM: Mapping[str, Callable[[int], int]] = {"vi": lambda _count: 0, "en": lambda count: int(count != 1)}
"""Which of its plural forms a language uses for a count."""


def text(lang: str, key: str, /, **values: str) -> str:
    """The sentence for `key` in `lang`, its placeholders filled from `values`.

    Of a sentence with plural forms it is the form for the value `count`, a whole number in figures. A `….detail` key
    falls back to the same entry's `….title`. KeyError for a key that is in no catalogue: a bug of ours.
    """
    catalogue = _catalogues()[lang]
    sentence = catalogue.get(key)
    if sentence is None and key.endswith(".detail"):
        sentence = catalogue.get(key.removesuffix(".detail") + ".title")
    if sentence is None:
        raise KeyError(f"no text for {key!r} in language {lang!r}")
    if not isinstance(sentence, str):
        sentence = sentence[_FORM[lang](int(values["count"]))]
    return sentence.format_map(values) if values else sentence


def shown(value: str, chars_max: int) -> str:
    r"""Somebody else's words as they may stand in a sentence or a log line: what cannot be seen is written `\u001b`,
    and the whole is cut short.

    That takes in everything that breaks a line, steers a terminal, or turns the reading direction.
    """
    visible = value[:chars_max]
    if not visible.isprintable():
        visible = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in visible)
    return visible if len(value) <= chars_max else visible + "…"


def keys(lang: str) -> frozenset[str]:
    """Every key of one language, for the tests that compare catalogues."""
    return frozenset(_catalogues()[lang])


@cache
def _catalogues() -> dict[str, dict[str, str | tuple[str, ...]]]:
    """By language and key, a sentence or its plural forms; English from the reading of the others."""
    catalogues: dict[str, dict[str, str | tuple[str, ...]]] = {lang: {} for lang in LANGUAGES}
    for folder in files("gateway.model").joinpath("catalogue").iterdir():
        for page in folder.iterdir():
            with page.open("rb") as lines:
                for entry in read_po(lines, abort_invalid=True):
                    if entry.context:  # the header has none
                        catalogues["en"][entry.context] = _frozen(entry.id)
                        catalogues[folder.name][entry.context] = _frozen(entry.string or "")
    return catalogues


def _frozen(sentence: str | tuple[str, ...] | list[str]) -> str | tuple[str, ...]:
    return sentence if isinstance(sentence, str) else tuple(sentence)
