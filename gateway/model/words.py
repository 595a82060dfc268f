"""The catalogues: every sentence a person reads, by key, in Vietnamese and English.

A catalogue is a TOML file per language and topic beside this module (`catalogue/vi/*.toml`, `catalogue/en/*.toml`);
keys are dotted paths. Placeholders are `{name}`. A test finds keys missing in one language, keys nobody uses and text
that is not NFC.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

LANGUAGES = ("vi", "en")


def text(lang: str, key: str, /, **values: str) -> str:
    """The sentence for `key` in `lang`, its placeholders filled from `values`.

    A `….detail` key falls back to the same entry's `….title`. KeyError for a key that is in no catalogue: a bug of
    ours.
    """
    catalogue = _catalogue(lang)
    sentence = catalogue.get(key)
    if sentence is None and key.endswith(".detail"):
        sentence = catalogue.get(key.removesuffix(".detail") + ".title")
    if sentence is None:
        raise KeyError(f"no text for {key!r} in language {lang!r}")
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
    return frozenset(_catalogue(lang))


@cache
def _catalogue(lang: str) -> dict[str, str]:
    folder = files("gateway.model").joinpath("catalogue", lang)
    flat: dict[str, str] = {}
    for page in sorted(folder.iterdir(), key=lambda one: one.name):
        _flatten(tomllib.loads(page.read_text(encoding="utf-8")), "", flat)
    return flat


def _flatten(node: dict[str, object], prefix: str, flat: dict[str, str]) -> None:
    for name, value in node.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", flat)
        else:
            flat[prefix + name] = str(value).strip()
